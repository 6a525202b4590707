// SPDX-License-Identifier: Apache-2.0
// Prefixes and quoted text around the lines of a dump.
#include "runtime/unwrap.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "runtime/dump_line.h"
#include "runtime/quoted.h"

#include <string.h>

// Docker cuts lines at 16 KiB, go test at 4: shorter text without an end is whole.
#define PARTIAL_MIN 1024

void unwrap_start(struct unwrap *unwrap, struct unwrap_sink sink)
{
	*unwrap = (struct unwrap){.sink = sink, .held = BUF_INIT(LIMIT_LINE + 8), .wall_ms = -1};
	for (size_t i = 0; i < UNWRAP_DEPTH_COUNT; i++)
		unwrap->quoted[i].text = BUF_INIT(LIMIT_LINE + 8);
}

void unwrap_release(struct unwrap *unwrap)
{
	buf_release(&unwrap->held);
	for (size_t i = 0; i < UNWRAP_DEPTH_COUNT; i++)
		buf_release(&unwrap->quoted[i].text);
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

static size_t word_length(struct str text)
{
	size_t len = 0;

	while (len < text.len && !is_blank(text.data[len]))
		len++;
	return len;
}

static size_t blank_length(struct str text)
{
	size_t len = 0;

	while (len < text.len && is_blank(text.data[len]))
		len++;
	return len;
}

// A word whose digits change from line to line: a time of day, a date, or nothing but digits.
static bool is_time(struct str word)
{
	bool only_digits = word.len > 0;

	for (size_t i = 0; i < word.len; i++) {
		const char *at = word.data + i;
		size_t left = word.len - i;

		only_digits &= is_digit(*at);
		if (left >= 5 && is_digit(at[0]) && is_digit(at[1]) && at[2] == ':' &&
			is_digit(at[3]) && is_digit(at[4]))
			return true;
		if (left >= 7 && is_digit(at[0]) && is_digit(at[3]) &&
			(at[4] == '-' || at[4] == '/') && is_digit(at[5]) && is_digit(at[6]))
			return true;
	}
	return only_digits;
}

static size_t digits_length(struct str text)
{
	size_t len = 0;

	while (len < text.len && is_digit(text.data[len]))
		len++;
	return len;
}

// How much of `text` the word of a prefix takes; false when it is another word.
static bool match_word(struct str word, struct str text, size_t *taken)
{
	struct str rest = text;

	if (!is_time(word)) {
		*taken = word.len;
		return str_starts(text, word);
	}
	while (word.len > 0) {
		size_t want = digits_length(word), have = digits_length(rest);

		if ((want > 0) != (have > 0))
			return false;
		if (want == 0 && (rest.len == 0 || rest.data[0] != word.data[0]))
			return false;
		word = str_skip(word, want ? want : 1);
		rest = str_skip(rest, have ? have : 1);
	}
	*taken = text.len - rest.len;
	return true;
}

bool unwrap_prefix_match(struct str prefix, struct str line, struct str *content)
{
	while (prefix.len > 0) {
		size_t blanks = blank_length(prefix), have = blank_length(line);
		size_t word = word_length(prefix), taken;

		if (blanks == prefix.len) {
			// What follows may begin with blanks of its own, or be empty and trimmed.
			*content = str_skip(line, have < blanks ? have : blanks);
			return have >= blanks || have == line.len;
		}
		if (blanks > 0) {
			if (have == 0)
				return false;
			prefix = str_skip(prefix, blanks);
			line = str_skip(line, have);
			continue;
		}
		if (!match_word(str_head(prefix, word), line, &taken))
			return false;
		prefix = str_skip(prefix, word);
		line = str_skip(line, taken);
	}
	*content = line;
	return true;
}

// RFC 3339, also with a zone without its colon ("+0300").
static bool parse_time(struct str word, int64_t *wall_ms)
{
	char text[40];

	if (word.len < 20 || word.len > sizeof(text) - 1)
		return false;
	if (clock_parse(word, wall_ms))
		return true;
	memcpy(text, word.data, word.len - 2);
	text[word.len - 2] = ':';
	memcpy(text + word.len - 1, word.data + word.len - 2, 2);
	return clock_parse((struct str){.data = text, .len = word.len + 1}, wall_ms);
}

static void note_time(struct unwrap *unwrap, struct str text)
{
	while (text.len > 0) {
		struct str word = str_head(text, word_length(text));

		if (parse_time(word, &unwrap->wall_ms))
			return;
		text = str_skip(text, word.len + 1);
	}
}

static bool continues_record(struct str line)
{
	struct str function;
	uint64_t parent;

	return line.len == 0 || dump_creator_parse(line, &function, &parent) ||
	       dump_is_unavailable(line) ||
	       (dump_function_parse(line, &function) && dump_function_is_plausible(function));
}

static int header_line(struct unwrap *unwrap, struct str line, size_t start)
{
	unwrap->confirmed = false;
	unwrap->prefix_len = start <= UNWRAP_PREFIX_MAX ? start : 0;
	memcpy(unwrap->prefix, line.data, unwrap->prefix_len);
	note_time(unwrap, str_head(line, start));
	return unwrap->sink.line(unwrap->sink.context, str_skip(line, start));
}

// A line of text, perhaps with a prefix.
static int text_line(struct unwrap *unwrap, struct str line)
{
	struct str prefix = {.data = unwrap->prefix, .len = unwrap->prefix_len};
	struct dump_header header;
	struct str content;
	size_t start;

	if (dump_header_find(line, &start, &header))
		return header_line(unwrap, line, start);
	if (prefix.len > 0) {
		if (unwrap_prefix_match(prefix, line, &content)) {
			unwrap->confirmed = true;
			line = content;
		} else if (unwrap->confirmed || !continues_record(line)) {
			return 0; // somebody else's
		} else {
			unwrap->prefix_len = 0; // only glued to the header
		}
	}
	return unwrap->sink.line(unwrap->sink.context, line);
}

// Whether a line holds quoted text to look into: a header in quotes, or the key that held the last.
static bool is_quoted(const struct unwrap *unwrap, struct str line)
{
	struct dump_header header;
	size_t start;

	if (str_find_byte(line, '"') == line.len)
		return false;
	if (str_find(line, STR("goroutine ")) < line.len)
		return !dump_header_find(line, &start, &header);
	return unwrap->key_len > 0 && str_find(line, STR("{\"")) < line.len;
}

static void quoted_reset(struct unwrap_quoted *quoted)
{
	buf_clear(&quoted->text);
	quoted->state = QUOTED_OUTSIDE;
	quoted->last_len = 0;
	quoted->is_value = quoted->long_line = false;
}

static bool same_key(const struct unwrap *unwrap, const struct unwrap_quoted *quoted)
{
	return unwrap->key_len > 0 &&
	       str_equal(quoted->key, (struct str){unwrap->key, unwrap->key_len});
}

static void take_key(struct unwrap *unwrap, const struct unwrap_quoted *quoted)
{
	unwrap->key_len = quoted->key.len;
	memcpy(unwrap->key, quoted->key.data, quoted->key.len);
}

static int quoted_feed(struct unwrap *unwrap, size_t depth, struct str text);

// One decoded line of a value.
static int decoded_line(struct unwrap *unwrap, size_t depth, struct str line)
{
	const struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	struct dump_header header;
	size_t start;

	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (depth + 1 < UNWRAP_DEPTH_COUNT && is_quoted(unwrap, line)) {
		quoted_reset(&unwrap->quoted[depth + 1]);
		return quoted_feed(unwrap, depth + 1, line);
	}
	if (dump_header_find(line, &start, &header))
		take_key(unwrap, quoted);
	else if (!same_key(unwrap, quoted))
		return 0;
	return text_line(unwrap, line);
}

static int emit(struct unwrap *unwrap, size_t depth)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	int r = 0;

	if (quoted->long_line && same_key(unwrap, quoted))
		r = unwrap->sink.long_line(unwrap->sink.context);
	else if (!quoted->long_line)
		r = decoded_line(unwrap, depth, buf_str(&quoted->text));
	quoted->lines++;
	quoted->long_line = false;
	buf_clear(&quoted->text);
	return r;
}

