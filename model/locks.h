// SPDX-License-Identifier: Apache-2.0
// Who waits for a lock, and who holds it: a stack joined to the rows of the block and mutex
// profiles that speak of the same place. A block row stands where they wait, a mutex row where the
// holder gives the lock back; the profiles do not name the lock, so a holder in another type of the
// same package is a guess, and is told as one.
#pragma once

#include "model/target.h"

#define LOCKS_RISE_LEAST 0.5 // waiters more at the end than at the beginning
#define LOCKS_RISE_SHARE 0.2 // and this share of their mean number
#define LOCKS_EXPLAINED 0.33 // of those that wait now must come from waits that end

struct lock_queue {
	const struct contention_row *waits; // NULL: the block profile has no such row
	const struct contention_row *holder; // NULL: not known
	bool holder_is_sure; // gives the lock back in the function, or type, that waits for it
	struct estimate growth; // waiters per second
	double waiters_first, waiters_now; // of waits that end: at the ends of the line; NAN
	double mean_wait_ms; // NAN
};

// Whether goroutines of this stack wait for a lock, by their state or by their innermost frame.
bool waits_for_lock(const struct seen_stack *seen);
// False: no row of either profile speaks of this place.
bool lock_queue_of(
	const struct target *target, const struct seen_stack *seen, struct lock_queue *queue);
// The waits that end become longer or more, and they explain the crowd: contention. A lock that is
// never given back has no waits that end.
bool lock_queue_grows(const struct lock_queue *queue, double waiting_now);
