// SPDX-License-Identifier: Apache-2.0
// The reader of goroutine text: cuts the input into lines, whatever pieces it comes in, and gives
// whole records that repeat known ones to runtime/dump_fast.h.
#include "runtime/dump.h"

#include "runtime/dump_fast.h"
#include "runtime/dump_record.h"
#include "runtime/unwrap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dump_reader {
	struct dump_records records;
	struct unwrap unwrap; // SOURCE_LOG
	struct dump_fast fast;
	enum source source;
	struct dump_place place; // of the line being read
	uint64_t offset; // behind what was read
	uint64_t line; // of the line being read, from 1
	uint64_t line_offset; // where it begins
	struct buf held; // its beginning, from the pieces before
	bool line_is_long; // longer than LIMIT_LINE, its rest is not held
	int failed; // 0 or the negative errno that ended the reading
};

static int give_line(void *context, struct str line)
{
	struct dump_reader *reader = context;

	reader->place.wall_ms = reader->unwrap.wall_ms;
	return dump_records_line(&reader->records, line, &reader->place);
}

static int give_long_line(void *context)
{
	struct dump_reader *reader = context;

	return dump_records_long_line(&reader->records, &reader->place);
}

static int give_end(void *context)
{
	struct dump_reader *reader = context;

	return dump_records_break(&reader->records);
}

struct dump_reader *dump_reader_new(struct stacks *stacks, enum source source)
{
	struct dump_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->source = source;
	reader->line = 1;
	reader->held = BUF_INIT(LIMIT_LINE);
	reader->place.wall_ms = -1;
	dump_records_start(&reader->records, stacks, source);
	dump_fast_start(&reader->fast, stacks);
	unwrap_start(&reader->unwrap, (struct unwrap_sink){
					      .context = reader,
					      .line = give_line,
					      .long_line = give_long_line,
					      .end = give_end,
				      });
	return reader;
}

void dump_reader_free(struct dump_reader **reader)
{
	if (!*reader)
		return;
	dump_records_release(&(*reader)->records);
	dump_fast_release(&(*reader)->fast);
	unwrap_release(&(*reader)->unwrap);
	buf_release(&(*reader)->held);
	free(*reader);
	*reader = NULL;
}

void dump_reader_use_fast(struct dump_reader *reader, bool use)
{
	reader->fast.off = !use;
}

// A time that stands in a message behind the header is that of its snapshot as well.
static void note_wall(struct dump_reader *reader, const struct snapshot *before)
{
	struct snapshot *snapshot = reader->records.snapshot;

	if (snapshot && snapshot != before && snapshot->wall_ms < 0)
		snapshot->wall_ms = reader->unwrap.wall_ms;
}

static void place_line(struct dump_reader *reader, uint64_t end)
{
	reader->place.offset = reader->line_offset;
	reader->place.end = end;
	reader->place.line = reader->line;
}

// A whole line, without its end.
static int read_line(struct dump_reader *reader, struct str line, uint64_t end)
{
	const struct snapshot *before = reader->records.snapshot;
	int r;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	place_line(reader, end);
	if (reader->source != SOURCE_LOG)
		return dump_records_line(&reader->records, line, &reader->place);
	r = unwrap_line(&reader->unwrap, line);
	note_wall(reader, before);
	return r;
}

// The first LIMIT_LINE bytes of a line that goes on.
static int begin_long_line(struct dump_reader *reader, struct str head)
{
	reader->line_is_long = true;
	place_line(reader, reader->line_offset + head.len);
	if (reader->source == SOURCE_LOG)
		return unwrap_long_begin(&reader->unwrap, head);
	return dump_records_long_line(&reader->records, &reader->place);
}

// A piece of a line that does not end in it, or whose beginning is held.
static int hold(struct dump_reader *reader, struct str piece)
{
	size_t room = LIMIT_LINE - reader->held.len;
	int r = 0;

	if (!reader->line_is_long) {
		buf_add(&reader->held, str_head(piece, room));
		r = buf_failed(&reader->held);
		if (r < 0 || piece.len <= room)
			return r;
		piece = str_skip(piece, room);
		r = begin_long_line(reader, buf_str(&reader->held));
	}
	if (r == 0 && reader->source == SOURCE_LOG)
		r = unwrap_long_more(&reader->unwrap, piece);
	return r;
}

static void next_line(struct dump_reader *reader)
{
	buf_clear(&reader->held);
	reader->line_is_long = false;
	reader->line_offset = reader->offset;
	reader->line++;
}

