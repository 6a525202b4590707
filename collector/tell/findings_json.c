// SPDX-License-Identifier: Apache-2.0
// findings.json: the top, the snapshots, the stacks. findings_parts.c has targets and findings.
#include "collector/tell/findings_json.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/form/version.h"
#include "collector/observe/observations_line.h"
#include "collector/tell/findings_parts.h"

#include <errno.h>
#include <stdlib.h>

// Snapshots listed per target: first, last, and between them evenly.
#define SNAPSHOTS_PER_TARGET 60

void put_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	json_put_key(json, key);
	if (wall_ms < 0) {
		json_put_null(json);
		return;
	}
	clock_format(wall_ms, text);
	json_put_text(json, text);
}

void put_stack_key(struct json_writer *json, const char *key, const struct stack *stack)
{
	char text[STACK_KEY_TEXT];

	json_put_key(json, key);
	if (!stack) {
		json_put_null(json);
		return;
	}
	stack_key_text(stack->key, text);
	json_put_text(json, text);
}

void put_frame(struct json_writer *json, const struct frame *frame)
{
	if (!frame || frame->function.len == 0) {
		json_put_null(json);
		return;
	}
	json_put_open(json, '{');
	json_put_key(json, "function");
	json_put_str(json, frame->function);
	json_put_key(json, "file");
	json_put_str(json, frame->file);
	json_put_key(json, "line");
	json_put_u64(json, frame->line);
	json_put_close(json, '}');
}

void put_waits(struct json_writer *json, const struct stacks *stacks,
	const struct wait_count *waits, uint32_t count)
{
	json_put_open(json, '{');
	for (uint32_t i = 0; i < count; i++) {
		json_put_key_str(json, stacks_state_name(stacks, waits[i].state));
		json_put_u64(json, waits[i].count);
	}
	json_put_close(json, '}');
}

static void put_group(
	struct json_writer *json, const struct stacks *stacks, const struct observed_group *group)
{
	json_put_open(json, '{');
	put_stack_key(json, "stack", group->stack);
	json_put_key(json, "count");
	json_put_u64(json, group->count);
	json_put_key(json, "waits");
	if (group->has_waits)
		put_waits(json, stacks, group->waits, group->wait_count);
	else
		json_put_null(json);
	json_put_key(json, "minutes");
	if (group->has_minutes) {
		json_put_open(json, '{');
		json_put_key(json, "min");
		json_put_u64(json, group->minutes_min);
		json_put_key(json, "max");
		json_put_u64(json, group->minutes_max);
		json_put_close(json, '}');
	} else {
		json_put_null(json);
	}
	line_labels(json, group);
	json_put_key(json, "created_by");
	put_frame(json, &group->created_by);
	json_put_close(json, '}');
}

static void put_snapshot(
	struct json_writer *json, const struct stacks *stacks, const struct observation *seen)
{
	json_put_open(json, '{');
	json_put_key(json, "target");
	json_put_str(json, seen->target);
	put_time(json, "time", seen->wall_ms);
	json_put_key(json, "source");
	json_put_text(json, observation_source_name(seen->source));
	json_put_key(json, "status");
	json_put_text(json, observation_status_name(seen->status));
	json_put_key(json, "goroutines");
	json_put_count(json, seen->goroutines);
	json_put_key(json, "skipped");
	json_put_u64(json, seen->skipped);
	json_put_key(json, "groups");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < seen->group_count; i++)
		put_group(json, stacks, &seen->groups[i]);
	json_put_close(json, ']');
	json_put_close(json, '}');
}

// Which observations are listed: marks[i], one byte each.
static void choose_of_target(
	const struct findings_context *context, struct str target, uint8_t *marks)
{
	size_t total = 0, seen = 0, last_step = SIZE_MAX;

	for (size_t i = 0; i < context->observation_count; i++)
		total += context->observations[i].has_groups &&
			 str_equal(context->observations[i].target, target);
	for (size_t i = 0; i < context->observation_count; i++) {
		const struct observation *at = &context->observations[i];
		size_t step;

		if (!at->has_groups || !str_equal(at->target, target))
			continue;
		step = total <= SNAPSHOTS_PER_TARGET
			       ? seen
			       : seen * (SNAPSHOTS_PER_TARGET - 1) / (total - 1);
		marks[i] = step != last_step;
		last_step = step;
		seen++;
	}
}

static uint8_t *choose(const struct report *report, const struct findings_context *context)
{
	uint8_t *marks = calloc(context->observation_count + 1, 1);

	for (uint32_t i = 0; marks && i < report->target_count; i++)
		choose_of_target(context, report->targets[i].target, marks);
	return marks;
}

// The stacks that the file names.
struct stack_set {
	const struct stack **stacks;
	size_t count, capacity;
	bool failed;
};

static void add_stack(struct stack_set *set, const struct stack *stack)
{
	if (!stack || set->failed)
		return;
	if (set->count > 0 && set->stacks[set->count - 1] == stack)
		return;
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? 2 * set->capacity : 256;
		const struct stack **stacks =
			reallocarray(set->stacks, capacity, sizeof(struct stack *));

		if (!stacks) {
			set->failed = true;
			return;
		}
		set->stacks = stacks;
		set->capacity = capacity;
	}
	set->stacks[set->count++] = stack;
}

