// SPDX-License-Identifier: Apache-2.0
// A generator of its own, so that nothing of the model makes what the model is measured on.
#include "tests/accuracy/fit_series.h"

#include <assert.h>
#include <math.h>

#define STEPS 40 // of an interval
#define TURN 6.283185307179586

struct fit_random fit_random_of(uint64_t seed)
{
	struct fit_random random = {seed * 0x9e3779b97f4a7c15u + 0x1234567u};

	for (int i = 0; i < 8; i++)
		(void)fit_uniform(&random);
	return random;
}

double fit_uniform(struct fit_random *random)
{
	random->state ^= random->state << 13;
	random->state ^= random->state >> 7;
	random->state ^= random->state << 17;
	return ((double)(random->state >> 11) + 0.5) / 9007199254740992.0;
}

double fit_gaussian(struct fit_random *random)
{
	double radius = sqrt(-2 * log(fit_uniform(random)));

	return radius * cos(TURN * fit_uniform(random));
}

unsigned fit_poisson(struct fit_random *random, double mean)
{
	unsigned n = 0;

	for (double sum = -log(fit_uniform(random)); sum < mean; n++)
		sum -= log(fit_uniform(random));
	return n;
}

unsigned fit_geometric(struct fit_random *random, double mean)
{
	return 1 + (unsigned)(log(fit_uniform(random)) / log(1 - 1 / mean));
}

// AR(1) with unit variance.
static double remember(struct fit_random *random, double before, double rho)
{
	return rho * before + sqrt(1 - rho * rho) * fit_gaussian(random);
}

struct totals {
	double goroutines, requests, demand, cpu_s;
};

static void add(struct series *series, double t_s, const struct totals *totals)
{
	const struct observation o = {.goroutines = (int64_t)round(totals->goroutines),
		.requests = totals->requests,
		.demand = totals->demand,
		.cpu_seconds = totals->cpu_s,
		.mono_ms = t_s * 1e3,
		.wall_ms = (int64_t)(t_s * 1e3),
		.dumped = -1,
		.request_seconds = NAN,
		.errors = NAN,
		.in_flight = NAN,
		.rss_bytes = NAN,
		.stop_sum_ms = NAN,
		.stop_worst_ms = NAN};
	int r = series_add(series, &o, t_s, 0, false);

	assert(r == 0);
	(void)r;
}

static double demand_at(const struct fit_world *world, double t_s)
{
	double part = t_s / world->seconds;

	return 1 + (world->demand_end - 1) * part + world->swing * sin(TURN * part);
}

struct state {
	double leaked, requests, demand, cpu_s;
	double noise_g, noise_q;
};

static void live_for(const struct fit_world *world, double from_s, struct state *state)
{
	double step_s = world->interval_s / STEPS, luck = exp(world->noise * state->noise_q);

	for (int i = 0; i < STEPS; i++) {
		double demand = world->q0 * demand_at(world, from_s + (i + 0.5) * step_s);
		double half = step_s / 2 *
			      (world->lambda * demand * luck * exp(-world->alpha * state->leaked) -
				      world->mu_per_s * state->leaked);
		double capacity = luck * exp(-world->alpha * (state->leaked + half));
		double done = demand * capacity * step_s;

		state->leaked +=
			world->lambda * done - world->mu_per_s * (state->leaked + half) * step_s;
		state->requests += done;
		state->demand += demand * step_s;
		state->cpu_s += 0.004 * demand * step_s;
	}
}

struct series fit_series_of(const struct fit_world *world, uint64_t seed)
{
	struct fit_random random = fit_random_of(seed);
	struct series series = series_init();
	struct state state = {.noise_g = fit_gaussian(&random), .noise_q = fit_gaussian(&random)};
	unsigned intervals = (unsigned)round(world->seconds / world->interval_s);

	for (unsigned i = 0; i <= intervals; i++) {
		double scale = exp(world->noise * state.noise_g);
		struct totals totals = {.goroutines = (world->base + state.leaked) * scale,
			.requests = state.requests,
			.demand = world->tells_demand ? state.demand : NAN,
			.cpu_s = world->tells_cpu ? state.cpu_s : NAN};

		add(&series, i * world->interval_s, &totals);
		live_for(world, i * world->interval_s, &state);
		state.noise_g = remember(&random, state.noise_g, world->rho);
		state.noise_q = remember(&random, state.noise_q, world->rho);
	}
	return series;
}

double fit_half_life_s(const struct fit_world *world)
{
	double demand = (1 + world->demand_end) / 2;

	return 1 / (world->alpha * world->lambda * world->q0 * demand);
}

#define GROWTH_S 14400.0
#define GROWTH_BASE 500.0
#define GROWTH_BY 1000.0
#define GROWTH_QPS 100.0
#define GROWTH_SWING 0.4
#define RECOVERY_S 3600.0
#define THETA_S 2400.0
#define STEP_AT 0.45 // of the time
#define STEP_BY 300.0

static double grown(enum fit_kind kind, double t_s, double requests, double recovering)
{
	switch (kind) {
	case FIT_TIME:
		return GROWTH_BY * t_s / GROWTH_S;
	case FIT_LOAD:
		return GROWTH_BY * requests / (GROWTH_QPS * GROWTH_S);
	case FIT_RECOVERING:
		return recovering;
	case FIT_SATURATING:
		return GROWTH_BY * (1 - exp(-t_s / THETA_S));
	case FIT_STEP:
		return t_s >= STEP_AT * GROWTH_S ? STEP_BY : 0;
	default:
		return 0;
	}
}

struct series fit_growth_series(enum fit_kind kind, unsigned points, double noise, uint64_t seed)
{
	struct fit_random random = fit_random_of(seed);
	struct series series = series_init();
	double interval_s = GROWTH_S / (points - 1), requests = 0, recovering = 0;
	double phase = TURN * fit_uniform(&random);

	for (unsigned i = 0; i < points; i++) {
		double t_s = i * interval_s;
		double g = GROWTH_BASE + grown(kind, t_s, requests, recovering);
		struct totals totals = {.goroutines = g * exp(noise * fit_gaussian(&random)),
			.requests = requests,
			.demand = NAN,
			.cpu_s = NAN};

		add(&series, t_s, &totals);
		for (int j = 0; j < STEPS; j++) {
			double at = t_s + j * interval_s / STEPS;
			double qps =
				GROWTH_QPS * (1 + GROWTH_SWING * sin(TURN * at / GROWTH_S + phase));

			requests += qps * interval_s / STEPS;
			recovering += interval_s / STEPS *
				      (GROWTH_BY / RECOVERY_S * qps / GROWTH_QPS -
					      recovering / RECOVERY_S);
		}
	}
	return series;
}
