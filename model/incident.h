// SPDX-License-Identifier: Apache-2.0
// Does an incident's story fit together? What follows from its lambda, alpha and Q0, against what
// was seen at its end, and what would repair it (leak-model 1.2, 2.5, 3.2).
//
//	struct incident told = INCIDENT_UNTOLD;
//	told.lambda = 1.2; ...
//	incident_read(&told, 0.1, &reading);
//
// Any figure may be missing: what needs it is NAN, a check FIT_UNKNOWN, a repair not `possible`.
#pragma once

#include "model/closed_form.h"

#include <math.h>
#include <stdbool.h>

// What a goroutine's stack takes at the least, in bytes: Go's smallest.
#define STACK_BYTES_MIN 2048.0
// Up to this factor a difference may be rounding, or an "over 180,000".
#define FIT_CLOSE_FACTOR 1.5

struct incident {
	double lambda, alpha, q0; // as in closed_form.h
	double mu; // 0: nothing that leaked ends
	double qps, goroutines; // at the end: requests per second, leaked goroutines
	double seconds; // until then
	double memory_bytes; // that those goroutines took
};

#define INCIDENT_UNTOLD ((struct incident){NAN, NAN, NAN, 0, NAN, NAN, NAN, NAN})

enum fit {
	FIT_UNKNOWN, // a figure is missing
	FIT_CONSISTENT, // within the tolerance
	FIT_CLOSE, // within FIT_CLOSE_FACTOR of an estimate
	FIT_CONTRADICTION,
};

struct fit_check {
	enum fit fit;
	double told, computed;
	double factor; // told over computed
};

// What it takes to make the time told right, each for itself.
struct lambda_repair { // lambda is wrong
	bool possible;
	double factor; // stated over right; below 1: too small
	double lambda; // that takes the time told to the share told, with alpha as it is
	double lambda_counted; // goroutines over requests: with alpha as the goroutines imply it
};
struct replica_repair { // figures of one process and of many are mixed
	bool possible;
	bool summed; // Q0 and QPS are sums over `replicas`; else the goroutines are
	double replicas, q0, goroutines; // the latter two of one of them (summed), or of all
};
struct backlog_repair { // mu > 0: goroutines come and go, and wait long in between
	bool possible;
	double residence_s; // by Little's law, at the goroutines told
	double residence_at_share_s; // at the goroutines that the share told needs
	double mu;
	double settled_s; // until all but 5 % of the way to the balance is gone
	// What one dump decides: the share of goroutines older than age_s, a whole number of
	// minutes; age_s is NAN when the story is too short to tell.
	double age_s, older_in_leak, older_in_backlog;
};

struct incident_reading {
	// The law: as told; alpha and lambda as the other figures imply them where they are not.
	struct leak_law law;
	bool alpha_implied, lambda_implied;

	double share; // of Q0 that was left, as told
	double half_s, half_goroutines;
	double share_s, share_goroutines; // by the law; INFINITY: never
	// What the end is recognised by: the share told, else what the goroutines told leave.
	double end_share, end_s;
	double share_left, qps_left; // by the law, at the goroutines told
	struct leak_point end; // by the law, after the time told
	double first_growth_per_s; // lambda Q0
	struct decay_spread spread; // of end_s, by other laws of decay

	// From what was seen, for the exponential law, without lambda and alpha.
	double requests, mean_qps; // until the end
	double leak_per_request;
	double growth_per_s; // mean
	double alpha_for_goroutines; // that leaves the share told at the goroutines told
	double residence_s; // goroutines / (lambda QPS): Little's law
	double bytes_per_goroutine;
	// Whatever the law of decay, when the QPS only fell and nothing ended.
	double leaks_min, leaks_max, stack_bytes_min;

	struct fit_check time; // mu = 0: seconds told against end_s
	// mu > 0: QPS told against end.qps, else goroutines told against end.goroutines. Near a
	// balance a time says nothing.
	struct fit_check rest;
	struct fit_check decay; // goroutines told against share_goroutines
	struct fit_check growth; // goroutines told against leaks_min or leaks_max
	struct fit_check memory; // told against stack_bytes_min
	enum fit fit; // the worst of them

	struct lambda_repair lambda;
	struct replica_repair replicas;
	struct backlog_repair backlog;
};

// `tolerance` as a share: 0.1 calls what is within 10 % consistent.
void incident_read(const struct incident *told, double tolerance, struct incident_reading *reading);
const char *fit_name(enum fit fit); // "unknown", "consistent", "close", "contradiction"
