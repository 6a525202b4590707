// SPDX-License-Identifier: Apache-2.0
// Following goroutines by ID: ages, moves, deaths, homes.
#include "model/track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct stacks *stacks;
static const struct stack *idle, *stuck, *own, *handler, *resting;

static int set_up(void **state)
{
	const struct frame frames[] = {
		{.function = STR("main.idle"), .file = STR("a.go"), .line = 1},
		{.function = STR("main.stuck"), .file = STR("a.go"), .line = 2},
		{.function = STR("net/http/pprof.Index"), .file = STR("p.go"), .line = 3},
		{.function = STR("main.serve"), .file = STR("a.go"), .line = 4},
		{.function = STR("net/http.(*conn).serve"), .file = STR("s.go"), .line = 5},
	};

	(void)state;
	stacks = stacks_new(1 << 20);
	assert_non_null(stacks);
	assert_int_equal(stacks_add_stack(stacks, &frames[0], 1, false, &idle), 0);
	assert_int_equal(stacks_add_stack(stacks, &frames[1], 1, false, &stuck), 0);
	assert_int_equal(stacks_add_stack(stacks, &frames[2], 1, false, &own), 0);
	assert_int_equal(stacks_add_stack(stacks, &frames[3], 2, false, &handler), 0);
	assert_int_equal(stacks_add_stack(stacks, &frames[4], 1, false, &resting), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stacks_free(&stacks);
	return 0;
}

// A dump in which goroutines a to b - 1 sit in `idle` and c to d - 1 in `stuck`.
static void dump(
	struct tracker *tracker, double t_s, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t ids[2][512];
	struct observed_group groups[2] = {
		{.stack = idle, .has_ids = true, .ids = ids[0]},
		{.stack = stuck, .has_ids = true, .ids = ids[1]},
	};

	for (uint64_t id = a; id < b; id++)
		ids[0][groups[0].id_count++] = id;
	for (uint64_t id = c; id < d; id++)
		ids[1][groups[1].id_count++] = id;
	assert_int_equal(tracker_observe(tracker, t_s, t_s, groups, COUNT(groups)), 0);
}

static void the_first_cohort_is_stock_and_never_inflow(void **state)
{
	struct tracker *tracker = tracker_new();

	(void)state;
	for (int t = 0; t <= 240; t += 60)
		dump(tracker, t, 1, 101, 0, 0);
	assert_int_equal(tracker_find(tracker, idle)->stock[0], 100);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 0);
	assert_int_equal(tracker_find(tracker, idle)->stock[1], 0);
	tracker_free(&tracker);
}

static void a_cohort_matures_once_at_each_age(void **state)
{
	struct tracker *tracker = tracker_new();
	const struct tracked_stack *stack;

	(void)state;
	dump(tracker, 0, 1, 11, 0, 0);
	for (int t = 60; t <= 3720; t += 60)
		dump(tracker, t, 1, 31, 0, 0); // 20 are new at 60 s
	stack = tracker_find(tracker, idle);
	for (int age = 0; age < TRACK_AGES; age++) {
		assert_int_equal(stack->inflow[age], 20);
		assert_int_equal(stack->stock[age], 30);
	}
	dump(tracker, 3780, 1, 21, 0, 0);
	for (int age = 0; age < TRACK_AGES; age++)
		assert_int_equal(tracker_find(tracker, idle)->outflow[age], 10);
	tracker_free(&tracker);
}

static void long_intervals_still_need_two_dumps(void **state)
{
	struct tracker *tracker = tracker_new();

	(void)state;
	dump(tracker, 0, 1, 2, 0, 0);
	dump(tracker, 600, 1, 12, 0, 0);
	dump(tracker, 1200, 1, 12, 0, 0);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 0);
	dump(tracker, 1800, 1, 12, 0, 0);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 10);
	tracker_free(&tracker);
}

// Connections that idled for long and then hang in a handler are arrivals there.
static void old_goroutines_that_get_stuck_arrive_where_they_are_stuck(void **state)
{
	struct tracker *tracker = tracker_new();
	const struct tracked_stack *stack;

	(void)state;
	for (int t = 0; t <= 180; t += 30)
		dump(tracker, t, 1, 101, 0, 0);
	for (int t = 210; t <= 360; t += 30)
		dump(tracker, t, 1, 61, 61, 101);
	stack = tracker_find(tracker, stuck);
	assert_int_equal(stack->inflow[0], 40);
	assert_int_equal(stack->settled[1], 40);
	assert_int_equal(tracker_find(tracker, idle)->outflow[0], 40);
	assert_int_equal(tracker_find(tracker, idle)->unsettled[1], 40);
	assert_int_equal(tracker_find(tracker, idle)->died, 0);
	assert_int_equal(stack->goroutines[0].first, 0);
	tracker_free(&tracker);
}

