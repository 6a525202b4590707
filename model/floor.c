// SPDX-License-Identifier: Apache-2.0
// Minima of blocks, the load taken off, and whether they climb.
#include "model/floor.h"

#include "model/regression.h"

#include <math.h>
#include <string.h>

#define RIDGE 0.02
#define TIME_UNIT_S 3600.0
#define MOVES_KEPT 0.98 // of their mean square, from part to part

static double excess_of(const struct floor_state *state, const struct floor_row *row)
{
	double excess = row->count;

	for (int j = 0; j < LOAD_COLUMNS; j++)
		excess -= state->slope[j] * row->load[j];
	return excess;
}

static void learn(struct floor_state *state, double t_s, double count, const struct load_now *load)
{
	double row[FLOOR_COLUMNS] = {1, (t_s - state->from_s) / TIME_UNIT_S};
	double passed_s = t_s - state->last_s;
	double faded = exp(-passed_s / FLOOR_MEMORY_S), weight = fmax(passed_s, 1) / 60;

	memcpy(&row[2], load->columns, sizeof(load->columns));
	for (int i = 0; i < FLOOR_COLUMNS; i++) {
		state->products[i] = state->products[i] * faded + weight * row[i] * count;
		for (int j = 0; j <= i; j++)
			state->sums[i * (i + 1) / 2 + j] =
				state->sums[i * (i + 1) / 2 + j] * faded + weight * row[i] * row[j];
	}
	state->last_s = t_s;
}

// More load never takes goroutines away.
static void find_slopes(struct floor_state *state)
{
	double ridge[FLOOR_COLUMNS] = {0}, coefficient[FLOOR_COLUMNS];
	double sums[FLOOR_COLUMNS * FLOOR_COLUMNS] = {0};

	for (int i = 0; i < FLOOR_COLUMNS; i++)
		memcpy(&sums[i * FLOOR_COLUMNS], &state->sums[i * (i + 1) / 2],
			((size_t)i + 1) * sizeof(*sums));
	for (int j = 2; j < FLOOR_COLUMNS; j++)
		ridge[j] = RIDGE;
	if (regress_sums(sums, state->products, FLOOR_COLUMNS, ridge, coefficient) < 0)
		return;
	for (int j = 0; j < LOAD_COLUMNS; j++)
		state->slope[j] = fmax(0, coefficient[2 + j]);
}

// Minimum of a block, counted from the newest: 0 is the last one.
static double block_min(const struct floor_state *state, uint32_t block)
{
	uint32_t end = state->part_count - block * FLOOR_PARTS;
	double least = INFINITY;

	for (uint32_t i = end - FLOOR_PARTS; i < end; i++)
		least = fmin(least, excess_of(state, &state->parts[i]));
	return least;
}

bool floor_is_full(const struct floor_state *state)
{
	return state->part_count == FLOOR_BLOCKS * FLOOR_PARTS;
}

static double per_load(const struct floor_row *row)
{
	return row->load[LOAD_COLUMNS - 1] > 0 ? row->count / row->load[LOAD_COLUMNS - 1] : 0;
}

static void learn_per_load(struct floor_state *state, double share)
{
	state->per_load += share * (per_load(&state->parts[0]) - state->per_load);
}

// Sessions and connections gather long after the load has risen, but not beyond it.
static bool is_beyond_load(const struct floor_state *state)
{
	const struct floor_row *last = &state->parts[state->part_count - 1];

	return !(last->load[LOAD_COLUMNS - 1] > 0) ||
	       per_load(last) > FLOOR_PER_LOAD * state->per_load;
}