// One line, or what the piece has of it, is taken off `input`.
static int read_some(struct dump_reader *reader, struct str *input)
{
	const char *newline = memchr(input->data, '\n', input->len);
	struct str piece = {.data = input->data};
	int r = 0;

	piece.len = newline ? (size_t)(newline - input->data) : input->len;
	*input = str_skip(*input, piece.len + (newline ? 1 : 0));
	reader->offset += piece.len + (newline ? 1 : 0);
	if (!newline || reader->held.len > 0 || reader->line_is_long || piece.len > LIMIT_LINE)
		r = hold(reader, piece);
	if (r < 0 || !newline)
		return r;
	if (reader->line_is_long)
		r = 0;
	else
		r = read_line(reader, reader->held.len > 0 ? buf_str(&reader->held) : piece,
			reader->offset);
	next_line(reader);
	return r;
}

// Whole records that repeat known ones are taken off `input`.
static int read_fast(struct dump_reader *reader, struct str *input)
{
	struct dump_fast_result record;

	int r;

	while ((r = dump_fast_match(&reader->fast, *input, &record)) > 0) {
		reader->offset += record.length;
		reader->line += record.lines;
		*input = str_skip(*input, record.length);
		reader->line_offset = reader->offset;
		r = dump_records_add(&reader->records, &record.goroutine, reader->offset - 1);
		if (r < 0)
			return r;
	}
	return r;
}

static bool at_boundary(const struct dump_reader *reader)
{
	return reader->held.len == 0 && !reader->line_is_long &&
	       dump_records_at_boundary(&reader->records) &&
	       (reader->source != SOURCE_LOG || unwrap_is_plain(&reader->unwrap));
}

// A record that is being read line by line, so that it can be learned when it turns out whole.
struct watch {
	const char *start; // NULL: none begins in this piece
	uint64_t offset; // of it in the input
	uint64_t goroutines;
	uint32_t traces;
};

static struct watch watch_record(const struct dump_reader *reader, const char *start)
{
	return (struct watch){
		.start = start,
		.offset = reader->offset,
		.goroutines = reader->records.snapshot->goroutine_count,
		.traces = stacks_trace_count(reader->records.stacks),
	};
}

static void learn(struct dump_reader *reader, const struct watch *watch, const char *end)
{
	const struct goroutine *goroutine = &reader->records.goroutine;
	struct str record;

	// Behind a damaged record the one that was added may have begun later.
	if (!watch->start || reader->records.place.offset != watch->offset ||
		reader->records.snapshot->goroutine_count != watch->goroutines + 1)
		return;
	record = (struct str){watch->start, (size_t)(end - watch->start)};
	// What has quotes may be a wrapped line in the next log message.
	if (reader->source != SOURCE_LOG || str_find_byte(record, '"') == record.len)
		dump_fast_learn(&reader->fast, record, goroutine, goroutine->trace < watch->traces);
}

int dump_reader_feed(struct dump_reader *reader, const void *data, size_t len)
{
	struct str input = {.data = data, .len = len};
	struct watch watch = {0};
	int r = reader->failed;

	while (input.len > 0 && r == 0) {
		if (at_boundary(reader)) {
			learn(reader, &watch, input.data);
			r = read_fast(reader, &input);
			watch = watch_record(reader, input.data);
		}
		if (r == 0 && input.len > 0)
			r = read_some(reader, &input);
	}
	reader->failed = r;
	return r;
}

// The last line has no end. A log may lack it; in a dump it is where the body was cut.
static int read_last_line(struct dump_reader *reader, bool *mid_line)
{
	*mid_line = reader->held.len > 0 && reader->source != SOURCE_LOG;
	if (reader->held.len == 0 || reader->line_is_long || *mid_line)
		return 0;
	return read_line(reader, buf_str(&reader->held), reader->offset);
}

int dump_reader_finish(struct dump_reader *reader, struct snapshot_list *list)
{
	bool cut = reader->source == SOURCE_DEBUG2 && reader->offset == GO_DUMP_CUT_BYTES;
	bool mid_line = false;
	int r = reader->failed;

	if (r == -EFBIG) {
		cut = true;
		r = 0;
	} else if (r == 0) {
		r = read_last_line(reader, &mid_line);
		if (r == 0 && reader->source == SOURCE_LOG)
			r = unwrap_end(&reader->unwrap);
	}
	if (r == 0)
		r = dump_records_end(&reader->records, cut, mid_line);
	if (r < 0 && r != -EFBIG)
		return r;
	*list = reader->records.list;
	reader->records.list = (struct snapshot_list){0};
	reader->records.snapshot = NULL;
	return 0;
}
