// SPDX-License-Identifier: Apache-2.0
// Prints what the readers of runtime/ find in a file, as one JSON object: for checks that compare
// it with counts made by other means (tests/dumps/check.py).
//
//	dump-facts FILE [PIECE]		PIECE: bytes fed at a time, default 65536; 0: no fast way
#include "runtime/dump.h"
#include "runtime/profile_proto.h"
#include "runtime/profile_text.h"
#include "runtime/sniff.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct totals {
	uint64_t goroutines, created_by, min_id, max_id, frames, damaged, ancestors, parents;
	uint64_t with_minutes, max_minutes, locked, unavailable, elided, labelled, samples, cut;
	int64_t sample_sum, sample_frames;
	uint32_t states[UINT16_MAX + 1];
};

static int read_dump(struct stacks *stacks, enum source source, struct str data, size_t piece,
	struct snapshot_list *list)
{
	struct dump_reader *reader = dump_reader_new(stacks, source);
	int r = reader ? 0 : -1;

	if (piece == 0) {
		dump_reader_use_fast(reader, false);
		piece = KIB(64);
	}
	while (data.len > 0 && r == 0) {
		struct str head = str_head(data, piece);

		r = dump_reader_feed(reader, head.data, head.len);
		data = str_skip(data, head.len);
	}
	r = dump_reader_finish(reader, list);
	dump_reader_free(&reader);
	return r;
}

static int read_text(struct stacks *stacks, struct str data, struct snapshot_list *list)
{
	struct profile_text_reader *reader = profile_text_reader_new(stacks);
	int r = profile_text_reader_feed(reader, data.data, data.len);

	if (r == 0)
		r = profile_text_reader_finish(reader, list);
	profile_text_reader_free(&reader);
	return r;
}

static int read_proto(struct stacks *stacks, struct str data, struct snapshot_list *list)
{
	struct profile_proto_reader *reader = profile_proto_reader_new(stacks);
	struct error error = {0};
	int r = profile_proto_reader_feed(reader, data.data, data.len);

	if (r == 0)
		r = profile_proto_reader_finish(reader, list, &error);
	profile_proto_reader_free(&reader);
	return r;
}

static int read_any(
	struct stacks *stacks, struct str data, size_t piece, struct snapshot_list *list)
{
	switch (sniff(str_head(data, SNIFF_BYTES))) {
	case LOOKS_PROFILE_TEXT:
		return read_text(stacks, data, list);
	case LOOKS_PROFILE_PROTO:
	case LOOKS_GZIP:
		return read_proto(stacks, data, list);
	case LOOKS_DUMP:
		return read_dump(stacks, SOURCE_DEBUG2, data, piece, list);
	default:
		return read_dump(stacks, SOURCE_LOG, data, piece, list);
	}
}

static void count_goroutine(
	const struct stacks *stacks, const struct goroutine *goroutine, struct totals *totals)
{
	const struct trace *trace = stacks_trace(stacks, goroutine->trace);

	if (totals->goroutines == 0 || goroutine->id < totals->min_id)
		totals->min_id = goroutine->id;
	if (goroutine->id > totals->max_id)
		totals->max_id = goroutine->id;
	totals->goroutines++;
	totals->created_by += trace->created_by.function.len > 0;
	totals->frames += trace->frame_count;
	totals->ancestors += trace->ancestor_count;
	totals->parents += goroutine->parent > 0;
	totals->with_minutes += goroutine->minutes > 0;
	if (goroutine->minutes > totals->max_minutes)
		totals->max_minutes = goroutine->minutes;
	totals->locked += (goroutine->flags & GOROUTINE_LOCKED) != 0;
	totals->unavailable += trace->unavailable;
	totals->elided += trace->elided > 0;
	totals->labelled += goroutine->labels > 0;
	totals->states[goroutine->state]++;
}

