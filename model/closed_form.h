// SPDX-License-Identifier: Apache-2.0
// The source model in closed form (leak-model 1.1):
//
//	dG/dt = lambda Q - mu G,   Q = Q0 exp(-alpha G)
//
// G: leaked goroutines above the baseline; Q: requests per second; Q0: the same without a leak;
// lambda: leaked goroutines per request; mu: share of the leaked that ends, per second; alpha: loss
// of throughput per leaked goroutine. Times in seconds. Where a formula needs mu = 0, its name says
// "pure".
#pragma once

struct leak_law {
	double lambda, mu, alpha, q0;
	double start; // G at time 0
};

struct leak_state {
	double goroutines, qps;
};

double leak_time_scale_s(const struct leak_law *law); // tau = 1 / (alpha lambda Q0)
double pure_leak_goroutines(const struct leak_law *law, double t_s);
double pure_leak_qps(const struct leak_law *law, double t_s);
// Until the QPS has fallen to `share` of Q0, from G = 0: tau (1 / share - 1).
double pure_leak_seconds_to_share(const struct leak_law *law, double share);
// Leaked goroutines at which the QPS is `share` of Q0: ln(1 / share) / alpha. Holds for any mu.
double leak_goroutines_at_share(const struct leak_law *law, double share);
double pure_leak_mean_qps(const struct leak_law *law, double t_s); // over [0, t], from G = 0

// The stable state for mu > 0: G* = W(alpha lambda Q0 / mu) / alpha.
struct leak_state leak_equilibrium(const struct leak_law *law);
// Fourth-order Runge-Kutta with steps of at most 0.1 / (mu + alpha lambda Q0), at least
// `steps_min`.
double leak_goroutines(const struct leak_law *law, double t_s, unsigned steps_min);
// Until the QPS has fallen to `share`, for any mu, from law->start; INFINITY: never.
double leak_seconds_to_share(const struct leak_law *law, double share);

// Does an incident's story fit together? What follows from its lambda, alpha and Q0, against what
// was seen (leak-model 1.2).
struct incident {
	double lambda, alpha, q0;
	double share; // of Q0 that was left
	double seconds; // until then, as told
};
struct incident_check {
	double seconds; // by the closed form
	double goroutines; // needed for that share
	double factor; // told over computed: 1 is consistent
	double lambda; // that would take the time told
};
struct incident_check incident_check(const struct incident *incident);

// Shapes of the capacity c(G) with the same initial slope: how long until half, in units of tau.
// The spread is the model's own uncertainty of a half-life (leak-model 2.5).
#define DECAY_SPREAD_LOW 0.441 // near a memory limit
#define DECAY_SPREAD_HIGH 1.5 // Amdahl-like
