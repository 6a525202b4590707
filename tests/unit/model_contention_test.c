// SPDX-License-Identifier: Apache-2.0
// Contention from differences of cumulative profiles.
#include "model/contention.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct stack *lock_stack(struct stacks *stacks)
{
	const struct frame frame = {.function = STR("main.hold"), .file = STR("a.go"), .line = 9};
	const struct stack *stack;

	assert_int_equal(stacks_add_stack(stacks, &frame, 1, false, &stack), 0);
	return stack;
}

// A lock held 50 ms, 4 times a second: 0.2 waiters.
static void a_steady_lock_has_its_rate_wait_and_waiters(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct observed_contention row = {.mutex = true, .stack = lock_stack(stacks)};
	struct contention contention = {0};
	struct contention_rate rate;

	(void)state;
	row.count = 1000; // before the first fetch: not ours
	row.delay_ns = 9e12;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(contention_add(&contention, &row, 1, 10 * i, false), 0);
		row.count += 40;
		row.delay_ns += 40 * 50e6;
	}
	rate = contention_rate_of(&contention, &contention.rows[0]);
	assert_true(fabs(rate.events_per_s.value - 4) < 1e-9);
	assert_true(fabs(rate.mean_wait_ms.value - 50) < 1e-9);
	assert_true(fabs(rate.waiters.value - 0.2) < 1e-9);
	assert_true(rate.waiters.low <= 0.2 && rate.waiters.high >= 0.2);
	contention_release(&contention);
	stacks_free(&stacks);
}

// Waiters grow from 1 to 3 in 100 s, and in a second row stay at 2.
static void growing_waits_have_a_slope_and_steady_ones_none(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct observed_contention rows[2] = {
		{.mutex = true, .stack = lock_stack(stacks)}, {.stack = lock_stack(stacks)}};
	struct contention contention = {0};
	struct estimate growth;

	(void)state;
	for (int i = 0; i <= 20; i++) {
		assert_int_equal(contention_add(&contention, rows, 2, 1e6 + 5 * i, false), 0);
		rows[0].delay_ns += 5e9 * (1 + (5 * i + 2.5) / 50);
		rows[1].delay_ns += 5e9 * (i % 2 ? 1.8 : 2.2);
	}
	assert_true(contention.rows[1].mutex);
	growth = contention_growth_of(&contention, &contention.rows[1]);
	assert_true(fabs(growth.value - 0.02) < 1e-6 && growth.low > 0);
	assert_true(fabs(contention_waiters_now(&contention, &contention.rows[1]) - 3) < 1e-3);
	growth = contention_growth_of(&contention, &contention.rows[0]);
	assert_true(growth.low < 0 && growth.high > 0);
	assert_int_equal(contention.point_count, 20);
	assert_int_equal(contention.mutex_filled, 21);
	contention_release(&contention);
	stacks_free(&stacks);
}

static void the_course_is_bounded_and_keeps_its_sum(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct observed_contention row = {.mutex = true, .stack = lock_stack(stacks)};
	struct contention contention = {0};
	double sum = 0;

	(void)state;
	for (int i = 0; i <= 5000; i++) {
		assert_int_equal(contention_add(&contention, &row, 1, i, false), 0);
		row.delay_ns += 1e9 * (i % 7);
	}
	assert_in_range(contention.point_count, 1, CONTENTION_POINTS_MAX);
	for (uint32_t i = 0; i < contention.point_count; i++)
		sum += contention.points[i].mutex * contention.points[i].seconds;
	assert_true(fabs(sum - contention.rows[0].delay_ns / 1e9) < 1e-6);
	contention_release(&contention);
	stacks_free(&stacks);
}

static void locks_are_told_from_channels_by_the_innermost_function(void **state)
{
	static const struct {
		bool mutex;
		const char *function;
		enum contention_kind kind;
	} cases[] = {
		{true, "main.(*ledger).post", CONTENTION_LOCK},
		{false, "sync.(*Mutex).Lock", CONTENTION_LOCK},
		{false, "sync.(*RWMutex).RLock", CONTENTION_LOCK},
		{false, "internal/sync.(*Mutex).Lock", CONTENTION_LOCK},
		{false, "sync.(*WaitGroup).Wait", CONTENTION_WAITGROUP},
		{false, "sync.(*Cond).Wait", CONTENTION_COND},
		{false, "main.(*Gateway).worker", CONTENTION_CHANNEL},
	};
	struct stacks *stacks = stacks_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct frame frame = {
			.function = str_of(cases[i].function), .file = STR("a.go"), .line = 9};
		const struct stack *stack;

		assert_int_equal(stacks_add_stack(stacks, &frame, 1, false, &stack), 0);
		assert_int_equal(contention_kind_of(cases[i].mutex, stack), cases[i].kind);
	}
	stacks_free(&stacks);
}

static void rows_that_appear_later_began_at_zero_and_resets_are_seen(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct observed_contention row = {
		.stack = lock_stack(stacks), .count = 30, .delay_ns = 3e9};
	struct contention contention = {0};

	(void)state;
	assert_int_equal(contention_add(&contention, NULL, 0, 0, false), 0);
	assert_int_equal(contention_add(&contention, &row, 1, 10, false), 0);
	assert_true(contention.rows[0].count == 30);
	row.count = 10; // the counter began again
	assert_int_equal(contention_add(&contention, &row, 1, 20, false), 0);
	assert_true(contention.rows[0].count == 40);
	row.count = 500; // a new process: what it did before we came is not counted
	assert_int_equal(contention_add(&contention, &row, 1, 30, true), 0);
	assert_true(contention.rows[0].count == 40);
	row.count = 507;
	assert_int_equal(contention_add(&contention, &row, 1, 40, false), 0);
	assert_true(contention.rows[0].count == 47);
	assert_true(contention.seconds == 30);
	contention_release(&contention);
	stacks_free(&stacks);
}

static void one_fetch_says_that_it_is_not_enough(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct observed_contention row = {
		.stack = lock_stack(stacks), .count = 30, .delay_ns = 3e9};
	struct contention contention = {0};
	struct contention_rate rate;

	(void)state;
	assert_int_equal(contention_add(&contention, &row, 1, 0, false), 0);
	rate = contention_rate_of(&contention, &contention.rows[0]);
	assert_false(estimate_known(&rate.waiters));
	assert_true(rate.waiters.why[0] != '\0');
	contention_release(&contention);
	stacks_free(&stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_lock_has_its_rate_wait_and_waiters),
		cmocka_unit_test(growing_waits_have_a_slope_and_steady_ones_none),
		cmocka_unit_test(the_course_is_bounded_and_keeps_its_sum),
		cmocka_unit_test(locks_are_told_from_channels_by_the_innermost_function),
		cmocka_unit_test(rows_that_appear_later_began_at_zero_and_resets_are_seen),
		cmocka_unit_test(one_fetch_says_that_it_is_not_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
