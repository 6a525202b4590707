// SPDX-License-Identifier: Apache-2.0
// xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64, and the distributions on top.
#include "tests/accuracy/random.h"

#include <math.h>

#define POISSON_BY_NORMAL 60.0

static uint64_t split_mix(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct random random_seeded(uint64_t seed, uint64_t stream)
{
	struct random random;
	uint64_t mixed = seed;

	mixed = split_mix(&mixed) ^ (stream * 0xd1342543de82ef95u);
	for (int i = 0; i < 4; i++)
		random.state[i] = split_mix(&mixed);
	return random;
}

static uint64_t rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t next(struct random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double random_uniform(struct random *random)
{
	return ((double)(next(random) >> 11) + 0.5) / 9007199254740992.0;
}

double random_between(struct random *random, double low, double high)
{
	return low + (high - low) * random_uniform(random);
}

double random_log_between(struct random *random, double low, double high)
{
	return low * exp(log(high / low) * random_uniform(random));
}

double random_normal(struct random *random)
{
	double radius = sqrt(-2 * log(random_uniform(random)));

	return radius * cos(2 * 3.14159265358979323846 * random_uniform(random));
}

double random_exponential(struct random *random, double mean)
{
	return isinf(mean) ? INFINITY : -mean * log(random_uniform(random));
}

uint32_t random_poisson(struct random *random, double mean)
{
	double limit = exp(-mean), product = random_uniform(random);
	uint32_t count = 0;

	if (!(mean > 0))
		return 0;
	if (mean > POISSON_BY_NORMAL)
		return (uint32_t)fmax(0, round(mean + sqrt(mean) * random_normal(random)));
	while (product > limit) {
		product *= random_uniform(random);
		count++;
	}
	return count;
}

// Marsaglia and Tsang 2000; shapes below one by their power of a uniform.
static double gamma_of(struct random *random, double shape)
{
	double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / sqrt(9 * d);

	for (;;) {
		double x = random_normal(random), v = pow(1 + c * x, 3);

		if (v > 0 && log(random_uniform(random)) < 0.5 * x * x + d - d * v + d * log(v))
			return d * v * (shape < 1 ? pow(random_uniform(random), 1 / shape) : 1);
	}
}

uint32_t random_count(struct random *random, double mean, double dispersion)
{
	double shape = mean / (dispersion - 1);

	if (!(dispersion > 1) || !(mean > 0))
		return random_poisson(random, mean);
	return random_poisson(random, gamma_of(random, shape) * (dispersion - 1));
}
