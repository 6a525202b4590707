// SPDX-License-Identifier: Apache-2.0
// Incidents: one whose figures do not fit, one whose do, and what is said with figures missing.
#include "model/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct incident the_incident = {.lambda = 1.2,
	.alpha = 8.3e-6,
	.q0 = 12000,
	.qps = 2040,
	.goroutines = 180000,
	.seconds = 1020,
	.memory_bytes = 4.2e9};

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.12g is not %.12g within %g", value, expected, tolerance);
}

static struct incident_reading read_told(const struct incident *told)
{
	struct incident_reading reading;

	incident_read(told, 0.1, &reading);
	return reading;
}

// Figures that the law itself gives.
static struct incident lived(double lambda, double mu, double alpha, double q0, double seconds)
{
	struct leak_law law = {lambda, mu, alpha, q0, 0};
	struct leak_point end = leak_after(&law, seconds);

	return (struct incident){.lambda = lambda,
		.mu = mu,
		.alpha = alpha,
		.q0 = q0,
		.qps = end.qps,
		.goroutines = end.goroutines,
		.seconds = seconds,
		.memory_bytes = end.goroutines * 9000};
}

static void the_incident_contradicts_itself(void **state)
{
	struct incident_reading reading = read_told(&the_incident);

	(void)state;
	assert_int_equal(reading.fit, FIT_CONTRADICTION);
	assert_int_equal(reading.time.fit, FIT_CONTRADICTION);
	assert_near(reading.share, 0.17, 1e-12);
	assert_near(reading.half_s, 8.37, 0.005);
	assert_near(reading.share_s, 40.9, 0.06);
	assert_near(reading.time.factor, 25.0, 0.05);
	assert_near(reading.share_goroutines, 213489, 0.5);
	assert_near(reading.end.goroutines, 579700, 50);
	assert_near(reading.end.qps, 98, 0.5);
}

static void goroutines_and_share_are_only_close(void **state)
{
	struct incident_reading reading = read_told(&the_incident);

	(void)state;
	assert_int_equal(reading.decay.fit, FIT_CLOSE);
	assert_near(reading.qps_left, 2694, 0.5);
	assert_near(1 - reading.share_left, 0.775, 0.001);
	assert_near(reading.alpha_for_goroutines, 9.84e-6, 0.005e-6);
}

static void what_was_seen_gives_the_leak_per_request(void **state)
{
	struct incident_reading reading = read_told(&the_incident);

	(void)state;
	assert_near(reading.requests, 4.44e6, 0.005e6);
	assert_near(reading.mean_qps, 4355, 0.5);
	assert_near(reading.leak_per_request, 0.0405, 0.00005);
	assert_near(reading.growth_per_s, 176, 0.5);
}

static void so_many_leaks_do_not_fit_into_the_memory(void **state)
{
	struct incident_reading reading = read_told(&the_incident);

	(void)state;
	assert_near(reading.leaks_min, 2496960, 1e-6);
	assert_int_equal(reading.growth.fit, FIT_CONTRADICTION);
	assert_near(reading.stack_bytes_min / (1 << 30), 4.76, 0.005);
	assert_int_equal(reading.memory.fit, FIT_CONTRADICTION); // 4.2 GB, 5.1 GB needed
	assert_near(reading.bytes_per_goroutine, 23333, 0.5);
}

static void memory_below_the_stacks_is_a_contradiction(void **state)
{
	struct incident told = INCIDENT_UNTOLD;
	struct incident_reading reading;

	(void)state;
	told.goroutines = 1e6;
	told.memory_bytes = 1e9;
	reading = read_told(&told);
	assert_int_equal(reading.memory.fit, FIT_CONTRADICTION);
	told.memory_bytes = 1.9e9;
	assert_int_equal(read_told(&told).memory.fit, FIT_CONSISTENT); // a tenth is tolerated
	told.memory_bytes = 1e12;
	assert_int_equal(read_told(&told).memory.fit, FIT_CONSISTENT);
}

static void three_readings_repair_it(void **state)
{
	struct incident_reading reading = read_told(&the_incident);

	(void)state;
	assert_true(reading.lambda.possible);
	assert_near(reading.lambda.factor, 24.97, 0.005);
	assert_near(reading.lambda.lambda, 0.048, 0.0005);
	assert_near(reading.lambda.lambda_counted, 0.0405, 0.00005);
	assert_true(reading.replicas.possible && reading.replicas.summed);
	assert_near(reading.replicas.replicas, 24.97, 0.005);
	assert_near(reading.replicas.q0, 480, 1);
	assert_true(reading.backlog.possible);
	assert_near(reading.backlog.residence_s, 73.5, 0.05);
	assert_near(reading.backlog.residence_at_share_s, 87.2, 0.05);
	assert_near(reading.backlog.settled_s, 88, 1);
}

