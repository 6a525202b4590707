// SPDX-License-Identifier: Apache-2.0
// Headers, functions, positions and the other lines of goroutine text.
#include "runtime/dump_line.h"

#include "runtime/quoted.h"
#include "runtime/snapshot.h"

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

// Takes `prefix` off `text`, if it begins with it.
static bool take(struct str *text, struct str prefix)
{
	if (!str_starts(*text, prefix))
		return false;
	*text = str_skip(*text, prefix.len);
	return true;
}

static bool take_number(struct str *text, uint64_t max, uint64_t *value)
{
	size_t len = 0;

	while (len < text->len && is_digit(text->data[len]))
		len++;
	if (!str_to_u64(str_head(*text, len), max, value))
		return false;
	*text = str_skip(*text, len);
	return true;
}

static bool take_hex(struct str *text)
{
	size_t len = 2;
	uint64_t value;

	if (!str_starts(*text, STR("0x")))
		return false;
	while (len < text->len && !is_blank(text->data[len]))
		len++;
	if (!str_hex_to_u64(str_skip(str_head(*text, len), 2), &value))
		return false;
	*text = str_skip(*text, len);
	return true;
}

// " gp=0xc000002380 m=nil" or " gp=0xc000002380 m=0 mp=0x5a8e40"
static bool take_machine(struct str *text)
{
	uint64_t m;

	if (!take(text, STR(" gp=")) || !take_hex(text) || !take(text, STR(" m=")))
		return false;
	if (take(text, STR("nil")))
		return true;
	return take_number(text, UINT32_MAX, &m) && take(text, STR(" mp=")) && take_hex(text);
}

static bool take_suffix(struct str *text, struct str suffix)
{
	if (!str_ends(*text, suffix) || text->len == suffix.len)
		return false;
	text->len -= suffix.len;
	return true;
}

// "chan receive (durable)" is a name of its own; elsewhere "(durable)" is a mark like the others.
static void read_marks(struct dump_header *header)
{
	struct str *status = &header->status;

	for (;;) {
		if (take_suffix(status, STR(" (scan)"))) {
			header->flags |= GOROUTINE_SCAN;
		} else if (take_suffix(status, STR(" (leaked)"))) {
			header->flags |= GOROUTINE_LEAKED;
		} else if (str_ends(*status, STR(" (durable)"))) {
			header->flags |= GOROUTINE_DURABLE;
			if (state_find(*status) != STATE_UNKNOWN ||
				!take_suffix(status, STR(" (durable)")))
				return;
		} else {
			return;
		}
	}
}

// One of the attributes behind the status; unknown ones are passed over.
static void read_attribute(struct str text, struct dump_header *header)
{
	uint64_t value;

	if (str_equal(text, STR("locked to thread"))) {
		header->flags |= GOROUTINE_LOCKED;
	} else if (take(&text, STR("synctest bubble ")) || take(&text, STR("synctest group "))) {
		header->flags |= GOROUTINE_BUBBLE;
		if (str_to_u64(text, UINT64_MAX, &value))
			header->bubble = value;
	} else if (take_number(&text, UINT32_MAX, &value) && str_equal(text, STR(" minutes"))) {
		header->minutes = (uint32_t)value;
	}
}

static bool read_bracket(struct str text, struct dump_header *header)
{
	bool first = true;

	while (text.len > 0 || first) {
		size_t end = str_find(text, STR(", "));
		struct str part = str_head(text, end);

		text = str_skip(text, end + 2);
		if (first)
			header->status = part;
		else
			read_attribute(part, header);
		first = false;
	}
	read_marks(header);
	return header->status.len > 0;
}

// The end of labels that begin at text[0] == '{': the '}' outside of quotes, or text.len.
static size_t labels_end(struct str text)
{
	bool quoted = false;

	for (size_t i = 1; i < text.len; i++) {
		if (quoted && text.data[i] == '\\')
			i++;
		else if (text.data[i] == '"')
			quoted = !quoted;
		else if (text.data[i] == '}' && !quoted)
			return i;
	}
	return text.len;
}

