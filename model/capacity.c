// SPDX-License-Identifier: Apache-2.0
// Laws of capacity: their shapes, fits and times.
#include "model/capacity.h"

#include "model/distribution.h"
#include "model/regression.h"

#define GRID 24
#define LEAST_U 0.01 // of the fits: at the most leaked goroutines
#define MOST_U 100.0
#define TOLERANCE 1e-4 // of ln theta
#define SIMPSON_STEPS 400
#define STEP 1e-3 // of a logarithm, for derivatives

const char *capacity_law_name(enum capacity_law law)
{
	static const char *const names[CAPACITY_LAWS] = {
		[CAPACITY_EXPONENTIAL] = "exponential",
		[CAPACITY_AMDAHL] = "amdahl",
		[CAPACITY_SCALABILITY] = "scalability",
		[CAPACITY_COHERENCY] = "coherency",
		[CAPACITY_SLOTS] = "slots",
		[CAPACITY_MEMORY] = "memory",
	};

	return names[law];
}

double capacity_at(enum capacity_law law, double u)
{
	switch (law) {
	case CAPACITY_AMDAHL:
		return 1 / (1 + u);
	case CAPACITY_SCALABILITY:
		return 1 / (1 + u + u * u);
	case CAPACITY_COHERENCY:
		return 1 / (1 + u * u);
	case CAPACITY_SLOTS:
		return fmax(0, 1 - u);
	case CAPACITY_MEMORY:
		return u < 0.5 ? 1 - u / (1 - u) : 0;
	default:
		return exp(-u);
	}
}

// d ln c / d ln u
static double log_slope(enum capacity_law law, double u)
{
	switch (law) {
	case CAPACITY_AMDAHL:
		return -u / (1 + u);
	case CAPACITY_SCALABILITY:
		return -u * (1 + 2 * u) / (1 + u + u * u);
	case CAPACITY_COHERENCY:
		return -2 * u * u / (1 + u * u);
	case CAPACITY_SLOTS:
		return -u / (1 - u);
	case CAPACITY_MEMORY:
		return -u / ((1 - u) * (1 - 2 * u));
	default:
		return -u;
	}
}

double capacity_inverse(enum capacity_law law, double share)
{
	switch (law) {
	case CAPACITY_AMDAHL:
		return 1 / share - 1;
	case CAPACITY_SCALABILITY:
		return (sqrt(1 + 4 * (1 / share - 1)) - 1) / 2;
	case CAPACITY_COHERENCY:
		return sqrt(1 / share - 1);
	case CAPACITY_SLOTS:
		return 1 - share;
	case CAPACITY_MEMORY:
		return (1 - share) / (2 - share);
	default:
		return -log(share);
	}
}

static double growth_per_s(const struct capacity_path *path, double leaked)
{
	return path->lambda * path->q0 * capacity_at(path->law, path->theta * leaked) -
	       path->mu_per_s * leaked;
}

double capacity_seconds_to_share(const struct capacity_path *path, double share)
{
	double goal = capacity_inverse(path->law, share) / path->theta;
	double h = (goal - path->start) / SIMPSON_STEPS, sum = 0;

	if (!(path->theta > 0) || !(path->lambda > 0))
		return INFINITY;
	if (h <= 0)
		return 0;
	for (int i = 0; i <= SIMPSON_STEPS; i++) {
		double slope = growth_per_s(path, path->start + i * h);
		int weight = i == 0 || i == SIMPSON_STEPS ? 1 : i % 2 ? 4 : 2;

		if (!(slope > 0)) // in balance before it gets there
			return INFINITY;
		sum += weight / slope;
	}
	return sum * h / 3;
}

struct law_data {
	enum capacity_law law;
	const double *leaked, *log_capacity;
	size_t points;
};

