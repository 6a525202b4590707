// SPDX-License-Identifier: Apache-2.0
// JSON as bytes: strings, numbers, commas.
#include "collector/form/json_text.h"

#include "base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLACEMENT STR("\xef\xbf\xbd") // U+FFFD

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

// Length of the beginning of `text` that needs no care.
static size_t plain_run(struct str text)
{
	size_t n = 0;

	while (n < text.len && is_plain((unsigned char)text.data[n]))
		n++;
	return n;
}

static void add_ascii(struct buf *buf, int32_t code)
{
	switch (code) {
	case '"':
		buf_add_text(buf, "\\\"");
		break;
	case '\\':
		buf_add_text(buf, "\\\\");
		break;
	case '\n':
		buf_add_text(buf, "\\n");
		break;
	case '\t':
		buf_add_text(buf, "\\t");
		break;
	default:
		buf_printf(buf, "\\u%04x", (unsigned)code);
	}
}

void json_add_string(struct buf *buf, struct str text)
{
	buf_add_byte(buf, '"');
	while (text.len > 0) {
		size_t run = plain_run(text);
		const char *at;
		int32_t code;

		buf_add(buf, str_head(text, run));
		text = str_skip(text, run);
		if (text.len == 0)
			break;
		at = text.data;
		code = utf8_next(&text);
		if (code <= 0)
			buf_add(buf, REPLACEMENT);
		else if (code < 0x80)
			add_ascii(buf, code);
		else
			buf_append(buf, at, (size_t)(text.data - at));
	}
	buf_add_byte(buf, '"');
}

void json_add_exact(struct buf *buf, double value)
{
	char text[32];

	if (!isfinite(value)) {
		buf_add_text(buf, "null");
		return;
	}
	value += 0.0; // -0 reads back as 0
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	buf_add_text(buf, text);
}

void json_add_rounded(struct buf *buf, double value)
{
	if (!isfinite(value))
		buf_add_text(buf, "null");
	else
		buf_printf(buf, "%.6g", value + 0.0);
}

bool utf8_valid(struct str text)
{
	for (;;) {
		while (text.len > 0 && (signed char)text.data[0] > 0)
			text = str_skip(text, 1);
		if (text.len == 0)
			return true;
		if (utf8_next(&text) <= 0)
			return false;
	}
}

struct str utf8_clean(struct arena *arena, struct str text)
{
	struct str rest = text;
	char *copy;
	size_t len = 0;

	if (utf8_valid(text))
		return text;
	copy = arena_array(arena, text.len, REPLACEMENT.len);
	if (!copy)
		return (struct str){0};
	while (rest.len > 0) {
		struct str from = rest;
		bool right = utf8_next(&rest) > 0;
		struct str piece = right ? str_head(from, from.len - rest.len) : REPLACEMENT;

		for (size_t i = 0; i < piece.len; i++)
			copy[len++] = piece.data[i];
	}
	return (struct str){copy, len};
}

// Before a value or a key: the comma after its neighbour.
static void separate(struct json_writer *json)
{
	if (json->after_key)
		json->after_key = false;
	else if (json->need_comma[json->depth])
		buf_add_byte(json->buf, ',');
	json->need_comma[json->depth] = true;
}

void json_put_open(struct json_writer *json, char bracket)
{
	separate(json);
	buf_add_byte(json->buf, bracket);
	assert(json->depth + 1 < sizeof(json->need_comma) / sizeof(json->need_comma[0]));
	json->depth++;
	json->need_comma[json->depth] = false;
}

void json_put_close(struct json_writer *json, char bracket)
{
	assert(json->depth > 0);
	json->depth--;
	buf_add_byte(json->buf, bracket);
}

void json_put_key_str(struct json_writer *json, struct str key)
{
	separate(json);
	json_add_string(json->buf, key);
	buf_add_byte(json->buf, ':');
	json->after_key = true;
}

void json_put_key(struct json_writer *json, const char *key)
{
	json_put_key_str(json, str_of(key));
}

void json_put_str(struct json_writer *json, struct str text)
{
	separate(json);
	json_add_string(json->buf, text);
}

void json_put_str_or_null(struct json_writer *json, struct str text)
{
	if (text.len > 0)
		json_put_str(json, text);
	else
		json_put_null(json);
}

void json_put_text(struct json_writer *json, const char *text)
{
	if (text)
		json_put_str(json, str_of(text));
	else
		json_put_null(json);
}

void json_put_exact(struct json_writer *json, double value)
{
	separate(json);
	json_add_exact(json->buf, value);
}

void json_put_rounded(struct json_writer *json, double value)
{
	separate(json);
	json_add_rounded(json->buf, value);
}

void json_put_u64(struct json_writer *json, uint64_t value)
{
	separate(json);
	buf_printf(json->buf, "%llu",
		(unsigned long long)(value < JSON_INTEGER_MAX ? value : JSON_INTEGER_MAX));
}

void json_put_i64(struct json_writer *json, int64_t value)
{
	separate(json);
	buf_printf(json->buf, "%lld", (long long)value);
}

void json_put_count(struct json_writer *json, int64_t value)
{
	if (value < 0)
		json_put_null(json);
	else
		json_put_u64(json, (uint64_t)value);
}

void json_put_bool(struct json_writer *json, bool value)
{
	separate(json);
	buf_add_text(json->buf, value ? "true" : "false");
}

void json_put_null(struct json_writer *json)
{
	separate(json);
	buf_add_text(json->buf, "null");
}

void json_put_raw(struct json_writer *json, struct str value)
{
	separate(json);
	buf_add(json->buf, value);
}
