// SPDX-License-Identifier: Apache-2.0
// `parkwatch completion`: scripts for bash, zsh and fish, from the tables of commands and flags.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/flags.h"

#include <string.h>

#define OUTPUT_MAX MIB(1)

static void add_flag_words(const struct command *command, struct buf *out)
{
	struct flag_choices room;
	struct flag flag;

	for (size_t i = 0; flag_at(command, i, &flag, &room); i++) {
		buf_printf(out, " --%s", flag.name);
		if (flag.negates)
			buf_printf(out, " --no-%s", flag.name);
	}
}

static void add_command_words(struct buf *out)
{
	for (const struct command *const *command = commands; *command; command++)
		if (!(*command)->hidden)
			buf_printf(out, " %s", (*command)->name);
}

static void add_choices(struct str choices, struct buf *out)
{
	while (choices.len > 0) {
		buf_add(out, str_cut(&choices, '|'));
		buf_add_text(out, choices.len > 0 ? " " : "");
	}
}

// The words for the value of a flag with choices, for bash's `case "$before"`.
static void add_choice_cases(const struct command *command, struct buf *out)
{
	struct flag_choices room;
	struct flag flag;

	for (size_t i = 0; flag_at(command, i, &flag, &room); i++) {
		if (flag.choices.len == 0)
			continue;
		buf_printf(out, "\t\t%s:--%s) words=\"", command->name, flag.name);
		add_choices(flag.choices, out);
		buf_add_text(out, "\" ;;\n");
	}
}

static void bash(struct buf *out)
{
	buf_add_text(out,
		"_parkwatch() {\n"
		"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal command= words= i\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tcase ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; "
		"esac\n"
		"\tdone\n"
		"\tcase $command:$before in\n");
	for (const struct command *const *command = commands; *command; command++)
		add_choice_cases(*command, out);
	buf_add_text(out, "\tesac\n"
			  "\tif [[ -n $words ]]; then\n"
			  "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
			  "\t\treturn\n"
			  "\tfi\n"
			  "\tcase $command in\n\t\"\") words=\"");
	add_command_words(out);
	add_flag_words(NULL, out);
	buf_add_text(out, " --version\" ;;\n");
	for (const struct command *const *command = commands; *command; command++) {
		buf_printf(out, "\t%s) words=\"", (*command)->name);
		add_flag_words(*command, out);
		buf_add_text(out, "\" ;;\n");
	}
	buf_add_text(out, "\tesac\n"
			  "\tif [[ -z $command || $word == -* ]]; then\n"
			  "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
			  "\telse\n"
			  "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n"
			  "\tfi\n"
			  "}\n"
			  "complete -o filenames -F _parkwatch parkwatch\n");
}

// zsh runs bash's function by its own compatibility layer.
static void zsh(struct buf *out)
{
	buf_add_text(out, "#compdef parkwatch\nautoload -Uz bashcompinit && bashcompinit\n");
	bash(out);
}

// Inside fish's single quotes only \ and ' are special.
static void add_fish_text(struct buf *out, const char *text)
{
	buf_add_byte(out, '\'');
	for (; *text; text++) {
		if (*text == '\\' || *text == '\'')
			buf_add_byte(out, '\\');
		buf_add_byte(out, *text);
	}
	buf_add_byte(out, '\'');
}

static void add_fish_flag(const struct command *command, const struct flag *flag, struct buf *out)
{
	buf_printf(out, "complete -c parkwatch -n '__fish_seen_subcommand_from %s' -l %s",
		command->name, flag->name);
	if (flag->letter)
		buf_printf(out, " -s %c", flag->letter);
	if (flag->argument && !flag->bare)
		buf_add_text(out, " -r");
	if (flag->choices.len > 0) {
		buf_add_text(out, " -f -a '");
		add_choices(flag->choices, out);
		buf_add_byte(out, '\'');
	}
	buf_add_text(out, " -d ");
	add_fish_text(out, flag->help);
	buf_add_byte(out, '\n');
}

static void fish(struct buf *out)
{
	for (const struct command *const *command = commands; *command; command++) {
		struct flag_choices room;
		struct flag flag;

		if ((*command)->hidden)
			continue;
		buf_printf(out, "complete -c parkwatch -n __fish_use_subcommand -f -a %s -d ",
			(*command)->name);
		add_fish_text(out, (*command)->summary);
		buf_add_byte(out, '\n');
		for (size_t i = 0; flag_at(*command, i, &flag, &room); i++)
			add_fish_flag(*command, &flag, out);
	}
}

static int completion_main(struct invocation *invocation)
{
	cleanup(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	const char *shell = invocation->arguments[0];
	struct error error = {0};

	if (strcmp(shell, "bash") == 0)
		bash(&out);
	else if (strcmp(shell, "zsh") == 0)
		zsh(&out);
	else if (strcmp(shell, "fish") == 0)
		fish(&out);
	else
		return command_usage(
			invocation, "no completion for \"%s\"; there is bash, zsh and fish", shell);
	if (buf_failed(&out)) {
		(void)error_no_memory(&error, "print the completion");
		return command_fail(invocation, &error);
	}
	(void)fwrite(buf_text(&out), 1, out.len, invocation->out);
	return EXIT_COMPLETE;
}

const struct command completion_command = {
	.name = "completion",
	.usage = "bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.examples = "source <(parkwatch completion bash) # in this shell\n"
		    "parkwatch completion fish > ~/.config/fish/completions/parkwatch.fish\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = completion_main,
};
