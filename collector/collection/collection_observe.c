// SPDX-License-Identifier: Apache-2.0
// The end of a round: what was gathered becomes an observation, which goes to observations.jsonl
// and to the judge, in this order, so that a replay sees what the judge saw.
#include "collector/collection/collection.h"

#include "base/clock.h"
#include "collector/form/json_text.h"
#include "collector/observe/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_ARENA_MAX MIB(1024)
#define WORST_TO_MEAN 1.15 // of the single stops of one dump

static double events_of(const struct round *round)
{
	double events = 0;

	for (uint32_t i = 0; i < round->contention_count; i++)
		for (uint32_t s = 0; s < round->contention[i]->sample_count; s++)
			events += (double)round->contention[i]->samples[s].count;
	return round->contention_count == 2 ? events : NAN;
}

static struct life_verdict identify(struct collection_target *target, uint64_t max_id)
{
	const struct round *round = &target->round;
	struct life_signs signs = {.start_s = NAN, .cpu_s = NAN, .gomaxprocs = NAN};

	if (round->has_metrics) {
		signs.start_s = round->metrics.process_start_s;
		signs.cpu_s = round->metrics.cpu_s;
		signs.gomaxprocs = round->metrics.gomaxprocs;
	}
	signs.max_id = max_id;
	signs.contention = events_of(round);
	signs.now_s = (double)clock_wall_ms() / 1e3;
	return lives_identify(&target->lives, &signs);
}

static struct process unknown_process(const struct collection_target *target, uint32_t number)
{
	return (struct process){
		.target = str_of(target->target->name),
		.number = number,
		.workload = str_of(target->target->name),
		.start_s = NAN,
		.gomaxprocs = NAN,
		.memory_limit_bytes = NAN,
		.gomemlimit_bytes = NAN,
	};
}

