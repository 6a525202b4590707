// SPDX-License-Identifier: Apache-2.0
// Grouping assessments into findings, and joining those that are one mistake.
#include "model/findings.h"

#include "model/finding_text.h"
#include "model/forecast.h"
#include "model/together.h"

#include "base/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.95

// Assessments of one finding: a run of the sorted array, then parts chained to their leader.
struct group {
	struct assessment *first;
	uint32_t count;
	struct group *leader; // of the mistake this group is a part of; NULL: its own
};

void assessments_release(struct assessments *assessments)
{
	free(assessments->items);
	*assessments = (struct assessments){0};
}

int assess_target(const struct target *target, struct assessments *assessments)
{
	if (!target->life)
		return 0;
	for (uint32_t i = 0; i < target->seen_count; i++) {
		struct assessment assessment;

		assess(target, target->seen[i], &assessment);
		if (assessment.verdict == VERDICT_NONE)
			continue;
		if (assessments->count == assessments->capacity) {
			uint32_t bigger = assessments->capacity ? 2 * assessments->capacity : 16;
			struct assessment *moved =
				reallocarray(assessments->items, bigger, sizeof(*moved));

			if (!moved)
				return -ENOMEM;
			assessments->items = moved;
			assessments->capacity = bigger;
		}
		assessments->items[assessments->count++] = assessment;
	}
	return 0;
}

struct str workload_of(const struct target *target)
{
	struct str workload = target->life ? target->life->process.workload : STR_EMPTY;

	return workload.len ? workload : target->name;
}

static int urgency(const struct assessment *a)
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

	return ranks[a->verdict];
}

static int by_finding(const void *x, const void *y)
{
	const struct assessment *a = x, *b = y;
	int order = str_compare(workload_of(a->target), workload_of(b->target));

	if (order)
		return order;
	if (a->seen->stack->line_free_key != b->seen->stack->line_free_key)
		return a->seen->stack->line_free_key < b->seen->stack->line_free_key ? -1 : 1;
	if (urgency(a) != urgency(b))
		return urgency(a) - urgency(b);
	if (a->seen->count_last != b->seen->count_last)
		return a->seen->count_last > b->seen->count_last ? -1 : 1;
	order = str_compare(a->target->name, b->target->name);
	if (order)
		return order;
	return a->seen->stack->key < b->seen->stack->key ? -1 : 1;
}

static bool same_finding(const struct assessment *a, const struct assessment *b)
{
	return a->seen->stack->line_free_key == b->seen->stack->line_free_key &&
	       str_equal(workload_of(a->target), workload_of(b->target));
}

static uint32_t make_groups(struct assessments *assessments, struct group *groups)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < assessments->count; i++) {
		struct assessment *a = &assessments->items[i];

		if (count > 0 && same_finding(groups[count - 1].first, a))
			groups[count - 1].count++;
		else
			groups[count++] = (struct group){.first = a, .count = 1};
	}
	return count;
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

	return a->target == b->target && open && (a->class == b->class || (leak_a && leak_b));
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
	if (urgency(a) != urgency(b))
		return urgency(a) < urgency(b);
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

static void join_groups(struct group *groups, uint32_t count)
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

struct estimate estimate_sum(const struct estimate *a, const struct estimate *b)
{
	struct estimate sum = *a;

	if (!estimate_known(a))
		return *b;
	if (!estimate_known(b))
		return *a;
	sum.value = a->value + b->value;
	sum.low = sum.value - hypot(a->value - a->low, b->value - b->low);
	sum.high = sum.value + hypot(a->high - a->value, b->high - b->value);
	sum.from_ms = fmin(a->from_ms, b->from_ms);
	sum.to_ms = fmax(a->to_ms, b->to_ms);
	return sum;
}

struct limits limits_of(const struct target *target, const struct judge_parameters *parameters)
{
	struct limits limits = {parameters->memory_limit_bytes, parameters->goroutine_limit};

	if (!(limits.memory_bytes > 0) && target->life &&
		target->life->process.memory_limit_bytes > 0)
		limits.memory_bytes = target->life->process.memory_limit_bytes;
	return limits;
}

