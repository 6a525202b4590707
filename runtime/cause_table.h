// SPDX-License-Identifier: Apache-2.0
// The shape of the table of causes. A rule fits when all that it says fits; the first rule that
// fits wins, so special ones stand before general ones: runtime/cause_table_libraries.c (net/http,
// database/sql, gRPC, clients), then runtime/cause_table.c (the language and its standard library).
//
// In patterns '%' stands for any text. Names are those of signatures: type arguments are "[...]".
// prevented_by names only what finds the mistake itself: a linter or vet's analyzer that flags the
// code; goleak and testing/synctest where a test that runs the code ends with the goroutine still
// there; the goroutineleak profile where the wait is on something that becomes unreachable.
#pragma once

#include "runtime/cause.h"

#define CAUSE_PATTERNS_MAX 6

#define WAIT_BIT(kind) (1u << (kind))
#define WAITS_CHANNEL                                                                              \
	(WAIT_BIT(WAIT_CHAN_RECEIVE) | WAIT_BIT(WAIT_CHAN_SEND) | WAIT_BIT(WAIT_SELECT))
#define WAITS_MUTEX                                                                                \
	(WAIT_BIT(WAIT_MUTEX) | WAIT_BIT(WAIT_RWMUTEX_READ) | WAIT_BIT(WAIT_RWMUTEX_WRITE))

// Of no stack: the model gives such a cause for a class (model/finding_text.c).
#define WAITS_NEVER WAIT_BIT(31)
#define WAITS_BLOCKED                                                                              \
	(~(WAIT_BIT(WAIT_NONE) | WAIT_BIT(WAIT_SYSCALL) | WAIT_BIT(WAIT_RUNTIME) |                 \
		WAIT_BIT(WAIT_UNKNOWN)))

enum cause_place {
	CAUSE_ANY, // any frame of the stack
	CAUSE_SITE, // the innermost frame outside the standard library (stack_site)
	CAUSE_LEAF, // the innermost visible frame
};

struct cause_rule {
	unsigned waits; // WAIT_BITs; 0 is any
	enum cause_place place;
	const char *functions[CAUSE_PATTERNS_MAX]; // one of them, at `place`; none: not asked
	const char *without; // no frame like this; NULL: not asked
	const char *created; // by a function like this; NULL: not asked
	struct cause cause;
};

extern const struct cause_rule cause_library_rules[];
extern const size_t cause_library_rule_count;
extern const struct cause_rule cause_rules[]; // the last one fits everything
extern const size_t cause_rule_count;
