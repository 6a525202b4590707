// SPDX-License-Identifier: Apache-2.0
// Strict UTF-8 decoding.
#include "base/utf8.h"

// Length by the first byte; 0 for bytes that start nothing (0x80..0xc1, 0xf5..0xff).
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

static bool is_character(int32_t code, size_t len)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	return code >= least[len] && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

int32_t utf8_next(struct str *text)
{
	const unsigned char *bytes = (const unsigned char *)text->data;
	size_t len = length_of(bytes[0]);
	int32_t code;

	if (len == 0 || len > text->len) {
		*text = str_skip(*text, 1);
		return -1;
	}
	code = len == 1 ? bytes[0] : bytes[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			*text = str_skip(*text, 1);
			return -1;
		}
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (!is_character(code, len)) {
		*text = str_skip(*text, 1);
		return -1;
	}
	*text = str_skip(*text, len);
	return code;
}

bool utf8_is_hidden(int32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}
