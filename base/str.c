// SPDX-License-Identifier: Apache-2.0
// Views of bytes: comparing, searching, cutting, and reading numbers with an explicit ceiling.
#include "base/str.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct str str_of(const char *text)
{
	if (!text)
		return STR_EMPTY;
	return (struct str){.data = text, .len = strlen(text)};
}

bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int str_compare(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str text, struct str prefix)
{
	return text.len >= prefix.len && str_equal(str_head(text, prefix.len), prefix);
}

bool str_ends(struct str text, struct str suffix)
{
	return text.len >= suffix.len && str_equal(str_skip(text, text.len - suffix.len), suffix);
}

struct str str_skip(struct str text, size_t n)
{
	if (n == 0)
		return text;
	if (n > text.len)
		n = text.len;
	return (struct str){.data = text.data + n, .len = text.len - n};
}

struct str str_head(struct str text, size_t n)
{
	return (struct str){.data = text.data, .len = n < text.len ? n : text.len};
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct str str_trim(struct str text)
{
	while (text.len > 0 && is_space(text.data[0]))
		text = str_skip(text, 1);
	while (text.len > 0 && is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

struct str str_basename(struct str path)
{
	size_t slash = str_find_last_byte(path, '/');

	return slash == path.len ? path : str_skip(path, slash + 1);
}

size_t str_find(struct str text, struct str needle)
{
	const char *match;

	if (needle.len == 0)
		return 0;
	if (text.len < needle.len)
		return text.len;
	match = memmem(text.data, text.len, needle.data, needle.len);
	return match ? (size_t)(match - text.data) : text.len;
}

size_t str_find_byte(struct str text, char byte)
{
	const char *match = text.len > 0 ? memchr(text.data, byte, text.len) : NULL;

	return match ? (size_t)(match - text.data) : text.len;
}

size_t str_find_last_byte(struct str text, char byte)
{
	const char *match = text.len > 0 ? memrchr(text.data, byte, text.len) : NULL;

	return match ? (size_t)(match - text.data) : text.len;
}

struct str str_cut(struct str *text, char byte)
{
	size_t at = str_find_byte(*text, byte);
	struct str part = str_head(*text, at);

	*text = str_skip(*text, at == text->len ? at : at + 1);
	return part;
}

bool str_next_line(struct str *text, struct str *line)
{
	if (text->len == 0)
		return false;
	*line = str_cut(text, '\n');
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool str_to_u64(struct str text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';

		if (digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}

static unsigned hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return (unsigned)(byte - '0');
	if (byte >= 'a' && byte <= 'f')
		return (unsigned)(byte - 'a') + 10;
	if (byte >= 'A' && byte <= 'F')
		return (unsigned)(byte - 'A') + 10;
	return 16;
}

bool str_hex_to_u64(struct str text, uint64_t *value)
{
	uint64_t number = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = hex_digit(text.data[i]);

		if (digit > 15 || number >> 60)
			return false;
		number = number << 4 | digit;
	}
	*value = number;
	return true;
}

bool str_to_i64(struct str text, int64_t *value)
{
	bool negative = str_starts(text, STR("-"));
	uint64_t magnitude;

	if (!str_to_u64(str_skip(text, negative), (uint64_t)INT64_MAX + negative, &magnitude))
		return false;
	*value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

// A decimal number taken apart; what strtod would accept beyond it (hex, spaces) is not one.
struct decimal {
	uint64_t mantissa; // of at most 19 digits
	int digits; // significant ones, counted beyond 19 too
	int scale; // decimal exponent that goes with the mantissa
};

static bool read_digits(struct str *text, struct decimal *number, bool fraction)
{
	size_t n = 0;

	for (; n < text->len && text->data[n] >= '0' && text->data[n] <= '9'; n++) {
		if (number->digits > 0 || text->data[n] != '0')
			number->digits++;
		if (number->digits <= 19) {
			number->mantissa = number->mantissa * 10 + (unsigned)(text->data[n] - '0');
			number->scale -= fraction;
		}
	}
	*text = str_skip(*text, n);
	return n > 0;
}

static bool read_exponent(struct str *text, struct decimal *number)
{
	int64_t exponent;
	struct str rest = *text;

	if (rest.len == 0)
		return true;
	if (rest.data[0] != 'e' && rest.data[0] != 'E')
		return false;
	rest = str_skip(rest, 1);
	if (str_starts(rest, STR("+"))) {
		rest = str_skip(rest, 1);
		if (str_starts(rest, STR("-")))
			return false;
	}
	if (!str_to_i64(rest, &exponent) || exponent > 100000 || exponent < -100000)
		return false;
	number->scale += (int)exponent;
	*text = STR_EMPTY;
	return true;
}

static bool read_decimal(struct str text, struct decimal *number)
{
	bool any = read_digits(&text, number, false);

	if (str_starts(text, STR("."))) {
		text = str_skip(text, 1);
		any |= read_digits(&text, number, true);
	}
	return any && read_exponent(&text, number);
}

// Rare: more than 15 digits or a large exponent. The C locale keeps the decimal point a point.
static bool slow_double(struct str text, double *value)
{
	char copy[512];
	locale_t plain;

	if (text.len >= sizeof(copy))
		return false;
	plain = newlocale(LC_ALL_MASK, "C", NULL);
	if (!plain)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*value = strtod_l(copy, NULL, plain);
	freelocale(plain);
	return isfinite(*value);
}

static bool named_double(struct str text, double *value)
{
	if (text.len == 3 && strncasecmp(text.data, "nan", 3) == 0)
		*value = NAN;
	else if ((text.len == 3 && strncasecmp(text.data, "inf", 3) == 0) ||
		 (text.len == 8 && strncasecmp(text.data, "infinity", 8) == 0))
		*value = INFINITY;
	else
		return false;
	return true;
}

// A mantissa of 15 digits and a power of ten up to 22 are both exact as double, so one
// multiplication or division rounds correctly.
static bool exact_double(const struct decimal *number, double *value)
{
	static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
		1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

	if (number->digits > 15 || number->scale > 22 || number->scale < -22)
		return false;
	*value = (double)number->mantissa;
	if (number->scale < 0)
		*value /= powers[-number->scale];
	else
		*value *= powers[number->scale];
	return true;
}

bool str_to_double(struct str text, double *value)
{
	struct decimal number = {0};
	bool negative = str_starts(text, STR("-"));
	double magnitude;

	if (negative || str_starts(text, STR("+")))
		text = str_skip(text, 1);
	if (!read_decimal(text, &number)) {
		if (!named_double(text, &magnitude))
			return false;
	} else if (!exact_double(&number, &magnitude) && !slow_double(text, &magnitude)) {
		return false;
	}
	*value = negative ? -magnitude : magnitude;
	return true;
}

bool str_to_share(struct str text, double *share)
{
	bool percent = str_ends(text, STR("%"));
	double value;

	if (!str_to_double(str_head(text, text.len - percent), &value) || !isfinite(value))
		return false;
	*share = percent ? value / 100 : value;
	return true;
}
