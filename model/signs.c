// SPDX-License-Identifier: Apache-2.0
// Trends of the four signs.
#include "model/signs.h"

#include "model/regression.h"

#include <math.h>

// A course in at most SIGN_BLOCKS block medians.
struct course {
	double x[SIGN_BLOCKS], y[SIGN_BLOCKS];
	uint32_t points; // before they were joined
	size_t count;
};

// The next value of a course from index `*at` on; false at its end.
typedef bool next_value(const struct target *target, uint32_t *at, double *t_s, double *value);

static bool next_point(const struct target *target, uint32_t *at, double *t_s, double *value,
	double (*value_of)(const struct series_point *))
{
	const struct series *series = &target->series;

	while (*at < series_count(series)) {
		const struct series_point *point = series_at(series, (*at)++);

		if (point->life != target->life->index || isnan(value_of(point)))
			continue;
		*t_s = point->t_s;
		*value = value_of(point);
		return true;
	}
	return false;
}

static double goroutines_of(const struct series_point *point)
{
	return point->goroutines;
}

static double heap_of(const struct series_point *point)
{
	return point->heap_bytes;
}

static double resident_of(const struct series_point *point)
{
	return point->rss_bytes;
}

static bool next_goroutines(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	return next_point(target, at, t_s, value, goroutines_of);
}

static bool next_heap(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	return next_point(target, at, t_s, value, heap_of);
}

static bool next_resident(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	return next_point(target, at, t_s, value, resident_of);
}

static const struct contention_point *next_delay(
	const struct target *target, uint32_t *at, double *t_s)
{
	while (*at < target->contention.point_count) {
		const struct contention_point *point = &target->contention.points[(*at)++];

		*t_s = point->t_s - point->seconds / 2;
		if (*t_s >= target->life->first_t_s)
			return point;
	}
	return NULL;
}

static bool next_block(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	const struct contention_point *point = next_delay(target, at, t_s);

	*value = point ? point->others : NAN;
	return point != NULL;
}

static bool next_locks(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	const struct contention_point *point = next_delay(target, at, t_s);

	*value = point ? point->locks : NAN;
	return point != NULL;
}

static bool next_mutex(const struct target *target, uint32_t *at, double *t_s, double *value)
{
	const struct contention_point *point = next_delay(target, at, t_s);

	*value = point ? point->mutex : NAN;
	return point != NULL;
}

static uint32_t count_values(const struct target *target, next_value *next)
{
	uint32_t at = 0, count = 0;
	double t_s, value;

	while (next(target, &at, &t_s, &value))
		count++;
	return count;
}

// Medians of blocks of neighbours: they remember their predecessor less than ticks do, and a
// garbage collection more or less does not matter.
static void gather(const struct target *target, next_value *next, struct course *course)
{
	double block[SERIES_POINTS_MAX / SIGN_BLOCKS + 2], t_s = NAN, value = NAN, sum_s = 0;
	uint32_t each, at = 0, filled = 0, left;

	course->count = 0;
	course->points = left = count_values(target, next);
	each = (course->points + SIGN_BLOCKS - 1) / SIGN_BLOCKS;
	while (next(target, &at, &t_s, &value)) {
		block[filled++] = value;
		sum_s += t_s;
		left--;
		if (filled < each && left > 0)
			continue;
		course->x[course->count] = sum_s / filled;
		course->y[course->count++] = median(block, filled);
		sum_s = filled = 0;
	}
}

struct demand {
	double share, least; // of a rise, to be called up
};

static void decide(const struct course *course, const struct demand *demand, struct sign *sign)
{
	double span_s = course->x[course->count - 1] - course->x[0];
	struct theil_sen line = theil_sen(course->x, course->y, course->count, SIGN_LEVEL);
	double rise = line.slope * span_s;

	if (isnan(line.slope)) {
		sign->why = "the ticks carry no times";
		return;
	}
	sign->first = fmax(0, line.intercept + line.slope * course->x[0]);
	sign->last = fmax(0, sign->first + rise);
	sign->per_h = estimate_of(line.slope * 3600, line.low * 3600, line.high * 3600, SIGN_LEVEL,
		"Theil-Sen slope of block medians", course->points);
	sign->state = line.low > 0 && rise >= demand->share * sign->first && rise >= demand->least
			      ? SIGN_UP
			      : SIGN_LEVEL_OR_DOWN;
}

static void find_sign(const struct target *target, next_value *next, const char *from,
	const struct demand *demand, struct sign *sign)
{
	struct course course;

	gather(target, next, &course);
	sign->from = from;
	if (course.points < SIGN_POINTS_MIN)
		sign->why = "needs six ticks of one process";
	else
		decide(&course, demand, sign);
}

static void find_heap(const struct target *target, struct sign *sign)
{
	static const struct demand demand = {SIGN_HEAP_SHARE, SIGN_HEAP_LEAST};

	if (count_values(target, next_heap) > 0)
		find_sign(target, next_heap, "Go heap", &demand, sign);
	else if (count_values(target, next_resident) > 0)
		find_sign(target, next_resident, SIGN_FROM_RESIDENT, &demand, sign);
	else
		sign->why = "the target tells neither heap nor resident memory";
}

static const char *why_no_rows(const struct target *target)
{
	return target->contention.fetches > 0 ? "the profile is empty: its rate is not set"
					      : "its profile was not fetched";
}

static void find_delays(const struct target *target, struct sign *block, struct sign *mutex)
{
	static const struct demand demand = {SIGN_DELAY_SHARE, SIGN_DELAY_LEAST};
	const struct contention *contention = &target->contention;

	if (contention->block_filled > 0)
		find_sign(target, next_block, "block profile", &demand, block);
	else
		block->why = why_no_rows(target);
	if (contention->mutex_filled > 0)
		find_sign(target, next_mutex, "mutex profile", &demand, mutex);
	else if (contention->block_filled > 0)
		find_sign(target, next_locks, "locks of the block profile", &demand, mutex);
	else
		mutex->why = why_no_rows(target);
}

void signs_of(const struct target *target, struct signs *signs)
{
	static const struct demand demand = {SIGN_GOROUTINES_SHARE, SIGN_GOROUTINES_LEAST};

	for (int i = 0; i < SIGNS; i++)
		signs->sign[i] = (struct sign){.first = NAN,
			.last = NAN,
			.why = "nothing was observed",
			.per_h = estimate_none("not known")};
	if (!target->life || isnan(target->life->first_t_s))
		return;
	find_sign(target, next_goroutines, "goroutines", &demand, &signs->sign[SIGN_GOROUTINES]);
	find_heap(target, &signs->sign[SIGN_HEAP]);
	find_delays(target, &signs->sign[SIGN_BLOCK], &signs->sign[SIGN_MUTEX]);
}
