// SPDX-License-Identifier: Apache-2.0
// A view of bytes that somebody else owns: pointer and length, by value, never NUL-terminated by
// promise. Everything that is read is read through it; what is written goes into a `struct buf`.
//
// Print it with  printf("%.*s", STR_ARG(view)); the view is evaluated three times.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *data;
	size_t len;
};

#define STR(literal) ((struct str){.data = "" literal, .len = sizeof(literal) - 1})
#define STR_EMPTY ((struct str){.data = "", .len = 0})
#define STR_ARG(view) (int)((view).len < 2147483647 ? (view).len : 2147483647), (view).data

struct str str_of(const char *text); // NULL gives the empty view
bool str_equal(struct str a, struct str b);
int str_compare(struct str a, struct str b); // bytewise, like memcmp, shorter first
bool str_starts(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);
struct str str_skip(struct str text, size_t n); // without its first n bytes
struct str str_head(struct str text, size_t n); // its first n bytes
struct str str_trim(struct str text); // without spaces, tabs, CR and LF at both ends
struct str str_basename(struct str path); // after the last '/'

// Position of the first (last) match, or text.len when there is none.
size_t str_find(struct str text, struct str needle);
size_t str_find_byte(struct str text, char byte);
size_t str_find_last_byte(struct str text, char byte);

// Cut `text` at the first `byte`: the part before it is returned and taken off `text`, with the
// byte. Without the byte the whole text is returned and `text` becomes empty.
struct str str_cut(struct str *text, char byte);

// Take one line off `text`, without its LF or CR LF; false at the end.
bool str_next_line(struct str *text, struct str *line);

// The whole view as a number; false when it is empty, has another byte, or exceeds `max`.
bool str_to_u64(struct str text, uint64_t max, uint64_t *value);
bool str_hex_to_u64(struct str text, uint64_t *value); // digits only, no 0x
bool str_to_i64(struct str text, int64_t *value);
bool str_to_double(struct str text, double *value); // locale-free; NaN, +Inf, -Inf as in metrics
bool str_to_share(struct str text, double *share); // "17%" or "0.17"; finite, else any size
