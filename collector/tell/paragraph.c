// SPDX-License-Identifier: Apache-2.0
// Lines of text for a terminal.
#include "collector/tell/paragraph.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"

#include <string.h>

#define WORDS_MAX KIB(256)

uint32_t text_columns(struct str text)
{
	uint32_t columns = 0;

	for (size_t i = 0; i < text.len; i++)
		columns += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return columns;
}

static void pass_failure(struct buf *out, const struct buf *part)
{
	if (buf_failed(part) < 0 && !out->failed)
		out->failed = buf_failed(part);
}

static const char *ink_code(enum ink ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "",
		[INK_BOLD] = "\x1b[1m",
		[INK_SOFT] = "\x1b[2m",
		[INK_GOOD] = "\x1b[1;32m",
		[INK_WARNING] = "\x1b[1;33m",
		[INK_BAD] = "\x1b[1;31m",
	};

	return codes[ink];
}

static void add_ink(struct paragraph *paragraph, enum ink ink, struct str escaped)
{
	bool coloured = paragraph->colour && ink != INK_PLAIN && escaped.len > 0;

	if (coloured)
		buf_add_text(paragraph->out, ink_code(ink));
	buf_add(paragraph->out, escaped);
	if (coloured)
		buf_add_text(paragraph->out, "\x1b[0m");
}

void paragraph_ink(struct paragraph *paragraph, enum ink ink, struct str text)
{
	cleanup(buf_release) struct buf escaped = BUF_INIT(WORDS_MAX);

	escape_terminal(&escaped, text);
	add_ink(paragraph, ink, buf_str(&escaped));
	pass_failure(paragraph->out, &escaped);
}

void paragraph_end(struct paragraph *paragraph)
{
	buf_add_byte(paragraph->out, '\n');
	paragraph->lines++;
}

static void add_indent(struct paragraph *paragraph, uint32_t count)
{
	while (count-- > 0)
		buf_add_byte(paragraph->out, ' ');
}

static void add_label(struct paragraph *paragraph, const char *label, uint32_t indent)
{
	uint32_t len = (uint32_t)strlen(label);

	add_ink(paragraph, INK_SOFT, str_of(label));
	add_indent(paragraph, len < indent ? indent - len : len > 0);
}

static uint32_t room_for(const struct paragraph *paragraph, uint32_t indent)
{
	return paragraph->columns > indent + 20 ? paragraph->columns - indent : 20;
}

// Takes as many words as fit off `text`.
static struct str take_line(struct str *text, uint32_t room)
{
	size_t end = 0, next = 0;

	while (next < text->len) {
		size_t word = next + str_find_byte(str_skip(*text, next), ' ');

		if (end > 0 && text_columns(str_head(*text, word)) > room)
			break;
		end = word;
		next = word + 1;
	}
	{
		struct str line = str_head(*text, end);

		*text = str_skip(*text, end < text->len ? end + 1 : end);
		while (line.len > 0 && line.data[line.len - 1] == ' ')
			line.len--;
		return line;
	}
}

void paragraph_write(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str text)
{
	cleanup(buf_release) struct buf escaped = BUF_INIT(WORDS_MAX);
	uint32_t room = room_for(paragraph, indent);
	struct str rest;

	if (text.len == 0)
		return;
	escape_terminal(&escaped, text);
	rest = buf_str(&escaped);
	add_label(paragraph, label, indent);
	while (rest.len > 0) {
		cleanup(buf_release) struct buf line = BUF_INIT(WORDS_MAX);

		escape_terminal_short(&line, take_line(&rest, room), room);
		add_ink(paragraph, ink, buf_str(&line));
		paragraph_end(paragraph);
		if (rest.len > 0)
			add_indent(paragraph, indent);
		pass_failure(paragraph->out, &line);
	}
	pass_failure(paragraph->out, &escaped);
}

// The bytes of `line`, which is a part of `whole`, that belong to its first `len` bytes.
static size_t bytes_of_lead(struct str whole, size_t len, struct str line)
{
	size_t begin = (size_t)(line.data - whole.data);

	if (begin >= len)
		return 0;
	return len - begin < line.len ? len - begin : line.len;
}

void paragraph_lead(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str lead, struct str text)
{
	cleanup(buf_release) struct buf escaped = BUF_INIT(WORDS_MAX);
	uint32_t room = room_for(paragraph, indent);
	struct str whole, rest;
	size_t lead_len;

	escape_terminal(&escaped, lead);
	lead_len = escaped.len;
	escape_terminal(&escaped, text);
	whole = rest = buf_str(&escaped);
	add_label(paragraph, label, indent);
	while (rest.len > 0) {
		cleanup(buf_release) struct buf end = BUF_INIT(WORDS_MAX);
		struct str line = take_line(&rest, room);
		size_t inked = bytes_of_lead(whole, lead_len, line);
		uint32_t taken = text_columns(str_head(line, inked));

		add_ink(paragraph, ink, str_head(line, inked));
		escape_terminal_short(
			&end, str_skip(line, inked), taken + 5 < room ? room - taken : 5);
		buf_add(paragraph->out, buf_str(&end));
		paragraph_end(paragraph);
		if (rest.len > 0)
			add_indent(paragraph, indent);
		pass_failure(paragraph->out, &end);
	}
	pass_failure(paragraph->out, &escaped);
}

// The part before the last ", " or "; " that fits, when it fills half of the line; else all.
static struct str cut_at_part(struct str text, uint32_t room)
{
	size_t best = text.len;

	for (size_t i = 0; i + 1 < text.len; i++) {
		if ((text.data[i] != ',' && text.data[i] != ';') || text.data[i + 1] != ' ')
			continue;
		if (2 * i > room && text_columns(str_head(text, i)) <= room)
			best = i;
	}
	return str_head(text, best);
}

void paragraph_line(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str text)
{
	cleanup(buf_release) struct buf escaped = BUF_INIT(WORDS_MAX);
	cleanup(buf_release) struct buf line = BUF_INIT(WORDS_MAX);
	uint32_t room = room_for(paragraph, indent);
	struct str shown;

	escape_terminal(&escaped, text);
	shown = buf_str(&escaped);
	if (text_columns(shown) > room)
		shown = cut_at_part(shown, room);
	escape_terminal_short(&line, shown, room);
	add_label(paragraph, label, indent);
	add_ink(paragraph, ink, buf_str(&line));
	paragraph_end(paragraph);
	pass_failure(paragraph->out, &escaped);
	pass_failure(paragraph->out, &line);
}
