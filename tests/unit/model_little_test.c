// SPDX-License-Identifier: Apache-2.0
// Surges of load, and whose goroutines are a server's.
#include "model/little.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TICK_S 30.0
#define MINUTE_S 60.0
#define HOUR_S 3600.0

// What the target tells, tick by tick.
struct told {
	struct load_now load;
	struct series_point point;
	double handlers;
	uint32_t surging; // ticks
};

static struct told told(void)
{
	return (struct told){.load = load_init(), .point = {.in_flight = NAN}, .handlers = NAN};
}

static void next(struct told *told, const struct series_point *before)
{
	little_next(&told->load, before, &told->point, told->handlers);
	told->surging += load_is_surging(&told->load);
}

static void serve_for(struct told *told, double seconds, double qps, double in_flight)
{
	for (double passed_s = 0; passed_s < seconds; passed_s += TICK_S) {
		const struct series_point before = told->point;

		told->point.t_s += TICK_S;
		told->point.requests += qps * TICK_S;
		told->point.in_flight = in_flight;
		next(told, &before);
	}
}

static void a_steady_load_never_surges(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, 6 * HOUR_S, 100, 20);
	assert_int_equal(t.surging, 0);
	assert_true(isinf(t.load.surged_s));
}

// Over hours, as from night to noon.
static void a_load_that_rises_slowly_does_not_surge(void **state)
{
	struct told t = told();

	(void)state;
	for (int minute = 0; minute < 360; minute++)
		serve_for(&t, MINUTE_S, 50 + 0.5 * minute, 10 + 0.1 * minute);
	assert_int_equal(t.surging, 0);
}

static void twice_the_rate_is_a_surge_at_once_and_for_a_tail(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, HOUR_S, 100, 20);
	serve_for(&t, TICK_S, 200, 20);
	assert_true(load_is_surging(&t.load));
	serve_for(&t, 6 * MINUTE_S, 100, 20); // what it brought matures yet
	assert_true(load_is_surging(&t.load));
	serve_for(&t, TICK_S, 100, 20);
	assert_false(load_is_surging(&t.load));
}

static void requests_that_pile_up_are_a_surge_at_the_same_rate(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, HOUR_S, 100, 20);
	serve_for(&t, TICK_S, 100, 60);
	assert_true(load_is_surging(&t.load));
}

static void small_numbers_do_not_surge(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, HOUR_S, 0.1, 1);
	serve_for(&t, 10 * MINUTE_S, 1, 10); // ten times as many
	assert_int_equal(t.surging, 0);
}

static void nothing_stands_out_in_the_first_minutes(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, 2 * MINUTE_S, 1, 1);
	serve_for(&t, MINUTE_S, 1000, 1000);
	assert_int_equal(t.surging, 0);
}

static void what_lasts_for_hours_is_usual(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, HOUR_S, 100, 20);
	serve_for(&t, 10 * MINUTE_S, 300, 60);
	assert_true(load_is_surging(&t.load));
	serve_for(&t, 6 * HOUR_S, 300, 60);
	assert_false(load_is_surging(&t.load));
	assert_true(t.load.surged_s > 0); // it does not stand out any more
}

// Three minutes in twelve, and what each brings for six: there more than half of the time.
static void what_surges_half_of_the_time_is_usual(void **state)
{
	struct told t = told();

	(void)state;
	serve_for(&t, HOUR_S, 100, 20);
	for (int i = 0; i < 60; i++) {
		serve_for(&t, 3 * MINUTE_S, 500, 100);
		if (i == 0)
			assert_true(load_is_surging(&t.load));
		serve_for(&t, 9 * MINUTE_S, 50, 20);
	}
	t.surging = 0;
	serve_for(&t, 3 * MINUTE_S, 500, 100);
	assert_int_equal(t.load.surged_s, 0); // it stands out, but it does all day
	assert_int_equal(t.surging, 0);
}

