// SPDX-License-Identifier: Apache-2.0
// The judge: targets by name, and a report of what they show together.
#include "model/judge.h"

#include "model/decay.h"
#include "model/filling.h"
#include "model/findings.h"
#include "model/flight.h"
#include "model/growth_choice.h"
#include "model/locks.h"
#include "model/panel.h"
#include "model/signs.h"
#include "model/state_parts.h"
#include "model/target_report.h"
#include "model/together.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_BYTES_MAX 0 // bounded by what was observed

struct judge {
	struct stacks *stacks;
	struct judge_parameters parameters;
	struct target **targets; // by name
	uint32_t count, capacity;
};

struct judge *judge_new(struct stacks *stacks, const struct judge_parameters *parameters)
{
	struct judge *judge = calloc(1, sizeof(*judge));

	if (!judge)
		return NULL;
	judge->stacks = stacks;
	if (parameters)
		judge->parameters = *parameters;
	if (!(judge->parameters.share_of_qps > 0))
		judge->parameters.share_of_qps = 0.5;
	return judge;
}

void judge_free(struct judge **judge)
{
	if (!*judge)
		return;
	for (uint32_t i = 0; i < (*judge)->count; i++)
		target_free(&(*judge)->targets[i]);
	free((*judge)->targets);
	free(*judge);
	*judge = NULL;
}

