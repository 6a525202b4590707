// SPDX-License-Identifier: Apache-2.0
// Closed forms of the source model, and Runge-Kutta where there is none. Sections are those of the
// leak model, whose derivation docs/model.md sums up.
#include "model/closed_form.h"

#include "model/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

// A step is this part of the shortest time scale around it: the error of a step is its fifth power.
#define STEP 0.01
#define STEPS_MAX 10000000
#define BISECTIONS 100
// Nearer to the equilibrium than this, as a share of it, nothing moves any more.
#define AT_REST 1e-11

// 1.1: tau
double leak_time_scale_s(const struct leak_law *law)
{
	return 1 / (law->alpha * law->lambda * law->q0);
}

// 1.1: G(t) - G0 = (ln(e^(alpha G0) + alpha lambda Q0 t) - alpha G0) / alpha
static double pure_growth(const struct leak_law *law, double t_s)
{
	double growth = law->lambda * law->q0 * t_s;

	if (law->alpha == 0)
		return growth;
	// log1p keeps the digits of a small leak, and e^(alpha G0) is taken out so that it cannot
	// overflow.
	return log1p(law->alpha * growth * exp(-law->alpha * law->start)) / law->alpha;
}

double pure_leak_goroutines(const struct leak_law *law, double t_s)
{
	return law->start + pure_growth(law, t_s);
}

// 1.1: Q(t) = Q0 / (1 + alpha lambda Q0 t)
double pure_leak_qps(const struct leak_law *law, double t_s)
{
	return law->q0 * exp(-law->alpha * pure_leak_goroutines(law, t_s));
}

// 1.1: t_f = tau (1/f - 1)
double pure_leak_seconds_to_share(const struct leak_law *law, double share)
{
	return leak_time_scale_s(law) * (1 / share - 1);
}

// 1.1: Q0 ln(1 + x) / x, x = T / tau
double pure_leak_mean_qps(const struct leak_law *law, double t_s)
{
	double x = t_s / leak_time_scale_s(law);

	return x > 0 ? law->q0 * log1p(x) / x : law->q0;
}

// 1.1: ln Q = ln Q0 - alpha lambda N
double pure_leak_requests_to_share(const struct leak_law *law, double share)
{
	return -log(share) / (law->alpha * law->lambda);
}

// 1.1: the mean QPS with x = 1/f - 1, times T
double pure_leak_requests_between(double q0, double share, double seconds)
{
	return share >= 1 ? q0 * seconds : q0 * seconds * -log(share) / (1 / share - 1);
}

// 1.1: G_f = ln(1/f) / alpha
double leak_goroutines_at_share(const struct leak_law *law, double share)
{
	return -log(share) / law->alpha;
}

// 1.1: the same for alpha
double leak_alpha_between(double goroutines, double share)
{
	return -log(share) / goroutines;
}

// 1.1: alpha G* = W(alpha lambda Q0 / mu); without decay lambda Q0 / mu
struct leak_state leak_equilibrium(const struct leak_law *law)
{
	double goroutines;

	if (law->alpha == 0)
		goroutines = law->lambda * law->q0 / law->mu;
	else
		goroutines = lambert_w(law->alpha * law->lambda * law->q0 / law->mu) / law->alpha;
	return (struct leak_state){goroutines, law->q0 * exp(-law->alpha * goroutines)};
}

// 1.1: kappa = mu (1 + alpha G*)
double leak_relaxation_per_s(const struct leak_law *law)
{
	return law->mu * (1 + law->alpha * leak_equilibrium(law).goroutines);
}

// 1.1, "never halves", for any share: where G* = G_f, lambda f Q0 = mu ln(1/f) / alpha
double leak_mu_that_stops(const struct leak_law *law, double share)
{
	return law->lambda * law->q0 * law->alpha * share / -log(share);
}

// 1.1: dG/dt
static double slope(const struct leak_law *law, double goroutines)
{
	return law->lambda * law->q0 * exp(-law->alpha * goroutines) - law->mu * goroutines;
}

static double qps_at(const struct leak_law *law, double goroutines)
{
	return law->q0 * exp(-law->alpha * goroutines);
}

// One step for G, and for requests, whose derivative is the QPS at the same four places.
static struct leak_point runge_kutta_step(
	const struct leak_law *law, const struct leak_point *from, double h)
{
	double g1 = from->goroutines;
	double k1 = slope(law, g1), g2 = g1 + h / 2 * k1;
	double k2 = slope(law, g2), g3 = g1 + h / 2 * k2;
	double k3 = slope(law, g3), g4 = g1 + h * k3;
	double k4 = slope(law, g4);
	double requests =
		qps_at(law, g1) + 2 * qps_at(law, g2) + 2 * qps_at(law, g3) + qps_at(law, g4);

	return (struct leak_point){
		.t_s = from->t_s + h,
		.goroutines = g1 + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4),
		.requests = from->requests + h / 6 * requests,
	};
}

// The rate at which the slope itself changes here; mu alpha G bounds how far a step may fall from
// above the equilibrium.
static double step_s(const struct leak_law *law, double goroutines)
{
	return STEP / (law->mu * (1 + law->alpha * goroutines) +
			      law->alpha * law->lambda * qps_at(law, goroutines));
}

static bool rests(const struct leak_point *point, const struct leak_state *rest)
{
	return fabs(point->goroutines - rest->goroutines) <= AT_REST * rest->goroutines;
}

static struct leak_point rest_until(
	const struct leak_point *point, const struct leak_state *rest, double t_s)
{
	return (struct leak_point){
		.t_s = t_s,
		.goroutines = rest->goroutines,
		.requests = point->requests + rest->qps * (t_s - point->t_s),
	};
}

