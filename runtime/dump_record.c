// SPDX-License-Identifier: Apache-2.0
// The grammar of goroutine text above its lines: records, what ends them, what damages them, and
// where one snapshot ends and the next begins.
#include "runtime/dump_record.h"

#include "runtime/dump_line.h"

#include <errno.h>
#include <stdlib.h>

// Lines of somebody else that a log may put into the middle of a record.
#define JUNK_LINES_MAX 20
#define FRAMES_MAX (LIMIT_FRAMES_COUNT + LIMIT_ANCESTORS_COUNT * 128)

int dump_records_start(struct dump_records *records, struct stacks *stacks, enum source source)
{
	*records = (struct dump_records){
		.stacks = stacks,
		.source = source,
		.running = state_find(STR("running")),
		.text = BUF_INIT(MIB(16)),
		.label_text = BUF_INIT(2 * LIMIT_LINE),
	};
	return 0;
}

void dump_records_release(struct dump_records *records)
{
	snapshot_list_release(&records->list);
	buf_release(&records->text);
	buf_release(&records->label_text);
	free(records->frames);
	free(records->draft);
	records->frames = NULL;
	records->draft = NULL;
}

static bool in_log(const struct dump_records *records)
{
	return records->source == SOURCE_LOG;
}

// The snapshot that the record belongs to.
static int open_snapshot(struct dump_records *records, bool fresh)
{
	struct snapshot *snapshot;
	int r;

	if (records->snapshot && (!fresh || records->snapshot->goroutine_count == 0))
		return 0;
	snapshot = snapshot_new(PROFILE_GOROUTINE, records->source, records->stacks);
	if (!snapshot)
		return -ENOMEM;
	snapshot->offset = records->place.offset;
	snapshot->end_offset = records->place.end;
	snapshot->wall_ms = records->place.wall_ms;
	r = snapshot_list_add(&records->list, snapshot);
	if (r < 0) {
		snapshot_free(&snapshot);
		return r;
	}
	records->snapshot = snapshot;
	records->id_searches = 0;
	if (records->early.reason)
		snapshot_add_damage(snapshot, records->early.offset, records->early.line,
			records->early.reason);
	records->early.reason = NULL;
	return 0;
}

static void leave_record(struct dump_records *records, bool damaged)
{
	records->state = damaged ? RECORD_SKIPPING : RECORD_OUTSIDE;
	records->junk = records->banner = records->junk_counted = false;
}

static int damage_record(struct dump_records *records, const char *reason)
{
	int r = open_snapshot(records, records->opens_snapshot);

	if (r < 0)
		return r;
	snapshot_add_damage(records->snapshot, records->place.offset, records->place.line, reason);
	leave_record(records, true);
	return 0;
}

static struct frame frame_of(const struct dump_records *records, const struct pending_frame *frame)
{
	const char *text = records->text.data;

	if (frame->function_len == 0)
		return (struct frame){.function = STR_EMPTY, .file = STR_EMPTY};
	return (struct frame){
		.function = {.data = text + frame->function, .len = frame->function_len},
		.file = {.data = text + frame->file, .len = frame->file_len},
		.line = frame->line,
		.offset = frame->offset,
	};
}

static int intern_trace(struct dump_records *records, const struct trace **ret_trace)
{
	struct ancestor ancestors[LIMIT_ANCESTORS_COUNT];
	uint32_t ancestor_count = records->section_count - 1;
	struct trace_draft draft = {
		.frames = records->draft,
		.frame_count = records->sections[0].count,
		.elided = records->elided,
		.elided_at = records->elided_at,
		.created_by = frame_of(records, &records->sections[0].creator),
		.unavailable = records->unavailable,
		.ancestors = ancestors,
		.ancestor_count = ancestor_count,
	};

	for (uint32_t i = 0; i < records->frame_count; i++)
		records->draft[i] = frame_of(records, &records->frames[i]);
	for (uint32_t i = 0; i < ancestor_count; i++) {
		const struct pending_section *section = &records->sections[i + 1];

		ancestors[i] = (struct ancestor){
			.id = section->id,
			.frame_count = section->count,
			.frames = section->count > 0 ? records->draft + section->first : NULL,
			.created_by = frame_of(records, &section->creator),
		};
	}
	return stacks_add_trace(records->stacks, &draft, ret_trace);
}