static int by_key(const void *left, const void *right)
{
	const struct stack *a = *(const struct stack *const *)left;
	const struct stack *b = *(const struct stack *const *)right;

	return (a->key > b->key) - (a->key < b->key);
}

static void gather_stacks(const struct report *report, const struct findings_context *context,
	const uint8_t *marks, struct stack_set *set)
{
	for (size_t i = 0; i < context->observation_count; i++)
		for (uint32_t k = 0; marks[i] && k < context->observations[i].group_count; k++)
			add_stack(set, context->observations[i].groups[k].stack);
	for (uint32_t i = 0; i < report->target_count; i++)
		for (uint32_t k = 0; k < report->targets[i].contention_count; k++)
			add_stack(set, report->targets[i].contention[k].stack);
	for (uint32_t i = 0; i < report->finding_count; i++) {
		add_stack(set, report->findings[i].stack);
		for (uint32_t k = 0; k < report->findings[i].part_count; k++)
			add_stack(set, report->findings[i].parts[k].stack);
	}
	if (set->count > 1)
		qsort(set->stacks, set->count, sizeof(struct stack *), by_key);
}

static void put_stacks(struct json_writer *json, const struct stack_set *set)
{
	char key[STACK_KEY_TEXT];

	json_put_open(json, '{');
	for (size_t i = 0; i < set->count; i++) {
		const struct stack *stack = set->stacks[i];

		if (i > 0 && set->stacks[i - 1]->key == stack->key)
			continue;
		stack_key_text(stack->key, key);
		json_put_key(json, key);
		json_put_open(json, '[');
		for (uint32_t k = 0; k < stack->frame_count; k++)
			put_frame(json, &stack->frames[k]);
		json_put_close(json, ']');
	}
	json_put_close(json, '}');
}

static void put_top(struct json_writer *json, const struct report *report)
{
	json_put_key(json, "schema");
	json_put_text(json, FINDINGS_SCHEMA);
	json_put_key(json, "tool");
	json_put_open(json, '{');
	json_put_key(json, "name");
	json_put_text(json, "parkwatch");
	json_put_key(json, "version");
	json_put_text(json, parkwatch_version());
	json_put_close(json, '}');
	json_put_key(json, "generated_from");
	json_put_open(json, '{');
	put_time(json, "first", report->first_wall_ms);
	put_time(json, "last", report->last_wall_ms);
	json_put_key(json, "ticks");
	json_put_u64(json, report->ticks);
	json_put_key(json, "missed");
	json_put_u64(json, report->missed);
	json_put_key(json, "cut");
	json_put_u64(json, report->cut);
	json_put_key(json, "leak_profiles");
	json_put_u64(json, report->leak_profiles);
	json_put_key(json, "lines_skipped");
	json_put_u64(json, report->lines_skipped);
	json_put_key(json, "short_collection");
	json_put_bool(json, report->short_collection);
	json_put_close(json, '}');
	json_put_key(json, "parameters");
	json_put_open(json, '{');
	for (uint32_t i = 0; i < report->parameter_count; i++) {
		json_put_key(json, report->parameters[i].name);
		json_put_rounded(json, report->parameters[i].value);
	}
	json_put_close(json, '}');
}

static void put_all(struct json_writer *json, const struct report *report,
	const struct findings_context *context, const uint8_t *marks, const struct stack_set *set)
{
	json_put_open(json, '{');
	put_top(json, report);
	json_put_key(json, "snapshots");
	json_put_open(json, '[');
	for (size_t i = 0; i < context->observation_count; i++)
		if (marks[i])
			put_snapshot(json, context->stacks, &context->observations[i]);
	json_put_close(json, ']');
	json_put_key(json, "stacks");
	put_stacks(json, set);
	json_put_key(json, "targets");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < report->target_count; i++)
		put_target(json, &report->targets[i]);
	json_put_close(json, ']');
	json_put_key(json, "findings");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < report->finding_count; i++)
		put_finding(json, &report->findings[i], context);
	json_put_close(json, ']');
	json_put_close(json, '}');
	buf_add_byte(json->buf, '\n');
}

int findings_json(const struct report *report, const struct findings_context *context,
	struct buf *out, struct error *error)
{
	cleanup(free_pointer) uint8_t *marks = choose(report, context);
	struct json_writer json = JSON_WRITER_INIT(out);
	struct stack_set set = {0};

	if (marks)
		gather_stacks(report, context, marks, &set);
	if (!marks || set.failed) {
		free(set.stacks);
		return error_no_memory(error, "findings.json");
	}
	put_all(&json, report, context, marks, &set);
	free(set.stacks);
	if (buf_failed(out) == -EFBIG)
		return error_set(error, -EFBIG, "findings.json exceeds %zu bytes", out->max);
	return buf_failed(out) ? error_no_memory(error, "findings.json") : 0;
}
