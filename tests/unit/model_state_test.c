// SPDX-License-Identifier: Apache-2.0
// Every member of every struct that the judge remembers is saved and restored, or is named here as
// one that can be made from the rest. Whoever adds a member finds out from this test.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/life.h"
#include "model/seen.h"
#include "model/state_parts.h"

#include <stdlib.h>
#include <string.h>

#ifndef __has_builtin
#define __has_builtin(name) 0
#endif
#if __has_builtin(__builtin_clear_padding)
#define CLEAR_PADDING(object) __builtin_clear_padding(object)
#define CAN_TELL_PADDING true
#else
#define CLEAR_PADDING(object) (void)(object)
#define CAN_TELL_PADDING false // then gcc's run of this test has to do
#endif

// A form that makes something up for each field that is asked for.
static int made_up_begin(void *context, const char *key, enum state_shape shape)
{
	(void)context, (void)key, (void)shape;
	return 0;
}

static int made_up_list(void *context, const char *key, uint32_t *count)
{
	(void)context;
	*count = strcmp(key, "buckets") == 0      ? DETECTOR_BUCKETS
		 : strcmp(key, "minima") == 0     ? FLOOR_BLOCKS
		 : strcmp(key, "waits") == 0      ? SEEN_WAITS_MAX
		 : strcmp(key, "wait_names") == 0 ? 0
						  : 1;
	return 0;
}

static int made_up_end(void *context)
{
	(void)context;
	return 0;
}

static int made_up_has(void *context, const char *key, bool *has)
{
	(void)context;
	*has = strcmp(key, "life") == 0 || strcmp(key, "stack") == 0;
	return 0;
}

static int made_up_real(void *context, const char *key, double *value)
{
	(void)context, (void)key;
	*value = 0.5;
	return 0;
}

static int made_up_single(void *context, const char *key, float *value)
{
	(void)context, (void)key;
	*value = 0.5f;
	return 0;
}

static int made_up_integer(void *context, const char *key, int64_t *value)
{
	(void)context;
	*value = strstr(key, "stride") || strcmp(key, "bucket_steps") == 0;
	return 0;
}

static int made_up_text(void *context, const char *key, struct str *value)
{
	(void)context;
	*value = strstr(key, "verdict") ? STR("hint") : STR("x");
	return 0;
}

static int made_up_stack(void *context, const char *key, const struct stack **stack)
{
	(void)key;
	*stack = context;
	return 0;
}

static int made_up_numbers(
	void *context, const char *key, enum state_order order, uint64_t *numbers, uint32_t count)
{
	(void)context, (void)key, (void)order;
	for (uint32_t i = 0; i < count; i++)
		numbers[i] = 0;
	return 0;
}

static const struct state_form made_up = {made_up_begin, made_up_list, made_up_end, made_up_has,
	made_up_real, made_up_single, made_up_integer, made_up_text, made_up_stack,
	made_up_numbers};

struct member {
	size_t offset, size;
};

#define MEMBER(type, name)                                                                         \
	{                                                                                          \
		offsetof(type, name), sizeof(((type *)NULL)->name)                                 \
	}
// Padding between two neighbours, and behind the last member: gcc 12 overlooks it where a long
// array of structs comes before.
#define BETWEEN(type, one, next)                                                                   \
	{                                                                                          \
		offsetof(type, one) + sizeof(((type *)NULL)->one),                                 \
			offsetof(type, next) - offsetof(type, one) - sizeof(((type *)NULL)->one)   \
	}
#define BEHIND(type, last)                                                                         \
	{                                                                                          \
		offsetof(type, last) + sizeof(((type *)NULL)->last),                               \
			sizeof(type) - offsetof(type, last) - sizeof(((type *)NULL)->last)         \
	}
#define LEFT_OUT_MAX 16

// A struct, its function in model/state_*.c, and the members that it may leave out.
struct subject {
	const char *name;
	size_t size;
	void (*visit)(struct state_io *io, void *object);
	void (*clear_padding)(void *object);
	struct member left_out[LEFT_OUT_MAX]; // ends with size 0
};

#define SUBJECT(type, called, call)                                                                \
	static void visit_##called(struct state_io *io, void *memory)                              \
	{                                                                                          \
		type *object = memory;                                                             \
		call;                                                                              \
	}                                                                                          \
	static void clear_##called(void *memory)                                                   \
	{                                                                                          \
		type *object = memory;                                                             \
		CLEAR_PADDING(object);                                                             \
	}

