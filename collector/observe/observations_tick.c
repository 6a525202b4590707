// SPDX-License-Identifier: Apache-2.0
// Reading one tick line, tolerantly: unknown keys are counted, a field of the wrong kind makes the
// line unusable.
#include "collector/observe/observations_tick.h"

#include "collector/form/json_fields.h"
#include "collector/observe/observations.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNUSABLE 1

static const char *const tick_keys[] = {"type", "target", "process", "seq", "mono_ms", "time",
	"duration_ms", "source", "status", "error", "goroutines", "goroutines_from", "dumped",
	"skipped", "max_id", "stop_ms", "requests", "requests_from", "request_seconds", "errors",
	"in_flight", "cpu_seconds", "rss_bytes", "heap_bytes", "demand", "key", "groups",
	"contention", NULL};

static const char *const group_keys[] = {"stack", "waits", "count", "created", "created_file",
	"created_line", "minutes", "waited", "leaked", "labels", "ids", "born", "gone", NULL};

static uint64_t count_unknown(const json_t *object, const char *const *known)
{
	uint64_t unknown = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			unknown++;
	}
	return unknown;
}

static int parse_waits(const json_t *waits, struct stacks *stacks, struct arena *arena,
	struct observed_group *group)
{
	struct wait_count *list = arena_array(arena, json_object_size(waits) + 1, sizeof(*list));
	struct json_fields fields = {.object = waits};
	const char *name;
	json_t *count;
	int r;

	if (!list)
		return -ENOMEM;
	json_object_foreach((json_t *)waits, name, count)
	{
		struct wait_count *item = &list[group->wait_count++];

		item->count = json_field_u32(&fields, name);
		r = stacks_add_state(stacks, str_of(name), &item->state);
		if (r < 0)
			return r;
	}
	group->has_waits = true;
	group->waits = list;
	return fields.wrong ? UNUSABLE : 0;
}

static int parse_labels(const json_t *labels, struct arena *arena, struct observed_group *group)
{
	struct label_count *list = arena_array(arena, OBSERVED_LABELS_MAX, sizeof(*list));
	const char *key, *value;
	json_t *values, *count;

	if (!list)
		return -ENOMEM;
	json_object_foreach((json_t *)labels, key, values)
	{
		struct json_fields fields = {.object = values};

		if (!json_is_object(values))
			return UNUSABLE;
		json_object_foreach(values, value, count)
		{
			if (group->label_count == OBSERVED_LABELS_MAX)
				break;
			list[group->label_count++] = (struct label_count){
				str_of(key), str_of(value), json_field_u32(&fields, value)};
		}
		if (fields.wrong)
			return UNUSABLE;
	}
	group->labels = list;
	return 0;
}

static void parse_minutes(struct json_fields *fields, struct observed_group *group)
{
	struct json_fields minutes = {.object = json_field(fields, "minutes", JSON_OBJECT)};

	if (!minutes.object)
		return;
	group->has_minutes = true;
	group->minutes_min = json_field_u32(&minutes, "min");
	group->minutes_max = json_field_u32(&minutes, "max");
	group->waited = json_field_u32(fields, "waited");
	if (minutes.wrong)
		fields->wrong = minutes.wrong;
}

static struct str list_of(struct json_fields *fields, const char *key)
{
	const json_t *list = json_field(fields, key, JSON_STRING);

	return list ? json_view(list) : (struct str){0};
}

static int parse_stack(
	struct json_fields *fields, struct stack_lookup lookup, const struct stack **stack)
{
	uint64_t key;

	if (!stack_key_parse(json_field_str(fields, "stack"), &key)) {
		fields->wrong = "stack";
		return UNUSABLE;
	}
	*stack = lookup.find(lookup.context, key);
	return *stack ? 0 : -ENOMEM;
}