static bool take_labels(struct str *text, struct dump_header *header)
{
	size_t end = labels_end(*text);

	if (end == text->len)
		return false;
	header->labels = str_skip(str_head(*text, end), 1);
	*text = str_skip(*text, end + 1);
	return true;
}

// From '[' on: the status, labels in the brackets or behind them, the colon.
static bool read_status(struct str text, struct dump_header *header)
{
	size_t close = str_find_byte(text, ']');
	size_t inside = str_find(text, STR(" labels:{"));
	struct str bracket = str_head(text, inside < close ? inside : close);

	if (close == text.len || !take(&text, STR("[")))
		return false;
	bracket = str_skip(bracket, 1);
	text = str_skip(text, bracket.len);
	if (take(&text, STR(" labels:")) && !take_labels(&text, header))
		return false;
	if (!take(&text, STR("]")))
		return false;
	if (take(&text, STR(" ")) &&
		(text.len == 0 || text.data[0] != '{' || !take_labels(&text, header)))
		return false;
	return take(&text, STR(":")) && str_trim(text).len == 0 && read_bracket(bracket, header);
}

bool dump_header_parse(struct str line, struct dump_header *header)
{
	*header = (struct dump_header){.labels = STR_EMPTY};
	if (!take(&line, STR("goroutine ")) || !take_number(&line, UINT64_MAX, &header->id))
		return false;
	if (line.len > 1 && line.data[1] == 'g') {
		if (!take_machine(&line))
			return false;
		header->flags |= GOROUTINE_CRASH;
	}
	return take(&line, STR(" ")) && read_status(line, header);
}

bool dump_header_find(struct str line, size_t *start, struct dump_header *header)
{
	size_t at = 0;

	for (;;) {
		at += str_find(str_skip(line, at), STR("goroutine "));
		if (at >= line.len)
			return false;
		if (dump_header_parse(str_skip(line, at), header)) {
			*start = at;
			return true;
		}
		at++;
	}
}

bool dump_function_parse(struct str line, struct str *function)
{
	size_t depth = 0;

	while (line.len > 0 && is_blank(line.data[line.len - 1]))
		line.len--;
	if (line.len == 0 || line.data[line.len - 1] != ')' || is_blank(line.data[0]))
		return false;
	for (size_t i = line.len; i-- > 1;) {
		if (line.data[i] == ')')
			depth++;
		else if (line.data[i] == '(' && --depth == 0) {
			*function = str_head(line, i);
			return true;
		}
	}
	return false;
}

bool dump_function_is_plausible(struct str function)
{
	size_t depth = 0;

	for (size_t i = 0; i < function.len; i++) {
		char byte = function.data[i];

		if (byte == '[')
			depth++;
		else if (byte == ']' && depth > 0)
			depth--;
		else if (depth == 0 && (byte == ' ' || byte == '\t' || byte == ',' || byte == '"'))
			return false;
	}
	return function.len > 0;
}

// Takes " NAME0x1d" off the end of `text`, where NAME is "+", "fp=", "sp=" or "pc=".
static bool take_last_hex(struct str *text, struct str name, uint64_t *value)
{
	size_t blank = str_find_last_byte(*text, ' ');
	struct str word;

	if (blank == text->len)
		return false;
	word = str_skip(*text, blank + 1);
	if (!take(&word, name) || !take(&word, STR("0x")) || !str_hex_to_u64(word, value))
		return false;
	text->len = blank;
	return true;
}

bool dump_position_parse(struct str line, struct dump_position *position)
{
	struct str text = line;
	uint64_t number = 0, offset = 0;
	size_t colon;

	*position = (struct dump_position){.file = STR_EMPTY};
	if (text.len == 0 || !is_blank(text.data[0]))
		return false;
	text = str_trim(text);
	if (take(&text, STR("pc="))) {
		position->pc_only = true;
		return take_hex(&text) && text.len == 0;
	}
	if (take_last_hex(&text, STR("pc="), &number)) {
		take_last_hex(&text, STR("sp="), &number);
		position->pc_only = !take_last_hex(&text, STR("fp="), &number);
	} else if (take_last_hex(&text, STR("sp="), &number)) {
		take_last_hex(&text, STR("fp="), &number);
	}
	if (take_last_hex(&text, STR("+"), &offset))
		position->pc_only = false;
	colon = str_find_last_byte(text, ':');
	if (colon == 0 || colon == text.len ||
		!str_to_u64(str_skip(text, colon + 1), UINT32_MAX, &number) || offset > UINT32_MAX)
		return false;
	position->file = str_head(text, colon);
	position->line = (uint32_t)number;
	position->offset = (uint32_t)offset;
	return true;
}

