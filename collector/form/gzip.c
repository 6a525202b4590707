// SPDX-License-Identifier: Apache-2.0
// gzip as a stream, on zlib.
#include "collector/form/gzip.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#define LEVEL 6
#define GZIP_WINDOW (15 + 16) // the largest window, gzip header
#define MEMORY_LEVEL 8 // zlib's default
#define OUT_BYTES 16384

struct gzip {
	enum gzip_way way;
	z_stream stream;
	struct sink sink;
	uint64_t max, passed;
	bool begun; // a member is under way
	bool ended; // at least one member was whole
	unsigned char out[OUT_BYTES];
};

struct gzip *gzip_new(enum gzip_way way, uint64_t max, struct sink sink)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));
	int r;

	if (!gzip)
		return NULL;
	gzip->way = way;
	gzip->max = max;
	gzip->sink = sink;
	r = way == GZIP_PACK ? deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW,
				       MEMORY_LEVEL, Z_DEFAULT_STRATEGY)
			     : inflateInit2(&gzip->stream, GZIP_WINDOW);
	if (r != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void gzip_free(struct gzip **gzip)
{
	if (!*gzip)
		return;
	if ((*gzip)->way == GZIP_PACK)
		(void)deflateEnd(&(*gzip)->stream);
	else
		(void)inflateEnd(&(*gzip)->stream);
	free(*gzip);
	*gzip = NULL;
}

bool gzip_begins(struct str head)
{
	return head.len >= 3 && (unsigned char)head.data[0] == 0x1f &&
	       (unsigned char)head.data[1] == 0x8b && head.data[2] == 8;
}

// What the last call of zlib put out goes on.
static int drain(struct gzip *gzip, struct error *error)
{
	size_t len = OUT_BYTES - gzip->stream.avail_out;

	gzip->stream.avail_out = OUT_BYTES;
	gzip->stream.next_out = gzip->out;
	if (len == 0)
		return 0;
	if (gzip->max > 0 && len > gzip->max - gzip->passed)
		return error_set(error, -EFBIG, "decompressed data exceeds %llu bytes",
			(unsigned long long)gzip->max);
	gzip->passed += len;
	return gzip->sink.write(gzip->sink.context, gzip->out, len, error);
}

static int pack(struct gzip *gzip, int flush, struct error *error)
{
	int r, code;

	do {
		code = deflate(&gzip->stream, flush);
		assert(code != Z_STREAM_ERROR);
		r = drain(gzip, error);
		if (r < 0)
			return r;
	} while (flush == Z_FINISH ? code != Z_STREAM_END : gzip->stream.avail_in > 0);
	return 0;
}

static int unpack_step(struct gzip *gzip, struct error *error)
{
	int code;

	if (!gzip->begun) {
		(void)inflateReset(&gzip->stream);
		gzip->begun = true;
	}
	code = inflate(&gzip->stream, Z_NO_FLUSH);
	if (code == Z_MEM_ERROR)
		return error_no_memory(error, "decompression");
	if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
		return error_set(error, -EBADMSG, "not gzip, or damaged: %s",
			gzip->stream.msg ? gzip->stream.msg : "bad data");
	if (code == Z_STREAM_END) {
		gzip->begun = false;
		gzip->ended = true;
	}
	return 0;
}

static int unpack(struct gzip *gzip, struct error *error)
{
	for (;;) {
		// Also what came out before damage goes on.
		int r = unpack_step(gzip, error);
		bool full = gzip->stream.avail_out == 0;
		int drained = drain(gzip, r < 0 ? NULL : error);

		if (r < 0 || drained < 0)
			return r < 0 ? r : drained;
		if (gzip->stream.avail_in == 0 && !full)
			return 0;
	}
}

int gzip_feed(struct gzip *gzip, const void *data, size_t len, struct error *error)
{
	struct str rest = {data, len};
	int r = 0;

	gzip->stream.next_out = gzip->out;
	gzip->stream.avail_out = OUT_BYTES;
	while (rest.len > 0 && r == 0) {
		size_t piece = rest.len < INT_MAX ? rest.len : INT_MAX;

		gzip->stream.next_in = (Bytef *)rest.data;
		gzip->stream.avail_in = (uInt)piece;
		r = gzip->way == GZIP_PACK ? pack(gzip, Z_NO_FLUSH, error) : unpack(gzip, error);
		rest = str_skip(rest, piece);
	}
	return r;
}

int gzip_finish(struct gzip *gzip, struct error *error)
{
	gzip->stream.next_out = gzip->out;
	gzip->stream.avail_out = OUT_BYTES;
	gzip->stream.next_in = NULL;
	gzip->stream.avail_in = 0;
	if (gzip->way == GZIP_PACK)
		return pack(gzip, Z_FINISH, error);
	if (gzip->begun || !gzip->ended)
		return error_set(error, -EBADMSG, "gzip data ends in the middle");
	return 0;
}
