// SPDX-License-Identifier: Apache-2.0
// An observation's beginning, its figures, its contention, and what JSON can hold of it.
#include "collector/observe/observe.h"

#include "base/cleanup.h"
#include "collector/form/json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void observation_init(struct observation *observation, struct str target)
{
	*observation = (struct observation){
		.target = target,
		.duration_ms = NAN,
		.source = OBSERVED_METRICS,
		.error = STR_EMPTY,
		.goroutines = -1,
		.goroutines_from = STR_EMPTY,
		.dumped = -1,
		.stop_worst_ms = NAN,
		.stop_sum_ms = NAN,
		.stop_method = STR_EMPTY,
		.requests = NAN,
		.requests_from = STR_EMPTY,
		.request_seconds = NAN,
		.errors = NAN,
		.in_flight = NAN,
		.cpu_seconds = NAN,
		.rss_bytes = NAN,
		.heap_bytes = NAN,
		.demand = NAN,
	};
}

int frame_settle(const struct frame *frame, struct arena *arena, struct frame *settled)
{
	*settled = *frame;
	settled->function = utf8_clean(arena, frame->function);
	settled->file = utf8_clean(arena, frame->file);
	return settled->function.data && settled->file.data ? 0 : -ENOMEM;
}

int stack_settle(struct stacks *stacks, struct arena *arena, const struct stack *stack,
	const struct stack **settled)
{
	struct frame frames[STACK_FRAMES_MAX];
	bool same = true;
	int r;

	for (uint32_t i = 0; i < stack->frame_count; i++) {
		r = frame_settle(&stack->frames[i], arena, &frames[i]);
		if (r < 0)
			return r;
		same = same && frames[i].function.data == stack->frames[i].function.data &&
		       frames[i].file.data == stack->frames[i].file.data;
	}
	*settled = stack;
	if (same)
		return 0;
	return stacks_add_stack(stacks, frames, stack->frame_count, stack->truncated, settled);
}

static double delay_ns(const struct snapshot *snapshot, int64_t value)
{
	if (snapshot->cycles_per_s > 0)
		return (double)value * 1e9 / snapshot->cycles_per_s;
	return (double)value;
}

static bool is_contention(const struct snapshot *snapshot)
{
	return snapshot->profile == PROFILE_BLOCK || snapshot->profile == PROFILE_MUTEX;
}

static int by_profile_and_key(const void *left, const void *right)
{
	const struct observed_contention *a = left, *b = right;

	if (a->mutex != b->mutex)
		return a->mutex ? 1 : -1;
	return (a->stack->key > b->stack->key) - (a->stack->key < b->stack->key);
}

static int add_rows(
	const struct snapshot *snapshot, struct arena *arena, struct observed_contention *rows)
{
	int r;

	for (uint32_t i = 0; i < snapshot->sample_count; i++) {
		const struct sample *sample = &snapshot->samples[i];

		rows[i] = (struct observed_contention){
			.mutex = snapshot->profile == PROFILE_MUTEX,
			.stack = stacks_trace(snapshot->stacks, sample->trace)->stack,
			.count = (double)sample->count,
			.delay_ns = delay_ns(snapshot, sample->value),
		};
		r = stack_settle(snapshot->stacks, arena,
			stacks_trace(snapshot->stacks, sample->trace)->stack, &rows[i].stack);
		if (r < 0)
			return r;
	}
	return 0;
}

int observe_contention(struct snapshot *const *snapshots, size_t count, struct arena *arena,
	struct observation *observation)
{
	struct observed_contention *rows;
	size_t total = 0, n = 0, kept = 0;
	bool fetched = false;
	int r;

	for (size_t i = 0; i < count; i++) {
		if (!is_contention(snapshots[i]))
			continue;
		fetched = true;
		total += snapshots[i]->sample_count;
	}
	if (!fetched)
		return 0;
	rows = arena_array(arena, total + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!is_contention(snapshots[i]))
			continue;
		r = add_rows(snapshots[i], arena, rows + n);
		if (r < 0)
			return r;
		n += snapshots[i]->sample_count;
	}
	if (n > 1)
		qsort(rows, n, sizeof(*rows), by_profile_and_key);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && by_profile_and_key(&rows[kept - 1], &rows[i]) == 0) {
			rows[kept - 1].count += rows[i].count;
			rows[kept - 1].delay_ns += rows[i].delay_ns;
		} else {
			rows[kept++] = rows[i];
		}
	}
	observation->has_contention = true;
	observation->contention = rows;
	observation->contention_count = (uint32_t)kept;
	return 0;
}

void observe_metrics(const struct metrics *metrics, struct observation *observation)
{
	if (metrics->goroutines >= 0) {
		observation->goroutines = (int64_t)fmin(metrics->goroutines, JSON_INTEGER_MAX);
		observation->goroutines_from = STR("metrics");
	}
	observation->requests = metrics->requests;
	observation->requests_from = str_of(metrics->requests_from);
	observation->request_seconds = metrics->request_seconds;
	observation->errors = metrics->errors;
	observation->in_flight = metrics->in_flight;
	observation->cpu_seconds = metrics->cpu_s;
	observation->rss_bytes = metrics->rss_bytes;
	observation->heap_bytes = metrics->heap_bytes;
}

