// SPDX-License-Identifier: Apache-2.0
// Seeded randomness of the simulator: the same seed gives the same day on every machine.
#pragma once

#include <stdint.h>

struct random {
	uint64_t state[4];
};

// `stream` tells apart what shares a seed: one day is not the beginning of another.
struct random random_seeded(uint64_t seed, uint64_t stream);
double random_uniform(struct random *random); // in (0, 1)
double random_between(struct random *random, double low, double high);
double random_log_between(struct random *random, double low, double high);
double random_normal(struct random *random); // mean 0, variance 1
double random_exponential(struct random *random, double mean);
uint32_t random_poisson(struct random *random, double mean);
// Counts whose variance is `dispersion` times their mean: Poisson at 1, negative binomial above.
uint32_t random_count(struct random *random, double mean, double dispersion);
