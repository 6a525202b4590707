// SPDX-License-Identifier: Apache-2.0
// Writing JSON into a buffer, byte for byte the same each time.
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define JSON_INTEGER_MAX 9007199254740991 // 2^53 - 1

// "text" with quotes. Control characters and DEL are escaped; a byte that is no UTF-8, and NUL,
// which readers trip over, become U+FFFD.
void json_add_string(struct buf *buf, struct str text);
// The shortest form that reads back as the same double; null when not finite.
void json_add_exact(struct buf *buf, double value);
// Six significant digits; null when not finite.
void json_add_rounded(struct buf *buf, double value);

// Valid UTF-8 without NUL: the text itself, or a copy in the arena with U+FFFD for each wrong byte;
// data is NULL when there is no memory.
struct str utf8_clean(struct arena *arena, struct str text);
bool utf8_valid(struct str text);

// Objects and arrays with their commas: json_put_open(&j, '{'); json_put_key(&j, "name");
// json_put_str(...); json_put_close(&j, '}'). Depth at most 32.
struct json_writer {
	struct buf *buf;
	unsigned depth;
	bool need_comma[32];
	bool after_key;
};

#define JSON_WRITER_INIT(buffer) ((struct json_writer){.buf = (buffer)})

void json_put_open(struct json_writer *json, char bracket);
void json_put_close(struct json_writer *json, char bracket);
void json_put_key(struct json_writer *json, const char *key); // trusted text
void json_put_key_str(struct json_writer *json, struct str key);
void json_put_str(struct json_writer *json, struct str text);
void json_put_str_or_null(struct json_writer *json, struct str text); // null when empty
void json_put_text(struct json_writer *json, const char *text); // null when NULL
void json_put_exact(struct json_writer *json, double value);
void json_put_rounded(struct json_writer *json, double value);
void json_put_u64(struct json_writer *json, uint64_t value); // capped at 2^53 - 1
void json_put_i64(struct json_writer *json, int64_t value);
void json_put_count(struct json_writer *json, int64_t value); // null when negative
void json_put_bool(struct json_writer *json, bool value);
void json_put_null(struct json_writer *json);
void json_put_raw(struct json_writer *json, struct str value); // JSON already
