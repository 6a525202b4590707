// SPDX-License-Identifier: Apache-2.0
// One line of observations.jsonl as text.
#include "collector/observe/observations_line.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/form/json_text.h"

static void add_time(struct json_writer *json, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms < 0) {
		json_put_null(json);
		return;
	}
	clock_format(wall_ms, text);
	json_put_text(json, text);
}

void line_header(struct buf *out, const char *tool, int64_t wall_ms, double mono_ms)
{
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "type");
	json_put_text(&json, "header");
	json_put_key(&json, "schema");
	json_put_text(&json, OBSERVATIONS_SCHEMA);
	json_put_key(&json, "tool");
	json_put_text(&json, tool);
	json_put_key(&json, "clock");
	json_put_open(&json, '{');
	json_put_key(&json, "wall");
	add_time(&json, wall_ms);
	json_put_key(&json, "mono_ms");
	json_put_exact(&json, mono_ms);
	json_put_close(&json, '}');
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}

void line_process(struct buf *out, const struct process *process)
{
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "type");
	json_put_text(&json, "process");
	json_put_key(&json, "target");
	json_put_str(&json, process->target);
	json_put_key(&json, "process");
	json_put_u64(&json, process->number);
	json_put_key(&json, "pod_uid");
	json_put_str_or_null(&json, process->pod_uid);
	json_put_key(&json, "container_id");
	json_put_str_or_null(&json, process->container_id);
	json_put_key(&json, "image_digest");
	json_put_str_or_null(&json, process->image_digest);
	json_put_key(&json, "workload");
	json_put_str_or_null(&json, process->workload);
	json_put_key(&json, "start");
	json_put_exact(&json, process->start_s);
	json_put_key(&json, "go_version");
	json_put_str_or_null(&json, process->go_version);
	json_put_key(&json, "gomaxprocs");
	json_put_exact(&json, process->gomaxprocs);
	json_put_key(&json, "memory_limit_bytes");
	json_put_exact(&json, process->memory_limit_bytes);
	if (process->gomemlimit_bytes > 0) {
		json_put_key(&json, "gomemlimit_bytes");
		json_put_exact(&json, process->gomemlimit_bytes);
	}
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}

void line_stack(struct buf *out, const struct stack *stack)
{
	struct json_writer json = JSON_WRITER_INIT(out);
	char key[STACK_KEY_TEXT];

	stack_key_text(stack->key, key);
	json_put_open(&json, '{');
	json_put_key(&json, "type");
	json_put_text(&json, "stack");
	json_put_key(&json, "stack");
	json_put_text(&json, key);
	json_put_key(&json, "frames");
	json_put_open(&json, '[');
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		json_put_open(&json, '{');
		json_put_key(&json, "function");
		json_put_str(&json, stack->frames[i].function);
		json_put_key(&json, "file");
		json_put_str(&json, stack->frames[i].file);
		json_put_key(&json, "line");
		json_put_u64(&json, stack->frames[i].line);
		json_put_close(&json, '}');
	}
	json_put_close(&json, ']');
	json_put_key(&json, "truncated");
	json_put_bool(&json, stack->truncated);
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}

void line_state(struct json_writer *json, struct str target, uint64_t seq,
	const struct observations_clock *clock)
{
	json_put_open(json, '{');
	json_put_key(json, "type");
	json_put_text(json, "state");
	json_put_key(json, "version");
	json_put_u64(json, STATE_VERSION);
	json_put_key(json, "target");
	json_put_str(json, target);
	json_put_key(json, "seq");
	json_put_u64(json, seq);
	json_put_key(json, "clock");
	json_put_open(json, '{');
	json_put_key(json, "first_wall");
	add_time(json, clock->first_wall_ms);
	json_put_key(json, "first_mono_ms");
	json_put_exact(json, clock->first_mono_ms);
	json_put_key(json, "shift_ms");
	json_put_exact(json, clock->shift_ms);
	json_put_key(json, "last_mono_ms");
	json_put_exact(json, clock->last_mono_ms);
	json_put_close(json, '}');
	json_put_key(json, "memory");
}

static void add_stop(struct json_writer *json, const struct observation *observation)
{
	json_put_key(json, "stop_ms");
	if (isnan(observation->stop_worst_ms) && isnan(observation->stop_sum_ms) &&
		observation->stop_method.len == 0) {
		json_put_null(json);
		return;
	}
	json_put_open(json, '{');
	json_put_key(json, "worst");
	json_put_exact(json, observation->stop_worst_ms);
	json_put_key(json, "sum");
	json_put_exact(json, observation->stop_sum_ms);
	json_put_key(json, "method");
	json_put_str_or_null(json, observation->stop_method);
	json_put_close(json, '}');
}

