// SPDX-License-Identifier: Apache-2.0
// Predicting what goroutine?debug=2 costs, and learning it. Measurements behind the constants: the
// table in tests/unit/collector_ladder_test.c.
#include "collector/fetch/ladder.h"

#include <math.h>
#include <stdio.h>

#define MIB_BYTES 1048576.0
#define PASSES_MAX 7 // 1, 2, 4, ... 64 MiB, where net/http/pprof gives up
#define START_BYTES_PER_FRAME 100.0
#define START_FRAMES 8.0
#define START_US_PER_FRAME 0.6
#define WORST_TO_MEAN 1.15 // of the single stops of one dump
#define RETURN_SHARE 0.8
#define RETURN_DECISIONS 5
#define FREE_SHARE 0.25
#define ANSWER_MS 2.0
#define DOUBT_FACTOR 4.0 // times the usual cost; a slower dump may have been noise
#define DOUBT_DECISIONS 5

void ladder_init(struct ladder *ladder)
{
	*ladder = (struct ladder){
		.bytes_per_frame = START_BYTES_PER_FRAME,
		.frames_per_goroutine = START_FRAMES,
		.us_per_frame = START_US_PER_FRAME,
		.dumped_ms = -INFINITY,
		.rests_until_ms = -INFINITY,
	};
}

uint32_t ladder_passes(double bytes)
{
	double doublings = ceil(log2(fmax(bytes, MIB_BYTES) / MIB_BYTES));

	return (uint32_t)fmin(1 + doublings, PASSES_MAX);
}

struct ladder_cost ladder_predict(const struct ladder *ladder, double goroutines)
{
	double frames = goroutines * ladder->frames_per_goroutine;
	double bytes = frames * ladder->bytes_per_frame;
	uint32_t passes = ladder_passes(bytes);
	double pass_ms = frames * ladder->us_per_frame / 1e3;

	return (struct ladder_cost){
		.bytes = bytes,
		.passes = passes,
		.worst_ms = WORST_TO_MEAN * pass_ms,
		.sum_ms = passes * pass_ms,
		.buffer_bytes = (exp2(passes) - 1) * MIB_BYTES,
	};
}

// The interval at which the stops take no more than their share of the time.
static double interval_needed_s(const struct ladder_cost *cost, const struct ladder_budget *budget)
{
	return cost->sum_ms / 1e3 / budget->share;
}

static double interval_longest_s(double asked_s)
{
	return fmax(LADDER_STRETCH_FACTOR * asked_s, LADDER_STRETCH_LEAST_S);
}

static bool over_stop(const struct ladder_cost *cost, const struct ladder_budget *budget,
	double share, double goroutines, char reason[static LADDER_REASON_MAX])
{
	if (cost->worst_ms <= share * budget->stop_ms)
		return false;
	(void)snprintf(reason, LADDER_REASON_MAX,
		"%.0f goroutines: a dump with IDs would stop the program for %.3g ms at a time "
		"(budget "
		"%.3g ms); counts instead, --deep for IDs",
		goroutines, cost->worst_ms, budget->stop_ms);
	return true;
}

static bool over_time(const struct ladder_cost *cost, const struct ladder_budget *budget,
	double share, double goroutines, double asked_s, char reason[static LADDER_REASON_MAX])
{
	if (interval_needed_s(cost, budget) <= share * interval_longest_s(asked_s))
		return false;
	(void)snprintf(reason, LADDER_REASON_MAX,
		"%.0f goroutines: a dump with IDs would stop the program for %.3g ms in all, more "
		"than "
		"%.3g %% of the time; counts instead, --deep for IDs",
		goroutines, cost->sum_ms, budget->share * 100);
	return true;
}

static bool over_memory(const struct ladder_cost *cost, double share, double free_bytes,
	char reason[static LADDER_REASON_MAX])
{
	if (isnan(free_bytes) || cost->buffer_bytes <= share * FREE_SHARE * free_bytes)
		return false;
	(void)snprintf(reason, LADDER_REASON_MAX,
		"a dump with IDs would take %.0f MiB of the %.0f MiB that the program has left; "
		"counts "
		"instead, --deep for IDs",
		cost->buffer_bytes / MIB_BYTES, free_bytes / MIB_BYTES);
	return true;
}

// Is it within `share` of all budgets? If not, `reason` says which one it breaks.
static bool fits(const struct ladder_cost *cost, const struct ladder_budget *budget, double share,
	double goroutines, double asked_s, double free_bytes, char reason[static LADDER_REASON_MAX])
{
	return !over_stop(cost, budget, share, goroutines, reason) &&
	       !over_time(cost, budget, share, goroutines, asked_s, reason) &&
	       !over_memory(cost, share, free_bytes, reason);
}

