// SPDX-License-Identifier: Apache-2.0
// The parser of command lines.
#include "collector/commands/command_line.h"

#include "base/clock.h"
#include "collector/commands/flags.h"
#include "collector/settings/nearest.h"
#include "collector/settings/pattern.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct parser {
	struct command_line *line;
	struct arena *arena;
	const char *const *next; // argument to be read
	struct option_value **last_option;
	struct given_setting **last_setting;
	struct error *error;
};

static int usage(struct parser *parser, const struct flag *flag, const char *what)
{
	return error_set(parser->error, -EINVAL, "--%s %s", flag->name, what);
}

static int check_choice(struct parser *parser, const struct flag *flag, const char *text)
{
	struct str rest = str_of(flag->option->choices);

	while (rest.len > 0)
		if (str_equal(str_cut(&rest, '|'), str_of(text)))
			return 0;
	return error_set(parser->error, -EINVAL, "--%s: \"%s\" is none of %s", flag->name, text,
		flag->option->choices);
}

static int check_pattern(struct parser *parser, const struct flag *flag, const char *text)
{
	int r = pattern_check(text, parser->error);

	if (r < 0)
		error_wrap(parser->error, "--%s", flag->name);
	return r;
}

static bool read_number(enum option_kind kind, struct str text, double *number)
{
	uint64_t bytes;
	int64_t whole;

	if (kind == OPTION_NUMBER)
		return str_to_double(text, number) && isfinite(*number);
	if (kind == OPTION_SHARE)
		return str_to_share(text, number);
	if (kind == OPTION_DURATION)
		return duration_parse(text, number);
	if (kind == OPTION_SIZE) {
		if (!size_parse(text, &bytes))
			return false;
		*number = (double)bytes;
		return true;
	}
	if (!str_to_i64(text, &whole))
		return false;
	*number = (double)whole;
	return true;
}

static int check_number(
	struct parser *parser, const struct flag *flag, const char *text, double *number)
{
	static const char *const expected[] = {
		[OPTION_INT] = "a whole number",
		[OPTION_NUMBER] = "a number such as 1200, 0.05 or 8.3e-6",
		[OPTION_SHARE] = "a share such as 0.17 or 17%",
		[OPTION_DURATION] = "a duration such as 250ms, 10s or 1h30m",
		[OPTION_SIZE] = "a size such as 4096, 512k or 64Mi",
	};
	const struct command_option *option = flag->option;

	if (!read_number(option->kind, str_of(text), number))
		return error_set(parser->error, -EINVAL, "--%s: \"%s\" is not %s", flag->name, text,
			expected[option->kind]);
	if (*number >= option->min && (option->max == 0 || *number <= option->max))
		return 0;
	if (option->max == 0)
		return error_set(parser->error, -ERANGE, "--%s: %s is out of range: at least %.10g",
			flag->name, text, option->min);
	return error_set(parser->error, -ERANGE, "--%s: %s is out of range: from %.10g to %.10g",
		flag->name, text, option->min, option->max);
}

static int check_option(
	struct parser *parser, const struct flag *flag, const char *text, double *number)
{
	switch (flag->option->kind) {
	case OPTION_SWITCH:
		*number = 1;
		return 0;
	case OPTION_TEXT:
		return 0;
	case OPTION_CHOICE:
		return check_choice(parser, flag, text);
	case OPTION_PATTERN:
		return check_pattern(parser, flag, text);
	case OPTION_INT:
	case OPTION_NUMBER:
	case OPTION_SHARE:
	case OPTION_DURATION:
	case OPTION_SIZE:
		return check_number(parser, flag, text, number);
	}
	return -EINVAL;
}

static bool was_given(const struct parser *parser, const struct command_option *option)
{
	for (const struct option_value *value = parser->line->options; value; value = value->next)
		if (value->option == option)
			return true;
	return false;
}

static int take_option(struct parser *parser, const struct flag *flag, const char *text)
{
	struct option_value *value;
	double number = 0;
	int r;

	if (!flag->repeats && was_given(parser, flag->option))
		return usage(parser, flag, "is given twice");
	r = check_option(parser, flag, text, &number);
	if (r < 0)
		return r;
	value = arena_alloc(parser->arena, sizeof(*value));
	if (!value)
		return error_no_memory(parser->error, "read the command line");
	*value = (struct option_value){.option = flag->option, .text = text, .number = number};
	*parser->last_option = value;
	parser->last_option = &value->next;
	return 0;
}

static int take_setting(struct parser *parser, const struct flag *flag, const char *text)
{
	struct given_setting *given = arena_alloc(parser->arena, sizeof(*given));
	char *name = arena_alloc(parser->arena, strlen(flag->name) + 3);

	if (!given || !name)
		return error_no_memory(parser->error, "read the command line");
	(void)snprintf(name, strlen(flag->name) + 3, "--%s", flag->name);
	*given = (struct given_setting){.row = flag->row, .flag = name, .text = text};
	*parser->last_setting = given;
	parser->last_setting = &given->next;
	return 0;
}

static int take_flag(struct parser *parser, const struct flag *flag, const char *text)
{
	if (flag->row)
		return take_setting(parser, flag, text);
	if (flag->option)
		return take_option(parser, flag, text);
	if (flag->letter == 'c')
		parser->line->config_path = text;
	else
		parser->line->help = true;
	return 0;
}