static void births_and_handlers_stand_in_where_requests_are_not_told(void **state)
{
	(void)state;
	for (int which = 0; which < 3; which++) {
		struct told t = told();

		t.point.requests = t.point.request_seconds = NAN;
		t.handlers = 20;
		for (int i = 0; i < 121; i++) {
			const struct series_point before = t.point;
			bool last = i == 120;

			t.point.t_s += TICK_S;
			t.point.births += (last && which == 1 ? 400 : 100) * TICK_S;
			t.handlers = last && which == 2 ? 80 : 20;
			next(&t, &before);
		}
		assert_int_equal(t.surging, which > 0);
		assert_false(t.load.has_qps);
		assert_false(t.load.has_little);
	}
}

static void a_tick_that_lacks_the_requests_is_not_known(void **state)
{
	struct told t = told();
	struct series_point before;

	(void)state;
	serve_for(&t, HOUR_S, 100, 20);
	assert_true(t.load.known);
	before = t.point;
	t.point.t_s += TICK_S;
	t.point.requests = NAN;
	next(&t, &before);
	assert_false(t.load.known);
	assert_true(t.load.columns[0] == 20); // as it was
	assert_int_equal(t.surging, 0);
}

static const struct stack *stack_of(struct stacks *stacks, const char *const functions[4])
{
	struct frame frames[4] = {0};
	const struct stack *stack = NULL;
	uint32_t count = 0;

	for (; count < 4 && functions[count]; count++)
		frames[count] = (struct frame){str_of(functions[count]), STR("a.go"), 1, 0};
	assert_int_equal(stacks_add_stack(stacks, frames, count, false, &stack), 0);
	return stack;
}

// A connection that waits for its next request has no code of the program in it; a handler has.
static void an_idle_connection_is_no_handler_at_work(void **state)
{
	static const struct {
		const char *functions[4];
		bool handler, idle;
	} cases[] = {
		{{"internal/poll.(*FD).Read", "net.(*conn).Read", "net/http.(*conn).serve"}, true,
			true},
		{{"internal/poll.(*FD).Read", "crypto/tls.(*Conn).Read", "bufio.(*Reader).Peek",
			 "net/http.(*conn).serve"},
			true, true},
		{{"main.(*shop).handle", "net/http.HandlerFunc.ServeHTTP",
			 "net/http.(*conn).serve"},
			true, false},
		{{"sync.(*Mutex).Lock", "github.com/acme/shop.handle",
			 "net/http.(*ServeMux).ServeHTTP", "net/http.(*conn).serve"},
			true, false},
		{{"main.get", "google.golang.org/grpc.(*Server).handleStream"}, true, false},
		{{"internal/poll.(*FD).Read", "net/http.(*persistConn).readLoop"}, false, false},
		{{"main.worker"}, false, false},
	};
	struct stacks *stacks = stacks_new(1 << 20);

	(void)state;
	assert_non_null(stacks);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct stack *stack = stack_of(stacks, cases[i].functions);

		assert_int_equal(stack_is_handler(stack), cases[i].handler);
		assert_int_equal(stack_is_idle_connection(stack), cases[i].idle);
	}
	assert_false(stack_is_handler(NULL));
	assert_false(stack_is_idle_connection(NULL));
	stacks_free(&stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_load_never_surges),
		cmocka_unit_test(a_load_that_rises_slowly_does_not_surge),
		cmocka_unit_test(twice_the_rate_is_a_surge_at_once_and_for_a_tail),
		cmocka_unit_test(requests_that_pile_up_are_a_surge_at_the_same_rate),
		cmocka_unit_test(small_numbers_do_not_surge),
		cmocka_unit_test(nothing_stands_out_in_the_first_minutes),
		cmocka_unit_test(what_lasts_for_hours_is_usual),
		cmocka_unit_test(what_surges_half_of_the_time_is_usual),
		cmocka_unit_test(births_and_handlers_stand_in_where_requests_are_not_told),
		cmocka_unit_test(a_tick_that_lacks_the_requests_is_not_known),
		cmocka_unit_test(an_idle_connection_is_no_handler_at_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
