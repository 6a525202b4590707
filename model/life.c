// SPDX-License-Identifier: Apache-2.0
// Ticks of one life, added up to detector steps.
#include "model/life.h"

#include "base/cleanup.h"
#include "model/little.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GAP_FACTOR 4.0 // of the usual distance between dumps
#define GAP_LEAST_S 240.0
#define STEP_JITTER 0.05 // ticks every 30 s are steps of their own, also when one comes early

struct life *life_new(const struct process *process, uint32_t index)
{
	struct life *life = calloc(1, sizeof(*life));

	if (!life)
		return NULL;
	life->process = *process;
	life->index = index;
	life->first_t_s = life->last_t_s = life->born_t_s = life->dump_t_s = NAN;
	life->first_wall_ms = -1;
	return life;
}

void life_forget_goroutines(struct life *life)
{
	for (uint32_t i = 0; i < life->detector_count; i++)
		detector_release(&life->detectors[i]);
	free(life->detectors);
	life->detectors = NULL;
	life->detector_count = life->detector_capacity = 0;
	tracker_free(&life->tracker);
}

void life_free(struct life **life)
{
	if (!*life)
		return;
	life_forget_goroutines(*life);
	free(*life);
	*life = NULL;
}

const struct detector *life_detector(const struct life *life, const struct stack *stack)
{
	const struct tracked_stack *tracked =
		life->tracker ? tracker_find(life->tracker, stack) : NULL;
	size_t index = tracked ? (size_t)(tracked - life->tracker->stacks) : 0;

	return tracked && index < life->detector_count ? &life->detectors[index] : NULL;
}

enum verdict life_count(struct life *life, const struct stack *stack, double t_s, double count,
	bool surging, const struct detector_past *past)
{
	struct detector *detector = (struct detector *)life_detector(life, stack);

	if (!detector)
		return VERDICT_NONE;
	return detector_count(detector, &life->step, t_s, count, surging, past);
}

static int add_detectors(struct life *life)
{
	while (life->detector_count < life->tracker->stack_count) {
		if (life->detector_count == life->detector_capacity) {
			uint32_t bigger =
				life->detector_capacity + life->detector_capacity / 16 + 16;
			struct detector *moved =
				reallocarray(life->detectors, bigger, sizeof(*moved));

			if (!moved)
				return -ENOMEM;
			life->detectors = moved;
			life->detector_capacity = bigger;
		}
		life->detectors[life->detector_count++] = detector_init(life->step_count);
	}
	return 0;
}

// Requests where the process counts them, else the goroutines it starts. Chosen once per life, so
// that a scrape that fails now and then does not mix the two.
static double load_of(struct life *life, const struct series_point *point)
{
	double load;

	if (!life->tracker)
		life->load_is_requests = !isnan(point->requests);
	load = life->load_is_requests ? point->requests : point->births;
	if (!isnan(load))
		life->load = load;
	return life->load;
}

static void begin_steps(struct life *life, double t_s, double load)
{
	life->step_from_s = t_s;
	life->step_from_load = load;
	for (int age = 0; age < TRACK_AGES; age++)
		life->step_from_matured[age] = -1;
}

// The cohorts that matured in this step were born between two ticks; the first tick's cohort has no
// such beginning.
static void fill_born(struct life *life, struct detector_step *step, int age)
{
	const struct tracker *tracker = life->tracker;
	int64_t from = life->step_from_matured[age], to = tracker->matured[age];

	step->born_to_s[age] = to >= 0 ? tracker->ticks[to].t_s : NAN;
	if (to <= 0 || to == from)
		return;
	from = from < 0 ? 0 : from;
	step->born_s[age] = tracker->ticks[to].t_s - tracker->ticks[from].t_s;
	step->born_load[age] = tracker->ticks[to].load - tracker->ticks[from].load;
	for (int64_t tick = from + 1; tick <= to; tick++)
		step->blind[age] |= tracker->ticks[tick].after_gap;
	step->muted[age] =
		!isnan(life->born_t_s) && tracker->ticks[to].t_s < life->born_t_s + DETECTOR_MUTE_S;
}

static void make_step(struct life *life, double t_s, double load, bool surging)
{
	double length = t_s - life->step_from_s;
	double faded = exp(-length / DETECTOR_MEMORY_S);
	struct detector_step step = {
		.t_s = t_s,
		.step_s = length,
		.load = load - life->step_from_load,
		.surging = surging,
		.index = life->step_count++,
		.stack_count = life->tracker->stack_count,
	};

	life->load_memory = life->load_memory * faded + step.load;
	life->time_memory_s = life->time_memory_s * faded + length;
	step.load_memory = life->load_memory;
	step.time_memory_s = life->time_memory_s;
	for (int age = 0; age < TRACK_AGES; age++)
		fill_born(life, &step, age);
	life->step = step;
	memcpy(life->step_from_matured, life->tracker->matured, sizeof(life->step_from_matured));
	life->step_from_s = t_s;
	life->step_from_load = load;
}

