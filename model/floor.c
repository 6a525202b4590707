// SPDX-License-Identifier: Apache-2.0
// Minima of blocks, and whether they climb.
#include "model/floor.h"

#include <math.h>

void floor_reset(struct floor_state *state)
{
	*state = (struct floor_state){0};
}

static void close_block(struct floor_state *state)
{
	if (state->count == FLOOR_BLOCKS) {
		for (uint32_t i = 1; i < FLOOR_BLOCKS; i++)
			state->minima[i - 1] = state->minima[i];
		state->count--;
	}
	state->minima[state->count++] = state->block_min;
	state->samples = 0;
}

bool floor_add(struct floor_state *state, double t_s, double excess)
{
	bool closed = false;

	if (isnan(excess))
		return false;
	if (state->samples >= FLOOR_BLOCK_SAMPLES && t_s - state->block_from_s >= FLOOR_BLOCK_S) {
		close_block(state);
		closed = true;
	}
	if (state->samples == 0) {
		state->block_from_s = t_s;
		state->block_min = excess;
	}
	state->block_min = fmin(state->block_min, excess);
	state->samples++;
	return closed;
}

bool floor_is_rising(const struct floor_state *state, double total)
{
	double least = fmax(FLOOR_RISE_LEAST, FLOOR_RISE_SHARE * total);
	double first_rise, last_rise, whole;

	if (state->count < FLOOR_BLOCKS)
		return false;
	for (uint32_t i = 1; i < FLOOR_BLOCKS; i++)
		if (!(state->minima[i] - state->minima[i - 1] > least))
			return false;
	first_rise = state->minima[1] - state->minima[0];
	last_rise = state->minima[FLOOR_BLOCKS - 1] - state->minima[FLOOR_BLOCKS - 2];
	whole = state->minima[FLOOR_BLOCKS - 1] - state->minima[0];
	return whole > fmax(FLOOR_TOTAL_LEAST, FLOOR_TOTAL_SHARE * total) &&
	       last_rise >= first_rise / 2;
}
