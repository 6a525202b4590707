// SPDX-License-Identifier: Apache-2.0
// The cost ladder: its predictions against measured stops, and what it allows.
#include "collector/fetch/ladder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MEASURED_FRAMES 8.0
#define MEASURED_BYTES 500.0 // of a goroutine with 8 frames: all rows below allow 420 to 524

// Go 1.26.8, 8 frames, 28 runs; stops from the program's own /sched/pauses/total/other.
static const struct {
	double goroutines;
	uint32_t passes;
	double worst_ms, sum_ms;
} measured[] = {
	{2000, 1, 10, 9},
	{5000, 3, 25, 65},
	{10000, 4, 50, 168},
	{20000, 5, 110, 430},
	{50000, 6, 235, 1300},
};

static const struct ladder_budget usual = {.stop_ms = 50, .share = 0.001};

static bool near(double value, double expected, double share)
{
	return fabs(value - expected) <= share * expected;
}

static void learn_row(struct ladder *ladder, size_t row)
{
	double goroutines = measured[row].goroutines;

	ladder_learn(ladder, goroutines, goroutines * MEASURED_FRAMES, goroutines * MEASURED_BYTES,
		measured[row].sum_ms, false);
}

static void knows_nothing_yet_and_still_guesses_the_stops(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	for (size_t i = 0; i < COUNT(measured); i++) {
		struct ladder_cost cost = ladder_predict(&ladder, measured[i].goroutines);

		assert_true(cost.passes >= measured[i].passes);
		assert_true(cost.passes <= measured[i].passes + 1);
		assert_true(near(cost.worst_ms, measured[i].worst_ms, 0.25));
		assert_true(cost.sum_ms >= measured[i].sum_ms);
	}
}

static void one_dump_teaches_it_all_sizes(void **state)
{
	(void)state;
	for (size_t taught = 0; taught < COUNT(measured); taught++) {
		struct ladder ladder;

		ladder_init(&ladder);
		learn_row(&ladder, taught);
		for (size_t i = 0; i < COUNT(measured); i++) {
			struct ladder_cost cost = ladder_predict(&ladder, measured[i].goroutines);

			assert_int_equal(cost.passes, measured[i].passes);
			assert_true(near(cost.sum_ms, measured[i].sum_ms, 0.35));
			assert_true(near(cost.worst_ms, measured[i].worst_ms, 0.35));
		}
	}
}

static void the_least_of_three_samples_counts(void **state)
{
	struct ladder ladder;
	double before;

	(void)state;
	ladder_init(&ladder);
	learn_row(&ladder, 2);
	before = ladder.us_per_frame;
	ladder_learn(&ladder, 10000, 80000, 5e6, 1680, false); // the network was slow
	assert_true(ladder.us_per_frame == before);
	ladder_learn(&ladder, 10000, 80000, 5e6, 84, true); // we were throttled
	assert_true(ladder.us_per_frame == before);
	ladder_learn(&ladder, 10000, 80000, 5e6, 84, false);
	assert_true(near(ladder.us_per_frame, before / 2, 0.01));
}

static void passes_follow_the_doubling_buffer(void **state)
{
	(void)state;
	assert_int_equal(ladder_passes(0), 1);
	assert_int_equal(ladder_passes(1 << 20), 1);
	assert_int_equal(ladder_passes((1 << 20) + 1), 2);
	assert_int_equal(ladder_passes(67108864), 7);
	assert_int_equal(ladder_passes(1e12), 7);
}

// What a first collection of a program of this size gets, 3 snapshots 10 s apart.
static void decides_by_all_budgets(void **state)
{
	static const struct {
		double goroutines;
		bool ids;
		double interval_s; // least and most
		double interval_most_s;
	} rows[] = {
		{100, true, 10, 10},
		{1000, true, 10, 10},
		{2500, true, 10.1, 40},
		{20000, false, 10, 10},
		{100000, false, 10, 10},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ladder_decision decision;
		struct ladder ladder;

		ladder_init(&ladder);
		ladder_decide(&ladder, &usual, rows[i].goroutines, 10, NAN, &decision);
		assert_int_equal(decision.ids, rows[i].ids);
		assert_true(decision.interval_s >= rows[i].interval_s);
		assert_true(decision.interval_s <= rows[i].interval_most_s);
		assert_int_equal(
			decision.reason[0] != '\0', !rows[i].ids || decision.interval_s > 10);
	}
}

