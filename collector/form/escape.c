// SPDX-License-Identifier: Apache-2.0
// Escaping: one walk over the characters, one small function a sink that writes each of them.
#include "collector/form/escape.h"

#include "base/utf8.h"

// Writes one character: its bytes and its code point, or -1 and one byte that is no UTF-8.
typedef void put(struct buf *out, struct str bytes, int32_t code);

static void walk(struct buf *out, struct str text, put *put_character)
{
	while (text.len > 0) {
		struct str rest = text;
		int32_t code = utf8_next(&rest);

		put_character(out, str_head(text, text.len - rest.len), code);
		text = rest;
	}
}

static bool put_hidden(struct buf *out, struct str bytes, int32_t code)
{
	if (code == '\n')
		buf_add_text(out, "\\n");
	else if (code == '\r')
		buf_add_text(out, "\\r");
	else if (code == '\t')
		buf_add_text(out, "\\t");
	else if (code < 0x80 && (code < 0 || utf8_is_hidden(code)))
		buf_printf(out, "\\x%02x", (unsigned char)bytes.data[0]);
	else if (utf8_is_hidden(code))
		buf_printf(out, "\\u{%04X}", (unsigned)code);
	else
		return false;
	return true;
}

static void put_terminal(struct buf *out, struct str bytes, int32_t code)
{
	if (!put_hidden(out, bytes, code))
		buf_add(out, bytes);
}

void escape_terminal(struct buf *out, struct str text)
{
	walk(out, text, put_terminal);
}

// Characters of text that has been escaped, so that each is shown.
static size_t count_characters(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}

static size_t position_of(struct str text, size_t characters)
{
	size_t i = 0;

	for (; i < text.len; i++)
		if (((unsigned char)text.data[i] & 0xc0) != 0x80 && characters-- == 0)
			break;
	return i;
}

void escape_terminal_short(struct buf *out, struct str text, size_t columns)
{
	struct buf whole = BUF_INIT(out->max);
	struct str shown;
	size_t count, head, tail;

	escape_terminal(&whole, text);
	if (buf_failed(&whole))
		buf_add_buf(out, &whole);
	shown = buf_str(&whole);
	count = count_characters(shown);
	if (count <= columns || columns < 5) {
		buf_add(out, str_head(shown, position_of(shown, columns)));
	} else {
		head = (columns - 3) / 2;
		tail = columns - 3 - head;
		buf_add(out, str_head(shown, position_of(shown, head)));
		buf_add_text(out, "...");
		buf_add(out, str_skip(shown, position_of(shown, count - tail)));
	}
	buf_release(&whole);
}

static const char *markup_entity(int32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static void put_html(struct buf *out, struct str bytes, int32_t code)
{
	const char *entity = markup_entity(code);

	if (entity)
		buf_add_text(out, entity);
	else if (code == '`') // ends attribute values in old browsers
		buf_add_text(out, "&#96;");
	else if (code == '\n' || code == '\t' || !put_hidden(out, bytes, code))
		buf_add(out, bytes);
}

void escape_html(struct buf *out, struct str text)
{
	walk(out, text, put_html);
}

static void put_xml(struct buf *out, struct str bytes, int32_t code)
{
	const char *entity = markup_entity(code);

	if (entity)
		buf_add_text(out, entity);
	else if (code == '\n' || code == '\t') // as they are, attribute values would lose them
		buf_printf(out, "&#%d;", code);
	else if (code == 0xfffe || code == 0xffff) // no characters in XML 1.0
		buf_printf(out, "\\u{%04X}", (unsigned)code);
	else if (!put_hidden(out, bytes, code))
		buf_add(out, bytes);
}

void escape_xml(struct buf *out, struct str text)
{
	walk(out, text, put_xml);
}

static void put_json(struct buf *out, struct str bytes, int32_t code)
{
	if (code < 0)
		buf_add_text(out, "\\ufffd");
	else if (code == '"' || code == '\\')
		buf_printf(out, "\\%c", (char)code);
	else if (code == '\n')
		buf_add_text(out, "\\n");
	else if (code == '<' || code == '>' || code == '&' || utf8_is_hidden(code))
		buf_printf(out, "\\u%04x", (unsigned)code);
	else
		buf_add(out, bytes);
}

void escape_json(struct buf *out, struct str text)
{
	walk(out, text, put_json);
}

static void put_markdown(struct buf *out, struct str bytes, int32_t code)
{
	static const struct str special = STR("\\`*_{}[]()#+-.!|~$@:");
	const char *entity = code == '"' || code == '\'' ? NULL : markup_entity(code);

	if (entity) {
		buf_add_text(out, entity);
	} else if (code >= 0 && code < 0x80 && code != 0 &&
		   str_find_byte(special, (char)code) < special.len) {
		buf_add_byte(out, '\\');
		buf_add(out, bytes);
	} else if (put_hidden(out, bytes, code)) {
		return;
	} else {
		buf_add(out, bytes);
	}
}

void escape_markdown(struct buf *out, struct str text)
{
	walk(out, text, put_markdown);
}

static size_t longest_run(struct str text, char byte)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < text.len; i++) {
		run = text.data[i] == byte ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}

// In a table cell a "|" ends a code span and outside of one "\|" shows its backslash: a box line
// (U+2502) reads the same and is right in both places.
static void put_code(struct buf *out, struct str bytes, int32_t code)
{
	if (code == '|')
		buf_add_text(out, "\xe2\x94\x82");
	else
		put_terminal(out, bytes, code);
}

void escape_markdown_code(struct buf *out, struct str text)
{
	size_t ticks = longest_run(text, '`') + 1;
	const char *space = text.len == 0 || ticks > 1 ? " " : "";

	for (size_t i = 0; i < ticks; i++)
		buf_add_byte(out, '`');
	buf_add_text(out, space);
	walk(out, text, put_code);
	buf_add_text(out, space);
	for (size_t i = 0; i < ticks; i++)
		buf_add_byte(out, '`');
}
