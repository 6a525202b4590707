// SPDX-License-Identifier: Apache-2.0
// Regressions of the total.
#include "model/growth.h"

#include "model/distribution.h"
#include "model/regression.h"

#include <math.h>
#include <string.h>

#define LEVEL 0.95
#define REWEIGHTINGS 3
#define COLUMNS_MAX 4

// A random walk of K steps bends a line like a recovery of mu T = 2.6 / sqrt(K) does, give or take;
// smaller ones than 4.5 of that are chance.
#define BENT_BY_CHANCE 12.0
#define STEP_CLEAR 4.0 // standard errors
#define STEP_ABSENT 3.0

struct growth_points {
	uint32_t count;
	double t_s[GROWTH_POINTS_MAX], g[GROWTH_POINTS_MAX], n[GROWTH_POINTS_MAX];
	double area[GROWTH_POINTS_MAX], little[GROWTH_POINTS_MAX];
	double base; // B
	bool has_requests, has_little;
	double power; // variance of the noise goes with this power of G: 1 by chance, 2 in
		      // proportion
};

enum column { COLUMN_ONE, COLUMN_REQUESTS, COLUMN_TIME, COLUMN_AREA, COLUMN_LITTLE };

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

static void add_point(struct growth_points *points, const struct series_point *before,
	const struct series_point *point)
{
	uint32_t i = points->count++;

	points->t_s[i] = point->t_s;
	points->g[i] = point->goroutines;
	points->n[i] = point->requests;
	points->little[i] = little_between(before, point);
	points->has_requests &= !isnan(point->requests);
	points->has_little &= i == 0 || !isnan(points->little[i]);
	if (i == 0)
		points->base = point->goroutines;
	points->area[i] =
		i == 0 ? 0
		       : points->area[i - 1] +
				 (points->t_s[i] - points->t_s[i - 1]) *
					 ((points->g[i] + points->g[i - 1]) / 2 - points->base);
}

static void gather(const struct series *series, uint32_t life, struct growth_points *points)
{
	const struct series_point *before = NULL;
	uint32_t usable = 0, seen = 0, stride;
	bool requests = !isnan(series->last.requests);

	*points = (struct growth_points){.has_requests = true, .has_little = true};
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
	if (points->has_little && points->count > 1)
		points->little[0] = points->little[1];
}

static double column_value(const struct growth_points *points, enum column column, uint32_t i)
{
	switch (column) {
	case COLUMN_REQUESTS:
		return points->n[i] - points->n[0];
	case COLUMN_TIME:
		return points->t_s[i] - points->t_s[0];
	case COLUMN_AREA:
		return -points->area[i];
	case COLUMN_LITTLE:
		return points->little[i];
	case COLUMN_ONE:
		break;
	}
	return 1;
}

// Weights by the fitted values, renewed.
static int fit_columns(const struct growth_points *points, const enum column *columns, int count,
	struct regression *fit)
{
	double x[GROWTH_POINTS_MAX * COLUMNS_MAX], weights[GROWTH_POINTS_MAX];
	int r = 0;

	for (uint32_t i = 0; i < points->count; i++) {
		weights[i] = pow(fmax(points->g[i], 1), -points->power);
		for (int j = 0; j < count; j++)
			x[i * (uint32_t)count + (uint32_t)j] = column_value(points, columns[j], i);
	}
	for (int turn = 0; r == 0 && turn < REWEIGHTINGS; turn++) {
		r = regress(x, points->g, weights, points->count, count, fit);
		for (uint32_t i = 0; r == 0 && turn + 1 < REWEIGHTINGS && i < points->count; i++) {
			double fitted = fmax(1, regression_at(fit, &x[i * (uint32_t)count]));

			weights[i] = pow(fitted, -points->power);
		}
	}
	if (r < 0)
		fit->aicc = INFINITY;
	return r;
}

// `exposure`: what the coefficient is per, over the whole fit. Leaks come by chance, so G is a
// random walk around its line: a slope of it varies by 6/5 of the rate over the exposure, which the
// residuals of one walk do not show.
static struct estimate coefficient_of(
	const struct regression *fit, int column, double exposure, const char *method)
{
	double value = fit->coefficient[column];
	double chance = exposure > 0 ? 1.2 * fabs(value) / exposure : 0;
	double error = hypot(regression_error(fit, column), sqrt(chance));
	double reach =
		error * student_t_quantile(1 - (1 - LEVEL) / 2, (double)fit->points - fit->columns);

	return estimate_of(
		value, value - reach, value + reach, LEVEL, method, (uint32_t)fit->points);
}

