// SPDX-License-Identifier: Apache-2.0
// Alpha where demand is not told: replicas against each other, and a restart as an experiment
// (leak-model 2.4, strategies 3 and 4).
#include "model/decay.h"
#include "model/decay_restart.h"
#include "model/growth.h"
#include "model/judge.h"
#include "model/panel.h"
#include "model/regression.h"
#include "tests/unit/made_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MEMBERS 5
#define TICKS 120
#define ALPHA 8.3e-6
#define LAMBDA 0.05
#define QPS 300.0
#define NOISE 0.05

// Replicas that leak from different times on, under one demand that walks at random.
static void make_panel(struct made *made, uint64_t seed, double alpha)
{
	struct made demand;
	double walk = 0;

	made_begin(&demand, seed);
	for (int i = 0; i < MEMBERS; i++)
		made_begin(&made[i], seed * 31 + (uint64_t)i);
	for (int t = 0; t < TICKS; t++) {
		walk += 0.05 * made_gaussian(&demand);
		for (int i = 0; i < MEMBERS; i++) {
			double qps = QPS * exp(walk - alpha * made[i].leaked +
						   NOISE * made_gaussian(&made[i]));

			made_tick(&made[i],
				(400 + made[i].leaked) * exp(NOISE * made_gaussian(&made[i])), NAN);
			made_serve(&made[i], 60, qps, LAMBDA * (1 + i), 0.1);
		}
	}
}

static struct estimate panel_of(uint64_t seed, double alpha)
{
	struct made made[MEMBERS];
	const struct series *members[MEMBERS];
	struct estimate estimate;

	make_panel(made, seed, alpha);
	for (int i = 0; i < MEMBERS; i++)
		members[i] = &made[i].series;
	estimate = panel_alpha(members, MEMBERS);
	for (int i = 0; i < MEMBERS; i++)
		series_release(&made[i].series);
	return estimate;
}

static void replicas_give_alpha_whatever_demand_does(void **state)
{
	double errors[40];
	int covered = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct estimate alpha = panel_of(seed, ALPHA);

		assert_true(estimate_known(&alpha));
		errors[seed - 1] = fabs(alpha.value / ALPHA - 1);
		covered += alpha.low <= ALPHA && ALPHA <= alpha.high;
	}
	assert_true(median(errors, 40) <= 0.05);
	assert_true(covered >= 34);
}

static void replicas_that_lose_nothing_claim_nothing(void **state)
{
	int claimed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct estimate alpha = panel_of(seed, 0);

		claimed += estimate_known(&alpha);
	}
	assert_true(claimed <= 2);
}

static void one_replica_is_no_panel(void **state)
{
	struct made made;
	const struct series *members[] = {&made.series};
	struct estimate alpha;

	(void)state;
	made_begin(&made, 1);
	for (int i = 0; i < 20; i++) {
		made_tick(&made, 400, NAN);
		made_serve(&made, 60, QPS, LAMBDA, 0.1);
	}
	alpha = panel_alpha(members, 1);
	assert_false(estimate_known(&alpha));
	series_release(&made.series);
}

// A life that leaks, a restart, and a second life, under demand that walks at random.
static struct made restarted(uint64_t seed, double alpha, double walks)
{
	struct made made;
	double walk = 0;

	made_begin(&made, seed);
	for (int t = 0; t < TICKS; t++) {
		double qps;

		if (t == TICKS * 2 / 3)
			made_restart(&made);
		walk += walks * made_gaussian(&made);
		qps = QPS * exp(walk - alpha * made.leaked + NOISE / 5 * made_gaussian(&made));
		made_tick(&made, (400 + made.leaked) * exp(NOISE * made_gaussian(&made)), NAN);
		made_serve(&made, 60, qps, 5 * LAMBDA, 0.1);
	}
	return made;
}

static void a_restart_gives_alpha(void **state)
{
	double errors[40];
	int covered = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct made made = restarted(seed, ALPHA, 0.005);
		struct estimate alpha = decay_restart_alpha(&made.series);

		assert_true(estimate_known(&alpha));
		errors[seed - 1] = fabs(alpha.value / ALPHA - 1);
		covered += alpha.low <= ALPHA && ALPHA <= alpha.high;
		series_release(&made.series);
	}
	assert_true(median(errors, 40) <= 0.06);
	assert_true(covered >= 36);
}

static void demand_that_drifts_is_not_taken_for_a_restart(void **state)
{
	int claimed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct made made = restarted(seed, 0, 0.05);
		struct estimate alpha = decay_restart_alpha(&made.series);

		claimed += estimate_known(&alpha);
		series_release(&made.series);
	}
	assert_true(claimed <= 2);
}

static const struct estimate no_panel = {.value = NAN};

