// SPDX-License-Identifier: Apache-2.0
// Profiles as text (debug=1).
//
// A record is a row, perhaps a line of labels, frames, and a blank line. A line that fits nowhere
// spoils the record it stands in; what follows up to the next blank line or row goes with it.
#include "runtime/profile_text.h"

#include "runtime/lines.h"
#include "runtime/profile_line.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// So many frames from the leaf tell what a goroutine waits for.
#define LEAF_FRAMES_COUNT 8

struct record {
	bool open;
	const char *spoiled; // why, or NULL
	uint64_t offset, line;
	struct profile_row row;
	uint64_t root_address; // of the last frame
	uint64_t previous_root; // last address of the row before; 0: none
	struct frame *frames; // strings are the table's
	uint32_t frame_count, frame_capacity;
	struct label labels[LIMIT_LABELS_COUNT]; // likewise
	uint32_t label_count;
};

struct profile_text_reader {
	struct stacks *stacks;
	struct lines lines;
	struct snapshot_list found;
	struct snapshot *current; // NULL before the first header
	struct profile_header header;
	bool trailer; // behind the rows: runtime.MemStats, a memory map
	uint64_t rows_sum; // of the counts as printed
	bool has_frames; // some record of this profile has
	struct record record;
	struct buf scratch; // one string of a label
	int result; // the first failure, for good
};

struct profile_text_reader *profile_text_reader_new(struct stacks *stacks)
{
	struct profile_text_reader *reader = calloc(1, sizeof *reader);

	if (!reader)
		return NULL;
	reader->stacks = stacks;
	reader->lines = LINES_INIT;
	reader->scratch = BUF_INIT(LIMIT_LINE);
	return reader;
}

void profile_text_reader_free(struct profile_text_reader **reader)
{
	if (!*reader)
		return;
	lines_release(&(*reader)->lines);
	snapshot_list_release(&(*reader)->found);
	snapshot_free(&(*reader)->current);
	buf_release(&(*reader)->scratch);
	free((*reader)->record.frames);
	free(*reader);
	*reader = NULL;
}

// Heap profiles hold one allocation of about `rate` bytes; an allocation of size s is in it with
// probability 1 - e^(-s/rate).
static void scale_heap(const struct profile_row *row, int64_t rate, struct sample *sample)
{
	double scale;

	if (rate <= 1 || row->count <= 0 || row->value <= 0)
		return;
	scale = 1 / -expm1(-((double)row->value / (double)row->count) / (double)rate);
	if ((double)row->count * scale < 0x1p62 && (double)row->value * scale < 0x1p62) {
		sample->count = (int64_t)((double)row->count * scale);
		sample->value = (int64_t)((double)row->value * scale);
	}
}

static int64_t cycles_to_ns(int64_t cycles, double cycles_per_s)
{
	double ns = (double)cycles / (cycles_per_s / 1e9);

	return cycles_per_s > 0 && fabs(ns) < 0x1p63 ? (int64_t)ns : cycles;
}

// Frames print the address of the call, rows mostly the one behind it.
static bool is_root(const struct record *record, uint64_t address)
{
	return record->frame_count > 0 &&
	       (address == record->root_address || address == record->root_address + 1);
}

// Stacks are recorded down to 32 (Go <= 1.22) or 128 addresses. The outermost of a whole one is
// runtime.goexit, which is never printed as a frame.
static bool root_was_cut(const struct record *record)
{
	const struct profile_row *row = &record->row;

	return (row->address_count == 32 || row->address_count == 128) &&
	       is_root(record, row->last_address);
}

static uint16_t leaf_state(const struct record *record)
{
	struct str functions[LEAF_FRAMES_COUNT];
	size_t count = 0;

	while (count < record->frame_count && count < LEAF_FRAMES_COUNT) {
		functions[count] = record->frames[count].function;
		count++;
	}
	return state_from_frames(functions, count);
}

