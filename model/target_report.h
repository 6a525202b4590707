// SPDX-License-Identifier: Apache-2.0
// The report of one target: totals, laws, forecasts, contention, points for plots, warnings.
#pragma once

#include "model/findings.h"

// `panel`: alpha by the replicas of the workload, or why there is none. `leaks`: all assessments of
// the collection; those of this target that leak are summed up. 0 or -ENOMEM.
int target_report_make(const struct target *target, const struct estimate *panel,
	const struct assessments *leaks, const struct judge_parameters *parameters,
	struct arena *arena, struct target_report *report);
