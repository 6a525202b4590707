// SPDX-License-Identifier: Apache-2.0
// Plots as inline SVG.
#include "collector/tell/plot.h"

#include "base/clock.h"
#include "collector/form/escape.h"

#include <math.h>
#include <stdio.h>

// Drawing units; about a pixel at the width of a phone.
#define WIDTH 480.0
#define HEIGHT 280.0
#define LEFT 54.0
#define RIGHT 16.0
#define TOP 30.0
#define BOTTOM 44.0

#define LINE_COLUMNS 240 // two points each
#define POINTS_MAX 300
#define BAND_POINTS_MAX 120
#define TICKS_MAX 12

struct axis {
	double low, high;
	double from, to; // where low and high are drawn
	double step;
	bool time;
};

static double axis_place(const struct axis *axis, double value)
{
	return axis->from +
	       (value - axis->low) / (axis->high - axis->low) * (axis->to - axis->from);
}

static void widen(struct axis *axis, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(values[i]))
			continue;
		axis->low = fmin(axis->low, values[i]);
		axis->high = fmax(axis->high, values[i]);
	}
}

static void ranges(const struct plot *plot, struct axis *x, struct axis *y)
{
	x->low = y->low = INFINITY;
	x->high = y->high = -INFINITY;
	for (size_t i = 0; i < plot->series_count; i++) {
		const struct plot_series *series = &plot->series[i];

		widen(x, series->x, series->count);
		widen(y, series->y, series->count);
		if (series->mark == PLOT_BAND)
			widen(y, series->high, series->count);
	}
}

bool plot_worthwhile(const struct plot *plot)
{
	struct axis x, y;

	ranges(plot, &x, &y);
	return x.high > x.low && isfinite(y.low);
}

// The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`.
static double round_step(double least)
{
	double power = pow(10, floor(log10(least)));

	for (int i = 0; i < 4; i++) {
		static const double factors[] = {1, 2, 2.5, 5};

		if (factors[i] * power >= least * (1 - 1e-9))
			return factors[i] * power;
	}
	return 10 * power;
}

static double round_time_step_ms(double least)
{
	static const int seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
		10800, 21600, 43200, 86400, 172800, 604800};

	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		if (1000.0 * seconds[i] >= least)
			return 1000.0 * seconds[i];
	}
	return 604800e3 * ceil(least / 604800e3);
}

static void pad(struct axis *axis, bool from_zero)
{
	double span;

	if (from_zero || (axis->low > 0 && axis->low < 0.4 * axis->high))
		axis->low = fmin(axis->low, 0);
	span = axis->high - axis->low;
	if (span <= 0)
		span = fmax(fabs(axis->high) * 0.2, 1);
	axis->high += 0.06 * span;
	if (axis->low != 0.0)
		axis->low -= 0.06 * span;
}

static void choose_ticks(struct axis *axis, int wanted)
{
	double least = (axis->high - axis->low) / wanted;

	axis->step = axis->time ? round_time_step_ms(least) : round_step(least);
}

static void time_label(char *out, size_t size, double wall_ms, double step)
{
	char text[CLOCK_TEXT_MAX];

	clock_format((int64_t)wall_ms, text);
	if (step >= 86400e3)
		snprintf(out, size, "%.5s", text + 5);
	else if (step >= 60e3)
		snprintf(out, size, "%.5s", text + 11);
	else
		snprintf(out, size, "%.8s", text + 11);
}

// One unit for a whole axis: thousands from 10,000 on.
static void number_label(char *out, size_t size, const struct axis *axis, double value)
{
	double most = fmax(fabs(axis->low), fabs(axis->high));
	double factor = most >= 1e10 ? 1e9 : most >= 1e7 ? 1e6 : most >= 1e4 ? 1e3 : 1;
	const char *suffix = factor == 1e9 ? "G" : factor == 1e6 ? "M" : factor == 1e3 ? "k" : "";
	double fraction = axis->step / factor;
	int decimals = 0;

	while (decimals < 9 && fabs(fraction - round(fraction)) > 1e-6 * fraction) {
		fraction *= 10;
		decimals++;
	}
	if (value == 0.0)
		snprintf(out, size, "0");
	else
		snprintf(out, size, "%.*f%s", decimals, value / factor, suffix);
}

static void axis_label(char *out, size_t size, const struct axis *axis, double value)
{
	if (axis->time)
		time_label(out, size, value, axis->step);
	else
		number_label(out, size, axis, value);
}

