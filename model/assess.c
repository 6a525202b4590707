// SPDX-License-Identifier: Apache-2.0
// Verdict and rate of a stack. Its class is told by model/classify.h.
#include "model/assess.h"

#include "model/classify.h"
#include "model/distribution.h"
#include "model/little.h"
#include "model/regression.h"

#include <math.h>
#include <stdio.h>

#define LEVEL 0.95
#define PLATEAU_FROM_S 240.0
#define COUNT_STEPS_MIN 3
#define FROZEN_TICKS 3

static double span_s(const struct life *life)
{
	return isnan(life->first_t_s) ? 0 : life->last_t_s - life->first_t_s;
}

bool life_is_short(const struct life *life)
{
	return span_s(life) < ASSESS_SHORT_S;
}

static enum wait_kind main_wait(const struct seen_stack *seen)
{
	return seen->wait_count > 0 ? state_kind(seen->waits[0].state) : WAIT_UNKNOWN;
}

bool wait_is_never_idle(enum wait_kind wait)
{
	return wait == WAIT_CHAN_SEND || wait == WAIT_CHAN_NIL || wait == WAIT_SELECT_EMPTY ||
	       wait == WAIT_MUTEX || wait == WAIT_RWMUTEX_READ || wait == WAIT_RWMUTEX_WRITE ||
	       wait == WAIT_WAITGROUP || wait == WAIT_SEMAPHORE;
}

// From counts alone: steps between the points kept, mean +- t s / sqrt(n).
static struct estimate rate_from_counts(const struct seen_stack *seen)
{
	double mean = 0, squares = 0, seconds, reach;
	uint32_t n = seen->point_count;

	if (n < COUNT_STEPS_MIN + 1)
		return estimate_none("needs %d ticks with counts", COUNT_STEPS_MIN + 1);
	seconds = (double)seen->points[n - 1].t_s - seen->points[0].t_s;
	if (!(seconds > 0))
		return estimate_none("the dumps carry no times");
	mean = ((double)seen->points[n - 1].count - seen->points[0].count) / seconds;
	for (uint32_t i = 1; i < n; i++) {
		double step_s = (double)seen->points[i].t_s - seen->points[i - 1].t_s;
		double off =
			(double)seen->points[i].count - seen->points[i - 1].count - mean * step_s;

		squares += step_s > 0 ? off * off / step_s : 0;
	}
	squares = fmax(squares / (n - 1), fabs(mean)); // at least as uneven as chance
	reach = student_t_quantile(1 - (1 - LEVEL) / 2, n - 2) * sqrt(squares / seconds);
	return estimate_of(mean, mean - reach, mean + reach, LEVEL, "counts", n - 1);
}

static void date_estimate(
	const struct target *target, struct estimate *estimate, double from_s, double to_s)
{
	int64_t from = target_wall_ms(target, from_s), to = target_wall_ms(target, to_s);

	if (from >= 0 && to >= 0) {
		estimate->from_ms = (double)from;
		estimate->to_ms = (double)to;
	}
}

static void take_window(struct assessment *a, const struct survivor_window *window)
{
	const struct life *life = a->target->life;

	a->rate_per_s = survivors_per_s(window);
	a->per_request = life->load_is_requests
				 ? survivors_per_request(window)
				 : estimate_none("the target tells no request counter");
	date_estimate(a->target, &a->rate_per_s, window->from_s, window->to_s);
	date_estimate(a->target, &a->per_request, window->from_s, window->to_s);
}

// IDs were given up for counts: what was followed until then is no longer news.
static bool is_frozen(const struct life *life)
{
	return life->counts_since_dump >= FROZEN_TICKS;
}

static bool uses_detector(const struct assessment *a)
{
	return a->detector && a->seen->verdict_life == a->target->life->index &&
	       (a->verdict == VERDICT_SUSPECT || a->verdict == VERDICT_CONFIRMED ||
		       a->verdict == VERDICT_CLEARED);
}

