// SPDX-License-Identifier: Apache-2.0
// Closed forms of the source model, and Runge-Kutta where there is none.
#include "model/closed_form.h"

#include "model/distribution.h"

#include <math.h>

#define STEPS_MAX 10000000.0

double leak_time_scale_s(const struct leak_law *law)
{
	return 1 / (law->alpha * law->lambda * law->q0);
}

double pure_leak_goroutines(const struct leak_law *law, double t_s)
{
	double growth = law->lambda * law->q0 * t_s;

	if (law->alpha == 0)
		return law->start + growth;
	// log1p keeps the digits of a small leak, and e^(alpha G0) is taken out so that it cannot
	// overflow.
	return law->start + log1p(law->alpha * growth * exp(-law->alpha * law->start)) / law->alpha;
}

double pure_leak_qps(const struct leak_law *law, double t_s)
{
	return law->q0 * exp(-law->alpha * pure_leak_goroutines(law, t_s));
}

double pure_leak_seconds_to_share(const struct leak_law *law, double share)
{
	return leak_time_scale_s(law) * (1 / share - 1);
}

double leak_goroutines_at_share(const struct leak_law *law, double share)
{
	return -log(share) / law->alpha;
}

double pure_leak_mean_qps(const struct leak_law *law, double t_s)
{
	double x = t_s / leak_time_scale_s(law);

	return x > 0 ? law->q0 * log1p(x) / x : law->q0;
}

struct leak_state leak_equilibrium(const struct leak_law *law)
{
	double goroutines;

	if (law->alpha == 0)
		goroutines = law->lambda * law->q0 / law->mu;
	else
		goroutines = lambert_w(law->alpha * law->lambda * law->q0 / law->mu) / law->alpha;
	return (struct leak_state){goroutines, law->q0 * exp(-law->alpha * goroutines)};
}

static double slope(const struct leak_law *law, double goroutines)
{
	return law->lambda * law->q0 * exp(-law->alpha * goroutines) - law->mu * goroutines;
}

static double runge_kutta_step(const struct leak_law *law, double g, double h)
{
	double k1 = slope(law, g);
	double k2 = slope(law, g + h / 2 * k1);
	double k3 = slope(law, g + h / 2 * k2);
	double k4 = slope(law, g + h * k3);

	return g + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

static double step_max_s(const struct leak_law *law)
{
	return 0.1 / (law->mu + law->alpha * law->lambda * law->q0);
}

double leak_goroutines(const struct leak_law *law, double t_s, unsigned steps_min)
{
	double steps = fmax(ceil(t_s / step_max_s(law)), steps_min);
	double g = law->start;

	if (!(steps <= STEPS_MAX))
		return NAN;
	for (double i = 0; i < steps; i++)
		g = runge_kutta_step(law, g, t_s / steps);
	return g;
}

double leak_seconds_to_share(const struct leak_law *law, double share)
{
	double goal, h, g = law->start, t = 0;

	if (!(law->alpha > 0) || !(law->lambda > 0))
		return INFINITY;
	goal = leak_goroutines_at_share(law, share);
	if (g >= goal)
		return 0;
	if (!(law->mu > 0))
		return leak_time_scale_s(law) * (1 / share - exp(law->alpha * g));
	if (leak_equilibrium(law).goroutines <= goal)
		return INFINITY;
	h = step_max_s(law);
	for (double i = 0; i < STEPS_MAX; i++) {
		double next = runge_kutta_step(law, g, h);

		if (next >= goal)
			return t + h * (goal - g) / (next - g);
		g = next;
		t += h;
	}
	return INFINITY;
}

struct incident_check incident_check(const struct incident *incident)
{
	struct leak_law law = {incident->lambda, 0, incident->alpha, incident->q0, 0};
	double seconds = pure_leak_seconds_to_share(&law, incident->share);

	return (struct incident_check){
		.seconds = seconds,
		.goroutines = leak_goroutines_at_share(&law, incident->share),
		.factor = incident->seconds / seconds,
		.lambda = incident->lambda * seconds / incident->seconds,
	};
}
