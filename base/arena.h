// SPDX-License-Identifier: Apache-2.0
// Memory that is freed all at once: one arena per collection, with a maximum.
#pragma once

#include "base/str.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; // bytes handed out, with padding
	size_t held; // bytes got from the system
	size_t max; // bytes that may be held; 0 is no limit
};

#define ARENA_INIT(max_bytes) ((struct arena){.max = (max_bytes)})

// Zeroed, aligned for any object; NULL when there is no memory or the maximum is reached.
void *arena_alloc(struct arena *arena, size_t size) __attribute__((malloc));
// The same for an array of `count` elements; NULL on overflow as well.
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((malloc));
// A copy that ends with a NUL that is not counted; data is NULL when there is no memory.
struct str arena_str(struct arena *arena, struct str text);
char *arena_text(struct arena *arena, struct str text); // the same as a C string, or NULL
// Words as printf; data is NULL when there is no memory.
struct str arena_vprintf(struct arena *arena, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
void arena_release(struct arena *arena); // frees all; the arena is empty and usable again
