// SPDX-License-Identifier: Apache-2.0
// The goroutines that are followed, field by field. There may be a hundred thousand of them, in
// order of their IDs and so nearly in order of birth: each field is a column, of runs.
#include "model/little.h"
#include "model/state_parts.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>

enum column {
	COLUMN_ID,
	COLUMN_FIRST,
	COLUMN_SINCE, // less `first`: nearly always 0
	COLUMN_HOME, // none is 0, the stack it is in 1, others 2 more than their index
};

static uint64_t cell(
	const struct tracked_goroutine *goroutine, enum column column, uint32_t stack_index)
{
	switch (column) {
	case COLUMN_ID:
		return goroutine->id;
	case COLUMN_FIRST:
		return goroutine->first;
	case COLUMN_SINCE:
		return (uint64_t)goroutine->since - goroutine->first;
	default:
		if (goroutine->home == TRACK_NO_HOME)
			return 0;
		return goroutine->home == stack_index ? 1 : (uint64_t)goroutine->home + 2;
	}
}

static void enter(struct tracked_goroutine *goroutine, enum column column, uint32_t stack_index,
	uint64_t value)
{
	switch (column) {
	case COLUMN_ID:
		goroutine->id = value;
		break;
	case COLUMN_FIRST:
		goroutine->first = value & (TRACK_TICKS_MAX - 1);
		break;
	case COLUMN_SINCE:
		goroutine->since = (goroutine->first + value) & (TRACK_TICKS_MAX - 1);
		break;
	default:
		value = value == 1 ? stack_index : value == 0 ? TRACK_NO_HOME : value - 2;
		goroutine->home = value & TRACK_STACKS_MAX;
	}
}

// The first value that is none; the highest is checked, the lowest is 0.
static uint64_t column_end(const struct tracker *tracker, enum column column)
{
	if (column == COLUMN_ID)
		return UINT64_MAX;
	return column == COLUMN_HOME ? (uint64_t)tracker->stack_count + 2 : tracker->tick_count;
}

static void state_of_column(struct state_io *io, const char *key, struct tracker *tracker,
	uint32_t index, enum column column, uint64_t *values)
{
	struct tracked_stack *stack = &tracker->stacks[index];

	for (uint32_t i = 0; !io->restoring && i < stack->count; i++)
		values[i] = cell(&stack->goroutines[i], column, index);
	state_numbers(
		io, key, column == COLUMN_ID ? STATE_ASCENDING : STATE_RUNS, values, stack->count);
	for (uint32_t i = 0; io->restoring && !io->failed && i < stack->count; i++) {
		struct tracked_goroutine *goroutine = &stack->goroutines[i];

		state_check(io, values[i] < column_end(tracker, column), key);
		if (column == COLUMN_SINCE)
			state_check(io, goroutine->first + values[i] < tracker->tick_count, key);
		enter(goroutine, column, index, values[i]);
	}
}

static void state_of_goroutines(struct state_io *io, struct tracker *tracker, uint32_t index)
{
	struct tracked_stack *stack = &tracker->stacks[index];
	uint64_t *values = NULL;

	STATE_FIELD(io, stack, count);
	state_check(io, stack->count <= LIMIT_GOROUTINES_COUNT, "count");
	if (io->restoring && !io->failed && stack->count > 0)
		stack->goroutines = state_memory(io, stack->count, sizeof(*stack->goroutines));
	if (stack->goroutines && stack->count > 0)
		values = calloc(stack->count, sizeof(*values));
	if (stack->count > 0 && !values) {
		state_give_up(io, -ENOMEM);
		return;
	}
	state_of_column(io, "ids", tracker, index, COLUMN_ID, values);
	state_of_column(io, "first", tracker, index, COLUMN_FIRST, values);
	state_of_column(io, "since", tracker, index, COLUMN_SINCE, values);
	state_of_column(io, "home", tracker, index, COLUMN_HOME, values);
	free(values);
}

void state_of_tracked_stack(struct state_io *io, struct tracker *tracker, uint32_t index)
{
	struct tracked_stack *stack = &tracker->stacks[index];

	STATE_FIELD(io, stack, stack);
	stack->rests = stack_is_idle_connection(stack->stack);
	state_check(io, stack->stack != NULL, "stack");
	STATE_FIELDS(io, stack, stock);
	STATE_FIELDS(io, stack, inflow);
	STATE_FIELDS(io, stack, outflow);
	STATE_FIELDS(io, stack, settled);
	STATE_FIELDS(io, stack, unsettled);
	STATE_FIELD(io, stack, born);
	STATE_FIELD(io, stack, died);
	state_of_goroutines(io, tracker, index);
}

