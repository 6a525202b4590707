// SPDX-License-Identifier: Apache-2.0
// Laws of growth and decay on made-up totals: case A of the model (lambda 1.2, alpha 8.3e-6, 480
// requests a second, 17 minutes), and what must not be claimed.
#include "model/closed_form.h"
#include "model/decay.h"
#include "model/growth.h"
#include "model/regression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint64_t random_state;
static const struct estimate no_panel = {.value = NAN};

static double uniform(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 0.5) / 9007199254740992.0;
}

static double gaussian(void)
{
	return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

struct world {
	double lambda, mu, alpha, q0, noise,
		demand_end; // demand_end: of 1, at the end, falling evenly
	double seconds, interval_s;
	bool cpu;
};

static void add(struct series *series, double t_s, double goroutines, double requests, double cpu_s)
{
	const struct observation o = {.goroutines = (int64_t)goroutines,
		.requests = requests,
		.mono_ms = t_s * 1e3,
		.wall_ms = (int64_t)(t_s * 1e3),
		.dumped = -1,
		.cpu_seconds = cpu_s,
		.request_seconds = NAN,
		.errors = NAN,
		.in_flight = NAN,
		.demand = NAN,
		.rss_bytes = NAN,
		.heap_bytes = NAN,
		.stop_sum_ms = NAN,
		.stop_worst_ms = NAN};

	assert_int_equal(series_add(series, &o, t_s, 0, false), 0);
}

// Small Euler steps; capacity falls with the leak, demand with time. CPU per request grows as
// capacity falls.
static struct series live(const struct world *world, uint64_t seed)
{
	struct series series = series_init();
	double g = 0, n = 0, cpu = 0, step_s = world->interval_s / 50;

	random_state = seed * 0x9e3779b97f4a7c15u + 1;
	for (int i = 0; i <= (int)(world->seconds / world->interval_s) * 50; i++) {
		double t = i * step_s;
		double demand = 1 + (world->demand_end - 1) * t / world->seconds;
		double qps = world->q0 * demand * exp(-world->alpha * g);

		if (i % 50 == 0)
			add(&series, t, 500 + g * exp(world->noise * gaussian()), n,
				world->cpu ? cpu : NAN);
		cpu += qps * step_s * 0.004 * exp(world->alpha * g) *
		       (1 + world->noise * gaussian() / 7);
		n += qps * step_s;
		g += (world->lambda * qps - world->mu * g) * step_s;
	}
	return series;
}

static const struct world case_a = {.lambda = 1.2,
	.alpha = 8.3e-6,
	.q0 = 480,
	.noise = 0.05,
	.demand_end = 1,
	.seconds = 1020,
	.interval_s = 15,
	.cpu = true};

static bool near(double value, double truth, double relative)
{
	return fabs(value / truth - 1) <= relative;
}

static void lambda_alpha_and_half_life_come_back(void **state)
{
	int lambdas = 0, alphas = 0, halves = 0, runs = 100;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct series series = live(&case_a, (uint64_t)seed);
		struct growth growth = growth_of(&series, 0);
		struct decay decay =
			decay_of(&series, 0, &growth.lambda, &growth.mu_per_s, NAN, &no_panel);
		struct estimate half =
			decay_seconds_to_share(&decay, &growth.lambda, &growth.mu_per_s, 0, 0.5);

		lambdas += near(growth.lambda.value, 1.2, 0.05);
		alphas += estimate_known(&decay.alpha) && near(decay.alpha.value, 8.3e-6, 0.10);
		halves += estimate_known(&half) && near(half.value, 209.2, 0.15);
		series_release(&series);
	}
	assert_true(lambdas >= 0.95 * runs);
	assert_true(alphas >= 0.97 * runs);
	assert_true(halves >= 0.95 * runs);
}

static void falling_demand_is_not_taken_for_contention(void **state)
{
	int claimed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct world world = case_a;
		struct series series;
		struct growth growth;
		struct decay decay;

		world.alpha = 0;
		world.demand_end = 0.6;
		series = live(&world, seed);
		growth = growth_of(&series, 0);
		decay = decay_of(&series, 0, &growth.lambda, &growth.mu_per_s, NAN, &no_panel);
		claimed += estimate_known(&decay.alpha);
		assert_true(decay.share.value > 0.3);
		series_release(&series);
	}
	assert_true(claimed <= 5);
}

static void without_a_control_alpha_is_never_claimed(void **state)
{
	struct world world = case_a;
	struct series series;
	struct growth growth;
	struct decay decay;

	(void)state;
	world.cpu = false;
	series = live(&world, 1);
	growth = growth_of(&series, 0);
	decay = decay_of(&series, 0, &growth.lambda, &growth.mu_per_s, NAN, &no_panel);
	assert_false(estimate_known(&decay.alpha));
	assert_null(decay.control);
	assert_false(estimate_known(&decay.adjusted_share));
	series_release(&series);
}

static void recovery_is_found_where_it_is_and_not_where_it_is_not(void **state)
{
	int found = 0, none = 0, runs = 60;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct world world = {.lambda = 0.05,
			.mu = 1.0 / 3600,
			.alpha = 8.3e-6,
			.q0 = 500,
			.noise = 0.05,
			.demand_end = 1,
			.seconds = 14400,
			.interval_s = 60};
		struct series series = live(&world, (uint64_t)seed);
		struct growth growth = growth_of(&series, 0);

		found += near(growth.mu_per_s.value, 1.0 / 3600, 0.06);
		series_release(&series);
		world.mu = 0;
		series = live(&world, (uint64_t)seed);
		growth = growth_of(&series, 0);
		none += growth.mu_per_s.value == 0;
		series_release(&series);
	}
	assert_true(found >= 0.9 * runs);
	assert_true(none >= 0.9 * runs);
}

static void qps_that_never_halves_is_never(void **state)
{
	const struct decay decay = {.alpha = estimate_of(8.3e-6, 8e-6, 8.6e-6, 0.95, "", 9),
		.q0 = estimate_of(500, 490, 510, 0.95, "", 9)};
	const struct estimate lambda = estimate_of(0.01, 0.009, 0.011, 0.95, "", 9);
	const struct estimate mu = estimate_of(1e-3, 0, 2e-3, 0.95, "", 9);
	struct estimate half = decay_seconds_to_share(&decay, &lambda, &mu, 0, 0.5);

	(void)state;
	assert_true(isinf(half.value));
}

static void regression_finds_its_line_and_refuses_dependent_columns(void **state)
{
	const double x[] = {1, 0, 1, 1, 1, 2, 1, 3, 1, 4}, y[] = {1, 3, 5, 7, 9.0001};
	const double same[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
	const double t[] = {0, 1, 2, 3, 4}, noisy[] = {0, 2, 4, 600, 8};
	struct regression fit;

	(void)state;
	assert_int_equal(regress(x, y, NULL, 5, 2, &fit), 0);
	assert_true(near(fit.coefficient[1], 2, 1e-4));
	assert_true(regress(same, y, NULL, 5, 2, &fit) < 0);
	assert_true(near(theil_sen(t, noisy, 5, 0.95).slope, 2, 1e-9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lambda_alpha_and_half_life_come_back),
		cmocka_unit_test(falling_demand_is_not_taken_for_contention),
		cmocka_unit_test(without_a_control_alpha_is_never_claimed),
		cmocka_unit_test(recovery_is_found_where_it_is_and_not_where_it_is_not),
		cmocka_unit_test(qps_that_never_halves_is_never),
		cmocka_unit_test(regression_finds_its_line_and_refuses_dependent_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
