// SPDX-License-Identifier: Apache-2.0
// From counted survivors to rates with intervals, for collections of any length.
#pragma once

#include "model/life.h"

#define SURVIVORS_COHORTS 32

// Goroutines that came to a stack during the collection and settled there, against settled ones
// that left: what a collection too short for the detector can tell. Needs three dumps.
struct arrivals {
	struct survivor_window window; // `left` is scaled to the window's length
	double p_balanced; // that inflow as high comes from flows in balance
	double p_steady; // that so few came in the later half of a steady inflow, by time and by
			 // load
	double largest_share; // of the arrivals, in one of the cohorts
	unsigned cohorts; // time from the first dump to the last, cut at dumps, in so many pieces
	double mean_stock;
};
bool arrivals_of(
	const struct life *life, const struct tracked_stack *stack, struct arrivals *arrivals);

// Arrivals still there, by when they came: pieces of equal numbers of dumps. Returns the pieces.
unsigned cohorts_of(const struct tracker *tracker, const struct tracked_stack *stack,
	double counts[static SURVIVORS_COHORTS]);
// Length of each piece in seconds or in load: cohorts of irregular dumps are not alike.
void cohort_exposure(const struct tracker *tracker, unsigned pieces, bool by_load,
	double exposure[static SURVIVORS_COHORTS]);

// Leaked per second; per unit of load. Interval: exact Poisson, widened when the counts of the
// intervals vary more than that; what left is taken off when it is more than a twentieth.
struct estimate survivors_per_s(const struct survivor_window *window);
struct estimate survivors_per_request(const struct survivor_window *window);