static bool same_number(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool same_process(const struct process *a, const struct process *b)
{
	return a->number == b->number && same_number(a->start_s, b->start_s) &&
	       same_number(a->gomaxprocs, b->gomaxprocs) &&
	       same_number(a->memory_limit_bytes, b->memory_limit_bytes) &&
	       same_number(a->gomemlimit_bytes, b->gomemlimit_bytes) &&
	       str_equal(a->go_version, b->go_version);
}

// Says who answered, when that is news.
static int tell_process(
	struct collection_target *target, const struct life_verdict *life, struct error *error)
{
	struct collection *collection = target->collection;
	const struct round *round = &target->round;
	uint64_t limit = collection->plan->settings->limits.memory_bytes;
	struct process process = target->process;
	int r = 0;

	if (process.number != life->number)
		process = unknown_process(target, life->number);
	if (round->has_metrics && !life->metrics_stale)
		r = observe_process(&round->metrics, &collection->arena, &process);
	if (limit > 0)
		process.memory_limit_bytes = (double)limit;
	if (r == 0)
		r = process_settle(&process, &collection->arena);
	if (r < 0)
		return error_no_memory(error, "an observation");
	if (same_process(&process, &target->process))
		return 0;
	target->process = process;
	r = observations_write_process(collection->writer, &process, error);
	if (r < 0)
		return r;
	r = judge_process(collection->judge, &process);
	return r < 0 ? error_no_memory(error, "the judge") : 0;
}

// A copy without IDs stays for findings.json and the report.
static int keep(struct collection *collection, const struct observation *seen, struct error *error)
{
	struct observation *grown;
	size_t capacity;

	if (collection->observation_count == collection->observation_capacity) {
		capacity = collection->observation_capacity ? 2 * collection->observation_capacity
							    : 64;
		grown = reallocarray(collection->observations, capacity, sizeof(*grown));
		if (!grown)
			return error_no_memory(error, "an observation");
		collection->observations = grown;
		collection->observation_capacity = capacity;
	}
	if (observation_copy(seen, false, &collection->arena,
		    &collection->observations[collection->observation_count]) < 0)
		return error_no_memory(error, "an observation");
	collection->observation_count++;
	return 0;
}

static int hand_over(struct collection_target *target, struct observation *seen,
	struct arena *arena, struct error *error)
{
	struct collection *collection = target->collection;
	int r;

	if (observation_settle(seen, arena) < 0)
		return error_no_memory(error, "an observation");
	r = observations_write_tick(collection->writer, seen, error);
	if (r < 0)
		return r;
	if (judge_observe(collection->judge, seen) < 0)
		return error_no_memory(error, "the judge");
	return keep(collection, seen, error);
}

static void set_cost(const struct round *round, struct observation *seen)
{
	if (isnan(round->stop_sum_ms))
		return;
	seen->stop_sum_ms = round->stop_sum_ms;
	seen->stop_worst_ms = round->stop_sum_ms / round->stop_passes *
			      (round->stop_passes > 1 ? WORST_TO_MEAN : 1);
	seen->stop_method = STR("ttfb");
}

static int fill(struct collection_target *target, struct arena *arena, struct observation *seen,
	struct life_verdict *life)
{
	struct round *round = &target->round;
	int r = 0;

	if (round->goroutines)
		r = observe_goroutines(round->goroutines, arena, seen);
	if (r < 0)
		return r;
	*life = identify(target, seen->max_id);
	if (life->is_new && life->number > 1)
		collection_restarted(target);
	if (round->has_metrics && !life->metrics_stale)
		observe_metrics(&round->metrics, seen);
	if (round->contention_count > 0 && !life->contention_stale)
		r = observe_contention(round->contention, round->contention_count, arena, seen);
	if (seen->goroutines < 0 && round->index_goroutines >= 0) {
		seen->goroutines = round->index_goroutines;
		seen->goroutines_from = STR("index");
	}
	if (round->status == OBSERVED_CUT)
		seen->status = OBSERVED_CUT;
	set_cost(round, seen);
	return r;
}

static int observe_round(struct collection_target *target, struct arena *arena, struct error *error)
{
	struct round *round = &target->round;
	struct observation seen;
	struct life_verdict life;
	int r;

	observation_init(&seen, str_of(target->target->name));
	seen.mono_ms = round->mono_ms;
	seen.wall_ms = round->observed_wall_ms;
	seen.duration_ms = clock_mono_ms() - round->started_ms;
	if (fill(target, arena, &seen, &life) < 0)
		return error_no_memory(error, "an observation");
	seen.process = life.number;
	r = tell_process(target, &life, error);
	if (r < 0)
		return r;
	if (seen.goroutines >= 0 && target->first_goroutines < 0)
		target->first_goroutines = seen.goroutines;
	if (seen.goroutines >= 0)
		target->last_goroutines = seen.goroutines;
	target->ticks++;
	return hand_over(target, &seen, arena, error);
}

static int observe_failure(
	struct collection_target *target, struct arena *arena, struct error *error)
{
	struct round *round = &target->round;
	struct observation seen;

	observation_init(&seen, str_of(target->target->name));
	seen.process = target->process.number;
	seen.mono_ms = clock_mono_ms();
	seen.wall_ms = clock_wall_ms();
	seen.duration_ms = seen.mono_ms - round->started_ms;
	seen.status = OBSERVED_FAILED;
	seen.error = str_of(round->error);
	target->failed_ticks++;
	return hand_over(target, &seen, arena, error);
}

// The leaked goroutines by the runtime's own proof are an observation of their own.
static int observe_leak(struct collection_target *target, struct arena *arena, struct error *error)
{
	struct round *round = &target->round;
	struct observation seen;

	observation_init(&seen, str_of(target->target->name));
	seen.process = target->process.number;
	seen.mono_ms = round->leak_mono_ms;
	seen.wall_ms = round->leak_wall_ms;
	if (observe_goroutines(round->leak, arena, &seen) < 0)
		return error_no_memory(error, "an observation");
	return hand_over(target, &seen, arena, error);
}

int collection_observe(struct collection_target *target, struct error *error)
{
	struct round *round = &target->round;
	struct arena arena = ARENA_INIT(TICK_ARENA_MAX);
	int r = 0;

	if (round->goroutines || round->has_metrics || round->contention_count > 0)
		r = observe_round(target, &arena, error);
	else if (round->failures > 0)
		r = observe_failure(target, &arena, error);
	if (r == 0 && round->leak)
		r = observe_leak(target, &arena, error);
	arena_release(&arena);
	return r;
}

void collection_error(struct collection_target *target, const char *artifact,
	const struct fetch_result *result, const char *reason, const char *text)
{
	struct collection *collection = target->collection;
	struct json_writer json = JSON_WRITER_INIT(&collection->errors);
	char when[CLOCK_TEXT_MAX];

	clock_format(clock_wall_ms(), when);
	json_put_open(&json, '{');
	json_put_key(&json, "target");
	json_put_str(&json, str_of(target->target->name));
	json_put_key(&json, "round");
	json_put_u64(&json, target->rounds);
	json_put_key(&json, "time");
	json_put_text(&json, when);
	json_put_key(&json, "artifact");
	json_put_text(&json, artifact);
	json_put_key(&json, "reason");
	json_put_text(&json, reason);
	json_put_key(&json, "http_status");
	json_put_count(&json, result && result->http_status > 0 ? result->http_status : -1);
	json_put_key(&json, "bytes");
	json_put_u64(&json, result ? result->body_bytes : 0);
	json_put_key(&json, "duration_ms");
	json_put_rounded(&json, result ? result->total_ms : NAN);
	json_put_key(&json, "kept");
	json_put_bool(&json, result && target->round.kept);
	json_put_key(&json, "error");
	json_put_str(&json, str_of(text));
	json_put_close(&json, '}');
	buf_add_byte(&collection->errors, '\n');
	collection->error_count++;
}

void collection_note(struct collection_target *target, const char *text)
{
	const struct collection_plan *plan = target->collection->plan;

	if (plan->note)
		plan->note(plan->note_context, target->target, text);
}

void collection_fail(struct collection *collection, const struct error *error)
{
	if (collection->fatal.code == 0)
		collection->fatal = *error;
}
