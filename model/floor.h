// SPDX-License-Identifier: Apache-2.0
// The floor ratchet: growth of counts without IDs (leak-model 3.2, 4.2). What the load explains is
// taken off by a regression that forgets; of the excess the minima of blocks of nine minutes are
// compared. Four that rise strictly, by more than they ever moved before, and without slowing down,
// are a suspect. Counts alone never confirm.
#pragma once

#include "model/little.h"

#define FLOOR_BLOCKS 4
#define FLOOR_PARTS 3 // of a block: a verdict is due at the end of each
#define FLOOR_PART_S 180.0
#define FLOOR_PART_SAMPLES 2 // at least; blocks stretch for long intervals
#define FLOOR_MEMORY_S 10800.0 // of the regression
#define FLOOR_RISE_LEAST 8.0 // from block to block
#define FLOOR_RISE_SHARE 0.01
#define FLOOR_TOTAL_LEAST 60.0 // over all blocks
#define FLOOR_TOTAL_SHARE 0.04
#define FLOOR_UNKNOWN_SHARE 0.25 // the same before it is known how the floor moves by itself
#define FLOOR_BLIND_SHARE 0.35 // where nothing tells the load
#define FLOOR_PER_LOAD 1.04 // what grows no more than its load is explained by it, late as it may
#define FLOOR_SIGMAS 6.5 // of its own movement
#define FLOOR_MOVES_LEAST 3 // blocks, before that is known

#define FLOOR_COLUMNS (2 + LOAD_COLUMNS) // one, time, load
#define FLOOR_SUMS (FLOOR_COLUMNS * (FLOOR_COLUMNS + 1) / 2)

struct floor_row {
	float count, load[LOAD_COLUMNS];
};

// Zero it to begin.
struct floor_state {
	// Of the regression; of the symmetric sums the lower triangle, row by row.
	double sums[FLOOR_SUMS], products[FLOOR_COLUMNS];
	double from_s, last_s; // first and last tick
	double part_from_s;
	uint32_t samples, part_count; // in the open part; closed parts
	struct floor_row open;
	struct floor_row parts[FLOOR_BLOCKS * FLOOR_PARTS]; // their lowest rows, oldest first
	double per_load; // goroutines per request a second, before the last three blocks; 0:
			 // unknown
	double rise_mean, rise_variance; // from block to block, before the last three
	uint64_t moves_seen; // rises
	double slope[LOAD_COLUMNS]; // goroutines per unit of load, as of the last part
};

// One tick: how many goroutines, under which load. True when a part closed.
bool floor_add(struct floor_state *state, double t_s, double count, const struct load_now *load);
// `count`: now. Asked when a part closed.
bool floor_is_rising(const struct floor_state *state, double count, const struct load_now *load);
bool floor_is_full(const struct floor_state *state);
// For a stack that was not there while others were watched: it has been empty for so long.
void floor_begin_empty(struct floor_state *state, double t_s, double watched_s);
// The last block is no higher than the one before, as far as chance allows.
bool floor_is_flat(const struct floor_state *state, double count);