static struct estimate memory_room(const struct target *target, double limit)
{
	struct estimate each = bytes_per_goroutine(&target->series, target->life->index);
	double room = limit - target->series.last.rss_bytes;

	if (isnan(room))
		return estimate_none("the target tells no resident memory");
	if (!estimate_known(&each))
		return each;
	return estimate_of(room / each.value, room / each.high,
		each.low > 0 ? room / each.low : INFINITY, LEVEL, each.method, each.n);
}

uint32_t forecast_limits(const struct target *target, const struct limits *limits,
	const struct estimate *per_s, const struct estimate *per_request,
	struct limit_forecast forecast[static FINDING_FORECASTS_MAX])
{
	uint32_t count = 0;
	struct estimate room;

	if (limits->memory_bytes > 0) {
		room = memory_room(target, limits->memory_bytes);
		forecast[count++] = (struct limit_forecast){"memory", limits->memory_bytes,
			until_filled(room, per_request, "room over rate per request"),
			until_filled(room, per_s, "room over rate")};
	}
	if (limits->goroutines > 0) {
		double left = limits->goroutines - target->series.last.goroutines;

		room = isnan(left) ? estimate_none("the number of goroutines is not known")
				   : estimate_of(left, left, left, LEVEL, "limit", 1);
		forecast[count++] = (struct limit_forecast){"goroutines", limits->goroutines,
			until_filled(room, per_request, "room over rate per request"),
			until_filled(room, per_s, "room over rate")};
	}
	return count;
}

static int finding_id(const struct assessment *a, uint64_t *id)
{
	char key[STACK_KEY_TEXT];
	uint8_t digest[SHA256_BYTES];
	struct sha256 *sha = sha256_new();
	struct str workload = workload_of(a->target);
	int r = sha ? 0 : -ENOMEM;

	if (r == 0) {
		stack_key_text(a->seen->stack->line_free_key, key);
		sha256_add(sha, workload.data, workload.len);
		sha256_add(sha, "\n", 1);
		sha256_add(sha, key, strlen(key));
		r = sha256_get(sha, digest);
	}
	sha256_free(&sha);
	*id = 0;
	for (int i = 0; r == 0 && i < 8; i++)
		*id = *id << 8 | digest[i];
	return r;
}

static int fill_targets(const struct group *group, struct arena *arena, struct finding *finding)
{
	finding->targets = arena_array(arena, group->count, sizeof(*finding->targets));
	if (!finding->targets)
		return -ENOMEM;
	for (uint32_t i = 0; i < group->count; i++) {
		const struct target *target = group->first[i].target;
		bool known = false;

		for (uint32_t j = 0; j < finding->target_count; j++)
			known |= str_equal(finding->targets[j], target->name);
		if (!known)
			finding->targets[finding->target_count++] = target->name;
	}
	return 0;
}

static int fill_waits(const struct group *group, struct arena *arena, struct finding *finding)
{
	finding->waits =
		arena_array(arena, (size_t)group->count * SEEN_WAITS_MAX, sizeof(*finding->waits));
	if (!finding->waits)
		return -ENOMEM;
	for (uint32_t i = 0; i < group->count; i++)
		for (uint32_t k = 0; k < group->first[i].seen->wait_count; k++) {
			struct wait_count wait = group->first[i].seen->waits[k];
			uint32_t at = 0;

			while (at < finding->wait_count && finding->waits[at].state != wait.state)
				at++;
			finding->waits[at].state = wait.state;
			finding->waits[at].count += wait.count;
			finding->wait_count += at == finding->wait_count;
		}
	return 0;
}

static void fill_sums(const struct group *group, struct finding *finding)
{
	const struct assessment *leader = group->first;

	finding->rate_per_s = leader->rate_per_s;
	finding->per_request = leader->per_request;
	for (uint32_t i = 0; i < group->count; i++) {
		const struct assessment *a = &group->first[i];

		finding->goroutines_first += a->seen->count_first;
		finding->goroutines_last += a->seen->count_last;
		finding->goroutines_peak += a->seen->peak;
		finding->proven += a->seen->leaked;
		if (a->seen->minutes_max > finding->minutes_max)
			finding->minutes_max = a->seen->minutes_max;
		if (i > 0)
			finding->rate_per_s = estimate_sum(&finding->rate_per_s, &a->rate_per_s);
	}
}

