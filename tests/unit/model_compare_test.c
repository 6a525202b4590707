// SPDX-License-Identifier: Apache-2.0
// Before and after: joins across builds, and what intervals allow to say.
#include "model/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct stack *add(struct stacks *stacks, const char *function, uint32_t line)
{
	const struct frame frame = {
		.function = str_of(function), .file = STR("a.go"), .line = line};
	const struct stack *stack;

	assert_int_equal(stacks_add_stack(stacks, &frame, 1, false, &stack), 0);
	return stack;
}

static void counts_join_across_builds_and_sort_by_growth(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	const struct stack *old = add(stacks, "main.leak.func1", 10);
	const struct stack *moved = add(stacks, "main.leak.func2", 14);
	const struct stack *gone = add(stacks, "main.gone", 1), *pool = add(stacks, "main.pool", 2);
	const struct stack *own = add(stacks, "net/http/pprof.Index", 3);
	const struct counted_stack before[] = {{old, 12}, {gone, 5}, {pool, 8}, {own, 1}};
	const struct counted_stack after[] = {{pool, 8}, {moved, 18}, {own, 2}};
	struct comparison comparison = {0};

	(void)state;
	assert_int_equal(compare_counts(before, 4, after, 3, &comparison, NULL), 0);
	assert_int_equal(comparison.stack_count, 3);
	assert_ptr_equal(comparison.stacks[0].stack, moved);
	assert_int_equal(comparison.stacks[0].growth, 6);
	assert_int_equal(comparison.stacks[0].change, CHANGE_WORSE);
	assert_int_equal(comparison.stacks[1].change, CHANGE_SAME);
	assert_int_equal(comparison.stacks[2].change, CHANGE_FIXED);
	assert_int_equal(comparison.goroutines_before, 25);
	assert_int_equal(comparison.goroutines_after, 26);
	comparison_release(&comparison);
	stacks_free(&stacks);
}

static struct finding leak(uint64_t id, double rate)
{
	return (struct finding){.id = id,
		.verdict = VERDICT_SUSPECT,
		.open = true,
		.rate_per_s = estimate_of(rate, rate * 0.9, rate * 1.1, 0.95, "survivors", 20)};
}

static void findings_are_judged_by_their_intervals(void **state)
{
	struct finding was[] = {leak(1, 5), leak(2, 5), leak(3, 5), leak(4, 5), leak(6, 0.0001)};
	struct finding is[] = {leak(1, 5.3), leak(2, 9), leak(3, 2), leak(5, 1)};
	struct report before = {.findings = was, .finding_count = 5, .ticks = 20};
	struct report after = {.findings = is,
		.finding_count = 4,
		.ticks = 20,
		.first_wall_ms = 1000,
		.last_wall_ms = 601000};
	static const enum change expected[] = {
		CHANGE_NEW, CHANGE_WORSE, CHANGE_SAME, CHANGE_SAME, CHANGE_BETTER, CHANGE_FIXED};
	static const uint64_t ids[] = {5, 2, 1, 6, 3, 4};
	struct comparison comparison = {0};

	(void)state;
	assert_int_equal(compare_reports(&before, &after, &comparison, NULL), 0);
	assert_int_equal(comparison.finding_count, 6);
	for (int i = 0; i < 6; i++) {
		const struct finding_change *row = &comparison.findings[i];

		assert_int_equal(row->change, expected[i]);
		assert_int_equal(row->after ? row->after->id : row->before->id, ids[i]);
		assert_true(row->because.len > 0);
	}
	comparison_release(&comparison);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_join_across_builds_and_sort_by_growth),
		cmocka_unit_test(findings_are_judged_by_their_intervals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
