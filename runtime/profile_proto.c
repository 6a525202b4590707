// SPDX-License-Identifier: Apache-2.0
// Profiles as profile.proto: gathers the body, decompressing on the way, and has it decoded.
#include "runtime/profile_proto.h"

#include "base/buf.h"
#include "runtime/profile_message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

#define CHUNK_BYTES KIB(64)
#define GZIP_WINDOW (15 + 16) // largest window, gzip header

enum form {
	FORM_UNKNOWN,
	FORM_PLAIN,
	FORM_GZIP,
	FORM_GZIP_ENDED, // a whole gzip member; another may follow
};

struct profile_proto_reader {
	struct stacks *stacks;
	enum form form;
	struct buf body; // decompressed
	z_stream inflate; // set up in the two gzip forms
	bool inflating;
	uint64_t fed; // bytes
	int result; // the first failure, for good
	struct error error; // what it was
};

struct profile_proto_reader *profile_proto_reader_new(struct stacks *stacks)
{
	struct profile_proto_reader *reader = calloc(1, sizeof *reader);

	if (!reader)
		return NULL;
	reader->stacks = stacks;
	reader->body = BUF_INIT(LIMIT_PROFILE_PROTO);
	return reader;
}

void profile_proto_reader_free(struct profile_proto_reader **reader)
{
	if (!*reader)
		return;
	if ((*reader)->inflating)
		(void)inflateEnd(&(*reader)->inflate);
	buf_release(&(*reader)->body);
	free(*reader);
	*reader = NULL;
}

static int too_large(struct profile_proto_reader *reader)
{
	return error_set(&reader->error, -EFBIG, "the profile has more than %zu MiB",
		LIMIT_PROFILE_PROTO >> 20);
}

static int append(struct profile_proto_reader *reader, const void *data, size_t len)
{
	buf_append(&reader->body, data, len);
	switch (buf_failed(&reader->body)) {
	case 0:
		return 0;
	case -EFBIG:
		return too_large(reader);
	default:
		return error_no_memory(&reader->error, "the profile");
	}
}

static int start_inflating(struct profile_proto_reader *reader)
{
	if (inflateInit2(&reader->inflate, GZIP_WINDOW) != Z_OK)
		return error_no_memory(&reader->error, "decompression");
	reader->inflating = true;
	return 0;
}

static int inflate_failed(struct profile_proto_reader *reader, int status)
{
	const char *why = reader->inflate.msg;

	if (status == Z_MEM_ERROR)
		return error_no_memory(&reader->error, "decompression");
	return error_set(&reader->error, -EBADMSG, "the profile does not decompress: %s",
		why ? why : "the gzip stream is damaged");
}

static int inflate_piece(struct profile_proto_reader *reader, const void *data, size_t len)
{
	unsigned char chunk[CHUNK_BYTES];
	z_stream *stream = &reader->inflate;
	int status, r;

	stream->next_in = (z_const Bytef *)data;
	stream->avail_in = (uInt)len;
	do {
		if (reader->form == FORM_GZIP_ENDED) {
			(void)inflateReset(stream);
			reader->form = FORM_GZIP;
		}
		stream->next_out = chunk;
		stream->avail_out = sizeof chunk;
		status = inflate(stream, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return inflate_failed(reader, status);
		r = append(reader, chunk, sizeof chunk - stream->avail_out);
		if (r < 0)
			return r;
		if (status == Z_STREAM_END)
			reader->form = FORM_GZIP_ENDED;
	} while (stream->avail_in > 0 || (stream->avail_out == 0 && status == Z_OK));
	return 0;
}

// The first byte decides: no profile.proto begins like a gzip member.
static int decide_form(struct profile_proto_reader *reader, const unsigned char *data)
{
	if (data[0] != 0x1f) {
		reader->form = FORM_PLAIN;
		return 0;
	}
	reader->form = FORM_GZIP;
	return start_inflating(reader);
}

static int feed_piece(struct profile_proto_reader *reader, const void *data, size_t len)
{
	int r;

	if (reader->form == FORM_UNKNOWN) {
		r = decide_form(reader, data);
		if (r < 0)
			return r;
	}
	if (reader->form == FORM_PLAIN)
		return append(reader, data, len);
	return inflate_piece(reader, data, len);
}

int profile_proto_reader_feed(struct profile_proto_reader *reader, const void *data, size_t len)
{
	const char *rest = data;

	reader->fed += len;
	while (len > 0 && reader->result == 0) {
		size_t piece = len < MIB(64) ? len : MIB(64); // zlib counts in 32 bits

		reader->result = feed_piece(reader, rest, piece);
		rest += piece;
		len -= piece;
	}
	return reader->result;
}

int profile_proto_reader_finish(
	struct profile_proto_reader *reader, struct snapshot_list *list, struct error *error)
{
	struct snapshot *snapshot = NULL;
	int r;

	if (reader->result < 0)
		return error_set(error, reader->result, "%s", reader->error.text);
	if (reader->fed == 0)
		return error_set(error, -EBADMSG, "the profile is empty");
	if (reader->form == FORM_GZIP)
		return error_set(error, -EBADMSG,
			"the profile ends in the middle of its gzip stream, after %" PRIu64
			" bytes",
			reader->fed);
	r = profile_message_read(buf_str(&reader->body), reader->stacks, &snapshot, error);
	if (r < 0)
		return r;
	snapshot->end_offset = reader->fed;
	r = snapshot_list_add(list, snapshot);
	if (r < 0) {
		snapshot_free(&snapshot);
		return error_no_memory(error, "the profile");
	}
	return 0;
}
