// SPDX-License-Identifier: Apache-2.0
// The flags of a command, whatever table they come from: its own options, the settings it takes,
// and those of every command. Parsing, help, man page and completion all walk this one list.
#pragma once

#include "collector/commands/command.h"

struct flag {
	const char *name; // without dashes
	char letter; // 0: none
	const char *argument; // NULL: takes none
	const char *help;
	const char *fallback; // NULL or "": none
	const char *bare; // value without one being written; NULL: one must be
	struct str choices; // "a|b|c"; empty: any
	bool repeats;
	bool negates; // --no-NAME as well
	const struct command_option *option; // one of these two, or none for --help and --config
	const struct setting *row;
};

struct flag_choices {
	char text[128]; // room for flag.choices of a setting
};

// The index-th flag of `command` (NULL: those of every command only); false behind the last one.
// `room` is written when the choices come from a setting.
bool flag_at(
	const struct command *command, size_t index, struct flag *flag, struct flag_choices *room);
// A flag by its long name or its letter.
bool flag_find(const struct command *command, struct str name, char letter, struct flag *flag);
// Does the command honour this setting?
bool command_takes(const struct command *command, const struct setting *row);