// Squares around the mean, the level being fitted with it.
static double misfit(double log_theta, void *context)
{
	const struct law_data *data = context;
	double mean = 0, squares = 0;

	for (size_t i = 0; i < data->points; i++) {
		double c = capacity_at(data->law, exp(log_theta) * data->leaked[i]);
		double off = data->log_capacity[i] - log(c) - mean;

		if (!(c > 0))
			return INFINITY;
		mean += off / (double)(i + 1);
		squares += off * off * (double)i / (double)(i + 1);
	}
	return squares;
}

static double find_log_theta(struct law_data *data, double most)
{
	double first = log(LEAST_U / most), step = log(MOST_U / LEAST_U) / (GRID - 1);
	double best = first, least = INFINITY;

	for (int i = 0; i < GRID; i++) {
		double at = misfit(first + i * step, data);

		if (at < least) {
			least = at;
			best = first + i * step;
		}
	}
	return golden_section(misfit, data, best - step,
		fmin(best + step, log(capacity_inverse(data->law, 0) / most)), TOLERANCE);
}

// The law made linear around its best theta: covariance and AICc come from that.
static void fit_law(struct law_data *data, double most, struct capacity_fit *fit)
{
	double x[CAPACITY_POINTS_MAX * 2], y[CAPACITY_POINTS_MAX];
	struct regression line;

	*fit = (struct capacity_fit){.theta = exp(find_log_theta(data, most))};
	for (size_t i = 0; i < data->points; i++) {
		double u = fit->theta * data->leaked[i];
		double log_c = log(capacity_at(data->law, u));

		x[2 * i] = 1;
		x[2 * i + 1] = log_slope(data->law, u);
		y[i] = data->log_capacity[i] - log_c;
		fit->mean_log += log_c / (double)data->points;
		fit->mean_slope += x[2 * i + 1] / (double)data->points;
	}
	if (!isfinite(fit->mean_log) || regress(x, y, NULL, data->points, 2, &line) < 0) {
		*fit = (struct capacity_fit){.theta = NAN, .aicc = INFINITY, .excluded = true};
		return;
	}
	fit->log_theta_variance = pow(regression_error(&line, 1), 2);
	fit->aicc = line.aicc;
	fit->excluded = false;
}

static void compare_laws(struct capacity_fits *fits, double widening)
{
	enum capacity_law best = CAPACITY_EXPONENTIAL;
	double counts_for = widening * widening;

	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++)
		if (fits->laws[law].aicc < fits->laws[best].aicc)
			best = law;
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++) {
		double behind = fits->laws[law].aicc - fits->laws[best].aicc;

		fits->laws[law].excluded = !(behind <= CAPACITY_EXCLUDED * counts_for);
		fits->not_excluded += !fits->laws[law].excluded;
	}
	fits->law = fits->laws[CAPACITY_EXPONENTIAL].excluded ? best : CAPACITY_EXPONENTIAL;
}

// Of the residuals of the law that fits best.
static double widening_of(const struct law_data *all, const struct capacity_fits *fits)
{
	double y[CAPACITY_POINTS_MAX], ones[CAPACITY_POINTS_MAX];
	enum capacity_law best = CAPACITY_EXPONENTIAL;
	struct regression line;

	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++)
		if (fits->laws[law].aicc < fits->laws[best].aicc)
			best = law;
	for (size_t i = 0; i < all->points; i++) {
		ones[i] = 1;
		y[i] = all->log_capacity[i] -
		       log(capacity_at(best, fits->laws[best].theta * all->leaked[i]));
	}
	return regress(ones, y, NULL, all->points, 1, &line) < 0 ? 1 : regression_widening(&line);
}

bool capacity_fit(
	const double *leaked, const double *log_capacity, size_t points, struct capacity_fits *fits)
{
	struct law_data data = {.leaked = leaked, .log_capacity = log_capacity, .points = points};
	double most = 0;

	*fits = (struct capacity_fits){.points = points};
	for (size_t i = 0; i < points; i++)
		most = fmax(most, leaked[i]);
	if (points < CAPACITY_POINTS_MIN || points > CAPACITY_POINTS_MAX || !(most > 0))
		return false;
	for (data.law = 0; data.law < CAPACITY_LAWS; data.law++)
		fit_law(&data, most, &fits->laws[data.law]);
	compare_laws(fits, widening_of(&data, fits));
	return fits->not_excluded > 0;
}