static void add_facts(struct json_writer *json, const struct observation *observation)
{
	const struct {
		const char *key;
		double value;
	} counters[] = {
		{"requests", observation->requests},
		{"request_seconds", observation->request_seconds},
		{"errors", observation->errors},
		{"in_flight", observation->in_flight},
		{"cpu_seconds", observation->cpu_seconds},
		{"rss_bytes", observation->rss_bytes},
		{"heap_bytes", observation->heap_bytes},
		{"demand", observation->demand},
	};

	json_put_key(json, "type");
	json_put_text(json, "tick");
	json_put_key(json, "target");
	json_put_str(json, observation->target);
	json_put_key(json, "process");
	json_put_count(json, observation->process > 0 ? (int64_t)observation->process : -1);
	json_put_key(json, "seq");
	json_put_u64(json, observation->seq);
	json_put_key(json, "mono_ms");
	json_put_exact(json, observation->mono_ms);
	json_put_key(json, "time");
	add_time(json, observation->wall_ms);
	json_put_key(json, "duration_ms");
	json_put_exact(json, observation->duration_ms);
	json_put_key(json, "source");
	json_put_text(json, observation_source_name(observation->source));
	json_put_key(json, "status");
	json_put_text(json, observation_status_name(observation->status));
	if (observation->error.len > 0) {
		json_put_key(json, "error");
		json_put_str(json, observation->error);
	}
	json_put_key(json, "goroutines");
	json_put_count(json, observation->goroutines);
	json_put_key(json, "goroutines_from");
	json_put_str_or_null(json, observation->goroutines_from);
	json_put_key(json, "dumped");
	json_put_count(json, observation->dumped);
	json_put_key(json, "skipped");
	json_put_u64(json, observation->skipped);
	json_put_key(json, "max_id");
	json_put_u64(json, observation->max_id);
	add_stop(json, observation);
	json_put_key(json, "requests_from");
	json_put_str_or_null(json, observation->requests_from);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		json_put_key(json, counters[i].key);
		json_put_exact(json, counters[i].value);
	}
}