void state_of_tick(struct state_io *io, struct track_tick *tick)
{
	state_open(io, "ticks", STATE_ROW);
	STATE_FIELD(io, tick, t_s);
	STATE_FIELD(io, tick, load);
	STATE_FIELD(io, tick, born);
	STATE_FIELD(io, tick, died);
	STATE_FIELD(io, tick, after_gap);
	state_close(io);
}

void state_of_move(struct state_io *io, struct track_move *move)
{
	state_open(io, "moves", STATE_ROW);
	STATE_FIELD(io, move, from);
	STATE_FIELD(io, move, to);
	STATE_FIELDS(io, move, count);
	STATE_FIELDS(io, move, away);
	state_close(io);
}

static void state_of_moves(struct state_io *io, struct tracker *tracker)
{
	tracker->moves = state_items(io, "moves", tracker->moves, &tracker->move_count,
		TRACK_MOVES_MAX, sizeof(*tracker->moves));
	tracker->move_capacity = io->restoring ? tracker->move_count : tracker->move_capacity;
	for (uint32_t i = 0; i < tracker->move_count; i++) {
		state_of_move(io, &tracker->moves[i]);
		state_check(io,
			tracker->moves[i].from < tracker->stack_count &&
				tracker->moves[i].to < tracker->stack_count,
			"moves");
	}
	state_close(io);
}

static void state_of_ticks(struct state_io *io, struct tracker *tracker)
{
	tracker->ticks = state_items(io, "ticks", tracker->ticks, &tracker->tick_count,
		TRACK_TICKS_MAX - 1, sizeof(*tracker->ticks));
	tracker->tick_capacity = io->restoring ? tracker->tick_count : tracker->tick_capacity;
	for (uint32_t i = 0; i < tracker->tick_count; i++)
		state_of_tick(io, &tracker->ticks[i]);
	state_close(io);
}

static uint32_t highest_index(const struct tracker *tracker)
{
	uint32_t highest = 0;

	for (uint32_t i = 0; i < tracker->stack_count; i++)
		if (tracker->stacks[i].stack->index > highest)
			highest = tracker->stacks[i].stack->index;
	return highest;
}

// Where each stack is, which the file does not say because other tables number them otherwise.
static void index_stacks(struct state_io *io, struct tracker *tracker)
{
	uint32_t count = io->failed || tracker->stack_count == 0 ? 0 : highest_index(tracker) + 1;

	tracker->index_of = count ? state_memory(io, count, sizeof(*tracker->index_of)) : NULL;
	tracker->index_of_count = tracker->index_of ? count : 0;
	for (uint32_t i = 0; tracker->index_of && i < tracker->stack_count; i++) {
		uint32_t *at = &tracker->index_of[tracker->stacks[i].stack->index];

		state_check(io, *at == 0, "a stack that is there twice");
		*at = i + 1;
	}
}

// What leaves takes from the stock of its home, so the two must agree.
static void check_stock(struct state_io *io, const struct tracker *tracker, int age)
{
	uint32_t *stock = calloc((size_t)tracker->stack_count + 1, sizeof(*stock));

	if (!stock) {
		state_give_up(io, -ENOMEM);
		return;
	}
	for (uint32_t i = 0; i < tracker->stack_count; i++)
		for (uint32_t j = 0; j < tracker->stacks[i].count; j++) {
			const struct tracked_goroutine *g = &tracker->stacks[i].goroutines[j];

			if (g->home != TRACK_NO_HOME && g->first <= tracker->matured[age])
				stock[g->home]++;
		}
	for (uint32_t i = 0; i < tracker->stack_count; i++)
		state_check(io, stock[i] == tracker->stacks[i].stock[age], "stock");
	free(stock);
}

void state_of_tracker(struct state_io *io, struct tracker *tracker)
{
	state_of_ticks(io, tracker);
	STATE_FIELDS(io, tracker, matured);
	STATE_FIELD(io, tracker, goroutines);
	STATE_FIELD(io, tracker, duplicates);
	tracker->stacks = state_items(io, "stacks", tracker->stacks, &tracker->stack_count,
		TRACK_STACKS_MAX - 1, sizeof(*tracker->stacks));
	tracker->stack_capacity = io->restoring ? tracker->stack_count : tracker->stack_capacity;
	for (uint32_t i = 0; i < tracker->stack_count; i++) {
		state_open(io, "stacks", STATE_OBJECT);
		state_of_tracked_stack(io, tracker, i);
		state_close(io);
	}
	state_close(io);
	state_of_moves(io, tracker);
	if (!io->restoring)
		return;
	index_stacks(io, tracker);
	for (int age = 0; age < TRACK_AGES; age++)
		state_check(io,
			tracker->matured[age] >= -1 && tracker->matured[age] < tracker->tick_count,
			"matured");
	for (int age = 0; !io->failed && age < TRACK_AGES; age++)
		check_stock(io, tracker, age);
}
