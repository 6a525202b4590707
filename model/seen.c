// SPDX-License-Identifier: Apache-2.0
// What is remembered of each stack of a target.
#include "model/seen.h"

#include "model/classify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR_MUTE_S 360.0 // pools and connections come back after a start
#define COUNTS_DECIDE_TICKS 3
#define POINTS_FROM_COUNT 3 // smaller stacks have no history worth its memory

struct seen_stack seen_init(const struct stack *stack)
{
	return (struct seen_stack){.stack = stack,
		.count_first = -1,
		.point_stride = 1,
		.peak_in_flight = NAN,
		.peak_t_s = NAN,
		.verdict_t_s = NAN};
}

void seen_release(struct seen_stack *seen)
{
	free(seen->points);
	free(seen->history);
}

void seen_free(struct seen_stack **seen)
{
	seen_release(*seen);
	free(*seen);
	*seen = NULL;
}

static double seen_earlier(const struct target *target, const struct stack *stack);

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
	*seen = seen_init(stack);
	seen->earlier = seen_earlier(target, stack);
	memmove(&target->seen[at + 1], &target->seen[at],
		(target->seen_count - at) * sizeof(struct seen_stack *));
	target->seen[at] = seen;
	target->seen_count++;
	seen->count_first = 0;
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
	if (seen->verdict != VERDICT_SUSPECT && seen->verdict != VERDICT_CONFIRMED)
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

	if (seen->verdict == VERDICT_CLEARED && now == VERDICT_NONE)
		return VERDICT_CLEARED;
	if (!was_open || seen->verdict_life == target->life->index || now >= VERDICT_SUSPECT)
		return now;
	return target->t_s - target->life->first_t_s < SILENT_CARRY_S ? seen->verdict
								      : VERDICT_CLEARED;
}

// Requests that wait for something stuck stay as survivors do, and are no leak (leak-model 3.2).
static enum verdict unless_backlog(
	const struct target *target, const struct seen_stack *seen, enum verdict verdict)
{
	bool worse = verdict != seen->verdict &&
		     (verdict == VERDICT_SUSPECT || verdict == VERDICT_CONFIRMED);

	return worse && stack_is_backlog(target, seen) ? seen->verdict : verdict;
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
			r = change_verdict(target, seen,
				carried(target, seen,
					unless_backlog(target, seen, detector->verdict)));
	}
	return r;
}

// What came in the first minutes of a process, or below what it held before, is no growth.
static bool may_grow(const struct target *target, const struct seen_stack *seen, double count)
{
	const struct life *life = target->life;
	double born_t_s =
		isnan(life->born_t_s) && life->index > 0 ? life->first_t_s : life->born_t_s;

	return count > DETECTOR_EARLIER_FACTOR * seen->earlier &&
	       !(target->t_s - born_t_s < FLOOR_MUTE_S);
}

static enum verdict ratchet_verdict(
	const struct target *target, const struct seen_stack *seen, double count)
{
	bool open = seen->verdict == VERDICT_SUSPECT || seen->verdict == VERDICT_CONFIRMED;

	if (may_grow(target, seen, count) && !load_is_surging(&target->load) &&
		floor_is_rising(&seen->floor, count, &target->load))
		return seen->verdict == VERDICT_CONFIRMED ? VERDICT_CONFIRMED : VERDICT_SUSPECT;
	return open && floor_is_flat(&seen->floor, count) ? VERDICT_CLEARED : seen->verdict;
}

// What survivors have shown before the IDs were given up goes on by counts.
static int go_on(struct target *target, struct seen_stack *seen, double count)
{
	const struct detector_past past = {seen->high_water, seen->earlier};
	enum verdict verdict;

	if (!seen->stack || seen->verdict == VERDICT_CONFIRMED)
		return 0;
	verdict = life_count(target->life, seen->stack, target->t_s, count,
		load_is_surging(&target->load), &past);
	return verdict == VERDICT_CONFIRMED || verdict == VERDICT_SUSPECT
		       ? change_verdict(target, seen, verdict)
		       : 0;
}

static int ratchet(struct target *target, struct seen_stack *seen, double count, bool alone)
{
	const struct life *life = target->life;
	int r = target->counted_alone ? go_on(target, seen, count) : 0;

	if (r < 0)
		return r;
	if (seen->floor.last_s == 0 && seen->stack)
		floor_begin_empty(&seen->floor, target->t_s, target->t_s - life->first_t_s);
	if (!floor_add(&seen->floor, target->t_s, count, &target->load) || !alone)
		return 0;
	return change_verdict(
		target, seen, unless_backlog(target, seen, ratchet_verdict(target, seen, count)));
}

// IDs may be back at the next tick: until counts have been alone for a while they decide nothing.
int seen_ratchet(struct target *target, bool alone)
{
	int r = 0;

	target->counted_alone = alone;
	alone &= !target->has_ids || target->life->counts_since_dump >= COUNTS_DECIDE_TICKS ||
		 !target->life->tracker;
	for (uint32_t i = 0; r == 0 && i < target->seen_count; i++)
		if (target->seen[i]->points)
			r = ratchet(target, target->seen[i], (double)target->seen[i]->count_last,
				alone);
	return r;
}

int seen_ratchet_totals(struct target *target, bool alone)
{
	double count = target->series.last.goroutines;
	int r;

	if (isnan(count))
		return 0;
	note_peak(target, &target->totals, (int64_t)count);
	if (target->totals.count_first < 0)
		target->totals.count_first = (int64_t)count;
	target->totals.count_last = (int64_t)count;
	r = add_point(&target->totals, target->t_s, (int64_t)count);
	return r < 0 ? r : ratchet(target, &target->totals, count, alone);
}

static bool same_image(const struct life *a, const struct life *b)
{
	return a && a->process.image_digest.len > 0 &&
	       str_equal(a->process.image_digest, b->process.image_digest);
}

static void begin_life(struct seen_stack *seen, bool same)
{
	seen->high_water = same ? fmax(seen->high_water, seen->life_peak) : 0;
	seen->earlier = fmax(seen->earlier, seen->life_peak);
	seen->life_peak = 0;
	seen->leaked = 0;
	seen->floor = (struct floor_state){0};
}

void seen_begin_life(struct target *target, const struct life *next)
{
	bool same = same_image(target->life, next);

	for (uint32_t i = 0; i < target->seen_count; i++)
		begin_life(target->seen[i], same);
	begin_life(&target->totals, same);
	target->load = load_init();
}

// A new build has its stacks at other lines: what it had before is known by the line-free key.
static double seen_earlier(const struct target *target, const struct stack *stack)
{
	double most = 0;

	for (uint32_t i = 0; i < target->seen_count; i++)
		if (target->seen[i]->stack->line_free_key == stack->line_free_key)
			most = fmax(most, target->seen[i]->earlier);
	return most;
}
