// SPDX-License-Identifier: Apache-2.0
// Throughput against leaked goroutines, in blocks of time.
#include "model/decay.h"

#include "model/closed_form.h"
#include "model/distribution.h"
#include "model/regression.h"

#include <math.h>

#define LEVEL 0.95

struct block {
	double requests; // at its middle, since the start of the life
	double seconds, done, cpu_s, demand; // in it
};

struct blocks {
	struct block items[DECAY_BLOCKS_MAX];
	uint32_t count;
};

static void close_block(struct blocks *blocks, const struct series_point *a,
	const struct series_point *b, double first_requests)
{
	struct block block = {
		.requests = (a->requests + b->requests) / 2 - first_requests,
		.seconds = b->t_s - a->t_s,
		.done = b->requests - a->requests,
		.cpu_s = b->cpu_s - a->cpu_s,
		.demand = b->demand - a->demand,
	};

	if (block.seconds > 0 && block.done > 0 && blocks->count < DECAY_BLOCKS_MAX)
		blocks->items[blocks->count++] = block;
}

static struct blocks gather(const struct series *series, uint32_t life)
{
	struct blocks blocks = {.count = 0};
	const struct series_point *from = NULL;
	double first_requests = NAN;
	uint32_t usable = 0, since = 0, stride;

	for (uint32_t i = 0; i < series_count(series); i++)
		usable += series_at(series, i)->life == life &&
			  !isnan(series_at(series, i)->requests);
	stride = usable / DECAY_BLOCKS_MAX + 1;
	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || isnan(point->requests))
			continue;
		if (!from) {
			first_requests = point->requests;
			from = point;
		} else if (++since == stride) {
			close_block(&blocks, from, point, first_requests);
			from = point;
			since = 0;
		}
	}
	return blocks;
}

// ln of capacity per block, up to a constant: completions over demand, or over CPU seconds.
typedef double capacity_of(const struct block *block);

static double by_demand(const struct block *block)
{
	return block->demand > 0 ? log(block->done / block->demand) : NAN;
}

static double by_cpu(const struct block *block)
{
	return block->cpu_s > 0 ? log(block->done / block->cpu_s) : NAN;
}

static double by_time(const struct block *block)
{
	return log(block->done / block->seconds);
}

// Mean of ln capacity in the first or last fifth, with its variance.
static void mean_of_end(const struct blocks *blocks, capacity_of *capacity, bool last, double *mean,
	double *variance)
{
	uint32_t n = blocks->count / 5 > 2 ? blocks->count / 5 : 2;
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < n; i++) {
		double value = capacity(&blocks->items[last ? blocks->count - 1 - i : i]);

		sum += value;
		squares += value * value;
	}
	*mean = sum / n;
	*variance = fmax(0, squares / n - *mean * *mean) / (n - 1);
}

static struct estimate lost_share(
	const struct blocks *blocks, capacity_of *capacity, const char *method)
{
	double first, last, first_variance, last_variance, reach;

	if (blocks->count < 4)
		return estimate_none("needs 5 ticks with requests");
	mean_of_end(blocks, capacity, false, &first, &first_variance);
	mean_of_end(blocks, capacity, true, &last, &last_variance);
	if (isnan(first) || isnan(last))
		return estimate_none("the counters did not move");
	reach = 1.96 * sqrt(first_variance + last_variance);
	return estimate_of(1 - exp(last - first), 1 - exp(last - first + reach),
		1 - exp(last - first - reach), LEVEL, method, blocks->count);
}

static bool has_cpu(const struct blocks *blocks, double gomaxprocs)
{
	double cpu_s = 0, seconds = 0;

	for (uint32_t i = 0; i < blocks->count; i++) {
		if (!(blocks->items[i].cpu_s > 0))
			return false;
		cpu_s += blocks->items[i].cpu_s;
		seconds += blocks->items[i].seconds;
	}
	return blocks->count > 0 &&
	       (isnan(gomaxprocs) || cpu_s >= DECAY_UTILISATION_MIN * gomaxprocs * seconds);
}

static bool has_demand(const struct blocks *blocks)
{
	for (uint32_t i = 0; i < blocks->count; i++)
		if (!(blocks->items[i].demand > 0))
			return false;
	return blocks->count > 0;
}

static struct estimate fit_alpha(
	const struct blocks *blocks, capacity_of *capacity, const struct estimate *lambda)
{
	double x[DECAY_BLOCKS_MAX * 2], y[DECAY_BLOCKS_MAX];
	struct regression fit;
	double alpha, reach, relative, lambda_relative;

	for (uint32_t i = 0; i < blocks->count; i++) {
		x[2 * i] = 1;
		x[2 * i + 1] = lambda->value * blocks->items[i].requests;
		y[i] = capacity(&blocks->items[i]);
	}
	if (regress(x, y, NULL, blocks->count, 2, &fit) < 0)
		return estimate_none("alpha not identified: the leak did not grow");
	alpha = -fit.coefficient[1];
	reach = regression_error(&fit, 1) *
		student_t_quantile(1 - (1 - LEVEL) / 2, blocks->count - 2.0);
	lambda_relative = (lambda->high - lambda->low) / (2 * lambda->value);
	if (!(alpha > 0))
		return estimate_none("throughput did not fall with the leak");
	relative = hypot(reach / alpha, lambda_relative);
	if (!(relative <= DECAY_ALPHA_WIDEST))
		return estimate_none(
			"alpha not identified: the interval is +-%.0f %%", relative * 100);
	return estimate_of(alpha, alpha * (1 - relative), alpha * (1 + relative), LEVEL,
		"log throughput on fitted leak", blocks->count);
}

