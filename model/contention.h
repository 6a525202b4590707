// SPDX-License-Identifier: Apache-2.0
// Contention from block and mutex profiles: rows are cumulative since process start; their
// differences per second say how often and how long goroutines waited. Delay seconds per second is
// a mean number of waiters (Little's law). What is still blocked never stands in a block profile.
#pragma once

#include "model/finding.h"

// One row followed through time. A row that falls was reset with its process; one that appears
// later began at zero.
struct contention_row {
	bool mutex;
	const struct stack *stack;
	double raw_count, raw_delay_ns; // last seen
	double count, delay_ns; // since the first fetch
	double delay_squares; // sum over intervals of (delay in s)^2 / length in s
	double count_squares; // likewise of the counts
	double now_count, now_delay_ns; // of the interval that is being read
};

struct contention {
	struct contention_row *rows; // by profile, then key of the stack
	uint32_t row_count, row_capacity;
	uint32_t fetches; // of any
	uint32_t filled; // fetches that held rows
	double first_t_s, last_t_s;
	double seconds; // of the intervals that were added up
	uint32_t intervals;
};

void contention_release(struct contention *contention);
// One tick that fetched the profiles. After a restart pass `new_life`: all counts begin at zero in
// the new process, and the time between is not counted. 0 or -ENOMEM.
int contention_add(struct contention *contention, const struct observed_contention *rows,
	uint32_t count, double t_s, bool new_life);
// What the goroutines of such a row waited for: all rows of a mutex profile are locks; those of a
// block profile by their innermost function.
enum contention_kind contention_kind_of(bool mutex, const struct stack *stack);
// Rates of a row over all intervals.
struct contention_rate contention_rate_of(
	const struct contention *contention, const struct contention_row *row);
