// SPDX-License-Identifier: Apache-2.0
// Questions to the law: shares, limits, equilibria, fixes, and bounds where a figure is missing.
#include "model/what_if.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTHING_ASKED ((struct what_if){NAN, NAN, NAN, NAN, NAN})

static const struct incident slow_leak = {.lambda = 0.04,
	.alpha = 8.3e-6,
	.q0 = 12000,
	.qps = NAN,
	.goroutines = NAN,
	.seconds = NAN,
	.memory_bytes = NAN};

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.12g is not %.12g within %g", value, expected, tolerance);
}

static struct what_if_answers ask(const struct incident *told, const struct what_if *asked)
{
	struct incident_reading reading;
	struct what_if_answers answers;

	incident_read(told, 0.1, &reading);
	what_if(told, &reading, asked, &answers);
	return answers;
}

static void a_share_has_a_time_and_requests(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct share_answer answer;

	(void)state;
	asked.share = 0.5;
	answer = ask(&told, &asked).share;
	assert_near(answer.seconds, 1 / (0.04 * 8.3e-6 * 12000), 1e-9);
	assert_near(answer.goroutines, log(2) / 8.3e-6, 1e-6);
	assert_near(answer.requests, log(2) / (8.3e-6 * 0.04), 1e-3);
	told.q0 = NAN;
	answer = ask(&told, &asked).share;
	assert_true(isnan(answer.seconds));
	assert_near(answer.requests, log(2) / (8.3e-6 * 0.04), 1e-3);
}

static void a_share_is_never_reached_above_its_mu(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct share_answer answer;

	(void)state;
	asked.share = 0.3;
	told.mu = 1e-6;
	answer = ask(&told, &asked).share;
	assert_near(answer.mu_that_stops, 0.04 * 12000 * 8.3e-6 * 0.3 / log(1 / 0.3), 1e-12);
	told.mu = answer.mu_that_stops * 1.01;
	answer = ask(&told, &asked).share;
	assert_true(isinf(answer.seconds) && isinf(answer.requests));
}

static void mu_has_an_equilibrium(void **state)
{
	struct incident told = slow_leak;
	struct rest_answer answer = ask(&told, &NOTHING_ASKED).rest;

	(void)state;
	assert_true(isnan(answer.life_s));
	told.mu = 0.001;
	answer = ask(&told, &NOTHING_ASKED).rest;
	assert_near(answer.life_s, 1000, 1e-9);
	assert_near(answer.at.qps * 0.04 / (answer.at.goroutines * 0.001), 1, 1e-9);
	assert_near(answer.settled_s, 3 / (0.001 * (1 + 8.3e-6 * answer.at.goroutines)), 1e-6);
}

static void a_limit_is_reached_from_nothing_and_from_now(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct limit_answer answer;

	(void)state;
	asked.limit_goroutines = 50000;
	told.goroutines = 20000;
	answer = ask(&told, &asked).goroutines;
	assert_near(answer.at.requests, 1250000, 1e-6);
	assert_near(answer.at.qps, 12000 * exp(-0.415), 1e-6);
	assert_near(answer.at.t_s, expm1(0.415) / (0.04 * 8.3e-6 * 12000), 1e-6);
	assert_near(answer.left_s, (exp(0.415) - exp(0.166)) / (0.04 * 8.3e-6 * 12000), 1e-6);
	told.goroutines = 60000;
	assert_true(isnan(ask(&told, &asked).goroutines.left_s));
}

static void without_alpha_a_limit_has_a_soonest_time(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct limit_answer answer;

	(void)state;
	asked.limit_goroutines = 48000;
	told.alpha = NAN;
	answer = ask(&told, &asked).goroutines;
	assert_true(answer.soonest && isnan(answer.at.qps));
	assert_near(answer.at.t_s, 100, 1e-9);
	told.q0 = NAN;
	answer = ask(&told, &asked).goroutines;
	assert_true(isnan(answer.at.t_s));
	assert_near(answer.at.requests, 1.2e6, 1e-6);
}

