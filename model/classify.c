// SPDX-License-Identifier: Apache-2.0
// Backlog, slow dependency, load, filling, leak: which, and why.
#include "model/classify.h"

#include "model/class_text.h"
#include "model/finding_text.h"
#include "model/little.h"
#include "model/regression.h"

#include <math.h>

#define CLASSIFY_LEFT_LEAST 0.1 // of those that settled: fewer leave, they stay
#define CLASSIFY_TURNOVER 0.25 // of those that settled, left again: they come and go
#define CLASSIFY_POINTS_MIN 8
#define CLASSIFY_BLOCKS 12
#define CLASSIFY_BY_TIME 0.2 // of the growth of counts may go with time

#define RISE_FROM_SHARE 0.1 // of the peak: where a rise began
#define HELD_SHARE 0.5 // of the peak, for
#define HELD_S 10.0 // at least: not a burst that passes
#define IN_FLIGHT_LEAST 0.5
#define IN_FLIGHT_MOST 1.2

struct rise {
	double from_s, to_s;
	bool whole; // its beginning was seen
	double held_s; // above HELD_SHARE of the peak
};

static struct rise find_rise(const struct target *target, const struct seen_stack *seen)
{
	struct rise rise = {target->life->first_t_s, seen->peak_t_s, false, 0};

	for (uint32_t i = 0; i < seen->point_count; i++) {
		const struct count_point *point = &seen->points[i];

		if (point->t_s <= seen->peak_t_s &&
			point->count <= RISE_FROM_SHARE * (double)seen->peak) {
			rise.from_s = point->t_s;
			rise.whole = true;
		}
		if (i > 0 && point->count >= HELD_SHARE * (double)seen->peak &&
			point[-1].count >= HELD_SHARE * (double)seen->peak)
			rise.held_s += (double)point->t_s - point[-1].t_s;
	}
	// The first point kept of a stack is its first sight: before it there was none.
	if (!rise.whole && seen->count_first == 0 && seen->point_count > 0) {
		rise.from_s = seen->points[0].t_s - 1e-3;
		rise.whole = true;
	}
	return rise;
}

static const struct series_point *point_before(const struct series *series, double t_s)
{
	const struct series_point *found = NULL;

	for (uint32_t i = 0; i < series_count(series); i++)
		if (series_at(series, i)->t_s <= t_s && !isnan(series_at(series, i)->in_flight))
			found = series_at(series, i);
	return found;
}

// The gauge of requests in flight rose with the stack.
static bool is_in_flight(const struct assessment *a, const struct rise *rise)
{
	const struct series_point *base = point_before(&a->target->series, rise->from_s);
	double peak = (double)a->seen->peak;
	double grown = a->seen->peak_in_flight - (rise->whole && base ? base->in_flight : 0);

	return !isnan(grown) && grown >= IN_FLIGHT_LEAST * peak &&
	       peak <= IN_FLIGHT_MOST * grown + 10;
}

// It waits for the next request, and is none.
static bool is_idle_connection(const struct assessment *a)
{
	return a->wait == WAIT_IO && !has_own_code(a->seen->stack);
}

// Without a gauge: the stack's own growth against the requests completed meanwhile.
static double stuck_share(const struct assessment *a, const struct rise *rise)
{
	const struct series *series = &a->target->series;
	double share = little_stuck_share(series, rise->from_s, rise->to_s);
	const struct series_point *base = NULL, *peak = NULL;

	if (!isnan(share))
		return share;
	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (isnan(point->requests))
			continue;
		base = point->t_s <= rise->from_s || !base ? point : base;
		peak = point->t_s <= rise->to_s ? point : peak;
	}
	if (!base || !peak || peak->requests + (double)a->seen->peak <= base->requests)
		return NAN;
	return (double)a->seen->peak / ((double)a->seen->peak + peak->requests - base->requests);
}

// What its goroutines are, if they are requests in flight.
enum requests {
	REQUESTS_NO,
	REQUESTS_BACKLOG, // nearly all of which wait
	REQUESTS_STUCK, // while others finish
};