static void add_contention(struct json_writer *json, const struct observation *observation)
{
	json_put_key(json, "contention");
	if (!observation->has_contention) {
		json_put_null(json);
		return;
	}
	json_put_open(json, '[');
	for (uint32_t i = 0; i < observation->contention_count; i++) {
		const struct observed_contention *row = &observation->contention[i];
		char key[STACK_KEY_TEXT];

		stack_key_text(row->stack->key, key);
		json_put_open(json, '{');
		json_put_key(json, "profile");
		json_put_text(json, row->mutex ? "mutex" : "block");
		json_put_key(json, "stack");
		json_put_text(json, key);
		json_put_key(json, "count");
		json_put_exact(json, row->count);
		json_put_key(json, "delay_ns");
		json_put_exact(json, row->delay_ns);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

void line_labels(struct json_writer *json, const struct observed_group *group)
{
	json_put_key(json, "labels");
	json_put_open(json, '{');
	for (uint32_t i = 0; i < group->label_count; i++) {
		const struct label_count *label = &group->labels[i];

		if (i == 0 || !str_equal(label->key, group->labels[i - 1].key)) {
			if (i > 0)
				json_put_close(json, '}');
			json_put_key_str(json, label->key);
			json_put_open(json, '{');
		}
		json_put_key_str(json, label->value);
		json_put_u64(json, label->count);
	}
	if (group->label_count > 0)
		json_put_close(json, '}');
	json_put_close(json, '}');
}

static void add_waits(
	struct json_writer *json, const struct stacks *stacks, const struct observed_group *group)
{
	json_put_key(json, "waits");
	if (!group->has_waits) {
		json_put_null(json);
		return;
	}
	json_put_open(json, '{');
	for (uint32_t i = 0; i < group->wait_count; i++) {
		json_put_key_str(json, stacks_state_name(stacks, group->waits[i].state));
		json_put_u64(json, group->waits[i].count);
	}
	json_put_close(json, '}');
}

// Everything of a group but its IDs and the closing bracket.
static void add_group(
	struct json_writer *json, const struct stacks *stacks, const struct observed_group *group)
{
	char key[STACK_KEY_TEXT];

	stack_key_text(group->stack->key, key);
	json_put_open(json, '{');
	json_put_key(json, "stack");
	json_put_text(json, key);
	add_waits(json, stacks, group);
	json_put_key(json, "count");
	json_put_u64(json, group->count);
	json_put_key(json, "created");
	json_put_str_or_null(json, group->created_by.function);
	if (group->created_by.function.len > 0) {
		json_put_key(json, "created_file");
		json_put_str(json, group->created_by.file);
		json_put_key(json, "created_line");
		json_put_u64(json, group->created_by.line);
	}
	if (group->has_minutes) {
		json_put_key(json, "minutes");
		json_put_open(json, '{');
		json_put_key(json, "min");
		json_put_u64(json, group->minutes_min);
		json_put_key(json, "max");
		json_put_u64(json, group->minutes_max);
		json_put_close(json, '}');
		json_put_key(json, "waited");
		json_put_u64(json, group->waited);
	}
	if (group->leaked > 0) {
		json_put_key(json, "leaked");
		json_put_u64(json, group->leaked);
	}
	if (group->label_count > 0)
		line_labels(json, group);
}

// "key":"17,1041+2": the list needs no escaping.
static void add_ids(struct json_writer *json, const char *key, const uint64_t *ids, size_t count)
{
	json_put_key(json, key);
	json->after_key = false;
	buf_add_byte(json->buf, '"');
	ids_format(ids, count, json->buf);
	buf_add_byte(json->buf, '"');
}

static int add_change(struct json_writer *json, const struct chain_link *known,
	const struct observed_group *group)
{
	cleanup(id_list_release) struct id_list before = {0}, born = {0}, gone = {0};
	struct id_list now = {0};
	int r = known ? ids_unpack((struct str){known->packed, known->len}, &before) : 0;

	if (group)
		now = (struct id_list){.ids = (uint64_t *)group->ids, .count = group->id_count};
	if (r == 0)
		r = ids_missing(&before, &now, &born);
	if (r == 0)
		r = ids_missing(&now, &before, &gone);
	if (r < 0)
		return r;
	add_ids(json, "born", born.ids, born.count);
	add_ids(json, "gone", gone.ids, gone.count);
	return 0;
}

// Groups relative to what is known, both ordered by key; emptied stacks have a count of 0.
static int add_changes(struct json_writer *json, const struct stacks *stacks,
	const struct chain *chain, const struct observation *observation)
{
	uint32_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < observation->group_count || k < chain->count)) {
		const struct observed_group *group =
			i < observation->group_count ? &observation->groups[i] : NULL;
		const struct chain_link *known = k < chain->count ? &chain->links[k] : NULL;
		struct observed_group empty = {.created_by = {.function = STR_EMPTY}};

		if (group && known && group->stack->key > known->stack->key)
			group = NULL;
		else if (group && known && group->stack->key < known->stack->key)
			known = NULL;
		i += group != NULL;
		k += known != NULL;
		if (!group)
			empty.stack = known->stack;
		add_group(json, stacks, group ? group : &empty);
		r = add_change(json, known, group);
		json_put_close(json, '}');
	}
	return r;
}

static void add_whole_groups(struct json_writer *json, const struct stacks *stacks,
	const struct observation *observation)
{
	for (uint32_t i = 0; i < observation->group_count; i++) {
		const struct observed_group *group = &observation->groups[i];

		add_group(json, stacks, group);
		if (group->has_ids)
			add_ids(json, "ids", group->ids, group->id_count);
		json_put_close(json, '}');
	}
}

static int add_groups(struct json_writer *json, const struct stacks *stacks,
	const struct chain *chain, const struct observation *observation, enum line_kind kind)
{
	int r = 0;

	json_put_key(json, "key");
	if (kind == LINE_PLAIN)
		json_put_null(json);
	else
		json_put_bool(json, kind == LINE_KEY);
	json_put_key(json, "groups");
	if (!observation->has_groups) {
		json_put_null(json);
		return 0;
	}
	json_put_open(json, '[');
	if (kind == LINE_CHANGE)
		r = add_changes(json, stacks, chain, observation);
	else
		add_whole_groups(json, stacks, observation);
	json_put_close(json, ']');
	return r;
}

int line_tick(struct buf *out, const struct stacks *stacks, const struct observation *observation,
	enum line_kind kind, const struct chain *chain)
{
	struct json_writer json = JSON_WRITER_INIT(out);
	int r;

	json_put_open(&json, '{');
	add_facts(&json, observation);
	r = add_groups(&json, stacks, chain, observation, kind);
	add_contention(&json, observation);
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
	return r;
}
