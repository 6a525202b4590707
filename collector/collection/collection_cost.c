// SPDX-License-Identifier: Apache-2.0
// What a round may cost its target: the ladder's budgets from the settings, its knowledge from the
// answers.
#include "base/clock.h"
#include "collector/collection/collection.h"

#include <math.h>
#include <stdio.h>

// A first dump is only taken blindly when even a wrong guess of the depth does no harm.
#define BLIND_SHARE 0.25

static const struct settings *settings_of(const struct collection_target *target)
{
	return target->collection->plan->settings;
}

// NAN when the limit or what is used of it is not known.
static double memory_free(const struct collection_target *target)
{
	const struct round *round = &target->round;
	double limit = (double)settings_of(target)->limits.memory_bytes;
	double left;

	if (!round->has_metrics)
		return NAN;
	if (limit <= 0)
		limit = round->metrics.memory_limit_bytes;
	left = limit - round->metrics.rss_bytes;
	return left < 0 ? 0 : left;
}

static void tell_decision(struct collection_target *target, const struct ladder_decision *decision)
{
	bool was_said = target->note[0] != '\0';

	if (!decision->reason[0]) {
		target->note[0] = '\0';
		return;
	}
	(void)snprintf(target->note, sizeof(target->note), "%s", decision->reason);
	if (!was_said)
		collection_note(target, target->note);
}

static void decide(struct collection_target *target, double goroutines)
{
	const struct settings *settings = settings_of(target);
	struct ladder_budget budget = {
		.stop_ms = settings->budget.stop_s * 1e3,
		.share = settings->budget.share,
	};
	double interval_s = target->collection->rounds > 1 ? settings->collect.interval_s : 0;
	double now_ms = clock_mono_ms();
	struct ladder_decision decision;

	ladder_decide(
		&target->ladder, &budget, goroutines, interval_s, memory_free(target), &decision);
	target->round.decided = true;
	// What the user asked for by --deep: one dump above the budget.
	if (ladder_rests(&target->ladder, now_ms, decision.reason)) {
		decision.ids = false;
	} else if (!decision.ids && settings->collect.deep && !target->went_deep) {
		target->went_deep = decision.ids = true;
		decision.reason[0] = '\0';
	}
	target->round.want_ids = decision.ids && !target->no_ids;
	if (target->round.want_ids)
		ladder_dumped(&target->ladder, now_ms);
	target->interval_s = fmax(decision.interval_s, settings->collect.interval_s);
	tell_decision(target, &decision);
}

void collection_restarted(struct collection_target *target)
{
	// What was said before was about the process before.
	if (ladder_restarted(&target->ladder, clock_mono_ms()))
		target->note[0] = '\0';
}

// What the metrics tell before the dump that they come with is asked for. The end of the round
// tells it for good (collector/collection/collection_observe.c).
static bool metrics_tell_restart(const struct collection_target *target)
{
	const struct metrics *metrics = &target->round.metrics;
	struct life_signs signs = {.start_s = metrics->process_start_s,
		.cpu_s = metrics->cpu_s,
		.gomaxprocs = metrics->gomaxprocs,
		.contention = NAN,
		.now_s = (double)clock_wall_ms() / 1e3};
	struct lives trial = target->lives;

	return target->round.has_metrics && trial.count > 0 &&
	       lives_identify(&trial, &signs).is_new;
}

void collection_decide(struct collection_target *target)
{
	struct round *round = &target->round;
	const struct settings *settings = settings_of(target);
	double goroutines = (double)round->index_goroutines;
	struct ladder_cost cost;

	if (metrics_tell_restart(target))
		collection_restarted(target);
	// Without goroutine profiles there is no dump whose cost could stretch the interval.
	if (!(settings->collect.profiles & 1u << PROFILE_GOROUTINE))
		return;
	if (goroutines < 0 && round->has_metrics)
		goroutines = round->metrics.goroutines;
	cost = ladder_predict(&target->ladder, goroutines);
	round->probed = !(goroutines >= 0) ||
			(target->ladder.samples == 0 &&
				cost.worst_ms > BLIND_SHARE * settings->budget.stop_s * 1e3);
	if (!round->probed)
		decide(target, goroutines);
}

void collection_decide_by_counts(struct collection_target *target, const struct snapshot *counts)
{
	double goroutines = 0, frames = 0;

	for (uint32_t i = 0; i < counts->sample_count; i++) {
		const struct sample *sample = &counts->samples[i];

		goroutines += (double)sample->count;
		frames += (double)sample->count *
			  stacks_trace(counts->stacks, sample->trace)->frame_count;
	}
	if (goroutines >= 1)
		ladder_know_frames(&target->ladder, frames / goroutines);
	decide(target, goroutines);
}

void collection_learn_cost(struct collection_target *target, const struct fetch_result *result,
	const struct snapshot *dump)
{
	struct round *round = &target->round;
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;
	double frames = 0;

	while ((goroutine = snapshot_next(dump, &at)))
		frames += stacks_trace(dump->stacks, goroutine->trace)->frame_count;
	round->stop_sum_ms = result->first_byte_ms;
	if (isfinite(target->latency_ms))
		round->stop_sum_ms = fmax(result->first_byte_ms - target->latency_ms, 0);
	round->stop_passes = ladder_passes((double)result->body_bytes);
	if (!dump->cut)
		ladder_learn(&target->ladder, (double)dump->goroutine_count, frames,
			(double)result->body_bytes, round->stop_sum_ms, false);
}
