// SPDX-License-Identifier: Apache-2.0
// The source model: closed forms against an integration of the test's own.
#include "model/closed_form.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.12g is not %.12g within %g", value, expected, tolerance);
}

// An integration that shares nothing with the library: Dormand and Prince's pair of orders 5 and 4,
// steps chosen by their difference.
struct state {
	double goroutines, requests;
};

static struct state derivative(const struct leak_law *law, struct state at)
{
	double qps = law->q0 * exp(-law->alpha * at.goroutines);

	return (struct state){law->lambda * qps - law->mu * at.goroutines, qps};
}

static struct state moved(
	struct state at, double h, const struct state *k, const double *weights, int count)
{
	for (int i = 0; i < count; i++) {
		at.goroutines += h * weights[i] * k[i].goroutines;
		at.requests += h * weights[i] * k[i].requests;
	}
	return at;
}

static double error_of(struct state a, struct state b)
{
	return fmax(fabs(a.goroutines - b.goroutines) / fmax(fabs(a.goroutines), 1e-3),
		fabs(a.requests - b.requests) / fmax(a.requests, 1e-3));
}

static struct state integrated(const struct leak_law *law, double seconds)
{
	static const double table[6][6] = {{1. / 5}, {3. / 40, 9. / 40},
		{44. / 45, -56. / 15, 32. / 9},
		{19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
		{9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
		{35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
	static const double fourth[7] = {5179. / 57600, 0, 7571. / 16695, 393. / 640,
		-92097. / 339200, 187. / 2100, 1. / 40};
	struct state at = {law->start, 0}, k[7], fifth = at;
	double t = 0, h = seconds / 1e6;

	while (t < seconds) {
		double error;

		h = fmin(h, seconds - t);
		k[0] = derivative(law, at);
		for (int i = 0; i < 6; i++) {
			fifth = moved(at, h, k, table[i], i + 1);
			k[i + 1] = derivative(law, fifth);
		}
		error = error_of(fifth, moved(at, h, k, fourth, 7)) / 1e-13;
		if (error <= 1) {
			at = fifth;
			if (t + h >= seconds)
				break;
			t += h;
		}
		h *= fmin(4, fmax(0.2, 0.9 * pow(fmax(error, 1e-12), -0.2)));
	}
	return at;
}

static const struct leak_law pure_laws[] = {
	{1.2, 0, 8.3e-6, 480, 0},
	{0.01, 0, 8.3e-6, 500, 0},
	{1.2, 0, 8.3e-6, 12000, 30000},
	{0.04, 0, 1e-9, 100, 500},
	{0.04, 0, 0, 100, 500},
	{0, 0, 8.3e-6, 100, 500},
};

static const struct leak_law mixed_laws[] = {
	{0.0405, 1e-3, 8.3e-6, 12000, 0}, {1.2, 1. / 73.5, 8.3e-6, 12000, 0},
	{1.2, 1e-5, 8.3e-6, 12000, 0}, {0.04, 0.1, 0, 100, 0},
	{0.04, 0.1, 1e-5, 100, 400000}, // far above its equilibrium
	{0, 0.01, 1e-5, 100, 5000}, // mended: the leaked end
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_relative(double value, double expected)
{
	assert_near(value, expected, 1e-9 * fabs(expected));
}

static void closed_forms_agree_with_an_integration(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pure_laws); i++) {
		const struct leak_law *law = &pure_laws[i];

		for (double t = 1; t < 20000; t *= 3) {
			struct state expected = integrated(law, t);
			struct leak_point point = leak_after(law, t);

			assert_relative(pure_leak_goroutines(law, t), expected.goroutines);
			assert_relative(pure_leak_qps(law, t), derivative(law, expected).requests);
			assert_relative(point.goroutines, expected.goroutines);
			assert_relative(point.requests, expected.requests);
			assert_relative(point.qps, derivative(law, expected).requests);
			if (law->start == 0)
				assert_relative(pure_leak_mean_qps(law, t) * t, expected.requests);
		}
	}
}

static void the_law_with_an_end_agrees_with_an_integration(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mixed_laws); i++)
		for (double t = 0.01; t < 20000; t *= 4) {
			struct state expected = integrated(&mixed_laws[i], t);
			struct leak_point point = leak_after(&mixed_laws[i], t);

			assert_relative(point.requests, expected.requests);
			if (expected.goroutines > 1e-6) // else all are gone
				assert_relative(point.goroutines, expected.goroutines);
		}
}

static void without_decay_the_law_with_an_end_is_a_textbook_one(void **state)
{
	const struct leak_law law = {0.04, 0.1, 0, 100, 0};

	(void)state;
	for (double t = 0.01; t < 1e6; t *= 4) {
		struct leak_point point = leak_after(&law, t);

		assert_relative(point.goroutines, -40 * expm1(-0.1 * t));
		assert_relative(point.requests, 100 * t);
	}
}

static void a_long_time_costs_no_more_steps_than_the_way_to_rest(void **state)
{
	const struct leak_law law = {1e6, 1e-12, 1, 1e9, 0};
	struct leak_state rest = leak_equilibrium(&law);
	struct leak_point point = leak_after(&law, 1e18);

	(void)state;
	assert_relative(point.goroutines, rest.goroutines);
	assert_relative(point.qps, rest.qps);
	assert_relative(leak_after(&law, INFINITY).goroutines, rest.goroutines);
}

static void times_and_requests_to_a_goal_are_those_of_the_path(void **state)
{
	const struct leak_law laws[] = {{1.2, 0, 8.3e-6, 12000, 0}, {1.2, 0, 8.3e-6, 12000, 30000},
		{0.04, 0, 0, 100, 0}, {1.2, 1. / 73.5, 8.3e-6, 12000, 0}, {0.5, 0.01, 0, 800, 10}};
	const double goals[] = {213489, 40000, 3000, 180000, 30000};

	(void)state;
	for (size_t i = 0; i < COUNT(laws); i++) {
		struct leak_point point = leak_reaching(&laws[i], goals[i]);
		struct state there = integrated(&laws[i], point.t_s);

		assert_relative(there.goroutines, goals[i]);
		assert_relative(there.requests, point.requests);
		assert_relative(point.qps, laws[i].q0 * exp(-laws[i].alpha * goals[i]));
	}
}

static void requests_need_no_time_where_they_decide(void **state)
{
	const struct leak_law law = {1.2, 0, 8.3e-6, 12000, 0};
	double seconds = pure_leak_seconds_to_share(&law, 0.17);

	(void)state;
	assert_relative(
		pure_leak_requests_to_share(&law, 0.17), leak_after(&law, seconds).requests);
	assert_relative(pure_leak_requests_between(12000, 0.17, seconds),
		leak_after(&law, seconds).requests);
	assert_near(pure_leak_requests_between(12000, 1, 10), 120000, 0);
	assert_relative(leak_alpha_between(leak_goroutines_at_share(&law, 0.17), 0.17), law.alpha);
}

static void equilibrium_is_where_nothing_moves(void **state)
{
	const struct leak_law law = {0.0405, 1e-3, 8.3e-6, 12000, 0};
	struct leak_state rest = leak_equilibrium(&law);

	(void)state;
	assert_relative(law.lambda * rest.qps, law.mu * rest.goroutines);
	assert_relative(integrated(&law, 50000).goroutines, rest.goroutines);
	assert_near(rest.qps / law.q0, 0.30, 0.005);
	for (double mu = 1e-12; mu < 1e3; mu *= 7) {
		const struct leak_law other = {1.2, mu, 8.3e-6, 12000, 0};

		rest = leak_equilibrium(&other);
		assert_relative(other.lambda * rest.qps, mu * rest.goroutines);
	}
}

static void a_difference_dies_out_at_the_relaxation_rate(void **state)
{
	struct leak_law law = {1.2, 1. / 73.5, 8.3e-6, 12000, 0};
	double rest = leak_equilibrium(&law).goroutines, seconds = 20;

	(void)state;
	law.start = rest + 0.01;
	assert_near((leak_goroutines(&law, seconds) - rest) / 0.01,
		exp(-leak_relaxation_per_s(&law) * seconds), 1e-5);
}

static void the_lambda_found_takes_the_time_asked_for(void **state)
{
	(void)state;
	for (double mu = 0; mu < 1; mu = mu * 10 + 1e-4) {
		struct leak_law law = {NAN, mu, 8.3e-6, 12000, 0};

		double found = leak_lambda_for(&law, 0.17, 1020);

		// Near the edge of "never" the smallest change of lambda is a large one of time.
		law.lambda = found * (1 + 1e-9);
		assert_true(leak_seconds_to_share(&law, 0.17) <= 1020);
		law.lambda = found * (1 - 1e-9);
		assert_true(leak_seconds_to_share(&law, 0.17) >= 1020);
	}
}

static double by_simpson(double share, double g_end, double capacity(double g))
{
	double sum = 1 + 1 / share;

	for (int i = 1; i < 20000; i++)
		sum += (i % 2 ? 4 : 2) / capacity(g_end * i / 20000);
	return sum * g_end / 20000 / 3;
}

static double amdahl(double g)
{
	return 1 / (1 + g);
}

static double near_a_limit(double g)
{
	return 1 - g / (1 - g);
}

static void other_laws_of_decay_bracket_the_exponential(void **state)
{
	struct decay_spread half = pure_decay_spread(0.5);

	(void)state;
	assert_near(half.low, DECAY_SPREAD_LOW, 0.0005);
	assert_near(half.high, DECAY_SPREAD_HIGH, 1e-12);
	for (double share = 0.1; share < 1; share += 0.2) {
		struct decay_spread spread = pure_decay_spread(share);
		double exponential = 1 / share - 1;

		assert_near(
			spread.high * exponential, by_simpson(share, exponential, amdahl), 1e-6);
		assert_near(spread.low * exponential,
			by_simpson(share, (1 - share) / (2 - share), near_a_limit), 1e-6);
	}
}

static void a_figure_that_is_missing_gives_no_number(void **state)
{
	const struct leak_law law = {1.2, 0, NAN, 12000, 0}, ends = {1.2, 0.1, NAN, 12000, 0};
	const struct leak_law whole = {1.2, 0.1, 8.3e-6, 12000, 0};

	(void)state;
	assert_true(isnan(leak_after(&law, 10).goroutines));
	assert_true(isnan(leak_after(&ends, 10).requests));
	assert_true(isnan(leak_reaching(&ends, 10).t_s));
	assert_true(isnan(leak_seconds_to_share(&law, 0.5)));
	assert_true(isnan(leak_after(&whole, NAN).goroutines));
	assert_true(isnan(leak_reaching(&whole, NAN).t_s));
}

static void what_takes_ages_is_not_never(void **state)
{
	const struct leak_law law = {1.2, 0, 1, 12000, 0};

	(void)state;
	assert_true(isfinite(leak_reaching(&law, 1e6).t_s));
}

static void qps_never_halves_when_the_leaked_end_fast(void **state)
{
	const struct leak_law slow = {0.01, 0, 8.3e-6, 500, 0};
	const double edge = slow.lambda * slow.q0 * slow.alpha / (2 * log(2));
	struct leak_law law = slow;

	(void)state;
	assert_near(leak_seconds_to_share(&slow, 0.5), leak_time_scale_s(&slow), 1e-6);
	law.mu = edge * 1.01;
	assert_true(isinf(leak_seconds_to_share(&law, 0.5)));
	assert_relative(leak_mu_that_stops(&law, 0.5), edge);
	law.mu = edge * 0.9;
	assert_true(leak_seconds_to_share(&law, 0.5) > leak_time_scale_s(&law));
	law.alpha = 0;
	assert_true(isinf(leak_seconds_to_share(&law, 0.5)));
}

static void no_share_is_reached_above_its_edge(void **state)
{
	struct leak_law law = {1.2, 0, 8.3e-6, 12000, 0};

	(void)state;
	for (double share = 0.05; share < 1; share += 0.1) {
		law.mu = leak_mu_that_stops(&law, share) * 1.001;
		assert_true(isinf(leak_seconds_to_share(&law, share)));
		law.mu = leak_mu_that_stops(&law, share) * 0.999;
		assert_true(isfinite(leak_seconds_to_share(&law, share)));
	}
}

static void time_to_a_share_counts_from_the_present_leak(void **state)
{
	struct leak_law law = {1.2, 0, 8.3e-6, 480, 0};
	double whole = leak_seconds_to_share(&law, 0.5);

	(void)state;
	law.start = pure_leak_goroutines(&law, whole / 3);
	assert_near(leak_seconds_to_share(&law, 0.5), whole * 2 / 3, 1e-6 * whole);
	law.start = 1e6;
	assert_near(leak_seconds_to_share(&law, 0.5), 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_forms_agree_with_an_integration),
		cmocka_unit_test(the_law_with_an_end_agrees_with_an_integration),
		cmocka_unit_test(without_decay_the_law_with_an_end_is_a_textbook_one),
		cmocka_unit_test(a_long_time_costs_no_more_steps_than_the_way_to_rest),
		cmocka_unit_test(times_and_requests_to_a_goal_are_those_of_the_path),
		cmocka_unit_test(requests_need_no_time_where_they_decide),
		cmocka_unit_test(equilibrium_is_where_nothing_moves),
		cmocka_unit_test(a_difference_dies_out_at_the_relaxation_rate),
		cmocka_unit_test(the_lambda_found_takes_the_time_asked_for),
		cmocka_unit_test(other_laws_of_decay_bracket_the_exponential),
		cmocka_unit_test(a_figure_that_is_missing_gives_no_number),
		cmocka_unit_test(what_takes_ages_is_not_never),
		cmocka_unit_test(no_share_is_reached_above_its_edge),
		cmocka_unit_test(qps_never_halves_when_the_leaked_end_fast),
		cmocka_unit_test(time_to_a_share_counts_from_the_present_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