static void draw_ticks(
	struct buf *out, const struct axis *axis, const struct axis *other, bool is_x)
{
	double first = ceil(axis->low / axis->step - 1e-9);

	for (int i = 0; i < TICKS_MAX; i++) {
		double value = (first + i) * axis->step;
		double at = axis_place(axis, value);
		char label[48];

		if (value > axis->high)
			break;
		axis_label(label, sizeof(label), axis, fabs(value) < axis->step / 2 ? 0 : value);
		if (is_x)
			buf_printf(out,
				"<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>"
				"<text class=\"tick mid\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
				at, other->from, other->to, at, other->from + 16, label);
		else
			buf_printf(out,
				"<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>"
				"<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
				other->from, at, other->to, other->from - 6, at + 4, label);
	}
}

static void add_point(struct buf *out, bool *pen_down, double x, double y)
{
	buf_printf(out, "%c%.1f %.1f", *pen_down ? 'L' : 'M', x, y);
	*pen_down = true;
}

// All points when they are few; else the lowest and the highest of each column.
static void draw_line(struct buf *out, const struct plot_series *series, const struct axis *x,
	const struct axis *y)
{
	size_t columns = series->count <= 2 * LINE_COLUMNS ? series->count : LINE_COLUMNS;
	bool pen_down = false;

	buf_printf(out, "<path class=\"line c%u%s\" d=\"", series->colour,
		series->mark == PLOT_DASHED ? " dashed" : "");
	for (size_t column = 0; column < columns; column++) {
		size_t from = column * series->count / columns;
		size_t to = (column + 1) * series->count / columns;
		size_t least = to, most = to;

		for (size_t i = from; i < to; i++) {
			if (!isfinite(series->y[i]) || !isfinite(series->x[i]))
				continue;
			if (least == to || series->y[i] < series->y[least])
				least = i;
			if (most == to || series->y[i] > series->y[most])
				most = i;
		}
		if (least == to) {
			pen_down = false;
			continue;
		}
		add_point(out, &pen_down, axis_place(x, series->x[least < most ? least : most]),
			axis_place(y, series->y[least < most ? least : most]));
		if (least != most)
			add_point(out, &pen_down,
				axis_place(x, series->x[least < most ? most : least]),
				axis_place(y, series->y[least < most ? most : least]));
	}
	buf_add_text(out, "\"/>\n");
}

static size_t stride_for(size_t count, size_t max)
{
	return count <= max ? 1 : (count + max - 1) / max;
}

static void draw_points(struct buf *out, const struct plot_series *series, const struct axis *x,
	const struct axis *y)
{
	size_t stride = stride_for(series->count, POINTS_MAX);
	double radius = series->count > 100 ? 2.2 : 2.8;

	buf_printf(out, "<g class=\"points c%u\">", series->colour);
	for (size_t i = 0; i < series->count; i += stride) {
		if (isfinite(series->x[i]) && isfinite(series->y[i]))
			buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
				axis_place(x, series->x[i]), axis_place(y, series->y[i]), radius);
	}
	buf_add_text(out, "</g>\n");
}

static bool band_point(const struct plot_series *series, size_t i)
{
	return isfinite(series->x[i]) && isfinite(series->y[i]) && isfinite(series->high[i]);
}

static void draw_band(struct buf *out, const struct plot_series *series, const struct axis *x,
	const struct axis *y)
{
	size_t stride = stride_for(series->count, BAND_POINTS_MAX);
	size_t last = series->count ? (series->count - 1) / stride * stride : 0;
	bool pen_down = false;

	buf_printf(out, "<path class=\"band c%u\" d=\"", series->colour);
	for (size_t i = 0; i < series->count; i += stride) {
		if (band_point(series, i))
			add_point(out, &pen_down, axis_place(x, series->x[i]),
				axis_place(y, series->high[i]));
	}
	for (size_t i = last + stride; i >= stride; i -= stride) {
		if (i - stride < series->count && band_point(series, i - stride))
			add_point(out, &pen_down, axis_place(x, series->x[i - stride]),
				axis_place(y, series->y[i - stride]));
	}
	buf_printf(out, "%s\"/>\n", pen_down ? "Z" : "");
}

