// SPDX-License-Identifier: Apache-2.0
// Times to limits: intervals by hand, "never", memory per goroutine, and which of two limits
// counts.
#include "model/findings.h"
#include "model/forecast.h"
#include "tests/unit/made_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void room_over_rate_with_both_intervals(void **state)
{
	const struct estimate rate = estimate_of(2, 1, 4, 0.95, "", 9);
	struct estimate until = until_filled(estimate_of(100, 80, 120, 0.95, "", 9), &rate, "");

	(void)state;
	assert_true(until.value == 50 && until.low == 20 && until.high == 120);
}

static void what_does_not_grow_never_fills(void **state)
{
	const struct estimate maybe = estimate_of(2, -1, 5, 0.95, "", 9);
	const struct estimate none = estimate_of(0, 0, 0, 0.95, "", 9);
	const struct estimate room = estimate_of(100, 100, 100, 0.95, "", 9);
	const struct estimate full = estimate_of(-1, -1, -1, 0.95, "", 9);

	(void)state;
	assert_true(isinf(until_filled(room, &maybe, "").high));
	assert_true(until_filled(room, &maybe, "").low == 20);
	assert_true(isinf(until_filled(room, &none, "").value));
	assert_true(until_filled(full, &maybe, "").value == 0);
}

static void memory_per_goroutine_comes_back(void **state)
{
	int covered = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct made made;
		struct estimate each;

		made_begin(&made, seed);
		for (int i = 0; i < 60; i++) {
			made_tick(&made, 500 + made.leaked,
				5e7 + 23300 * made.leaked + 2e6 * made_gaussian(&made));
			made_serve(&made, 60, 100, 0.05, 0.1);
		}
		each = bytes_per_goroutine(&made.series, 0);
		assert_true(fabs(each.value / 23300 - 1) < 0.1);
		covered += each.low <= 23300 && 23300 <= each.high;
		series_release(&made.series);
	}
	assert_true(covered >= 36);
}

static struct limits limits_with(double container, double gomemlimit, double setting)
{
	struct life life = {
		.process = {.memory_limit_bytes = container, .gomemlimit_bytes = gomemlimit}};
	const struct target target = {.life = &life};
	const struct judge_parameters parameters = {.memory_limit_bytes = setting};

	return limits_of(&target, &parameters);
}

static void the_lower_limit_counts_and_is_named(void **state)
{
	struct limits limits = limits_with(512e6, 400e6, 0);

	(void)state;
	assert_true(limits.memory_bytes == 400e6);
	assert_string_equal(limits.memory_from, "GOMEMLIMIT");
	limits = limits_with(300e6, 400e6, 0);
	assert_true(limits.memory_bytes == 300e6);
	assert_string_equal(limits.memory_from, "container limit");
	limits = limits_with(NAN, 400e6, 0);
	assert_string_equal(limits.memory_from, "GOMEMLIMIT");
	limits = limits_with(0, NAN, 0);
	assert_true(!(limits.memory_bytes > 0));
	limits = limits_with(300e6, 400e6, 600e6);
	assert_true(limits.memory_bytes == 600e6);
	assert_string_equal(limits.memory_from, "settings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_over_rate_with_both_intervals),
		cmocka_unit_test(what_does_not_grow_never_fills),
		cmocka_unit_test(memory_per_goroutine_comes_back),
		cmocka_unit_test(the_lower_limit_counts_and_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
