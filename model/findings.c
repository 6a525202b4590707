// SPDX-License-Identifier: Apache-2.0
// Grouping assessments into findings.
#include "model/findings.h"

#include "model/finding_text.h"
#include "model/forecast.h"
#include "model/group.h"

#include "base/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.95

void assessments_release(struct assessments *assessments)
{
	free(assessments->items);
	*assessments = (struct assessments){0};
}

static int assess_one(
	const struct target *target, const struct seen_stack *seen, struct assessments *assessments)
{
	struct assessment assessment;

	assess(target, seen, &assessment);
	if (assessment.verdict == VERDICT_NONE)
		return 0;
	if (assessments->count == assessments->capacity) {
		uint32_t bigger = assessments->capacity ? 2 * assessments->capacity : 16;
		struct assessment *moved = reallocarray(assessments->items, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		assessments->items = moved;
		assessments->capacity = bigger;
	}
	assessments->items[assessments->count++] = assessment;
	return 0;
}

int assess_target(const struct target *target, struct assessments *assessments)
{
	int r = 0;

	if (!target->life)
		return 0;
	for (uint32_t i = 0; r == 0 && i < target->seen_count; i++)
		r = assess_one(target, target->seen[i], assessments);
	if (r == 0 && !target->has_groups) // totals speak where there is nothing else
		r = assess_one(target, &target->totals, assessments);
	return r;
}

// Of all goroutines together: 0, which no stack has.
static uint64_t line_free_key(const struct assessment *a)
{
	return a->seen->stack ? a->seen->stack->line_free_key : 0;
}

static uint64_t stack_key(const struct assessment *a)
{
	return a->seen->stack ? a->seen->stack->key : 0;
}

struct str workload_of(const struct target *target)
{
	struct str workload = target->life ? target->life->process.workload : STR_EMPTY;

	return workload.len ? workload : target->name;
}

static int by_finding(const void *x, const void *y)
{
	const struct assessment *a = x, *b = y;
	int order = str_compare(workload_of(a->target), workload_of(b->target));

	if (order)
		return order;
	if (line_free_key(a) != line_free_key(b))
		return line_free_key(a) < line_free_key(b) ? -1 : 1;
	if (verdict_urgency(a->verdict) != verdict_urgency(b->verdict))
		return verdict_urgency(a->verdict) - verdict_urgency(b->verdict);
	if (a->seen->count_last != b->seen->count_last)
		return a->seen->count_last > b->seen->count_last ? -1 : 1;
	order = str_compare(a->target->name, b->target->name);
	if (order)
		return order;
	return stack_key(a) < stack_key(b) ? -1 : 1;
}

static bool same_finding(const struct assessment *a, const struct assessment *b)
{
	return line_free_key(a) == line_free_key(b) &&
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
	struct limits limits = {
		parameters->memory_limit_bytes, parameters->goroutine_limit, "settings"};
	const struct process *process = target->life ? &target->life->process : NULL;

	if (limits.memory_bytes > 0 || !process)
		return limits;
	if (process->memory_limit_bytes > 0) {
		limits.memory_bytes = process->memory_limit_bytes;
		limits.memory_from = "container limit";
	}
	if (process->gomemlimit_bytes > 0 &&
		!(limits.memory_bytes > 0 && limits.memory_bytes <= process->gomemlimit_bytes)) {
		limits.memory_bytes = process->gomemlimit_bytes;
		limits.memory_from = "GOMEMLIMIT";
	}
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
			until_filled(room, per_s, "room over rate"), limits->memory_from};
	}
	if (limits->goroutines > 0) {
		double left = limits->goroutines - target->series.last.goroutines;

		room = isnan(left) ? estimate_none("the number of goroutines is not known")
				   : estimate_of(left, left, left, LEVEL, "limit", 1);
		forecast[count++] = (struct limit_forecast){"goroutines", limits->goroutines,
			until_filled(room, per_request, "room over rate per request"),
			until_filled(room, per_s, "room over rate"), "settings"};
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
		stack_key_text(line_free_key(a), key);
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
		r = group_fill_parts(groups, count, group, arena, finding);
	return r < 0 ? r : finding_fill_text(a, arena, finding);
}

static int by_urgency(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;
	double rate_a = estimate_known(&a->rate_per_s) ? a->rate_per_s.value : -INFINITY;
	double rate_b = estimate_known(&b->rate_per_s) ? b->rate_per_s.value : -INFINITY;

	if (verdict_urgency(a->verdict) != verdict_urgency(b->verdict))
		return verdict_urgency(a->verdict) - verdict_urgency(b->verdict);
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
	groups_join(groups, count);
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