// Throughput at equal demand halves with the leak; latency as the caller says.
static struct decay decay_with(double latency_power, const struct estimate *panel)
{
	struct made made;
	struct growth growth;
	struct decay decay;

	made_begin(&made, 5);
	made.tells_demand = made.tells_latency = true;
	for (int t = 0; t < TICKS; t++) {
		double capacity = exp(-ALPHA * made.leaked);

		made_tick(&made, (400 + made.leaked) * exp(0.01 * made_gaussian(&made)), NAN);
		made_serve(&made, 60, QPS * capacity, 1, 0.1 * pow(capacity, latency_power));
		made.demand += 60 * QPS;
	}
	growth = growth_of(&made.series, 0);
	decay = decay_of(&made.series, 0, &growth.lambda, &growth.mu_per_s, NAN, panel);
	series_release(&made.series);
	return decay;
}

static void the_most_trusted_control_is_taken_and_contradiction_said(void **state)
{
	const struct estimate like = estimate_of(8.5e-6, 7e-6, 1e-5, 0.95, "", 9);
	const struct estimate unlike = estimate_of(3e-5, 2e-5, 4e-5, 0.95, "", 9);
	struct decay decay = decay_with(-1, &like);

	(void)state;
	assert_string_equal(decay.control, "demand");
	assert_null(decay.disagrees);
	assert_true(fabs(decay.alpha.value / ALPHA - 1) < 0.02);
	decay = decay_with(-1, &unlike);
	assert_string_equal(decay.control, "demand");
	assert_string_equal(decay.disagrees, "panel");
}

static void contention_is_not_named_where_requests_became_no_slower(void **state)
{
	struct decay decay = decay_with(0, &no_panel);

	(void)state;
	assert_true(decay.not_contention);
	assert_false(estimate_known(&decay.alpha));
	assert_null(decay.control);
	decay = decay_with(-1, &no_panel);
	assert_false(decay.not_contention);
	assert_true(estimate_known(&decay.alpha));
}

static void judge_ticks(struct judge *judge, const struct made *made, struct str name)
{
	const struct process process = {.target = name,
		.number = 1,
		.workload = STR("shop/Deployment/gateway"),
		.start_s = NAN,
		.gomaxprocs = 4,
		.memory_limit_bytes = NAN};

	assert_int_equal(judge_process(judge, &process), 0);
	for (uint32_t i = 0; i < series_count(&made->series); i++) {
		const struct series_point *point = series_at(&made->series, i);
		const struct observation o = {.target = name,
			.process = 1,
			.seq = i,
			.mono_ms = point->mono_ms,
			.wall_ms = point->wall_ms,
			.source = OBSERVED_METRICS,
			.goroutines = (int64_t)point->goroutines,
			.dumped = -1,
			.requests = point->requests,
			.request_seconds = NAN,
			.errors = NAN,
			.in_flight = NAN,
			.cpu_seconds = NAN,
			.rss_bytes = NAN,
			.demand = NAN,
			.stop_sum_ms = NAN,
			.stop_worst_ms = NAN};

		assert_int_equal(judge_observe(judge, &o), 0);
	}
}

static void the_judge_sets_replicas_of_a_workload_against_each_other(void **state)
{
	static const char *const names[MEMBERS] = {"a", "b", "c", "d", "e"};
	struct stacks *stacks = stacks_new(1 << 20);
	struct judge *judge = judge_new(stacks, NULL);
	struct made made[MEMBERS];
	struct report report;
	struct error error = {0};

	(void)state;
	make_panel(made, 7, ALPHA);
	for (int i = 0; i < MEMBERS; i++)
		judge_ticks(judge, &made[i], str_of(names[i]));
	assert_int_equal(judge_report(judge, &report, &error), 0);
	assert_int_equal(report.target_count, MEMBERS);
	for (int i = 0; i < MEMBERS; i++) {
		const struct target_report *target = &report.targets[i];

		assert_string_equal(target->alpha_control, "panel");
		assert_true(fabs(target->alpha.value / ALPHA - 1) < 0.2);
		assert_true(target->alpha.value == report.targets[0].alpha.value);
		assert_true(estimate_known(&target->half_life_s));
		assert_int_equal(target->law_count, 0);
		series_release(&made[i].series);
	}
	report_release(&report);
	judge_free(&judge);
	stacks_free(&stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replicas_give_alpha_whatever_demand_does),
		cmocka_unit_test(replicas_that_lose_nothing_claim_nothing),
		cmocka_unit_test(one_replica_is_no_panel),
		cmocka_unit_test(a_restart_gives_alpha),
		cmocka_unit_test(demand_that_drifts_is_not_taken_for_a_restart),
		cmocka_unit_test(the_most_trusted_control_is_taken_and_contradiction_said),
		cmocka_unit_test(the_judge_sets_replicas_of_a_workload_against_each_other),
		cmocka_unit_test(contention_is_not_named_where_requests_became_no_slower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
