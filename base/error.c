// SPDX-License-Identifier: Apache-2.0
// Errors as one line of text in fixed memory, so that reporting a failure cannot fail.
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char cut_mark[] = "...";

// Texts hold file names and words of targets: keep them one line whatever those hold.
static void keep_one_line(char *text)
{
	for (; *text; text++)
		if (*text == '\n' || *text == '\r')
			*text = ' ';
}

// The cut must not leave half a UTF-8 character before the mark.
static void mark_cut(char text[static ERROR_TEXT_MAX])
{
	size_t end = ERROR_TEXT_MAX - sizeof(cut_mark);

	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, cut_mark, sizeof(cut_mark));
}

__attribute__((format(printf, 2, 0))) static bool format_text(
	char text[static ERROR_TEXT_MAX], const char *format, va_list arguments)
{
	int len = vsnprintf(text, ERROR_TEXT_MAX, format, arguments);

	if (len < 0) { // only a broken multibyte string in the format's arguments
		(void)snprintf(text, ERROR_TEXT_MAX, "%s", format);
		return false;
	}
	return len >= ERROR_TEXT_MAX;
}

int error_set(struct error *error, int code, const char *format, ...)
{
	va_list arguments;

	assert(code < 0);
	if (!error)
		return code;
	error->code = code;
	va_start(arguments, format);
	if (format_text(error->text, format, arguments))
		mark_cut(error->text);
	va_end(arguments);
	keep_one_line(error->text);
	return code;
}

int error_wrap(struct error *error, const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list arguments;
	bool cut;
	size_t len;

	if (!error)
		return -EIO;
	if (error->code == 0)
		error->code = -EIO;
	va_start(arguments, format);
	cut = format_text(text, format, arguments);
	va_end(arguments);
	len = strlen(text);
	if (!cut) {
		int rest = snprintf(text + len, ERROR_TEXT_MAX - len, ": %s", error->text);

		cut = rest < 0 || (size_t)rest >= ERROR_TEXT_MAX - len;
	}
	if (cut)
		mark_cut(text);
	memcpy(error->text, text, sizeof(text));
	keep_one_line(error->text);
	return error->code;
}

int error_no_memory(struct error *error, const char *what)
{
	return error_set(error, -ENOMEM, "%s: out of memory", what);
}