static int add_decoded(struct unwrap *unwrap, size_t depth, const char *data, size_t len)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	size_t room = LIMIT_LINE - quoted->text.len;

	if (len == 1 && data[0] == '\n')
		return emit(unwrap, depth);
	quoted->long_line |= len > room;
	buf_append(&quoted->text, data, len < room ? len : room);
	return buf_failed(&quoted->text);
}

// Whether messages under this key end their lines themselves, so that one without an end goes on
// in the next: Docker's json-file and go test.
static bool key_keeps_ends(struct str key)
{
	return str_equal(key, STR("log")) || str_equal(key, STR("Output"));
}

static bool key_is_time(struct str key)
{
	return str_equal(key, STR("time")) || str_equal(key, STR("Time")) ||
	       str_equal(key, STR("ts")) || str_equal(key, STR("timestamp")) ||
	       str_equal(key, STR("@timestamp"));
}

static int begin_value(struct unwrap *unwrap, size_t depth)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];

	quoted->key = (struct str){.data = quoted->last, .len = quoted->last_len};
	quoted->lines = 0;
	if (depth == 0 && key_keeps_ends(quoted->key)) {
		buf_add(&quoted->text, buf_str(&unwrap->held));
		buf_clear(&unwrap->held);
	}
	return buf_failed(&quoted->text);
}

