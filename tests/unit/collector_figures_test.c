// SPDX-License-Identifier: Apache-2.0
// How figures read.
#include "collector/tell/figures.h"

#include "base/cleanup.h"
#include "base/limits.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define CHECK(expected, call)                                                                      \
	do {                                                                                       \
		cleanup(buf_release) struct buf text = BUF_INIT(KIB(4));                           \
		struct buf *out = &text;                                                           \
		call;                                                                              \
		assert_string_equal(buf_text(out), expected);                                      \
	} while (0)

static void counts_have_thousands_separators(void **state)
{
	(void)state;
	CHECK("0", figure_count(out, 0));
	CHECK("999", figure_count(out, 999));
	CHECK("18,321", figure_count(out, 18321));
	CHECK("1,000,000", figure_count(out, 1e6));
	CHECK("-12,345", figure_count(out, -12345));
	CHECK("-", figure_count(out, NAN));
}

static void numbers_have_three_digits(void **state)
{
	(void)state;
	CHECK("4.90", figure_number(out, 4.9));
	CHECK("0.0412", figure_number(out, 0.0412));
	CHECK("61", figure_number(out, 61));
	CHECK("12,346", figure_number(out, 12345.6));
	CHECK("2.4e-5", figure_number(out, 2.4e-5));
	CHECK("0", figure_number(out, 0));
	CHECK("-", figure_number(out, NAN));
}

static void estimates_show_the_digits_that_their_interval_allows(void **state)
{
	struct estimate rate = estimate_of(4.9123, 4.7231, 5.1042, 0.95, "survivors", 59);
	struct estimate wide = estimate_of(4.9123, 2.1, 11.4, 0.95, "survivors", 3);
	struct estimate tiny = estimate_of(8.31e-6, 1.2e-6, 2.04e-5, 0.95, "x", 3);
	struct estimate open = estimate_of(3, 1, INFINITY, 0.95, "x", 3);
	struct estimate bare = estimate_of(3, NAN, NAN, 0.95, "x", 3);
	struct estimate none = estimate_none("QPS has fallen by %d %%", 4);

	(void)state;
	CHECK("4.91 per second (4.72 to 5.10)", figure_estimate(out, &rate, "per second"));
	CHECK("4.9 (2.1 to 11.4)", figure_estimate(out, &wide, ""));
	CHECK("8.3e-6 (1.2e-6 to 2.0e-5)", figure_estimate(out, &tiny, ""));
	CHECK("3.00 (1.00 to no upper bound)", figure_estimate(out, &open, ""));
	CHECK("3.00", figure_estimate(out, &bare, ""));
	CHECK("QPS has fallen by 4 %", figure_estimate(out, &none, "per second"));
}

static void durations_of_one_unit_say_it_once(void **state)
{
	struct estimate minutes = estimate_of(1020, 780, 1380, 0.95, "x", 3);
	struct estimate mixed = estimate_of(60, 50, 7500, 0.95, "x", 3);
	struct estimate never = estimate_of(INFINITY, 500, INFINITY, 0.95, "x", 3);

	(void)state;
	CHECK("17 min (13 to 23 min)", figure_estimate_duration(out, &minutes));
	CHECK("1 min (50 s to 2 h 05 min)", figure_estimate_duration(out, &mixed));
	CHECK("never", figure_estimate_duration(out, &never));
}

static void times_are_utc(void **state)
{
	(void)state;
	CHECK("2026-11-21 03:15:51 UTC", figure_time(out, 1795230951123));
	CHECK("-", figure_time(out, -1));
}

static void functions_lose_the_folders_of_their_package(void **state)
{
	static const struct {
		struct str function, shown;
	} cases[] = {
		{STR("main.main"), STR("main.main")},
		{STR("net/http.(*conn).serve"), STR("http.(*conn).serve")},
		{STR("example.com/a/b.(*T).M.func1"), STR("b.(*T).M.func1")},
		{STR("example.com/a/b.F[...]"), STR("b.F[...]")},
		{STR("example.com/a/b.F[go.shape.struct{c/d.X}]"),
			STR("b.F[go.shape.struct{c/d.X}]")},
		{STR(""), STR("")},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(str_equal(figure_function(cases[i].function), cases[i].shown));
}

static void files_keep_their_last_folder(void **state)
{
	(void)state;
	assert_true(str_equal(
		figure_file(STR("/src/shop/gateway/fanout.go")), STR("gateway/fanout.go")));
	assert_true(str_equal(figure_file(STR("gateway/fanout.go")), STR("gateway/fanout.go")));
	assert_true(str_equal(figure_file(STR("/fanout.go")), STR("/fanout.go")));
	assert_true(str_equal(figure_file(STR("fanout.go")), STR("fanout.go")));
	assert_true(str_equal(figure_file(STR("?")), STR("?")));
}

static void the_soonest_limit_is_one_that_will_be_reached(void **state)
{
	struct limit_forecast forecast[3] = {
		{.limit = "memory", .seconds = estimate_of(INFINITY, 1, INFINITY, 0.95, "x", 3)},
		{.limit = "goroutines", .seconds = estimate_of(500, 400, 600, 0.95, "x", 3)},
		{.limit = "memory", .seconds = estimate_none("no memory limit")},
	};

	(void)state;
	assert_ptr_equal(figure_soonest(forecast, 3), &forecast[1]);
	assert_null(figure_soonest(forecast, 1));
	assert_null(figure_soonest(forecast, 0));
}

static void a_failed_part_fails_the_whole(void **state)
{
	cleanup(buf_release) struct buf part = BUF_INIT(2);
	cleanup(buf_release) struct buf out = BUF_INIT(KIB(4));

	(void)state;
	buf_add_text(&part, "longer than two bytes");
	(void)part_str(&out, &part);
	assert_int_not_equal(buf_failed(&out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_thousands_separators),
		cmocka_unit_test(numbers_have_three_digits),
		cmocka_unit_test(estimates_show_the_digits_that_their_interval_allows),
		cmocka_unit_test(durations_of_one_unit_say_it_once),
		cmocka_unit_test(times_are_utc),
		cmocka_unit_test(functions_lose_the_folders_of_their_package),
		cmocka_unit_test(files_keep_their_last_folder),
		cmocka_unit_test(the_soonest_limit_is_one_that_will_be_reached),
		cmocka_unit_test(a_failed_part_fails_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
