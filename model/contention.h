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
	double delay_moment; // sum over intervals of delay in s times the time of their middle
	double now_count, now_delay_ns; // of the interval that is being read
};

// Delay over an interval, in seconds per second: a mean number of waiters whose waits have ended.
struct contention_point {
	double t_s, seconds; // its end and its length
	double others; // block profile without its locks: channels, wait groups, conditions
	double locks; // lock rows of the block profile
	double mutex; // mutex profile
};

#define CONTENTION_POINTS_MAX 256

struct contention {
	struct contention_row *rows; // by profile, then key of the stack
	uint32_t row_count, row_capacity;
	uint32_t fetches; // of any
	uint32_t filled; // fetches that held rows
	double first_t_s, last_t_s;
	double seconds; // of the intervals that were added up
	uint32_t intervals;
	double time_moment, time_squares; // of their middles since first_t_s, weighted by length
	uint32_t block_filled, mutex_filled; // fetches in which that profile held rows
	struct contention_point *points; // neighbours are joined when full
	uint32_t point_count;
};

void contention_release(struct contention *contention);
// One tick that fetched the profiles. After a restart pass `new_life`: all counts begin at zero in
// the new process, and the time between is not counted. 0 or -ENOMEM.
int contention_add(struct contention *contention, const struct observed_contention *rows,
	uint32_t count, double t_s, bool new_life);
// What the goroutines of such a row waited for: all rows of a mutex profile are locks; those of a
// block profile by their innermost function.
enum contention_kind contention_kind_of(bool mutex, const struct stack *stack);
// By how much the mean number of waiters of a row grows per second: a line through the intervals,
// weighted by their length. Needs four.
struct estimate contention_growth_of(
	const struct contention *contention, const struct contention_row *row);
// Mean number of waiters at the end, by that line; the plain mean with too few intervals.
double contention_waiters_now(
	const struct contention *contention, const struct contention_row *row);
// Rates of a row over all intervals.
struct contention_rate contention_rate_of(
	const struct contention *contention, const struct contention_row *row);