static uint32_t position(const struct judge *judge, struct str name)
{
	uint32_t low = 0, high = judge->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (str_compare(judge->targets[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add_target(struct judge *judge, struct str name, uint32_t at)
{
	struct target *target;
	struct str kept;
	int r = stacks_add_str(judge->stacks, name, &kept);

	if (r < 0)
		return r;
	if (judge->count == judge->capacity) {
		uint32_t bigger = judge->capacity ? 2 * judge->capacity : 8;
		struct target **moved =
			reallocarray(judge->targets, bigger, sizeof(struct target *));

		if (!moved)
			return -ENOMEM;
		judge->targets = moved;
		judge->capacity = bigger;
	}
	target = target_new(kept, judge->stacks, judge->parameters.interval_s);
	if (!target)
		return -ENOMEM;
	memmove(&judge->targets[at + 1], &judge->targets[at],
		(judge->count - at) * sizeof(struct target *));
	judge->targets[at] = target;
	judge->count++;
	return 0;
}

static int find_target(struct judge *judge, struct str name, struct target **target)
{
	uint32_t at = position(judge, name);
	int r = 0;

	if (at == judge->count || !str_equal(judge->targets[at]->name, name))
		r = add_target(judge, name, at);
	if (r == 0)
		*target = judge->targets[at];
	return r;
}

int judge_process(struct judge *judge, const struct process *process)
{
	struct target *target;
	int r = find_target(judge, process->target, &target);

	return r < 0 ? r : target_process(target, process);
}

int judge_observe(struct judge *judge, const struct observation *observation)
{
	struct target *target;
	int r = find_target(judge, observation->target, &target);

	return r < 0 ? r : target_observe(target, observation);
}

uint32_t judge_target_count(const struct judge *judge)
{
	return judge->count;
}

struct str judge_target_name(const struct judge *judge, uint32_t index)
{
	return judge->targets[index]->name;
}

uint64_t judge_target_seq(const struct judge *judge, uint32_t index)
{
	return judge->targets[index]->next_seq;
}

int judge_save(const struct judge *judge, uint32_t index, struct state_io *io)
{
	// A visitor for both ways takes what it may change; saving changes nothing.
	state_of_target(io, judge->targets[index]);
	return io->failed;
}

static int restore_target(const struct judge *judge, struct str name, uint64_t seq,
	struct state_io *io, struct target **ret_target)
{
	struct target *target = target_new(name, judge->stacks, judge->parameters.interval_s);

	if (!target)
		return -ENOMEM;
	target->next_seq = seq;
	state_of_target(io, target);
	if (io->failed)
		target_free(&target);
	*ret_target = target;
	return io->failed;
}

int judge_restore(struct judge *judge, struct str name, uint64_t seq, struct state_io *io)
{
	uint32_t at = position(judge, name);
	bool is_there = at < judge->count && str_equal(judge->targets[at]->name, name);
	struct target *restored = NULL;
	struct str kept;
	int r;

	if (is_there && judge->targets[at]->next_seq > 0 && judge->targets[at]->next_seq >= seq)
		return STATE_KNOWN;
	r = stacks_add_str(judge->stacks, name, &kept);
	if (r < 0)
		return r == -ENOMEM ? r : STATE_DAMAGED;
	r = restore_target(judge, kept, seq, io, &restored);
	if (r == 0 && !is_there)
		r = add_target(judge, kept, at);
	if (r != 0) {
		target_free(&restored);
		return r;
	}
	target_free(&judge->targets[at]);
	judge->targets[at] = restored;
	return 0;
}

// Every threshold that a verdict can hang on.
static const struct parameter thresholds[] = {
	{"maturity_s", 120},
	{"maturity_2_s", 600},
	{"maturity_3_s", 1800},
	{"maturity_4_s", 3600},
	{"step_s", DETECTOR_STEP_S},
	{"mute_after_start_s", DETECTOR_MUTE_S},
	{"kappa", DETECTOR_KAPPA},
	{"floor_per_min", DETECTOR_FLOOR_PER_MIN},
	{"least_per_min", DETECTOR_LEAST_PER_MIN},
	{"memory_s", DETECTOR_MEMORY_S},
	{"suspect_log10", DETECTOR_SUSPECT_LOG10},
	{"suspect_net", DETECTOR_SUSPECT_NET},
	{"confirm_log10", DETECTOR_CONFIRM_LOG10},
	{"confirm_net", DETECTOR_CONFIRM_NET},
	{"confirm_s", DETECTOR_CONFIRM_S},
	{"confirm_at_once", DETECTOR_CONFIRM_AT_ONCE},
	{"plateau_factor", DETECTOR_PLATEAU_FACTOR},
	{"high_water_factor", DETECTOR_HIGH_WATER_FACTOR},
	{"hint_count", DETECTOR_HINT_COUNT},
	{"hint_sigmas", DETECTOR_HINT_SIGMAS},
	{"short_s", ASSESS_SHORT_S},
	{"growing_s", ASSESS_GROWING_S},
	{"growing_count", ASSESS_GROWING_COUNT},
	{"growing_p", ASSESS_GROWING_P},
	{"late_p", ASSESS_LATE_P},
	{"slowing_p", ASSESS_SLOWING_P},
	{"burst_share", ASSESS_BURST_SHARE},
	{"ramp", ASSESS_RAMP},
	{"stuck_count", ASSESS_STUCK_COUNT},
	{"stuck_huge", ASSESS_STUCK_HUGE},
	{"in_flight_share", ASSESS_IN_FLIGHT},
	{"backlog_count", ASSESS_BACKLOG_COUNT},
	{"backlog_share", ASSESS_STUCK_SHARE},
	{"latency_rise", FLIGHT_LATENCY_RISE},
	{"load_rise", FLIGHT_LOAD_RISE},
	{"flight_stuck_share", FLIGHT_STUCK_SHARE},
	{"lock_rise", LOCKS_RISE_LEAST},
	{"lock_rise_share", LOCKS_RISE_SHARE},
	{"lock_explained", LOCKS_EXPLAINED},
	{"filling_level_share", FILLING_LEVEL_SHARE},
	{"filling_above", FILLING_ABOVE},
	{"together_p", TOGETHER_P},
	{"together_related_p", TOGETHER_RELATED_P},
	{"together_ratio", TOGETHER_RATIO},
	{"together_neighbours", TOGETHER_NEIGHBOURS},
	{"sign_goroutines_share", SIGN_GOROUTINES_SHARE},
	{"sign_heap_share", SIGN_HEAP_SHARE},
	{"sign_delay_share", SIGN_DELAY_SHARE},
	{"earlier_factor", DETECTOR_EARLIER_FACTOR},
	{"surge_s", DETECTOR_SURGE_S},
	{"usual_factor", DETECTOR_USUAL_FACTOR},
	{"floor_block_s", FLOOR_PARTS *FLOOR_PART_S},
	{"floor_rise", FLOOR_RISE_LEAST},
	{"floor_total", FLOOR_TOTAL_LEAST},
	{"floor_sigmas", FLOOR_SIGMAS},
	{"growth_aicc_none", GROWTH_AICC_NONE},
	{"growth_aicc_keep", GROWTH_AICC_KEEP},
	{"growth_qps_cv", GROWTH_QPS_CV},
	{"alpha_share_min", DECAY_SHARE_MIN},
	{"alpha_widest", DECAY_ALPHA_WIDEST},
	{"cpu_utilisation_min", DECAY_UTILISATION_MIN},
	{"law_excluded_aicc", CAPACITY_EXCLUDED},
};

#define THRESHOLDS (sizeof(thresholds) / sizeof(thresholds[0]))

static int fill_parameters(const struct judge *judge, struct report *report)
{
	const struct parameter given[] = {
		{"interval_s", judge->parameters.interval_s},
		{"memory_limit_bytes", judge->parameters.memory_limit_bytes},
		{"goroutine_limit", judge->parameters.goroutine_limit},
		{"share_of_qps", judge->parameters.share_of_qps},
	};
	size_t count = THRESHOLDS + sizeof(given) / sizeof(given[0]);
	struct parameter *all = arena_array(&report->arena, count, sizeof(*all));

	if (!all)
		return -ENOMEM;
	memcpy(all, thresholds, sizeof(thresholds));
	memcpy(all + THRESHOLDS, given, sizeof(given));
	report->parameters = all;
	report->parameter_count = (uint32_t)count;
	return 0;
}

static void count_target(const struct target *target, struct report *report)
{
	report->ticks += target->ticks;
	report->missed += target->missed;
	report->cut += target->cut;
	report->leak_profiles += target->leak_profiles;
	if (target->first_wall_ms >= 0 &&
		(report->first_wall_ms < 0 || target->first_wall_ms < report->first_wall_ms))
		report->first_wall_ms = target->first_wall_ms;
	if (target->last_wall_ms > report->last_wall_ms)
		report->last_wall_ms = target->last_wall_ms;
	if (target->life && !(life_is_short(target->life) && target->life_count == 1))
		report->short_collection = false;
}

static bool same_workload(const struct target *a, const struct target *b)
{
	return a->life && b->life && str_equal(workload_of(a), workload_of(b));
}

// Alpha by the replicas of each target's workload; a workload is looked at once, at its first
// target.
static struct estimate *panels_of(const struct judge *judge, struct arena *arena)
{
	struct estimate *panels = arena_array(arena, judge->count, sizeof(*panels));
	bool *done = arena_array(arena, judge->count, sizeof(*done));

	for (uint32_t i = 0; panels && done && i < judge->count; i++) {
		const struct series *members[PANEL_MEMBERS_MAX];
		uint32_t count = 0;

		for (uint32_t j = i; !done[i] && j < judge->count && count < PANEL_MEMBERS_MAX; j++)
			if (same_workload(judge->targets[i], judge->targets[j]))
				members[count++] = &judge->targets[j]->series;
		if (!done[i])
			panels[i] = panel_alpha(members, count);
		for (uint32_t j = i + 1; !done[i] && j < judge->count; j++)
			if (same_workload(judge->targets[i], judge->targets[j])) {
				panels[j] = panels[i];
				done[j] = true;
			}
	}
	return done ? panels : NULL;
}

static int fill_targets(
	const struct judge *judge, const struct assessments *assessments, struct report *report)
{
	struct estimate *panels = panels_of(judge, &report->arena);
	int r = 0;

	if (judge->count > 0 && !panels)
		return -ENOMEM;
	report->targets = arena_array(&report->arena, judge->count, sizeof(*report->targets));
	if (judge->count > 0 && !report->targets)
		return -ENOMEM;
	for (uint32_t i = 0; r == 0 && i < judge->count; i++) {
		count_target(judge->targets[i], report);
		r = target_report_make(judge->targets[i], &panels[i], assessments,
			&judge->parameters, &report->arena,
			&report->targets[report->target_count++]);
	}
	return r;
}

int judge_report(struct judge *judge, struct report *report, struct error *error)
{
	struct assessments assessments = {0};
	int r = 0;

	*report = (struct report){.arena = ARENA_INIT(REPORT_BYTES_MAX),
		.first_wall_ms = -1,
		.last_wall_ms = -1,
		.short_collection = true};
	for (uint32_t i = 0; r == 0 && i < judge->count; i++)
		r = assess_target(judge->targets[i], &assessments);
	if (r == 0)
		r = fill_parameters(judge, report);
	if (r == 0)
		r = fill_targets(judge, &assessments, report);
	if (r == 0)
		r = findings_make(&assessments, &judge->parameters, report);
	assessments_release(&assessments);
	if (r < 0) {
		report_release(report);
		return error_set(error, r, "sum up %u targets: %s", judge->count, strerror(-r));
	}
	return 0;
}
