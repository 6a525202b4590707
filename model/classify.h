// SPDX-License-Identifier: Apache-2.0
// What kind of growth it is, by Little's law (leak-model 3.2), and the words for it.
#pragma once

#include "model/assess.h"

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
