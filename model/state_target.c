// SPDX-License-Identifier: Apache-2.0
// What is remembered of a target, field by field.
#include "model/state_parts.h"

#include <stdlib.h>

#define LIVES_MAX (1u << 20)
#define SEEN_MAX (1u << 22)
#define STATE_NAMES_MAX 4096

// Names of waits that the runtime's table lacks are numbered by their table of stacks, in order of
// first sight: the same order here, so that waits of equal counts keep theirs.
static void state_of_wait_names(struct state_io *io)
{
	uint32_t count = 0, known = state_known_count();

	while (!io->restoring && count < STATE_NAMES_MAX &&
		stacks_state_name(io->stacks, (uint16_t)(known + count)).len > 0)
		count++;
	state_list(io, "wait_names", &count, STATE_NAMES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t state = (uint16_t)(known + i);

		state_wait(io, "wait_names", &state);
	}
	state_close(io);
}

static void state_of_lives(struct state_io *io, struct target *target)
{
	target->lives = state_items(
		io, "lives", target->lives, &target->life_count, LIVES_MAX, sizeof(*target->lives));
	target->life_capacity = io->restoring ? target->life_count : target->life_capacity;
	for (uint32_t i = 0; i < target->life_count; i++) {
		if (io->restoring)
			target->lives[i] = state_memory(io, 1, sizeof(**target->lives));
		if (!target->lives[i]) {
			target->life_count = i;
			return;
		}
		state_open(io, "lives", STATE_OBJECT);
		state_of_life(io, target->lives[i]);
		state_close(io);
		state_check(io, target->lives[i]->index == i, "index");
	}
	state_close(io);
}

// Which of the lives is the present one.
static void state_of_life_pointer(struct state_io *io, struct target *target)
{
	bool has = state_has(io, "life", target->life != NULL);
	uint32_t index = target->life ? target->life->index : 0;

	if (!has)
		return;
	state_u32(io, "life", &index);
	state_check(io, index < target->life_count, "life");
	if (io->restoring && !io->failed)
		target->life = target->lives[index];
}

static void state_of_all_seen(struct state_io *io, struct target *target)
{
	target->seen = state_items(
		io, "seen", target->seen, &target->seen_count, SEEN_MAX, sizeof(*target->seen));
	target->seen_capacity = io->restoring ? target->seen_count : target->seen_capacity;
	for (uint32_t i = 0; i < target->seen_count; i++) {
		if (io->restoring)
			target->seen[i] = state_memory(io, 1, sizeof(**target->seen));
		if (!target->seen[i]) {
			target->seen_count = i;
			return;
		}
		state_open(io, "seen", STATE_OBJECT);
		state_of_seen(io, target->seen[i]);
		state_check(io, target->seen[i]->stack != NULL, "stack");
		state_close(io);
		state_check(io,
			io->failed || i == 0 ||
				target->seen[i - 1]->stack->key < target->seen[i]->stack->key,
			"order of seen");
	}
	state_close(io);
}

void state_of_load(struct state_io *io, struct load_now *load)
{
	STATE_FIELDS(io, load, columns);
	STATE_FIELD(io, load, known);
	STATE_FIELD(io, load, has_little);
	STATE_FIELD(io, load, has_qps);
	STATE_FIELD(io, load, fast);
	STATE_FIELD(io, load, slow);
	STATE_FIELD(io, load, flight_mean);
	STATE_FIELD(io, load, rate_mean);
	STATE_FIELD(io, load, seen_s);
	STATE_FIELD(io, load, surged_s);
	STATE_FIELD(io, load, surging_share);
}

static void state_of_parts(struct state_io *io, struct target *target)
{
	state_open(io, "series", STATE_OBJECT);
	state_of_series(io, &target->series);
	state_close(io);
	state_open(io, "contention", STATE_OBJECT);
	state_of_contention(io, &target->contention);
	state_close(io);
	state_open(io, "totals", STATE_OBJECT);
	state_of_seen(io, &target->totals);
	target->totals.stack = NULL; // whatever a file says
	state_close(io);
	state_open(io, "load", STATE_OBJECT);
	state_of_load(io, &target->load);
	state_close(io);
}

void state_of_target(struct state_io *io, struct target *target)
{
	state_of_wait_names(io);
	STATE_FIELD(io, target, ticks);
	STATE_FIELD(io, target, missed);
	STATE_FIELD(io, target, cut);
	STATE_FIELD(io, target, timeless);
	STATE_FIELD(io, target, clock_steps);
	STATE_FIELD(io, target, returns);
	STATE_FIELD(io, target, skipped);
	STATE_FIELD(io, target, leak_profiles);
	STATE_FIELD(io, target, first_mono_ms);
	STATE_FIELD(io, target, first_wall_ms);
	STATE_FIELD(io, target, last_wall_ms);
	STATE_FIELD(io, target, last_mono_ms);
	STATE_FIELD(io, target, t_s);
	STATE_FIELD(io, target, goroutines_first);
	STATE_FIELD(io, target, goroutines_last);
	STATE_FIELD(io, target, stop_sum_ms);
	STATE_FIELD(io, target, stop_worst_ms);
	STATE_FIELD(io, target, has_groups);
	STATE_FIELD(io, target, has_ids);
	STATE_FIELD(io, target, has_requests);
	STATE_FIELD(io, target, counted_alone);
	STATE_FIELD(io, target, requests_from);
	state_of_lives(io, target);
	state_of_life_pointer(io, target);
	state_of_all_seen(io, target);
	state_of_parts(io, target);
	// Who has ticks that said something has a life to which they belong.
	state_check(io, target->life || isnan(target->series.last.t_s), "life");
}
