// SPDX-License-Identifier: Apache-2.0
// Words for classes.
#include "model/class_text.h"

#include "base/clock.h"
#include "model/little.h"

#include <math.h>
#include <stdio.h>

#define SAY(a, ...) (void)snprintf((a)->because, sizeof((a)->because), __VA_ARGS__)
#define DECIDE(a, ...) (void)snprintf((a)->decides, sizeof((a)->decides), __VA_ARGS__)

#define FUNCTION_SHOWN 60 // bytes of a function's name

static void format_seconds(double seconds, char out[static COUNT_TEXT_MAX])
{
	if (isnan(seconds))
		(void)snprintf(out, COUNT_TEXT_MAX, "an unknown time");
	else if (seconds < 1)
		(void)snprintf(out, COUNT_TEXT_MAX, "%.3g ms", seconds * 1e3);
	else if (seconds < 120)
		(void)snprintf(out, COUNT_TEXT_MAX, "%.3g s", seconds);
	else if (seconds < 2 * 3600)
		(void)snprintf(out, COUNT_TEXT_MAX, "%.0f min", ceil(seconds / 60));
	else
		(void)snprintf(out, COUNT_TEXT_MAX, "%.0f h", ceil(seconds / 3600));
}

void say_backlog(struct assessment *a, double share)
{
	bool drained = a->verdict == VERDICT_CLEARED;
	const char *now = drained ? "It has drained" : "They wait still";
	char peak[COUNT_TEXT_MAX];

	count_format((double)a->seen->peak, "goroutine", peak);
	if (isnan(share))
		SAY(a, "Up to %s were requests in flight, by the target's own gauge. %s.", peak,
			now);
	else
		SAY(a,
			"Up to %s were requests in flight: of the requests of that time %.0f %% "
			"did not come back, so what they all wait for is slow or stuck. A leak "
			"would keep a few and let the others finish. %s.",
			peak, share * 100, now);
	if (drained)
		return;
	DECIDE(a, "%s",
		isnan(share)
			? "Whether other requests finish meanwhile: if they do, these are leaked; "
			  "if none does, it is a backlog."
			: "What they wait for, answering again: a backlog drains then, a leak "
			  "stays.");
}

void say_slow(struct assessment *a, const struct flight *flight)
{
	char before[COUNT_TEXT_MAX], now[COUNT_TEXT_MAX], count[COUNT_TEXT_MAX];

	format_seconds(flight->latency_s[0], before);
	format_seconds(flight->latency_s[1], now);
	count_format((double)a->seen->peak, "goroutine", count);
	SAY(a,
		"Requests took %s on average and now take %s, %.3g a second before and %.3g now, "
		"and they do come back: up to %s here are requests under way. A leak's would not "
		"come back; more load would show in the rate.",
		before, now, flight->per_s[0], flight->per_s[1], count);
	if (a->verdict != VERDICT_CLEARED)
		DECIDE(a,
			"The latency of what they call: when it falls, they are gone after %s. "
			"Those that are still there then are leaked.",
			now);
}

// "main.(*ledger).post gives it back, by the mutex profile"
static void format_holder(const struct lock_queue *queue, size_t size, char *out)
{
	const struct frame *site = queue->holder ? stack_site(queue->holder->stack) : NULL;
	struct str name = site ? site->function : STR_EMPTY;
	size_t slash = name.len;

	while (slash > 0 && name.data[slash - 1] != '/')
		slash--;
	name = str_head(str_skip(name, slash), FUNCTION_SHOWN);
	if (!site)
		(void)snprintf(out, size, "Who holds it, a mutex profile would say");
	else
		(void)snprintf(out, size, "%s %.*s",
			queue->holder_is_sure ? "It is held by" : "Perhaps it is held by",
			(int)name.len, name.data);
}

void say_contention(struct assessment *a, const struct lock_queue *queue)
{
	char count[COUNT_TEXT_MAX], wait[COUNT_TEXT_MAX], holder[FUNCTION_SHOWN + 64];

	count_format((double)a->seen->count_last, "goroutine", count);
	format_seconds(queue->mean_wait_ms / 1e3, wait);
	format_holder(queue, sizeof(holder), holder);
	SAY(a,
		"%s wait for a lock here. They get it, after %s on average, and more and more "
		"wait: %.2g on average at first, %.2g now. %s. A lock that is never given back "
		"would show no waits that end.",
		count, wait, fmax(0, queue->waiters_first), queue->waiters_now, holder);
	DECIDE(a, "What the holder does while it has the lock. When no wait ends any more, the "
		  "lock is never given back: a leak.");
}

