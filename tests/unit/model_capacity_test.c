// SPDX-License-Identifier: Apache-2.0
// Laws of capacity: the published halves and half-lives, the closed form, numerical integration,
// and which law the data speak for.
#include "model/capacity.h"
#include "model/closed_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POINTS 96

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.12g is not %.12g within %g", value, expected, tolerance);
}

static const double half_u[CAPACITY_LAWS] = {0.693147, 1, 0.618034, 1, 0.5, 1.0 / 3};
static const double half_life[CAPACITY_LAWS] = {1, 1.5, 0.888, 1.333, 0.693, 0.441};

// In units of 1 / theta and of tau: leak-model 2.5.
static void halves_are_the_published_ones(void **state)
{
	(void)state;
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++) {
		const struct capacity_path path = {law, 1, 1, 0, 1, 0};

		assert_near(capacity_inverse(law, 0.5), half_u[law], 1e-6);
		assert_near(capacity_at(law, half_u[law]), 0.5, 1e-6);
		assert_near(capacity_seconds_to_share(&path, 0.5), half_life[law], 1e-3);
	}
}

static void inverse_inverts(void **state)
{
	(void)state;
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++)
		for (double share = 0.05; share < 1; share += 0.05)
			assert_near(capacity_at(law, capacity_inverse(law, share)), share, 1e-12);
}

static void exponential_law_is_the_closed_form_and_runge_kutta(void **state)
{
	const double mus[] = {0, 1e-3};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (double share = 0.4; share < 0.95; share += 0.1) {
			const struct capacity_path path = {
				CAPACITY_EXPONENTIAL, 8.3e-6, 1.2, mus[i], 480, 2000};
			const struct leak_law law = {1.2, mus[i], 8.3e-6, 480, 2000};
			double seconds = capacity_seconds_to_share(&path, share);

			assert_near(leak_goroutines(&law, seconds) /
					    leak_goroutines_at_share(&law, share),
				1, 1e-8);
			if (mus[i] == 0)
				assert_near(seconds / leak_seconds_to_share(&law, share), 1, 1e-8);
		}
}

// Small Euler steps against Simpson, with recovery.
static void times_agree_with_steps_through_time(void **state)
{
	(void)state;
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++) {
		const struct capacity_path path = {law, 1e-4, 0.05, 2e-5, 400, 100};
		double goal = capacity_inverse(law, 0.7) / path.theta, g = path.start, t = 0;
		const double step_s = 0.01;

		while (g < goal) {
			g += step_s * (path.lambda * path.q0 * capacity_at(law, path.theta * g) -
					      path.mu_per_s * g);
			t += step_s;
		}
		assert_near(capacity_seconds_to_share(&path, 0.7) / t, 1, 1e-3);
	}
}

// mu > lambda Q0 alpha / (2 ln 2): leak-model 1.1.
static void what_recovers_fast_enough_never_halves(void **state)
{
	struct capacity_path path = {CAPACITY_EXPONENTIAL, 8.3e-6, 0.01, 0, 500, 0};
	double edge = path.lambda * path.q0 * path.theta / (2 * log(2));

	(void)state;
	path.mu_per_s = 1.02 * edge;
	assert_true(isinf(capacity_seconds_to_share(&path, 0.5)));
	path.mu_per_s = 0.9 * edge;
	assert_true(isfinite(capacity_seconds_to_share(&path, 0.5)));
	path.start = 1e7;
	assert_near(capacity_seconds_to_share(&path, 0.5), 0, 0);
}

static double wobble(int i)
{
	return 0.01 * sin(12.9898 * i) * ((i * 7919) % 13 - 6) / 6;
}

static void fit_of(enum capacity_law law, double most_u, struct capacity_fits *fits)
{
	double leaked[POINTS], log_capacity[POINTS];

	for (int i = 0; i < POINTS; i++) {
		leaked[i] = 200000.0 * i / POINTS;
		log_capacity[i] = 3 + log(capacity_at(law, most_u * i / POINTS)) + wobble(i);
	}
	assert_true(capacity_fit(leaked, log_capacity, POINTS, fits));
}

static void the_law_is_told_where_much_was_lost(void **state)
{
	(void)state;
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++) {
		double most_u = capacity_inverse(law, 0.2);
		struct capacity_fits fits;

		fit_of(law, most_u, &fits);
		assert_int_equal(fits.law, law);
		assert_int_equal(fits.not_excluded, 1);
		assert_near(fits.laws[law].theta * 200000 / most_u, 1, 0.01);
	}
}

static void laws_are_not_separable_where_little_was_lost(void **state)
{
	struct capacity_fits fits;

	(void)state;
	fit_of(CAPACITY_AMDAHL, capacity_inverse(CAPACITY_AMDAHL, 0.97), &fits);
	assert_true(fits.not_excluded > 2);
	assert_int_equal(fits.law, CAPACITY_EXPONENTIAL);
}

// Relative errors e of theta and f of the level: e sqrt(1 + ...) by hand for the exponential law,
// ln t = -ln theta - ln lambda - ln Q0.
static void interval_of_a_time_is_that_of_the_delta_method(void **state)
{
	struct capacity_fits fits = {.points = 1000, .not_excluded = 1};
	struct capacity_forecast forecast = {.fits = &fits,
		.log_level = log(400),
		.log_level_variance = 4e-4,
		.lambda = estimate_of(1.2, 1.0, 1.4, 0.95, "", 9),
		.mu_per_s = estimate_of(0, 0, NAN, 0.95, "", 9)};
	struct estimate half;
	double reach;

	(void)state;
	fits.laws[CAPACITY_EXPONENTIAL] = (struct capacity_fit){
		.theta = 8.3e-6, .log_theta_variance = 9e-4, .mean_log = -0.2, .mean_slope = -0.2};
	half = capacity_forecast_by(&forecast, CAPACITY_EXPONENTIAL, 0.5, 0.9);
	// ln Q0 = level + 0.2, and moves by 0.2 with ln theta; lambda cancels against theta.
	assert_near(half.value, 1 / (8.3e-6 * 1.2 * 400 * exp(0.2)), 0.05);
	reach = 1.6464 * sqrt(9e-4 * 1.2 * 1.2 + 4e-4);
	assert_near(log(half.high / half.value), reach, 1e-3);
	assert_near(log(half.value / half.low), reach, 1e-3);
}

static void too_little_is_refused(void **state)
{
	const double nothing[6] = {0}, few[5] = {1, 2, 3, 4, 5};
	struct capacity_fits fits;

	(void)state;
	assert_false(capacity_fit(nothing, nothing, 6, &fits));
	assert_false(capacity_fit(few, few, 5, &fits));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves_are_the_published_ones),
		cmocka_unit_test(inverse_inverts),
		cmocka_unit_test(exponential_law_is_the_closed_form_and_runge_kutta),
		cmocka_unit_test(times_agree_with_steps_through_time),
		cmocka_unit_test(what_recovers_fast_enough_never_halves),
		cmocka_unit_test(the_law_is_told_where_much_was_lost),
		cmocka_unit_test(laws_are_not_separable_where_little_was_lost),
		cmocka_unit_test(interval_of_a_time_is_that_of_the_delta_method),
		cmocka_unit_test(too_little_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
