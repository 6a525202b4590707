// SPDX-License-Identifier: Apache-2.0
// A pool or cache that fills: it grows ever more slowly, or is smaller than the size at which it
// levelled off in an earlier life of the same image. Growth that will stop cannot be told from a
// leak while it grows (leak-model 0.6); what can be said is how long to wait and what size decides.
#pragma once

#include "model/target.h"

#define FILLING_LEVEL_SHARE 0.1 // growth over the last third of a life that had levelled off
#define FILLING_ABOVE 1.5 // times the size it tends to: a leak after all

struct filling {
	double came_first, came_last; // goroutines more in the first and last third of its growth
	double ends_near; // size it tends to, by these; NAN
	double before; // size at which it levelled off in an earlier life; 0: none known
	double wait_s; // until it is there within a tenth; NAN
	double decides; // a size above this is a leak; NAN
};

// `slowing`: its arrivals are known to grow fewer, at the same load. False: it is no filling.
bool filling_of(const struct target *target, const struct seen_stack *seen, bool slowing,
	struct filling *filling);
