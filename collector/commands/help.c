// SPDX-License-Identifier: Apache-2.0
// Help for a terminal of 80 columns.
#include "collector/commands/help.h"

#include "collector/commands/flags.h"

#include <string.h>

#define WIDTH 80
#define FLAG_COLUMN 26

static void add_spaces(struct buf *out, size_t count)
{
	buf_printf(out, "%*s", (int)count, "");
}

static void wrap_paragraph(
	struct buf *out, struct str text, size_t column, size_t indent, size_t width)
{
	bool first = true;

	while (text.len > 0) {
		struct str word = str_cut(&text, ' ');

		if (word.len == 0)
			continue;
		if (column < indent) {
			add_spaces(out, indent - column);
			column = indent;
		} else if (!first && column + 1 + word.len > width) {
			buf_add_byte(out, '\n');
			add_spaces(out, indent);
			column = indent;
		} else if (!first) {
			buf_add_byte(out, ' ');
			column++;
		}
		buf_add(out, word);
		column += word.len;
		first = false;
	}
	buf_add_byte(out, '\n');
}

void help_wrap(struct buf *out, struct str text, size_t column, size_t indent, size_t width)
{
	struct str line;

	while (str_next_line(&text, &line)) {
		wrap_paragraph(out, line, column, indent, width);
		column = 0;
	}
}

static void flag_words(const struct flag *flag, struct buf *out)
{
	if (flag->letter)
		buf_printf(out, "-%c, ", flag->letter);
	else
		buf_add_text(out, "    ");
	buf_printf(out, "--%s%s", flag->negates ? "[no-]" : "", flag->name);
	if (flag->argument)
		buf_printf(out, flag->bare ? " [%s]" : " %s", flag->argument);
}

static void flag_text(const struct flag *flag, struct buf *out)
{
	buf_add_text(out, flag->help);
	if (flag->choices.len > 0)
		buf_printf(out, ": %.*s", STR_ARG(flag->choices));
	if (flag->repeats && !flag->row)
		buf_add_text(out, "; may be repeated");
	if (flag->fallback && flag->fallback[0])
		buf_printf(out, " (default %s)", flag->fallback);
}

static void help_flag(const struct flag *flag, struct buf *out)
{
	struct buf words = BUF_INIT(256), text = BUF_INIT(2048);
	size_t column;

	flag_words(flag, &words);
	flag_text(flag, &text);
	buf_add_text(out, "  ");
	buf_add_buf(out, &words);
	column = 2 + words.len;
	if (column + 2 > FLAG_COLUMN) {
		buf_add_byte(out, '\n');
		column = 0;
	}
	help_wrap(out, buf_str(&text), column, FLAG_COLUMN, WIDTH);
	if (buf_failed(&text)) // what was wrapped is not all of it
		buf_add_buf(out, &text);
	buf_release(&words);
	buf_release(&text);
}

static bool is_common(const struct flag *flag)
{
	return !flag->option && (!flag->row || command_takes(NULL, flag->row));
}

static void help_flags(
	const struct command *command, bool common, const char *title, struct buf *out)
{
	struct flag_choices room;
	struct flag flag;
	bool any = false;

	for (size_t i = 0; flag_at(command, i, &flag, &room); i++) {
		if (is_common(&flag) != common)
			continue;
		if (!any)
			buf_printf(out, "\n%s:\n", title);
		any = true;
		help_flag(&flag, out);
	}
}

static void help_examples(const struct command *command, struct buf *out)
{
	struct str rest = str_of(command->examples), line;

	if (rest.len > 0)
		buf_add_text(out, "\nExamples:\n");
	while (str_next_line(&rest, &line)) {
		size_t end = str_find(line, STR(" # "));

		if (end < line.len) {
			buf_add_text(out, "  ");
			help_wrap(out, str_skip(line, end + 1), 2, 2, WIDTH);
		}
		buf_printf(out, "  %.*s\n", STR_ARG(str_head(line, end)));
	}
}

void help_command(const struct command *command, struct buf *out)
{
	buf_printf(out, "parkwatch %s: ", command->name);
	help_wrap(out, str_of(command->summary), strlen(command->name) + 12, 0, WIDTH);
	buf_printf(out, "\nUsage:\n  parkwatch %s [FLAG...]%s%s\n", command->name,
		command->usage[0] ? " " : "", command->usage);
	if (command->description) {
		buf_add_byte(out, '\n');
		help_wrap(out, str_of(command->description), 0, 0, WIDTH);
	}
	help_examples(command, out);
	help_flags(command, false, "Flags", out);
	help_flags(command, true, "Flags of every command", out);
}

static const char program_text[] =
	"parkwatch finds goroutine leaks in Go services: it follows goroutines from one snapshot "
	"to "
	"the next, says what leaks, where and how fast, and hands over the evidence as one "
	"verifiable bundle.";

static const char values_text[] =
	"Durations are written 250ms, 10s, 1h30m or 7d; sizes 4096, 512k or 64Mi; shares 0.1% or "
	"0.001. Every setting may also stand in a settings file (--config) or in the environment: "
	"budget.stop is PARKWATCH_BUDGET_STOP. Flags go over the environment, the environment over "
	"the file.";

const struct help_status help_statuses[] = {
	{"0", "complete"},
	{"1", "wrong usage, or nothing could be done"},
	{"2", "partial: the bundle says what is missing"},
	{"3", "nothing collected"},
	{"4", "findings at or above --fail-on, or growth above --max-growth"},
	{"128+N", "ended by signal N; what was complete is kept"},
};

const size_t help_statuses_count = sizeof(help_statuses) / sizeof(help_statuses[0]);

void help_program(struct buf *out)
{
	buf_add_text(out, "Usage:\n  parkwatch COMMAND [FLAG...] [ARGUMENT...]\n\n");
	help_wrap(out, str_of(program_text), 0, 0, WIDTH);
	buf_add_text(out, "\nCommands:\n");
	for (const struct command *const *command = commands; *command; command++) {
		if (!(*command)->hidden) {
			buf_printf(out, "  %-11s ", (*command)->name);
			help_wrap(out, str_of((*command)->summary), 14, 14, WIDTH);
		}
	}
	help_flags(NULL, true, "Flags of every command", out);
	buf_add_text(out, "      --version             print the version\n\n");
	help_wrap(out, str_of(values_text), 0, 0, WIDTH);
	buf_add_text(out, "\nExit status:\n");
	for (size_t i = 0; i < help_statuses_count; i++)
		buf_printf(out, "  %-6s %s\n", help_statuses[i].status, help_statuses[i].meaning);
	buf_add_text(
		out, "\nSee `parkwatch COMMAND --help` for flags and examples of a command.\n");
}
