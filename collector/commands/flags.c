// SPDX-License-Identifier: Apache-2.0
// One list of flags out of several tables.
#include "collector/commands/flags.h"

#include <string.h>

// Settings that every command honours.
static const char *const common_settings[] = {"log.", "output.", NULL};

static const struct flag program_flags[] = {
	{.name = "config",
		.letter = 'c',
		.argument = "FILE",
		.help = "settings file (YAML); also PARKWATCH_CONFIG"},
	{.name = "help", .letter = 'h', .help = "print this help"},
};

static bool is_listed(const char *const *paths, const char *path)
{
	for (; paths && *paths; paths++) {
		size_t len = strlen(*paths);

		if (strcmp(*paths, path) == 0 ||
			((*paths)[len - 1] == '.' && strncmp(*paths, path, len) == 0))
			return true;
	}
	return false;
}

bool command_takes(const struct command *command, const struct setting *row)
{
	return is_listed(common_settings, row->path) ||
	       (command && is_listed(command->settings, row->path));
}

static void join_choices(const struct setting *row, struct flag_choices *room, struct flag *flag)
{
	size_t len = 0;

	if (row->kind != SETTING_CHOICE)
		return;
	for (const struct choice *choice = row->choices; choice->name; choice++) {
		int n = snprintf(room->text + len, sizeof(room->text) - len, "%s%s",
			len > 0 ? "|" : "", choice->name);

		if (n < 0 || (size_t)n >= sizeof(room->text) - len)
			return; // a list too long for one line of help
		len += (size_t)n;
	}
	flag->choices = (struct str){room->text, len};
}

static void of_option(const struct command_option *option, struct flag *flag)
{
	*flag = (struct flag){
		.name = option->name,
		.letter = option->letter,
		.argument = option->kind == OPTION_SWITCH ? NULL : option->argument,
		.help = option->help,
		.fallback = option->fallback,
		.bare = option->bare,
		.choices = str_of(option->choices),
		.repeats = option->repeats,
		.option = option,
	};
}

static void of_setting(const struct setting *row, struct flag *flag, struct flag_choices *room)
{
	bool on = row->kind == SETTING_BOOL && strcmp(row->fallback, "true") == 0;

	*flag = (struct flag){
		.name = row->flag,
		.letter = row->letter,
		.argument = row->argument,
		.help = row->help,
		.fallback = row->kind == SETTING_BOOL ? (on ? "on" : NULL) : row->fallback,
		.repeats = row->kind == SETTING_PATTERNS,
		.negates = row->kind == SETTING_BOOL,
		.row = row,
	};
	join_choices(row, room, flag);
}

static bool setting_at(const struct command *command, bool common, size_t *index, struct flag *flag,
	struct flag_choices *room)
{
	for (size_t i = 0; i < settings_table_count; i++) {
		const struct setting *row = &settings_table[i];

		if (!row->flag || !command_takes(command, row) ||
			is_listed(common_settings, row->path) != common)
			continue;
		if ((*index)-- == 0) {
			of_setting(row, flag, room);
			return true;
		}
	}
	return false;
}

bool flag_at(
	const struct command *command, size_t index, struct flag *flag, struct flag_choices *room)
{
	const struct command_option *option = command ? command->options : NULL;
	size_t rest = index;

	for (; option && option->name; option++) {
		if (rest-- == 0) {
			of_option(option, flag);
			return true;
		}
	}
	if (setting_at(command, false, &rest, flag, room) ||
		setting_at(command, true, &rest, flag, room))
		return true;
	if (rest >= sizeof(program_flags) / sizeof(program_flags[0]))
		return false;
	*flag = program_flags[rest];
	return true;
}

bool flag_find(const struct command *command, struct str name, char letter, struct flag *flag)
{
	struct flag_choices room;

	for (size_t i = 0; flag_at(command, i, flag, &room); i++) {
		flag->choices = STR_EMPTY; // `room` ends with this function
		if (letter ? flag->letter == letter : str_equal(str_of(flag->name), name))
			return true;
	}
	return false;
}
