// SPDX-License-Identifier: Apache-2.0
// Joining groups that are one mistake, and the parts that this leaves.
#include "model/group.h"

#include "model/finding_text.h"
#include "model/together.h"

#include <errno.h>
#include <stdlib.h>

int verdict_urgency(enum verdict verdict)
{
	static const int ranks[] = {
		[VERDICT_CONFIRMED] = 0,
		[VERDICT_SUSPECT] = 1,
		[VERDICT_GROWING] = 2,
		[VERDICT_STUCK] = 3,
		[VERDICT_HINT] = 4,
		[VERDICT_UNDECIDABLE] = 5,
		[VERDICT_CLEARED] = 6,
		[VERDICT_NONE] = 7,
	};

	return ranks[verdict];
}

static bool has_function(const struct stack *stack, struct str function)
{
	for (uint32_t i = 0; i < stack->frame_count; i++)
		if (str_equal(stack->frames[i].function, function))
			return true;
	return false;
}

// One may be the other's child or sibling: only then can they be one mistake.
static bool are_related(const struct seen_stack *a, const struct seen_stack *b)
{
	struct str x = a->created_by.function, y = b->created_by.function;

	return (x.len > 0 && str_equal(x, y)) || (x.len > 0 && has_function(b->stack, x)) ||
	       (y.len > 0 && has_function(a->stack, y));
}

// What grows or is stuck, whether that is decided or not, and for reasons that do not contradict.
static bool may_be_joined(const struct assessment *a, const struct assessment *b)
{
	bool open = (assessment_leaks(a) || a->verdict == VERDICT_STUCK ||
			    a->verdict == VERDICT_UNDECIDABLE) &&
		    (assessment_leaks(b) || b->verdict == VERDICT_STUCK ||
			    b->verdict == VERDICT_UNDECIDABLE);
	bool leak_a = a->class <= CLASS_LEAK || a->class == CLASS_FILLING;
	bool leak_b = b->class <= CLASS_LEAK || b->class == CLASS_FILLING;

	return a->target == b->target && a->seen->stack && b->seen->stack && open &&
	       (a->class == b->class || (leak_a && leak_b));
}

// In one of the targets that both are seen in.
static struct together are_one_mistake(const struct group *x, const struct group *y)
{
	struct together together = {false, NAN};

	for (uint32_t i = 0; i < x->count && !together.joined; i++)
		for (uint32_t j = 0; j < y->count && !together.joined; j++) {
			const struct assessment *a = &x->first[i], *b = &y->first[j];

			if (may_be_joined(a, b))
				together = born_together(
					a->target, a->seen, b->seen, are_related(a->seen, b->seen));
		}
	return together;
}

// Place in the table of causes: what names a mistake stands before what is usually normal.
static size_t cause_place(const struct assessment *a)
{
	const struct frame *creator =
		a->seen->created_by.function.len > 0 ? &a->seen->created_by : NULL;
	const struct cause *cause = cause_find(a->wait, a->seen->stack, creator);
	size_t place = 0;

	while (place < cause_count() && cause_at(place) != cause)
		place++;
	return place;
}

// How much a wait says about a mistake: what nobody takes, before who got nothing, before who waits
// for all of them.
static int wait_place(enum wait_kind wait)
{
	switch (wait) {
	case WAIT_CHAN_SEND:
	case WAIT_CHAN_NIL:
	case WAIT_SELECT_EMPTY:
	case WAIT_MUTEX:
	case WAIT_RWMUTEX_READ:
	case WAIT_RWMUTEX_WRITE:
		return 0;
	case WAIT_CHAN_RECEIVE:
		return 1;
	case WAIT_SELECT:
		return 2;
	case WAIT_WAITGROUP:
	case WAIT_COND:
	case WAIT_SEMAPHORE:
		return 4;
	case WAIT_NONE:
	case WAIT_SLEEP:
	case WAIT_IO:
	case WAIT_SYSCALL:
	case WAIT_COROUTINE:
	case WAIT_RUNTIME:
	case WAIT_UNKNOWN:
		break;
	}
	return 3;
}

static bool is_firm(const struct assessment *a)
{
	return a->verdict == VERDICT_CONFIRMED || a->verdict == VERDICT_SUSPECT;
}

