// SPDX-License-Identifier: Apache-2.0
// Blocks of time, and means over their ends.
#include "model/decay_blocks.h"

#include <math.h>

#define LEVEL 0.95

// Leaked goroutines after `requests` more in `seconds`, at an even pace.
static double leak_on(double leaked, double requests, double seconds, double lambda, double mu)
{
	double faded = mu * seconds;

	if (!(faded > 0))
		return leaked + lambda * requests;
	return leaked * exp(-faded) - lambda * requests * expm1(-faded) / faded;
}

static void close_block(struct decay_blocks *blocks, const struct series_point *a,
	const struct series_point *b, double leaked_at_a, double leaked_at_b)
{
	struct decay_block block = {
		.leaked = (leaked_at_a + leaked_at_b) / 2,
		.seconds = b->t_s - a->t_s,
		.done = b->requests - a->requests,
		.cpu_s = b->cpu_s - a->cpu_s,
		.demand = b->demand - a->demand,
		.request_s = b->request_seconds - a->request_seconds,
	};

	if (block.seconds > 0 && block.done > 0 && blocks->count < DECAY_BLOCKS_MAX)
		blocks->items[blocks->count++] = block;
}

static uint32_t usable_points(const struct series *series, uint32_t life)
{
	uint32_t usable = 0;

	for (uint32_t i = 0; i < series_count(series); i++)
		usable += series_at(series, i)->life == life &&
			  !isnan(series_at(series, i)->requests);
	return usable;
}

struct decay_blocks decay_blocks_of(const struct series *series, uint32_t life,
	const struct estimate *lambda, const struct estimate *mu_per_s)
{
	double rate = lambda->value, mu = estimate_known(mu_per_s) ? mu_per_s->value : 0;
	struct decay_blocks blocks = {.leaked = isnan(rate) ? NAN : 0};
	const struct series_point *from = NULL, *before = NULL;
	uint32_t stride = usable_points(series, life) / DECAY_BLOCKS_MAX + 1, since = 0;
	double leaked_from = blocks.leaked;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || isnan(point->requests))
			continue;
		if (before)
			blocks.leaked = leak_on(blocks.leaked, point->requests - before->requests,
				point->t_s - before->t_s, rate, mu);
		before = point;
		if (from && ++since < stride)
			continue;
		if (from)
			close_block(&blocks, from, point, leaked_from, blocks.leaked);
		from = point;
		leaked_from = blocks.leaked;
		since = 0;
	}
	return blocks;
}

double log_done_per_second(const struct decay_block *block)
{
	return log(block->done / block->seconds);
}

double log_done_per_demand(const struct decay_block *block)
{
	return block->demand > 0 ? log(block->done / block->demand) : NAN;
}

double log_done_per_cpu(const struct decay_block *block)
{
	return block->cpu_s > 0 ? log(block->done / block->cpu_s) : NAN;
}

double log_latency(const struct decay_block *block)
{
	return block->request_s > 0 ? log(block->request_s / block->done) : NAN;
}

bool decay_blocks_tell(const struct decay_blocks *blocks, decay_measure *measure)
{
	for (uint32_t i = 0; i < blocks->count; i++)
		if (isnan(measure(&blocks->items[i])))
			return false;
	return blocks->count > 0;
}

struct end {
	double mean, variance; // of the mean
};

static struct end end_of(const struct decay_blocks *blocks, decay_measure *measure, bool last)
{
	uint32_t n = blocks->count / 5 > 2 ? blocks->count / 5 : 2;
	double sum = 0, squares = 0, mean;

	for (uint32_t i = 0; i < n; i++) {
		double value = measure(&blocks->items[last ? blocks->count - 1 - i : i]);

		sum += value;
		squares += value * value;
	}
	mean = sum / n;
	return (struct end){mean, fmax(0, squares / n - mean * mean) / (n - 1)};
}

struct estimate decay_lost_share(
	const struct decay_blocks *blocks, decay_measure *measure, const char *method)
{
	struct end first, last;
	double reach, change;

	if (blocks->count < 4)
		return estimate_none("needs 5 ticks with requests");
	first = end_of(blocks, measure, false);
	last = end_of(blocks, measure, true);
	change = last.mean - first.mean;
	if (isnan(change))
		return estimate_none("the counters did not move");
	reach = 1.96 * sqrt(first.variance + last.variance);
	return estimate_of(1 - exp(change), 1 - exp(change + reach), 1 - exp(change - reach), LEVEL,
		method, blocks->count);
}

void decay_ends(const struct decay_blocks *blocks, double *first_qps, double *last_qps)
{
	*first_qps = exp(end_of(blocks, log_done_per_second, false).mean);
	*last_qps = exp(end_of(blocks, log_done_per_second, true).mean);
}
