// SPDX-License-Identifier: Apache-2.0
// What the requests did while goroutines grew: Little's law on the early and the late part of a
// time (leak-model 3.2). A request that never ends is in the gauge of those in flight (F) and never
// among those that complete (L = growth of the sum of durations per second). So F and L apart say
// "stuck"; together, with as many requests as before, "slow"; with more requests, "load".
#pragma once

#include "model/series.h"

#define FLIGHT_LATENCY_RISE 1.5 // of the mean duration: slower
#define FLIGHT_LOAD_RISE 1.3 // of the requests per second: more load
#define FLIGHT_STUCK_SHARE 0.5 // of the growth in flight that does not complete

// Means over an early and a late part of the time, [0] and [1]; NAN where nothing tells.
struct flight {
	double in_flight[2]; // F
	double completing[2]; // L
	double per_s[2]; // requests completed
	double latency_s[2]; // L over those
};

enum flight_case {
	FLIGHT_UNKNOWN, // the metrics do not tell
	FLIGHT_LEVEL, // requests in flight did not grow
	FLIGHT_LOAD, // more requests, each as long as before
	FLIGHT_SLOW, // as many requests, each longer
	FLIGHT_STUCK, // those that were added do not complete
};

// Of the life with index `life`, up to `to_s`. The late part is the last third; the early one ends
// at `early_to_s`, where growth began, or with the first third when that is NAN or too early.
struct flight flight_of(const struct series *series, uint32_t life, double early_to_s, double to_s);
enum flight_case flight_case_of(const struct flight *flight);
// Late over early; NAN when either is unknown or early is 0.
double flight_ratio(const double pair[2]);
