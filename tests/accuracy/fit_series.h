// SPDX-License-Identifier: Apache-2.0
// Made-up series with known truth for tests/accuracy/fits.c: the cases of leak-model 7 and the
// kinds of growth of 1.4.
//
// Throughput is Q0 D(t) e^(-alpha G) with noise of its own in every interval; what is done is what
// leaks, so the request counter is exact. The gauge of goroutines is read with noise in proportion.
#pragma once

#include "model/series.h"

struct fit_random {
	uint64_t state;
};
struct fit_random fit_random_of(uint64_t seed);
double fit_uniform(struct fit_random *random); // within (0, 1)
double fit_gaussian(struct fit_random *random);
unsigned fit_poisson(struct fit_random *random, double mean);
unsigned fit_geometric(struct fit_random *random, double mean); // 1, 2, ...

struct fit_world {
	double lambda, mu_per_s, alpha, q0, base;
	double noise, rho; // of G and of Q; rho: AR(1), interval to interval
	double seconds, interval_s;
	double demand_end; // of 1, falling evenly
	double swing; // diurnal, of demand: one period over the whole time
	bool tells_demand, tells_cpu;
};
// A load-driven leak. Release it with series_release().
struct series fit_series_of(const struct fit_world *world, uint64_t seed);
double fit_half_life_s(const struct fit_world *world); // 1 / (alpha lambda Q0), at mean demand

enum fit_kind {
	FIT_NONE,
	FIT_TIME,
	FIT_LOAD,
	FIT_RECOVERING,
	FIT_SATURATING,
	FIT_STEP,
	FIT_KINDS,
};
// Four hours, `points` points: 500 goroutines and what the kind adds, up to about 1,000 (a step:
// 300), under a load that swings by 40 %.
struct series fit_growth_series(enum fit_kind kind, unsigned points, double noise, uint64_t seed);
