// SPDX-License-Identifier: Apache-2.0
// Growing buffers: doubling up to the maximum, one byte kept for the closing NUL.
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

static void fail(struct buf *buf, int code)
{
	if (!buf->failed)
		buf->failed = code;
}

// Room for `len` more bytes and the NUL.
static bool grow(struct buf *buf, size_t len)
{
	size_t need, capacity;
	char *data;

	if (buf->failed)
		return false;
	if (len > buf->max || buf->len > buf->max - len || buf->len + len >= SIZE_MAX / 2) {
		fail(buf, -EFBIG);
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->capacity)
		return true;
	capacity = buf->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : 2 * buf->capacity;
	if (capacity - 1 > buf->max)
		capacity = buf->max + 1;
	if (capacity < need)
		capacity = need;
	data = realloc(buf->data, capacity);
	if (!data) {
		fail(buf, -ENOMEM);
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	if (!grow(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, struct str text)
{
	buf_append(buf, text.data, text.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_add_buf(struct buf *buf, const struct buf *other)
{
	if (other->failed)
		fail(buf, other->failed);
	buf_add(buf, buf_str(other));
}

void buf_add_byte(struct buf *buf, char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(buf, format, arguments);
	va_end(arguments);
}

void buf_vprintf(struct buf *buf, const char *format, va_list arguments)
{
	va_list again;
	size_t room;
	int len;

	if (!grow(buf, 0))
		return;
	room = buf->capacity - buf->len;
	va_copy(again, arguments);
	len = vsnprintf(buf->data + buf->len, room, format, arguments);
	if (len < 0) {
		fail(buf, -EINVAL);
	} else if ((size_t)len < room) {
		buf->len += (size_t)len;
	} else if (grow(buf, (size_t)len)) {
		(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	buf->data[buf->len] = '\0';
}

char *buf_reserve(struct buf *buf, size_t len)
{
	return grow(buf, len) ? buf->data + buf->len : NULL;
}

void buf_grown(struct buf *buf, size_t len)
{
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (len == 0)
		return;
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

void buf_truncate(struct buf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->data[len] = '\0';
}

void buf_clear(struct buf *buf)
{
	buf_truncate(buf, 0);
	buf->failed = 0;
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = BUF_INIT(buf->max);
}

int buf_failed(const struct buf *buf)
{
	return buf->failed;
}

struct str buf_str(const struct buf *buf)
{
	if (!buf->data)
		return STR_EMPTY;
	return (struct str){.data = buf->data, .len = buf->len};
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *data;

	if (!grow(buf, 0)) {
		free(buf->data);
		*buf = (struct buf){.max = buf->max, .failed = buf->failed};
		return NULL;
	}
	data = buf->data;
	data[buf->len] = '\0';
	*buf = BUF_INIT(buf->max);
	return data;
}