struct candidate {
	enum column columns[COLUMNS_MAX];
	int count;
	struct regression fit;
};

static void try_columns(const struct growth_points *points, struct candidate *candidate,
	enum column last, bool with_little)
{
	*candidate = (struct candidate){.columns = {COLUMN_ONE}, .count = 1};
	if (last != COLUMN_ONE)
		candidate->columns[candidate->count++] = last;
	if (with_little)
		candidate->columns[candidate->count++] = COLUMN_LITTLE;
	(void)fit_columns(points, candidate->columns, candidate->count, &candidate->fit);
}

// Whether a richer fit gains more than `least`. Residuals that remember their predecessor tell as
// much as fewer independent ones would, so the gain counts for less by as much.
static bool beats(const struct regression *rich, const struct regression *plain, double least)
{
	double widening = regression_widening(rich);

	return isinf(plain->aicc) || plain->aicc - rich->aicc > least * widening * widening;
}

// Which of the two the data speak for, on the richest line without recovery.
static void choose_power(struct growth_points *points)
{
	enum column last = points->has_requests ? COLUMN_REQUESTS : COLUMN_TIME;
	struct candidate by_chance, in_proportion;

	points->power = 1;
	try_columns(points, &by_chance, last, points->has_little);
	points->power = 2;
	try_columns(points, &in_proportion, last, points->has_little);
	if (by_chance.fit.aicc < in_proportion.fit.aicc)
		points->power = 1;
}

static void fit_lambda(const struct growth_points *points, bool with_little, struct growth *growth,
	struct candidate *pure)
{
	struct candidate recovering;
	double requests = points->n[points->count - 1] - points->n[0];
	double seconds = points->t_s[points->count - 1] - points->t_s[0];

	try_columns(points, pure, COLUMN_REQUESTS, with_little);
	if (isinf(pure->fit.aicc)) {
		growth->lambda = estimate_none("the request counter did not move");
		growth->mu_per_s = growth->lambda;
		return;
	}
	recovering = *pure;
	recovering.columns[recovering.count++] = COLUMN_AREA;
	(void)fit_columns(points, recovering.columns, recovering.count, &recovering.fit);
	if (beats(&recovering.fit, &pure->fit, GROWTH_AICC_KEEP) &&
		recovering.fit.coefficient[recovering.count - 1] * seconds >
			BENT_BY_CHANCE / sqrt(fmax(1, recovering.fit.coefficient[1] * requests))) {
		growth->lambda =
			coefficient_of(&recovering.fit, 1, requests, "least squares on requests");
		growth->mu_per_s = coefficient_of(
			&recovering.fit, recovering.count - 1, 0, "least squares on requests");
		growth->mu_per_s.low = fmax(0, growth->mu_per_s.low);
		pure->fit = recovering.fit;
		return;
	}
	growth->lambda = coefficient_of(&pure->fit, 1, requests, "least squares on requests");
	growth->mu_per_s = estimate_of(0, 0, NAN, LEVEL, "not needed by the fit", points->count);
}

static double variation_of_load(const struct growth_points *points)
{
	double mean = 0, squares = 0, n = 0;

	for (uint32_t i = 1; i < points->count; i++) {
		double step_s = points->t_s[i] - points->t_s[i - 1];
		double qps = (points->n[i] - points->n[i - 1]) / step_s;

		if (!(step_s > 0))
			continue;
		n++;
		squares += (qps - mean) * (qps - mean) * (n - 1) / n;
		mean += (qps - mean) / n;
	}
	return n > 1 && mean > 0 ? sqrt(squares / (n - 1)) / mean : NAN;
}

// A walk's levels mislead where its steps do not: does a step go with the requests in it, or with
// its length?
static enum growth_kind by_steps(const struct growth_points *points)
{
	double x[GROWTH_POINTS_MAX * 2], y[GROWTH_POINTS_MAX];
	struct regression fit;
	double of_time, of_load;