static void take_id_axis(struct assessment *a)
{
	const struct life *life = a->target->life;
	double up_s = life->dump_t_s - life->born_t_s;
	double births_per_s = (double)a->target->series.max_id / up_s;
	struct estimate *rate = &a->rate_per_s;

	a->per_request = estimate_none("one dump does not count requests");
	if (a->axis.shape != ID_SHAPE_EVEN) {
		*rate = estimate_none("the IDs are not spread like a leak's");
		return;
	}
	if (!(up_s > 0)) {
		*rate = estimate_none(
			"%.3g per goroutine born; per second once the process start is known",
			a->axis.per_birth.value);
		return;
	}
	*rate = a->axis.per_birth;
	rate->value *= births_per_s;
	rate->low *= births_per_s;
	rate->high *= births_per_s;
}

static void take_rate(struct assessment *a)
{
	struct survivor_window window;

	if (uses_detector(a) && detector_window(a->detector, &a->target->life->step, &window)) {
		take_window(a, &window);
		return;
	}
	if (a->has_arrivals) {
		take_window(a, &a->arrivals.window);
		return;
	}
	if (a->tracked && !is_frozen(a->target->life) && a->target->life->tracker->tick_count < 3) {
		take_id_axis(a);
		return;
	}
	a->rate_per_s = rate_from_counts(a->seen);
	a->per_request = estimate_none("needs goroutine IDs or longer counts");
}

static bool plateau_is_near(const struct arrivals *arrivals, double stock)
{
	double deaths = poisson_interval(arrivals->window.left, LEVEL).low;
	double exposure_s = fmax(1, arrivals->mean_stock) * arrivals->window.seconds;

	return arrivals->window.arrived / arrivals->window.seconds <
	       DETECTOR_PLATEAU_FACTOR * deaths / exposure_s * stock;
}

static bool is_burst(const struct arrivals *arrivals)
{
	return arrivals->cohorts >= 2 &&
	       arrivals->largest_share > fmax(ASSESS_BURST_SHARE, 1.6 / arrivals->cohorts);
}

static double count_at(const struct seen_stack *seen, double t_s)
{
	double count = 0;

	for (uint32_t i = 0; i < seen->point_count && (double)seen->points[i].t_s <= t_s + 1e-3;
		i++)
		count = seen->points[i].count;
	return count;
}

// A stack whose goroutines are replaced faster than they settle (a cache that evicts) shows
// arrivals that stay and none that left. So those in the middle dump must have left by less than
// came since.
static bool grows_late(const struct assessment *a)
{
	const struct tracker *tracker = a->target->life->tracker;
	uint32_t middle = (tracker->tick_count - 1) / 2;
	double before = count_at(a->seen, tracker->ticks[middle].t_s), stayed = 0, came, left;

	for (uint32_t i = 0; i < a->tracked->count; i++)
		stayed += a->tracked->goroutines[i].since <= middle;
	came = a->tracked->count - stayed;
	left = fmax(0, before - stayed);
	return binomial_upper_tail(came, came + left, 0.5) < ASSESS_LATE_P;
}

// Most of those that arrived are new in the process: not old ones that go on to another wait.
static bool arrivals_are_new(const struct assessment *a)
{
	uint32_t arrived = 0, born = 0;

	for (uint32_t i = 0; i < a->tracked->count; i++) {
		arrived += a->tracked->goroutines[i].since > 0;
		born += a->tracked->goroutines[i].first > 0;
	}
	return 2 * born >= arrived;
}

// Arrivals outweigh departures beyond chance, in more than one cohort, and no ramp explains it.
static bool is_growing(const struct assessment *a)
{
	const struct arrivals *arrivals = &a->arrivals;
	uint32_t stacks = a->target->life->tracker ? a->target->life->tracker->stack_count : 0;

	return a->has_arrivals && arrivals->window.arrived >= ASSESS_GROWING_COUNT &&
	       arrivals->p_balanced < ASSESS_GROWING_P / fmax(1, stacks / 10.0) &&
	       a->rate_per_s.low > 0 && !is_burst(arrivals) && grows_late(a) &&
	       arrivals_are_new(a) &&
	       !(arrivals->window.seconds >= PLATEAU_FROM_S &&
		       plateau_is_near(arrivals, a->tracked->count));
}