static int unknown_flag(struct parser *parser, struct str name)
{
	struct nearest nearest = {.wanted = name};
	const struct command *command = parser->line->command;
	struct flag_choices room;
	struct flag flag;

	for (size_t i = 0; flag_at(command, i, &flag, &room); i++)
		nearest_try(&nearest, str_of(flag.name));
	return error_set(parser->error, -EINVAL, "unknown flag --%.*s%s%s%s",
		STR_ARG(str_head(name, 100)), command ? "" : " before the command",
		nearest.best[0] ? "; nearest known: --" : "", nearest.best);
}

// Finds the flag, or the one that --no-NAME turns off.
static bool find_long(struct parser *parser, struct str name, struct flag *flag, bool *negated)
{
	const struct command *command = parser->line->command;

	*negated = false;
	if (flag_find(command, name, 0, flag))
		return true;
	*negated = true;
	return str_starts(name, STR("no-")) && flag_find(command, str_skip(name, 3), 0, flag) &&
	       flag->negates;
}

// What stands behind a flag without "=": the next word; of a flag that may stand alone only a
// number.
static const char *take_value(struct parser *parser, const struct flag *flag)
{
	const char *next = *parser->next;
	int64_t number;

	if (flag->bare && !(next && str_to_i64(str_of(next), &number)))
		return flag->bare;
	if (next)
		parser->next++;
	return next;
}

static int take_long(struct parser *parser, const char *argument)
{
	struct str rest = str_of(argument), name = str_cut(&rest, '=');
	const char *value = argument[name.len] == '=' ? argument + name.len + 1 : NULL;
	struct flag flag;
	bool negated;

	if (str_equal(name, STR("version")) && !value) {
		parser->line->version = true;
		return 0;
	}
	if (!find_long(parser, name, &flag, &negated))
		return unknown_flag(parser, name);
	if (flag.argument) {
		if (!value)
			value = take_value(parser, &flag);
		return value ? take_flag(parser, &flag, value)
			     : usage(parser, &flag, "needs a value");
	}
	if (value && (negated || !flag.negates))
		return usage(parser, &flag, "takes no value");
	if (!value && flag.negates)
		value = negated ? "false" : "true";
	return take_flag(parser, &flag, value);
}

// "-o file", "-ofile", and switches in a row.
static int take_letters(struct parser *parser, const char *letters)
{
	int r = 0;

	for (; r == 0 && *letters; letters++) {
		struct flag flag;

		if (!flag_find(parser->line->command, STR_EMPTY, *letters, &flag))
			return error_set(parser->error, -EINVAL, "unknown flag -%.1s", letters);
		if (!flag.argument) {
			r = take_flag(parser, &flag, flag.negates ? "true" : NULL);
			continue;
		}
		if (letters[1])
			return take_flag(parser, &flag, letters + 1);
		if (!*parser->next)
			return error_set(parser->error, -EINVAL, "-%c needs a value", *letters);
		return take_flag(parser, &flag, *parser->next++);
	}
	return r;
}

static int take_command(struct parser *parser, const char *name)
{
	struct nearest nearest = {.wanted = str_of(name)};

	for (const struct command *const *command = commands; *command; command++) {
		if (strcmp((*command)->name, name) == 0) {
			parser->line->command = *command;
			return 0;
		}
		if (!(*command)->hidden)
			nearest_try(&nearest, str_of((*command)->name));
	}
	return error_set(parser->error, -EINVAL, "unknown command \"%.100s\"%s%s", name,
		nearest.best[0] ? "; nearest known: " : "", nearest.best);
}

static int take_argument(struct parser *parser, const char *argument)
{
	struct command_line *line = parser->line;

	if (!line->command && !line->help && strcmp(argument, "help") == 0)
		line->help = true;
	else if (!line->command)
		return take_command(parser, argument);
	else
		line->arguments[line->argument_count++] = argument;
	return 0;
}

static int check_arguments(const struct command_line *line, struct error *error)
{
	const struct command *command = line->command;

	if (!command || line->help || line->version)
		return 0;
	if (line->argument_count < command->arguments_min)
		return error_set(error, -EINVAL, "%s needs %s", command->name, command->usage);
	if (command->arguments_max >= 0 && line->argument_count > command->arguments_max)
		return error_set(error, -EINVAL, "%s: \"%.100s\" is one argument too many",
			command->name, line->arguments[command->arguments_max]);
	return 0;
}

int command_line_parse(struct command_line *line, struct arena *arena, const char *const *argv,
	struct error *error)
{
	struct parser parser = {.line = line, .arena = arena, .next = argv + 1, .error = error};
	size_t count = 0;
	bool flags = true;
	int r = 0;

	*line = (struct command_line){0};
	parser.last_option = &line->options;
	parser.last_setting = &line->settings;
	if (!argv[0])
		return error_set(error, -EINVAL, "started without a name");
	while (argv[count])
		count++;
	line->arguments = arena_array(arena, count + 1, sizeof(*line->arguments));
	if (!line->arguments)
		return error_no_memory(error, "read the command line");
	while (r == 0 && *parser.next) {
		const char *argument = *parser.next++;

		if (flags && strcmp(argument, "--") == 0)
			flags = false;
		else if (flags && strncmp(argument, "--", 2) == 0)
			r = take_long(&parser, argument + 2);
		else if (flags && argument[0] == '-' && argument[1])
			r = take_letters(&parser, argument + 1);
		else
			r = take_argument(&parser, argument);
	}
	return r < 0 ? r : check_arguments(line, error);
}
