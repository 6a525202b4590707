// SPDX-License-Identifier: Apache-2.0
// Throughput against leaked goroutines.
#include "model/decay.h"

#include "model/decay_restart.h"
#include "model/distribution.h"
#include "model/regression.h"

#include <math.h>

#define LEVEL 0.95
#define LATENCY_LEAST 0.5 // of the rise that a closed loop needs for the throughput lost

const char *decay_control_name(enum decay_control control)
{
	static const char *const names[DECAY_CONTROLS] = {
		[DECAY_DEMAND] = "demand",
		[DECAY_RESTART] = "restart",
		[DECAY_PANEL] = "panel",
		[DECAY_CPU] = "cpu",
	};

	return names[control];
}

static bool is_used_enough(const struct decay_blocks *blocks, double gomaxprocs)
{
	double cpu_s = 0, seconds = 0;

	for (uint32_t i = 0; i < blocks->count; i++) {
		cpu_s += blocks->items[i].cpu_s;
		seconds += blocks->items[i].seconds;
	}
	return isnan(gomaxprocs) || cpu_s >= DECAY_UTILISATION_MIN * gomaxprocs * seconds;
}

// NULL: the target does not tell.
static decay_measure *measure_of(
	enum decay_control control, const struct decay_blocks *blocks, double gomaxprocs)
{
	if (control == DECAY_DEMAND && decay_blocks_tell(blocks, log_done_per_demand))
		return log_done_per_demand;
	if (control == DECAY_CPU && decay_blocks_tell(blocks, log_done_per_cpu) &&
		is_used_enough(blocks, gomaxprocs))
		return log_done_per_cpu;
	return NULL;
}

