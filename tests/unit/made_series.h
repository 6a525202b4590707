// SPDX-License-Identifier: Apache-2.0
// Totals made up for tests of fits: a load-driven leak with noise, restarts, and demand that
// drifts.
#pragma once

#include "model/series.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct made {
	struct series series;
	uint64_t random;
	uint32_t life;
	bool fresh; // the next tick is the first of its life
	double t_s, leaked, requests, request_s, demand;
	bool tells_demand, tells_latency;
};

static inline double made_uniform(struct made *made)
{
	made->random ^= made->random << 13;
	made->random ^= made->random >> 7;
	made->random ^= made->random << 17;
	return ((double)(made->random >> 11) + 0.5) / 9007199254740992.0;
}

static inline double made_gaussian(struct made *made)
{
	double radius = sqrt(-2 * log(made_uniform(made)));

	return radius * cos(6.283185307179586 * made_uniform(made));
}

static inline void made_begin(struct made *made, uint64_t seed)
{
	memset(made, 0, sizeof(*made));
	made->series = series_init();
	made->random = seed * 0x9e3779b97f4a7c15u + 77;
	for (int i = 0; i < 8; i++)
		(void)made_uniform(made);
}

static inline void made_tick(struct made *made, double goroutines, double rss_bytes)
{
	const struct observation o = {.goroutines = (int64_t)round(goroutines),
		.requests = made->requests,
		.request_seconds = made->tells_latency ? made->request_s : NAN,
		.demand = made->tells_demand ? made->demand : NAN,
		.mono_ms = made->t_s * 1e3,
		.wall_ms = (int64_t)(made->t_s * 1e3),
		.dumped = -1,
		.cpu_seconds = NAN,
		.errors = NAN,
		.in_flight = NAN,
		.rss_bytes = rss_bytes,
		.stop_sum_ms = NAN,
		.stop_worst_ms = NAN};
	int r = series_add(&made->series, &o, made->t_s, made->life, made->fresh);

	made->fresh = false;
	assert(r == 0);
	(void)r;
}

static inline void made_restart(struct made *made)
{
	made->life++;
	made->fresh = true;
	made->leaked = made->requests = made->request_s = made->demand = 0;
}

// An interval in which `qps` requests a second are served, each in `latency_s`; `lambda` of them
// leak.
static inline void made_serve(
	struct made *made, double seconds, double qps, double lambda, double latency_s)
{
	made->t_s += seconds;
	made->requests += qps * seconds;
	made->request_s += qps * seconds * latency_s;
	made->leaked += lambda * qps * seconds;
}
