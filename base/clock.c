// SPDX-License-Identifier: Apache-2.0
// Clocks, and times, durations and sizes as text.
#include "base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DURATION_MAX_S (10.0 * 365.25 * 86400)
#define SIZE_MAX_BYTES 9007199254740992.0 // 2^53

double clock_mono_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int64_t clock_wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Seconds and the milliseconds in them, also before 1970.
static struct tm split_wall(int64_t wall_ms, int *ms)
{
	time_t seconds = wall_ms / 1000;
	struct tm parts = {0};

	*ms = (int)(wall_ms % 1000);
	if (*ms < 0) {
		*ms += 1000;
		seconds--;
	}
	(void)gmtime_r(&seconds, &parts);
	return parts;
}

// Four digits always, which strftime does not promise.
static size_t format_year(const struct tm *parts, char out[static CLOCK_TEXT_MAX])
{
	(void)snprintf(out, CLOCK_TEXT_MAX, "%04u", (unsigned)(parts->tm_year + 1900) % 10000);
	return 4;
}

void clock_format(int64_t wall_ms, char out[static CLOCK_TEXT_MAX])
{
	int ms;
	struct tm parts = split_wall(wall_ms, &ms);
	size_t len = format_year(&parts, out);

	len += strftime(out + len, CLOCK_TEXT_MAX - len, "-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(out + len, CLOCK_TEXT_MAX - len, ".%03dZ", ms);
}

void clock_format_compact(int64_t wall_ms, char out[static CLOCK_TEXT_MAX])
{
	int ms;
	struct tm parts = split_wall(wall_ms, &ms);
	size_t len = format_year(&parts, out);

	(void)strftime(out + len, CLOCK_TEXT_MAX - len, "%m%dT%H%M%SZ", &parts);
}

// A number of exactly `digits` digits, taken off `text`.
static bool take_number(struct str *text, size_t digits, unsigned max, unsigned *value)
{
	uint64_t number;

	if (text->len < digits || !str_to_u64(str_head(*text, digits), max, &number))
		return false;
	*text = str_skip(*text, digits);
	*value = (unsigned)number;
	return true;
}

static bool take_byte(struct str *text, const char *one_of)
{
	if (text->len == 0 || text->data[0] == '\0' || !strchr(one_of, text->data[0]))
		return false;
	*text = str_skip(*text, 1);
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

// ".123456789" as milliseconds, the rest cut off; absent is fine.
static bool take_fraction(struct str *text, unsigned *ms)
{
	unsigned weight = 100;
	size_t n = 0;

	*ms = 0;
	if (!take_byte(text, "."))
		return true;
	for (; n < text->len && text->data[n] >= '0' && text->data[n] <= '9'; n++) {
		*ms += weight * (unsigned)(text->data[n] - '0');
		weight /= 10;
	}
	*text = str_skip(*text, n);
	return n >= 1 && n <= 9;
}

static bool take_offset(struct str *text, int *minutes)
{
	unsigned hour, minute;
	bool west;

	*minutes = 0;
	if (take_byte(text, "Zz"))
		return true;
	west = text->len > 0 && text->data[0] == '-';
	if (!take_byte(text, "+-") || !take_number(text, 2, 23, &hour) || !take_byte(text, ":") ||
		!take_number(text, 2, 59, &minute))
		return false;
	*minutes = (int)(hour * 60 + minute) * (west ? -1 : 1);
	return true;
}

static bool take_date(struct str *text, struct tm *parts)
{
	unsigned year, month, day;

	if (!take_number(text, 4, 9999, &year) || !take_byte(text, "-") ||
		!take_number(text, 2, 12, &month) || !take_byte(text, "-") ||
		!take_number(text, 2, 31, &day))
		return false;
	if (month == 0 || day == 0 || day > days_in_month(year, month))
		return false;
	parts->tm_year = (int)year - 1900;
	parts->tm_mon = (int)month - 1;
	parts->tm_mday = (int)day;
	return true;
}

static bool take_time(struct str *text, struct tm *parts)
{
	unsigned hour, minute, second;

	if (!take_number(text, 2, 23, &hour) || !take_byte(text, ":") ||
		!take_number(text, 2, 59, &minute) || !take_byte(text, ":") ||
		!take_number(text, 2, 60, &second)) // 60: a leap second
		return false;
	parts->tm_hour = (int)hour;
	parts->tm_min = (int)minute;
	parts->tm_sec = (int)second;
	return true;
}

bool clock_parse(struct str text, int64_t *wall_ms)
{
	struct tm parts = {0};
	unsigned ms;
	int offset_minutes;

	if (!take_date(&text, &parts) || !take_byte(&text, "Tt ") || !take_time(&text, &parts) ||
		!take_fraction(&text, &ms) || !take_offset(&text, &offset_minutes) || text.len > 0)
		return false;
	*wall_ms = ((int64_t)timegm(&parts) - offset_minutes * 60) * 1000 + ms;
	return true;
}

// Digits and one point at most at the start of `text`; no sign, no exponent.
static bool take_decimal(struct str *text, double *value)
{
	size_t n = 0;

	while (n < text->len &&
		((text->data[n] >= '0' && text->data[n] <= '9') || text->data[n] == '.'))
		n++;
	if (!str_to_double(str_head(*text, n), value))
		return false;
	*text = str_skip(*text, n);
	return true;
}

struct unit {
	struct str name;
	double factor;
};

// A longer name stands before its own beginning; durations from the largest to the smallest.
static const struct unit duration_units[] = {{STR("d"), 86400}, {STR("h"), 3600}, {STR("ms"), 1e-3},
	{STR("m"), 60}, {STR("s"), 1}, {STR("us"), 1e-6}, {STR("µs"), 1e-6}, {STR("ns"), 1e-9}};

static const struct unit size_units[] = {{STR("KiB"), 0x1p10}, {STR("MiB"), 0x1p20},
	{STR("GiB"), 0x1p30}, {STR("TiB"), 0x1p40}, {STR("Ki"), 0x1p10}, {STR("Mi"), 0x1p20},
	{STR("Gi"), 0x1p30}, {STR("Ti"), 0x1p40}, {STR("kB"), 1e3}, {STR("MB"), 1e6},
	{STR("GB"), 1e9}, {STR("TB"), 1e12}, {STR("k"), 1e3}, {STR("M"), 1e6}, {STR("G"), 1e9},
	{STR("T"), 1e12}, {STR("B"), 1}, {STR(""), 1}};

static bool take_duration_unit(struct str *text, double *factor)
{
	size_t count = sizeof(duration_units) / sizeof(duration_units[0]);

	for (size_t i = 0; i < count; i++) {
		if (str_starts(*text, duration_units[i].name)) {
			*text = str_skip(*text, duration_units[i].name.len);
			*factor = duration_units[i].factor;
			return true;
		}
	}
	return false;
}

bool duration_parse(struct str text, double *seconds)
{
	double sum = 0, last = INFINITY;

	if (str_equal(text, STR("0"))) {
		*seconds = 0;
		return true;
	}
	if (text.len == 0)
		return false;
	while (text.len > 0) {
		double number, factor;

		if (!take_decimal(&text, &number) || !take_duration_unit(&text, &factor))
			return false;
		if (factor >= last) // "30m1h" is a slip, as is "5m5m"
			return false;
		last = factor;
		// A division by the whole number keeps 250ms the double nearest to 0.25.
		sum += factor < 1 ? number / round(1 / factor) : number * factor;
	}
	if (sum > DURATION_MAX_S)
		return false;
	*seconds = sum;
	return true;
}

// "%.3g" would turn to exponents from 999.5 on; the callers change the unit before.
static void format_unit(double value, const char *unit, char out[static CLOCK_TEXT_MAX])
{
	(void)snprintf(out, CLOCK_TEXT_MAX, "%.3g %s", value, unit);
}

static void format_positive(double seconds, char out[static CLOCK_TEXT_MAX])
{
	double minutes = round(seconds / 60);

	if (seconds == 0)
		(void)snprintf(out, CLOCK_TEXT_MAX, "0 s");
	else if (seconds < 0.9995e-3)
		format_unit(seconds * 1e6, "µs", out);
	else if (seconds < 0.9995)
		format_unit(seconds * 1e3, "ms", out);
	else if (seconds < 59.95)
		format_unit(seconds, "s", out);
	else if (seconds < 594)
		(void)snprintf(out, CLOCK_TEXT_MAX, "%.2g min", seconds / 60);
	else if (minutes < 60)
		(void)snprintf(out, CLOCK_TEXT_MAX, "%.0f min", minutes);
	else if (minutes < 48 * 60)
		(void)snprintf(out, CLOCK_TEXT_MAX, "%.0f h %02.0f min", floor(minutes / 60),
			fmod(minutes, 60));
	else if (seconds < 999.5 * 86400)
		format_unit(seconds / 86400, "d", out);
	else if (seconds < 999.5 * 365.25 * 86400)
		format_unit(seconds / (365.25 * 86400), "years", out);
	else
		(void)snprintf(out, CLOCK_TEXT_MAX, "over 1000 years");
}

void duration_format(double seconds, char out[static CLOCK_TEXT_MAX])
{
	char text[CLOCK_TEXT_MAX];

	if (isnan(seconds)) {
		(void)snprintf(out, CLOCK_TEXT_MAX, "unknown");
	} else if (seconds < 0) {
		format_positive(-seconds, text);
		(void)snprintf(out, CLOCK_TEXT_MAX, "-%.30s", text);
	} else {
		format_positive(seconds, out);
	}
}

bool size_parse(struct str text, uint64_t *bytes)
{
	double number;

	if (!take_decimal(&text, &number))
		return false;
	for (size_t i = 0; i < sizeof(size_units) / sizeof(size_units[0]); i++) {
		if (!str_equal(text, size_units[i].name))
			continue;
		number *= size_units[i].factor;
		if (number > SIZE_MAX_BYTES)
			return false;
		*bytes = (uint64_t)number;
		return true;
	}
	return false;
}

void count_format(double count, const char *noun, char out[static COUNT_TEXT_MAX])
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%.0f", fmin(fabs(count), 1e18));
	bool one = strcmp(digits, "1") == 0;
	size_t at = 0;

	if (count <= -0.5)
		out[at++] = '-';
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	(void)snprintf(out + at, COUNT_TEXT_MAX - at, "%s%s%s", *noun ? " " : "", noun,
		*noun && !one ? "s" : "");
}

void size_format(uint64_t bytes, char out[static CLOCK_TEXT_MAX])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	format_unit(value, units[unit], out);
}