double capacity_log_q0(const struct capacity_forecast *forecast, enum capacity_law law)
{
	return forecast->log_level - forecast->fits->laws[law].mean_log;
}

// Moves of what was estimated, in standard errors' own units.
struct moves {
	double log_theta, log_level, log_lambda, mu_per_s;
};

// What theta and lambda say is one product: theta was fitted on goroutines made with lambda.
static double log_seconds(const struct capacity_forecast *forecast, enum capacity_law law,
	double share, const struct moves *by)
{
	const struct capacity_fit *fit = &forecast->fits->laws[law];
	double mu = estimate_known(&forecast->mu_per_s) ? forecast->mu_per_s.value : 0;
	struct capacity_path path = {
		.law = law,
		.theta = fit->theta * exp(by->log_theta - by->log_lambda),
		.lambda = forecast->lambda.value * exp(by->log_lambda),
		.mu_per_s = fmax(0, mu + by->mu_per_s),
		.q0 = exp(capacity_log_q0(forecast, law) + by->log_level -
			  fit->mean_slope * by->log_theta),
		.start = forecast->leaked,
	};

	return log(capacity_seconds_to_share(&path, share));
}

static double deviation_of(const struct estimate *estimate)
{
	return isfinite(estimate->high - estimate->low)
		       ? (estimate->high - estimate->low) / (2 * 1.959964)
		       : 0;
}

// Variance of ln seconds by the delta method.
static double variance_of(
	const struct capacity_forecast *forecast, enum capacity_law law, double share)
{
	double mu_deviation = deviation_of(&forecast->mu_per_s);
	const struct moves moves[] = {{.log_theta = STEP}, {.log_level = STEP},
		{.log_lambda = STEP}, {.mu_per_s = STEP * mu_deviation}};
	const double variances[] = {forecast->fits->laws[law].log_theta_variance,
		forecast->log_level_variance,
		pow(deviation_of(&forecast->lambda) / forecast->lambda.value, 2),
		mu_deviation > 0 ? 1 : 0};
	double base = log_seconds(forecast, law, share, &(struct moves){0}), sum = 0;

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		double slope = (log_seconds(forecast, law, share, &moves[i]) - base) / STEP;

		if (variances[i] > 0)
			sum += slope * slope * variances[i];
	}
	return sum;
}

static const char never[] = "the leaked end faster than they gather: QPS never falls so far";

struct estimate capacity_forecast_by(
	const struct capacity_forecast *forecast, enum capacity_law law, double share, double level)
{
	double log_s = log_seconds(forecast, law, share, &(struct moves){0}), reach;
	double freedom = (double)forecast->fits->points - 2;
	uint32_t n = (uint32_t)forecast->fits->points;

	if (isinf(log_s) && log_s > 0)
		return estimate_of(INFINITY, INFINITY, INFINITY, level, never, 0);
	if (isinf(log_s)) // it is there
		return estimate_of(0, 0, 0, level, capacity_law_name(law), n);
	reach = student_t_quantile(1 - (1 - level) / 2, freedom) *
		sqrt(variance_of(forecast, law, share));
	return estimate_of(exp(log_s), exp(log_s - reach), exp(log_s + reach), level,
		capacity_law_name(law), n);
}

struct estimate capacity_forecast_spanning(
	const struct capacity_forecast *forecast, double share, double level)
{
	struct estimate all = capacity_forecast_by(forecast, forecast->fits->law, share, level);

	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++) {
		struct estimate one;

		if (forecast->fits->laws[law].excluded || law == forecast->fits->law)
			continue;
		one = capacity_forecast_by(forecast, law, share, level);
		all.low = fmin(all.low, one.low);
		all.high = fmax(all.high, one.high);
		all.method = "best law of capacity; interval spans the laws not excluded";
	}
	return all;
}