static void visit_whole_target(struct state_io *io, struct target *target)
{
	state_of_target(io, target);
	for (uint32_t i = 0; i < target->life_count; i++)
		life_free(&target->lives[i]);
	for (uint32_t i = 0; i < target->seen_count; i++)
		seen_free(&target->seen[i]);
	seen_release(&target->totals);
	free(target->lives);
	free(target->seen);
	series_release(&target->series);
	contention_release(&target->contention);
}

static void visit_whole_seen(struct state_io *io, struct seen_stack *seen)
{
	state_of_seen(io, seen);
	free(seen->points);
	free(seen->history);
}

static void visit_one_tracked(struct state_io *io, struct tracked_stack *stack)
{
	struct tracker tracker = {.stacks = stack, .stack_count = 1, .tick_count = 1};

	state_of_tracked_stack(io, &tracker, 0);
}

static void visit_whole_tracker(struct state_io *io, struct tracker *tracker)
{
	state_of_tracker(io, tracker);
	free(tracker->stacks);
	free(tracker->ticks);
	free(tracker->moves);
	free(tracker->index_of);
}

static void visit_whole_series(struct state_io *io, struct series *series)
{
	state_of_series(io, series);
	free(series->points);
}

static void visit_whole_contention(struct state_io *io, struct contention *contention)
{
	state_of_contention(io, contention);
	free(contention->rows);
	free(contention->points);
}

SUBJECT(struct target, target, visit_whole_target(io, object))
SUBJECT(struct life, life, state_of_life(io, object))
SUBJECT(struct process, process, state_of_process(io, object))
SUBJECT(struct tracker, tracker, visit_whole_tracker(io, object))
SUBJECT(struct tracked_stack, tracked, visit_one_tracked(io, object))
SUBJECT(struct track_tick, tick, state_of_tick(io, object))
SUBJECT(struct track_move, move, state_of_move(io, object))
SUBJECT(struct load_now, load, state_of_load(io, object))
SUBJECT(struct floor_row, floor_row, state_of_floor_row(io, object))
SUBJECT(struct detector_totals, totals, state_of_totals(io, "totals", object))
SUBJECT(struct detector_bucket, bucket, state_of_bucket(io, object))
SUBJECT(struct episode, episode, state_of_episode(io, object))
SUBJECT(struct detector_age, age, state_of_age(io, object))
SUBJECT(struct detector, detector, state_of_detector(io, object))
SUBJECT(struct detector_step, step, state_of_detector_step(io, object))
SUBJECT(struct frame, frame, state_of_creator(io, object))
SUBJECT(struct wait_count, wait_count, state_of_wait_count(io, object))
SUBJECT(struct count_point, count_point, state_of_count_point(io, object))
SUBJECT(struct verdict_change, change, state_of_change(io, object))
SUBJECT(struct seen_stack, seen, visit_whole_seen(io, object))
SUBJECT(struct floor_state, floor, state_of_floor(io, object))
SUBJECT(struct counter, counter, state_of_counter(io, "counter", object))
SUBJECT(struct series_point, point, state_of_point(io, "point", object))
SUBJECT(struct series, series, visit_whole_series(io, object))
SUBJECT(struct contention_row, row, state_of_row(io, object))
SUBJECT(struct contention_point, contention_point, state_of_contention_point(io, object))
SUBJECT(struct contention, contention, visit_whole_contention(io, object))

