// SPDX-License-Identifier: Apache-2.0
// Questions to the law that an incident follows: when a share or a limit is reached, where mu holds
// it, and what a fix changes. What needs a figure that is missing is NAN; INFINITY is never.
#pragma once

#include "model/incident.h"

struct what_if {
	double share; // of Q0; NAN: not asked, as below
	double limit_goroutines;
	double limit_bytes;
	double goroutine_bytes; // NAN: memory over goroutines, else STACK_BYTES_MIN
	double fixed_lambda;
};

struct share_answer {
	double share, goroutines;
	double seconds, requests; // from no leak on
	double mu_that_stops; // above it, never
};

struct limit_answer {
	double bytes, goroutine_bytes; // of a limit of memory, else NAN
	bool bytes_least; // goroutine_bytes is STACK_BYTES_MIN: more goroutines cannot fit
	double goroutines;
	// Without alpha, as if the QPS stayed at Q0: `at` is then the soonest, and its QPS is NAN.
	bool soonest;
	struct leak_point at; // from no leak on
	double at_growth_s; // from no leak on, at the mean growth told
	double left_s; // from the goroutines told on; NAN when they are past it
};

struct fix_answer {
	double lambda; // with the fix
	double share; // asked, else told, else half
	double before_s, after_s; // to that share
	double first_before_per_s, first_after_per_s; // leaked goroutines at first
	struct leak_point end_before, end_after; // after the time told
};

struct rest_answer { // mu > 0 only
	struct leak_state at;
	double share;
	double settled_s; // until 95 % of a small difference is gone
	double life_s; // mean, of a leaked goroutine
};

struct what_if_answers {
	struct share_answer share;
	struct limit_answer goroutines, memory;
	struct fix_answer fix;
	struct rest_answer rest;
};

void what_if(const struct incident *told, const struct incident_reading *reading,
	const struct what_if *asked, struct what_if_answers *answers);
// How far a table of the decay should reach, in seconds: the time told, else to the share asked,
// else until all has settled, else ten time scales.
double what_if_horizon_s(const struct incident *told, const struct incident_reading *reading,
	const struct what_if_answers *answers);
