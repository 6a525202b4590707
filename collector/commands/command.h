// SPDX-License-Identifier: Apache-2.0
// A command of the program: one row in the table of commands.c, one file that runs it.
//
//	static const struct command_option show_options[] = {
//		{.name = "top", .kind = OPTION_INT, .argument = "N", .fallback = "20", .max = 1e6,
//			.help = "how many groups to print"},
//		{.name = NULL},
//	};
//	static const char *const show_settings[] = {"limits.memory", NULL};
//	const struct command show_command = {.name = "show", .run = show_main, ...};
//
// Values are checked when parsed: option_int() etc. cannot fail. Data goes to `out`, everything
// else to `err`. A command returns its exit status; output errors on `out` are found by main().
#pragma once

#include "collector/settings/settings.h"

#include <stdio.h>

enum exit_status {
	EXIT_COMPLETE = 0,
	EXIT_FATAL = 1, // usage, or nothing could be done
	EXIT_PARTIAL = 2, // the bundle says what is missing
	EXIT_NOTHING = 3, // nothing collected
	EXIT_FINDINGS = 4, // at or above --fail-on, or above --max-growth
	EXIT_SIGNAL = 128, // plus its number
};

enum option_kind {
	OPTION_SWITCH,
	OPTION_TEXT,
	OPTION_INT,
	OPTION_NUMBER, // finite, "8.3e-6"
	OPTION_SHARE, // "17%" or "0.17"
	OPTION_DURATION,
	OPTION_SIZE,
	OPTION_CHOICE, // text, one of `choices`
	OPTION_PATTERN, // text, a POSIX ERE
};

struct command_option {
	const char *name; // without dashes; NULL ends the list
	char letter; // 0: none
	enum option_kind kind;
	const char *argument; // "REGEX", for help
	const char *help; // one sentence without a full stop
	const char *fallback; // default; NULL: option_given() tells
	// The value of the flag alone: "--table" beside "--table 20" and "--table=20". Of
	// OPTION_INT only, since what follows is taken for its value when it is a number. NULL:
	// needs one.
	const char *bare;
	const char *choices; // "text|json|html"
	double min, max; // of numbers
	bool repeats; // may be given several times: option_list()
};

struct invocation;

struct command {
	const char *name;
	const char *usage; // "INPUT..."
	const char *summary; // one line, lower case, no full stop
	const char *
		description; // paragraphs of --help and man page, wrapped by us; blank line between
	const char *examples; // lines of "command # what it does"
	const struct command_option *options; // own ones; may be NULL
	const char *const
		*settings; // paths, or "collect." for all below; ends with NULL; may be NULL
	int arguments_min, arguments_max; // positional; max -1: any number
	bool catches_signals; // SIGINT, SIGTERM, SIGHUP arrive at signal_fd instead of killing
	bool hidden; // not listed in help
	int (*run)(struct invocation *invocation); // enum exit_status, or 128 + signal
};

struct option_value {
	const struct command_option *option;
	const char *text; // NULL for a switch
	double number; // of OPTION_INT, OPTION_NUMBER, OPTION_SHARE, OPTION_DURATION (s),
		       // OPTION_SIZE (bytes), OPTION_SWITCH (0, 1)
	struct option_value *next; // in the order given
};

// What one run of a command got. All memory belongs to main().
struct invocation {
	const struct command *command;
	struct settings *settings;
	const char *config_path; // --config; NULL: none
	struct option_value *options;
	const char *const *arguments; // ends with NULL
	int argument_count;
	FILE *out, *err;
	bool out_is_terminal, err_is_terminal;
	bool color; // on `out`
	int columns; // of the terminal; 80 when it is none
	int signal_fd; // signalfd with catches_signals, else -1
};

bool option_given(const struct invocation *invocation, const char *name);
bool option_switch(const struct invocation *invocation, const char *name);
const char *option_text(const struct invocation *invocation, const char *name); // default, or NULL
int64_t option_int(const struct invocation *invocation, const char *name);
// Of OPTION_NUMBER and OPTION_SHARE; NAN: neither given nor with a default.
double option_number(const struct invocation *invocation, const char *name);
double option_duration(const struct invocation *invocation, const char *name); // seconds
uint64_t option_size(const struct invocation *invocation, const char *name); // bytes
// Each value of a repeated option, in order: start with *at = NULL; NULL at the end.
const char *option_list(
	const struct invocation *invocation, const char *name, const struct option_value **at);

// The number of the signal that asks to end, taken from signal_fd; 0: none.
int invocation_signal(const struct invocation *invocation);

// Say it once, escaped, as "parkwatch: ..."; all return EXIT_FATAL.
int command_fail(const struct invocation *invocation, const struct error *error);
int command_usage(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3))); // adds where help is
void command_warn(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
// One line that replaces itself, on a terminal only; NULL wipes it.
void command_progress(const struct invocation *invocation, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// Is there an open finding at or above --fail-on? Then the status is EXIT_FINDINGS.
struct report; // model/finding.h
bool command_finds(const struct invocation *invocation, const struct report *report);

// The table (commands.c), ended by NULL.
extern const struct command *const commands[];

extern const struct command collect_command; // collect.c
extern const struct command analyze_command; // analyze.c
extern const struct command show_command; // show.c
extern const struct command diff_command; // diff.c
extern const struct command verify_command; // verify_command.c
extern const struct command report_command; // report_command.c
extern const struct command model_command; // model_command.c
extern const struct command config_command; // config_command.c
extern const struct command completion_command; // completion.c
extern const struct command version_command; // version.c
