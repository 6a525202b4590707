// SPDX-License-Identifier: Apache-2.0
// Backlog, slow dependency, load, filling, leak: which, and why.
#include "model/classify.h"

#include "base/clock.h"
#include "model/little.h"

#include <math.h>
#include <stdio.h>

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

enum flight { FLIGHT_NO, FLIGHT_BACKLOG, FLIGHT_STUCK };

static enum flight flight_of(const struct assessment *a, double *share)
{
	struct rise rise;
	bool gauge;

	if (a->seen->peak < ASSESS_BACKLOG_COUNT || isnan(a->seen->peak_t_s))
		return FLIGHT_NO;
	rise = find_rise(a->target, a->seen);
	gauge = !isnan(a->seen->peak_in_flight);
	if (rise.held_s < HELD_S ||
		!(gauge ? is_in_flight(a, &rise) : stack_is_handler(a->seen->stack)))
		return FLIGHT_NO;
	*share = rise.whole ? stuck_share(a, &rise) : NAN;
	if (isnan(*share))
		return gauge ? FLIGHT_BACKLOG : FLIGHT_NO;
	return *share >= ASSESS_STUCK_SHARE ? FLIGHT_BACKLOG : FLIGHT_STUCK;
}

#define SAY(a, ...) (void)snprintf((a)->because, sizeof((a)->because), __VA_ARGS__)

static void say_backlog(struct assessment *a, double share)
{
	const char *now = a->verdict == VERDICT_CLEARED ? "It has drained" : "They wait still";
	char peak[COUNT_TEXT_MAX];

	count_format((double)a->seen->peak, "goroutine", peak);
	if (isnan(share))
		SAY(a,
			"Up to %s were requests in flight, by the target's own gauge. "
			"%s.",
			peak, now);
	else
		SAY(a,
			"Up to %s were requests in flight: of the requests of that "
			"time "
			"%.0f %% did not come back, so what they all wait for is slow or stuck. A "
			"leak "
			"would keep a few and let the others finish. %s.",
			peak, share * 100, now);
}

static void make_backlog(struct assessment *a, double share)
{
	bool drained = 10 * a->seen->count_last < a->seen->peak;

	a->class = CLASS_BACKLOG;
	if (drained)
		a->verdict = VERDICT_CLEARED;
	else if (a->verdict == VERDICT_SUSPECT || a->verdict == VERDICT_NONE ||
		 a->verdict == VERDICT_UNDECIDABLE || a->verdict == VERDICT_CLEARED)
		a->verdict = VERDICT_STUCK;
	say_backlog(a, share);
}

static void say_leak(struct assessment *a, bool requests_stuck)
{
	const char *tail =
		requests_stuck ? " They are requests that never finish, while others do." : "";

	a->class = CLASS_LEAK;
	if (a->detector && estimate_known(&a->rate_per_s) && a->rate_per_s.n > 0)
		SAY(a,
			"Goroutines keep arriving here and stay: evidence 10^%.0f against a "
			"balance of "
			"arrivals and departures, over %.0f min.%s",
			a->detector->age[a->detector->decided_age].c / log(10),
			(a->rate_per_s.to_ms - a->rate_per_s.from_ms) / 60e3, tail);
	else
		SAY(a,
			"The lowest count of each ten minutes keeps rising, by more than the load "
			"explains; "
			"goroutine IDs or the goroutineleak profile would confirm it.%s",
			tail);
}

static void say_growing(struct assessment *a, bool requests_stuck)
{
	const struct survivor_window *window = &a->arrivals.window;
	char first[COUNT_TEXT_MAX], last[COUNT_TEXT_MAX], left[COUNT_TEXT_MAX];

	a->class = CLASS_UNKNOWN;
	if (!a->has_arrivals) {
		count_format((double)a->seen->count_first, "", first);
		count_format((double)a->seen->count_last, "", last);
		SAY(a,
			"Counts rose from %s to %s. Too short to tell a leak from a pool or "
			"cache that "
			"fills.",
			first, last);
		return;
	}
	count_format(window->arrived, "goroutine", first);
	count_format(window->left, "", left);
	SAY(a,
		"In %.0f s %s arrived here and stayed, %s left.%s Too short to tell "
		"a leak "
		"from a pool or cache that fills.",
		window->seconds, first, left,
		requests_stuck ? " They are requests that do not finish, while others do." : "");
}

