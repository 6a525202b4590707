// SPDX-License-Identifier: Apache-2.0
// A growing buffer with a maximum from birth. The only way to write bytes of unknown length.
//
// A failure (no memory, maximum reached) is sticky: further appends do nothing, and the writer asks
// once at the end with buf_failed(). The data always ends with a NUL that is not counted.
#pragma once

#include "base/str.h"

#include <stdarg.h>

struct buf {
	char *data; // NULL while empty
	size_t len;
	size_t capacity;
	size_t max; // bytes it may hold
	int failed; // 0, -ENOMEM, -EFBIG
};

#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_add(struct buf *buf, struct str text);
void buf_add_text(struct buf *buf, const char *text);
// Another buffer's content; its failure becomes this one's.
void buf_add_buf(struct buf *buf, const struct buf *other);
void buf_add_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
char *buf_reserve(struct buf *buf, size_t len); // room for len more bytes, or NULL; then buf_grown
void buf_grown(struct buf *buf, size_t len); // len bytes were written into the reserved room
void buf_consume(struct buf *buf, size_t len); // drop the first len bytes
void buf_truncate(struct buf *buf, size_t len); // keep the first len bytes
void buf_clear(struct buf *buf); // empty it, forget a failure, keep the memory
void buf_release(struct buf *buf); // free it; usable again
int buf_failed(const struct buf *buf); // 0 or the negative errno of the first failure
struct str buf_str(const struct buf *buf);
const char *buf_text(const struct buf *buf); // NUL-terminated, "" while empty
// Hand the memory over; free() it. NULL after a failure, and the buffer is empty all the same.
char *buf_take(struct buf *buf);
