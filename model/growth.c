// SPDX-License-Identifier: Apache-2.0
// Rates of the total, from the models that were fitted to it.
#include "model/growth.h"

#include "model/distribution.h"

#include <math.h>

#define LEVEL 0.95

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

static void take_recovery(
	const struct growth_points *points, const struct regression *fit, struct growth *growth)
{
	growth->lambda =
		coefficient_of(fit, 1, growth_points_requests(points), "least squares on requests");
	growth->mu_per_s = coefficient_of(fit, 2, 0, "least squares on requests");
	growth->mu_per_s.low = fmax(0, growth->mu_per_s.low);
}

static void fill_lambda(const struct growth_points *points, const struct growth_choice *choice,
	struct growth *growth)
{
	const struct regression *pure = &choice->models[GROWTH_LOAD].fit;
	const struct regression *recovering = &choice->models[GROWTH_RECOVERING].fit;

	if (!points->has_requests) {
		growth->lambda = growth->mu_per_s =
			estimate_none("the target tells no request counter");
	} else if (isinf(pure->aicc)) {
		growth->lambda = growth->mu_per_s =
			estimate_none("the request counter did not move");
	} else if (growth_beats(recovering, pure, GROWTH_AICC_KEEP)) {
		take_recovery(points, recovering, growth);
	} else {
		growth->lambda = coefficient_of(
			pure, 1, growth_points_requests(points), "least squares on requests");
		growth->mu_per_s =
			estimate_of(0, 0, NAN, LEVEL, "not needed by the fit", points->count);
	}
}

// A sum of estimates, each weighted by its inverse variance.
struct pool {
	double sum, weights;
};

static void pool_add(struct pool *pool, const struct estimate *estimate)
{
	double weight = 1 / pow(estimate->high - estimate->low, 2);

	if (!(estimate->high > estimate->low))
		return;
	pool->sum += weight * estimate->value;
	pool->weights += weight;
}

// Lives are replications (leak-model 1.4): earlier lambdas join by inverse variance, and what tells
// load from time adds up.
static void pool_lives(struct growth *growth, const struct series *series, uint32_t life)
{
	struct growth_points points;
	struct growth_model time, load;
	struct pool pool = {0};
	double load_gain = 0, variation = 0;

	pool_add(&pool, &growth->lambda);
	for (uint32_t i = 0; i < life; i++) {
		struct estimate lambda;

		growth_points_gather(series, i, &points);
		if (points.count < GROWTH_POINTS_MIN || !points.has_requests)
			continue;
		growth_line(&points, GROWTH_TIME, &time);
		growth_line(&points, GROWTH_LOAD, &load);
		if (isinf(load.fit.aicc) || isinf(time.fit.aicc))
			continue;
		load_gain +=
			(time.fit.aicc - load.fit.aicc) /
			pow(fmin(regression_widening(&time.fit), regression_widening(&load.fit)),
				2);
		variation = fmax(variation, growth_points_load_variation(&points));
		lambda = coefficient_of(&load.fit, 1, growth_points_requests(&points), "");
		pool_add(&pool, &lambda);
		growth->lambda.n += points.count;
	}
	if (pool.weights > 0) {
		growth->lambda.value = pool.sum / pool.weights;
		growth->lambda.low = growth->lambda.value - 0.5 / sqrt(pool.weights);
		growth->lambda.high = growth->lambda.value + 0.5 / sqrt(pool.weights);
	}
	if (growth->driver == GROWTH_INSEPARABLE && variation > GROWTH_QPS_CV &&
		fabs(load_gain) > GROWTH_AICC_KEEP)
		growth->driver = load_gain > 0 ? GROWTH_LOAD : GROWTH_TIME;
	if (growth->kind == GROWTH_INSEPARABLE)
		growth->kind = growth->driver;
}

static void fill_rates(
	struct growth *growth, struct growth_points *points, const struct growth_choice *choice)
{
	const struct regression *time = &choice->models[GROWTH_TIME].fit;

	growth->per_s = isinf(time->aicc) ? estimate_none("no time passed")
					  : coefficient_of(time, 1, growth_points_seconds(points),
						    "least squares on time");
	fill_lambda(points, choice, growth);
	growth->qps_cv = choice->load_variation;
	growth->kind = choice->kind;
	growth->driver = choice->driver;
	if (growth->kind == GROWTH_SATURATING || growth->kind == GROWTH_STEP)
		growth->shape_s = choice->models[growth->kind].columns.shape;
}

struct growth growth_of(const struct series *series, uint32_t life)
{
	struct growth growth = {
		.shape_s = NAN, .qps_cv = NAN, .first_requests = NAN, .first_goroutines = NAN};
	struct growth_points points;
	struct growth_choice choice;

	growth_points_gather(series, life, &points);
	if (points.count < GROWTH_POINTS_MIN) {
		growth.lambda = growth.mu_per_s = growth.per_s =
			estimate_none("needs %d ticks with totals", GROWTH_POINTS_MIN);
		return growth;
	}
	growth.first_requests = points.n[0];
	growth.first_goroutines = points.g[0];
	growth_choose(&points, &choice);
	fill_rates(&growth, &points, &choice);
	if (life > 0 && estimate_known(&growth.lambda) && !(growth.mu_per_s.value > 0))
		pool_lives(&growth, series, life);
	return growth;
}