static int add_sample(struct profile_text_reader *reader)
{
	struct record *record = &reader->record;
	struct trace_draft draft = {
		.frames = record->frames,
		.frame_count = record->frame_count,
		.root_cut = root_was_cut(record),
	};
	struct sample sample = {
		.count = record->row.count, .value = record->row.value, .state = STATE_UNKNOWN};
	const struct trace *trace;
	int r;

	r = stacks_add_trace(reader->stacks, &draft, &trace);
	if (r < 0)
		return r;
	r = stacks_add_labels(reader->stacks, record->labels, record->label_count, &sample.labels);
	if (r < 0)
		return r;
	sample.trace = trace->index;
	switch (reader->header.form) {
	case ROW_COUNT:
		sample.state = leaf_state(record);
		break;
	case ROW_CONTENTION:
		sample.value = cycles_to_ns(sample.value, reader->current->cycles_per_s);
		break;
	case ROW_HEAP:
		scale_heap(&record->row, reader->header.heap_rate, &sample);
		break;
	}
	if (record->row.count > 0)
		reader->rows_sum += (uint64_t)record->row.count;
	return snapshot_add_sample(reader->current, &sample);
}

static int end_record(struct profile_text_reader *reader)
{
	struct record *record = &reader->record;

	if (!record->open)
		return 0;
	record->open = false;
	if (!record->spoiled)
		return add_sample(reader);
	snapshot_add_damage(reader->current, record->offset, record->line, record->spoiled);
	return 0;
}

static void begin_record(struct profile_text_reader *reader, const struct line *line)
{
	struct record *record = &reader->record;

	record->open = true;
	record->spoiled = NULL;
	record->offset = line->offset;
	record->line = line->number;
	record->frame_count = 0;
	record->label_count = 0;
	record->root_address = 0;
	record->previous_root = record->row.last_address;
}

// Whether all goroutines that the header promises were seen.
static bool complete(const struct profile_text_reader *reader)
{
	return reader->header.has_total && reader->rows_sum >= reader->header.total;
}

static int end_snapshot(struct profile_text_reader *reader, uint64_t offset)
{
	struct snapshot *snapshot = reader->current;
	int r;

	if (!snapshot)
		return 0;
	r = end_record(reader);
	if (r < 0)
		return r;
	snapshot->end_offset = offset;
	snapshot->total = reader->header.has_total ? reader->header.total : reader->rows_sum;
	if (reader->header.has_total && !complete(reader) && snapshot->skipped == 0)
		snapshot->cut = true;
	r = snapshot_list_add(&reader->found, snapshot);
	if (r == 0)
		reader->current = NULL;
	return r;
}

static int begin_snapshot(struct profile_text_reader *reader, const struct line *line,
	const struct profile_header *header)
{
	int r = end_snapshot(reader, line->offset);

	if (r < 0)
		return r;
	if (reader->found.count >= LIMIT_SNAPSHOTS_COUNT)
		return -EFBIG;
	reader->current = snapshot_new(header->profile, SOURCE_DEBUG1, reader->stacks);
	if (!reader->current)
		return -ENOMEM;
	reader->current->offset = line->offset;
	reader->current->sampling_period = -1;
	reader->current->cut = line->unfinished; // its total may have lost digits
	reader->header = *header;
	reader->rows_sum = 0;
	reader->has_frames = false;
	reader->record.row = (struct profile_row){0};
	reader->trailer = false;
	return 0;
}

static int add_string(struct profile_text_reader *reader, struct str *text, const char **wrong,
	struct str *ret_string)
{
	int r;

	buf_clear(&reader->scratch);
	if (!profile_quoted_take(text, &reader->scratch)) {
		*wrong = "labels that do not parse";
		return 0;
	}
	r = buf_failed(&reader->scratch);
	if (r < 0)
		return r;
	return stacks_add_str(reader->stacks, buf_str(&reader->scratch), ret_string);
}

static bool take(struct str *text, struct str prefix)
{
	if (!str_starts(*text, prefix))
		return false;
	*text = str_skip(*text, prefix.len);
	return true;
}

