// SPDX-License-Identifier: Apache-2.0
// The source model in closed form (leak-model 1.1):
//
//	dG/dt = lambda Q - mu G,   Q = Q0 exp(-alpha G)
//
// G: leaked goroutines above the baseline; Q: requests per second; Q0: the same without a leak;
// lambda: leaked goroutines per request; mu: share of the leaked that ends, per second; alpha: loss
// of throughput per leaked goroutine. Times in seconds. Where a formula needs mu = 0, its name says
// "pure". A law with a NAN in it gives NAN where the number is needed.
#pragma once

struct leak_law {
	double lambda, mu, alpha, q0;
	double start; // G at time 0
};

struct leak_state {
	double goroutines, qps;
};

// Where the law is after a time: leaked goroutines, requests per second, requests since time 0.
struct leak_point {
	double t_s, goroutines, qps, requests;
};

double leak_time_scale_s(const struct leak_law *law); // tau = 1 / (alpha lambda Q0)
double pure_leak_goroutines(const struct leak_law *law, double t_s);
double pure_leak_qps(const struct leak_law *law, double t_s);
// Until the QPS has fallen to `share` of Q0, from G = 0: tau (1 / share - 1).
double pure_leak_seconds_to_share(const struct leak_law *law, double share);
double pure_leak_mean_qps(const struct leak_law *law, double t_s); // over [0, t], from G = 0
// Requests until the QPS has fallen to `share` of Q0, from G = 0: ln(1 / share) / (alpha lambda).
double pure_leak_requests_to_share(const struct leak_law *law, double share);
// Requests in `seconds` in which the QPS fell from q0 to `share` of it, whatever lambda and alpha.
double pure_leak_requests_between(double q0, double share, double seconds);

// Leaked goroutines at which the QPS is `share` of Q0: ln(1 / share) / alpha. Holds for any mu.
double leak_goroutines_at_share(const struct leak_law *law, double share);
// The alpha with which `goroutines` leave `share` of Q0.
double leak_alpha_between(double goroutines, double share);

// The stable state for mu > 0: G* = W(alpha lambda Q0 / mu) / alpha.
struct leak_state leak_equilibrium(const struct leak_law *law);
// How fast a difference from the equilibrium dies out, per second: mu (1 + alpha G*).
double leak_relaxation_per_s(const struct leak_law *law);
// Above this mu the QPS never falls to `share`: lambda Q0 alpha share / ln(1 / share).
double leak_mu_that_stops(const struct leak_law *law, double share);

// The state after t_s, from law->start: closed for mu = 0, else Runge-Kutta, to about 1e-10. A
// NAN t_s gives NANs, INFINITY the equilibrium.
struct leak_point leak_after(const struct leak_law *law, double t_s);
// When G reaches `goal`, and what is then: t_s is INFINITY when it never does, 0 when law->start is
// there. The other members are those at the goal; requests are INFINITY with t_s.
struct leak_point leak_reaching(const struct leak_law *law, double goal);
// leak_after() alone for G.
double leak_goroutines(const struct leak_law *law, double t_s);
// Until the QPS has fallen to `share`, for any mu, from law->start; INFINITY: never.
double leak_seconds_to_share(const struct leak_law *law, double share);
// The lambda that brings the QPS to `share` in just `seconds`, from G = 0, with the law's alpha, mu
// and Q0. law->lambda is not read.
double leak_lambda_for(const struct leak_law *law, double share, double seconds);

// Shapes of the capacity c(G) with the same initial slope: how long until half, in units of tau.
// The spread is the model's own uncertainty of a half-life (leak-model 2.5).
#define DECAY_SPREAD_LOW 0.441 // near a memory limit
#define DECAY_SPREAD_HIGH 1.5 // Amdahl-like
// The same until any share, mu = 0, in units of the exponential's time to that share.
struct decay_spread {
	double low, high;
};
struct decay_spread pure_decay_spread(double share);