static int end_value(struct unwrap *unwrap, size_t depth)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	struct str rest = buf_str(&quoted->text);
	bool several = quoted->lines > 1 || (quoted->lines == 1 && rest.len > 0);
	int r = 0;

	if (key_is_time(quoted->key))
		note_time(unwrap, rest);
	if (rest.len >= PARTIAL_MIN && depth == 0 && key_keeps_ends(quoted->key) &&
		quoted->lines == 0 && !quoted->long_line) {
		buf_add(&unwrap->held, rest);
		buf_clear(&quoted->text);
		return buf_failed(&unwrap->held);
	}
	if (rest.len > 0 || quoted->long_line || quoted->lines == 0)
		r = emit(unwrap, depth);
	if (r == 0 && several && same_key(unwrap, quoted))
		r = unwrap->sink.end(unwrap->sink.context);
	return r;
}

// Remember what may be the key of the next value: a word or a string.
static void note_key_byte(struct unwrap_quoted *quoted, char byte, bool starts)
{
	if (starts)
		quoted->last_len = 0;
	if (quoted->last_len < UNWRAP_KEY_MAX)
		quoted->last[quoted->last_len++] = byte;
}

static int outside_byte(struct unwrap *unwrap, size_t depth, char byte)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];

	if (byte == '"') {
		quoted->state = QUOTED_INSIDE;
		buf_clear(&quoted->text);
		quoted->long_line = false;
		if (quoted->is_value)
			return begin_value(unwrap, depth);
		quoted->last_len = 0;
	} else if (byte == ':' || byte == '=') {
		quoted->is_value = true;
	} else if (byte == ',' || byte == '{' || byte == '[') {
		quoted->last_len = 0;
		quoted->is_value = false;
	} else if (is_blank(byte)) {
		if (!quoted->is_value)
			quoted->last_len = 0;
	} else {
		note_key_byte(quoted, byte, quoted->is_value);
		quoted->is_value = false;
	}
	return 0;
}

