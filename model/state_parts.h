// SPDX-License-Identifier: Apache-2.0
// The fields of each struct that the judge remembers, one function a struct (model/state.h says
// how). Each fills what it is given when restoring; after a failure the owner releases it as usual.
// What a function leaves out can be made from the rest: capacities and indexes.
#pragma once

#include "model/state.h"
#include "model/target.h"

// state_target.c: one target with all that it owns. Its name, its table of stacks, the nominal
// interval and its seq are the judge's.
void state_of_load(struct state_io *io, struct load_now *load);
void state_of_target(struct state_io *io, struct target *target);

// state_life.c
void state_of_process(struct state_io *io, struct process *process);
void state_of_life(struct state_io *io, struct life *life);

// state_track.c
void state_of_tracked_stack(struct state_io *io, struct tracker *tracker, uint32_t index);
void state_of_move(struct state_io *io, struct track_move *move);
void state_of_tick(struct state_io *io, struct track_tick *tick);
void state_of_tracker(struct state_io *io, struct tracker *tracker);

// state_detector.c
void state_of_totals(struct state_io *io, const char *key, struct detector_totals *totals);
void state_of_bucket(struct state_io *io, struct detector_bucket *bucket);
void state_of_episode(struct state_io *io, struct episode *episode);
void state_of_age(struct state_io *io, struct detector_age *age);
void state_of_detector(struct state_io *io, struct detector *detector);
void state_of_detector_step(struct state_io *io, struct detector_step *step);

// state_seen.c
void state_of_creator(struct state_io *io, struct frame *frame);
void state_of_wait_count(struct state_io *io, struct wait_count *wait);
void state_of_count_point(struct state_io *io, struct count_point *point);
void state_of_change(struct state_io *io, struct verdict_change *change);
void state_of_seen(struct state_io *io, struct seen_stack *seen);
void state_of_floor_row(struct state_io *io, struct floor_row *row);
void state_of_floor(struct state_io *io, struct floor_state *floor);

// state_series.c
void state_of_counter(struct state_io *io, const char *key, struct counter *counter);
void state_of_point(struct state_io *io, const char *key, struct series_point *point);
void state_of_series(struct state_io *io, struct series *series);
void state_of_row(struct state_io *io, struct contention_row *row);
void state_of_contention_point(struct state_io *io, struct contention_point *point);
void state_of_contention(struct state_io *io, struct contention *contention);
