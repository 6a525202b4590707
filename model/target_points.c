// SPDX-License-Identifier: Apache-2.0
// Points for plots.
#include "model/target_points.h"

#include <errno.h>
#include <stdlib.h>

// Leaked goroutines that are there now, by the dump in which they came to their stack: cumulative.
static int leaked_by_tick(
	const struct target *target, const struct assessments *assessments, double **ret_leaked)
{
	const struct tracker *tracker = target->life->tracker;
	double *leaked;

	*ret_leaked = NULL;
	if (!tracker || tracker->tick_count == 0)
		return 0;
	leaked = calloc(tracker->tick_count, sizeof(*leaked));
	if (!leaked)
		return -ENOMEM;
	for (uint32_t i = 0; i < assessments->count; i++) {
		const struct assessment *a = &assessments->items[i];

		if (a->target != target || !a->tracked || !assessment_leaks(a))
			continue;
		for (uint32_t j = 0; j < a->tracked->count; j++)
			leaked[a->tracked->goroutines[j].since]++;
	}
	for (uint32_t i = 1; i < tracker->tick_count; i++)
		leaked[i] += leaked[i - 1];
	*ret_leaked = leaked;
	return 0;
}

static double leaked_at(const struct tracker *tracker, const double *leaked, double t_s)
{
	uint32_t low = 0, high = tracker->tick_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (tracker->ticks[middle].t_s <= t_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? leaked[low - 1] : NAN;
}

static void fill_point(const struct series_point *before, const struct series_point *point,
	struct target_point *out)
{
	double step_s = before && before->life == point->life ? point->t_s - before->t_s : 0;

	*out = (struct target_point){
		.mono_ms = point->mono_ms,
		.wall_ms = point->wall_ms,
		.goroutines = point->goroutines,
		.leaked = NAN,
		.qps = step_s > 0 ? (point->requests - before->requests) / step_s : NAN,
		.requests = point->requests,
		.fit = NAN,
		.fit_low = NAN,
		.fit_high = NAN,
		.stop_ms = point->stop_ms,
	};
}

// The line of lambda through the middle of what is fitted: leaked goroutines where they are known,
// else the total. The band is the interval of lambda around that middle.
static void fit_points(struct target_point *points, uint32_t count, const struct estimate *lambda)
{
	double mean_x = 0, mean_y = 0, n = 0;

	for (uint32_t i = 0; i < count; i++) {
		double y = isnan(points[i].leaked) ? points[i].goroutines : points[i].leaked;

		if (isnan(points[i].requests) || isnan(y))
			continue;
		mean_x += points[i].requests;
		mean_y += y;
		n++;
	}
	for (uint32_t i = 0; n > 0 && i < count; i++) {
		double x = points[i].requests - mean_x / n;
		double a = mean_y / n + lambda->low * x, b = mean_y / n + lambda->high * x;

		points[i].fit = mean_y / n + lambda->value * x;
		points[i].fit_low = fmin(a, b);
		points[i].fit_high = fmax(a, b);
	}
}

int target_points_make(const struct target *target, const struct assessments *assessments,
	const struct estimate *lambda, struct arena *arena, struct target_report *report)
{
	uint32_t count = series_count(&target->series);
	double *leaked;
	int r = leaked_by_tick(target, assessments, &leaked);

	if (r < 0)
		return r;
	report->points = arena_array(arena, count, sizeof(*report->points));
	if (count > 0 && !report->points) {
		free(leaked);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct series_point *point = series_at(&target->series, i);

		fill_point(i ? series_at(&target->series, i - 1) : NULL, point, &report->points[i]);
		if (leaked && point->life == target->life->index)
			report->points[i].leaked =
				leaked_at(target->life->tracker, leaked, point->t_s);
	}
	free(leaked);
	report->point_count = count;
	if (estimate_known(lambda))
		fit_points(report->points, count, lambda);
	return 0;
}
