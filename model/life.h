// SPDX-License-Identifier: Apache-2.0
// One life of a target's process: its goroutines followed by ID, and a detector for each stack.
#pragma once

#include "model/detector.h"
#include "model/series.h"

struct life {
	struct process process; // its text is interned in the table of stacks
	uint32_t index; // from 0, in order of first sight
	double first_t_s, last_t_s; // ticks that said something; NAN before
	int64_t first_wall_ms; // -1
	double born_t_s; // process start on the target's clock; NAN when unknown
	struct tracker
		*tracker; // NULL until the first dump with IDs, and after the memory was given back
	struct detector *detectors; // one per tracked stack
	uint32_t detector_count, detector_capacity;
	bool load_is_requests; // else births
	double load; // last value, cumulative
	double dump_t_s; // of the last dump with IDs; NAN
	uint64_t counts_since_dump; // whole ticks with counts alone since then: IDs were given up
	// The step that is being added up:
	double step_from_s, step_from_load;
	int64_t step_from_matured[TRACK_AGES];
	double load_memory, time_memory_s;
	double tick_s; // usual distance between dumps; 0 before the second
	struct detector_step step; // the last one made
	uint32_t step_count;
	bool stepped; // by the last life_observe()
};

struct life *life_new(const struct process *process, uint32_t index);
void life_free(struct life **life);
void life_forget_goroutines(struct life *life); // gives back what a past life holds

// A dump with IDs, whole; `surging`: see detector_step. -ENOMEM, or -EFBIG at a limit: the
// goroutines are forgotten, and following begins anew with the next dump. `past(context, stack)`:
// see detector_step.
typedef struct detector_past past_of(void *context, const struct stack *stack);
int life_observe(struct life *life, const struct observation *observation,
	const struct series_point *point, bool surging, past_of *past, void *context);
// A tick with counts alone: see detector_count. VERDICT_NONE without a detector.
enum verdict life_count(struct life *life, const struct stack *stack, double t_s, double count,
	bool surging, const struct detector_past *past);
// The detector of a stack, or NULL.
const struct detector *life_detector(const struct life *life, const struct stack *stack);
