// SPDX-License-Identifier: Apache-2.0
// The lines that profiles in text form (debug=1) are made of.
#include "runtime/profile_line.h"

#include "runtime/quoted.h"

static struct str skip_spaces(struct str text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = str_skip(text, 1);
	return text;
}

// What stands before the next space or tab; taken off `text` with the spaces behind it.
static struct str take_word(struct str *text)
{
	size_t len = 0;
	struct str word;

	while (len < text->len && text->data[len] != ' ' && text->data[len] != '\t')
		len++;
	word = str_head(*text, len);
	*text = skip_spaces(str_skip(*text, len));
	return word;
}

static bool take_prefix(struct str *text, struct str prefix)
{
	if (!str_starts(*text, prefix))
		return false;
	*text = str_skip(*text, prefix.len);
	return true;
}

static bool address_parse(struct str word, uint64_t *address)
{
	return take_prefix(&word, STR("0x")) && str_hex_to_u64(word, address);
}

static enum profile count_profile(struct str name)
{
	if (str_equal(name, STR("goroutine")))
		return PROFILE_GOROUTINE;
	if (str_equal(name, STR("goroutineleak")))
		return PROFILE_GOROUTINELEAK;
	if (str_equal(name, STR("threadcreate")))
		return PROFILE_THREADCREATE;
	return PROFILE_OTHER;
}

// Any word may be the name: programs register profiles of their own.
static bool count_header_parse(struct str line, struct profile_header *header)
{
	struct str name = take_word(&line);

	if (name.len == 0 || !take_prefix(&line, STR("profile: total ")))
		return false;
	*header = (struct profile_header){
		.profile = count_profile(name), .form = ROW_COUNT, .has_total = true};
	return str_to_u64(line, INT64_MAX, &header->total);
}

struct heap_figures {
	int64_t objects, bytes; // in use
	int64_t all_objects, all_bytes; // since the start of the process
};

static bool heap_pair_parse(struct str text, int64_t *objects, int64_t *bytes)
{
	size_t colon = str_find_byte(text, ':');

	return colon < text.len && str_to_i64(str_trim(str_head(text, colon)), objects) &&
	       str_to_i64(str_trim(str_skip(text, colon + 1)), bytes);
}

static bool heap_figures_parse(struct str text, struct heap_figures *figures)
{
	struct str in_use = str_cut(&text, '[');
	size_t end = str_find_byte(text, ']');

	return end < text.len && str_trim(str_skip(text, end + 1)).len == 0 &&
	       heap_pair_parse(in_use, &figures->objects, &figures->bytes) &&
	       heap_pair_parse(str_head(text, end), &figures->all_objects, &figures->all_bytes);
}

// The number behind "heap/" is twice the sampling rate, for the sake of older readers.
static bool heap_header_parse(struct str line, struct profile_header *header)
{
	struct heap_figures figures;
	struct str before;
	uint64_t rate = 0;

	if (!take_prefix(&line, STR("heap profile:")))
		return false;
	before = str_cut(&line, '@');
	if (!heap_figures_parse(before, &figures))
		return false;
	line = str_trim(line);
	if (take_prefix(&line, STR("heap/")) && !str_to_u64(line, INT64_MAX, &rate))
		return false;
	*header = (struct profile_header){.profile = PROFILE_HEAP,
		.form = ROW_HEAP,
		.has_total = figures.objects >= 0,
		.total = (uint64_t)figures.objects,
		.heap_rate = (int64_t)rate / 2};
	return true;
}

bool profile_header_parse(struct str line, struct profile_header *header)
{
	static const struct profile_header block = {PROFILE_BLOCK, ROW_CONTENTION};
	static const struct profile_header mutex = {PROFILE_MUTEX, ROW_CONTENTION};
	static const struct profile_header foreign = {PROFILE_OTHER, ROW_CONTENTION};

	if (str_equal(line, STR("--- contention:")))
		*header = block;
	else if (str_equal(line, STR("--- mutex:")))
		*header = mutex;
	else if (str_starts(line, STR("--- contention"))) // programs in C++
		*header = foreign;
	else
		return heap_header_parse(line, header) || count_header_parse(line, header);
	return true;
}