int dump_records_add(struct dump_records *records, const struct goroutine *goroutine, uint64_t end)
{
	int r = snapshot_add_goroutine(records->snapshot, goroutine);

	if (r < 0)
		return r;
	if (goroutine->flags & GOROUTINE_LEAKED)
		records->snapshot->leak_marks = true;
	records->snapshot->total++;
	records->snapshot->end_offset = end;
	return 0;
}

// A whole record becomes a goroutine. One that is collecting a profile while it runs is the first
// of its dump, whatever stands before it.
static int commit_record(struct dump_records *records)
{
	const struct trace *trace;
	bool first;
	int r;

	if (buf_failed(&records->text) < 0)
		return buf_failed(&records->text);
	if (records->sections[0].count == 0 && !records->unavailable &&
		!records->sections[0].has_creator)
		return damage_record(records, "goroutine without frames");
	r = intern_trace(records, &trace);
	if (r < 0)
		return r;
	first = records->goroutine.state == records->running && trace->stack->observer &&
		!records->crash_goes_on;
	r = open_snapshot(records, records->opens_snapshot || first);
	if (r < 0)
		return r;
	records->goroutine.trace = trace->index;
	leave_record(records, false);
	return dump_records_add(records, &records->goroutine, records->end);
}

// Ends the open record, whole or damaged.
static int end_record(struct dump_records *records)
{
	switch (records->state) {
	case RECORD_OUTSIDE:
	case RECORD_SKIPPING:
		return 0;
	case RECORD_INSIDE:
		return commit_record(records);
	case RECORD_POSITION:
		if (records->doubtful && in_log(records))
			return commit_record(records);
		return damage_record(records, "function without position");
	case RECORD_CREATOR:
		return damage_record(records, "creator without position");
	}
	return 0;
}

int dump_records_break(struct dump_records *records)
{
	int r = end_record(records);

	records->state = RECORD_OUTSIDE;
	return r;
}

static int read_labels(struct dump_records *records, struct str encoded)
{
	uint32_t count;

	records->goroutine.labels = 0;
	if (encoded.len == 0)
		return 0;
	if (!dump_labels_parse(
		    encoded, records->labels, LIMIT_LABELS_COUNT, &count, &records->label_text)) {
		int r = buf_failed(&records->label_text);

		return r < 0 ? r : 1;
	}
	return stacks_add_labels(
		records->stacks, records->labels, count, &records->goroutine.labels);
}

static int begin_record(
	struct dump_records *records, const struct dump_header *header, const struct dump_place *at)
{
	int r = end_record(records);

	if (r < 0)
		return r;
	records->goroutine = (struct goroutine){
		.id = header->id,
		.bubble = header->bubble,
		.minutes = header->minutes,
		.flags = header->flags,
	};
	records->place = *at;
	records->end = at->end;
	records->frame_count = 0;
	records->section_count = 1;
	records->sections[0] = (struct pending_section){0};
	records->elided = records->elided_at = 0;
	records->junk_lines = 0;
	records->unavailable = records->doubtful = false;
	buf_clear(&records->text);
	r = stacks_add_state(records->stacks, header->status, &records->goroutine.state);
	if (r < 0)
		return r;
	records->opens_snapshot = dump_opens_snapshot(records);
	r = read_labels(records, header->labels);
	if (r > 0)
		return damage_record(records, "malformed labels");
	records->state = RECORD_INSIDE;
	return r;
}

static size_t keep_text(struct dump_records *records, struct str text)
{
	size_t start = records->text.len;

	buf_add(&records->text, text);
	return start;
}

// The frame at frames[frame_count] gets its function; it counts once its position is known.
static int keep_function(struct dump_records *records, struct str function)
{
	struct pending_frame *frame;

	if (records->frame_count == records->frame_capacity) {
		uint32_t capacity = records->frame_capacity ? 2 * records->frame_capacity : 64;
		struct pending_frame *frames;
		struct frame *draft;

		frames = reallocarray(records->frames, capacity, sizeof(*frames));
		if (!frames)
			return -ENOMEM;
		records->frames = frames;
		draft = reallocarray(records->draft, capacity, sizeof(*draft));
		if (!draft)
			return -ENOMEM;
		records->draft = draft;
		records->frame_capacity = capacity;
	}
	frame = &records->frames[records->frame_count];
	*frame = (struct pending_frame){.function_len = function.len};
	frame->function = keep_text(records, function);
	return 0;
}

