// SPDX-License-Identifier: Apache-2.0
// A target's history as points for plots: totals, throughput, leaked goroutines and the fitted
// line.
#pragma once

#include "model/findings.h"

int target_points_make(const struct target *target, const struct assessments *assessments,
	const struct estimate *lambda, struct arena *arena, struct target_report *report);