// GOMEMLIMIT when nobody set it: the largest int64.
#define NO_MEMORY_LIMIT 9.2e18

int observe_process(const struct metrics *metrics, struct arena *arena, struct process *process)
{
	if (!isnan(metrics->process_start_s))
		process->start_s = metrics->process_start_s;
	if (!isnan(metrics->gomaxprocs))
		process->gomaxprocs = metrics->gomaxprocs;
	if (metrics->memory_limit_bytes < NO_MEMORY_LIMIT)
		process->gomemlimit_bytes = metrics->memory_limit_bytes;
	if (metrics->go_version[0] == '\0')
		return 0;
	process->go_version = arena_str(arena, str_of(metrics->go_version));
	return process->go_version.data ? 0 : -ENOMEM;
}

#define WALL_MS_MAX 253402300799999 // the last millisecond of year 9999

static void settle_number(double *number)
{
	*number = isfinite(*number) ? *number + 0.0 : NAN;
}

static void settle_count(int64_t *count)
{
	if (*count < 0)
		*count = -1;
	if (*count > JSON_INTEGER_MAX)
		*count = JSON_INTEGER_MAX;
}

static void settle_unsigned(uint64_t *count)
{
	if (*count > JSON_INTEGER_MAX)
		*count = JSON_INTEGER_MAX;
}

static int settle_text(struct arena *arena, struct str *text)
{
	if (!text->data || text->len == 0) {
		*text = STR_EMPTY;
		return 0;
	}
	*text = utf8_clean(arena, *text);
	return text->data ? 0 : -ENOMEM;
}

static bool source_has_ids(const struct observation *observation)
{
	if (!observation->has_groups || observation->status == OBSERVED_FAILED)
		return false;
	for (uint32_t i = 0; i < observation->group_count; i++) {
		const struct observed_group *group = &observation->groups[i];

		if (!group->has_ids || group->id_count != group->count)
			return false;
	}
	return true;
}

// A line gives IDs for all of its goroutines or for none.
static int drop_ids(struct observation *observation, struct arena *arena)
{
	struct observed_group *groups =
		arena_array(arena, (size_t)observation->group_count + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < observation->group_count; i++) {
		groups[i] = observation->groups[i];
		groups[i].has_ids = false;
		groups[i].ids = NULL;
		groups[i].id_count = 0;
	}
	observation->groups = groups;
	return 0;
}

static int settle_contention(struct observation *observation, struct arena *arena)
{
	struct observed_contention *rows;
	bool finite = true;

	for (uint32_t i = 0; i < observation->contention_count; i++)
		finite = finite && isfinite(observation->contention[i].count) &&
			 isfinite(observation->contention[i].delay_ns);
	if (finite)
		return 0;
	rows = arena_array(arena, observation->contention_count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < observation->contention_count; i++) {
		rows[i] = observation->contention[i];
		settle_number(&rows[i].count);
		settle_number(&rows[i].delay_ns);
	}
	observation->contention = rows;
	return 0;
}

static void settle_numbers(struct observation *observation)
{
	double *const numbers[] = {
		&observation->mono_ms,
		&observation->duration_ms,
		&observation->stop_worst_ms,
		&observation->stop_sum_ms,
		&observation->requests,
		&observation->request_seconds,
		&observation->errors,
		&observation->in_flight,
		&observation->cpu_seconds,
		&observation->rss_bytes,
		&observation->heap_bytes,
		&observation->demand,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		settle_number(numbers[i]);
	settle_count(&observation->goroutines);
	settle_count(&observation->dumped);
	if (observation->wall_ms < 0 || observation->wall_ms > WALL_MS_MAX)
		observation->wall_ms = -1;
	settle_unsigned(&observation->skipped);
	settle_unsigned(&observation->max_id);
}

int observation_settle(struct observation *observation, struct arena *arena)
{
	struct str *const texts[] = {
		&observation->target,
		&observation->error,
		&observation->goroutines_from,
		&observation->stop_method,
		&observation->requests_from,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = settle_text(arena, texts[i]);
	settle_numbers(observation);
	if (observation->status == OBSERVED_FAILED || !observation->has_groups) {
		observation->has_groups = false;
		observation->group_count = 0;
		observation->groups = NULL;
	}
	if (r == 0 && observation->has_groups && !source_has_ids(observation))
		r = drop_ids(observation, arena);
	return r < 0 ? r : settle_contention(observation, arena);
}

int process_settle(struct process *process, struct arena *arena)
{
	struct str *const texts[] = {&process->target, &process->workload, &process->pod_uid,
		&process->container_id, &process->image_digest, &process->go_version};
	int r = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = settle_text(arena, texts[i]);
	settle_number(&process->start_s);
	settle_number(&process->gomaxprocs);
	settle_number(&process->memory_limit_bytes);
	settle_number(&process->gomemlimit_bytes);
	return r;
}
