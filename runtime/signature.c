// SPDX-License-Identifier: Apache-2.0
// What belongs to a signature, and its keys.
#include "runtime/signature.h"

static bool is_upper(char byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

// Exported functions, and exported methods of exported types: what the runtime itself shows.
static bool runtime_exports(struct str name)
{
	size_t dot = str_find_last_byte(name, '.');
	struct str receiver = STR_EMPTY;

	if (dot < name.len) {
		receiver = str_head(name, dot);
		name = str_skip(name, dot + 1);
	}
	while (receiver.len > 0 && (receiver.data[0] == '(' || receiver.data[0] == '*'))
		receiver = str_skip(receiver, 1);
	if (dot > 0 && receiver.len > 0 && !is_upper(receiver.data[0]))
		return false;
	return name.len > 0 && is_upper(name.data[0]);
}

bool signature_shows(struct str function)
{
	static const struct str package = {.data = "runtime.", .len = 8};

	if (str_starts(function, package))
		return runtime_exports(str_skip(function, package.len));
	return str_find_byte(function, '.') < function.len;
}

bool signature_type_arguments(struct str function, size_t *start, size_t *end)
{
	static const struct str shortened = {.data = "[...]", .len = 5};
	size_t first = str_find_byte(function, '[');
	size_t last;

	if (first == function.len)
		return false;
	last = str_find_last_byte(function, ']');
	if (last == function.len || last < first)
		return false;
	*start = first;
	*end = last + 1;
	return !str_equal(str_head(str_skip(function, first), last + 1 - first), shortened);
}

static bool is_number(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.data[i]))
			return false;
	}
	return text.len > 0;
}

static bool is_numbered(struct str part, struct str word)
{
	return str_starts(part, word) && is_number(str_skip(part, word.len));
}

// Whether a part of a name was made by the compiler: "func1", "2", "gowrap1", "-range1", "-fm".
static bool is_made(struct str part)
{
	return is_number(part) || is_numbered(part, STR("func")) ||
	       is_numbered(part, STR("gowrap")) || is_numbered(part, STR("deferwrap")) ||
	       is_numbered(part, STR("-range")) || str_equal(part, STR("-fm"));
}

// Takes a part off the beginning of a name: to the next dot, or to "-range1" and "-fm", outside of
// type arguments and receivers.
static struct str take_part(struct str *name)
{
	size_t depth = 0, len = 0;

	for (; len < name->len; len++) {
		char byte = name->data[len];

		if (byte == '[' || byte == '(')
			depth++;
		else if ((byte == ']' || byte == ')') && depth > 0)
			depth--;
		else if (depth == 0 && (byte == '.' || (byte == '-' && len > 0)))
			break;
	}
	struct str part = str_head(*name, len);

	*name = str_skip(*name, len < name->len && name->data[len] == '.' ? len + 1 : len);
	return part;
}

// The end of the name without the parts at its end that were made. "init.0" is a function.
static size_t declared_end(struct str name)
{
	struct str rest = name, before = STR_EMPTY;
	size_t end = 0;

	while (rest.len > 0) {
		struct str part = take_part(&rest);

		if (!is_made(part) || (is_number(part) && str_equal(before, STR("init"))))
			end = (size_t)(part.data + part.len - name.data);
		before = part;
	}
	return end;
}

void signature_declared(struct str function, struct str *package, struct str *name)
{
	struct str whole = str_skip(function, function_package(function).len + 1);
	struct str declared = str_head(whole, declared_end(whole)), rest = declared;
	struct str last = STR_EMPTY, before_last = STR_EMPTY;
	const char *start = declared.data;
	size_t parts = 0;

	*package = str_head(function, function.len - whole.len);
	*name = whole;
	if (declared.len == 0 || declared.len == whole.len)
		return;
	while (rest.len > 0) {
		before_last = last;
		last = take_part(&rest);
		parts++;
		if (is_made(last) && rest.len > 0) {
			start = rest.data;
			parts = 0;
		}
	}
	// A receiver and a method are two; of more, the first are functions inlined into.
	if (parts > 2)
		start = str_starts(before_last, STR("(*")) ? before_last.data : last.data;
	*name = str_skip(declared, (size_t)(start - declared.data));
}

struct str signature_file_name(struct str path)
{
	bool windows = path.len > 2 && path.data[1] == ':' && path.data[2] == '\\';

	if (windows) {
		size_t last = str_find_last_byte(path, '\\');

		path = str_skip(path, last + 1);
	}
	return str_basename(path);
}

bool signature_is_observer(struct str function)
{
	return str_starts(function, STR("runtime/pprof.")) ||
	       str_starts(function, STR("net/http/pprof."));
}

bool signature_is_go_wrapper(struct str function)
{
	struct str text = function;

	while (text.len > 0 && is_digit(text.data[text.len - 1]))
		text.len--;
	return text.len < function.len && str_ends(text, STR(".gowrap"));
}

static void add_line(struct buf *text, const struct frame *frame)
{
	char digits[10];
	size_t at = sizeof(digits);
	uint32_t line = frame->line;

	do {
		digits[--at] = (char)('0' + line % 10);
		line /= 10;
	} while (line > 0);
	buf_append(text, digits + at, sizeof(digits) - at);
	buf_add_byte(text, '\n');
}

void signature_add(struct buf *text, const struct frame *frame, bool lines)
{
	struct str package = STR_EMPTY, name = frame->function;

	if (!lines)
		signature_declared(frame->function, &package, &name);
	buf_add(text, package);
	buf_add(text, name);
	buf_add_byte(text, '\n');
	buf_add(text, signature_file_name(frame->file));
	buf_add_byte(text, '\n');
	if (lines)
		add_line(text, frame);
}

int signature_digest(struct sha256 *state, struct str text, uint64_t *key)
{
	uint8_t digest[SHA256_BYTES];
	uint64_t value = 0;
	int r = sha256_one(state, text, digest);

	if (r < 0)
		return r;
	for (int i = 0; i < 8; i++)
		value = value << 8 | digest[i];
	*key = value ? value : 1; // 0 is never a key
	return 0;
}
