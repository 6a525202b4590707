// SPDX-License-Identifier: Apache-2.0
// The commands of the program, in the order of its help.
#include "collector/commands/command.h"

const struct command *const commands[] = {
	&collect_command,
	&analyze_command,
	&show_command,
	&diff_command,
	&verify_command,
	&report_command,
	&model_command,
	&config_command,
	&completion_command,
	&version_command,
	NULL,
};