// A poller caught awake now and then has not left.
static void a_short_visit_elsewhere_is_no_departure(void **state)
{
	struct tracker *tracker = tracker_new();

	(void)state;
	for (int i = 0; i < 40; i++)
		if (i % 5 == 3)
			dump(tracker, 30 * i, 1, 51, 51, 101);
		else
			dump(tracker, 30 * i, 1, 101, 0, 0);
	assert_int_equal(tracker_find(tracker, idle)->outflow[0], 0);
	assert_int_equal(tracker_find(tracker, stuck)->inflow[0], 0);
	assert_int_equal(tracker_find(tracker, idle)->stock[0], 100);
	tracker_free(&tracker);
}

static void the_collector_itself_is_left_out(void **state)
{
	struct tracker *tracker = tracker_new();
	const uint64_t ids[] = {7};
	const struct observed_group group = {
		.stack = own, .has_ids = true, .ids = ids, .id_count = 1, .count = 1};

	(void)state;
	assert_int_equal(tracker_observe(tracker, 0, 0, &group, 1), 0);
	assert_int_equal(tracker->goroutines, 0);
	tracker_free(&tracker);
}

static void births_and_deaths_are_counted_per_dump(void **state)
{
	struct tracker *tracker = tracker_new();

	(void)state;
	dump(tracker, 0, 1, 101, 0, 0);
	dump(tracker, 60, 51, 131, 0, 0);
	assert_int_equal(tracker->ticks[1].born, 30);
	assert_int_equal(tracker->ticks[1].died, 50);
	dump(tracker, 120, 0, 0, 0, 0);
	assert_int_equal(tracker->ticks[2].died, 80);
	assert_int_equal(tracker->goroutines, 0);
	tracker_free(&tracker);
}

static void records_take_sixteen_bytes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct tracked_goroutine), 16);
}

#define PLACED_MAX 401

// Which stack each goroutine is in; NULL: there is no such goroutine.
struct placed {
	const struct stack *stack[PLACED_MAX];
};

static void place(struct placed *placed, uint32_t from, uint32_t to, const struct stack *stack)
{
	for (uint32_t id = from; id < to; id++)
		placed->stack[id] = stack;
}

static void dump_placed(struct tracker *tracker, double t_s, const struct placed *placed)
{
	const struct stack *all[] = {idle, stuck, handler, resting};
	uint64_t ids[COUNT(all)][PLACED_MAX];
	struct observed_group groups[COUNT(all)];

	for (size_t i = 0; i < COUNT(all); i++) {
		groups[i] =
			(struct observed_group){.stack = all[i], .has_ids = true, .ids = ids[i]};
		for (uint32_t id = 1; id < PLACED_MAX; id++)
			if (placed->stack[id] == all[i])
				ids[i][groups[i].id_count++] = id;
	}
	assert_int_equal(tracker_observe(tracker, t_s, t_s, groups, COUNT(groups)), 0);
}

// Long enough for them to be at home where they are now, at the youngest age.
static double dump_until_home(struct tracker *tracker, double t_s, const struct placed *placed)
{
	for (int i = 0; i <= 4; i++, t_s += 30)
		dump_placed(tracker, t_s, placed);
	return t_s;
}

static double settle_hundred_each(
	struct tracker *tracker, struct placed *placed, const struct stack *other)
{
	double t_s;

	place(placed, 1, 101, idle);
	place(placed, 101, 201, other);
	t_s = dump_until_home(tracker, 0, placed);
	tracker_net_moves(tracker);
	tracker_clear_flows(tracker);
	return t_s;
}

static void an_exchange_between_two_stacks_in_one_step_cancels(void **state)
{
	struct tracker *tracker = tracker_new();
	struct placed placed = {0};
	double t_s = settle_hundred_each(tracker, &placed, stuck);

	(void)state;
	place(&placed, 71, 101, stuck); // 30 there, 20 back
	place(&placed, 101, 121, idle);
	dump_until_home(tracker, t_s, &placed);
	assert_int_equal(tracker_find(tracker, stuck)->inflow[0], 30);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 20);
	tracker_net_moves(tracker);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 0);
	assert_int_equal(tracker_find(tracker, idle)->outflow[0], 10);
	assert_int_equal(tracker_find(tracker, stuck)->inflow[0], 10);
	assert_int_equal(tracker_find(tracker, stuck)->outflow[0], 0);
	assert_int_equal(tracker_find(tracker, idle)->stock[0], 90);
	assert_int_equal(tracker_find(tracker, stuck)->stock[0], 110);
	tracker_free(&tracker);
}

