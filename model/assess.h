// SPDX-License-Identifier: Apache-2.0
// One stack of one target: verdict, class, rate, and the sentence that says why.
#pragma once

#include "model/id_axis.h"
#include "model/survivors.h"
#include "model/target.h"

#define ASSESS_SHORT_S 300.0 // shorter collections get no hint, suspect or confirmed
#define ASSESS_GROWING_S 900.0 // until then "growing" stands in for a detector that is silent
#define ASSESS_GROWING_COUNT 10.0
#define ASSESS_GROWING_P 1e-3 // that the flows balance; divided by a tenth of the stacks
#define ASSESS_LATE_P 0.1 // that between the middle dump and the last as many came as left
#define ASSESS_SLOWING_P 1e-2 // that arrivals this late in coming come steadily
#define ASSESS_BURST_SHARE 0.6 // of the arrivals in one cohort: a burst, not growth
#define ASSESS_RAMP 1.3 // a load that rises by more may explain growth
#define ASSESS_STUCK_COUNT 20
#define ASSESS_STUCK_HUGE 10000
#define ASSESS_BACKLOG_COUNT 100
#define ASSESS_IN_FLIGHT 0.5 // of the growth that the gauge of requests in flight must show as well
#define ASSESS_STUCK_SHARE 0.5 // of the requests do not come back: a backlog, not a leak

struct assessment {
	const struct target *target;
	const struct seen_stack *seen;
	const struct tracked_stack *tracked; // NULL without IDs
	const struct detector *detector; // likewise
	enum verdict verdict;
	enum finding_class class;
	enum wait_kind wait; // what most of them wait for
	struct estimate rate_per_s, per_request;
	bool has_arrivals;
	struct arrivals arrivals;
	struct id_axis axis;
	double started_t_s; // NAN: not dated
	double needs_minutes; // NAN
	bool slowing; // arrivals grow fewer, by time and by load
	bool in_flight; // its growth is the requests' in flight: load, or long requests
	const struct frame *holder; // of the lock they wait for; NULL: not known
	char because[480];
	char decides[320]; // what would decide it; empty: nothing is open
};

// Waits in which nobody rests on purpose: an idle worker receives, selects, sleeps or reads.
bool wait_is_never_idle(enum wait_kind wait);
bool life_is_short(const struct life *life);
void assess(
	const struct target *target, const struct seen_stack *seen, struct assessment *assessment);
// A leak for sums and forecasts: growing or worse, and not explained by load.
bool assessment_leaks(const struct assessment *assessment);