// {"k":"v", "k2":"v2"}
static int read_labels(struct profile_text_reader *reader, struct str text)
{
	struct record *record = &reader->record;
	int r;

	if (!take(&text, STR("{")))
		goto broken;
	while (!take(&text, STR("}"))) {
		struct label *label = &record->labels[record->label_count];

		if (record->label_count == LIMIT_LABELS_COUNT) {
			record->spoiled = "too many labels";
			return 0;
		}
		if (record->label_count > 0 && !take(&text, STR(", ")))
			goto broken;
		r = add_string(reader, &text, &record->spoiled, &label->key);
		if (r < 0 || record->spoiled)
			return r;
		if (!take(&text, STR(":")))
			goto broken;
		r = add_string(reader, &text, &record->spoiled, &label->value);
		if (r < 0 || record->spoiled)
			return r;
		record->label_count++;
	}
	if (str_trim(text).len == 0)
		return 0;
broken:
	record->spoiled = "labels that do not parse";
	return 0;
}

static int grow_frames(struct record *record)
{
	uint32_t capacity = record->frame_capacity ? record->frame_capacity * 2 : 32;
	struct frame *frames;

	if (record->frame_count < record->frame_capacity)
		return 0;
	frames = reallocarray(record->frames, capacity, sizeof *frames);
	if (!frames)
		return -ENOMEM;
	record->frames = frames;
	record->frame_capacity = capacity;
	return 0;
}

static int read_frame(struct profile_text_reader *reader, struct str line)
{
	struct record *record = &reader->record;
	struct profile_frame read;
	struct frame *frame;
	int r;

	record->spoiled = profile_frame_parse(line, &read);
	if (record->spoiled || read.frame.function.len == 0)
		return 0;
	if (record->frame_count == LIMIT_FRAMES_COUNT) {
		record->spoiled = "too many frames";
		return 0;
	}
	r = grow_frames(record);
	if (r < 0)
		return r;
	frame = &record->frames[record->frame_count++];
	*frame = read.frame;
	record->root_address = read.address;
	reader->has_frames = true;
	r = stacks_add_str(reader->stacks, read.frame.function, &frame->function);
	if (r < 0)
		return r;
	return stacks_add_str(reader->stacks, read.frame.file, &frame->file);
}

// "cycles/second=2000021259", "sampling period=5"; C++ puts spaces around the sign and has more.
static bool read_setting(struct profile_text_reader *reader, struct str line)
{
	struct str name = str_trim(str_cut(&line, '='));
	double cycles_per_s;
	int64_t period;

	line = str_trim(line);
	if (line.len == 0)
		return false;
	if (str_equal(name, STR("cycles/second"))) {
		if (!str_to_double(line, &cycles_per_s) || !(cycles_per_s >= 0) ||
			isinf(cycles_per_s))
			return false;
		reader->current->cycles_per_s = cycles_per_s;
	} else if (str_equal(name, STR("sampling period"))) {
		if (!str_to_i64(line, &period))
			return false;
		reader->current->sampling_period = period;
	}
	return true;
}

static bool starts_trailer(struct str line)
{
	return str_starts(line, STR("# runtime.MemStats")) || str_starts(line, STR("--- ")) ||
	       str_equal(line, STR("MAPPED_LIBRARIES:"));
}

static int read_comment(struct profile_text_reader *reader, struct str line)
{
	if (!reader->record.open || reader->record.spoiled)
		return 0;
	if (str_starts(line, STR("# labels: ")))
		return read_labels(reader, str_skip(line, strlen("# labels: ")));
	return read_frame(reader, line);
}

// Neither header, row, comment nor blank.
static int read_other(struct profile_text_reader *reader, const struct line *line)
{
	bool preamble = reader->header.form == ROW_CONTENTION && !reader->record.open &&
			reader->current->sample_count == 0;

	if (preamble && read_setting(reader, line->text))
		return 0;
	if (!reader->record.open && complete(reader))
		return end_snapshot(reader, line->offset);
	if (!reader->record.open)
		begin_record(reader, line);
	if (!reader->record.spoiled)
		reader->record.spoiled = "line that belongs to no profile";
	return 0;
}

static int read_row(
	struct profile_text_reader *reader, const struct line *line, const struct profile_row *row)
{
	int r = end_record(reader);

	begin_record(reader, line);
	reader->record.row = *row;
	return r;
}