static void say_stuck(struct assessment *a)
{
	char count[COUNT_TEXT_MAX], waited[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "goroutine", count);
	count_format(a->seen->waited, "", waited);
	if (a->seen->leaked > 0)
		return; // the proof says it
	a->class = CLASS_UNKNOWN;
	if (wait_is_never_idle(a->wait))
		SAY(a,
			"%s wait in \"%s\", %s of them for a minute or more, up to %u "
			"min: no "
			"idle worker waits like that.",
			count, wait_kind_name(a->wait), waited, a->seen->minutes_max);
	else
		SAY(a,
			"%s wait here, %s of them for a minute or more, up to %u min, "
			"born "
			"evenly over the life of the process.",
			count, waited, a->seen->minutes_max);
}

static void say_undecidable(struct assessment *a)
{
	char last[COUNT_TEXT_MAX], first[COUNT_TEXT_MAX];
	char arrived[COUNT_TEXT_MAX], left[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "goroutine", last);
	count_format((double)a->seen->count_first, "", first);
	count_format(a->arrivals.window.arrived, "goroutine", arrived);
	count_format(a->arrivals.window.left, "", left);
	a->class = CLASS_UNKNOWN;
	if (a->in_flight)
		SAY(a,
			"%s now, %s at first: the requests in flight grew by as "
			"much. More load or long requests look like this, and so do requests that "
			"never end.",
			last, first);
	else if (a->slowing)
		SAY(a,
			"%s arrived here and stayed, fewer and fewer: as a pool or "
			"cache does that fills.",
			arrived);
	else if (a->has_arrivals)
		SAY(a,
			"%s arrived here and %s left in %.0f s%s: not enough to "
			"tell.",
			arrived, left, a->arrivals.window.seconds,
			little_ramp(&a->target->series, a->target->life->index) > ASSESS_RAMP
				? ", while the load rose"
				: "");
	else
		SAY(a,
			"The IDs of %s are spread evenly, as a leak's would be, and "
			"as those of "
			"long sessions may be.",
			last);
}

static void say_cleared(struct assessment *a)
{
	a->class = CLASS_PLATEAU;
	SAY(a, "It grew, and has stopped: %lld now, %lld at most.", (long long)a->seen->count_last,
		(long long)a->seen->peak);
}

static void say_hint(struct assessment *a)
{
	a->class = CLASS_UNKNOWN;
	SAY(a, "One burst of arrivals stood far above this stack's own history, and has stayed so "
	       "far.");
}

static void classify_verdict(struct assessment *a, enum flight flight)
{
	switch (a->verdict) {
	case VERDICT_CONFIRMED:
		say_leak(a, flight != FLIGHT_NO);
		break;
	case VERDICT_SUSPECT:
		say_leak(a, flight != FLIGHT_NO);
		if (a->detector && detector_is_slowing(a->detector)) {
			a->class = CLASS_FILLING;
			SAY(a, "It grows, and ever more slowly, as a pool or cache does that "
			       "fills.");
		}
		break;
	case VERDICT_GROWING:
		say_growing(a, flight != FLIGHT_NO);
		break;
	case VERDICT_STUCK:
		say_stuck(a);
		break;
	case VERDICT_HINT:
		say_hint(a);
		break;
	case VERDICT_CLEARED:
		say_cleared(a);
		break;
	case VERDICT_UNDECIDABLE:
		say_undecidable(a);
		break;
	case VERDICT_NONE:
		break;
	}
}

// Requests that the runtime proves stuck are no backlog, unless they are a few among many.
static bool is_backlog(const struct assessment *a, enum flight flight)
{
	return flight == FLIGHT_BACKLOG && a->verdict != VERDICT_CONFIRMED &&
	       2 * (int64_t)a->seen->leaked <= a->seen->count_last;
}

void classify(struct assessment *a)
{
	double share = NAN;
	enum flight flight = flight_of(a, &share);

	if (is_backlog(a, flight)) {
		make_backlog(a, share);
		return;
	}
	classify_verdict(a, flight);
	if (a->seen->leaked > 0) // whatever the time was too short for
		a->class = CLASS_LEAK;
}
