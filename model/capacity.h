// SPDX-License-Identifier: Apache-2.0
// How capacity may fall with leaked goroutines, c(theta G) with c(0) = 1, and which of these laws
// the data speak for (leak-model 2.5):
//
//	exponential  e^-u                 the source model; theta is its alpha
//	amdahl       1 / (1 + u)          a serial part that grows
//	scalability  1 / (1 + u + u^2)    contention and coherency (Gunther's shape)
//	coherency    1 / (1 + u^2)        coherency alone
//	slots        1 - u                each leaked goroutine holds a slot
//	memory       1 - u / (1 - u)      collector work near a memory limit
//
// Each has one parameter, theta, per goroutine. All but coherency fall as fast as e^-u at first.
#pragma once

#include "model/estimate.h"

#include <stddef.h>

enum capacity_law {
	CAPACITY_EXPONENTIAL,
	CAPACITY_AMDAHL,
	CAPACITY_SCALABILITY,
	CAPACITY_COHERENCY,
	CAPACITY_SLOTS,
	CAPACITY_MEMORY,
	CAPACITY_LAWS,
};

#define CAPACITY_POINTS_MIN 6
#define CAPACITY_POINTS_MAX 128
#define CAPACITY_EXCLUDED 6.0 // AICc above the best: e^-3 of its likelihood, and no longer counted

const char *capacity_law_name(enum capacity_law law);
double capacity_at(enum capacity_law law, double u); // 0 where nothing is left
double capacity_inverse(enum capacity_law law, double share); // the u at which `share` is left;
							      // at 0: INFINITY where it never ends

// dG/dt = lambda Q0 c(theta G) - mu G
struct capacity_path {
	enum capacity_law law;
	double theta, lambda, mu_per_s, q0;
	double start; // leaked goroutines at time 0
};
// Seconds until c has fallen to `share`: the integral of dG / (lambda Q0 c(theta G) - mu G) by
// Simpson's rule. 0 when it has; INFINITY: never.
double capacity_seconds_to_share(const struct capacity_path *path, double share);

struct capacity_fit {
	double theta; // NAN: does not fit at all
	double log_theta_variance; // widened for autocorrelation
	double mean_log, mean_slope; // over the points: ln c, d ln c / d ln theta
	double aicc;
	bool excluded; // by a law that fits better
};

struct capacity_fits {
	struct capacity_fit laws[CAPACITY_LAWS];
	enum capacity_law law; // the exponential unless it is excluded; then the best
	unsigned not_excluded; // 1: the data tell the law
	size_t points;
};

// Of ln capacity (up to a constant) on leaked goroutines. False with fewer than CAPACITY_POINTS_MIN
// or more than CAPACITY_POINTS_MAX points, or when nothing leaked.
bool capacity_fit(const double *leaked, const double *log_capacity, size_t points,
	struct capacity_fits *fits);

// What a forecast is made from. Level: ln of throughput, mean over the points of the fit, with the
// variance of that mean.
struct capacity_forecast {
	const struct capacity_fits *fits;
	double log_level, log_level_variance;
	struct estimate lambda, mu_per_s;
	double leaked; // now
};
// ln Q0 of a law: the level brought back to no leak.
double capacity_log_q0(const struct capacity_forecast *forecast, enum capacity_law law);
// Seconds to a share of Q0 by one law, with an interval at `level` by the delta method in ln theta,
// ln of the level, ln lambda and mu.
struct estimate capacity_forecast_by(const struct capacity_forecast *forecast,
	enum capacity_law law, double share, double level);
// The same by the chosen law; the interval spans those of all laws that are not excluded.
struct estimate capacity_forecast_spanning(
	const struct capacity_forecast *forecast, double share, double level);
