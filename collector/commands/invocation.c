// SPDX-License-Identifier: Apache-2.0
// What a command asks its invocation, and how it tells a person that something is wrong.
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/commands/command.h"
#include "collector/form/escape.h"
#include "model/finding.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <sys/signalfd.h>

#define MESSAGE_MAX 4096

static const struct command_option *find_option(
	const struct invocation *invocation, const char *name)
{
	for (const struct command_option *option = invocation->command->options;
		option && option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	assert(false && "a command asks for an option that its table does not have");
	return NULL;
}

static const struct option_value *find_value(const struct invocation *invocation, const char *name)
{
	const struct command_option *option = find_option(invocation, name);

	for (const struct option_value *value = invocation->options; value; value = value->next)
		if (value->option == option)
			return value;
	return NULL;
}

bool option_given(const struct invocation *invocation, const char *name)
{
	return find_value(invocation, name) != NULL;
}

bool option_switch(const struct invocation *invocation, const char *name)
{
	return find_value(invocation, name) != NULL;
}

const char *option_text(const struct invocation *invocation, const char *name)
{
	const struct option_value *value = find_value(invocation, name);

	return value ? value->text : find_option(invocation, name)->fallback;
}

int64_t option_int(const struct invocation *invocation, const char *name)
{
	const char *text = option_text(invocation, name);
	int64_t number = 0;

	if (text)
		(void)str_to_i64(str_of(text), &number); // checked when parsed
	return number;
}

double option_number(const struct invocation *invocation, const char *name)
{
	bool share = find_option(invocation, name)->kind == OPTION_SHARE;
	const char *text = option_text(invocation, name);
	double number = NAN;

	if (text)
		(void)(share ? str_to_share : str_to_double)(str_of(text), &number);
	return number;
}

double option_duration(const struct invocation *invocation, const char *name)
{
	const char *text = option_text(invocation, name);
	double seconds = 0;

	if (text)
		(void)duration_parse(str_of(text), &seconds);
	return seconds;
}

uint64_t option_size(const struct invocation *invocation, const char *name)
{
	const char *text = option_text(invocation, name);
	uint64_t bytes = 0;

	if (text)
		(void)size_parse(str_of(text), &bytes);
	return bytes;
}

const char *option_list(
	const struct invocation *invocation, const char *name, const struct option_value **at)
{
	const struct command_option *option = find_option(invocation, name);
	const struct option_value *value = *at ? (*at)->next : invocation->options;

	while (value && value->option != option)
		value = value->next;
	*at = value;
	return value ? value->text : NULL;
}

int invocation_signal(const struct invocation *invocation)
{
	struct signalfd_siginfo got;

	if (invocation->signal_fd < 0 ||
		read(invocation->signal_fd, &got, sizeof(got)) != sizeof(got))
		return 0;
	return (int)got.ssi_signo;
}

// A message may hold what a target or a file said.
static void say(
	const struct invocation *invocation, const char *before, struct str text, const char *after)
{
	cleanup(buf_release) struct buf line = BUF_INIT(4 * MESSAGE_MAX);

	if (invocation->err_is_terminal)
		buf_add_text(&line, "\r\x1b[K"); // over a progress line
	buf_printf(&line, "parkwatch: %s", before);
	escape_terminal(&line, text);
	buf_printf(&line, "%s\n", after);
	(void)fputs(buf_text(&line), invocation->err);
	(void)fflush(invocation->err);
}

int command_fail(const struct invocation *invocation, const struct error *error)
{
	say(invocation, "", str_of(error->text), "");
	return EXIT_FATAL;
}

int command_usage(const struct invocation *invocation, const char *format, ...)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MESSAGE_MAX);
	char hint[128];
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	(void)snprintf(hint, sizeof(hint), "\nSee `parkwatch %s%s--help`.",
		invocation->command ? invocation->command->name : "",
		invocation->command ? " " : "");
	say(invocation, "", buf_str(&text), hint);
	return EXIT_FATAL;
}

void command_warn(const struct invocation *invocation, const char *format, ...)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MESSAGE_MAX);
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	say(invocation, "warning: ", buf_str(&text), "");
}

void command_progress(const struct invocation *invocation, const char *format, ...)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MESSAGE_MAX), line = BUF_INIT(MESSAGE_MAX);
	va_list arguments;

	if (!invocation->err_is_terminal)
		return;
	buf_add_text(&line, "\r\x1b[K");
	if (format) {
		va_start(arguments, format);
		buf_vprintf(&text, format, arguments);
		va_end(arguments);
		escape_terminal_short(&line, buf_str(&text), (size_t)invocation->columns - 1);
	}
	(void)fputs(buf_text(&line), invocation->err);
	(void)fflush(invocation->err);
}

bool command_finds(const struct invocation *invocation, const struct report *report)
{
	int least = invocation->settings->collect.fail_on;

	for (uint32_t i = 0; i < report->finding_count && least != VERDICT_NONE; i++) {
		const struct finding *finding = &report->findings[i];

		if (finding->open && finding->verdict != VERDICT_CLEARED &&
			(int)finding->verdict >= least)
			return true;
	}
	return false;
}