static int parse_group(struct json_fields *fields, struct stacks *stacks,
	struct stack_lookup lookup, struct arena *arena, struct chain_step *step)
{
	struct observed_group *group = &step->group;
	const json_t *waits = json_field(fields, "waits", JSON_OBJECT);
	const json_t *labels = json_field(fields, "labels", JSON_OBJECT);
	int r = parse_stack(fields, lookup, &group->stack);

	if (r)
		return r;
	if (json_field_count(fields, "count") < 0)
		fields->wrong = "count";
	group->count = json_field_u32(fields, "count");
	group->leaked = json_field_u32(fields, "leaked");
	group->created_by.function = json_field_str(fields, "created");
	group->created_by.file = json_field_str(fields, "created_file");
	group->created_by.line = json_field_u32(fields, "created_line");
	parse_minutes(fields, group);
	step->ids = list_of(fields, "ids");
	step->born = list_of(fields, "born");
	step->gone = list_of(fields, "gone");
	if (waits)
		r = parse_waits(waits, stacks, arena, group);
	if (r == 0 && labels)
		r = parse_labels(labels, arena, group);
	return r ? r : (fields->wrong ? UNUSABLE : 0);
}

static int by_key(const void *left, const void *right)
{
	const struct chain_step *a = left, *b = right;

	return (a->group.stack->key > b->group.stack->key) -
	       (a->group.stack->key < b->group.stack->key);
}

static int order_steps(struct tick *tick, const char **reason)
{
	if (tick->step_count > 1)
		qsort(tick->steps, tick->step_count, sizeof(*tick->steps), by_key);
	for (uint32_t i = 1; i < tick->step_count; i++) {
		if (by_key(&tick->steps[i - 1], &tick->steps[i]) == 0) {
			*reason = "two groups of one stack";
			return UNUSABLE;
		}
	}
	return 0;
}

static bool gives_ids(const struct tick *tick)
{
	const struct observation *observation = &tick->observation;

	if (tick->step_count == 0)
		return observation->source == OBSERVED_DEBUG2 ||
		       observation->source == OBSERVED_LOG;
	for (uint32_t i = 0; i < tick->step_count; i++)
		if (tick->key ? !tick->steps[i].ids.data : !tick->steps[i].born.data)
			return false;
	return true;
}

static int parse_groups(const json_t *groups, struct stacks *stacks, struct stack_lookup lookup,
	struct arena *arena, struct tick *tick, const char **reason)
{
	const size_t count = json_array_size(groups);
	int r;

	tick->steps = arena_array(arena, count + 1, sizeof(*tick->steps));
	if (!tick->steps || count > UINT32_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_fields fields = {.object = json_array_get(groups, i)};

		if (!json_is_object(fields.object)) {
			*reason = "a group that is no object";
			return UNUSABLE;
		}
		tick->unknown_keys += count_unknown(fields.object, group_keys);
		r = parse_group(&fields, stacks, lookup, arena, &tick->steps[i]);
		if (r) {
			*reason = fields.wrong ? fields.wrong : "waits or labels of a group";
			return r;
		}
	}
	tick->step_count = (uint32_t)count;
	return order_steps(tick, reason);
}

static int parse_contention(const json_t *rows, struct stack_lookup lookup, struct arena *arena,
	struct observation *observation, const char **reason)
{
	const size_t count = json_array_size(rows);
	struct observed_contention *list = arena_array(arena, count + 1, sizeof(*list));
	int r;

	if (!list || count > UINT32_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_fields fields = {.object = json_array_get(rows, i)};

		r = parse_stack(&fields, lookup, &list[i].stack);
		if (r < 0)
			return r;
		list[i].mutex = str_equal(json_field_str(&fields, "profile"), STR("mutex"));
		list[i].count = json_field_number(&fields, "count");
		list[i].delay_ns = json_field_number(&fields, "delay_ns");
		if (fields.wrong) {
			*reason = "a row of contention";
			return UNUSABLE;
		}
	}
	observation->has_contention = true;
	observation->contention = list;
	observation->contention_count = (uint32_t)count;
	return 0;
}

