// SPDX-License-Identifier: Apache-2.0
// What leaked goroutines cost in throughput: alpha of Q = Q0 e^(-alpha G), and only where a control
// tells falling demand from lost capacity (leak-model 2.2 to 2.5). Controls, by trust:
//
//	demand   a counter of attempts upstream: demand itself was measured
//	restart  throughput before and after a restart: demand cancels but for its drift
//	panel    replicas of one workload against each other: holds where the balancer lets shares
//	         respond
//	cpu      requests per CPU second: demand cancels, waiting does not show
//
// The first of these that gives an alpha is taken; the others stand beside it.
#pragma once

#include "model/capacity.h"
#include "model/decay_blocks.h"

#define DECAY_BLOCKS_MIN 6
#define DECAY_SHARE_MIN 0.10 // of throughput lost; less identifies no law
#define DECAY_ALPHA_WIDEST 0.40 // half width over value; wider is "not identified"
#define DECAY_UTILISATION_MIN 0.20 // of the CPU; below it fixed costs blur the cost of a request

enum decay_control {
	DECAY_DEMAND,
	DECAY_RESTART,
	DECAY_PANEL,
	DECAY_CPU,
	DECAY_CONTROLS,
};
const char *decay_control_name(enum decay_control control);

struct decay {
	struct estimate alpha; // per leaked goroutine
	const char *control; // of alpha; NULL
	struct estimate by_control[DECAY_CONTROLS];
	const char *disagrees; // a control whose interval does not meet alpha's; NULL
	struct estimate q0; // requests per second without a leak
	double first_qps, last_qps; // NAN
	struct estimate share; // 1 - last / first
	struct estimate adjusted_share; // the same with demand taken out
	struct estimate
		latency_share; // 1 - last / first of the mean latency: negative when it rose
	bool not_contention; // throughput fell and requests became no slower: alpha is refused
	bool has_laws; // of capacity, by the demand or CPU control
	struct capacity_fits laws;
	double log_level, log_level_variance; // see capacity_forecast
};

// `lambda`: leaked per request; it makes the leaked goroutines from the request counter.
// `gomaxprocs` NAN: utilisation is not checked. `panel`: alpha from decay_panel.h, or why there is
// none.
struct decay decay_of(const struct series *series, uint32_t life, const struct estimate *lambda,
	const struct estimate *mu_per_s, double gomaxprocs, const struct estimate *panel);

// Until the QPS has fallen to `share` of Q0, from `leaked` goroutines now. INFINITY: never. By the
// law that fits best; the interval joins what is known of it, of lambda, mu and Q0, and spans the
// laws that are not excluded (all of them, where alpha comes from a restart or a panel).
struct estimate decay_seconds_to_share(const struct decay *decay, const struct estimate *lambda,
	const struct estimate *mu_per_s, double leaked, double share);
// The same by one law, at a level of one's own; has_laws must hold.
struct estimate decay_seconds_by(const struct decay *decay, enum capacity_law law,
	const struct estimate *lambda, const struct estimate *mu_per_s, double leaked, double share,
	double level);