static void stretch(
	const struct ladder_budget *budget, double asked_s, struct ladder_decision *decision)
{
	double needed_s = interval_needed_s(&decision->predicted, budget);

	if (needed_s <= asked_s || asked_s <= 0)
		return;
	decision->interval_s = needed_s;
	(void)snprintf(decision->reason, sizeof(decision->reason),
		"interval stretched from %.3g s to %.3g s: a dump stops the program for %.0f ms in "
		"all, "
		"and %.3g %% of the time is the budget",
		asked_s, needed_s, decision->predicted.sum_ms, budget->share * 100);
}

// What a dump costs when the only one that was timed was slow by noise.
static struct ladder_cost predict_in_doubt(const struct ladder *ladder, double goroutines)
{
	struct ladder usual = *ladder;

	usual.us_per_frame = DOUBT_FACTOR * START_US_PER_FRAME;
	return ladder_predict(&usual, goroutines);
}

// `predicted` breaks the budget by the one sample there is. Is it time for a second one?
static bool asks_again(struct ladder *ladder, const struct ladder_budget *budget, double goroutines,
	double interval_s, double free_bytes, struct ladder_cost *predicted)
{
	char ignored[LADDER_REASON_MAX];
	struct ladder_cost cost = predict_in_doubt(ladder, goroutines);
	double every_s = interval_s > 0 ? interval_s : LADDER_STRETCH_LEAST_S;

	if (ladder->samples != 1 || ladder->asked_again ||
		!fits(&cost, budget, RETURN_SHARE, goroutines, interval_s, free_bytes, ignored))
		return false;
	if (ladder->waited < DOUBT_DECISIONS ||
		ladder->waited * every_s < interval_needed_s(predicted, budget)) {
		ladder->waited++;
		return false;
	}
	ladder->waited = 0;
	ladder->asked_again = true;
	*predicted = cost;
	return true;
}

void ladder_decide(struct ladder *ladder, const struct ladder_budget *budget, double goroutines,
	double interval_s, double free_bytes, struct ladder_decision *decision)
{
	char ignored[LADDER_REASON_MAX];
	bool calm;

	*decision = (struct ladder_decision){
		.interval_s = interval_s, .predicted = ladder_predict(ladder, goroutines)};
	calm = fits(&decision->predicted, budget, RETURN_SHARE, goroutines, interval_s, free_bytes,
		ignored);
	ladder->calm = calm ? ladder->calm + 1 : 0;
	if (!fits(&decision->predicted, budget, 1, goroutines, interval_s, free_bytes,
		    decision->reason)) {
		ladder->on_counts = !asks_again(
			ladder, budget, goroutines, interval_s, free_bytes, &decision->predicted);
		if (ladder->on_counts)
			return;
		decision->reason[0] = '\0';
	} else {
		ladder->waited = 0;
	}
	if (ladder->on_counts && ladder->calm < RETURN_DECISIONS) {
		(void)snprintf(decision->reason, sizeof(decision->reason),
			"counts until the cost of IDs has been well below the budget for %d rounds",
			RETURN_DECISIONS);
		return;
	}
	ladder->on_counts = false;
	decision->ids = true;
	stretch(budget, interval_s, decision);
}

void ladder_know_frames(struct ladder *ladder, double frames_per_goroutine)
{
	if (frames_per_goroutine >= 1)
		ladder->frames_per_goroutine = frames_per_goroutine;
}

void ladder_learn(struct ladder *ladder, double goroutines, double frames, double bytes,
	double sum_ms, bool doubtful)
{
	double per_pass_us;

	if (goroutines < 1 || frames < 1)
		return;
	ladder->frames_per_goroutine = frames / goroutines;
	ladder->bytes_per_frame = bytes / frames;
	if (doubtful || isnan(sum_ms)) {
		ladder->asked_again = false;
		return;
	}
	per_pass_us = fmax(sum_ms, 0) * 1e3 / ladder_passes(bytes) / frames;
	if (sum_ms < ANSWER_MS)
		per_pass_us =
			sum_ms > 0 ? fmin(per_pass_us, START_US_PER_FRAME) : START_US_PER_FRAME;
	ladder->samples_us[ladder->samples % 3] = per_pass_us;
	ladder->samples++;
	ladder->us_per_frame = per_pass_us;
	for (uint32_t i = 0; i < ladder->samples && i < 3; i++)
		ladder->us_per_frame = fmin(ladder->us_per_frame, ladder->samples_us[i]);
}

void ladder_dumped(struct ladder *ladder, double now_ms)
{
	ladder->dumped_ms = now_ms;
}

bool ladder_restarted(struct ladder *ladder, double now_ms)
{
	if (now_ms < ladder->rests_until_ms || now_ms - ladder->dumped_ms > LADDER_REST_MS)
		return false;
	ladder->rests_until_ms = now_ms + LADDER_REST_MS;
	return true;
}

bool ladder_rests(const struct ladder *ladder, double now_ms, char reason[static LADDER_REASON_MAX])
{
	if (now_ms >= ladder->rests_until_ms)
		return false;
	(void)snprintf(reason, LADDER_REASON_MAX,
		"restarted within a minute of a dump with IDs: counts instead for %.0f s",
		LADDER_REST_MS / 1e3);
	return true;
}