static void one_dump_decides_between_leak_and_backlog(void **state)
{
	struct incident_reading reading = read_told(&the_incident);
	struct leak_law slow = reading.law, balance = reading.law;

	(void)state;
	assert_near(reading.backlog.age_s, 240, 0);
	// Leaked before: G of the repaired law at 13 of 17 minutes.
	slow.lambda = reading.lambda.lambda;
	assert_near(reading.backlog.older_in_leak,
		leak_goroutines(&slow, 780) / leak_goroutines(&slow, 1020), 1e-9);
	balance.q0 = 0;
	balance.mu = reading.backlog.mu;
	balance.start = 1000;
	assert_near(reading.backlog.older_in_backlog, leak_goroutines(&balance, 240) / 1000, 1e-9);
}

static void a_short_story_cannot_be_told_by_ages(void **state)
{
	struct incident told = the_incident;
	struct incident_reading reading;

	(void)state;
	told.seconds = 200;
	reading = read_told(&told);
	assert_int_equal(reading.time.fit, FIT_CONTRADICTION);
	assert_true(reading.backlog.possible);
	assert_true(isnan(reading.backlog.age_s));
}

static void what_the_law_gives_is_consistent(void **state)
{
	const struct incident stories[] = {lived(0.04, 0, 8.3e-6, 12000, 1020),
		lived(1.2, 0, 8.3e-6, 480, 1020), lived(0.04, 1e-3, 8.3e-6, 12000, 300),
		lived(0.001, 0, 1e-5, 200, 86400)};

	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		struct incident_reading reading = read_told(&stories[i]);

		assert_int_equal(reading.fit, FIT_CONSISTENT);
		assert_int_equal(
			stories[i].mu > 0 ? reading.rest.fit : reading.time.fit, FIT_CONSISTENT);
		assert_int_equal(reading.decay.fit, FIT_CONSISTENT);
		assert_int_equal(reading.growth.fit, FIT_CONSISTENT);
		assert_int_equal(reading.memory.fit, FIT_CONSISTENT);
		assert_near(stories[i].mu > 0 ? reading.rest.factor : reading.time.factor, 1, 1e-6);
		assert_false(reading.lambda.possible || reading.replicas.possible ||
			     reading.backlog.possible);
	}
}

static void the_tolerance_is_the_callers(void **state)
{
	struct incident told = lived(0.04, 0, 8.3e-6, 12000, 1020);
	struct incident_reading reading;

	(void)state;
	told.seconds *= 1.09;
	assert_int_equal(read_told(&told).time.fit, FIT_CONSISTENT);
	told.seconds *= 1.09;
	assert_int_equal(read_told(&told).time.fit, FIT_CLOSE);
	incident_read(&told, 0.2, &reading);
	assert_int_equal(reading.time.fit, FIT_CONSISTENT);
	told.seconds *= 1.5;
	assert_int_equal(read_told(&told).time.fit, FIT_CONTRADICTION);
}

static void too_fast_a_fall_turns_the_readings_round(void **state)
{
	struct incident told = lived(0.04, 0, 8.3e-6, 12000, 1020);
	struct incident_reading reading;

	(void)state;
	told.seconds /= 10;
	reading = read_told(&told);
	assert_near(reading.lambda.factor, 0.1, 1e-9);
	assert_near(reading.lambda.lambda, 0.4, 1e-9);
	assert_false(reading.replicas.summed);
	assert_near(reading.replicas.replicas, 10, 1e-9);
	assert_near(reading.replicas.q0, 120000, 1e-3);
	assert_false(reading.backlog.possible); // it would be slower still
}

static void never_is_a_contradiction_too(void **state)
{
	struct incident told = lived(0.04, 0, 8.3e-6, 12000, 1020);
	struct incident_reading reading;

	(void)state;
	told.mu = 0.1;
	reading = read_told(&told);
	assert_true(isinf(reading.share_s));
	assert_int_equal(reading.rest.fit, FIT_CONTRADICTION);
	assert_true(reading.lambda.possible && reading.lambda.factor < 1);
	assert_false(reading.backlog.possible);
	told.mu = 0;
	told.alpha = 0;
	reading = read_told(&told);
	assert_true(isinf(reading.share_s));
	assert_int_equal(reading.time.fit, FIT_CONTRADICTION);
	assert_false(reading.lambda.possible || reading.replicas.possible);
}

