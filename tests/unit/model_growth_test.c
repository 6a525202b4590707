// SPDX-License-Identifier: Apache-2.0
// What kind of growth totals show: time against load, over lives, and what load holds.
#include "model/growth.h"
#include "tests/unit/made_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RUNS 40
#define TICKS 60
#define TICK_S 240.0

typedef double world(const struct made *made, double qps);

// Ticks of one life under a load that swings by `swing`; the number of those found to be `kind`.
static int found(world *goroutines, double swing, double noise, enum growth_kind kind)
{
	int count = 0;

	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct made made;

		made_begin(&made, seed);
		for (int t = 0; t < TICKS; t++) {
			double qps = 100 * (1 + swing * sin(6.283185307179586 * t / TICKS));
			double g = goroutines(&made, qps);

			made_tick(&made, g * exp(noise * made_gaussian(&made)), NAN);
			made_serve(&made, TICK_S, qps, 0.001, 0.1);
		}
		count += growth_of(&made.series, 0).kind == kind;
		series_release(&made.series);
	}
	return count;
}

static double with_load(const struct made *made, double qps)
{
	(void)qps;
	return 500 + made->leaked;
}

static double with_time(const struct made *made, double qps)
{
	(void)qps;
	return 500 + 0.1 * made->t_s;
}

static double held_by_load(const struct made *made, double qps)
{
	(void)made;
	return 500 + 5 * qps;
}

static double stepping(const struct made *made, double qps)
{
	(void)qps;
	return made->t_s > 6000 ? 900 : 500;
}

static double filling(const struct made *made, double qps)
{
	(void)qps;
	return 500 + 1000 * (1 - exp(-made->t_s / 2000));
}

static void kinds_are_told_apart(void **state)
{
	(void)state;
	assert_true(found(with_load, 0.4, 0.05, GROWTH_LOAD) >= 0.9 * RUNS);
	assert_true(found(with_time, 0.4, 0.05, GROWTH_TIME) >= 0.9 * RUNS);
	assert_true(found(stepping, 0.4, 0.05, GROWTH_STEP) >= 0.9 * RUNS);
	assert_true(found(filling, 0.4, 0.05, GROWTH_SATURATING) >= 0.9 * RUNS);
}

static void a_steady_load_is_not_told_from_time(void **state)
{
	(void)state;
	assert_true(found(with_load, 0, 0.05, GROWTH_INSEPARABLE) >= 0.9 * RUNS);
	assert_true(found(with_time, 0, 0.05, GROWTH_INSEPARABLE) >= 0.9 * RUNS);
}

static void what_load_holds_is_no_growth(void **state)
{
	(void)state;
	assert_true(found(held_by_load, 0.4, 0.02, GROWTH_NONE) >= 0.9 * RUNS);
}

// Two lives: lambda is in the middle of both, with half the variance.
static void lives_are_replications(void **state)
{
	struct made made;
	struct growth first, both;

	(void)state;
	made_begin(&made, 3);
	for (int t = 0; t < 2 * TICKS; t++) {
		if (t == TICKS)
			made_restart(&made);
		made_tick(&made, (500 + made.leaked) * exp(0.05 * made_gaussian(&made)), NAN);
		made_serve(&made, TICK_S, 100 + 40 * sin(t / 9.0), 0.01, 0.1);
	}
	first = growth_of(&made.series, 0);
	both = growth_of(&made.series, 1);
	assert_true(
		both.lambda.high - both.lambda.low < 0.85 * (first.lambda.high - first.lambda.low));
	assert_true(both.lambda.low <= 0.01 && 0.01 <= both.lambda.high);
	assert_int_equal(both.kind, GROWTH_LOAD);
	series_release(&made.series);
}

static void few_points_tell_nothing(void **state)
{
	struct made made;
	struct growth growth;

	(void)state;
	made_begin(&made, 1);
	for (int t = 0; t < GROWTH_POINTS_MIN - 1; t++) {
		made_tick(&made, 500 + t, NAN);
		made_serve(&made, 60, 100, 0, 0.1);
	}
	growth = growth_of(&made.series, 0);
	assert_int_equal(growth.kind, GROWTH_UNKNOWN);
	assert_false(estimate_known(&growth.lambda));
	series_release(&made.series);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(a_steady_load_is_not_told_from_time),
		cmocka_unit_test(what_load_holds_is_no_growth),
		cmocka_unit_test(lives_are_replications),
		cmocka_unit_test(few_points_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
