// SPDX-License-Identifier: Apache-2.0
// What is remembered of totals and of contention, field by field.
#include "model/state_parts.h"

#define ROWS_MAX (1u << 22)

void state_of_counter(struct state_io *io, const char *key, struct counter *counter)
{
	state_open(io, key, STATE_ROW);
	STATE_FIELD(io, counter, raw);
	STATE_FIELD(io, counter, total);
	state_close(io);
}

void state_of_point(struct state_io *io, const char *key, struct series_point *point)
{
	state_open(io, key, STATE_ROW);
	STATE_FIELD(io, point, t_s);
	STATE_FIELD(io, point, mono_ms);
	STATE_FIELD(io, point, wall_ms);
	STATE_FIELD(io, point, life);
	STATE_FIELD(io, point, goroutines);
	STATE_FIELD(io, point, requests);
	STATE_FIELD(io, point, request_seconds);
	STATE_FIELD(io, point, errors);
	STATE_FIELD(io, point, cpu_s);
	STATE_FIELD(io, point, demand);
	STATE_FIELD(io, point, births);
	STATE_FIELD(io, point, in_flight);
	STATE_FIELD(io, point, rss_bytes);
	STATE_FIELD(io, point, heap_bytes);
	STATE_FIELD(io, point, stop_ms);
	state_close(io);
}

void state_of_series(struct state_io *io, struct series *series)
{
	series->points = state_items(io, "points", series->points, &series->count,
		SERIES_POINTS_MAX, sizeof(*series->points));
	series->capacity = io->restoring ? series->count : series->capacity;
	for (uint32_t i = 0; i < series->count; i++)
		state_of_point(io, "points", &series->points[i]);
	state_close(io);
	STATE_FIELD(io, series, stride);
	STATE_FIELD(io, series, offered);
	state_of_counter(io, "requests", &series->requests);
	state_of_counter(io, "request_seconds", &series->request_seconds);
	state_of_counter(io, "errors", &series->errors);
	state_of_counter(io, "cpu", &series->cpu);
	state_of_counter(io, "demand", &series->demand);
	STATE_FIELD(io, series, max_id);
	STATE_FIELD(io, series, first_max_id);
	STATE_FIELD(io, series, births);
	STATE_FIELD(io, series, has_births);
	STATE_FIELD(io, series, resets);
	state_of_point(io, "last", &series->last);
	state_check(io, series->stride > 0, "stride");
}

void state_of_row(struct state_io *io, struct contention_row *row)
{
	state_open(io, "rows", STATE_ROW);
	STATE_FIELD(io, row, mutex);
	STATE_FIELD(io, row, stack);
	state_check(io, row->stack != NULL, "stack");
	STATE_FIELD(io, row, raw_count);
	STATE_FIELD(io, row, raw_delay_ns);
	STATE_FIELD(io, row, count);
	STATE_FIELD(io, row, delay_ns);
	STATE_FIELD(io, row, delay_squares);
	STATE_FIELD(io, row, count_squares);
	STATE_FIELD(io, row, delay_moment);
	STATE_FIELD(io, row, now_count);
	STATE_FIELD(io, row, now_delay_ns);
	state_close(io);
}

static bool is_before(const struct contention_row *a, const struct contention_row *b)
{
	if (a->mutex != b->mutex)
		return a->mutex < b->mutex;
	return a->stack->key < b->stack->key;
}

void state_of_contention_point(struct state_io *io, struct contention_point *point)
{
	state_open(io, "points", STATE_ROW);
	STATE_FIELD(io, point, t_s);
	STATE_FIELD(io, point, seconds);
	STATE_FIELD(io, point, others);
	STATE_FIELD(io, point, locks);
	STATE_FIELD(io, point, mutex);
	state_close(io);
}

static void state_of_contention_points(struct state_io *io, struct contention *contention)
{
	state_list(io, "points", &contention->point_count, CONTENTION_POINTS_MAX);
	if (io->restoring && contention->point_count > 0)
		contention->points =
			state_memory(io, CONTENTION_POINTS_MAX, sizeof(*contention->points));
	for (uint32_t i = 0; contention->points && i < contention->point_count; i++)
		state_of_contention_point(io, &contention->points[i]);
	state_close(io);
}

void state_of_contention(struct state_io *io, struct contention *contention)
{
	contention->rows = state_items(io, "rows", contention->rows, &contention->row_count,
		ROWS_MAX, sizeof(*contention->rows));
	contention->row_capacity = io->restoring ? contention->row_count : contention->row_capacity;
	for (uint32_t i = 0; i < contention->row_count; i++) {
		state_of_row(io, &contention->rows[i]);
		state_check(io,
			io->failed || i == 0 ||
				is_before(&contention->rows[i - 1], &contention->rows[i]),
			"order of rows");
	}
	state_close(io);
	STATE_FIELD(io, contention, fetches);
	STATE_FIELD(io, contention, filled);
	STATE_FIELD(io, contention, first_t_s);
	STATE_FIELD(io, contention, last_t_s);
	STATE_FIELD(io, contention, seconds);
	STATE_FIELD(io, contention, intervals);
	STATE_FIELD(io, contention, time_moment);
	STATE_FIELD(io, contention, time_squares);
	STATE_FIELD(io, contention, block_filled);
	STATE_FIELD(io, contention, mutex_filled);
	state_of_contention_points(io, contention);
}