#define OF(type, called, ...)                                                                      \
	{                                                                                          \
#type, sizeof(type), visit_##called, clear_##called,                               \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct subject subjects[] = {
	// The judge's, and pointers with their capacities.
	OF(struct target, target, MEMBER(struct target, name), MEMBER(struct target, stacks),
		MEMBER(struct target, nominal_s), MEMBER(struct target, next_seq),
		MEMBER(struct target, lives), MEMBER(struct target, life_capacity),
		MEMBER(struct target, life), MEMBER(struct target, seen),
		MEMBER(struct target, seen_capacity), MEMBER(struct target, series),
		MEMBER(struct target, contention), MEMBER(struct target, totals.stack),
		MEMBER(struct target, totals.points), MEMBER(struct target, totals.history),
		MEMBER(struct target, totals.history_capacity),
		BETWEEN(struct target, load.has_qps, load.fast)),
	OF(struct life, life, MEMBER(struct life, tracker), MEMBER(struct life, detectors),
		MEMBER(struct life, detector_count), MEMBER(struct life, detector_capacity)),
	OF(struct process, process, {0, 0}),
	// `index_of` says where each of the stacks is.
	OF(struct tracker, tracker, MEMBER(struct tracker, stacks),
		MEMBER(struct tracker, stack_capacity), MEMBER(struct tracker, index_of),
		MEMBER(struct tracker, index_of_count), MEMBER(struct tracker, ticks),
		MEMBER(struct tracker, tick_capacity), MEMBER(struct tracker, moves),
		MEMBER(struct tracker, move_capacity)),
	OF(struct tracked_stack, tracked, MEMBER(struct tracked_stack, rests),
		BETWEEN(struct tracked_stack, rests, goroutines),
		MEMBER(struct tracked_stack, goroutines), MEMBER(struct tracked_stack, capacity)),
	OF(struct track_tick, tick, {0, 0}),
	OF(struct track_move, move, {0, 0}),
	OF(struct load_now, load, {0, 0}),
	OF(struct floor_row, floor_row, {0, 0}),
	OF(struct detector_totals, totals, {0, 0}),
	OF(struct detector_bucket, bucket, {0, 0}),
	OF(struct episode, episode, BEHIND(struct episode, buckets)),
	OF(struct detector_age, age, MEMBER(struct detector_age, episode)),
	OF(struct detector, detector, MEMBER(struct detector, age[0].episode),
		MEMBER(struct detector, age[1].episode), MEMBER(struct detector, age[2].episode),
		MEMBER(struct detector, age[3].episode), BETWEEN(struct detector, steps, mean),
		BETWEEN(struct detector, retained, retained_s)),
	OF(struct detector_step, step, {0, 0}),
	OF(struct frame, frame, {0, 0}),
	OF(struct wait_count, wait_count, {0, 0}),
	OF(struct count_point, count_point, {0, 0}),
	OF(struct verdict_change, change, {0, 0}),
	OF(struct seen_stack, seen, MEMBER(struct seen_stack, points),
		MEMBER(struct seen_stack, history), MEMBER(struct seen_stack, history_capacity)),
	OF(struct floor_state, floor, {0, 0}),
	OF(struct counter, counter, {0, 0}),
	OF(struct series_point, point, {0, 0}),
	OF(struct series, series, MEMBER(struct series, points), MEMBER(struct series, capacity)),
	OF(struct contention_row, row, {0, 0}),
	OF(struct contention_point, contention_point, {0, 0}),
	OF(struct contention, contention, MEMBER(struct contention, points),
		MEMBER(struct contention, rows), MEMBER(struct contention, row_capacity)),
};

static void leave_out(const struct subject *subject, unsigned char *object)
{
	for (size_t i = 0; i < LEFT_OUT_MAX && subject->left_out[i].size > 0; i++)
		memset(object + subject->left_out[i].offset, 0, subject->left_out[i].size);
}

// The struct after its function has filled what it names; `before` is in all the rest.
static unsigned char *filled(const struct subject *subject, struct stacks *stacks,
	const struct stack *stack, unsigned char before)
{
	struct state_io io = state_restoring(&made_up, (void *)stack, stacks);
	unsigned char *object = malloc(subject->size);

	assert_non_null(object);
	memset(object, before, subject->size);
	leave_out(subject, object);
	subject->visit(&io, object);
	if (io.failed)
		fail_msg("%s: %s is refused: see made_up_integer() here", subject->name, io.wrong);
	leave_out(subject, object);
	subject->clear_padding(object);
	return object;
}

static void each_member_is_remembered(void **state)
{
	const struct frame frame = {STR("main.f"), STR("f.go"), 1, 0};
	struct stacks *stacks = stacks_new(1 << 20);
	const struct stack *stack;

	(void)state;
	assert_int_equal(stacks_add_stack(stacks, &frame, 1, false, &stack), 0);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		const struct subject *subject = &subjects[i];
		unsigned char *a = filled(subject, stacks, stack, 0);
		unsigned char *b = filled(subject, stacks, stack, 1);

		for (size_t at = 0; CAN_TELL_PADDING && at < subject->size; at++)
			if (a[at] != b[at])
				fail_msg("the member at byte %zu of %s is not remembered over a "
					 "restart: add STATE_FIELD(io, ..., NAME) to its "
					 "function in model/state_*.c and raise STATE_VERSION in "
					 "model/state.h; or, when it can be made from the rest, "
					 "name it in subjects[] here",
					at, subject->name);
		free(a);
		free(b);
	}
	stacks_free(&stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_member_is_remembered)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
