// SPDX-License-Identifier: Apache-2.0
// Growth of the total: what kind it is, and how much per request and per second, by weighted least
// squares (leak-model 2.1, "direct integral least squares", Vajda, Valko and Godfrey 1987):
//
//	G - B = c + lambda N - mu A,  A = integral of (G - B) dt
//
// N is the request counter, exact, so neither demand nor decay nor scaling matters for lambda.
#pragma once

#include "model/estimate.h"
#include "model/growth_choice.h"

struct growth {
	enum growth_kind kind;
	enum growth_kind driver; // see growth_choice
	struct estimate lambda; // goroutines per request
	struct estimate mu_per_s; // 0 when none is needed
	struct estimate per_s; // on time alone
	double shape_s; // theta of a saturating growth, time of a step since the first point; NAN
	double qps_cv; // variation of the load; NAN
	double first_requests, first_goroutines; // of the life's first point
};

// Of the life with index `life`; lambda is pooled over earlier lives by inverse variance, and so is
// the choice between load and time.
struct growth growth_of(const struct series *series, uint32_t life);
