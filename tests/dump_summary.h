// SPDX-License-Identifier: Apache-2.0
// Everything a reader of goroutine text found, as text: tests compare what was read in different
// pieces, and with and without the fast way.
#pragma once

#include "base/buf.h"
#include "runtime/dump.h"

#include <errno.h>
#include <inttypes.h>

static inline void summarize_frame(struct buf *out, const struct frame *frame)
{
	buf_printf(out, " %.*s@%.*s:%" PRIu32, STR_ARG(frame->function), STR_ARG(frame->file),
		frame->line);
	if (frame->offset)
		buf_printf(out, "+%" PRIx32, frame->offset);
}

static inline void summarize_trace(struct buf *out, const struct trace *trace)
{
	for (uint32_t i = 0; i < trace->frame_count; i++) {
		if (trace->elided && trace->elided_at == i)
			buf_printf(out, " ...%" PRIu32, trace->elided);
		summarize_frame(out, &trace->frames[i]);
	}
	if (trace->elided && trace->elided_at == trace->frame_count)
		buf_printf(out, " ...%" PRIu32, trace->elided);
	if (trace->unavailable)
		buf_add_text(out, " unavailable");
	if (trace->not_started)
		buf_add_text(out, " not-started");
	if (trace->created_by.function.len) {
		buf_add_text(out, " <-");
		summarize_frame(out, &trace->created_by);
	}
	for (uint32_t i = 0; i < trace->ancestor_count; i++) {
		const struct ancestor *ancestor = &trace->ancestors[i];

		buf_printf(out, " ^%" PRIu64, ancestor->id);
		for (uint32_t j = 0; j < ancestor->frame_count; j++)
			summarize_frame(out, &ancestor->frames[j]);
		if (ancestor->created_by.function.len) {
			buf_add_text(out, " <-");
			summarize_frame(out, &ancestor->created_by);
		}
	}
}

static inline void summarize_goroutine(
	struct buf *out, const struct stacks *stacks, const struct goroutine *goroutine)
{
	static const char *const flags[] = {
		"leaked", "scan", "durable", "locked", "bubble", "crash"};
	struct label_set labels = stacks_labels(stacks, goroutine->labels);

	buf_printf(out, "%" PRIu64 " [%.*s", goroutine->id,
		STR_ARG(stacks_state_name(stacks, goroutine->state)));
	if (goroutine->minutes)
		buf_printf(out, " %" PRIu32 "m", goroutine->minutes);
	for (int i = 0; i < 6; i++) {
		if (goroutine->flags & 1 << i)
			buf_printf(out, " %s", flags[i]);
	}
	if (goroutine->bubble)
		buf_printf(out, "%" PRIu64, goroutine->bubble);
	buf_add_text(out, "]");
	if (goroutine->parent)
		buf_printf(out, " parent %" PRIu64, goroutine->parent);
	for (uint32_t i = 0; i < labels.count; i++)
		buf_printf(out, " {%.*s=%.*s}", STR_ARG(labels.labels[i].key),
			STR_ARG(labels.labels[i].value));
	summarize_trace(out, stacks_trace(stacks, goroutine->trace));
	buf_add_byte(out, '\n');
}

// One line a snapshot, then a line a goroutine and a line a damage.
static inline void summarize(struct buf *out, const struct snapshot_list *list, bool places)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct snapshot *snapshot = list->items[i];
		struct goroutine_iterator at = {0};
		const struct goroutine *goroutine;

		buf_printf(out, "snapshot %" PRIu64 "%s%s", snapshot->total,
			snapshot->cut ? " cut" : "", snapshot->leak_marks ? " leaks" : "");
		if (snapshot->wall_ms >= 0)
			buf_printf(out, " at %" PRId64, snapshot->wall_ms);
		if (places)
			buf_printf(out, " %" PRIu64 "-%" PRIu64, snapshot->offset,
				snapshot->end_offset);
		buf_add_byte(out, '\n');
		while ((goroutine = snapshot_next(snapshot, &at)))
			summarize_goroutine(out, snapshot->stacks, goroutine);
		for (uint32_t j = 0; j < snapshot->damage_count; j++)
			buf_printf(out, "damage %" PRIu64 ":%" PRIu64 " %s\n",
				snapshot->damage[j].offset, snapshot->damage[j].line,
				snapshot->damage[j].reason);
	}
}

// Read `text` in pieces of `piece` bytes (a different number each when `vary`), and summarize.
static inline int read_and_summarize(struct str text, enum source source, size_t piece, bool vary,
	bool fast, bool places, struct buf *out)
{
	struct stacks *stacks = stacks_new(LIMIT_TRACE_TABLE);
	struct dump_reader *reader = stacks ? dump_reader_new(stacks, source) : NULL;
	struct snapshot_list list = {0};
	size_t step = 0;
	int r = reader ? 0 : -1;

	if (reader)
		dump_reader_use_fast(reader, fast);
	while (r == 0 && text.len > 0) {
		struct str head = str_head(text, vary ? 1 + (step++ * 7919) % piece : piece);

		r = dump_reader_feed(reader, head.data, head.len);
		text = str_skip(text, head.len);
	}
	if (reader && (r == 0 || r == -EFBIG))
		r = dump_reader_finish(reader, &list);
	if (r == 0)
		summarize(out, &list, places);
	snapshot_list_release(&list);
	dump_reader_free(&reader);
	stacks_free(&stacks);
	return r;
}
