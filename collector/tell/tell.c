// SPDX-License-Identifier: Apache-2.0
// What tellers share: the last look of each target, grouped by stack.
#include "collector/tell/tell.h"

#include <errno.h>
#include <stdlib.h>

static const struct observation *last_of(
	const struct observation *observations, size_t count, struct str target)
{
	for (size_t i = count; i > 0; i--) {
		const struct observation *one = &observations[i - 1];

		if (one->has_groups && one->status != OBSERVED_FAILED &&
			str_equal(one->target, target))
			return one;
	}
	return NULL;
}

const struct observation *const *tell_last(const struct report *report,
	const struct observation *observations, size_t count, struct arena *arena)
{
	const struct observation **last =
		arena_array(arena, report->target_count + 1, sizeof(*last));

	if (!last)
		return NULL;
	for (uint32_t i = 0; i < report->target_count; i++)
		last[i] = last_of(observations, count, report->targets[i].target);
	return last;
}

static bool finding_holds(const struct finding *finding, const struct stack *stack)
{
	if (finding->stack == stack)
		return true;
	for (uint32_t i = 0; i < finding->part_count; i++) {
		if (finding->parts[i].stack == stack)
			return true;
	}
	return false;
}

const struct finding *tell_finding_of(const struct report *report, const struct stack *stack)
{
	for (uint32_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].open && finding_holds(&report->findings[i], stack))
			return &report->findings[i];
	}
	return NULL;
}

static int compare_by_stack(const void *left, const void *right)
{
	const struct tell_group *a = left, *b = right;

	if (a->stack->key != b->stack->key)
		return a->stack->key < b->stack->key ? -1 : 1;
	// The larger first: merging keeps its wait and its creator.
	return a->count > b->count ? -1 : a->count < b->count;
}

static int compare_by_count(const void *left, const void *right)
{
	const struct tell_group *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->stack->key < b->stack->key ? -1 : a->stack->key > b->stack->key;
}

static uint16_t most_waits(const struct observed_group *group)
{
	const struct wait_count *most = NULL;

	for (uint32_t i = 0; group->has_waits && i < group->wait_count; i++) {
		if (!most || group->waits[i].count > most->count)
			most = &group->waits[i];
	}
	return most ? most->state : STATE_UNKNOWN;
}

static size_t groups_in(const struct tell *tell)
{
	size_t count = 0;

	for (uint32_t i = 0; tell->last && i < tell->report->target_count; i++)
		count += tell->last[i] ? tell->last[i]->group_count : 0;
	return count;
}

static size_t copy_groups(struct tell_group *out, const struct observation *observation)
{
	size_t count = 0;

	for (uint32_t i = 0; i < observation->group_count; i++) {
		const struct observed_group *group = &observation->groups[i];

		if (group->count == 0 || group->stack->observer)
			continue;
		out[count++] = (struct tell_group){
			.stack = group->stack,
			.count = group->count,
			.state = most_waits(group),
			.minutes_max = group->has_minutes ? group->minutes_max : 0,
			.created_by = group->created_by,
		};
	}
	return count;
}

// Neighbours of one stack become one.
static size_t merge(struct tell_group *groups, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct tell_group *last = kept ? &groups[kept - 1] : NULL;

		if (!last || last->stack != groups[i].stack) {
			groups[kept++] = groups[i];
			continue;
		}
		last->count += groups[i].count;
		if (groups[i].minutes_max > last->minutes_max)
			last->minutes_max = groups[i].minutes_max;
	}
	return kept;
}

int tell_groups(const struct tell *tell, struct tell_group **ret_groups, size_t *ret_count)
{
	struct tell_group *groups = calloc(groups_in(tell) + 1, sizeof(*groups));
	size_t count = 0;

	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; tell->last && i < tell->report->target_count; i++) {
		if (tell->last[i])
			count += copy_groups(groups + count, tell->last[i]);
	}
	qsort(groups, count, sizeof(*groups), compare_by_stack);
	count = merge(groups, count);
	for (size_t i = 0; i < count; i++)
		groups[i].finding = tell_finding_of(tell->report, groups[i].stack);
	qsort(groups, count, sizeof(*groups), compare_by_count);
	*ret_groups = groups;
	*ret_count = count;
	return 0;
}

static double waiters_of(const struct contention_rate *rate)
{
	return estimate_known(&rate->waiters) ? rate->waiters.value : 0;
}

static int compare_contention(const void *left, const void *right)
{
	const struct tell_contention *x = left, *y = right;
	const struct contention_rate *a = x->rate, *b = y->rate;

	if ((a->kind == CONTENTION_LOCK) != (b->kind == CONTENTION_LOCK))
		return a->kind == CONTENTION_LOCK ? -1 : 1;
	if (waiters_of(a) != waiters_of(b))
		return waiters_of(a) > waiters_of(b) ? -1 : 1;
	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return a < b ? -1 : a > b;
}

int tell_contention(const struct tell *tell, struct tell_contention **ret_rows, size_t *ret_count)
{
	const struct report *report = tell->report;
	struct tell_contention *rows;
	size_t count = 0;

	for (uint32_t i = 0; i < report->target_count; i++)
		count += report->targets[i].contention_count;
	rows = calloc(count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	count = 0;
	for (uint32_t i = 0; i < report->target_count; i++)
		for (uint32_t j = 0; j < report->targets[i].contention_count; j++)
			rows[count++] = (struct tell_contention){
				&report->targets[i], &report->targets[i].contention[j]};
	qsort(rows, count, sizeof(*rows), compare_contention);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static bool is_warned(const struct target_report *target, struct str warning)
{
	for (uint32_t i = 0; i < target->warning_count; i++) {
		if (str_equal(target->warnings[i], warning))
			return true;
	}
	return false;
}

uint32_t tell_times_warned(const struct report *report, uint32_t target, struct str warning)
{
	uint32_t times = 0;

	for (uint32_t i = target; i < report->target_count; i++)
		times += is_warned(&report->targets[i], warning);
	return times;
}

bool tell_warned_before(const struct report *report, uint32_t target, struct str warning)
{
	for (uint32_t i = 0; i < target; i++) {
		if (is_warned(&report->targets[i], warning))
			return true;
	}
	return false;
}

uint32_t tell_times_noted(const struct report *report, uint32_t target)
{
	uint32_t times = 0;

	for (uint32_t i = target; i < report->target_count; i++)
		times += str_equal(report->targets[i].note, report->targets[target].note);
	return times;
}

bool tell_noted_before(const struct report *report, uint32_t target)
{
	for (uint32_t i = 0; i < target; i++) {
		if (str_equal(report->targets[i].note, report->targets[target].note))
			return true;
	}
	return false;
}
