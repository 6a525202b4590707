// SPDX-License-Identifier: Apache-2.0
// All that the judge remembers of one target: its lives, its totals, and each stack it ever had.
#pragma once

#include "model/contention.h"
#include "model/floor.h"
#include "model/life.h"

#define SEEN_WAITS_MAX 6
#define SEEN_POINTS_MAX 256
#define SEEN_POINTS_STEP 64 // so many more at a time; smaller pieces leave more holes behind
#define TARGET_LIVES_TRACKED 3 // whose goroutines are remembered
#define SILENT_CARRY_S 2400.0 // how long a verdict outlives a restart without new evidence

struct count_point {
	float t_s;
	uint32_t count;
};

// One stack of one target.
struct seen_stack {
	const struct stack *stack;
	int64_t count_first, count_last; // at the first and last tick that told counts
	int64_t peak;
	double peak_t_s, peak_in_flight; // in flight at that time; NAN
	struct wait_count waits[SEEN_WAITS_MAX]; // at the last tick that told, most first
	uint32_t wait_count;
	struct frame created_by; // interned
	bool has_minutes;
	uint32_t minutes_max, waited, leaked;
	struct count_point *points; // thinned to half when full
	uint32_t point_count, point_stride;
	uint64_t offered;
	double life_peak; // most in this life, before anything was suspected
	double high_water, earlier; // most in earlier lives of the same image; of any image
	enum verdict verdict;
	double verdict_t_s;
	uint32_t verdict_life;
	struct verdict_change *history;
	uint32_t history_count, history_capacity;
	struct floor_state floor; // for counts without IDs
};

struct target {
	struct str name; // interned
	struct stacks *stacks; // borrowed
	struct life **lives;
	uint32_t life_count, life_capacity;
	struct life *life; // the last one seen; NULL before
	struct series series;
	struct seen_stack **seen; // by key of the stack, the same in every table
	uint32_t seen_count, seen_capacity;
	struct contention contention;
	uint32_t ticks, missed, cut, timeless;
	uint32_t clock_steps; // of the wall clock against the monotonic one
	uint32_t returns; // to a process that another had followed: two behind one address
	double first_mono_ms;
	int64_t first_wall_ms, last_wall_ms;
	double last_mono_ms, t_s; // t_s: of the last tick; NAN before the first
	double nominal_s; // interval for ticks without times
	int64_t goroutines_first, goroutines_last; // -1
	double stop_sum_ms, stop_worst_ms; // NAN
	bool has_groups, has_ids, has_requests; // ever
	bool counted_alone; // the last look with groups had no IDs
	struct str requests_from; // the metric that was counted last; interned
	uint32_t leak_profiles; // the runtime's own, not among the ticks
	struct seen_stack totals; // all goroutines together; its stack is NULL
	struct load_now load; // of the last tick
	uint64_t skipped;
	uint64_t next_seq; // of its next line
};

struct target *target_new(struct str name, struct stacks *stacks, double nominal_s);
void target_free(struct target **target);
int target_process(struct target *target, const struct process *process);
int target_observe(struct target *target, const struct observation *observation);

const struct seen_stack *target_seen(const struct target *target, const struct stack *stack);
// Wall clock of a moment on the target's clock, by its series; -1 when unknown.
int64_t target_wall_ms(const struct target *target, double t_s);