	for (uint32_t i = 1; i < points->count; i++) {
		x[2 * (i - 1)] = points->t_s[i] - points->t_s[i - 1];
		x[2 * (i - 1) + 1] = points->n[i] - points->n[i - 1];
		y[i - 1] = points->g[i] - points->g[i - 1];
	}
	if (regress(x, y, NULL, points->count - 1, 2, &fit) < 0)
		return GROWTH_INSEPARABLE;
	of_time = fit.coefficient[0] / sqrt(fit.covariance[0][0]);
	of_load = fit.coefficient[1] / sqrt(fit.covariance[1][1]);
	if (of_load > STEP_CLEAR && of_time < STEP_ABSENT)
		return GROWTH_LOAD;
	return of_time > STEP_CLEAR && of_load < STEP_ABSENT ? GROWTH_TIME : GROWTH_INSEPARABLE;
}

static enum growth_kind choose(const struct growth *growth, const struct growth_points *points,
	const struct regression *no_growth, const struct regression *by_time,
	const struct regression *by_load)
{
	double time = by_time->aicc, load = by_load->aicc;

	if (!beats(time < load ? by_time : by_load, no_growth, GROWTH_AICC_NONE))
		return GROWTH_NONE;
	if (isinf(load))
		return GROWTH_TIME;
	if (!(growth->qps_cv > GROWTH_QPS_CV))
		return GROWTH_INSEPARABLE;
	if (beats(by_load, by_time, GROWTH_AICC_KEEP))
		return GROWTH_LOAD;
	if (beats(by_time, by_load, GROWTH_AICC_KEEP))
		return GROWTH_TIME;
	return by_steps(points);
}

// Lives are replications: earlier lambdas join by inverse variance.
static void pool(struct estimate *lambda, const struct series *series, uint32_t life)
{
	struct growth_points points;
	struct candidate candidate;
	double weight, sum, weights;

	if (!estimate_known(lambda) || !(lambda->high > lambda->low))
		return;
	weights = 1 / pow(lambda->high - lambda->low, 2);
	sum = weights * lambda->value;
	for (uint32_t i = 0; i < life; i++) {
		struct estimate other;

		gather(series, i, &points);
		if (points.count < GROWTH_POINTS_MIN || !points.has_requests)
			continue;
		choose_power(&points);
		try_columns(&points, &candidate, COLUMN_REQUESTS, false);
		if (isinf(candidate.fit.aicc))
			continue;
		other = coefficient_of(&candidate.fit, 1, points.n[points.count - 1] - points.n[0],
			lambda->method);
		if (!(other.high > other.low))
			continue;
		weight = 1 / pow(other.high - other.low, 2);
		sum += weight * other.value;
		weights += weight;
		lambda->n += points.count;
	}
	lambda->value = sum / weights;
	lambda->low = lambda->value - 0.5 / sqrt(weights);
	lambda->high = lambda->value + 0.5 / sqrt(weights);
}

struct growth growth_of(const struct series *series, uint32_t life)
{
	struct growth_points points;
	struct candidate none, time, load = {.fit.aicc = INFINITY}, plain;
	struct growth growth = {.qps_cv = NAN, .first_requests = NAN, .first_goroutines = NAN};
	bool little;

	gather(series, life, &points);
	if (points.count < GROWTH_POINTS_MIN) {
		growth.lambda = growth.mu_per_s = growth.per_s =
			estimate_none("needs %d ticks with totals", GROWTH_POINTS_MIN);
		return growth;
	}
	growth.first_requests = points.n[0];
	growth.first_goroutines = points.g[0];
	choose_power(&points);
	try_columns(&points, &plain, COLUMN_ONE, false);
	try_columns(&points, &none, COLUMN_ONE, points.has_little);
	little = points.has_little && none.fit.aicc + GROWTH_AICC_KEEP < plain.fit.aicc &&
		 none.fit.coefficient[1] > 0;
	if (!little)
		none = plain;
	try_columns(&points, &time, COLUMN_TIME, little);
	growth.per_s = isinf(time.fit.aicc) ? estimate_none("no time passed")
					    : coefficient_of(&time.fit, 1,
						      points.t_s[points.count - 1] - points.t_s[0],
						      "least squares on time");
	if (points.has_requests) {
		growth.qps_cv = variation_of_load(&points);
		fit_lambda(&points, little, &growth, &load);
		if (life > 0 && !(growth.mu_per_s.value > 0))
			pool(&growth.lambda, series, life);
	} else {
		growth.lambda = growth.mu_per_s =
			estimate_none("the target tells no request counter");
	}
	growth.kind = choose(&growth, &points, &none.fit, &time.fit, &load.fit);
	return growth;
}
