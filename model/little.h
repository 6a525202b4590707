// SPDX-License-Identifier: Apache-2.0
// Little's law, L = Q W, as a discriminator: goroutines that load explains are no leak (leak-model
// 3).
//
// L is the mean number of requests in service: the growth of the sum of durations per second, or
// the in-flight gauge. The excess X = G - k L - k5 Q5 - k30 Q30 takes off what requests and the
// connections behind them hold (Q5, Q30: QPS smoothed over 5 and 30 minutes); its constant is the
// baseline.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

#define LITTLE_WINDOW_S 10800.0
#define LITTLE_POINTS_MAX 256

// The load columns of one tick: L, Q5 and Q30; 0 throughout where the target does not tell.
#define LOAD_COLUMNS 3

// A *surge* is a load far above that of its last hour: storms of retries, bursts and slow
// dependencies bring goroutines that go again.
struct load_now {
	double columns[LOAD_COLUMNS];
	bool known; // false: this tick lacks what others told
	bool has_little, has_qps; // ever, in this life
	double fast, slow; // smoothed QPS
	double flight_mean, rate_mean; // of the last hour; rates of requests, or of births
	double seen_s; // behind these means
	double surged_s; // seconds since the last surge; INFINITY
	double surging_share; // of the last hours: what is there half of the time is usual
};

// What a life begins with.
struct load_now load_init(void);
// Goes on from the tick before, of the same life. `handlers`: goroutines in handlers of requests,
// which stand in where nothing tells the requests in flight; NAN.
void little_next(struct load_now *load, const struct series_point *before,
	const struct series_point *point, double handlers);
// Whether growth seen now may have come with a surge: one goes on, or what it brought matures yet.
bool load_is_surging(const struct load_now *load);

struct excess {
	double value; // X now, with the baseline still in it; NAN when G is unknown
	double per_request; // k; 0 when not known
	bool has_load; // at least one load column was fitted
};

struct excess little_excess_now(const struct series *series, uint32_t life);

// Mean requests in service over the last third of the life's points; NAN when nothing tells.
double little_in_flight(const struct series *series, uint32_t life);

// How much load rose from the first to the second half of the life: ratio of mean rates of
// requests, or of goroutine births; 1 is steady, NAN unknown.
double little_ramp(const struct series *series, uint32_t life);

// Of the requests that began within a window, the share that did not come back: growth of the
// in-flight gauge over that and the completions. NAN when the metrics do not tell.
double little_stuck_share(const struct series *series, double from_s, double to_s);

// Whether a server's handler of requests is in this stack (net/http, HTTP/2, gRPC).
bool stack_is_handler(const struct stack *stack);
// Whether it is such a server's connection that waits for its next request: no code of the program
// itself is in it.
bool stack_is_idle_connection(const struct stack *stack);
