// SPDX-License-Identifier: Apache-2.0
// The fields of each struct that the judge remembers, one function a struct (model/state.h says
// how). Each fills what it is given when restoring; after a failure the owner releases it as usual.
#pragma once

#include "model/state.h"
#include "model/target.h"

// state_target.c: one target with all that it owns. Its name, its table of stacks and the nominal
// interval are the judge's, and its seq stands outside.
void state_of_target(struct state_io *io, struct target *target);

// state_life.c
void state_of_life(struct state_io *io, struct life *life);
// state_track.c
void state_of_tracker(struct state_io *io, struct tracker *tracker);
// state_detector.c
void state_of_detector(struct state_io *io, struct detector *detector);
void state_of_detector_step(struct state_io *io, struct detector_step *step);
// state_seen.c
void state_of_seen(struct state_io *io, struct seen_stack *seen);
void state_of_floor(struct state_io *io, struct floor_state *floor);
// state_series.c
void state_of_series(struct state_io *io, struct series *series);
void state_of_contention(struct state_io *io, struct contention *contention);