// Stacks of one family: of the same site, or of goroutines that began in the same function. What
// one gains may be what another loses. A server's connections are no family: a request that hangs
// in one is lost to it.
typedef const struct frame *family_of(const struct stack *stack);

static const struct frame *entry_of(const struct stack *stack)
{
	return stack->frame_count > 0 && !stack_is_handler(stack)
		       ? &stack->frames[stack->frame_count - 1]
		       : NULL;
}

static family_of *const families[SIBLING_FAMILIES] = {stack_site, entry_of};

struct sibling {
	struct str function; // that names the family
	uint32_t index; // of the tracked stack
};

static int by_function(const void *a, const void *b)
{
	return str_compare(
		((const struct sibling *)a)->function, ((const struct sibling *)b)->function);
}

static double net_outflow(const struct tracker *tracker, uint32_t index)
{
	const struct tracked_stack *stack = &tracker->stacks[index];

	return (double)stack->outflow[0] - stack->inflow[0];
}

// Stacks that have a family, those of one in a row. Returns how many.
static uint32_t find_siblings(
	const struct tracker *tracker, family_of *family, struct sibling *siblings)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tracker->stack_count; i++) {
		const struct frame *frame = family(tracker->stacks[i].stack);

		if (frame)
			siblings[count++] = (struct sibling){frame->function, i};
	}
	if (count > 1)
		qsort(siblings, count, sizeof(*siblings), by_function);
	return count;
}

// For each stack: mature goroutines that left its siblings in this step, less those that came. Text
// is compared once a step, not for each pair of stacks.
static void siblings_left(const struct tracker *tracker, int family, struct sibling *siblings,
	struct detector_past *pasts)
{
	uint32_t count = find_siblings(tracker, families[family], siblings), end;

	for (uint32_t from = 0; from < count; from = end) {
		double all = 0;

		for (end = from; end < count && by_function(&siblings[from], &siblings[end]) == 0;
			end++)
			all += net_outflow(tracker, siblings[end].index);
		for (uint32_t i = from; i < end; i++)
			pasts[siblings[i].index].siblings_left[family] =
				all - net_outflow(tracker, siblings[i].index);
	}
}

static int step_detectors(struct life *life, past_of *past, void *context)
{
	uint32_t count = life->tracker->stack_count;
	cleanup(free_pointer) struct detector_past *pasts = calloc(count + 1u, sizeof(*pasts));
	cleanup(free_pointer) struct sibling *siblings = calloc(count + 1u, sizeof(*siblings));
	int r = pasts && siblings ? add_detectors(life) : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < count; i++)
		pasts[i] = past(context, life->tracker->stacks[i].stack);
	for (int family = 0; r == 0 && family < SIBLING_FAMILIES; family++)
		siblings_left(life->tracker, family, siblings, pasts);
	for (uint32_t i = 0; r == 0 && i < life->detector_count; i++)
		r = detector_step(
			&life->detectors[i], &life->tracker->stacks[i], &life->step, &pasts[i]);
	return r;
}

static void note_gap(struct life *life, double t_s)
{
	double since_s = t_s - life->dump_t_s;
	struct track_tick *tick = &life->tracker->ticks[life->tracker->tick_count - 1];

	if (isnan(since_s))
		return;
	tick->after_gap =
		life->tick_s > 0 && since_s >= GAP_LEAST_S && since_s > GAP_FACTOR * life->tick_s;
	if (!tick->after_gap)
		life->tick_s += (since_s - life->tick_s) * (life->tick_s > 0 ? 0.2 : 1);
}

int life_observe(struct life *life, const struct observation *observation,
	const struct series_point *point, bool surging, past_of *past, void *context)
{
	double load = load_of(life, point);
	int r;

	life->stepped = false;
	if (!life->tracker) {
		life->tracker = tracker_new();
		if (!life->tracker)
			return -ENOMEM;
		begin_steps(life, point->t_s, load);
	}
	r = tracker_observe(
		life->tracker, point->t_s, load, observation->groups, observation->group_count);
	if (r < 0) { // half a dump is in it
		life_forget_goroutines(life);
		return r;
	}
	note_gap(life, point->t_s);
	life->dump_t_s = point->t_s;
	life->counts_since_dump = 0;
	if (point->t_s - life->step_from_s < DETECTOR_STEP_S * (1 - STEP_JITTER))
		return 0;
	make_step(life, point->t_s, load, surging);
	tracker_net_moves(life->tracker);
	r = step_detectors(life, past, context);
	tracker_clear_flows(life->tracker);
	life->stepped = r == 0;
	return r;
}