static void keep_position(struct dump_records *records, struct pending_frame *frame,
	const struct dump_position *position)
{
	frame->file = keep_text(records, position->file);
	frame->file_len = position->file.len;
	frame->line = position->line;
	frame->offset = position->offset;
}

static struct pending_section *section(struct dump_records *records)
{
	return &records->sections[records->section_count - 1];
}

static int count_frame(struct dump_records *records)
{
	records->frame_count++;
	section(records)->count++;
	records->state = RECORD_INSIDE;
	if (section(records)->count > LIMIT_FRAMES_COUNT || records->frame_count > FRAMES_MAX)
		return damage_record(records, "too many frames");
	return 0;
}

// A line that does not belong into a record: in a dump it damages the record, in a log it is
// somebody else's, and too many of them end the record.
static int strange_line(struct dump_records *records, const char *reason)
{
	if (!in_log(records))
		return damage_record(records, reason);
	if (++records->junk_lines > JUNK_LINES_MAX)
		return end_record(records);
	return 0;
}

// A call as Go prints it. In a log the name must be one of Go's.
static bool parse_call(const struct dump_records *records, struct str line, struct str *function)
{
	return dump_function_parse(line, function) &&
	       (!in_log(records) || dump_function_is_plausible(*function));
}

// All functions of today's Go have a dot in their names, but for panic; a call without one may be
// text of somebody else.
static bool is_certain(const struct dump_records *records, struct str function)
{
	return !in_log(records) || str_find_byte(function, '.') < function.len ||
	       str_equal(function, STR("panic"));
}

static int begin_ancestor(struct dump_records *records, uint64_t id)
{
	if (records->section_count > LIMIT_ANCESTORS_COUNT)
		return damage_record(records, "too many ancestors");
	records->sections[records->section_count++] =
		(struct pending_section){.id = id, .first = records->frame_count};
	return 0;
}

static int begin_creator(struct dump_records *records, struct str function, uint64_t parent)
{
	struct pending_section *of = section(records);

	if (of->has_creator)
		return strange_line(records, "second creator");
	of->creator = (struct pending_frame){.function_len = function.len};
	of->creator.function = keep_text(records, function);
	if (records->section_count == 1)
		records->goroutine.parent = parent;
	records->state = RECORD_CREATOR;
	return 0;
}

static void note_elided(struct dump_records *records, uint32_t elided)
{
	if (records->section_count > 1)
		return;
	records->elided = elided;
	records->elided_at = records->frame_count;
}

// Lines that stand alone. 1: it was one of them.
static int lone_line(struct dump_records *records, struct str line)
{
	uint32_t elided;
	uint64_t id;
	int r;

	if (dump_is_unavailable(line)) {
		records->unavailable = true;
	} else if (dump_elided_parse(line, &elided)) {
		note_elided(records, elided);
	} else if (dump_ancestor_parse(line, &id)) {
		r = begin_ancestor(records, id);
		return r < 0 ? r : 1;
	} else if (str_starts(line, STR("non-Go function at pc=0x"))) {
		r = keep_function(records, STR("non-Go function"));
		if (r == 0)
			r = count_frame(records);
		return r < 0 ? r : 1;
	} else if (!dump_is_diagnostic(line)) {
		return 0;
	}
	return 1;
}

static int inside_line(struct dump_records *records, struct str line)
{
	struct str function;
	uint64_t parent;
	int r;

	if (!section(records)->has_creator && parse_call(records, line, &function)) {
		records->state = RECORD_POSITION;
		records->is_call = true;
		records->doubtful = !is_certain(records, function);
		return keep_function(records, function);
	}
	if (dump_creator_parse(line, &function, &parent))
		return begin_creator(records, function, parent);
	r = lone_line(records, line);
	if (r != 0)
		return r < 0 ? r : 0;
	if (line.data[0] == ' ' || line.data[0] == '\t' || section(records)->has_creator)
		return strange_line(records, "unknown line in a record");
	// A function of C has no parentheses; its position decides.
	records->state = RECORD_POSITION;
	records->is_call = false;
	records->doubtful = true;
	return keep_function(records, line);
}