static void count_snapshot(const struct snapshot *snapshot, struct totals *totals)
{
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;

	while ((goroutine = snapshot_next(snapshot, &at)))
		count_goroutine(snapshot->stacks, goroutine, totals);
	totals->damaged += snapshot->skipped;
	totals->cut += snapshot->cut;
	totals->samples += snapshot->sample_count;
	for (uint32_t i = 0; i < snapshot->sample_count; i++) {
		const struct trace *trace =
			stacks_trace(snapshot->stacks, snapshot->samples[i].trace);

		totals->sample_sum += snapshot->samples[i].count;
		totals->sample_frames += trace->frame_count;
		totals->labelled += snapshot->samples[i].labels > 0;
	}
}

static void print_quoted(struct str text)
{
	putchar('"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\' || (unsigned char)text.data[i] < 32)
			printf("\\u%04x", (unsigned)(unsigned char)text.data[i]);
		else
			putchar(text.data[i]);
	}
	putchar('"');
}

static void print_totals(
	const struct snapshot_list *list, const struct stacks *stacks, const struct totals *totals)
{
	const char *comma = "";

	printf("{\"snapshots\":%zu,\"goroutines\":%" PRIu64 ",\"created_by\":%" PRIu64
	       ",\"min_id\":%" PRIu64 ",\"max_id\":%" PRIu64 ",\"frames\":%" PRIu64
	       ",\"damaged\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"ancestors\":%" PRIu64
	       ",\"parents\":%" PRIu64 ",\"minutes\":%" PRIu64 ",\"max_minutes\":%" PRIu64
	       ",\"locked\":%" PRIu64 ",\"unavailable\":%" PRIu64 ",\"elided\":%" PRIu64
	       ",\"labelled\":%" PRIu64 ",\"samples\":%" PRIu64 ",\"sum\":%" PRId64
	       ",\"sample_frames\":%" PRId64 ",\"profile\":%d,\"total\":%" PRIu64 ",\"states\":{",
		list->count, totals->goroutines, totals->created_by, totals->min_id, totals->max_id,
		totals->frames, totals->damaged, totals->cut, totals->ancestors, totals->parents,
		totals->with_minutes, totals->max_minutes, totals->locked, totals->unavailable,
		totals->elided, totals->labelled, totals->samples, totals->sample_sum,
		totals->sample_frames, list->count > 0 ? (int)list->items[0]->profile : -1,
		list->count > 0 ? list->items[0]->total : 0);
	for (uint32_t state = 0; state <= UINT16_MAX; state++) {
		if (totals->states[state] == 0)
			continue;
		printf("%s", comma);
		print_quoted(stacks_state_name(stacks, (uint16_t)state));
		printf(":%" PRIu32, totals->states[state]);
		comma = ",";
	}
	printf("},\"damage\":[");
	comma = "";
	for (size_t i = 0; i < list->count; i++) {
		for (uint32_t j = 0; j < list->items[i]->damage_count; j++) {
			const struct damage *damage = &list->items[i]->damage[j];

			printf("%s{\"offset\":%" PRIu64 ",\"line\":%" PRIu64 ",\"reason\":\"%s\"}",
				comma, damage->offset, damage->line, damage->reason);
			comma = ",";
		}
	}
	puts("]}");
}

int main(int argc, char **argv)
{
	static struct totals totals;
	cleanup(buf_release) struct buf data = BUF_INIT(LIMIT_BODY);
	struct stacks *stacks = stacks_new(LIMIT_TRACE_TABLE);
	struct snapshot_list list = {0};
	struct error error = {0};
	int64_t piece = KIB(64);

	if (argc < 2 || !stacks || file_read(argv[1], &data, &error) < 0) {
		fprintf(stderr, "dump-facts: %s\n", argc < 2 ? "no file" : error.text);
		return 1;
	}
	if (argc > 2 && !str_to_i64(str_of(argv[2]), &piece))
		return 1;
	read_any(stacks, buf_str(&data), (size_t)piece, &list);
	for (size_t i = 0; i < list.count; i++)
		count_snapshot(list.items[i], &totals);
	print_totals(&list, stacks, &totals);
	snapshot_list_release(&list);
	stacks_free(&stacks);
	return 0;
}
