// SPDX-License-Identifier: Apache-2.0
// --help, the man page and shell completion, all from the tables of commands and flags.
#pragma once

#include "collector/commands/command.h"

void help_program(struct buf *out); // `parkwatch --help`
void help_command(const struct command *command, struct buf *out); // `parkwatch COMMAND --help`
void help_man_page(struct buf *out); // roff, section 1

// Text in lines of at most `width` bytes, each after `indent` spaces; a blank line in `text` begins
// a paragraph. `column` is where the first line stands already.
void help_wrap(struct buf *out, struct str text, size_t column, size_t indent, size_t width);

// The exit statuses in words.
struct help_status {
	const char *status, *meaning;
};
extern const struct help_status help_statuses[];
extern const size_t help_statuses_count;
