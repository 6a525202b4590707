// SPDX-License-Identifier: Apache-2.0
// Decoding of backslash escapes.
#include "runtime/quoted.h"

void quoted_add_rune(struct buf *out, uint32_t code)
{
	char bytes[4];
	size_t count;

	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		buf_add_byte(out, (char)code);
		return;
	}
	count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = count - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	bytes[0] = (char)((0xf00u >> count & 0xff) | code);
	buf_append(out, bytes, count);
}

static bool hex_value(struct str text, size_t digits, uint32_t *value)
{
	uint64_t wide;

	if (text.len < digits || !str_hex_to_u64(str_head(text, digits), &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

size_t quoted_escape_length(char kind)
{
	switch (kind) {
	case 'n':
	case 't':
	case 'r':
	case 'b':
	case 'f':
	case 'a':
	case 'v':
	case '\\':
	case '"':
	case '\'':
	case '/':
		return 1;
	case 'x':
		return 3;
	case 'u':
		return 5;
	case 'U':
		return 9;
	default:
		return 0;
	}
}

static char simple_escape(char kind)
{
	static const char names[] = "ntrbfav", values[] = "\n\t\r\b\f\a\v";

	for (size_t i = 0; names[i]; i++) {
		if (names[i] == kind)
			return values[i];
	}
	return kind;
}

bool quoted_escape(struct str *text, struct buf *out)
{
	size_t length = text->len > 0 ? quoted_escape_length(text->data[0]) : 0;
	uint32_t code, low;

	if (length == 0)
		return false;
	if (length == 1) {
		buf_add_byte(out, simple_escape(text->data[0]));
		*text = str_skip(*text, 1);
		return true;
	}
	if (!hex_value(str_skip(*text, 1), length - 1, &code))
		return false;
	*text = str_skip(*text, length);
	if (length == 5 && code >= 0xd800 && code < 0xdc00 && str_starts(*text, STR("\\u")) &&
		hex_value(str_skip(*text, 2), 4, &low) && low >= 0xdc00 && low < 0xe000) {
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		*text = str_skip(*text, 6);
	}
	quoted_add_rune(out, code);
	return true;
}
