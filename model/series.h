// SPDX-License-Identifier: Apache-2.0
// The totals of one target over time: what fits and plots are made from.
//
// Counters are made cumulative: they go on over resets within a life and over restarts, from 0 at
// the target's first tick. The series is thinned to half when it is full, so memory is bounded
// however long a daemon runs.
#pragma once

#include "model/observation.h"

#define SERIES_POINTS_MAX 2048

struct series_point {
	double t_s; // since the target's first tick
	double mono_ms;
	int64_t wall_ms;
	uint32_t life; // index, from 0
	double goroutines; // NAN: unknown, here and below
	double requests, request_seconds, errors, cpu_s, demand; // cumulative
	double births; // cumulative, from the largest ID
	double in_flight, rss_bytes, heap_bytes; // as they were
	double stop_ms;
};

struct counter {
	double raw; // last value seen in this life; NAN
	double total;
};

struct series {
	struct series_point *points;
	uint32_t count, capacity;
	uint32_t stride; // every stride-th tick is kept, and the last
	uint64_t offered;
	struct counter requests, request_seconds, errors, cpu, demand;
	uint64_t max_id, first_max_id; // of this life; 0: none yet
	double births;
	bool has_births;
	uint32_t resets; // ticks at which a counter had fallen within a life
	struct series_point last; // complete, whether kept or not; t_s NAN before the first
};

struct series series_init(void);
void series_release(struct series *series);
// A tick that said something. `new_life` starts every counter anew. 0 or -ENOMEM.
int series_add(struct series *series, const struct observation *observation, double t_s,
	uint32_t life, bool new_life);
// The kept points and the last one, in order: `index` below series_count().
uint32_t series_count(const struct series *series);
const struct series_point *series_at(const struct series *series, uint32_t index);