static void parse_numbers(struct json_fields *fields, struct observation *observation)
{
	struct json_fields stop = {.object = json_field(fields, "stop_ms", JSON_OBJECT)};

	observation->process = json_field_u32(fields, "process");
	observation->mono_ms = json_field_number(fields, "mono_ms");
	observation->wall_ms = json_field_time(fields, "time");
	observation->duration_ms = json_field_number(fields, "duration_ms");
	observation->goroutines = json_field_count(fields, "goroutines");
	observation->dumped = json_field_count(fields, "dumped");
	observation->stop_worst_ms = json_field_number(&stop, "worst");
	observation->stop_sum_ms = json_field_number(&stop, "sum");
	observation->stop_method = json_field_str(&stop, "method");
	observation->requests = json_field_number(fields, "requests");
	observation->request_seconds = json_field_number(fields, "request_seconds");
	observation->errors = json_field_number(fields, "errors");
	observation->in_flight = json_field_number(fields, "in_flight");
	observation->cpu_seconds = json_field_number(fields, "cpu_seconds");
	observation->rss_bytes = json_field_number(fields, "rss_bytes");
	observation->heap_bytes = json_field_number(fields, "heap_bytes");
	observation->demand = json_field_number(fields, "demand");
	if (stop.wrong)
		fields->wrong = "stop_ms";
}

static uint64_t count_or_0(struct json_fields *fields, const char *key)
{
	int64_t count = json_field_count(fields, key);

	return count < 0 ? 0 : (uint64_t)count;
}

static int parse_facts(struct json_fields *fields, struct tick *tick)
{
	struct observation *observation = &tick->observation;
	int64_t seq = json_field_count(fields, "seq");

	observation->target = json_field_str(fields, "target");
	observation->error = json_field_str(fields, "error");
	observation->goroutines_from = json_field_str(fields, "goroutines_from");
	observation->requests_from = json_field_str(fields, "requests_from");
	parse_numbers(fields, observation);
	observation->seq = seq < 0 ? 0 : (uint64_t)seq;
	observation->skipped = count_or_0(fields, "skipped");
	observation->max_id = count_or_0(fields, "max_id");
	tick->key = json_field_bool(fields, "key");
	// Sources of later versions give IDs or counts like those of this one.
	if (!observation_source_parse(json_field_str(fields, "source"), &observation->source)) {
		observation->source = OBSERVED_DEBUG2;
		tick->unknown_keys++;
	}
	if (!observation_status_parse(json_field_str(fields, "status"), &observation->status))
		fields->wrong = "status";
	if (observation->target.len == 0)
		fields->wrong = "target";
	if (seq < 0)
		fields->wrong = "seq";
	if (isnan(observation->mono_ms))
		fields->wrong = "mono_ms";
	return fields->wrong ? UNUSABLE : 0;
}

int tick_parse(const json_t *line, struct stacks *stacks, struct stack_lookup lookup,
	struct arena *arena, struct tick *tick, const char **reason)
{
	struct json_fields fields = {.object = line};
	const json_t *groups = json_field(&fields, "groups", JSON_ARRAY);
	const json_t *contention = json_field(&fields, "contention", JSON_ARRAY);
	int r;

	*tick = (struct tick){.unknown_keys = count_unknown(line, tick_keys)};
	r = parse_facts(&fields, tick);
	if (r) {
		*reason = fields.wrong;
		return r;
	}
	if (groups && tick->observation.status != OBSERVED_FAILED) {
		r = parse_groups(groups, stacks, lookup, arena, tick, reason);
		tick->observation.has_groups = true;
		tick->has_ids = r == 0 && gives_ids(tick);
	}
	if (r == 0 && contention)
		r = parse_contention(contention, lookup, arena, &tick->observation, reason);
	return r;
}
