// SPDX-License-Identifier: Apache-2.0
// What a collector sees of a simulated day: the cost ladder of the product decides between IDs and
// counts, and each look becomes an observation.
#pragma once

#include "collector/fetch/ladder.h"
#include "model/observation.h"
#include "tests/accuracy/scenario.h"

enum way {
	WAY_LADDER, // IDs while the budget allows
	WAY_IDS,
	WAY_HANDOVER, // IDs, counts from some moment around the leak's start, and IDs again
	WAY_COUNTS,
	WAY_METRICS,
	WAY_COUNT,
};
extern const char *const way_names[WAY_COUNT];

// What goes wrong on the way: shares of the looks.
struct mishaps {
	double missed, cut;
	bool every_third; // look fails
	bool clock_steps; // wall clock jumps by up to an hour now and then
	bool counter_resets; // within a life
	bool two_processes; // behind one address, in turns (the caller sees to it)
	bool duplicate_ids; // an ID in two stacks
};

struct watcher {
	enum way way;
	struct mishaps mishaps;
	double interval_s; // as asked for
	struct random random;
	struct ladder ladder;
	double frames, us_per_frame; // of this program's stacks
	double handover_s, back_s;
	double wall_shift_s, requests_before, seconds_before; // what was reset
	uint64_t seq;
	bool gives_ids; // now
	uint64_t *ids;
	size_t id_capacity;
	struct observed_group groups[2 * SITES_MAX];
	struct wait_count waits[2 * SITES_MAX];
};

// By name; false: no such mishap.
bool mishap_set(const char *name, struct mishaps *mishaps);

void watcher_begin(struct watcher *watcher, enum way way, double interval_s,
	const struct mishaps *mishaps, const struct day *day);
// Fills `observation` (valid until the next call) and returns the seconds to the next look.
double watcher_look(
	struct watcher *watcher, const struct day *day, struct observation *observation);
void watcher_process(const struct day *day, struct process *process);
void watcher_end(struct watcher *watcher);
