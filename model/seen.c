// SPDX-License-Identifier: Apache-2.0
// What is remembered of each stack of a target.
#include "model/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_FROM_COUNT 3 // smaller stacks have no history worth its memory

void seen_free(struct seen_stack **seen)
{
	free((*seen)->points);
	free((*seen)->history);
	free(*seen);
	*seen = NULL;
}

static uint32_t position(const struct target *target, const struct stack *stack)
{
	uint32_t low = 0, high = target->seen_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (target->seen[middle]->stack->key < stack->key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct seen_stack *target_seen(const struct target *target, const struct stack *stack)
{
	uint32_t at = position(target, stack);

	return at < target->seen_count && target->seen[at]->stack == stack ? target->seen[at]
									   : NULL;
}

static int find_or_add(struct target *target, const struct stack *stack, struct seen_stack **found)
{
	uint32_t at = position(target, stack);
	struct seen_stack *seen;

	if (at < target->seen_count && target->seen[at]->stack == stack) {
		*found = target->seen[at];
		return 0;
	}
	if (target->seen_count == target->seen_capacity) {
		uint32_t bigger = target->seen_capacity ? 2 * target->seen_capacity : 64;
		struct seen_stack **moved =
			reallocarray(target->seen, bigger, sizeof(struct seen_stack *));

		if (!moved)
			return -ENOMEM;
		target->seen = moved;
		target->seen_capacity = bigger;
	}
	seen = calloc(1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	*seen = (struct seen_stack){.stack = stack,
		.point_stride = 1,
		.peak_in_flight = NAN,
		.peak_t_s = NAN,
		.verdict_t_s = NAN};
	memmove(&target->seen[at + 1], &target->seen[at],
		(target->seen_count - at) * sizeof(struct seen_stack *));
	target->seen[at] = seen;
	target->seen_count++;
	*found = seen;
	return 0;
}

// Room for one more. Also gives back what thinning has freed.
static int grow_points(struct seen_stack *seen)
{
	struct count_point *points;

	if (seen->point_count % SEEN_POINTS_STEP != 0)
		return 0;
	points = reallocarray(
		seen->points, seen->point_count + SEEN_POINTS_STEP, sizeof(*seen->points));
	if (!points)
		return -ENOMEM;
	seen->points = points;
	return 0;
}

static int add_point(struct seen_stack *seen, double t_s, int64_t count)
{
	if (seen->point_count == 0 && count < POINTS_FROM_COUNT)
		return 0;
	if (seen->offered++ % seen->point_stride != 0)
		return 0;
	if (seen->point_count == SEEN_POINTS_MAX) {
		for (uint32_t i = 0; i < SEEN_POINTS_MAX / 2; i++)
			seen->points[i] = seen->points[2 * i];
		seen->point_count = SEEN_POINTS_MAX / 2;
		seen->point_stride *= 2;
	}
	if (grow_points(seen) < 0)
		return -ENOMEM;
	seen->points[seen->point_count++] = (struct count_point){
		(float)t_s, (uint32_t)(count < UINT32_MAX ? count : UINT32_MAX)};
	return 0;
}

static int by_count(const void *a, const void *b)
{
	const struct wait_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return (int)x->state - (int)y->state;
}

static void note_waits(struct seen_stack *seen, const struct observed_group *group)
{
	if (!group->has_waits)
		return;
	seen->wait_count = 0;
	for (uint32_t i = 0; i < group->wait_count && seen->wait_count < SEEN_WAITS_MAX; i++)
		seen->waits[seen->wait_count++] = group->waits[i];
	qsort(seen->waits, seen->wait_count, sizeof(seen->waits[0]), by_count);
}

static int note_creator(
	struct target *target, struct seen_stack *seen, const struct observed_group *group)
{
	struct frame frame = group->created_by;
	int r;

	if (frame.function.len == 0 || (str_equal(frame.function, seen->created_by.function) &&
					       frame.line == seen->created_by.line))
		return 0;
	r = stacks_add_str(target->stacks, frame.function, &frame.function);
	if (r == 0 && frame.file.len > 0)
		r = stacks_add_str(target->stacks, frame.file, &frame.file);
	if (r == 0)
		seen->created_by = frame;
	return r;
}

static void note_peak(const struct target *target, struct seen_stack *seen, int64_t count)
{
	seen->life_peak = fmax(seen->life_peak, (double)count);
	if (count <= seen->peak)
		return;
	seen->peak = count;
	seen->peak_t_s = target->t_s;
	seen->peak_in_flight = target->series.last.in_flight;
}

static int count_group(struct target *target, const struct observation *observation,
	const struct observed_group *group, bool first)
{
	struct seen_stack *seen;
	int64_t count = group->count;
	int r = find_or_add(target, group->stack, &seen);

	if (r < 0)
		return r;
	if (observation->status == OBSERVED_CUT && count < seen->count_last)
		return 0; // cut: a lower bound, and not news
	seen->count_last = count;
	if (first)
		seen->count_first = count;
	note_waits(seen, group);
	seen->has_minutes |= group->has_minutes;
	if (group->has_minutes || group->leaked) {
		seen->minutes_max = group->minutes_max;
		seen->waited = group->waited;
	}
	if (seen->leaked < group->leaked) // what was proven stays so
		seen->leaked = group->leaked;
	if (seen->leaked > count)
		seen->leaked = group->count;
	note_peak(target, seen, count);
	r = note_creator(target, seen, group);
	return r < 0 ? r : add_point(seen, target->t_s, count);
}

// Stacks that no group speaks of are empty now, unless the dump was cut.
static int empty_the_rest(struct target *target, const bool *told)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < target->seen_count; i++)
		if (!told[i] && (target->seen[i]->count_last > 0 || target->seen[i]->points)) {
			target->seen[i]->count_last = 0;
			target->seen[i]->waited = target->seen[i]->leaked = 0;
			r = add_point(target->seen[i], target->t_s, 0);
		}
	return r;
}

int seen_count_groups(struct target *target, const struct observation *observation)
{
	bool first = !target->has_groups;
	bool *told;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < observation->group_count; i++)
		if (!observation->groups[i].stack->observer)
			r = count_group(target, observation, &observation->groups[i], first);
	if (r < 0 || observation->status == OBSERVED_CUT || target->seen_count == 0)
		return r;
	told = calloc(target->seen_count, sizeof(*told));
	if (!told)
		return -ENOMEM;
	for (uint32_t i = 0; i < observation->group_count; i++)
		if (!observation->groups[i].stack->observer)
			told[position(target, observation->groups[i].stack)] = true;
	r = empty_the_rest(target, told);
	free(told);
	return r;
}

