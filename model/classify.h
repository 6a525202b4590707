// SPDX-License-Identifier: Apache-2.0
// What kind of growth it is, by Little's law (leak-model 3.2) and its neighbours. Rules in the
// order in which they are tried; each asks for what its neighbours cannot show:
//
//	contention	waits for a lock that end, and grow; a leaked lock has none that end
//	slow dependency	as many requests, each longer, and they come back
//	backlog		requests in flight, nearly all of which wait
//	load		goroutines that come and go, no more per request than before
//	filling		ever fewer arrivals, or less than the size of an earlier life
//	leak		suspected, confirmed or proven, and none of these
//	plateau		was suspect, and has stopped
//	unknown		too short, or nothing that tells
#pragma once

#include "model/assess.h"

// Whether the goroutines of this stack are requests in flight nearly all of which wait: no leak,
// however long it takes.
bool stack_is_backlog(const struct target *target, const struct seen_stack *seen);

// Sets class and because. Goroutines that are requests in flight, nearly all of which wait, are a
// backlog: such a stack is told even when no verdict asks for it (as stuck, or as cleared once it
// has drained), and never as a leak before it has been confirmed for half an hour.
void classify(struct assessment *assessment);

// The class of a whole target, and a word for the kind of its growth.
struct target_class {
	enum finding_class class;
	const char
		*text; // "no leak", "load-driven", "time-driven", "load- or time-driven", "backlog"
};