// ln of capacity on fitted leak: the slope is -alpha (leak-model 2.2).
static struct estimate fit_alpha(
	const struct decay_blocks *blocks, decay_measure *measure, const struct estimate *lambda)
{
	double x[DECAY_BLOCKS_MAX * 2], y[DECAY_BLOCKS_MAX];
	struct regression fit;
	double alpha, reach, relative, lambda_relative;

	for (uint32_t i = 0; i < blocks->count; i++) {
		x[2 * i] = 1;
		x[2 * i + 1] = blocks->items[i].leaked;
		y[i] = measure(&blocks->items[i]);
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

static struct estimate alpha_by(
	const struct decay_blocks *blocks, decay_measure *measure, const struct estimate *lambda)
{
	struct estimate lost;

	if (!estimate_known(lambda) || !(lambda->low > 0))
		return estimate_none("alpha not identified: no leak per request is certain");
	if (blocks->count < DECAY_BLOCKS_MIN)
		return estimate_none("alpha needs %d ticks with requests", DECAY_BLOCKS_MIN + 1);
	if (!measure)
		return estimate_none(
			"alpha not identified: without CPU seconds (above %.0f %% use) "
			"or a demand counter, falling demand looks the same",
			DECAY_UTILISATION_MIN * 100);
	lost = decay_lost_share(blocks, measure, "");
	if (!(lost.value >= DECAY_SHARE_MIN))
		return estimate_none("throughput at equal demand has fallen by %.0f %%: alpha not "
				     "identified",
			fmax(0, lost.value * 100));
	return fit_alpha(blocks, measure, lambda);
}

// The first control by trust that gives an alpha; a later one that contradicts it is named.
static void choose_control(struct decay *decay)
{
	for (enum decay_control i = 0; i < DECAY_CONTROLS; i++) {
		const struct estimate *one = &decay->by_control[i];

		if (!estimate_known(one))
			continue;
		if (!decay->control) {
			decay->alpha = *one;
			decay->control = decay_control_name(i);
		} else if (one->low > decay->alpha.high || one->high < decay->alpha.low) {
			decay->disagrees = decay_control_name(i);
		}
	}
}

// Of N clients in a closed loop that share lost throughput, each waits at least 1 / (1 - share)
// times as long; open loops wait longer still. Throughput that fell while requests became no slower
// is falling demand, or errors (leak-model 2.4, strategy 5).
static bool latency_denies(const struct decay *decay)
{
	double needed = -log(1 - decay->share.value);

	if (!estimate_known(&decay->latency_share) || !(decay->share.value >= DECAY_SHARE_MIN))
		return false;
	return log(1 - decay->latency_share.low) < LATENCY_LEAST * needed;
}

static void refuse_alpha(struct decay *decay)
{
	decay->not_contention = true;
	for (enum decay_control i = 0; i < DECAY_CONTROLS; i++)
		if (estimate_known(&decay->by_control[i]))
			decay->by_control[i] = estimate_none(
				"throughput fell and requests became no slower: not contention");
	decay->alpha = estimate_none(
		"throughput fell by %.0f %% and requests became no slower: not contention",
		100 * decay->share.value);
	decay->control = decay->disagrees = NULL;
}

// ln throughput at the reference demand: its mean over the blocks. By the demand control the
// reference is the mean demand, else what was served.
static void fill_level(struct decay *decay, const struct decay_blocks *blocks,
	decay_measure *measure, const double *log_capacity)
{
	const struct capacity_fit *fit = &decay->laws.laws[decay->laws.law];
	double x[DECAY_BLOCKS_MAX], y[DECAY_BLOCKS_MAX], demand = 0, seconds = 0;
	struct regression level;

	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct decay_block *block = &blocks->items[i];

		x[i] = 1;
		y[i] = measure == log_done_per_demand ? log_capacity[i]
						      : log_done_per_second(block);
		y[i] -= log(capacity_at(decay->laws.law, fit->theta * block->leaked));
		demand += block->demand;
		seconds += block->seconds;
	}
	decay->has_laws = regress(x, y, NULL, blocks->count, 1, &level) == 0;
	decay->log_level = level.coefficient[0] + fit->mean_log +
			   (measure == log_done_per_demand ? log(demand / seconds) : 0);
	decay->log_level_variance = pow(regression_error(&level, 0), 2);
}

static void fill_laws(
	struct decay *decay, const struct decay_blocks *blocks, decay_measure *measure)
{
	double leaked[DECAY_BLOCKS_MAX], log_capacity[DECAY_BLOCKS_MAX];

	for (uint32_t i = 0; i < blocks->count; i++) {
		leaked[i] = blocks->items[i].leaked;
		log_capacity[i] = measure(&blocks->items[i]);
	}
	if (capacity_fit(leaked, log_capacity, blocks->count, &decay->laws))
		fill_level(decay, blocks, measure, log_capacity);
}

static struct capacity_forecast forecast_of(const struct decay *decay,
	const struct estimate *lambda, const struct estimate *mu_per_s, double leaked)
{
	return (struct capacity_forecast){
		.fits = &decay->laws,
		.log_level = decay->log_level,
		.log_level_variance = decay->log_level_variance,
		.lambda = *lambda,
		.mu_per_s = *mu_per_s,
		.leaked = leaked,
	};
}

static struct estimate q0_by_law(const struct decay *decay, uint32_t points)
{
	const struct capacity_fit *fit = &decay->laws.laws[decay->laws.law];
	double log_q0 = decay->log_level - fit->mean_log;
	double reach = student_t_quantile(1 - (1 - LEVEL) / 2, points - 2.0) *
		       sqrt(decay->log_level_variance +
			       fit->mean_slope * fit->mean_slope * fit->log_theta_variance);

	return estimate_of(exp(log_q0), exp(log_q0 - reach), exp(log_q0 + reach), LEVEL,
		"QPS brought back to no leak", points);
}

// Without a law: by alpha of another control, or of the first quarter as it was.
static struct estimate q0_by_alpha(const struct decay *decay, const struct decay_blocks *blocks)
{
	bool corrected = estimate_known(&decay->alpha) && !isnan(blocks->leaked);
	uint32_t n = corrected || blocks->count < 8 ? blocks->count : blocks->count / 4;
	double mean = 0, squares = 0, reach;

	if (blocks->count < 3)
		return estimate_none("needs 4 ticks with requests");
	for (uint32_t i = 0; i < n; i++) {
		double value = log_done_per_second(&blocks->items[i]);

		if (corrected)
			value += decay->alpha.value * blocks->items[i].leaked;
		mean += value / n;
		squares += value * value / n;
	}
	reach = n > 1 ? student_t_quantile(1 - (1 - LEVEL) / 2, n - 1.0) *
				sqrt(fmax(0, squares - mean * mean) / (n - 1.0))
		      : INFINITY;
	return estimate_of(exp(mean), exp(mean - reach), exp(mean + reach), LEVEL,
		corrected ? "QPS brought back to no leak" : "QPS of the first quarter", n);
}

static void fill_shares(struct decay *decay, const struct decay_blocks *blocks, double gomaxprocs)
{
	decay_measure *demand = measure_of(DECAY_DEMAND, blocks, gomaxprocs);
	decay_measure *capacity = demand ? demand : measure_of(DECAY_CPU, blocks, gomaxprocs);

	decay->share =
		decay_lost_share(blocks, log_done_per_second, "QPS, first against last fifth");
	decay->adjusted_share = capacity ? decay_lost_share(blocks, capacity,
						   "at equal demand, first against last fifth")
					 : estimate_none("no demand control: neither CPU seconds "
							 "per request nor a demand counter");
	decay->latency_share =
		decay_blocks_tell(blocks, log_latency)
			? decay_lost_share(blocks, log_latency, "latency, first against last fifth")
			: estimate_none("the target tells no durations");
	decay->first_qps = decay->last_qps = NAN;
	if (blocks->count >= 2)
		decay_ends(blocks, &decay->first_qps, &decay->last_qps);
}

static struct decay no_decay(const char *why)
{
	struct estimate none = estimate_none("%s", why);

	return (struct decay){.alpha = none,
		.by_control = {none, none, none, none},
		.q0 = none,
		.first_qps = NAN,
		.last_qps = NAN,
		.share = none,
		.adjusted_share = none,
		.latency_share = none};
}

static void fill_alpha(struct decay *decay, const struct decay_blocks *blocks,
	const struct estimate *lambda, double gomaxprocs)
{
	decay_measure *demand = measure_of(DECAY_DEMAND, blocks, gomaxprocs);
	decay_measure *cpu = measure_of(DECAY_CPU, blocks, gomaxprocs);

	decay->by_control[DECAY_DEMAND] = alpha_by(blocks, demand, lambda);
	decay->by_control[DECAY_CPU] = alpha_by(blocks, cpu, lambda);
	decay->alpha = demand ? decay->by_control[DECAY_DEMAND] : decay->by_control[DECAY_CPU];
	choose_control(decay);
	if (latency_denies(decay))
		refuse_alpha(decay);
	else if (estimate_known(&decay->by_control[DECAY_DEMAND]))
		fill_laws(decay, blocks, demand);
	else if (decay->control && estimate_known(&decay->by_control[DECAY_CPU]))
		fill_laws(decay, blocks, cpu);
}

struct decay decay_of(const struct series *series, uint32_t life, const struct estimate *lambda,
	const struct estimate *mu_per_s, double gomaxprocs, const struct estimate *panel)
{
	struct decay_blocks blocks = decay_blocks_of(series, life, lambda, mu_per_s);
	struct decay decay = no_decay("the target tells no request counter");

	if (blocks.count == 0)
		return decay;
	fill_shares(&decay, &blocks, gomaxprocs);
	decay.by_control[DECAY_RESTART] = decay_restart_alpha(series);
	decay.by_control[DECAY_PANEL] = *panel;
	fill_alpha(&decay, &blocks, lambda, gomaxprocs);
	decay.q0 = decay.has_laws ? q0_by_law(&decay, blocks.count) : q0_by_alpha(&decay, &blocks);
	return decay;
}

struct estimate decay_seconds_by(const struct decay *decay, enum capacity_law law,
	const struct estimate *lambda, const struct estimate *mu_per_s, double leaked, double share,
	double level)
{
	struct capacity_forecast forecast = forecast_of(decay, lambda, mu_per_s, leaked);

	return capacity_forecast_by(&forecast, law, share, level);
}

static double relative_width(const struct estimate *estimate)
{
	return (estimate->high - estimate->low) / (2 * estimate->value);
}

// From alpha alone: any law with that slope at first may be the true one.
static struct estimate seconds_by_alpha(const struct decay *decay, const struct estimate *lambda,
	const struct estimate *mu_per_s, double leaked, double share)
{
	struct capacity_path path = {.theta = decay->alpha.value,
		.lambda = lambda->value,
		.mu_per_s = estimate_known(mu_per_s) ? mu_per_s->value : 0,
		.q0 = decay->q0.value,
		.start = leaked};
	double seconds = capacity_seconds_to_share(&path, share), low = seconds, high = seconds;
	double wide = exp(hypot(hypot(relative_width(&decay->alpha), relative_width(lambda)),
		relative_width(&decay->q0)));

	if (isinf(seconds))
		return estimate_of(INFINITY, INFINITY, INFINITY, LEVEL,
			"the leaked end faster than they gather: QPS never falls so far", 0);
	for (path.law = 0; path.law < CAPACITY_LAWS; path.law++) {
		low = fmin(low, capacity_seconds_to_share(&path, share));
		high = fmax(high, capacity_seconds_to_share(&path, share));
	}
	return estimate_of(seconds, low / wide, high * wide, LEVEL,
		"exponential decay; interval spans other laws of decay", decay->alpha.n);
}

struct estimate decay_seconds_to_share(const struct decay *decay, const struct estimate *lambda,
	const struct estimate *mu_per_s, double leaked, double share)
{
	struct capacity_forecast forecast = forecast_of(decay, lambda, mu_per_s, leaked);

	if (!estimate_known(&decay->alpha))
		return decay->alpha;
	if (!estimate_known(&decay->q0))
		return decay->q0;
	if (!estimate_known(lambda))
		return *lambda;
	return decay->has_laws ? capacity_forecast_spanning(&forecast, share, LEVEL)
			       : seconds_by_alpha(decay, lambda, mu_per_s, leaked, share);
}