// A row's line that is damaged spoils what follows it, but never what stood before.
static bool looks_like_row(struct str line)
{
	line = str_trim(line);
	return line.len > 0 &&
	       ((line.data[0] >= '0' && line.data[0] <= '9') || line.data[0] == '-') &&
	       str_find(line, STR(" @")) < line.len;
}

static int read_broken_row(struct profile_text_reader *reader, const struct line *line)
{
	int r = end_record(reader);

	begin_record(reader, line);
	reader->record.spoiled = "row that does not parse";
	return r;
}

static int read_line(struct profile_text_reader *reader, const struct line *line)
{
	struct profile_header header;
	struct profile_row row;

	if (!line->too_long && profile_header_parse(line->text, &header))
		return begin_snapshot(reader, line, &header);
	if (!reader->current || reader->trailer)
		return 0;
	if (str_trim(line->text).len == 0)
		return end_record(reader);
	if (line->too_long)
		return read_other(reader, line);
	if (starts_trailer(line->text)) {
		reader->trailer = true;
		return end_record(reader);
	}
	if (line->text.data[0] == '#')
		return read_comment(reader, line->text);
	if (profile_row_parse(line->text, reader->header.form, &row))
		return read_row(reader, line, &row);
	if (looks_like_row(line->text))
		return read_broken_row(reader, line);
	return read_other(reader, line);
}

// Whether the record at hand goes down to its root, with no blank line to say so: to the outermost
// address or the one before it (runtime.goexit has no frame), or it is nothing but runtime.goexit,
// which the row before it ended with, or no record of this profile has frames.
static bool has_all_frames(const struct profile_text_reader *reader)
{
	const struct record *record = &reader->record;

	if (record->frame_count > 0)
		return is_root(record, record->row.last_address) ||
		       is_root(record, record->row.second_last_address);
	return !reader->has_frames || record->row.last_address == record->previous_root;
}

// The input ends inside a record when neither a blank line closes it nor its stack is whole.
// Editors and copying lose the last line feed of a whole profile: then the counts add up.
static void judge_last_record(struct profile_text_reader *reader, bool unfinished)
{
	struct record *record = &reader->record;

	if (!record->open || (record->spoiled && !unfinished))
		return;
	if (!record->spoiled && has_all_frames(reader) &&
		(!unfinished || (reader->header.has_total && record->row.count >= 0 &&
					reader->rows_sum + (uint64_t)record->row.count ==
						reader->header.total)))
		return;
	record->spoiled = "ends in the middle";
	reader->current->cut = true;
}

static int fail(struct profile_text_reader *reader, int result)
{
	if (result < 0 && reader->result == 0) {
		reader->result = result;
		if (reader->current)
			reader->current->cut = true;
	}
	return result;
}

int profile_text_reader_feed(struct profile_text_reader *reader, const void *data, size_t len)
{
	struct str input = {.data = data, .len = len};
	struct line line;
	int r;

	if (reader->result < 0)
		return reader->result;
	while ((r = lines_next(&reader->lines, &input, &line)) > 0) {
		r = read_line(reader, &line);
		if (r < 0)
			return fail(reader, r);
	}
	return fail(reader, r);
}

static int end_input(struct profile_text_reader *reader)
{
	struct line line;
	bool unfinished = lines_last(&reader->lines, &line);
	int r;

	if (unfinished) {
		r = read_line(reader, &line);
		if (r < 0)
			return r;
	}
	if (reader->current)
		judge_last_record(reader, unfinished);
	return end_snapshot(reader, reader->lines.offset);
}

int profile_text_reader_finish(struct profile_text_reader *reader, struct snapshot_list *list)
{
	int r;

	if (reader->result < 0 && reader->result != -EFBIG)
		return reader->result;
	if (reader->result < 0) { // at a limit: what was read until then
		reader->record.open = false;
		r = end_snapshot(reader, reader->lines.offset);
	} else {
		r = end_input(reader);
	}
	if (r < 0)
		return fail(reader, r);
	*list = reader->found;
	reader->found = (struct snapshot_list){0};
	return 0;
}
