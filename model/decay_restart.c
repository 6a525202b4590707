// SPDX-License-Identifier: Apache-2.0
// Before against after.
#include "model/decay_restart.h"

#include "model/decay.h"
#include "model/distribution.h"

#include <math.h>

#define LEVEL 0.95
#define SIDE 5
#define DROPPED 3
#define LEAK_MIN 50.0 // goroutines that a restart must have ended
#define SHARE_MIN 0.1 // and as a share of those before

// Means over SIDE intervals, with the variance of the first.
struct side {
	double log_qps, variance, goroutines;
};

// Of the intervals that end at first .. first + SIDE - 1; false when one is missing, or not of
// `life`.
static bool side_of(const struct series *series, uint32_t first, uint32_t life, struct side *side)
{
	double squares = 0;

	*side = (struct side){0};
	if (first == 0 || first + SIDE > series_count(series))
		return false;
	for (uint32_t i = first; i < first + SIDE; i++) {
		const struct series_point *a = series_at(series, i - 1), *b = series_at(series, i);
		double log_qps = log((b->requests - a->requests) / (b->t_s - a->t_s));

		if (a->life != life || b->life != life || !isfinite(log_qps) ||
			isnan(b->goroutines))
			return false;
		side->log_qps += log_qps / SIDE;
		squares += log_qps * log_qps / SIDE;
		side->goroutines += b->goroutines / SIDE;
	}
	side->variance = fmax(0, squares - side->log_qps * side->log_qps) / (SIDE - 1);
	return true;
}

// What the sides around `at`, the first point after, differ by; within a life, how much demand
// moves.
static bool sides_around(
	const struct series *series, uint32_t at, struct side *before, struct side *after)
{
	uint32_t count = series_count(series);

	if (at < SIDE + 1 || at + DROPPED + SIDE > count)
		return false;
	return side_of(series, at - SIDE, series_at(series, at - 1)->life, before) &&
	       side_of(series, at + DROPPED, series_at(series, at)->life, after);
}

static bool is_restart(const struct series *series, uint32_t at)
{
	return series_at(series, at)->life != series_at(series, at - 1)->life;
}

// Variance of the difference where nothing restarted: demand's drift and the noise together.
static double placebo_variance(const struct series *series)
{
	double mean = 0, squares = 0, n = 0;

	for (uint32_t at = 1; at < series_count(series); at++) {
		struct side before, after;
		double change;

		if (is_restart(series, at) || !sides_around(series, at, &before, &after) ||
			series_at(series, at - 1)->life != series_at(series, at + DROPPED)->life)
			continue;
		n++;
		change = after.log_qps - before.log_qps;
		squares += (change - mean) * (change - mean) * (n - 1) / n;
		mean += (change - mean) / n;
	}
	return n > 1 ? squares / (n - 1) : 0;
}

struct pooled {
	double weights, sum, lost; // lost: largest share of throughput that a restart gave back
	uint32_t n;
};

static void add_restart(
	const struct side *before, const struct side *after, double placebo, struct pooled *pooled)
{
	double ended = before->goroutines - after->goroutines;
	double gained = after->log_qps - before->log_qps;
	double variance = fmax(placebo, before->variance + after->variance) / (ended * ended);

	if (!(ended > LEAK_MIN) || !(ended > SHARE_MIN * before->goroutines) || !(variance > 0))
		return;
	pooled->weights += 1 / variance;
	pooled->sum += gained / ended / variance;
	pooled->lost = fmax(pooled->lost, 1 - exp(-gained));
	pooled->n++;
}

struct estimate decay_restart_alpha(const struct series *series)
{
	struct pooled pooled = {0};
	double placebo = placebo_variance(series), alpha, reach;

	for (uint32_t at = 1; at < series_count(series); at++) {
		struct side before, after;

		if (is_restart(series, at) && sides_around(series, at, &before, &after))
			add_restart(&before, &after, placebo, &pooled);
	}
	if (pooled.n == 0)
		return estimate_none("no restart with %d ticks on either side ended a leak", SIDE);
	alpha = pooled.sum / pooled.weights;
	reach = student_t_quantile(1 - (1 - LEVEL) / 2, 2 * (SIDE - 1)) / sqrt(pooled.weights);
	if (!(pooled.lost >= DECAY_SHARE_MIN) || !(alpha > 0))
		return estimate_none("the restart gave back %.0f %% of throughput: alpha not "
				     "identified",
			fmax(0, 100 * pooled.lost));
	if (!(reach <= DECAY_ALPHA_WIDEST * alpha))
		return estimate_none("alpha not identified by a restart: the interval is +-%.0f %%",
			100 * reach / alpha);
	return estimate_of(
		alpha, alpha - reach, alpha + reach, LEVEL, "throughput after a restart", pooled.n);
}