// What the oldest blocks did is history: a leak that began lately is not in it, and a steady one is
// in its mean, not in its variance.
static void learn_moves(struct floor_state *state)
{
	double rise, off, share;

	if (!floor_is_full(state))
		return;
	rise = block_min(state, FLOOR_BLOCKS - 2) - block_min(state, FLOOR_BLOCKS - 1);
	off = rise - state->rise_mean;
	share = fmax(1 - MOVES_KEPT, 1.0 / ((double)state->moves_seen + 1));
	state->rise_mean += share * off;
	state->rise_variance = (1 - share) * (state->rise_variance + share * off * off);
	state->moves_seen++;
	learn_per_load(state, share);
}

static void close_part(struct floor_state *state)
{
	learn_moves(state);
	if (floor_is_full(state)) {
		memmove(&state->parts[0], &state->parts[1],
			(FLOOR_BLOCKS * FLOOR_PARTS - 1) * sizeof(state->parts[0]));
		state->part_count--;
	}
	state->parts[state->part_count++] = state->open;
	state->samples = 0;
	find_slopes(state);
}

bool floor_add(struct floor_state *state, double t_s, double count, const struct load_now *load)
{
	struct floor_row row = {.count = (float)count};
	bool closed = false;

	if (isnan(count) || !load->known)
		return false;
	if (state->from_s == 0 && state->last_s == 0)
		state->from_s = state->last_s = t_s;
	if (state->samples >= FLOOR_PART_SAMPLES && t_s - state->part_from_s >= FLOOR_PART_S) {
		close_part(state);
		closed = true;
	}
	learn(state, t_s, count, load);
	for (int j = 0; j < LOAD_COLUMNS; j++)
		row.load[j] = (float)load->columns[j];
	if (state->samples == 0)
		state->part_from_s = t_s;
	if (state->samples == 0 || excess_of(state, &row) < excess_of(state, &state->open))
		state->open = row;
	state->samples++;
	return closed;
}

void floor_begin_empty(struct floor_state *state, double t_s, double watched_s)
{
	double parts = floor(fmax(0, watched_s) / FLOOR_PART_S);

	state->from_s = state->last_s = t_s;
	state->part_count = (uint32_t)fmin(parts, FLOOR_BLOCKS * FLOOR_PARTS);
	state->moves_seen = floor_is_full(state) ? FLOOR_MOVES_LEAST * FLOOR_PARTS : 0;
}

static double whole_least(
	const struct floor_state *state, double count, const struct load_now *load)
{
	double least = FLOOR_TOTAL_LEAST;

	if (!load->has_little && !load->has_qps)
		least = fmax(least, FLOOR_BLIND_SHARE * count);
	if (state->moves_seen < FLOOR_MOVES_LEAST * FLOOR_PARTS)
		return fmax(least, FLOOR_UNKNOWN_SHARE * count);
	least = fmax(least, FLOOR_TOTAL_SHARE * count);
	return fmax(least, FLOOR_SIGMAS * sqrt((FLOOR_BLOCKS - 1) * state->rise_variance));
}

bool floor_is_rising(const struct floor_state *state, double count, const struct load_now *load)
{
	double least = fmax(FLOOR_RISE_LEAST, FLOOR_RISE_SHARE * count);
	double minima[FLOOR_BLOCKS];

	if (!floor_is_full(state) || !is_beyond_load(state))
		return false;
	for (uint32_t i = 0; i < FLOOR_BLOCKS; i++)
		minima[i] = block_min(state, FLOOR_BLOCKS - 1 - i);
	for (uint32_t i = 1; i < FLOOR_BLOCKS; i++)
		if (!(minima[i] - minima[i - 1] > least))
			return false;
	return minima[FLOOR_BLOCKS - 1] - minima[0] > whole_least(state, count, load) &&
	       minima[FLOOR_BLOCKS - 1] - minima[FLOOR_BLOCKS - 2] >= (minima[1] - minima[0]) / 2;
}

bool floor_is_flat(const struct floor_state *state, double count)
{
	return floor_is_full(state) && block_min(state, 0) - block_min(state, 1) <=
					       fmax(FLOOR_RISE_LEAST, FLOOR_RISE_SHARE * count) / 2;
}