// Whether a line that should have been a position is another part of the record.
static bool belongs_to_record(const struct dump_records *records, struct str line)
{
	struct str function;
	uint64_t id;

	return (parse_call(records, line, &function) && is_certain(records, function)) ||
	       dump_creator_parse(line, &function, &id) || dump_ancestor_parse(line, &id);
}

static int position_line(struct dump_records *records, struct str line)
{
	struct dump_position position;
	bool is_position = dump_position_parse(line, &position);
	int r;

	if (is_position && (records->is_call || position.pc_only)) {
		keep_position(records, &records->frames[records->frame_count], &position);
		records->junk_lines = 0;
		return count_frame(records);
	}
	if (!records->doubtful) {
		// In a log the position may come behind a line of somebody else.
		if (belongs_to_record(records, line))
			return damage_record(records, "function without position");
		return strange_line(records, "function without position");
	}
	records->state = RECORD_INSIDE;
	r = strange_line(records, "unknown line in a record");
	if (r < 0 || records->state != RECORD_INSIDE)
		return r;
	return inside_line(records, line);
}

static int creator_line(struct dump_records *records, struct str line)
{
	struct pending_section *of = section(records);
	struct dump_position position;

	if (!dump_position_parse(line, &position))
		return belongs_to_record(records, line)
			       ? damage_record(records, "creator without position")
			       : strange_line(records, "creator without position");
	keep_position(records, &of->creator, &position);
	of->has_creator = true;
	records->junk_lines = 0;
	records->state = RECORD_INSIDE;
	return 0;
}

static int malformed_header(struct dump_records *records, const struct dump_place *at)
{
	int r = end_record(records);

	if (r < 0)
		return r;
	records->place = *at;
	records->opens_snapshot = false;
	return damage_record(records, "malformed header");
}

int dump_records_line(struct dump_records *records, struct str line, const struct dump_place *at)
{
	struct dump_header header;
	int r;

	if (line.len == 0)
		return dump_records_break(records);
	if (str_starts(line, STR("goroutine "))) {
		if (dump_header_parse(line, &header))
			return begin_record(records, &header, at);
		if (!in_log(records))
			return malformed_header(records, at);
	}
	if (dump_ends_record(records, line)) {
		r = dump_records_break(records);
		if (r < 0)
			return r;
	}
	switch (records->state) {
	case RECORD_OUTSIDE:
		dump_outside_line(records, line, at);
		return 0;
	case RECORD_SKIPPING:
		return 0;
	case RECORD_INSIDE:
		r = inside_line(records, line);
		break;
	case RECORD_POSITION:
		r = position_line(records, line);
		break;
	case RECORD_CREATOR:
		r = creator_line(records, line);
		break;
	default:
		return 0;
	}
	if (records->state >= RECORD_INSIDE && records->junk_lines == 0)
		records->end = at->end;
	return r;
}

int dump_records_long_line(struct dump_records *records, const struct dump_place *at)
{
	if (records->state >= RECORD_INSIDE)
		return damage_record(records, "line longer than 64 KiB");
	if (records->state == RECORD_OUTSIDE)
		dump_outside_line(records, STR("?"), at);
	return 0;
}

static bool is_whole(const struct dump_records *records)
{
	if (records->state == RECORD_POSITION && records->doubtful && in_log(records))
		return records->sections[0].count > 0;
	return records->state == RECORD_INSIDE &&
	       (records->sections[0].count > 0 || records->unavailable ||
		       records->sections[0].has_creator);
}

int dump_records_end(struct dump_records *records, bool cut, bool mid_line)
{
	int r = 0;

	if (records->state >= RECORD_INSIDE) {
		if (!cut && !mid_line && is_whole(records)) {
			r = commit_record(records);
		} else {
			r = open_snapshot(records, records->opens_snapshot);
			cut = true;
			leave_record(records, false);
		}
	}
	if ((cut || mid_line) && records->snapshot)
		records->snapshot->cut = true;
	return r;
}

void dump_records_mark_cut(struct dump_records *records)
{
	if (records->snapshot)
		records->snapshot->cut = true;
}

bool dump_records_at_boundary(const struct dump_records *records)
{
	return records->state == RECORD_OUTSIDE && records->snapshot && !records->junk;
}
