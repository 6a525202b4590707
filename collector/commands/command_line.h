// SPDX-License-Identifier: Apache-2.0
// What stands on the command line, parsed and checked by the tables of flags.
//
// `--flag value`, `--flag=value`, `--no-flag`, `-f value`, `-fvalue`; `--` ends the flags, `-`
// alone is an argument; flags and arguments may be mixed.
#pragma once

#include "collector/commands/command.h"

// A flag that is a setting; applied over file and environment.
struct given_setting {
	const struct setting *row;
	const char *flag; // "--budget-stop"
	const char *text;
	struct given_setting *next;
};

struct command_line {
	const struct command *command; // NULL: none was named
	const char *config_path; // NULL: not given
	bool help, version;
	struct option_value *options;
	struct given_setting *settings;
	const char **arguments; // ends with NULL
	int argument_count;
};

// All memory is of `arena`, or of `argv`. Errors name the nearest known flag or command.
int command_line_parse(struct command_line *line, struct arena *arena, const char *const *argv,
	struct error *error);