static enum requests requests_of(const struct assessment *a, double *share)
{
	struct rise rise;
	bool gauge;

	if (a->seen->peak < ASSESS_BACKLOG_COUNT || isnan(a->seen->peak_t_s) ||
		is_idle_connection(a))
		return REQUESTS_NO;
	rise = find_rise(a->target, a->seen);
	gauge = !isnan(a->seen->peak_in_flight);
	if (rise.held_s < HELD_S ||
		!(gauge ? is_in_flight(a, &rise) : stack_is_handler(a->seen->stack)))
		return REQUESTS_NO;
	*share = rise.whole ? stuck_share(a, &rise) : NAN;
	if (isnan(*share))
		return gauge ? REQUESTS_BACKLOG : REQUESTS_NO;
	return *share >= ASSESS_STUCK_SHARE ? REQUESTS_BACKLOG : REQUESTS_STUCK;
}

bool stack_is_backlog(const struct target *target, const struct seen_stack *seen)
{
	const struct assessment asked = {.target = target,
		.seen = seen,
		.wait = seen->wait_count > 0 ? state_kind(seen->waits[0].state) : WAIT_UNKNOWN};
	double share = NAN;

	return 2 * (int64_t)seen->leaked <= seen->count_last &&
	       requests_of(&asked, &share) == REQUESTS_BACKLOG;
}

static double mean_between(const struct seen_stack *seen, double from_s, double to_s)
{
	double sum = 0, count = 0;

	for (uint32_t i = 0; i < seen->point_count; i++) {
		double t_s = seen->points[i].t_s;

		if (t_s < from_s - 1e-3 || t_s > to_s + 1e-3)
			continue;
		sum += seen->points[i].count;
		count++;
	}
	return count > 0 ? sum / count : 0;
}

// What the rules look at, once for all of them.
struct evidence {
	enum requests requests;
	double share; // of the requests that did not come back; NAN
	struct flight flight;
	enum flight_case kind;
	double first, last; // goroutines here in the early part of the life and in its last third
};

// Up to the peak when most of it has gone since.
static void gather(const struct assessment *a, struct evidence *evidence)
{
	const struct life *life = a->target->life;
	bool over = 2 * a->seen->count_last < a->seen->peak && !isnan(a->seen->peak_t_s);
	double to_s = over ? a->seen->peak_t_s : life->last_t_s;
	double third_s = (to_s - life->first_t_s) / 3;
	struct rise rise = find_rise(a->target, a->seen);
	double early_to_s = rise.whole ? rise.from_s : life->first_t_s + third_s;

	evidence->requests = requests_of(a, &evidence->share);
	evidence->flight = flight_of(&a->target->series, life->index, early_to_s, to_s);
	evidence->kind = flight_case_of(&evidence->flight);
	evidence->first = mean_between(a->seen, life->first_t_s, early_to_s);
	evidence->last = mean_between(a->seen, to_s - third_s, to_s);
}

// Hardly anybody who settled here has left: these are not the ones that come back.
static bool they_stay(const struct assessment *a)
{
	const struct survivor_window *window = &a->arrivals.window;

	return a->has_arrivals && window->arrived >= ASSESS_GROWING_COUNT &&
	       window->left < CLASSIFY_LEFT_LEAST * window->arrived;
}

static bool is_proven(const struct assessment *a)
{
	return 2 * (int64_t)a->seen->leaked > a->seen->count_last;
}

// Requests that the runtime proves stuck are no backlog, unless they are a few among many.
static bool is_backlog(const struct assessment *a, const struct evidence *evidence)
{
	return evidence->requests == REQUESTS_BACKLOG && a->verdict != VERDICT_CONFIRMED &&
	       !is_proven(a);
}

static bool is_of_requests(const struct assessment *a)
{
	struct rise rise;

	if (is_idle_connection(a))
		return false;
	if (stack_is_handler(a->seen->stack))
		return true;
	if (isnan(a->seen->peak_t_s))
		return false;
	rise = find_rise(a->target, a->seen);
	return !isnan(a->seen->peak_in_flight) && is_in_flight(a, &rise);
}