static void the_interval_stretches_before_ids_are_given_up(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_learn(&ladder, 2000, 16000, 1e6, 30, false);
	ladder_decide(&ladder, &usual, 2000, 10, NAN, &decision);
	assert_true(decision.ids);
	assert_true(near(decision.interval_s, 30, 0.01));
	ladder_init(&ladder);
	ladder_learn(&ladder, 2000, 16000, 1e6, 40, false);
	ladder_decide(&ladder, &usual, 4000, 10, NAN, &decision); // 2 stops of 80 ms
	assert_false(decision.ids);
}

static void a_single_snapshot_counts_as_a_minute(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_decide(&ladder, &usual, 2000, 0, NAN, &decision);
	assert_true(decision.ids);
	assert_true(decision.interval_s == 0);
	ladder_decide(&ladder, &usual, 9000, 0, NAN, &decision);
	assert_false(decision.ids);
}

static void little_free_memory_means_counts(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_decide(&ladder, &usual, 1000, 10, 2 << 20, &decision);
	assert_false(decision.ids);
	assert_non_null(strstr(decision.reason, "MiB"));
	ladder_init(&ladder);
	ladder_decide(&ladder, &usual, 1000, 10, 512 << 20, &decision);
	assert_true(decision.ids);
}

static void ids_come_back_after_five_calm_rounds(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_decide(&ladder, &usual, 50000, 10, NAN, &decision);
	assert_false(decision.ids);
	for (int i = 0; i < 4; i++) {
		ladder_decide(&ladder, &usual, 500, 10, NAN, &decision);
		assert_false(decision.ids);
	}
	ladder_decide(&ladder, &usual, 50000, 10, NAN, &decision); // calm no more: count anew
	for (int i = 0; i < 4; i++) {
		ladder_decide(&ladder, &usual, 500, 10, NAN, &decision);
		assert_false(decision.ids);
	}
	ladder_decide(&ladder, &usual, 500, 10, NAN, &decision);
	assert_true(decision.ids);
}

// Start-up noise: 120 ms to the first byte of a dump of 7 goroutines.
static void learn_slow_start(struct ladder *ladder)
{
	ladder_learn(ladder, 7, 7 * MEASURED_FRAMES, 7 * MEASURED_BYTES, 120, false);
}

// Decisions on counts before the next one on IDs, at most `most`.
static int rounds_on_counts(struct ladder *ladder, double goroutines, double interval_s, int most)
{
	struct ladder_decision decision;
	int rounds = 0;

	for (; rounds < most; rounds++) {
		ladder_decide(ladder, &usual, goroutines, interval_s, NAN, &decision);
		if (decision.ids)
			return rounds;
		assert_true(decision.reason[0] != '\0');
	}
	return rounds;
}

static void one_slow_first_dump_does_not_condemn(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	learn_slow_start(&ladder);
	// 120 ms are a thousandth of 120 s: no second dump before they are over.
	assert_int_equal(rounds_on_counts(&ladder, 7, 10, 100), 12);
	ladder_learn(&ladder, 7, 56, 3500, 0.5, false);
	assert_int_equal(rounds_on_counts(&ladder, 7, 10, 100), 0);
	assert_int_equal(rounds_on_counts(&ladder, 1000, 10, 100), 0);

	ladder_init(&ladder);
	ladder_learn(&ladder, 30, 240, 15000, 34, false);
	assert_int_equal(rounds_on_counts(&ladder, 30, 60, 100), 0); // 34 ms are within
	assert_int_equal(rounds_on_counts(&ladder, 300, 60, 100), 6); // 340 s
}

// Half a millisecond for 7 goroutines is what answering takes, not 70 ms for 1,000.
static void small_dumps_do_not_tell_the_cost_of_large_ones(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	for (int i = 0; i < 3; i++)
		ladder_learn(&ladder, 7, 56, 3500, i * 0.5, false);
	assert_true(near(ladder.us_per_frame, 0.6, 0.01));
	assert_int_equal(rounds_on_counts(&ladder, 1000, 10, 100), 0);
}

