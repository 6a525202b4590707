// SPDX-License-Identifier: Apache-2.0
// The source model: closed forms against Runge-Kutta, and the incident whose figures do not fit.
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

static void closed_form_agrees_with_runge_kutta(void **state)
{
	const struct leak_law laws[] = {
		{1.2, 0, 8.3e-6, 480, 0},
		{0.01, 0, 8.3e-6, 500, 0},
		{1.2, 0, 8.3e-6, 12000, 30000},
		{0.04, 0, 1e-9, 100, 500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(laws) / sizeof(laws[0]); i++)
		for (double t = 1; t < 20000; t *= 3) {
			double closed = pure_leak_goroutines(&laws[i], t);

			assert_near(leak_goroutines(&laws[i], t, 4000) / closed, 1, 1e-9);
		}
}

static void equilibrium_is_where_nothing_moves(void **state)
{
	const struct leak_law law = {0.0405, 1e-3, 8.3e-6, 12000, 0};
	struct leak_state rest = leak_equilibrium(&law);

	(void)state;
	assert_near(law.lambda * rest.qps / (law.mu * rest.goroutines), 1, 1e-9);
	assert_near(leak_goroutines(&law, 50000, 1) / rest.goroutines, 1, 1e-9);
	assert_near(rest.qps / law.q0, 0.30, 0.005);
}

static void the_incident_contradicts_itself(void **state)
{
	const struct incident told = {1.2, 8.3e-6, 12000, 0.17, 1020};
	struct incident_check check = incident_check(&told);

	(void)state;
	assert_near(check.seconds, 40.9, 0.06);
	assert_near(check.goroutines, 213489, 0.5);
	assert_near(check.factor, 25.0, 0.05);
	assert_near(check.lambda, 0.048, 0.0005);
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
	law.mu = edge * 0.9;
	assert_true(leak_seconds_to_share(&law, 0.5) > leak_time_scale_s(&law));
	law.alpha = 0;
	assert_true(isinf(leak_seconds_to_share(&law, 0.5)));
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
		cmocka_unit_test(closed_form_agrees_with_runge_kutta),
		cmocka_unit_test(equilibrium_is_where_nothing_moves),
		cmocka_unit_test(the_incident_contradicts_itself),
		cmocka_unit_test(qps_never_halves_when_the_leaked_end_fast),
		cmocka_unit_test(time_to_a_share_counts_from_the_present_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
