// SPDX-License-Identifier: Apache-2.0
// What every teller is given: the report, and what each target looked like last. Terminal text,
// HTML, folded stacks and the postmortem are functions over this and nothing else, so that
// `collect` and `analyze` tell the same story.
#pragma once

#include "base/buf.h"
#include "model/finding.h"

// A file of the bundle that a reader can check: "targets/.../goroutine.txt.gz".
struct tell_artifact {
	struct str target;
	struct str path;
	struct str sha256; // hex
};

struct tell {
	const struct report *report;
	const struct stacks *stacks;
	// The last observation of each target that has groups, in the order of report->targets; an
	// item is NULL when a target has none. NULL itself: no target has.
	const struct observation *const *last;
	const struct tell_artifact *artifacts; // NULL: not from a bundle
	uint32_t artifact_count;
	const char *version; // of parkwatch
};

// The last observation with groups of each target, in the order of report->targets: what
// tell->last wants. `observations` in the order they were made. The array is the arena's; NULL when
// there is no memory.
const struct observation *const *tell_last(const struct report *report,
	const struct observation *observations, size_t count, struct arena *arena);

// One stack of the last observations, summed over targets.
struct tell_group {
	const struct stack *stack;
	uint64_t count;
	uint16_t state; // what most of them wait for; STATE_UNKNOWN
	uint32_t minutes_max; // 0: not said
	struct frame created_by; // function.len == 0: none
	const struct finding *finding; // the open finding on this stack, or NULL
};

// Most goroutines first, without the collector's own. The array is malloc'ed (free() it); -ENOMEM.
int tell_groups(const struct tell *tell, struct tell_group **ret_groups, size_t *ret_count);
// A row of contention, with the target it was seen in.
struct tell_contention {
	const struct target_report *target;
	const struct contention_rate *rate;
};
// Those of all targets: locks first, then by waiters. malloc'ed (free() it); -ENOMEM.
int tell_contention(const struct tell *tell, struct tell_contention **ret_rows, size_t *ret_count);
// A warning is told once, however many targets it is given for: how often from `target` on, and
// whether an earlier one has it.
uint32_t tell_times_warned(const struct report *report, uint32_t target, struct str warning);
bool tell_warned_before(const struct report *report, uint32_t target, struct str warning);
// How many targets have this note, and whether an earlier one has it.
uint32_t tell_times_noted(const struct report *report, uint32_t target);
bool tell_noted_before(const struct report *report, uint32_t target);
// The finding that holds this stack, itself or as a part; NULL.
const struct finding *tell_finding_of(const struct report *report, const struct stack *stack);
