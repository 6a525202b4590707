// SPDX-License-Identifier: Apache-2.0
// Small steps through the text of a record, for runtime/dump_fast.c and dump_fast_frames.c: each
// gives where it goes on, or NULL when the text is unusual.
#pragma once

#include "base/limits.h"
#include "runtime/hash.h"

#define FAST_NAME_MAX 2048 // longer ones are left to the exact way, far below LIMIT_LINE
#define FAST_ARGUMENTS_MAX KIB(16)

static inline bool equal_bytes(const char *a, const char *b, size_t len)
{
	size_t at = 0;

	for (; at + 16 <= len; at += 16) {
		if ((hash_word(a + at) ^ hash_word(b + at)) |
			(hash_word(a + at + 8) ^ hash_word(b + at + 8)))
			return false;
	}
	if (len >= 16)
		return ((hash_word(a + len - 16) ^ hash_word(b + len - 16)) |
			       (hash_word(a + len - 8) ^ hash_word(b + len - 8))) == 0;
	return memcmp(a + at, b + at, len - at) == 0;
}

// The first '(', ')', '"' or LF of `at`; `end` when there is none. Quotes stand in no real name or
// argument; in a log they may begin a wrapped line, which is for the exact way to see.
static inline const char *find_bracket(const char *at, const char *end)
{
#ifdef __SSE2__
	typedef char bytes16 __attribute__((vector_size(16)));

	while (end - at >= 16) {
		bytes16 text;
		unsigned mask;

		memcpy(&text, at, sizeof(text));
		// '(' and ')' differ in the lowest bit only.
		bytes16 hits = ((text | 1) == ')') | (text == '\n') | (text == '"');

		mask = (unsigned)__builtin_ia32_pmovmskb128(hits);
		if (mask)
			return at + __builtin_ctz(mask);
		at += 16;
	}
#endif
	while (at < end && *at != '(' && *at != ')' && *at != '\n' && *at != '"')
		at++;
	return at;
}

// Over the arguments of a call, to the ')' behind them; NULL when they are unusual.
static inline const char *skip_arguments(const char *at, const char *end)
{
	const char *close = find_bracket(
		at, end - at > (ptrdiff_t)FAST_ARGUMENTS_MAX ? at + FAST_ARGUMENTS_MAX : end);

	return end - close >= 2 && close[0] == ')' && close[1] == '\n' ? close : NULL;
}

static inline const char *read_digits(const char *at, const char *end, size_t max, uint64_t *value)
{
	const char *start = at;
	uint64_t number = 0;

	while (at < end && *at >= '0' && *at <= '9' && (size_t)(at - start) < max)
		number = number * 10 + (uint64_t)(*at++ - '0');
	*value = number;
	return at > start ? at : NULL;
}

static inline uint32_t count_lines(const char *at, const char *end)
{
	uint32_t lines = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	return lines;
}

// Over the name of a function, to the '(' of its arguments: the first that no '*' follows.
static inline const char *skip_name(const char *at, const char *end)
{
	for (;; at++) {
		at = find_bracket(at, end);
		if (end - at < 2 || *at == '\n' || *at == '"')
			return NULL;
		if (*at == '(' && at[1] != '*')
			return at;
	}
}