void say_load(struct assessment *a, const struct flight *flight, double first, double last)
{
	char before[COUNT_TEXT_MAX], now[COUNT_TEXT_MAX];

	count_format(first, "", before);
	count_format(last, "goroutine", now);
	SAY(a,
		"Requests rose from %.3g to %.3g a second, and these with them, from %s to %s: no "
		"more per request than before%s. A leak would outgrow the load.",
		flight->per_s[0], flight->per_s[1], before, now,
		a->has_arrivals ? ", and they come and go" : "");
	DECIDE(a, "The load falling: these must fall with it. If they stay, it is a leak.");
}

static void say_below_before(struct assessment *a, const struct filling *filling)
{
	char now[COUNT_TEXT_MAX], before[COUNT_TEXT_MAX], decides[COUNT_TEXT_MAX];
	char wait[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "goroutine", now);
	count_format(filling->before, "", before);
	count_format(filling->decides, "", decides);
	format_seconds(filling->wait_s, wait);
	SAY(a,
		"%s now. Before its restart the same image levelled off at %s, so this looks like "
		"a pool or cache that fills again. A leak would not have levelled off, and would "
		"pass that size.",
		now, before);
	DECIDE(a, "More than %s are a leak. At this rate they would be there in %s.", decides,
		wait);
}

void say_filling(struct assessment *a, const struct filling *filling)
{
	char first[COUNT_TEXT_MAX], last[COUNT_TEXT_MAX], end[COUNT_TEXT_MAX];
	char decides[COUNT_TEXT_MAX], wait[COUNT_TEXT_MAX];

	if (filling->before > 0) {
		say_below_before(a, filling);
		return;
	}
	count_format(filling->came_first, "", first);
	count_format(fmax(0, filling->came_last), "", last);
	SAY(a,
		"It grows, and ever more slowly: by %s in the first third of that time, by %s in "
		"the last, as a pool or cache does that fills. A leak keeps its pace as long as "
		"the load does.",
		first, last);
	if (isnan(filling->ends_near)) {
		DECIDE(a, "Twice as long a look: a pool has stopped by then, a leak has not.");
		return;
	}
	count_format(filling->ends_near, "", end);
	count_format(filling->decides, "", decides);
	format_seconds(filling->wait_s, wait);
	DECIDE(a, "Wait %s: by then it should have stopped near %s. More than %s are a leak.", wait,
		end, decides);
}

static void say_survivors(struct assessment *a, const char *tail)
{
	const struct detector *detector = a->detector;
	char arrived[COUNT_TEXT_MAX], left[COUNT_TEXT_MAX], time[COUNT_TEXT_MAX], chance[120];
	struct survivor_window window;

	if (!detector_window(detector, &a->target->life->step, &window))
		window = (struct survivor_window){0};
	count_format(window.arrived, "goroutine", arrived);
	count_format(window.left, "", left);
	format_seconds(window.seconds, time);
	(void)snprintf(chance, sizeof(chance),
		" If both kept a balance, chance would do that less than once in 10^%.0f times.",
		floor(detector->age[detector->decided_age].c / log(10)));
	SAY(a, "In %s %s arrived here and stayed, %s left.%s%s", time, arrived, left,
		detector->age[detector->decided_age].c >= DETECTOR_SUSPECT_LOG10 * log(10) ? chance
											   : "",
		tail);
}

// What the new process has not had the time to show.
static void say_carried(struct assessment *a)
{
	char seconds[COUNT_TEXT_MAX], count[COUNT_TEXT_MAX];

	format_seconds(a->target->life->last_t_s - a->target->life->first_t_s, seconds);
	count_format((double)a->seen->count_last, "goroutine", count);
	SAY(a,
		"Goroutines arrived here and stayed before the restart. Since then %s have come in "
		"%s: too short to show it again, so what was found stands.",
		count, seconds);
}

static const char *leak_tail(enum flight_case kind, bool requests_stuck)
{
	if (requests_stuck)
		return " They are requests that never end, while others do.";
	switch (kind) {
	case FLIGHT_LEVEL:
		return " Requests in flight did not grow meanwhile, so it is no backlog.";
	case FLIGHT_LOAD:
		return " More requests came meanwhile, but they end and these do not.";
	case FLIGHT_SLOW:
		return " Requests became slower meanwhile, but they end and these do not.";
	case FLIGHT_STUCK:
	case FLIGHT_UNKNOWN:
		break;
	}
	return " A pool or cache that fills would have slowed down.";
}

void say_leak(struct assessment *a, enum flight_case kind, bool requests_stuck)
{
	const char *tail = leak_tail(kind, requests_stuck);
	bool carried = a->seen->verdict_life != a->target->life->index;
	bool by_ids = a->detector && estimate_known(&a->rate_per_s) && a->rate_per_s.n > 0 &&
		      a->detector->age[a->detector->decided_age].c > 0;

	if (carried)
		say_carried(a);
	else if (by_ids)
		say_survivors(a, tail);
	else
		SAY(a,
			"The lowest count of each ten minutes keeps rising, by more than the load "
			"explains.%s",
			tail);
	if (a->verdict == VERDICT_CONFIRMED)
		return;
	DECIDE(a, "%s",
		by_ids || carried
			? "Half an hour at this pace confirms it; if the arrivals stop, it is "
			  "cleared. The goroutineleak profile (Go 1.26) would prove it at once."
			: "Goroutine IDs (goroutine?debug=2) would confirm it; the goroutineleak "
			  "profile (Go 1.26) would prove it.");
}