static struct leak_point integrate(const struct leak_law *law, double t_s)
{
	struct leak_state rest = leak_equilibrium(law);
	struct leak_point point = {.goroutines = law->start};

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		double h = step_s(law, point.goroutines), left = t_s - point.t_s;

		if (rests(&point, &rest))
			return rest_until(&point, &rest, t_s);
		if (h >= left)
			return runge_kutta_step(law, &point, left);
		point = runge_kutta_step(law, &point, h);
	}
	return (struct leak_point){.goroutines = NAN, .requests = NAN};
}

static struct leak_point pure_after(const struct leak_law *law, double t_s)
{
	double growth = pure_growth(law, t_s);

	// 1.1: G = G0 + lambda N, and where nothing leaks nothing slows down
	return (struct leak_point){
		.goroutines = law->start + growth,
		.requests = law->lambda > 0 ? growth / law->lambda : qps_at(law, law->start) * t_s,
	};
}

static bool is_known(const struct leak_law *law)
{
	return !isnan(law->lambda + law->mu + law->alpha + law->q0 + law->start);
}

struct leak_point leak_after(const struct leak_law *law, double t_s)
{
	struct leak_point point = {.goroutines = NAN, .requests = NAN};

	if (is_known(law) && !isnan(t_s))
		point = law->mu > 0 ? integrate(law, t_s) : pure_after(law, t_s);
	point.t_s = t_s;
	point.qps = qps_at(law, point.goroutines);
	return point;
}

double leak_goroutines(const struct leak_law *law, double t_s)
{
	return leak_after(law, t_s).goroutines;
}

// 1.1 solved for t: tau (e^(alpha G) - e^(alpha G0))
static struct leak_point pure_reaching(const struct leak_law *law, double goal)
{
	double rise = goal - law->start;
	double seconds = rise / (law->lambda * law->q0);

	if (law->alpha > 0)
		seconds = leak_time_scale_s(law) * exp(law->alpha * law->start) *
			  expm1(law->alpha * rise);
	// It gets there, if only after ages.
	return (struct leak_point){.t_s = fmin(seconds, DBL_MAX), .requests = rise / law->lambda};
}

// The last step, which passes `goal`, cut to where it meets it.
static struct leak_point step_onto(
	const struct leak_law *law, const struct leak_point *from, double h, double goal)
{
	double low = 0, high = h;

	for (int i = 0; i < BISECTIONS; i++) {
		double middle = (low + high) / 2;

		if (runge_kutta_step(law, from, middle).goroutines < goal)
			low = middle;
		else
			high = middle;
	}
	return runge_kutta_step(law, from, high);
}

static struct leak_point integrate_onto(const struct leak_law *law, double goal)
{
	struct leak_point point = {.goroutines = law->start};

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		double h = step_s(law, point.goroutines);
		struct leak_point next = runge_kutta_step(law, &point, h);

		if (next.goroutines >= goal)
			return step_onto(law, &point, h, goal);
		point = next;
	}
	return (struct leak_point){.t_s = INFINITY, .requests = INFINITY};
}

struct leak_point leak_reaching(const struct leak_law *law, double goal)
{
	struct leak_point point = {.t_s = INFINITY, .requests = INFINITY};

	if (!is_known(law) || isnan(goal))
		point = (struct leak_point){.t_s = NAN, .requests = NAN};
	else if (law->start >= goal)
		point = (struct leak_point){0};
	else if (law->lambda > 0 && !(law->mu > 0))
		point = pure_reaching(law, goal);
	else if (law->lambda > 0 && leak_equilibrium(law).goroutines * (1 - AT_REST) > goal)
		point = integrate_onto(law, goal);
	point.goroutines = goal;
	point.qps = qps_at(law, goal);
	return point;
}

double leak_seconds_to_share(const struct leak_law *law, double share)
{
	if (!is_known(law))
		return NAN;
	if (!(law->alpha > 0))
		return INFINITY;
	return leak_reaching(law, leak_goroutines_at_share(law, share)).t_s;
}

double leak_lambda_for(const struct leak_law *law, double share, double seconds)
{
	struct leak_law tried = *law;
	double low, high;

	tried.start = 0;
	tried.lambda = 1;
	// 1.1: with mu = 0 the time goes with 1 / lambda.
	low = pure_leak_seconds_to_share(&tried, share) / seconds;
	if (!(law->mu > 0) || !isfinite(low))
		return low;
	// With mu it takes more, but no more than the pure one together with what balances mu at
	// that share.
	high = low + 1 / leak_mu_that_stops(&tried, share) * law->mu;
	for (int i = 0; i < BISECTIONS; i++) {
		tried.lambda = (low + high) / 2;
		if (leak_seconds_to_share(&tried, share) > seconds)
			low = tried.lambda;
		else
			high = tried.lambda;
	}
	return high;
}

// 2.5: t_f = tau int dG / c(G), up to c = f, in units of the exponential's 1/f - 1:
//	c = 1 / (1 + G):        (1/f^2 - 1) / 2
//	c = 1 - G / (1 - G):    G/2 - ln(1 - 2G)/4, G = (1 - f) / (2 - f)
struct decay_spread pure_decay_spread(double share)
{
	double exponential = 1 / share - 1, g = (1 - share) / (2 - share);

	return (struct decay_spread){
		.low = (g / 2 - log1p(-2 * g) / 4) / exponential,
		.high = (1 / share + 1) / 2,
	};
}
