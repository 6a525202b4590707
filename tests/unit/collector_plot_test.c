// SPDX-License-Identifier: Apache-2.0
// Plots: readable ticks, bounded size, gaps stay gaps.
#include "collector/tell/plot.h"

#include "base/cleanup.h"
#include "base/limits.h"

#include <math.h>
#include <string.h>

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define POINTS 20000

static double xs[POINTS], ys[POINTS], highs[POINTS];

static struct plot plot_of(const struct plot_series *series)
{
	return (struct plot){.id = "p",
		.title = STR("A < B"),
		.description = STR("d"),
		.x_label = "x",
		.y_label = "y",
		.marker_x = NAN,
		.series = series,
		.series_count = 1};
}

static void line(double low, double high, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		xs[i] = (double)i;
		ys[i] = low + (high - low) * (double)i / (double)(count - 1);
		highs[i] = ys[i] + 1;
	}
}

static void ticks_are_round_and_of_one_unit(void **state)
{
	static const struct {
		double low, high;
		const char *tick, *other;
	} cases[] = {
		{0, 14200, ">10k</text>", ">5k</text>"},
		{0, 9, ">2</text>", ">8</text>"},
		{0, 0.011, ">0.0025</text>", ">0.0100</text>"},
		{0, 3e7, ">10M</text>", ">30M</text>"},
		{1000, 1040, ">1020</text>", ">1040</text>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));
		struct plot_series series = {
			.mark = PLOT_LINE, .colour = 1, .count = 10, .x = xs, .y = ys};
		struct plot plot = plot_of(&series);

		line(cases[i].low, cases[i].high, 10);
		plot_write(&out, &plot);
		assert_non_null(strstr(buf_text(&out), cases[i].tick));
		assert_non_null(strstr(buf_text(&out), cases[i].other));
	}
}

static void many_points_cost_no_more_than_some(void **state)
{
	static const enum plot_mark marks[] = {PLOT_LINE, PLOT_POINTS, PLOT_BAND};

	(void)state;
	line(0, 1e6, POINTS);
	for (size_t i = 0; i < 3; i++) {
		cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));
		struct plot_series series = {.mark = marks[i],
			.colour = 1,
			.count = POINTS,
			.x = xs,
			.y = ys,
			.high = highs};
		struct plot plot = plot_of(&series);

		plot_write(&out, &plot);
		assert_int_equal(buf_failed(&out), 0);
		assert_in_range(out.len, 1000, 24000);
	}
}

static void thinned_lines_keep_their_peaks(void **state)
{
	cleanup(buf_release) struct buf with = BUF_INIT(MIB(1)), without = BUF_INIT(MIB(1));
	struct plot_series series = {
		.mark = PLOT_LINE, .colour = 1, .count = POINTS, .x = xs, .y = ys};
	struct plot plot = plot_of(&series);

	(void)state;
	line(0, 100, POINTS);
	plot_write(&without, &plot);
	ys[POINTS / 2 + 7] = 99;
	plot_write(&with, &plot);
	assert_string_not_equal(buf_text(&with), buf_text(&without));
}

static void unknown_values_are_gaps(void **state)
{
	cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));
	struct plot_series series = {.mark = PLOT_LINE, .colour = 1, .count = 10, .x = xs, .y = ys};
	struct plot plot = plot_of(&series);
	const char *path;

	(void)state;
	line(0, 9, 10);
	ys[4] = NAN;
	plot_write(&out, &plot);
	path = strstr(buf_text(&out), "class=\"line c1\"");
	assert_non_null(path);
	path = strstr(path, "M");
	assert_non_null(strchr(path + 1, 'M')); // the pen is lifted
	assert_null(strstr(buf_text(&out), "nan"));
	assert_non_null(strstr(buf_text(&out), "A &lt; B"));
}

static void one_point_is_not_worth_a_plot(void **state)
{
	struct plot_series series = {.mark = PLOT_LINE, .colour = 1, .count = 1, .x = xs, .y = ys};
	struct plot plot = plot_of(&series);

	(void)state;
	line(0, 9, 10);
	assert_false(plot_worthwhile(&plot));
	series.count = 2;
	assert_true(plot_worthwhile(&plot));
	ys[0] = ys[1] = NAN;
	assert_false(plot_worthwhile(&plot));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ticks_are_round_and_of_one_unit),
		cmocka_unit_test(many_points_cost_no_more_than_some),
		cmocka_unit_test(thinned_lines_keep_their_peaks),
		cmocka_unit_test(unknown_values_are_gaps),
		cmocka_unit_test(one_point_is_not_worth_a_plot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