int seen_mark_leaked(struct target *target, const struct observation *observation)
{
	bool first = !target->has_groups;
	int r = 0;

	for (uint32_t i = 0; i < target->seen_count; i++)
		target->seen[i]->leaked = 0;
	for (uint32_t i = 0; r == 0 && i < observation->group_count; i++) {
		struct seen_stack *seen;

		r = find_or_add(target, observation->groups[i].stack, &seen);
		if (r < 0)
			break;
		seen->leaked = observation->groups[i].count;
		// Those that leaked since the dump are there as well.
		if (seen->count_last < seen->leaked) {
			seen->count_last = seen->leaked;
			seen->count_first = first ? seen->leaked : seen->count_first;
			note_peak(target, seen, seen->count_last);
		}
		if (seen->wait_count == 0)
			note_waits(seen, &observation->groups[i]);
		r = note_creator(target, seen, &observation->groups[i]);
	}
	return r;
}

static int change_verdict(struct target *target, struct seen_stack *seen, enum verdict verdict)
{
	if (verdict == seen->verdict)
		return 0;
	if (verdict != VERDICT_NONE) { // a hint that fades is no news
		if (seen->history_count == seen->history_capacity) {
			uint32_t bigger = seen->history_capacity ? 2 * seen->history_capacity : 4;
			struct verdict_change *moved =
				reallocarray(seen->history, bigger, sizeof(*moved));

			if (!moved)
				return -ENOMEM;
			seen->history = moved;
			seen->history_capacity = bigger;
		}
		seen->history[seen->history_count++] =
			(struct verdict_change){verdict, target->last_wall_ms};
	}
	seen->verdict = verdict;
	seen->verdict_t_s = target->t_s;
	seen->verdict_life = target->life->index;
	return 0;
}

// After a restart the detector begins anew; what was found stands until the new life has had its
// chance to show it.
static enum verdict carried(
	const struct target *target, const struct seen_stack *seen, enum verdict now)
{
	bool was_open = seen->verdict == VERDICT_SUSPECT || seen->verdict == VERDICT_CONFIRMED;

	if (!was_open || seen->verdict_life == target->life->index || now >= VERDICT_SUSPECT)
		return now;
	return target->t_s - target->life->first_t_s < SILENT_CARRY_S ? seen->verdict
								      : VERDICT_CLEARED;
}

int seen_take_verdicts(struct target *target)
{
	int r = 0;

	if (!target->life->stepped)
		return 0;
	for (uint32_t i = 0; r == 0 && i < target->seen_count; i++) {
		struct seen_stack *seen = target->seen[i];
		const struct detector *detector = life_detector(target->life, seen->stack);

		if (detector)
			r = change_verdict(target, seen, carried(target, seen, detector->verdict));
	}
	return r;
}

// With IDs frozen the ratchet may raise a verdict, and never lowers what survivors have shown.
int seen_ratchet(struct target *target)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < target->seen_count; i++) {
		struct seen_stack *seen = target->seen[i];
		bool rising;

		if (!seen->points ||
			!floor_add(&seen->floor, target->t_s, (double)seen->count_last))
			continue;
		rising = floor_is_rising(&seen->floor, (double)seen->count_last);
		if (rising && (seen->verdict < VERDICT_SUSPECT || seen->verdict == VERDICT_CLEARED))
			r = change_verdict(target, seen, VERDICT_SUSPECT);
		else if (!rising && seen->verdict == VERDICT_SUSPECT && !target->has_ids)
			r = change_verdict(target, seen, VERDICT_CLEARED);
	}
	return r;
}

static bool same_image(const struct life *a, const struct life *b)
{
	return a && a->process.image_digest.len > 0 &&
	       str_equal(a->process.image_digest, b->process.image_digest);
}

void seen_begin_life(struct target *target, const struct life *next)
{
	bool same = same_image(target->life, next);

	for (uint32_t i = 0; i < target->seen_count; i++) {
		struct seen_stack *seen = target->seen[i];

		seen->high_water = same ? fmax(seen->high_water, seen->life_peak) : 0;
		seen->life_peak = 0;
		seen->leaked = 0;
		floor_reset(&seen->floor);
	}
}
