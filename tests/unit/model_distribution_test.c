// SPDX-License-Identifier: Apache-2.0
// Quantiles and exact intervals against published values.
#include "model/distribution.h"

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

static void poisson_intervals_are_the_published_ones(void **state)
{
	static const struct {
		double count, low, high;
	} rows[] = {{0, 0, 3.69}, {3, 0.62, 8.77}, {6, 2.20, 13.06}, {15, 8.40, 24.74},
		{60, 45.79, 77.23}, {600, 552.94, 649.99}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct interval interval = poisson_interval(rows[i].count, 0.95);

		assert_near(interval.low, rows[i].low, 0.01);
		assert_near(interval.high, rows[i].high, 0.01);
	}
}

static void shares_have_clopper_pearson_intervals(void **state)
{
	struct interval interval = binomial_interval(4, 20, 0.95);

	(void)state;
	assert_near(interval.low, 0.05733, 1e-5);
	assert_near(interval.high, 0.43661, 1e-5);
	assert_near(binomial_interval(0, 10, 0.95).high, 0.30850, 1e-5);
	assert_near(binomial_interval(10, 10, 0.95).low, 0.69150, 1e-5);
}

static void quantiles_are_the_tabled_ones(void **state)
{
	(void)state;
	assert_near(normal_quantile(0.975), 1.959963985, 1e-8);
	assert_near(normal_quantile(1e-6), -4.753424309, 1e-7);
	assert_near(chi_square_quantile(0.95, 19), 30.14352721, 1e-6);
	assert_near(chi_square_quantile(0.99, 1), 6.634896601, 1e-6);
	assert_near(student_t_quantile(0.975, 5), 2.570581836, 1e-8);
	assert_near(student_t_quantile(0.05, 30), -1.697260887, 1e-8);
	assert_near(poisson_cdf(3, 5), 0.2650259153, 1e-9);
	assert_near(binomial_upper_tail(8, 10, 0.5), 0.0546875, 1e-12);
}

static void big_counts_keep_their_digits(void **state)
{
	struct interval interval = poisson_interval(1e6, 0.95);

	(void)state;
	assert_near(interval.low, 1e6 - 1.959964 * 1e3, 2);
	assert_near(interval.high, 1e6 + 1.959964 * 1e3, 3);
}

static void overdispersion_widens_and_never_narrows(void **state)
{
	struct interval exact = poisson_interval(50, 0.95);
	struct interval wide = overdispersed_interval(50, 6, 20, 0.95);

	(void)state;
	assert_true(wide.low < exact.low && wide.high > exact.high);
	assert_near(wide.high, 50 * exp(2.0930 * sqrt(6.0 / 50)), 0.05);
	assert_near(overdispersed_interval(50, 0.2, 20, 0.95).low, exact.low, 0);
}

static void lambert_w_inverts_its_equation(void **state)
{
	(void)state;
	for (double z = 1e-9; z < 1e9; z *= 3.7) {
		double w = lambert_w(z);

		assert_near(w * exp(w) / z, 1, 1e-12);
	}
	assert_near(lambert_w(0), 0, 0);
	assert_near(lambert_w(M_E), 1, 1e-15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(poisson_intervals_are_the_published_ones),
		cmocka_unit_test(shares_have_clopper_pearson_intervals),
		cmocka_unit_test(quantiles_are_the_tabled_ones),
		cmocka_unit_test(big_counts_keep_their_digits),
		cmocka_unit_test(overdispersion_widens_and_never_narrows),
		cmocka_unit_test(lambert_w_inverts_its_equation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
