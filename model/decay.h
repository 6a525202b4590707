// SPDX-License-Identifier: Apache-2.0
// What leaked goroutines cost in throughput: alpha of Q = Q0 e^(-alpha G), and only where a control
// tells falling demand from lost capacity (leak-model 2.2 to 2.5).
#pragma once

#include "model/estimate.h"
#include "model/series.h"

#define DECAY_BLOCKS_MAX 96
#define DECAY_BLOCKS_MIN 6
#define DECAY_SHARE_MIN 0.10 // of throughput lost; less identifies no law
#define DECAY_ALPHA_WIDEST 0.40 // half width over value; wider is "not identified"
#define DECAY_UTILISATION_MIN 0.20 // of the CPU; below it fixed costs blur the cost of a request

struct decay {
	struct estimate alpha; // per leaked goroutine
	const char *control; // "cpu", "demand"; NULL
	struct estimate q0; // requests per second without a leak
	double first_qps, last_qps; // NAN
	struct estimate share; // 1 - last / first
	struct estimate adjusted_share; // the same with demand taken out
};

// `lambda`: leaked per request; it makes the leaked goroutines from the request counter, which has
// no noise (an instrument). `gomaxprocs` NAN: utilisation is not checked.
struct decay decay_of(const struct series *series, uint32_t life, const struct estimate *lambda,
	double gomaxprocs);

// Until the QPS has fallen to `share` of Q0, from `leaked` goroutines now. INFINITY: never. The
// interval joins those of alpha, lambda and Q0 with the spread between laws of decay.
struct estimate decay_seconds_to_share(const struct decay *decay, const struct estimate *lambda,
	const struct estimate *mu_per_s, double leaked, double share);
