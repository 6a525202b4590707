// SPDX-License-Identifier: Apache-2.0
// Growth of the total on requests and on time, by weighted least squares (leak-model 2.1):
//
//	G - B = c + lambda N - mu A,  A = integral of (G - B) dt
//
// N is the request counter, exact, so neither demand nor decay nor scaling matters for lambda.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

#define GROWTH_POINTS_MAX 256
#define GROWTH_POINTS_MIN 6
#define GROWTH_AICC_KEEP 2.0 // mu and L must gain this much
#define GROWTH_AICC_NONE 10.0 // "no growth" is kept unless beaten by this much
#define GROWTH_QPS_CV 0.3 // below it time and requests are the same column

enum growth_kind {
	GROWTH_UNKNOWN, // too few points
	GROWTH_NONE,
	GROWTH_TIME,
	GROWTH_LOAD,
	GROWTH_INSEPARABLE, // grows; the load is too steady to tell with what
};

struct growth {
	enum growth_kind kind;
	struct estimate lambda; // goroutines per request
	struct estimate mu_per_s; // 0 when none is needed
	struct estimate per_s; // on time alone
	double qps_cv; // variation of the load; NAN
	double first_requests, first_goroutines; // of the life's first point
};

// Of the life with index `life`; lambda is pooled over earlier lives by inverse variance.
struct growth growth_of(const struct series *series, uint32_t life);
