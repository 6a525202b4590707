// SPDX-License-Identifier: Apache-2.0
// What is remembered of a stack, and of minima of counts, field by field.
#include "model/state_parts.h"

#include <string.h>

#define HISTORY_MAX (1u << 20)

void state_of_floor_row(struct state_io *io, struct floor_row *row)
{
	state_open(io, "row", STATE_ROW);
	STATE_FIELD(io, row, count);
	STATE_FIELDS(io, row, load);
	state_close(io);
}

// A whole square in the file, zero above the diagonal.
static void state_of_sums(struct state_io *io, struct floor_state *floor)
{
	struct {
		double sums[FLOOR_COLUMNS * FLOOR_COLUMNS];
	} square = {0};

	for (int i = 0; i < FLOOR_COLUMNS; i++)
		memcpy(&square.sums[i * FLOOR_COLUMNS], &floor->sums[i * (i + 1) / 2],
			((size_t)i + 1) * sizeof(double));
	STATE_FIELDS(io, &square, sums);
	for (int i = 0; io->restoring && i < FLOOR_COLUMNS; i++)
		memcpy(&floor->sums[i * (i + 1) / 2], &square.sums[i * FLOOR_COLUMNS],
			((size_t)i + 1) * sizeof(double));
}

void state_of_floor(struct state_io *io, struct floor_state *floor)
{
	state_of_sums(io, floor);
	STATE_FIELDS(io, floor, products);
	STATE_FIELD(io, floor, from_s);
	STATE_FIELD(io, floor, last_s);
	STATE_FIELD(io, floor, part_from_s);
	STATE_FIELD(io, floor, samples);
	state_of_floor_row(io, &floor->open);
	state_open(io, "parts", STATE_ROW);
	for (uint32_t i = 0; i < FLOOR_BLOCKS * FLOOR_PARTS; i++)
		state_of_floor_row(io, &floor->parts[i]);
	state_close(io);
	STATE_FIELD(io, floor, part_count);
	state_check(io, floor->part_count <= FLOOR_BLOCKS * FLOOR_PARTS, "part_count");
	STATE_FIELD(io, floor, per_load);
	STATE_FIELD(io, floor, rise_mean);
	STATE_FIELD(io, floor, rise_variance);
	STATE_FIELD(io, floor, moves_seen);
	STATE_FIELDS(io, floor, slope);
}

void state_of_wait_count(struct state_io *io, struct wait_count *wait)
{
	state_open(io, "waits", STATE_ROW);
	state_wait(io, "state", &wait->state);
	STATE_FIELD(io, wait, count);
	state_close(io);
}

static void state_of_waits(struct state_io *io, struct seen_stack *seen)
{
	state_list(io, "waits", &seen->wait_count, SEEN_WAITS_MAX);
	for (uint32_t i = 0; i < seen->wait_count; i++)
		state_of_wait_count(io, &seen->waits[i]);
	state_close(io);
}

void state_of_creator(struct state_io *io, struct frame *frame)
{
	state_open(io, "created_by", STATE_ROW);
	STATE_FIELD(io, frame, function);
	STATE_FIELD(io, frame, file);
	STATE_FIELD(io, frame, line);
	STATE_FIELD(io, frame, offset);
	state_close(io);
}

void state_of_count_point(struct state_io *io, struct count_point *point)
{
	state_open(io, "points", STATE_ROW);
	STATE_FIELD(io, point, t_s);
	STATE_FIELD(io, point, count);
	state_close(io);
}

static void state_of_points(struct state_io *io, struct seen_stack *seen)
{
	STATE_FIELD(io, seen, point_stride);
	STATE_FIELD(io, seen, offered);
	state_list(io, "points", &seen->point_count, SEEN_POINTS_MAX);
	if (io->restoring && seen->point_count > 0)
		seen->points = state_memory(io,
			(seen->point_count / SEEN_POINTS_STEP + 1) * SEEN_POINTS_STEP,
			sizeof(*seen->points));
	for (uint32_t i = 0; seen->points && i < seen->point_count; i++)
		state_of_count_point(io, &seen->points[i]);
	state_close(io);
	state_check(io, seen->point_stride > 0, "point_stride");
}

void state_of_change(struct state_io *io, struct verdict_change *change)
{
	state_open(io, "history", STATE_ROW);
	state_verdict(io, "verdict", &change->verdict);
	STATE_FIELD(io, change, wall_ms);
	state_close(io);
}

static void state_of_history(struct state_io *io, struct seen_stack *seen)
{
	seen->history = state_items(io, "history", seen->history, &seen->history_count, HISTORY_MAX,
		sizeof(*seen->history));
	seen->history_capacity = io->restoring ? seen->history_count : seen->history_capacity;
	for (uint32_t i = 0; i < seen->history_count; i++)
		state_of_change(io, &seen->history[i]);
	state_close(io);
}

void state_of_seen(struct state_io *io, struct seen_stack *seen)
{
	STATE_FIELD(io, seen, stack);
	STATE_FIELD(io, seen, count_first);
	STATE_FIELD(io, seen, count_last);
	STATE_FIELD(io, seen, peak);
	STATE_FIELD(io, seen, peak_t_s);
	STATE_FIELD(io, seen, peak_in_flight);
	state_of_waits(io, seen);
	state_of_creator(io, &seen->created_by);
	STATE_FIELD(io, seen, has_minutes);
	STATE_FIELD(io, seen, minutes_max);
	STATE_FIELD(io, seen, waited);
	STATE_FIELD(io, seen, leaked);
	state_of_points(io, seen);
	STATE_FIELD(io, seen, life_peak);
	STATE_FIELD(io, seen, high_water);
	STATE_FIELD(io, seen, earlier);
	state_verdict(io, "verdict", &seen->verdict);
	STATE_FIELD(io, seen, verdict_t_s);
	STATE_FIELD(io, seen, verdict_life);
	state_of_history(io, seen);
	state_open(io, "floor", STATE_OBJECT);
	state_of_floor(io, &seen->floor);
	state_close(io);
}