static void a_missing_alpha_or_lambda_is_implied_and_checks_nothing(void **state)
{
	struct incident told = the_incident;
	struct incident_reading reading;

	(void)state;
	told.alpha = NAN;
	reading = read_told(&told);
	assert_true(reading.alpha_implied);
	assert_int_equal(reading.decay.fit, FIT_UNKNOWN);
	assert_near(reading.time.factor, 29.6, 0.05); // 1.2 / 0.0405
	told.lambda = NAN;
	reading = read_told(&told);
	assert_true(reading.lambda_implied);
	assert_int_equal(reading.time.fit, FIT_UNKNOWN);
	assert_near(reading.share_s, 1020, 1e-6);
	assert_near(reading.half_s, 208.9, 0.1);
}

static void bounds_need_no_law_of_decay(void **state)
{
	struct incident told = INCIDENT_UNTOLD;

	(void)state;
	told.lambda = 1;
	told.qps = 100;
	told.seconds = 60;
	told.goroutines = 5000;
	assert_int_equal(read_told(&told).growth.fit, FIT_CONTRADICTION); // at least 6,000
	told.q0 = 200;
	told.goroutines = 9000;
	assert_int_equal(read_told(&told).growth.fit, FIT_CONSISTENT);
	told.goroutines = 20000; // at most 12,000
	assert_int_equal(read_told(&told).growth.fit, FIT_CONTRADICTION);
	told.mu = 0.1;
	told.goroutines = 10; // the others ended
	assert_int_equal(read_told(&told).growth.fit, FIT_CONSISTENT);
}

static void goroutines_check_the_time_where_no_qps_is_told(void **state)
{
	struct incident told = lived(0.04, 0, 8.3e-6, 12000, 1020);
	struct incident_reading reading;

	(void)state;
	told.qps = NAN;
	reading = read_told(&told);
	assert_int_equal(reading.fit, FIT_CONSISTENT);
	assert_near(reading.time.factor, 1, 1e-9);
	assert_true(isnan(reading.requests));
	told.lambda = 0.4;
	reading = read_told(&told);
	assert_int_equal(reading.time.fit, FIT_CONTRADICTION);
	assert_near(reading.lambda.lambda, 0.04, 1e-9);
	assert_near(reading.replicas.goroutines, told.goroutines, 1e-3);
	told.mu = 0.01;
	assert_near(read_told(&told).rest.computed, read_told(&told).end.goroutines, 0);
}

// What little more would reach, and never does, is no contradiction.
static void a_balance_is_checked_by_its_qps(void **state)
{
	struct incident told = the_incident;
	struct incident_reading reading;

	(void)state;
	told.mu = 1 / 73.5;
	reading = read_told(&told);
	assert_true(isinf(reading.share_s));
	assert_int_equal(reading.time.fit, FIT_UNKNOWN);
	assert_int_equal(reading.rest.fit, FIT_CLOSE);
	assert_int_equal(reading.fit, FIT_CLOSE);
	assert_false(reading.lambda.possible || reading.replicas.possible);
}

static void nothing_told_is_nothing_known(void **state)
{
	struct incident_reading reading = read_told(&INCIDENT_UNTOLD);

	(void)state;
	assert_int_equal(reading.fit, FIT_UNKNOWN);
	assert_true(isnan(reading.half_s) && isnan(reading.share_s));
	assert_true(isnan(reading.end.goroutines) && isnan(reading.residence_s));
	assert_false(reading.lambda.possible || reading.backlog.possible);
	assert_string_equal(fit_name(reading.fit), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_incident_contradicts_itself),
		cmocka_unit_test(goroutines_and_share_are_only_close),
		cmocka_unit_test(what_was_seen_gives_the_leak_per_request),
		cmocka_unit_test(so_many_leaks_do_not_fit_into_the_memory),
		cmocka_unit_test(memory_below_the_stacks_is_a_contradiction),
		cmocka_unit_test(three_readings_repair_it),
		cmocka_unit_test(one_dump_decides_between_leak_and_backlog),
		cmocka_unit_test(a_short_story_cannot_be_told_by_ages),
		cmocka_unit_test(what_the_law_gives_is_consistent),
		cmocka_unit_test(the_tolerance_is_the_callers),
		cmocka_unit_test(too_fast_a_fall_turns_the_readings_round),
		cmocka_unit_test(never_is_a_contradiction_too),
		cmocka_unit_test(a_missing_alpha_or_lambda_is_implied_and_checks_nothing),
		cmocka_unit_test(bounds_need_no_law_of_decay),
		cmocka_unit_test(goroutines_check_the_time_where_no_qps_is_told),
		cmocka_unit_test(a_balance_is_checked_by_its_qps),
		cmocka_unit_test(nothing_told_is_nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
