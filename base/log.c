// SPDX-License-Identifier: Apache-2.0
// Log lines on standard error, one write each, so that lines of several threads stay whole.
#include "base/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdatomic.h>

#define LINE_MAX_BYTES ((size_t)16 << 10)
#define VALUE_MAX_BYTES ((size_t)2 << 10)

// The only state: what to say and how, set once at the start.
static atomic_int least_level = LOG_INFO;
static atomic_bool as_json;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_configure(enum log_level least, bool json)
{
	atomic_store(&least_level, (int)least);
	atomic_store(&as_json, json);
}

// JSON knows \u only; in logfmt a byte that is no UTF-8 is shown as \xNN. In JSON it becomes
// U+FFFD, as the line must stay valid.
static void add_character(struct buf *line, struct str bytes, int32_t code, bool json)
{
	if (code == '"' || code == '\\')
		buf_printf(line, "\\%c", (char)code);
	else if (code == '\n')
		buf_add_text(line, "\\n");
	else if (code == '\t')
		buf_add_text(line, "\\t");
	else if (code < 0)
		buf_printf(line, json ? "\\ufffd" : "\\x%02x", (unsigned char)bytes.data[0]);
	else if (utf8_is_hidden(code))
		buf_printf(line, code > 0xff || json ? "\\u%04x" : "\\x%02x", (unsigned)code);
	else
		buf_add(line, bytes);
}

static void add_quoted(struct buf *line, struct str text, bool json)
{
	bool cut = text.len > VALUE_MAX_BYTES;

	text = str_head(text, VALUE_MAX_BYTES);
	buf_add_byte(line, '"');
	while (text.len > 0) {
		struct str rest = text;
		int32_t code = utf8_next(&rest);

		add_character(line, str_head(text, text.len - rest.len), code, json);
		text = rest;
	}
	buf_add_text(line, cut ? "...\"" : "\"");
}

static bool is_plain(struct str text)
{
	if (text.len == 0 || text.len > VALUE_MAX_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '"' ||
			text.data[i] == '=' || text.data[i] == '\\')
			return false;
	return true;
}

static void add_pair(struct buf *line, const char *key, const char *value, bool json)
{
	struct str text = str_of(value);

	if (json) {
		if (line->len > 1)
			buf_add_byte(line, ',');
		add_quoted(line, str_of(key), true);
		buf_add_byte(line, ':');
	} else {
		buf_printf(line, "%s%s=", line->len > 0 ? " " : "", key);
	}
	if (!json && is_plain(text))
		buf_add(line, text);
	else
		add_quoted(line, text, json);
}

void log_event(enum log_level level, const char *message, ...)
{
	cleanup(buf_release) struct buf line = BUF_INIT(LINE_MAX_BYTES);
	bool json = atomic_load(&as_json);
	char now[CLOCK_TEXT_MAX];
	va_list pairs;

	if ((int)level < atomic_load(&least_level))
		return;
	clock_format(clock_wall_ms(), now);
	if (json)
		buf_add_byte(&line, '{');
	add_pair(&line, "time", now, json);
	add_pair(&line, "level", level_names[level], json);
	add_pair(&line, "message", message, json);
	va_start(pairs, message);
	for (const char *key; (key = va_arg(pairs, const char *));)
		add_pair(&line, key, va_arg(pairs, const char *), json);
	va_end(pairs);
	buf_add_text(&line, json ? "}\n" : "\n");
	// A line that does not fit or has no memory is replaced by words that need none.
	if (buf_failed(&line)) {
		static const char lost[] =
			"level=error message=\"a log line was too long or had no memory\"\n";

		(void)!write(STDERR_FILENO, lost, sizeof(lost) - 1);
		return;
	}
	(void)!write(STDERR_FILENO, line.data, line.len);
}
