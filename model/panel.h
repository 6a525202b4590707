// SPDX-License-Identifier: Apache-2.0
// Replicas of one workload against each other: two-way fixed effects (leak-model 2.4, strategy 3).
//
//	ln Q = a(replica) + b(time) - alpha G
//
// What moves all replicas at once (demand) goes into b, what differs for good into a. Holds only
// where the balancer lets shares respond; under strict round-robin the answer is zero by design.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

#define PANEL_MEMBERS_MAX 16
#define PANEL_TIMES_MAX 64

// Alpha per leaked goroutine, of the first PANEL_MEMBERS_MAX members. G is each life's line of G on
// requests, so the noise of G does not thin alpha out. None when fewer than two members overlap in
// time, or they say too little.
struct estimate panel_alpha(const struct series *const *members, uint32_t count);
