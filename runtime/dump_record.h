// SPDX-License-Identifier: Apache-2.0
// Lines of goroutine text, already free of what a log put around them, become goroutines in
// snapshots. Inside of runtime/dump.h: the reader there cuts the lines, this one understands them.
#pragma once

#include "base/buf.h"
#include "runtime/snapshot.h"

// Where a line stands in the input.
struct dump_place {
	uint64_t offset; // of the physical line that holds it
	uint64_t end; // behind that line
	uint64_t line; // from 1
	int64_t wall_ms; // of a log's timestamp; -1: none
};

struct pending_frame {
	size_t function, function_len; // in `text` of the record
	size_t file, file_len;
	uint32_t line, offset;
};

// The goroutine itself (the first) or one of its ancestors.
struct pending_section {
	uint64_t id; // of the ancestor
	uint32_t first, count; // of its frames
	struct pending_frame creator;
	bool has_creator;
};

enum record_state {
	RECORD_OUTSIDE, // no record
	RECORD_SKIPPING, // behind damage, until the next header
	RECORD_INSIDE, // a function, a creator, an ancestor or the end may follow
	RECORD_POSITION, // the position of a function must follow
	RECORD_CREATOR, // the position of a creator must follow
};

struct dump_records {
	struct stacks *stacks;
	struct snapshot_list list;
	struct snapshot *snapshot; // the last of the list, or NULL
	enum source source;
	uint16_t running; // the state
	enum record_state state;

	// The record being read.
	struct goroutine goroutine;
	struct dump_place place; // of its header
	uint64_t end; // behind its last line
	struct buf text;
	struct pending_frame *frames;
	struct frame *draft; // the same with views, for the table
	uint32_t frame_count, frame_capacity;
	uint32_t section_count;
	uint32_t elided, elided_at;
	uint32_t junk_lines; // one behind another, inside of the record
	bool unavailable;
	bool opens_snapshot;
	bool is_call; // the line that waits for its position has arguments
	bool doubtful; // and it may be no function
	struct pending_section sections[1 + LIMIT_ANCESTORS_COUNT];

	// What stood between the last record and the next.
	bool junk, banner, crash_section, crash_goes_on, junk_counted;
	struct damage early; // text before the first record; reason NULL: none
	uint32_t id_searches; // in this snapshot

	struct label labels[LIMIT_LABELS_COUNT];
	struct buf label_text;
};

int dump_records_start(struct dump_records *records, struct stacks *stacks, enum source source);
void dump_records_release(struct dump_records *records);

// One line without its end. 0, -ENOMEM, -EFBIG.
int dump_records_line(struct dump_records *records, struct str line, const struct dump_place *at);
// A line above LIMIT_LINE: it costs the record it stands in.
int dump_records_long_line(struct dump_records *records, const struct dump_place *at);
// Some record ends here although no line says so (the end of a message in a log).
int dump_records_break(struct dump_records *records);
// The end of the input; `mid_line`: it ended inside of a line, which was not given.
int dump_records_end(struct dump_records *records, bool cut, bool mid_line);
// Marks the last snapshot as cut: a limit was reached.
void dump_records_mark_cut(struct dump_records *records);

// Whether a further goroutine of the same snapshot may be added past the lines, because the next
// line can only be the header of one: no record is open and nothing stood between.
bool dump_records_at_boundary(const struct dump_records *records);
int dump_records_add(struct dump_records *records, const struct goroutine *goroutine, uint64_t end);

// Inside (runtime/dump_between.c). Whether the record that begins is the first of a further dump.
bool dump_opens_snapshot(struct dump_records *records);
// What ends a record in a log although no blank line stands before it.
bool dump_ends_record(const struct dump_records *records, struct str line);
// A line outside of any record.
void dump_outside_line(struct dump_records *records, struct str line, const struct dump_place *at);
