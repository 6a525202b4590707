// SPDX-License-Identifier: Apache-2.0
// The sentences of a class: what was seen, why this class and not its neighbour (`because`), and
// what would decide it (`decides`; empty when nothing is open). For a person at three in the
// morning: numbers first, no term without its meaning, about 300 characters at most.
#pragma once

#include "model/assess.h"
#include "model/filling.h"
#include "model/flight.h"
#include "model/locks.h"

// `share`: of the requests of that time, those that did not come back; NAN.
void say_backlog(struct assessment *a, double share);
void say_slow(struct assessment *a, const struct flight *flight);
void say_contention(struct assessment *a, const struct lock_queue *queue);
// `first`, `last`: goroutines here in the first and the last third of the time.
void say_load(struct assessment *a, const struct flight *flight, double first, double last);
void say_filling(struct assessment *a, const struct filling *filling);
void say_leak(struct assessment *a, enum flight_case kind, bool requests_stuck);
void say_growing(struct assessment *a, bool requests_stuck);
void say_stuck(struct assessment *a);
void say_hint(struct assessment *a);
void say_undecidable(struct assessment *a, enum flight_case kind);
void say_plateau(struct assessment *a);