static void draw_series(
	struct buf *out, const struct plot *plot, const struct axis *x, const struct axis *y)
{
	for (size_t i = 0; i < plot->series_count; i++) {
		const struct plot_series *series = &plot->series[i];

		switch (series->mark) {
		case PLOT_LINE:
		case PLOT_DASHED:
			draw_line(out, series, x, y);
			break;
		case PLOT_POINTS:
			draw_points(out, series, x, y);
			break;
		case PLOT_BAND:
			draw_band(out, series, x, y);
			break;
		}
	}
}

static void draw_marker(
	struct buf *out, const struct plot *plot, const struct axis *x, const struct axis *y)
{
	double at;
	bool right;

	if (isnan(plot->marker_x) || plot->marker_x < x->low || plot->marker_x > x->high)
		return;
	at = axis_place(x, plot->marker_x);
	right = at > (x->from + x->to) / 2;
	buf_printf(out,
		"<path class=\"marker\" d=\"M%.1f %.1fV%.1f\"/>"
		"<text class=\"note%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		at, y->from, y->to, right ? " end" : "", at + (right ? -5 : 5), y->to + 10,
		plot->marker_label);
}

static void draw_labels(struct buf *out, const struct plot *plot)
{
	buf_printf(out,
		"<text class=\"axis\" x=\"6\" y=\"16\">%s</text>"
		"<text class=\"axis mid\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
		plot->y_label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, plot->x_label);
	if (plot->note.len == 0)
		return;
	buf_printf(out, "<text class=\"note%s\" x=\"%.1f\" y=\"%.1f\">",
		plot->note_right ? " end" : "", plot->note_right ? WIDTH - RIGHT - 4 : LEFT + 8,
		TOP + 14);
	escape_html(out, plot->note);
	buf_add_text(out, "</text>\n");
}

static void write_legend(struct buf *out, const struct plot *plot)
{
	static const char *const marks[] = {
		[PLOT_LINE] = "<path class=\"line c%u\" d=\"M1 6H21\"/>",
		[PLOT_DASHED] = "<path class=\"line dashed c%u\" d=\"M1 6H21\"/>",
		[PLOT_POINTS] =
			"<g class=\"points c%u\"><circle cx=\"11\" cy=\"6\" r=\"3.5\"/></g>",
		[PLOT_BAND] = "<path class=\"band c%u\" d=\"M1 1H21V11H1Z\"/>",
	};
	size_t named = 0;

	for (size_t i = 0; i < plot->series_count; i++)
		named += plot->series[i].name != NULL;
	if (named < 2)
		return;
	buf_add_text(out, "<ul class=\"legend\">");
	for (size_t i = 0; i < plot->series_count; i++) {
		const struct plot_series *series = &plot->series[i];

		if (!series->name)
			continue;
		buf_add_text(
			out, "<li><svg class=\"key\" viewBox=\"0 0 22 12\" aria-hidden=\"true\">");
		for (const char *at = marks[series->mark]; *at; at++) {
			if (at[0] == '%' && at[1] == 'u')
				buf_printf(out, "%u", series->colour), at++;
			else
				buf_add_byte(out, *at);
		}
		buf_printf(out, "</svg>%s</li>", series->name);
	}
	buf_add_text(out, "</ul>\n");
}

void plot_write(struct buf *out, const struct plot *plot)
{
	struct axis x = {.time = plot->x_is_time}, y = {.time = false};

	ranges(plot, &x, &y);
	if (!plot->x_is_time)
		pad(&x, false);
	pad(&y, plot->y_from_zero);
	x.from = LEFT, x.to = WIDTH - RIGHT;
	y.from = HEIGHT - BOTTOM, y.to = TOP;
	choose_ticks(&x, 5);
	choose_ticks(&y, 5);

	buf_printf(out,
		"<svg class=\"plot\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">",
		WIDTH, HEIGHT, plot->id, plot->id, plot->id);
	escape_html(out, plot->title);
	buf_printf(out, "</title><desc id=\"%s-d\">", plot->id);
	escape_html(out, plot->description);
	buf_add_text(out, "</desc>\n");
	draw_ticks(out, &x, &y, true);
	draw_ticks(out, &y, &x, false);
	buf_printf(out, "<path class=\"frame\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", x.from, y.to,
		y.from, x.to);
	draw_series(out, plot, &x, &y);
	draw_marker(out, plot, &x, &y);
	draw_labels(out, plot);
	buf_add_text(out, "</svg>\n");
	write_legend(out, plot);
}
