// SPDX-License-Identifier: Apache-2.0
// From assessed stacks to findings: one for each mistake. The same stack in several targets of a
// workload is one finding; stacks that are filled by the same events are parts of one.
#pragma once

#include "model/assess.h"
#include "model/judge.h"

struct assessments {
	struct assessment *items; // owned; verdict is never none
	uint32_t count, capacity;
};

void assessments_release(struct assessments *assessments);
// All stacks of a target that have something to say. 0 or -ENOMEM.
int assess_target(const struct target *target, struct assessments *assessments);

// Limits of a target. Memory: of the settings, else the lower of the container's limit and
// GOMEMLIMIT.
struct limits {
	double memory_bytes, goroutines; // 0: none
	const char *memory_from; // "settings", "container limit", "GOMEMLIMIT"
};
struct limits limits_of(const struct target *target, const struct judge_parameters *parameters);
// Forecasts for each limit, at a growth of `per_s` and `per_request`; returns how many.
uint32_t forecast_limits(const struct target *target, const struct limits *limits,
	const struct estimate *per_s, const struct estimate *per_request,
	struct limit_forecast forecast[static FINDING_FORECASTS_MAX]);
// Sum of independent estimates, unknown ones left out; `none` when none is known.
struct estimate estimate_sum(const struct estimate *a, const struct estimate *b);

struct str workload_of(const struct target *target);

// Reorders the assessments. 0, -ENOMEM.
int findings_make(struct assessments *assessments, const struct judge_parameters *parameters,
	struct report *report);