static void two_slow_dumps_condemn_for_good(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	learn_slow_start(&ladder);
	assert_int_equal(rounds_on_counts(&ladder, 7, 10, 100), 12);
	learn_slow_start(&ladder);
	assert_int_equal(rounds_on_counts(&ladder, 7, 10, 1000), 1000);
}

static void a_second_dump_that_failed_was_the_second_one(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	learn_slow_start(&ladder);
	assert_int_equal(rounds_on_counts(&ladder, 7, 60, 100), 5);
	assert_int_equal(rounds_on_counts(&ladder, 7, 60, 1000), 1000); // nothing was learned
}

static void a_second_dump_whose_time_is_in_doubt_is_done_again(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	learn_slow_start(&ladder);
	assert_int_equal(rounds_on_counts(&ladder, 7, 60, 100), 5);
	ladder_learn(&ladder, 7, 56, 3500, 90, true);
	assert_int_equal(rounds_on_counts(&ladder, 7, 60, 100), 5);
}

// 4 times what is usual would break the budget: it may well have been cost.
static void a_slow_dump_of_many_goroutines_condemns(void **state)
{
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_learn(&ladder, 2000, 16000, 1e6, 120, false);
	assert_int_equal(rounds_on_counts(&ladder, 2000, 60, 1000), 1000);
	assert_int_equal(rounds_on_counts(&ladder, 100, 60, 1000), 4); // by what it learned
}

static void little_memory_is_no_matter_of_a_second_dump(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	learn_slow_start(&ladder);
	for (int i = 0; i < 100; i++) {
		ladder_decide(&ladder, &usual, 7, 60, 2 << 20, &decision);
		assert_false(decision.ids);
	}
}

static void deep_stacks_known_from_counts_change_the_guess(void **state)
{
	struct ladder_decision decision;
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	ladder_know_frames(&ladder, 60);
	ladder_decide(&ladder, &usual, 2000, 10, NAN, &decision);
	assert_false(decision.ids);
}

static void a_restart_soon_after_a_dump_means_a_minute_without(void **state)
{
	char reason[LADDER_REASON_MAX];
	struct ladder ladder;

	(void)state;
	ladder_init(&ladder);
	assert_false(ladder_restarted(&ladder, 0)); // no dump before: it was not us
	assert_false(ladder_rests(&ladder, 0, reason));
	ladder_dumped(&ladder, 1000);
	assert_false(ladder_rests(&ladder, 1000, reason));
	assert_true(ladder_restarted(&ladder, 61e3));
	assert_false(ladder_restarted(&ladder, 62e3)); // it rests already
	assert_true(ladder_rests(&ladder, 61e3, reason));
	assert_non_null(strstr(reason, "restarted"));
	assert_true(ladder_rests(&ladder, 120e3, reason));
	assert_false(ladder_rests(&ladder, 121e3, reason));
	assert_false(ladder_restarted(&ladder, 122e3)); // long after the dump
	assert_false(ladder_rests(&ladder, 122e3, reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_nothing_yet_and_still_guesses_the_stops),
		cmocka_unit_test(one_dump_teaches_it_all_sizes),
		cmocka_unit_test(the_least_of_three_samples_counts),
		cmocka_unit_test(passes_follow_the_doubling_buffer),
		cmocka_unit_test(decides_by_all_budgets),
		cmocka_unit_test(the_interval_stretches_before_ids_are_given_up),
		cmocka_unit_test(a_single_snapshot_counts_as_a_minute),
		cmocka_unit_test(little_free_memory_means_counts),
		cmocka_unit_test(ids_come_back_after_five_calm_rounds),
		cmocka_unit_test(one_slow_first_dump_does_not_condemn),
		cmocka_unit_test(small_dumps_do_not_tell_the_cost_of_large_ones),
		cmocka_unit_test(two_slow_dumps_condemn_for_good),
		cmocka_unit_test(a_second_dump_that_failed_was_the_second_one),
		cmocka_unit_test(a_second_dump_whose_time_is_in_doubt_is_done_again),
		cmocka_unit_test(a_slow_dump_of_many_goroutines_condemns),
		cmocka_unit_test(little_memory_is_no_matter_of_a_second_dump),
		cmocka_unit_test(deep_stacks_known_from_counts_change_the_guess),
		cmocka_unit_test(a_restart_soon_after_a_dump_means_a_minute_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