// Little's second case: requests under way rise by their duration, and come back.
// In the first minutes of a process everything lasts longer than before.
static bool is_slow(const struct assessment *a, const struct evidence *evidence)
{
	const struct life *life = a->target->life;
	bool young = a->target->t_s - life->born_t_s < DETECTOR_MUTE_S;
	bool asked = a->verdict != VERDICT_NONE || a->seen->peak >= ASSESS_BACKLOG_COUNT;

	return evidence->kind == FLIGHT_SLOW && asked && !young &&
	       a->verdict != VERDICT_CONFIRMED &&
	       evidence->last > FLIGHT_LATENCY_RISE * evidence->first && !they_stay(a) &&
	       !is_proven(a) && is_of_requests(a);
}

static bool is_contention(const struct assessment *a, struct lock_queue *queue)
{
	double now = (double)a->seen->count_last;

	return a->verdict != VERDICT_CONFIRMED && now >= ASSESS_STUCK_COUNT && !is_proven(a) &&
	       waits_for_lock(a->seen) && lock_queue_of(a->target, a->seen, queue) &&
	       lock_queue_grows(queue, now);
}

static double load_at(const struct series *series, uint32_t life, double from_s, double to_s)
{
	const struct series_point *first = NULL, *last = NULL;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || isnan(point->requests) || point->t_s > to_s + 1e-3)
			continue;
		first = !first || point->t_s <= from_s + 1e-3 ? point : first;
		last = point;
	}
	return first && last->t_s > first->t_s
		       ? (last->requests - first->requests) / (last->t_s - first->t_s)
		       : NAN;
}

// One row for each block of this life: 1, requests per second, time; and the mean count. Few
// blocks, since the chance in which requests come would weaken what they explain.
static size_t load_rows(const struct assessment *a, double *x, double *y)
{
	const struct life *life = a->target->life;
	double step_s = (life->last_t_s - life->first_t_s) / CLASSIFY_BLOCKS;
	size_t count = 0;

	for (int i = 0; i < CLASSIFY_BLOCKS; i++) {
		double from_s = life->first_t_s + i * step_s, to_s = from_s + step_s;
		double load = load_at(&a->target->series, life->index, from_s, to_s);

		y[count] = mean_between(a->seen, from_s, to_s);
		if (isnan(load) || !(y[count] > 0))
			continue;
		x[3 * count] = 1;
		x[3 * count + 1] = load;
		x[3 * count + 2] = from_s;
		count++;
	}
	return count;
}

// Without IDs nobody can be seen to leave: counts must go with the load, and with the time by no
// more than a share of their growth.
static bool counts_follow(const struct assessment *a, double grown)
{
	double x[3 * CLASSIFY_BLOCKS], y[CLASSIFY_BLOCKS];
	size_t count = load_rows(a, x, y);
	struct regression fit;
	double over_s;

	if (count < CLASSIFY_POINTS_MIN || regress(x, y, NULL, count, 3, &fit) < 0)
		return false;
	over_s = x[3 * count - 1] - x[2];
	return fit.coefficient[1] > 2 * regression_error(&fit, 1) &&
	       fit.coefficient[2] * over_s <=
		       fmax(2 * regression_error(&fit, 2) * over_s, CLASSIFY_BY_TIME * grown);
}

// Growth in proportion to the requests, or less, of goroutines that come and go.
static bool follows_load(const struct assessment *a, const struct evidence *evidence)
{
	double load = flight_ratio(evidence->flight.per_s);
	bool open = a->verdict == VERDICT_UNDECIDABLE ||
		    (a->verdict == VERDICT_SUSPECT && !a->detector);

	if (!open || !(load > ASSESS_RAMP) || evidence->first < ASSESS_GROWING_COUNT ||
		evidence->last > load * evidence->first + 3 * sqrt(evidence->last))
		return false;
	if (!a->has_arrivals)
		return counts_follow(a, evidence->last - evidence->first);
	return a->arrivals.window.left >= CLASSIFY_TURNOVER * a->arrivals.window.arrived;
}

