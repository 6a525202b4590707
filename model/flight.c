// SPDX-License-Identifier: Apache-2.0
// An early and a late part of a time, and what differs between them.
#include "model/flight.h"

#include <math.h>

#define GROWN_FACTOR 1.5
#define GROWN_SIGMAS 3.0
#define POINTS_MIN 6
#define EARLY_POINTS_MIN 3

struct span {
	double from_s, to_s;
};

static double difference(double before, double after, double seconds)
{
	return seconds > 0 ? (after - before) / seconds : NAN;
}

// First and last point of the life within a span that know the value.
static void ends_of(const struct series *series, uint32_t life, const struct span *span,
	double (*value)(const struct series_point *), const struct series_point *ends[2])
{
	ends[0] = ends[1] = NULL;
	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || point->t_s < span->from_s || point->t_s > span->to_s ||
			isnan(value(point)))
			continue;
		ends[0] = ends[0] ? ends[0] : point;
		ends[1] = point;
	}
}

static double requests_of(const struct series_point *point)
{
	return point->requests;
}

static double seconds_of(const struct series_point *point)
{
	return point->request_seconds;
}

static double rate_of(const struct series *series, uint32_t life, const struct span *span,
	double (*value)(const struct series_point *))
{
	const struct series_point *ends[2];

	ends_of(series, life, span, value, ends);
	if (!ends[0])
		return NAN;
	return difference(value(ends[0]), value(ends[1]), ends[1]->t_s - ends[0]->t_s);
}

static double mean_gauge(const struct series *series, uint32_t life, const struct span *span)
{
	double sum = 0, count = 0;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || point->t_s < span->from_s || point->t_s > span->to_s ||
			isnan(point->in_flight))
			continue;
		sum += point->in_flight;
		count++;
	}
	return count > 0 ? sum / count : NAN;
}

static bool parts_of(const struct series *series, uint32_t life, double early_to_s, double to_s,
	struct span span[2])
{
	const struct series_point *first = NULL, *last = NULL;
	uint32_t points = 0, early = 0;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || point->t_s > to_s)
			continue;
		first = first ? first : point;
		last = point;
		points++;
		early += point->t_s <= early_to_s;
	}
	if (points < POINTS_MIN)
		return false;
	span[0] = (struct span){first->t_s, first->t_s + (last->t_s - first->t_s) / 3};
	if (early >= EARLY_POINTS_MIN && early_to_s < span[0].to_s)
		span[0].to_s = early_to_s;
	span[1] = (struct span){last->t_s - (last->t_s - first->t_s) / 3, last->t_s};
	return true;
}

struct flight flight_of(const struct series *series, uint32_t life, double early_to_s, double to_s)
{
	struct flight flight = {{NAN, NAN}, {NAN, NAN}, {NAN, NAN}, {NAN, NAN}};
	struct span span[2];

	if (!parts_of(series, life, early_to_s, to_s, span))
		return flight;
	for (int i = 0; i < 2; i++) {
		flight.in_flight[i] = mean_gauge(series, life, &span[i]);
		flight.completing[i] = rate_of(series, life, &span[i], seconds_of);
		flight.per_s[i] = rate_of(series, life, &span[i], requests_of);
		flight.latency_s[i] =
			flight.per_s[i] > 0 ? flight.completing[i] / flight.per_s[i] : (double)NAN;
	}
	return flight;
}

double flight_ratio(const double pair[2])
{
	return pair[0] > 0 ? pair[1] / pair[0] : NAN;
}

static bool has_grown(const double pair[2])
{
	return pair[1] > GROWN_FACTOR * pair[0] &&
	       pair[1] - pair[0] > GROWN_SIGMAS * sqrt(pair[1] + 1);
}

// The gauge grew, and those that complete did not grow with it.
static bool is_stuck(const struct flight *flight)
{
	double grown = flight->in_flight[1] - flight->in_flight[0];
	double completing = flight->completing[1] - flight->completing[0];

	return grown - completing >= FLIGHT_STUCK_SHARE * grown;
}

enum flight_case flight_case_of(const struct flight *flight)
{
	bool gauge = !isnan(flight->in_flight[0]) && !isnan(flight->in_flight[1]);
	bool sums = !isnan(flight->completing[0]) && !isnan(flight->completing[1]);
	double latency = flight_ratio(flight->latency_s), load = flight_ratio(flight->per_s);

	if (!gauge && !sums)
		return FLIGHT_UNKNOWN;
	if (!has_grown(gauge ? flight->in_flight : flight->completing))
		return FLIGHT_LEVEL;
	if (!sums)
		return FLIGHT_UNKNOWN;
	if (gauge && is_stuck(flight))
		return FLIGHT_STUCK;
	if (latency >= FLIGHT_LATENCY_RISE && !(load > latency))
		return FLIGHT_SLOW;
	return load >= FLIGHT_LOAD_RISE ? FLIGHT_LOAD : FLIGHT_UNKNOWN;
}
