// SPDX-License-Identifier: Apache-2.0
// Words for verdicts and classes, and the end of a report.
#include "model/finding.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const verdict_names[] = {
	[VERDICT_NONE] = "none",
	[VERDICT_UNDECIDABLE] = "undecidable",
	[VERDICT_STUCK] = "stuck",
	[VERDICT_GROWING] = "growing",
	[VERDICT_HINT] = "hint",
	[VERDICT_SUSPECT] = "suspect",
	[VERDICT_CONFIRMED] = "confirmed",
	[VERDICT_CLEARED] = "cleared",
};

static const char *const class_names[] = {
	[CLASS_UNKNOWN] = "unknown",
	[CLASS_LEAK] = "leak",
	[CLASS_BACKLOG] = "backlog",
	[CLASS_SLOW_DEPENDENCY] = "slow-dependency",
	[CLASS_LOAD] = "load",
	[CLASS_CONTENTION] = "contention",
	[CLASS_FILLING] = "filling",
	[CLASS_PLATEAU] = "plateau",
};

static const char *const contention_names[] = {
	[CONTENTION_LOCK] = "lock",
	[CONTENTION_WAITGROUP] = "waitgroup",
	[CONTENTION_COND] = "cond",
	[CONTENTION_CHANNEL] = "channel",
};

static const char *const sign_state_names[] = {
	[SIGN_NOT_KNOWN] = "not known",
	[SIGN_LEVEL_OR_DOWN] = "not up",
	[SIGN_UP] = "up",
};

const char *verdict_name(enum verdict verdict)
{
	return (size_t)verdict < COUNT(verdict_names) ? verdict_names[verdict] : "unknown";
}

const char *finding_class_name(enum finding_class class)
{
	return (size_t) class < COUNT(class_names) ? class_names[class] : "unknown";
}

const char *contention_kind_name(enum contention_kind kind)
{
	return (size_t)kind < COUNT(contention_names) ? contention_names[kind] : "unknown";
}

const char *sign_state_name(enum sign_state state)
{
	return (size_t)state < COUNT(sign_state_names) ? sign_state_names[state] : "unknown";
}

bool verdict_parse(struct str text, enum verdict *verdict)
{
	for (size_t i = 0; i < COUNT(verdict_names); i++)
		if (str_equal(text, str_of(verdict_names[i]))) {
			*verdict = (enum verdict)i;
			return true;
		}
	return false;
}

void report_release(struct report *report)
{
	arena_release(&report->arena);
	*report = (struct report){.first_wall_ms = -1, .last_wall_ms = -1};
}
