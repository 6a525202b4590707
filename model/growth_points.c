// SPDX-License-Identifier: Apache-2.0
// Points of one life, and columns made of them.
#include "model/growth_points.h"

#include <math.h>

#define REWEIGHTINGS 3
#define FAST_S 300.0
#define SLOW_S 1800.0

static bool is_usable(const struct series_point *point, uint32_t life)
{
	return point->life == life && !isnan(point->goroutines);
}

static double little_between(const struct series_point *a, const struct series_point *b)
{
	if (!isnan(b->in_flight))
		return b->in_flight;
	return a && b->t_s > a->t_s ? (b->request_seconds - a->request_seconds) / (b->t_s - a->t_s)
				    : NAN;
}

// Exponential smoothing of what an interval of `step_s` said.
static double smooth(double before, double now, double step_s, double over_s)
{
	if (isnan(before))
		return now;
	return before + (1 - exp(-step_s / over_s)) * (now - before);
}

static void add_load(struct growth_points *points, uint32_t i)
{
	double step_s = points->t_s[i] - points->t_s[i - 1];
	double qps = (points->n[i] - points->n[i - 1]) / step_s;

	points->area[i] = points->area[i - 1] +
			  step_s * ((points->g[i] + points->g[i - 1]) / 2 - points->base);
	points->fast[i] = smooth(i > 1 ? points->fast[i - 1] : NAN, qps, step_s, FAST_S);
	points->slow[i] = smooth(i > 1 ? points->slow[i - 1] : NAN, qps, step_s, SLOW_S);
}

static void add_point(struct growth_points *points, const struct series_point *before,
	const struct series_point *point)
{
	uint32_t i = points->count;

	if (i > 0 && !(point->t_s > points->t_s[i - 1]))
		return;
	points->t_s[i] = point->t_s;
	points->g[i] = point->goroutines;
	points->n[i] = point->requests;
	points->little[i] = little_between(before, point);
	points->has_requests &= !isnan(point->requests);
	points->has_little &= i == 0 || !isnan(points->little[i]);
	points->area[i] = 0;
	if (i == 0)
		points->base = point->goroutines;
	else
		add_load(points, i);
	points->count++;
}

// The first point ends no interval; it has what the second has.
static void fill_first(struct growth_points *points)
{
	if (points->count < 2)
		return;
	points->fast[0] = points->fast[1];
	points->slow[0] = points->slow[1];
	if (points->has_little && isnan(points->little[0]))
		points->little[0] = points->little[1];
}

void growth_points_gather(const struct series *series, uint32_t life, struct growth_points *points)
{
	const struct series_point *before = NULL;
	uint32_t usable = 0, seen = 0, stride;
	bool requests = !isnan(series->last.requests);

	points->count = 0;
	points->has_requests = points->has_little = true;
	points->base = NAN;
	points->power = 1;
	for (uint32_t i = 0; i < series_count(series); i++)
		usable += is_usable(series_at(series, i), life);
	stride = (usable + GROWTH_POINTS_MAX - 1) / GROWTH_POINTS_MAX;
	for (uint32_t i = 0; i < series_count(series) && points->count < GROWTH_POINTS_MAX; i++) {
		const struct series_point *point = series_at(series, i);

		if (!is_usable(point, life) || (requests && isnan(point->requests)))
			continue;
		if (seen++ % stride == 0) {
			add_point(points, before, point);
			before = point;
		}
	}
	fill_first(points);
}

double growth_points_requests(const struct growth_points *points)
{
	return points->n[points->count - 1] - points->n[0];
}

double growth_points_seconds(const struct growth_points *points)
{
	return points->t_s[points->count - 1] - points->t_s[0];
}

double growth_points_load_variation(const struct growth_points *points)
{
	double mean = 0, squares = 0, n = 0;

	for (uint32_t i = 1; i < points->count; i++) {
		double step_s = points->t_s[i] - points->t_s[i - 1];
		double qps = (points->n[i] - points->n[i - 1]) / step_s;

		n++;
		squares += (qps - mean) * (qps - mean) * (n - 1) / n;
		mean += (qps - mean) / n;
	}
	return n > 1 && mean > 0 ? sqrt(squares / (n - 1)) / mean : NAN;
}

void growth_columns_add(struct growth_columns *columns, enum growth_column column)
{
	if (columns->count < GROWTH_COLUMNS_MAX)
		columns->items[columns->count++] = column;
}

static double column_value(
	const struct growth_points *points, enum growth_column column, double shape, uint32_t i)
{
	double t_s = points->t_s[i] - points->t_s[0];

	switch (column) {
	case COLUMN_REQUESTS:
		return points->n[i] - points->n[0];
	case COLUMN_TIME:
		return t_s;
	case COLUMN_AREA:
		return -points->area[i];
	case COLUMN_LITTLE:
		return points->little[i];
	case COLUMN_FAST:
		return points->fast[i];
	case COLUMN_SLOW:
		return points->slow[i];
	case COLUMN_CURVE:
		return -expm1(-t_s / shape);
	case COLUMN_STEP:
		return t_s >= shape;
	case COLUMN_ONE:
		break;
	}
	return 1;
}

static int fit_weighted(const struct growth_points *points, const struct growth_columns *columns,
	int reweightings, struct regression *fit)
{
	double x[GROWTH_POINTS_MAX * GROWTH_COLUMNS_MAX], weights[GROWTH_POINTS_MAX];
	uint32_t width = (uint32_t)columns->count;
	int r = 0;

	for (uint32_t i = 0; i < points->count; i++) {
		weights[i] = pow(fmax(points->g[i], 1), -points->power);
		for (uint32_t j = 0; j < width; j++)
			x[i * width + j] =
				column_value(points, columns->items[j], columns->shape, i);
	}
	for (int turn = 0; r == 0 && turn < reweightings; turn++) {
		r = regress(x, points->g, weights, points->count, columns->count, fit);
		for (uint32_t i = 0; r == 0 && turn + 1 < reweightings && i < points->count; i++) {
			double fitted = fmax(1, regression_at(fit, &x[i * width]));

			weights[i] = pow(fitted, -points->power);
		}
	}
	if (r < 0)
		fit->aicc = INFINITY;
	return r;
}

int growth_columns_fit(const struct growth_points *points, const struct growth_columns *columns,
	struct regression *fit)
{
	return fit_weighted(points, columns, REWEIGHTINGS, fit);
}

int growth_columns_fit_once(const struct growth_points *points,
	const struct growth_columns *columns, struct regression *fit)
{
	return fit_weighted(points, columns, 1, fit);
}