static void the_growth_told_gives_a_time_where_the_law_does_not(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = INCIDENT_UNTOLD;
	struct limit_answer answer;

	(void)state;
	asked.limit_goroutines = 48000;
	told.goroutines = 12000;
	told.seconds = 60;
	answer = ask(&told, &asked).goroutines;
	assert_true(isnan(answer.at.t_s));
	assert_near(answer.at_growth_s, 240, 1e-9);
}

static void a_limit_above_the_equilibrium_is_never_reached(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;

	(void)state;
	told.mu = 0.01;
	asked.limit_goroutines = 48001;
	assert_true(isinf(ask(&told, &asked).goroutines.at.t_s));
	told.alpha = NAN; // not even at an undiminished QPS
	assert_true(isinf(ask(&told, &asked).goroutines.at.t_s));
}

static void memory_is_bytes_over_goroutines(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct limit_answer answer;

	(void)state;
	asked.limit_bytes = 2048e5;
	answer = ask(&told, &asked).memory;
	assert_true(answer.bytes_least);
	assert_near(answer.goroutines, 1e5, 1e-9);
	told.goroutines = 1000;
	told.memory_bytes = 20480e3;
	answer = ask(&told, &asked).memory;
	assert_false(answer.bytes_least);
	assert_near(answer.goroutines, 1e4, 1e-9);
	asked.goroutine_bytes = 4096;
	assert_near(ask(&told, &asked).memory.goroutines, 5e4, 1e-9);
}

static void a_fix_stretches_time_by_its_factor(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct fix_answer answer;

	(void)state;
	asked.fixed_lambda = 0.004;
	told.seconds = 600;
	answer = ask(&told, &asked).fix;
	assert_near(answer.share, 0.5, 0);
	assert_near(answer.after_s / answer.before_s, 10, 1e-9);
	assert_true(answer.end_after.goroutines < answer.end_before.goroutines);
	assert_near(answer.first_after_per_s, 48, 1e-9);
	told.qps = 3000;
	assert_near(ask(&told, &asked).fix.share, 0.25, 0);
	asked.share = 0.9;
	assert_near(ask(&told, &asked).fix.share, 0.9, 0);
	asked.fixed_lambda = 0;
	assert_true(isinf(ask(&told, &asked).fix.after_s));
}

static void a_table_reaches_as_far_as_the_question(void **state)
{
	struct what_if asked = NOTHING_ASKED;
	struct incident told = slow_leak;
	struct incident_reading reading;
	struct what_if_answers answers;

	(void)state;
	told.mu = 0.001;
	incident_read(&told, 0.1, &reading);
	what_if(&told, &reading, &asked, &answers);
	assert_near(what_if_horizon_s(&told, &reading, &answers), answers.rest.settled_s, 0);
	asked.share = 0.9;
	what_if(&told, &reading, &asked, &answers);
	assert_near(what_if_horizon_s(&told, &reading, &answers), answers.share.seconds, 0);
	told.seconds = 77;
	assert_near(what_if_horizon_s(&told, &reading, &answers), 77, 0);
	incident_read(&slow_leak, 0.1, &reading);
	what_if(&slow_leak, &reading, &NOTHING_ASKED, &answers);
	assert_near(what_if_horizon_s(&slow_leak, &reading, &answers), 10 * reading.half_s, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_has_a_time_and_requests),
		cmocka_unit_test(a_share_is_never_reached_above_its_mu),
		cmocka_unit_test(mu_has_an_equilibrium),
		cmocka_unit_test(a_limit_is_reached_from_nothing_and_from_now),
		cmocka_unit_test(without_alpha_a_limit_has_a_soonest_time),
		cmocka_unit_test(the_growth_told_gives_a_time_where_the_law_does_not),
		cmocka_unit_test(a_limit_above_the_equilibrium_is_never_reached),
		cmocka_unit_test(memory_is_bytes_over_goroutines),
		cmocka_unit_test(a_fix_stretches_time_by_its_factor),
		cmocka_unit_test(a_table_reaches_as_far_as_the_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