static struct estimate find_q0(
	const struct decay *decay, const struct blocks *blocks, const struct estimate *lambda)
{
	double values[DECAY_BLOCKS_MAX], mean = 0, squares = 0, reach;
	bool corrected = estimate_known(&decay->alpha);
	uint32_t n = corrected || blocks->count < 8 ? blocks->count : blocks->count / 4;

	if (blocks->count < 3)
		return estimate_none("needs 4 ticks with requests");
	for (uint32_t i = 0; i < n; i++) {
		values[i] = by_time(&blocks->items[i]);
		if (corrected)
			values[i] += decay->alpha.value * lambda->value * blocks->items[i].requests;
		mean += values[i] / n;
		squares += values[i] * values[i] / n;
	}
	reach = n > 1 ? student_t_quantile(1 - (1 - LEVEL) / 2, n - 1.0) *
				sqrt(fmax(0, squares - mean * mean) / (n - 1.0))
		      : INFINITY;
	return estimate_of(exp(mean), exp(mean - reach), exp(mean + reach), LEVEL,
		corrected ? "QPS brought back to no leak" : "QPS of the first quarter", n);
}

static void fill_qps(struct decay *decay, const struct blocks *blocks)
{
	double variance;

	decay->first_qps = decay->last_qps = NAN;
	if (blocks->count >= 2) {
		mean_of_end(blocks, by_time, false, &decay->first_qps, &variance);
		mean_of_end(blocks, by_time, true, &decay->last_qps, &variance);
		decay->first_qps = exp(decay->first_qps);
		decay->last_qps = exp(decay->last_qps);
	}
}

static void find_alpha(struct decay *decay, const struct blocks *blocks,
	const struct estimate *lambda, capacity_of *capacity)
{
	if (!estimate_known(lambda) || !(lambda->low > 0))
		decay->alpha =
			estimate_none("alpha not identified: no leak per request is certain");
	else if (blocks->count < DECAY_BLOCKS_MIN)
		decay->alpha =
			estimate_none("alpha needs %d ticks with requests", DECAY_BLOCKS_MIN + 1);
	else if (!capacity)
		decay->alpha = estimate_none(
			"alpha not identified: without CPU seconds (above %.0f %% use) "
			"or a demand counter, falling demand looks the same",
			DECAY_UTILISATION_MIN * 100);
	else if (!(decay->adjusted_share.value >= DECAY_SHARE_MIN))
		decay->alpha =
			estimate_none("throughput at equal demand has fallen by %.0f %%: alpha not "
				      "identified",
				fmax(0, decay->adjusted_share.value * 100));
	else
		decay->alpha = fit_alpha(blocks, capacity, lambda);
}

struct decay decay_of(const struct series *series, uint32_t life, const struct estimate *lambda,
	double gomaxprocs)
{
	struct blocks blocks = gather(series, life);
	struct decay decay = {.control = NULL};
	capacity_of *capacity = NULL;

	if (blocks.count == 0) {
		decay.first_qps = decay.last_qps = NAN;
		decay.alpha = decay.q0 = decay.share = decay.adjusted_share =
			estimate_none("the target tells no request counter");
		return decay;
	}
	fill_qps(&decay, &blocks);
	decay.share = lost_share(&blocks, by_time, "QPS, first against last fifth");
	if (has_demand(&blocks))
		capacity = by_demand, decay.control = "demand";
	else if (has_cpu(&blocks, gomaxprocs))
		capacity = by_cpu, decay.control = "cpu";
	decay.adjusted_share = capacity ? lost_share(&blocks, capacity,
						  "at equal demand, first against last fifth")
					: estimate_none("no demand control: neither CPU seconds "
							"per request nor a demand counter");
	find_alpha(&decay, &blocks, lambda, capacity);
	decay.q0 = find_q0(&decay, &blocks, lambda);
	return decay;
}

struct estimate decay_seconds_to_share(const struct decay *decay, const struct estimate *lambda,
	const struct estimate *mu_per_s, double leaked, double share)
{
	struct leak_law law = {lambda->value, 0, decay->alpha.value, decay->q0.value, leaked};
	double seconds, relative, wide;

	if (!estimate_known(&decay->alpha))
		return decay->alpha;
	if (!estimate_known(&decay->q0))
		return decay->q0;
	law.mu = estimate_known(mu_per_s) ? mu_per_s->value : 0;
	seconds = leak_seconds_to_share(&law, share);
	if (isinf(seconds))
		return estimate_of(INFINITY, INFINITY, INFINITY, LEVEL,
			"the leaked end faster than they gather: QPS never falls so far", 0);
	relative = sqrt(pow((decay->alpha.high - decay->alpha.low) / (2 * decay->alpha.value), 2) +
			pow((lambda->high - lambda->low) / (2 * lambda->value), 2) +
			pow((decay->q0.high - decay->q0.low) / (2 * decay->q0.value), 2));
	wide = exp(relative);
	return estimate_of(seconds, seconds / wide * DECAY_SPREAD_LOW,
		seconds * wide * DECAY_SPREAD_HIGH, LEVEL,
		"exponential decay; interval spans other laws of decay", decay->alpha.n);
}
