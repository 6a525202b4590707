// SPDX-License-Identifier: Apache-2.0
// Before and after: what a change fixed, made better or worse, or brought along.
//
// Two levels, one result. Counts (two dumps) are joined by the line-free key of their stacks, so
// that a rebuilt program joins with its former self. Reports (two bundles) are joined by finding
// id, and judged by the intervals of their rates: "better" and "worse" need intervals that do not
// meet.
//
//	struct comparison comparison = {0};
//	r = compare_counts(before, before_count, after, after_count, &comparison, error);
//	r = compare_reports(&report_before, &report_after, &comparison, error);	// either or both
//	comparison_release(&comparison);
#pragma once

#include "model/finding.h"

enum change {
	CHANGE_NEW, // worst first: the order in which people read
	CHANGE_WORSE,
	CHANGE_SAME,
	CHANGE_BETTER,
	CHANGE_FIXED,
};

const char *change_name(enum change change); // "new", "worse", "same", "better", "fixed"

// One row of either side; several rows of one line-free key are added up.
struct counted_stack {
	const struct stack *stack;
	int64_t count;
};

struct stack_change {
	const struct stack *stack; // of the later side where it is there, else of the earlier
	enum change change; // new: 0 before; fixed: 0 after; worse: grown
	int64_t before, after, growth; // growth = after - before
};

struct finding_change {
	enum change change;
	const struct finding *before, *after; // NULL: not there; borrowed from the reports
	struct estimate rate_change_per_s; // after - before; with why when a side has no rate
	struct str because; // owned by the comparison: "4.9 (4.7 to 5.1) per second before, none in
			    // 12 min after"
};

struct comparison {
	struct arena arena;
	struct stack_change *stacks; // most growth first, then by name
	uint32_t stack_count;
	int64_t goroutines_before, goroutines_after;
	struct finding_change *findings; // in the order of enum change, then by rate
	uint32_t finding_count;
};

// -ENOMEM with `error` filled; the comparison is to be released in any case. Stacks of the
// collector itself (stack->observer) are left out.
int compare_counts(const struct counted_stack *before, uint32_t before_count,
	const struct counted_stack *after, uint32_t after_count, struct comparison *comparison,
	struct error *error);
int compare_reports(const struct report *before, const struct report *after,
	struct comparison *comparison, struct error *error);
void comparison_release(struct comparison *comparison);
