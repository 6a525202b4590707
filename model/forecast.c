// SPDX-License-Identifier: Apache-2.0
// Times to limits.
#include "model/forecast.h"

#include "model/regression.h"

#define LEVEL 0.95
#define GROWTH_MIN 50.0 // goroutines between least and most, before memory is blamed on them
#define POINTS_MIN 5

struct estimate bytes_per_goroutine(const struct series *series, uint32_t life)
{
	double x[THEIL_SEN_POINTS_MAX], y[THEIL_SEN_POINTS_MAX];
	uint32_t count = series_count(series), points = 0;
	uint32_t stride = count / THEIL_SEN_POINTS_MAX + 1;
	double least = INFINITY, most = -INFINITY;
	struct theil_sen line;

	for (uint32_t i = 0; i < count && points < THEIL_SEN_POINTS_MAX; i += stride) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || isnan(point->goroutines) || isnan(point->rss_bytes))
			continue;
		x[points] = point->goroutines;
		y[points++] = point->rss_bytes;
		least = fmin(least, point->goroutines);
		most = fmax(most, point->goroutines);
	}
	if (points < POINTS_MIN)
		return estimate_none(
			"needs %d ticks with resident memory and goroutines", POINTS_MIN);
	if (most - least < GROWTH_MIN)
		return estimate_none(
			"goroutines moved by %.0f only: memory per goroutine not identified",
			most - least);
	line = theil_sen(x, y, points, LEVEL);
	if (!(line.slope > 0))
		return estimate_none("resident memory did not grow with the goroutines");
	return estimate_of(line.slope, fmax(0, line.low), line.high, LEVEL,
		"Theil-Sen of resident memory on goroutines", points);
}

struct estimate until_filled(struct estimate room, const struct estimate *rate, const char *method)
{
	double low, high;

	if (!estimate_known(&room))
		return room;
	if (!estimate_known(rate))
		return *rate;
	if (room.value <= 0)
		return estimate_of(0, 0, 0, LEVEL, method, rate->n);
	if (!(rate->value > 0))
		return estimate_of(INFINITY, INFINITY, INFINITY, LEVEL, method, rate->n);
	low = fmax(0, room.low) / rate->high;
	high = rate->low > 0 ? room.high / rate->low : INFINITY;
	return estimate_of(room.value / rate->value, low, high, LEVEL, method, rate->n);
}
