// SPDX-License-Identifier: Apache-2.0
// Rates from survivors.
#include "model/survivors.h"

#include "model/distribution.h"

#include <math.h>

#define LEVEL 0.95
#define LEFT_SHARE 0.05

unsigned cohorts_of(const struct tracker *tracker, const struct tracked_stack *stack,
	double counts[static SURVIVORS_COHORTS])
{
	uint32_t intervals = tracker->tick_count - 1;
	unsigned pieces = intervals < SURVIVORS_COHORTS ? intervals : SURVIVORS_COHORTS;

	for (unsigned i = 0; i < SURVIVORS_COHORTS; i++)
		counts[i] = 0;
	for (uint32_t i = 0; i < stack->count; i++)
		if (stack->goroutines[i].since > 0)
			counts[((uint64_t)stack->goroutines[i].since - 1) * pieces / intervals]++;
	return pieces;
}

void cohort_exposure(const struct tracker *tracker, unsigned pieces, bool by_load,
	double exposure[static SURVIVORS_COHORTS])
{
	uint32_t intervals = tracker->tick_count - 1;

	for (unsigned i = 0; i < SURVIVORS_COHORTS; i++)
		exposure[i] = 0;
	for (uint32_t i = 1; i <= intervals; i++) {
		const struct track_tick *tick = &tracker->ticks[i];

		exposure[(uint64_t)(i - 1) * pieces / intervals] +=
			by_load ? tick->load - tick[-1].load : tick->t_s - tick[-1].t_s;
	}
}

static double dispersion(const double *counts, const double *exposure, unsigned pieces)
{
	double sum = 0, length = 0, squares = 0;

	for (unsigned i = 0; i < pieces; i++) {
		sum += counts[i];
		length += exposure[i];
	}
	for (unsigned i = 0; sum > 0 && length > 0 && i < pieces; i++) {
		double expected = sum * exposure[i] / length;

		squares += (counts[i] - expected) * (counts[i] - expected) / fmax(expected, 0.5);
	}
	return pieces > 1 ? squares / (pieces - 1) : 1;
}

// Chance of no more arrivals than these in the later half, when they come in proportion.
static double p_of_halves(const double *counts, const double *exposure, unsigned pieces)
{
	double early = 0, all = 0, early_exposure = 0, all_exposure = 0;

	for (unsigned i = 0; i < pieces; i++) {
		early += i < pieces / 2 ? counts[i] : 0;
		early_exposure += i < pieces / 2 ? exposure[i] : 0;
		all += counts[i];
		all_exposure += exposure[i];
	}
	return all_exposure > 0 ? binomial_upper_tail(early, all, early_exposure / all_exposure)
				: 1;
}

static void look_at_cohorts(
	const struct tracker *tracker, const struct tracked_stack *stack, struct arrivals *arrivals)
{
	double counts[SURVIVORS_COHORTS], exposure[SURVIVORS_COHORTS];
	double sum = 0, most = 0;

	arrivals->cohorts = cohorts_of(tracker, stack, counts);
	for (unsigned i = 0; i < arrivals->cohorts; i++) {
		sum += counts[i];
		most = fmax(most, counts[i]);
	}
	arrivals->largest_share = sum > 0 ? most / sum : 0;
	cohort_exposure(tracker, arrivals->cohorts, false, exposure);
	arrivals->window.phi = dispersion(counts, exposure, arrivals->cohorts);
	arrivals->p_steady = p_of_halves(counts, exposure, arrivals->cohorts);
	cohort_exposure(tracker, arrivals->cohorts, true, exposure);
	arrivals->window.phi_load = dispersion(counts, exposure, arrivals->cohorts);
	arrivals->p_steady =
		fmax(arrivals->p_steady, p_of_halves(counts, exposure, arrivals->cohorts));
	arrivals->window.intervals = arrivals->cohorts;
}

bool arrivals_of(
	const struct life *life, const struct tracked_stack *stack, struct arrivals *arrivals)
{
	const struct tracker *tracker = life->tracker;
	uint32_t last = tracker->tick_count - 1;
	uint32_t settle = last >= 4 ? 2 : 1; // dumps until settled
	double in, out, out_s;

	*arrivals = (struct arrivals){.p_balanced = 1, .p_steady = 1};
	if (last < 2)
		return false;
	in = (double)stack->settled[settle - 1];
	out = (double)stack->unsettled[settle - 1];
	arrivals->window = (struct survivor_window){
		.age = -1,
		.arrived = in,
		.seconds = tracker->ticks[last - settle].t_s - tracker->ticks[0].t_s,
		.load = tracker->ticks[last - settle].load - tracker->ticks[0].load,
		.from_s = tracker->ticks[0].t_s,
		.to_s = tracker->ticks[last - settle].t_s,
	};
	out_s = tracker->ticks[last].t_s - tracker->ticks[settle].t_s;
	if (!(arrivals->window.seconds > 0) || !(out_s > 0))
		return false;
	arrivals->window.left = out * arrivals->window.seconds / out_s;
	arrivals->p_balanced = binomial_upper_tail(
		in, in + out, arrivals->window.seconds / (arrivals->window.seconds + out_s));
	look_at_cohorts(tracker, stack, arrivals);
	arrivals->mean_stock = stack->count - (in - out) / 2;
	return true;
}

static struct estimate survivors_over(
	const struct survivor_window *window, double exposure, double phi)
{
	struct interval in = overdispersed_interval(window->arrived, phi, window->intervals, LEVEL);
	double value = window->arrived;

	if (window->left > LEFT_SHARE * window->arrived) {
		struct interval out = poisson_interval(window->left, LEVEL);

		in = difference_interval(window->arrived, in, window->left, out);
		value -= window->left;
	}
	return estimate_of(value / exposure, in.low / exposure, in.high / exposure, LEVEL,
		"survivors", window->intervals);
}

struct estimate survivors_per_s(const struct survivor_window *window)
{
	if (!(window->seconds > 0))
		return estimate_none("the dumps carry no times");
	return survivors_over(window, window->seconds, window->phi);
}

struct estimate survivors_per_request(const struct survivor_window *window)
{
	if (!(window->load > 0))
		return estimate_none("no requests were counted in this time");
	return survivors_over(window, window->load, window->phi_load);
}
