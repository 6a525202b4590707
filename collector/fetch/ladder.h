// SPDX-License-Identifier: Apache-2.0
// The cost ladder: how much may be asked of a target without doing harm.
//
// goroutine?debug=2 gives IDs, waits and creators, and stops the world for the whole print: the
// runtime's buffer starts at 1 MiB and doubles, and each try is a stop of its own. debug=0 gives
// counts and no stop that grows. The ladder predicts what debug=2 would cost from the number of
// goroutines (the profile index tells it for 1 KB) and from what earlier dumps of the same target
// cost, and allows it while all budgets hold:
//
//  - the worst single stop is at most `stop_ms`;
//  - the sum of the stops is at most `share` of the time between two dumps. The interval stretches
//    before the IDs are given up: up to six times what was asked for, and at least to a minute;
//  - the buffers are at most a quarter of the target's free memory, where that is known.
//
// A target that fell to counts gets IDs again once the prediction stays below 80 % of the budgets
// for five decisions in a row.
//
// One slow dump may have been noise (a start, a pause of the network) rather than cost. When it is
// the only one that was timed, it breaks the budget, and four times the usual cost would not, a
// second one is allowed: after five decisions, and after the time that the stops of the first take
// their share of. That one decides. So the budget of a single stop is exceeded by at most one
// first-time misjudgement and the dump that confirms it, and the share of the time by the first
// alone.
//
// One that was restarted within a minute of a dump gets none for a
// minute: the dump may have been the reason.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LADDER_REASON_MAX 192
// An interval stretches to the larger of these: a multiple of what was asked for, and this time.
#define LADDER_STRETCH_FACTOR 6.0
#define LADDER_STRETCH_LEAST_S 60.0
#define LADDER_REST_MS 60e3

struct ladder_budget {
	double stop_ms; // default 50
	double share; // default 0.001
};

// What one debug=2 costs the target.
struct ladder_cost {
	double bytes; // of the body
	uint32_t passes; // stops of the world
	double worst_ms, sum_ms; // of the stops
	double buffer_bytes; // allocated in the target, all buffers together
};

// What was learned about one target. Start with ladder_init.
struct ladder {
	double bytes_per_frame; // 100 until learned
	double frames_per_goroutine; // 8 until learned
	double us_per_frame; // of one pass; 0.6 until learned
	double samples_us[3]; // the last three, of which the least counts
	uint32_t samples;
	bool on_counts; // fell to counts
	uint32_t calm; // decisions in a row below 80 % of the budgets
	uint32_t waited; // decisions in a row against a single sample
	bool asked_again; // for a second sample, which has not come
	double dumped_ms; // monotonic time of the last debug=2; -INFINITY
	double rests_until_ms; // none before; -INFINITY
};

struct ladder_decision {
	bool ids; // fetch debug=2; else debug=0
	double interval_s; // what the interval must be at least; as asked for when nothing
			   // stretches
	struct ladder_cost predicted;
	char reason[LADDER_REASON_MAX]; // why not IDs, or why the interval stretches; "" when
					// neither
};

void ladder_init(struct ladder *ladder);
struct ladder_cost ladder_predict(const struct ladder *ladder, double goroutines);
// `interval_s` is what was asked for, 0 for a single snapshot (then a minute counts as the time).
// `free_bytes`: memory of the target up to its limit, NAN when unknown.
void ladder_decide(struct ladder *ladder, const struct ladder_budget *budget, double goroutines,
	double interval_s, double free_bytes, struct ladder_decision *decision);
// Counts (debug=0) tell how deep the stacks are before any dump is paid for.
void ladder_know_frames(struct ladder *ladder, double frames_per_goroutine);
// After a debug=2: how many goroutines and frames it held (frames 0: unknown), its size, and the
// sum of the stops in ms (time to first byte, or from the target's own metrics). `doubtful`: our
// own CPU was throttled meanwhile; the time is not used. A sum below 2 ms cannot be told from what
// any answer takes: it counts as the usual cost at most, else it would say much too much of larger
// dumps. NAN: not known.
void ladder_learn(struct ladder *ladder, double goroutines, double frames, double bytes,
	double sum_ms, bool doubtful);
// A debug=2 is being asked for.
void ladder_dumped(struct ladder *ladder, double now_ms);
// The target was restarted, as was found now. True when that begins a rest.
bool ladder_restarted(struct ladder *ladder, double now_ms);
// Is it no time for a debug=2, whatever it costs? Then `reason` says why.
bool ladder_rests(
	const struct ladder *ladder, double now_ms, char reason[static LADDER_REASON_MAX]);
// Number of stops that a body of this size took.
uint32_t ladder_passes(double bytes);