bool dump_creator_parse(struct str line, struct str *function, uint64_t *parent)
{
	static const struct str in = {.data = " in goroutine ", .len = 14};
	size_t at, last = 0;

	*parent = 0;
	if (!take(&line, STR("created by ")))
		return false;
	line = str_trim(line);
	for (at = str_find(line, in); at < line.len;) {
		last = at;
		at += 1 + str_find(str_skip(line, at + 1), in);
	}
	if (last > 0 && str_to_u64(str_skip(line, last + in.len), UINT64_MAX, parent))
		line.len = last;
	*function = line;
	return line.len > 0;
}

bool dump_elided_parse(struct str line, uint32_t *elided)
{
	uint64_t value;

	line = str_trim(line);
	*elided = UINT32_MAX;
	if (str_equal(line, STR("...additional frames elided...")))
		return true;
	if (!take(&line, STR("...")) || !take_number(&line, UINT64_MAX, &value) ||
		!str_equal(line, STR(" frames elided...")))
		return false;
	if (value < UINT32_MAX)
		*elided = (uint32_t)value;
	return true;
}

bool dump_ancestor_parse(struct str line, uint64_t *id)
{
	return take(&line, STR("[originating from goroutine ")) &&
	       take_number(&line, UINT64_MAX, id) && str_equal(str_trim(line), STR("]:"));
}

bool dump_is_unavailable(struct str line)
{
	return line.len > 0 && is_blank(line.data[0]) &&
	       str_equal(
		       str_trim(line), STR("goroutine running on other thread; stack unavailable"));
}

bool dump_is_diagnostic(struct str line)
{
	uint64_t address;
	size_t colon;

	if (str_starts(line, STR("runtime: ")) || str_starts(line, STR("stack: frame=")) ||
		str_starts(line, STR("\tstack=[")))
		return true;
	colon = str_find_byte(line, ':');
	return colon < line.len && str_starts(line, STR("0x")) &&
	       str_hex_to_u64(str_skip(str_head(line, colon), 2), &address);
}

static bool is_bare(char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       byte == '.' || byte == '/' || byte == '_';
}

// A key or value, bare or quoted. The room for what is decoded was reserved: it does not move.
static bool take_atom(struct str *text, struct buf *out, struct str *atom)
{
	size_t start = out->len;

	if (!take(text, STR("\""))) {
		size_t len = 0;

		while (len < text->len && is_bare(text->data[len]))
			len++;
		buf_add(out, str_head(*text, len));
		*text = str_skip(*text, len);
		*atom = str_skip(buf_str(out), start);
		return true;
	}
	while (text->len > 0) {
		char byte = text->data[0];

		*text = str_skip(*text, 1);
		if (byte == '"') {
			*atom = str_skip(buf_str(out), start);
			return true;
		}
		if (byte != '\\')
			buf_add_byte(out, byte);
		else if (!quoted_escape(text, out))
			return false;
	}
	return false;
}

bool dump_labels_parse(
	struct str encoded, struct label *labels, uint32_t max, uint32_t *count, struct buf *text)
{
	*count = 0;
	buf_clear(text);
	if (!buf_reserve(text, encoded.len + 1))
		return false;
	while (encoded.len > 0) {
		struct label label;

		if (!take_atom(&encoded, text, &label.key) || !take(&encoded, STR(": ")) ||
			!take_atom(&encoded, text, &label.value))
			return false;
		if (*count < max)
			labels[(*count)++] = label;
		if (encoded.len > 0 && !take(&encoded, STR(", ")))
			return false;
	}
	return buf_failed(text) == 0;
}