static bool is_filling(const struct assessment *a, struct filling *filling)
{
	bool open = a->verdict == VERDICT_SUSPECT || a->verdict == VERDICT_GROWING ||
		    a->verdict == VERDICT_UNDECIDABLE;
	bool slowing = a->verdict == VERDICT_SUSPECT
			       ? a->detector && detector_is_slowing(a->detector)
			       : a->slowing;

	return open && a->seen->leaked == 0 && filling_of(a->target, a->seen, slowing, filling);
}

// What is told though no verdict asks for it: many wait now, or did.
static void raise_verdict(struct assessment *a)
{
	bool over = 10 * a->seen->count_last < a->seen->peak;

	if (over)
		a->verdict = VERDICT_CLEARED;
	else if (a->verdict == VERDICT_SUSPECT || a->verdict == VERDICT_NONE ||
		 a->verdict == VERDICT_UNDECIDABLE || a->verdict == VERDICT_CLEARED)
		a->verdict = VERDICT_STUCK;
}

static void make_contention(struct assessment *a, const struct lock_queue *queue)
{
	a->class = CLASS_CONTENTION;
	a->holder = queue->holder ? stack_site(queue->holder->stack) : NULL;
	if (a->verdict == VERDICT_NONE || a->verdict == VERDICT_UNDECIDABLE)
		a->verdict = VERDICT_STUCK;
	say_contention(a, queue);
}

static void make_backlog(struct assessment *a, double share)
{
	a->class = CLASS_BACKLOG;
	raise_verdict(a);
	say_backlog(a, share);
}

static void make_slow(struct assessment *a, const struct flight *flight)
{
	a->class = CLASS_SLOW_DEPENDENCY;
	raise_verdict(a);
	say_slow(a, flight);
}

static void classify_verdict(struct assessment *a, const struct evidence *evidence)
{
	bool requests_stuck = evidence->requests != REQUESTS_NO && evidence->kind != FLIGHT_SLOW &&
			      evidence->kind != FLIGHT_LOAD;

	switch (a->verdict) {
	case VERDICT_CONFIRMED:
	case VERDICT_SUSPECT:
		a->class = CLASS_LEAK;
		say_leak(a, evidence->kind, requests_stuck);
		break;
	case VERDICT_GROWING:
		say_growing(a, requests_stuck);
		break;
	case VERDICT_STUCK:
		if (a->seen->leaked == 0) // the proof says it
			say_stuck(a);
		break;
	case VERDICT_HINT:
		say_hint(a);
		break;
	case VERDICT_CLEARED:
		a->class = CLASS_PLATEAU;
		say_plateau(a);
		break;
	case VERDICT_UNDECIDABLE:
		say_undecidable(a, evidence->kind);
		break;
	case VERDICT_NONE:
		break;
	}
}

void classify(struct assessment *a)
{
	struct evidence evidence = {.share = NAN};
	struct lock_queue queue;
	struct filling filling;

	a->class = CLASS_UNKNOWN;
	if (a->verdict == VERDICT_NONE && a->seen->peak < ASSESS_STUCK_COUNT)
		return;
	gather(a, &evidence);
	if (is_contention(a, &queue)) {
		make_contention(a, &queue);
	} else if (is_slow(a, &evidence)) {
		make_slow(a, &evidence.flight);
	} else if (is_backlog(a, &evidence)) {
		make_backlog(a, evidence.share);
	} else if (follows_load(a, &evidence)) {
		a->class = CLASS_LOAD;
		say_load(a, &evidence.flight, evidence.first, evidence.last);
	} else if (is_filling(a, &filling)) {
		a->class = CLASS_FILLING;
		say_filling(a, &filling);
	} else {
		classify_verdict(a, &evidence);
		if (a->seen->leaked > 0) { // whatever the time was too short for
			a->class = CLASS_LEAK;
			a->decides[0] = '\0';
		}
	}
}