// Not for what the runtime has proven.
static const char *too_short(const struct assessment *a)
{
	return a->seen->leaked > 0 ? ""
				   : " Too short to tell a leak from a pool or cache that fills.";
}

static void say_counts(struct assessment *a)
{
	char first[COUNT_TEXT_MAX], last[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_first, "", first);
	count_format((double)a->seen->count_last, "", last);
	SAY(a, "Counts rose from %s to %s.%s", first, last, too_short(a));
}

void say_growing(struct assessment *a, bool requests_stuck)
{
	const struct survivor_window *window = &a->arrivals.window;
	char arrived[COUNT_TEXT_MAX], left[COUNT_TEXT_MAX];

	DECIDE(a, "A leak keeps its pace; a pool or cache that fills slows down and stops.");
	if (!a->has_arrivals) {
		say_counts(a);
		return;
	}
	count_format(window->arrived, "goroutine", arrived);
	count_format(window->left, "", left);
	SAY(a, "In %.0f s %s arrived here and stayed, %s left.%s%s", window->seconds, arrived, left,
		requests_stuck ? " They are requests that do not finish, while others do." : "",
		too_short(a));
}

void say_stuck(struct assessment *a)
{
	char count[COUNT_TEXT_MAX], waited[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "goroutine", count);
	count_format(a->seen->waited, "", waited);
	DECIDE(a, "Dumps over some minutes: if more arrive, it is a leak; if these go, they waited "
		  "for something slow.");
	if (wait_is_never_idle(a->wait))
		SAY(a,
			"%s wait in \"%s\", %s of them for a minute or more, up to %u min: no idle "
			"worker waits like that.",
			count, wait_kind_name(a->wait), waited, a->seen->minutes_max);
	else
		SAY(a,
			"%s wait here, %s of them for a minute or more, up to %u min, born evenly "
			"over the life of the process: a pool would have been born at once.",
			count, waited, a->seen->minutes_max);
}

void say_hint(struct assessment *a)
{
	SAY(a, "One burst of arrivals stood far above this stack's own history, and has stayed so "
	       "far. One burst is no leak yet: a batch or a pool that grew looks the same.");
	DECIDE(a, "Ten minutes: if they go, it was a batch; if more come, it is a leak.");
}

static void say_in_flight(struct assessment *a, enum flight_case kind)
{
	char last[COUNT_TEXT_MAX], first[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "goroutine", last);
	count_format((double)a->seen->count_first, "", first);
	SAY(a,
		"%s now, %s at first: the requests in flight grew by as much%s. More load or long "
		"requests look like this, and so do requests that never end.",
		last, first, kind == FLIGHT_STUCK ? ", and those that finish did not" : "");
	DECIDE(a, "Whether they finish: when the load falls, long requests end and those that "
		  "never end stay.");
}

void say_undecidable(struct assessment *a, enum flight_case kind)
{
	char last[COUNT_TEXT_MAX], arrived[COUNT_TEXT_MAX], left[COUNT_TEXT_MAX];

	if (a->in_flight) {
		say_in_flight(a, kind);
		return;
	}
	count_format((double)a->seen->count_last, "goroutine", last);
	count_format(a->arrivals.window.arrived, "goroutine", arrived);
	count_format(a->arrivals.window.left, "", left);
	DECIDE(a, "A longer look: a leak keeps its pace, at any load.");
	if (a->has_arrivals)
		SAY(a, "%s arrived here and %s left in %.0f s%s: not enough to tell.", arrived,
			left, a->arrivals.window.seconds,
			little_ramp(&a->target->series, a->target->life->index) > ASSESS_RAMP
				? ", while the load rose"
				: "");
	else if (a->axis.shape == ID_SHAPE_EVEN)
		SAY(a,
			"The IDs of %s are spread evenly over the life of the process, as a leak's "
			"would be, and as those of long sessions may be.",
			last);
	else
		say_counts(a);
}

void say_plateau(struct assessment *a)
{
	char now[COUNT_TEXT_MAX], peak[COUNT_TEXT_MAX];

	count_format((double)a->seen->count_last, "", now);
	count_format((double)a->seen->peak, "", peak);
	SAY(a, "It grew, and has stopped: %s now, %s at most. A leak would go on.", now, peak);
	DECIDE(a, "If it grows again, it is opened again.");
}