static bool counts_grow(const struct assessment *a)
{
	const struct estimate *rate = &a->rate_per_s;

	return (!a->tracked || is_frozen(a->target->life)) && estimate_known(rate) &&
	       rate->low > 0 &&
	       (double)(a->seen->count_last - a->seen->count_first) >= 2 * ASSESS_GROWING_COUNT;
}

static bool load_rises(const struct assessment *a)
{
	return little_ramp(&a->target->series, a->target->life->index) > ASSESS_RAMP;
}

// Growth of the gauge of requests in flight from the first tick of this life to the last; NAN when
// it is not told. What chance lets it move is taken off.
static double flight_growth(const struct target *target)
{
	const struct series *series = &target->series;
	double first = NAN, last = NAN;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != target->life->index || isnan(point->in_flight))
			continue;
		first = isnan(first) ? point->in_flight : first;
		last = point->in_flight;
	}
	return last - first - sqrt(fmax(0, last));
}

// In the first minutes of a process whatever serves its requests grows with them, on both sides of
// its connections; later only handlers do.
static bool is_young(const struct life *life)
{
	return life->first_t_s - life->born_t_s < DETECTOR_MUTE_S;
}

// Requests that come faster than they end, or take longer than the collection lasts: the gauge
// grew by as much. Waits in which no request rests on purpose are no part of this.
static bool grows_in_flight(const struct assessment *a)
{
	double grown = a->has_arrivals ? a->arrivals.window.arrived - a->arrivals.window.left
				       : (double)(a->seen->count_last - a->seen->count_first);

	return !wait_is_never_idle(a->wait) &&
	       (stack_is_handler(a->seen->stack) || is_young(a->target->life)) &&
	       flight_growth(a->target) >= ASSESS_IN_FLIGHT * grown;
}

// As many leave as come: born evenly because each lasts for a while.
static bool are_renewed(const struct assessment *a)
{
	const struct survivor_window *window = &a->arrivals.window;

	return a->has_arrivals && window->left > 0 && 2 * window->left >= window->arrived;
}

// "Stuck now" needs evidence beyond a crowd that waits: idle pools do that.
static bool is_stuck(const struct assessment *a)
{
	const struct seen_stack *seen = a->seen;

	if (seen->leaked > 0)
		return true;
	if (seen->count_last < ASSESS_STUCK_COUNT || !wait_kind_blocks(a->wait) ||
		2 * (int64_t)seen->waited < seen->count_last)
		return false;
	if (wait_is_never_idle(a->wait) || seen->count_last >= ASSESS_STUCK_HUGE)
		return true;
	return a->wait != WAIT_IO && a->wait != WAIT_SLEEP && a->axis.shape == ID_SHAPE_EVEN &&
	       !are_renewed(a);
}

static bool is_open_question(const struct assessment *a)
{
	if (a->seen->count_last < ASSESS_STUCK_COUNT || !life_is_short(a->target->life))
		return false;
	if (a->has_arrivals)
		return a->arrivals.window.arrived >= ASSESS_GROWING_COUNT &&
		       a->arrivals.p_balanced < 0.05;
	return a->axis.shape == ID_SHAPE_EVEN;
}

static enum verdict early_verdict(struct assessment *a)
{
	bool early = span_s(a->target->life) < ASSESS_GROWING_S;
	bool grows = early && (is_growing(a) || counts_grow(a));

	a->slowing = grows && a->has_arrivals && a->arrivals.p_steady < ASSESS_SLOWING_P;
	a->in_flight = grows && grows_in_flight(a);
	if (grows && !a->slowing && !a->in_flight && !load_rises(a))
		return VERDICT_GROWING;
	if (is_stuck(a))
		return VERDICT_STUCK;
	return grows || is_open_question(a) ? VERDICT_UNDECIDABLE : VERDICT_NONE;
}