// Whose stack says more: own code, then the cause or the wait, then the more urgent, then the
// larger. What is only suspected now may be confirmed with the next dump, and the finding is to
// keep its name: so a wait stands before that.
static bool says_more(const struct assessment *a, const struct assessment *b)
{
	bool own_a = has_own_code(a->seen->stack), own_b = has_own_code(b->seen->stack);

	if (own_a != own_b)
		return own_a;
	if (!own_a && cause_place(a) != cause_place(b))
		return cause_place(a) < cause_place(b);
	if (is_firm(a) != is_firm(b))
		return is_firm(a);
	if (wait_place(a->wait) != wait_place(b->wait))
		return wait_place(a->wait) < wait_place(b->wait);
	if (verdict_urgency(a->verdict) != verdict_urgency(b->verdict))
		return verdict_urgency(a->verdict) < verdict_urgency(b->verdict);
	if (a->seen->count_last != b->seen->count_last)
		return a->seen->count_last > b->seen->count_last;
	return a->seen->stack->key < b->seen->stack->key;
}

static struct group *leader_of(struct group *group)
{
	while (group->leader)
		group = group->leader;
	return group;
}

void groups_join(struct group *groups, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = i + 1; j < count; j++) {
			struct group *a = leader_of(&groups[i]), *b = leader_of(&groups[j]);

			if (a == b || !are_one_mistake(&groups[i], &groups[j]).joined)
				continue;
			if (says_more(a->first, b->first))
				b->leader = a;
			else
				a->leader = b;
		}
}

static double growth_of_stack(const struct assessment *a)
{
	return (double)(a->seen->count_last - a->seen->count_first);
}

// By their growth where both have grown, else by their numbers.
static double ratio_of(const struct assessment *part, const struct assessment *main)
{
	double grown = growth_of_stack(part), by = growth_of_stack(main);

	if (!(grown >= TOGETHER_MIN && by >= TOGETHER_MIN)) {
		grown = (double)part->seen->count_last;
		by = (double)main->seen->count_last;
	}
	return by > 0 ? grown / by : (double)NAN;
}

static void add_part(struct finding *finding, const struct assessment *a, double ratio)
{
	finding->parts[finding->part_count++] = (struct finding_part){
		.stack = a->seen->stack,
		.goroutines = a->seen->count_last,
		.ratio = ratio,
		.wait = a->seen->wait_count > 0 ? a->seen->waits[0].state : STATE_UNKNOWN,
		.rate_per_s = a->rate_per_s,
	};
}

static int by_goroutines(const void *x, const void *y)
{
	const struct finding_part *a = x, *b = y;

	if (a->goroutines != b->goroutines)
		return a->goroutines > b->goroutines ? -1 : 1;
	return a->stack->key < b->stack->key ? -1 : a->stack->key > b->stack->key;
}

// Of a group of several targets, the stack of the first speaks; its goroutines are added up.
static void add_group(struct finding *finding, const struct group *group, const struct group *main)
{
	struct finding_part *part;

	add_part(finding, group->first, ratio_of(group->first, main->first));
	part = &finding->parts[finding->part_count - 1];
	for (uint32_t i = 1; i < group->count; i++) {
		part->goroutines += group->first[i].seen->count_last;
		part->rate_per_s = estimate_sum(&part->rate_per_s, &group->first[i].rate_per_s);
	}
}

int group_fill_parts(const struct group *groups, uint32_t count, const struct group *group,
	struct arena *arena, struct finding *finding)
{
	const struct stack *main_stack = group->first->seen->stack;

	finding->parts = arena_array(arena, count + group->count, sizeof(*finding->parts));
	if (!finding->parts)
		return -ENOMEM;
	for (uint32_t i = 1; i < group->count; i++) // other lines of the same functions
		if (group->first[i].seen->stack != main_stack &&
			(finding->part_count == 0 ||
				finding->parts[finding->part_count - 1].stack !=
					group->first[i].seen->stack))
			add_part(finding, &group->first[i], NAN);
	for (uint32_t i = 0; i < count; i++)
		if (&groups[i] != group && leader_of((struct group *)&groups[i]) == group)
			add_group(finding, &groups[i], group);
	if (finding->part_count > 1)
		qsort(finding->parts, finding->part_count, sizeof(*finding->parts), by_goroutines);
	return 0;
}
