// SPDX-License-Identifier: Apache-2.0
// A life cut into blocks of time: what was done in each, what it cost, and how many goroutines had
// leaked by then. What leaked is made from the request counter, which has no noise (an instrument,
// leak-model 2.2), by dG = lambda dN - mu G dt.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

#define DECAY_BLOCKS_MAX 96

struct decay_block {
	double leaked; // at its middle, by requests; NAN when lambda is unknown
	double seconds, done; // requests in it
	double cpu_s, demand, request_s; // in it; NAN
};

struct decay_blocks {
	struct decay_block items[DECAY_BLOCKS_MAX];
	uint32_t count;
	double leaked; // at the end
};

struct decay_blocks decay_blocks_of(const struct series *series, uint32_t life,
	const struct estimate *lambda, const struct estimate *mu_per_s);

// A logarithm per block; NAN where the block does not tell.
typedef double decay_measure(const struct decay_block *block);
double log_done_per_second(const struct decay_block *block);
double log_done_per_demand(const struct decay_block *block);
double log_done_per_cpu(const struct decay_block *block);
double log_latency(const struct decay_block *block);

bool decay_blocks_tell(const struct decay_blocks *blocks, decay_measure *measure); // in every block
// 1 - e^(last fifth - first fifth) of the mean measure, with a 95 % interval from the scatter
// within the fifths.
struct estimate decay_lost_share(
	const struct decay_blocks *blocks, decay_measure *measure, const char *method);
// Requests per second in the first and in the last fifth; two blocks at least.
void decay_ends(const struct decay_blocks *blocks, double *first_qps, double *last_qps);
