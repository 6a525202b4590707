// SPDX-License-Identifier: Apache-2.0
// The floor ratchet: growth of counts without IDs (leak-model 4.2). Minima of blocks of ten
// minutes, load taken off where it is known; four that rise strictly, by enough, and without
// slowing down, are a suspect. Counts alone never confirm.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FLOOR_BLOCK_S 600.0
#define FLOOR_BLOCK_SAMPLES 5 // at least; blocks stretch for long intervals
#define FLOOR_BLOCKS 4
#define FLOOR_RISE_LEAST 8.0
#define FLOOR_RISE_SHARE 0.03
#define FLOOR_TOTAL_LEAST 60.0
#define FLOOR_TOTAL_SHARE 0.25

struct floor_state {
	double block_from_s, block_min;
	uint32_t samples; // in the open block
	double minima[FLOOR_BLOCKS]; // oldest first
	uint32_t count; // closed blocks, at most FLOOR_BLOCKS
};

void floor_reset(struct floor_state *state);
// `excess`: goroutines less what the load explains; `total`: goroutines. True when a block closed.
bool floor_add(struct floor_state *state, double t_s, double excess);
bool floor_is_rising(const struct floor_state *state, double total);