static void what_comes_anew_in_an_exchange_still_arrives(void **state)
{
	struct tracker *tracker = tracker_new();
	struct placed placed = {0};
	double t_s = settle_hundred_each(tracker, &placed, stuck);

	(void)state;
	place(&placed, 81, 101, stuck);
	place(&placed, 101, 121, idle);
	place(&placed, 201, 216, stuck); // born there
	dump_until_home(tracker, t_s, &placed);
	tracker_net_moves(tracker);
	assert_int_equal(tracker_find(tracker, stuck)->inflow[0], 15);
	assert_int_equal(tracker_find(tracker, stuck)->outflow[0], 0);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 0);
	tracker_free(&tracker);
}

// A request that hung for a while, and is done.
static void those_who_come_back_to_a_stack_they_had_left_do_not_arrive(void **state)
{
	struct tracker *tracker = tracker_new();
	struct placed placed = {0};
	double t_s = settle_hundred_each(tracker, &placed, stuck);

	(void)state;
	place(&placed, 61, 101, stuck);
	t_s = dump_until_home(tracker, t_s, &placed);
	tracker_net_moves(tracker);
	assert_int_equal(tracker_find(tracker, stuck)->inflow[0], 40);
	assert_int_equal(tracker_find(tracker, idle)->outflow[0], 40);
	tracker_clear_flows(tracker);
	place(&placed, 61, 81, idle); // 20 come back
	place(&placed, 201, 206, idle); // 5 are new
	t_s = dump_until_home(tracker, t_s, &placed);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 25);
	tracker_net_moves(tracker);
	assert_int_equal(tracker_find(tracker, idle)->inflow[0], 5);
	assert_int_equal(tracker_find(tracker, stuck)->outflow[0], 20);
	tracker_clear_flows(tracker);
	place(&placed, 101, 161, idle); // 60 more than the 19 that are thought to be away yet
	dump_until_home(tracker, t_s, &placed);
	tracker_net_moves(tracker);
	assert_in_range(tracker_find(tracker, idle)->inflow[0], 40, 42);
	tracker_free(&tracker);
}

static void a_move_into_an_idle_connection_is_no_arrival(void **state)
{
	struct tracker *tracker = tracker_new();
	struct placed placed = {0};
	double t_s = settle_hundred_each(tracker, &placed, handler);

	(void)state;
	place(&placed, 101, 141, resting);
	place(&placed, 201, 211, resting); // connections that are new do arrive
	t_s = dump_until_home(tracker, t_s, &placed);
	tracker_net_moves(tracker);
	assert_true(tracker_find(tracker, resting)->rests);
	assert_false(tracker_find(tracker, handler)->rests);
	assert_int_equal(tracker_find(tracker, handler)->outflow[0], 40);
	assert_int_equal(tracker_find(tracker, resting)->inflow[0], 10);
	assert_int_equal(tracker_find(tracker, resting)->stock[0], 50);
	tracker_clear_flows(tracker);
	place(&placed, 1, 21, handler); // what gets stuck in a handler arrives there
	dump_until_home(tracker, t_s, &placed);
	tracker_net_moves(tracker);
	assert_int_equal(tracker_find(tracker, handler)->inflow[0], 20);
	tracker_free(&tracker);
}

static void ids_that_two_stacks_have_are_counted_as_duplicates(void **state)
{
	struct tracker *tracker = tracker_new();

	(void)state;
	dump(tracker, 0, 1, 101, 201, 301);
	assert_int_equal(tracker->duplicates, 0);
	dump(tracker, 30, 1, 111, 108, 301); // 108 to 110 twice, and 111 to 200 once
	assert_int_equal(tracker->duplicates, 3);
	dump(tracker, 60, 1, 101, 201, 301);
	assert_int_equal(tracker->duplicates, 3);
	assert_int_equal(tracker->goroutines, 200);
	tracker_free(&tracker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_cohort_is_stock_and_never_inflow),
		cmocka_unit_test(a_cohort_matures_once_at_each_age),
		cmocka_unit_test(long_intervals_still_need_two_dumps),
		cmocka_unit_test(old_goroutines_that_get_stuck_arrive_where_they_are_stuck),
		cmocka_unit_test(a_short_visit_elsewhere_is_no_departure),
		cmocka_unit_test(an_exchange_between_two_stacks_in_one_step_cancels),
		cmocka_unit_test(what_comes_anew_in_an_exchange_still_arrives),
		cmocka_unit_test(those_who_come_back_to_a_stack_they_had_left_do_not_arrive),
		cmocka_unit_test(a_move_into_an_idle_connection_is_no_arrival),
		cmocka_unit_test(ids_that_two_stacks_have_are_counted_as_duplicates),
		cmocka_unit_test(the_collector_itself_is_left_out),
		cmocka_unit_test(births_and_deaths_are_counted_per_dump),
		cmocka_unit_test(records_take_sixteen_bytes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