static int inside_run(struct unwrap *unwrap, size_t depth, struct str *text)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	size_t len = 0;

	while (len < text->len && text->data[len] != '"' && text->data[len] != '\\')
		len++;
	if (len > 0) {
		struct str run = str_head(*text, len);

		*text = str_skip(*text, len);
		if (quoted->is_value)
			return add_decoded(unwrap, depth, run.data, run.len);
		for (size_t i = 0; i < run.len; i++)
			note_key_byte(quoted, run.data[i], false);
		return 0;
	}
	if (text->data[0] == '\\') {
		quoted->state = QUOTED_ESCAPE;
		quoted->escape_len = 0;
		quoted->escape_want = 1;
	} else {
		quoted->state = QUOTED_OUTSIDE;
		if (quoted->is_value) {
			int r = end_value(unwrap, depth);

			quoted->is_value = false;
			*text = str_skip(*text, 1);
			return r;
		}
	}
	*text = str_skip(*text, 1);
	return 0;
}

// An escape is gathered byte by byte, since a piece may end in it. A high surrogate waits for its
// partner, which is an escape of its own.
static int escape_byte(struct unwrap *unwrap, size_t depth, char byte)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	cleanup(buf_release) struct buf out = BUF_INIT(8);
	char rest[sizeof(quoted->escape)];
	struct str text;
	int r;

	quoted->escape[quoted->escape_len++] = byte;
	if (quoted->escape_len == 1)
		quoted->escape_want = quoted_escape_length(byte);
	else if (quoted->escape_len == 5 && quoted->escape[0] == 'u' &&
		 (quoted->escape[1] | 0x20) == 'd' && strchr("89abAB", quoted->escape[2]))
		quoted->escape_want = 11;
	if (quoted->escape_len < quoted->escape_want)
		return 0;
	quoted->state = QUOTED_INSIDE;
	text = (struct str){.data = quoted->escape, .len = quoted->escape_len};
	if (!quoted->is_value)
		return 0;
	if (!quoted_escape(&text, &out)) {
		buf_add_byte(&out, '?');
		text.len = 0;
	}
	memcpy(rest, text.data, text.len);
	text.data = rest;
	r = buf_failed(&out);
	if (r == 0)
		r = add_decoded(unwrap, depth, out.data, out.len);
	return r == 0 ? quoted_feed(unwrap, depth, text) : r;
}

static int quoted_feed(struct unwrap *unwrap, size_t depth, struct str text)
{
	struct unwrap_quoted *quoted = &unwrap->quoted[depth];
	int r = 0;

	while (text.len > 0 && r == 0) {
		if (quoted->state == QUOTED_INSIDE) {
			r = inside_run(unwrap, depth, &text);
			continue;
		}
		if (quoted->state == QUOTED_ESCAPE)
			r = escape_byte(unwrap, depth, text.data[0]);
		else
			r = outside_byte(unwrap, depth, text.data[0]);
		text = str_skip(text, 1);
	}
	return r;
}

int unwrap_line(struct unwrap *unwrap, struct str line)
{
	struct dump_header header;
	size_t start;

	unwrap->wall_ms = -1;
	if (!is_quoted(unwrap, line)) {
		if (unwrap->key_len > 0 && dump_header_find(line, &start, &header))
			unwrap->key_len = 0;
		return text_line(unwrap, line);
	}
	quoted_reset(&unwrap->quoted[0]);
	return quoted_feed(unwrap, 0, line);
}

int unwrap_long_begin(struct unwrap *unwrap, struct str head)
{
	unwrap->wall_ms = -1;
	unwrap->long_quoted = is_quoted(unwrap, head) || str_find(head, STR("{\"")) < head.len;
	if (!unwrap->long_quoted)
		return unwrap->sink.long_line(unwrap->sink.context);
	quoted_reset(&unwrap->quoted[0]);
	return quoted_feed(unwrap, 0, head);
}

int unwrap_long_more(struct unwrap *unwrap, struct str more)
{
	return unwrap->long_quoted ? quoted_feed(unwrap, 0, more) : 0;
}

int unwrap_end(struct unwrap *unwrap)
{
	struct str rest = buf_str(&unwrap->held);

	return rest.len > 0 ? text_line(unwrap, rest) : 0;
}

bool unwrap_is_plain(const struct unwrap *unwrap)
{
	return unwrap->prefix_len == 0 && unwrap->key_len == 0;
}
