// SPDX-License-Identifier: Apache-2.0
// Whether two stacks are filled by the same events: one mistake may leave a reader, a writer and a
// waiter behind. Two signs, both against chance. *Neighbours*: goroutines that one piece of code
// starts one after the other get IDs that are close. *Cohorts*: in each piece of the time the
// arrivals of one are those of the other times a fixed ratio, closer than independent counts could
// be; counts without IDs grow likewise. Cohorts that hardly vary tell nothing: two tickers are even
// as well.
#pragma once

#include "model/target.h"

#define TOGETHER_MIN 10.0 // arrivals, or growth, of the fewer
#define TOGETHER_RATIO 8.0 // of the many to the few, at most
#define TOGETHER_P 1e-5 // that independent arrivals keep a ratio so well
#define TOGETHER_RELATED_P 1e-2 // the same, when one starts the other or both have one creator
#define TOGETHER_NEIGHBOURS 0.8 // of the few have one of the many beside them
#define TOGETHER_NEIGHBOURS_P 1e-6 // that scattered IDs would

struct together {
	bool joined;
	double ratio; // arrivals of `b` for each of `a`; NAN when neither has enough
};

// `a` and `b` are stacks of the target; `related`: one starts the other, or both have one creator.
// By IDs where both are followed, else by counts.
struct together born_together(const struct target *target, const struct seen_stack *a,
	const struct seen_stack *b, bool related);
