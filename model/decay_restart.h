// SPDX-License-Identifier: Apache-2.0
// A restart as an experiment: the leak is gone at once, demand is not (leak-model 2.4, strategy 4).
//
//	alpha = (mean ln Q after - mean ln Q before) / (mean G before - mean G after)
//
// over five ticks on either side, three dropped between. How much demand drifts meanwhile is seen
// from the same difference where nothing restarted.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

// Per leaked goroutine, pooled over the restarts by inverse variance; none when no restart has five
// ticks with requests and goroutines on either side, or they say too little.
struct estimate decay_restart_alpha(const struct series *series);