static int fill_history(const struct assessment *a, struct arena *arena, struct finding *finding)
{
	uint32_t count = a->seen->history_count;
	bool told = count > 0 && a->seen->history[count - 1].verdict == a->verdict;

	finding->history = arena_array(arena, count + 1, sizeof(*finding->history));
	if (!finding->history)
		return -ENOMEM;
	if (count > 0)
		memcpy(finding->history, a->seen->history, count * sizeof(*finding->history));
	if (!told)
		finding->history[count++] =
			(struct verdict_change){a->verdict, a->target->last_wall_ms};
	finding->history_count = count;
	return 0;
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

static int fill_parts(const struct group *groups, uint32_t count, const struct group *group,
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

static int make_finding(const struct group *groups, uint32_t count, const struct group *group,
	const struct judge_parameters *parameters, struct arena *arena, struct finding *finding)
{
	const struct assessment *a = group->first;
	struct limits limits = limits_of(a->target, parameters);
	int r;

	*finding = (struct finding){
		.workload = workload_of(a->target),
		.stack = a->seen->stack,
		.verdict = a->verdict,
		.class = a->class,
		.open = a->verdict != VERDICT_CLEARED,
		.created_by = a->seen->created_by,
		.started_wall_ms =
			isnan(a->started_t_s) ? -1 : target_wall_ms(a->target, a->started_t_s),
		.needs_minutes = a->needs_minutes,
	};
	fill_sums(group, finding);
	if (finding->proven > 0 && finding->class == CLASS_UNKNOWN)
		finding->class = CLASS_LEAK;
	if (assessment_leaks(a))
		finding->forecast_count = forecast_limits(
			a->target, &limits, &a->rate_per_s, &a->per_request, finding->forecast);
	r = finding_id(a, &finding->id);
	if (r == 0)
		r = fill_targets(group, arena, finding);
	if (r == 0)
		r = fill_waits(group, arena, finding);
	if (r == 0)
		r = fill_history(a, arena, finding);
	if (r == 0)
		r = fill_parts(groups, count, group, arena, finding);
	return r < 0 ? r : finding_fill_text(a, arena, finding);
}

static int by_urgency(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	struct assessment verdict_a = {.verdict = a->verdict}, verdict_b = {.verdict = b->verdict};
	double rate_a = estimate_known(&a->rate_per_s) ? a->rate_per_s.value : -INFINITY;
	double rate_b = estimate_known(&b->rate_per_s) ? b->rate_per_s.value : -INFINITY;

	if (urgency(&verdict_a) != urgency(&verdict_b))
		return urgency(&verdict_a) - urgency(&verdict_b);
	if ((a->proven > 0) != (b->proven > 0))
		return a->proven > 0 ? -1 : 1;
	if ((a->class == CLASS_LEAK) != (b->class == CLASS_LEAK))
		return a->class == CLASS_LEAK ? -1 : 1;
	if (rate_a != rate_b)
		return rate_a > rate_b ? -1 : 1;
	if (a->goroutines_last != b->goroutines_last)
		return a->goroutines_last > b->goroutines_last ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

int findings_make(struct assessments *assessments, const struct judge_parameters *parameters,
	struct report *report)
{
	struct group *groups;
	uint32_t count;
	int r = 0;

	if (assessments->count == 0)
		return 0;
	groups = calloc(assessments->count, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	qsort(assessments->items, assessments->count, sizeof(*assessments->items), by_finding);
	count = make_groups(assessments, groups);
	join_groups(groups, count);
	report->findings = arena_array(&report->arena, count, sizeof(*report->findings));
	if (!report->findings)
		r = -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < count; i++)
		if (!groups[i].leader)
			r = make_finding(groups, count, &groups[i], parameters, &report->arena,
				&report->findings[report->finding_count++]);
	free(groups);
	if (r == 0)
		qsort(report->findings, report->finding_count, sizeof(*report->findings),
			by_urgency);
	return r;
}
