// SPDX-License-Identifier: Apache-2.0
// Totals over time.
#include "model/series.h"

#include <errno.h>
#include <stdlib.h>

struct series series_init(void)
{
	const struct counter none = {NAN, 0};

	return (struct series){.stride = 1,
		.requests = none,
		.request_seconds = none,
		.errors = none,
		.cpu = none,
		.demand = none,
		.last = {.t_s = NAN}};
}

void series_release(struct series *series)
{
	free(series->points);
	*series = series_init();
}

// A counter that falls was reset, and counts from 0 since.
static double advance(struct counter *counter, double raw)
{
	if (isnan(raw))
		return NAN;
	if (!isnan(counter->raw))
		counter->total += raw >= counter->raw ? raw - counter->raw : raw;
	counter->raw = raw;
	return counter->total;
}

static void forget_life(struct series *series)
{
	series->requests.raw = series->request_seconds.raw = series->errors.raw = NAN;
	series->cpu.raw = series->demand.raw = NAN;
	series->max_id = series->first_max_id = 0;
}

// IDs are handed out in batches, so the largest can step back a little: the running maximum counts.
static double advance_births(struct series *series, uint64_t max_id)
{
	if (max_id == 0)
		return NAN;
	if (series->max_id == 0)
		series->first_max_id = series->max_id = max_id;
	if (max_id > series->max_id) {
		series->births += (double)(max_id - series->max_id);
		series->max_id = max_id;
	}
	series->has_births = true;
	return series->births;
}

static double total_goroutines(const struct observation *observation)
{
	if (observation->goroutines >= 0)
		return (double)observation->goroutines;
	if (observation->dumped >= 0 && observation->status == OBSERVED_OK)
		return (double)observation->dumped;
	return NAN;
}

static int keep(struct series *series, const struct series_point *point)
{
	if (series->count == SERIES_POINTS_MAX) {
		for (uint32_t i = 0; i < SERIES_POINTS_MAX / 2; i++)
			series->points[i] = series->points[2 * i];
		series->count = SERIES_POINTS_MAX / 2;
		series->stride *= 2;
	}
	if (series->count == series->capacity) {
		uint32_t bigger = series->capacity + 64;
		struct series_point *moved =
			reallocarray(series->points, bigger, sizeof(*series->points));

		if (!moved)
			return -ENOMEM;
		series->points = moved;
		series->capacity = bigger;
	}
	series->points[series->count++] = *point;
	return 0;
}

static bool fell(const struct counter *counter, double raw)
{
	return raw < counter->raw; // false for NAN
}

int series_add(struct series *series, const struct observation *observation, double t_s,
	uint32_t life, bool new_life)
{
	if (new_life)
		forget_life(series);
	series->resets += fell(&series->requests, observation->requests) ||
			  fell(&series->request_seconds, observation->request_seconds) ||
			  fell(&series->cpu, observation->cpu_seconds);
	series->last = (struct series_point){
		.t_s = t_s,
		.mono_ms = observation->mono_ms,
		.wall_ms = observation->wall_ms,
		.life = life,
		.goroutines = total_goroutines(observation),
		.requests = advance(&series->requests, observation->requests),
		.request_seconds = advance(&series->request_seconds, observation->request_seconds),
		.errors = advance(&series->errors, observation->errors),
		.cpu_s = advance(&series->cpu, observation->cpu_seconds),
		.demand = advance(&series->demand, observation->demand),
		.births = advance_births(series, observation->max_id),
		.in_flight = observation->in_flight,
		.rss_bytes = observation->rss_bytes,
		.heap_bytes = observation->heap_bytes,
		.stop_ms = observation->stop_sum_ms,
	};
	if (series->offered++ % series->stride != 0)
		return 0;
	return keep(series, &series->last);
}

static bool last_is_kept(const struct series *series)
{
	return series->count > 0 && series->points[series->count - 1].t_s == series->last.t_s;
}

uint32_t series_count(const struct series *series)
{
	if (isnan(series->last.t_s))
		return 0;
	return series->count + !last_is_kept(series);
}

const struct series_point *series_at(const struct series *series, uint32_t index)
{
	return index < series->count ? &series->points[index] : &series->last;
}