static bool addresses_parse(struct str text, struct profile_row *row)
{
	text = skip_spaces(text);
	while (text.len > 0) {
		if (row->address_count == LIMIT_FRAMES_COUNT)
			return false;
		row->second_last_address = row->last_address;
		if (!address_parse(take_word(&text), &row->last_address))
			return false;
		row->address_count++;
	}
	return true;
}

static bool figures_parse(struct str text, enum row_form form, struct profile_row *row)
{
	struct heap_figures figures;
	struct str cycles;

	text = str_trim(text);
	switch (form) {
	case ROW_COUNT:
		return str_to_i64(text, &row->count);
	case ROW_CONTENTION:
		cycles = take_word(&text);
		return str_to_i64(cycles, &row->value) && str_to_i64(text, &row->count);
	case ROW_HEAP:
		if (!heap_figures_parse(text, &figures))
			return false;
		row->count = figures.objects;
		row->value = figures.bytes;
		return true;
	}
	return false;
}

bool profile_row_parse(struct str line, enum row_form form, struct profile_row *row)
{
	size_t at = str_find_byte(line, '@');

	*row = (struct profile_row){0};
	return at < line.len && figures_parse(str_head(line, at), form, row) &&
	       addresses_parse(str_skip(line, at + 1), row);
}

// Where the column of the function ends: at a tab, or, when an editor made spaces of the tabs
// (names of functions may hold spaces), behind the offset.
static size_t function_end(struct str columns)
{
	size_t end = str_find_byte(columns, '\t');
	size_t mark;

	if (end < columns.len)
		return end;
	mark = str_find(columns, STR("+0x"));
	if (mark == columns.len)
		return columns.len;
	return mark + str_find_byte(str_skip(columns, mark), ' ');
}

static bool function_parse(struct str column, struct frame *frame)
{
	uint64_t offset;
	size_t plus;

	column = str_trim(column);
	plus = str_find_last_byte(column, '+');
	if (plus == 0 || plus >= column.len || !address_parse(str_skip(column, plus + 1), &offset))
		return false;
	frame->function = str_head(column, plus);
	frame->offset = offset <= UINT32_MAX ? (uint32_t)offset : 0;
	return true;
}

// The last colon: a path on Windows has one of its own.
static bool position_parse(struct str column, struct frame *frame)
{
	size_t colon = str_find_last_byte(column, ':');
	uint64_t number;

	if (colon == column.len || !str_to_u64(str_skip(column, colon + 1), UINT32_MAX, &number))
		return false;
	frame->file = str_head(column, colon);
	frame->line = (uint32_t)number;
	return true;
}

const char *profile_frame_parse(struct str line, struct profile_frame *frame)
{
	size_t end;

	*frame = (struct profile_frame){.frame = {.function = STR_EMPTY, .file = STR_EMPTY}};
	line = skip_spaces(str_skip(line, 1));
	if (!address_parse(take_word(&line), &frame->address))
		return "frame without address";
	line = str_trim(line);
	if (line.len == 0)
		return NULL;
	end = function_end(line);
	if (!function_parse(str_head(line, end), &frame->frame))
		return "frame without offset";
	if (!position_parse(str_trim(str_skip(line, end)), &frame->frame))
		return "frame without position";
	return NULL;
}

// What follows a backslash. Go writes a byte that is no UTF-8 as \xHH.
static bool escape_take(struct str *text, struct buf *out)
{
	struct str hex;
	uint64_t value;

	if (!str_starts(*text, STR("x")))
		return quoted_escape(text, out);
	hex = str_head(str_skip(*text, 1), 2);
	if (hex.len < 2 || !str_hex_to_u64(hex, &value))
		return false;
	buf_add_byte(out, (char)value);
	*text = str_skip(*text, 3);
	return true;
}

bool profile_quoted_take(struct str *text, struct buf *out)
{
	if (!take_prefix(text, STR("\"")))
		return false;
	while (text->len > 0) {
		char byte = text->data[0];

		*text = str_skip(*text, 1);
		if (byte == '"')
			return true;
		if (byte != '\\')
			buf_add_byte(out, byte);
		else if (!escape_take(text, out))
			return false;
	}
	return false;
}
