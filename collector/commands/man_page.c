// SPDX-License-Identifier: Apache-2.0
// The man page: the same tables as --help, as roff.
#include "collector/commands/flags.h"
#include "collector/commands/help.h"
#include "collector/form/version.h"

// Backslashes and dashes as typed, and no line that begins a request.
static void add_roff(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool line_start = i == 0 || text.data[i - 1] == '\n';

		if (line_start && (byte == '.' || byte == '\''))
			buf_add_text(out, "\\&");
		if (byte == '\\')
			buf_add_text(out, "\\e");
		else if (byte == '-')
			buf_add_text(out, "\\-");
		else
			buf_add_byte(out, byte);
	}
}

static void add_roff_text(struct buf *out, const char *text)
{
	add_roff(out, str_of(text));
}

static void add_flag(struct buf *out, const struct flag *flag)
{
	buf_add_text(out, ".TP\n");
	if (flag->letter)
		buf_printf(out, "\\fB\\-%c\\fR, ", flag->letter);
	buf_add_text(out, "\\fB\\-\\-");
	add_roff_text(out, flag->negates ? "[no-]" : "");
	add_roff_text(out, flag->name);
	buf_add_text(out, "\\fR");
	if (flag->argument) {
		buf_add_text(out, flag->bare ? " [\\fI" : " \\fI");
		add_roff_text(out, flag->argument);
		buf_add_text(out, flag->bare ? "\\fR]" : "\\fR");
	}
	buf_add_byte(out, '\n');
	add_roff_text(out, flag->help);
	if (flag->choices.len > 0) {
		buf_add_text(out, ": ");
		add_roff(out, flag->choices);
	}
	if (flag->fallback && flag->fallback[0]) {
		buf_add_text(out, " (default ");
		add_roff_text(out, flag->fallback);
		buf_add_byte(out, ')');
	}
	buf_add_text(out, ".\n");
}

static void add_paragraphs(struct buf *out, const char *text)
{
	struct str rest = str_of(text), line;

	while (str_next_line(&rest, &line)) {
		buf_add_text(out, ".PP\n");
		add_roff(out, line);
		buf_add_byte(out, '\n');
		if (str_starts(rest, STR("\n")))
			rest = str_skip(rest, 1);
	}
}

static void add_examples(struct buf *out, const char *examples)
{
	struct str rest = str_of(examples), line;

	if (rest.len == 0)
		return;
	buf_add_text(out, ".PP\n.nf\n");
	while (str_next_line(&rest, &line)) {
		add_roff(out, line);
		buf_add_byte(out, '\n');
	}
	buf_add_text(out, ".fi\n");
}

static void add_command(struct buf *out, const struct command *command)
{
	struct flag_choices room;
	struct flag flag;

	buf_printf(out, ".SS parkwatch %s ", command->name);
	add_roff_text(out, command->usage);
	buf_add_byte(out, '\n');
	add_roff_text(out, command->summary);
	buf_add_text(out, ".\n");
	add_paragraphs(out, command->description);
	add_examples(out, command->examples);
	for (size_t i = 0; flag_at(command, i, &flag, &room); i++)
		if (flag.option || (flag.row && !command_takes(NULL, flag.row)))
			add_flag(out, &flag);
}

static void add_settings(struct buf *out)
{
	struct buf variable = BUF_INIT(256);

	buf_add_text(out,
		".SH SETTINGS\nEach may stand in the settings file (YAML, the parts before the "
		"dots "
		"being sections) and in the environment. Flags go over the environment, the "
		"environment over the file.\n");
	for (size_t i = 0; i < settings_table_count; i++) {
		const struct setting *row = &settings_table[i];

		buf_clear(&variable);
		setting_variable(row, &variable);
		buf_add_text(out, ".TP\n\\fB");
		add_roff_text(out, row->path);
		buf_add_text(out, "\\fR, \\fB");
		buf_add_buf(out, &variable);
		buf_add_text(out, "\\fR\n");
		add_roff_text(out, row->help);
		buf_add_text(out, row->fallback[0] ? " (default " : "");
		add_roff_text(out, row->fallback);
		buf_add_text(out, row->fallback[0] ? ").\n" : ".\n");
	}
	buf_release(&variable);
}

void help_man_page(struct buf *out)
{
	struct flag_choices room;
	struct flag flag;

	buf_printf(out, ".TH PARKWATCH 1 \"\" \"parkwatch %s\" \"User Commands\"\n",
		parkwatch_version());
	buf_add_text(out,
		".SH NAME\nparkwatch \\- finds goroutine leaks in Go services\n"
		".SH SYNOPSIS\n.B parkwatch\n\\fICOMMAND\\fR [\\fIFLAG\\fR...] "
		"[\\fIARGUMENT\\fR...]\n.SH DESCRIPTION\n"
		"parkwatch follows goroutines of Go programs from one snapshot to the next, "
		"says what leaks, where and how fast, and hands over the evidence as one "
		"verifiable bundle. Data goes to standard output, everything else to "
		"standard error.\n.SH COMMANDS\n");
	for (const struct command *const *command = commands; *command; command++)
		if (!(*command)->hidden)
			add_command(out, *command);
	buf_add_text(out, ".SH FLAGS OF EVERY COMMAND\n");
	for (size_t i = 0; flag_at(NULL, i, &flag, &room); i++)
		add_flag(out, &flag);
	add_settings(out);
	buf_add_text(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < help_statuses_count; i++)
		buf_printf(
			out, ".TP\n%s\n%s.\n", help_statuses[i].status, help_statuses[i].meaning);
}