// Until a leak of this kind would be suspect: maturity, half a step, and the steps that the
// evidence needs at most a decade a minute.
static double minutes_needed(const struct target *target)
{
	const struct life *life = target->life;
	double ticks = fmax(1, (double)series_count(&target->series) - 1);
	double step_s = fmax(DETECTOR_STEP_S, span_s(life) / ticks);
	double decades = fmin(3, fmax(0.5, step_s / 60));
	double need_s = fmax(track_age_s[0], 2 * step_s) + step_s / 2 +
			ceil(DETECTOR_SUSPECT_LOG10 / decades) * step_s;

	if (!isnan(life->born_t_s) && life->first_t_s - life->born_t_s < DETECTOR_MUTE_S)
		need_s += DETECTOR_MUTE_S - (life->first_t_s - life->born_t_s);
	return fmax(1, ceil((need_s - span_s(life)) / 60));
}

// Where the leak began: with the episode when it began within the collection; at the start of the
// process when the IDs are spread evenly from there; else not dated.
static double started(const struct assessment *a)
{
	const struct life *life = a->target->life;

	if (uses_detector(a)) {
		const struct episode *episode = a->detector->age[a->detector->decided_age].episode;

		if (episode && episode->before.seconds > 0)
			return episode->born_from_s;
	}
	if (a->seen->count_first <= 2 && life->index == 0)
		return life->first_t_s;
	return a->axis.shape == ID_SHAPE_EVEN ? life->born_t_s : NAN;
}

static void find_evidence(struct assessment *a)
{
	const struct life *life = a->target->life;

	a->wait = main_wait(a->seen);
	a->axis = (struct id_axis){.p_value = NAN, .per_birth = estimate_none("no goroutine IDs")};
	if (!life->tracker || !a->seen->stack)
		return;
	a->tracked = tracker_find(life->tracker, a->seen->stack);
	a->detector = life_detector(life, a->seen->stack);
	if (!a->tracked)
		return;
	a->has_arrivals = !is_frozen(life) && arrivals_of(life, a->tracked, &a->arrivals);
	a->axis = id_axis_of(a->tracked->goroutines, a->tracked->count, a->target->series.max_id);
}

// The runtime proved what the trend suspects; what it proved does not go away when arrivals stop.
static enum verdict with_proof(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_SUSPECT:
	case VERDICT_CONFIRMED:
		return VERDICT_CONFIRMED;
	case VERDICT_GROWING:
		return VERDICT_GROWING;
	case VERDICT_NONE:
	case VERDICT_UNDECIDABLE:
	case VERDICT_STUCK:
	case VERDICT_HINT:
	case VERDICT_CLEARED:
		break;
	}
	return VERDICT_STUCK;
}

void assess(
	const struct target *target, const struct seen_stack *seen, struct assessment *assessment)
{
	struct assessment *a = assessment;

	*a = (struct assessment){.target = target,
		.seen = seen,
		.verdict = seen->verdict,
		.needs_minutes = NAN,
		.started_t_s = NAN};
	find_evidence(a);
	take_rate(a);
	if (life_is_short(target->life) && target->life_count == 1)
		a->verdict = VERDICT_NONE; // whatever the detector thinks
	if (a->verdict == VERDICT_NONE && seen->stack)
		a->verdict = early_verdict(a);
	if (seen->leaked > 0)
		a->verdict = with_proof(a->verdict);
	if (a->verdict == VERDICT_GROWING || a->verdict == VERDICT_UNDECIDABLE)
		a->needs_minutes = minutes_needed(target);
	classify(a);
	if (a->verdict != VERDICT_NONE)
		a->started_t_s = started(a);
}

bool assessment_leaks(const struct assessment *a)
{
	return (a->verdict == VERDICT_GROWING || a->verdict == VERDICT_SUSPECT ||
		       a->verdict == VERDICT_CONFIRMED) &&
	       a->class != CLASS_BACKLOG && a->class != CLASS_SLOW_DEPENDENCY &&
	       a->class != CLASS_LOAD && a->class != CLASS_CONTENTION;
}
