// SPDX-License-Identifier: Apache-2.0
// Summing up one target.
#include "model/target_report.h"

#include "model/decay.h"
#include "model/distribution.h"
#include "model/flight.h"
#include "model/forecast.h"
#include "model/growth.h"
#include "model/little.h"
#include "model/signs.h"
#include "model/target_points.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LEVEL 0.95
#define WAITERS_MIN 1e-6 // less delay than a microsecond a second is not worth a row
#define CONTENTION_MAX 200
#define TOTAL_GROWN 1.1 // late over early: worth explaining
#define SLOW_FACTOR 2.0 // requests in flight against requests per second

// What all leaking stacks of the target lose together.
struct leak_sum {
	struct estimate per_s, per_request;
	double goroutines;
	bool any, by_survivors;
	bool told; // one of them is suspected, confirmed, or proven by the runtime
	enum finding_class
		explained; // of what is waited for or followed, and no leak; unknown: none
	bool filling; // one is growing, bounded so far
	bool open; // one is not decided, and has no class either
};

static struct leak_sum sum_leaks(const struct target *target, const struct assessments *all)
{
	struct leak_sum sum = {.per_s = estimate_none("nothing leaks here that is known"),
		.per_request = estimate_none("nothing leaks here that is known")};

	for (uint32_t i = 0; i < all->count; i++) {
		const struct assessment *a = &all->items[i];

		if (a->target != target)
			continue;
		if (a->class == CLASS_BACKLOG || a->class == CLASS_SLOW_DEPENDENCY ||
			a->class == CLASS_CONTENTION)
			sum.explained = a->class;
		sum.filling |= a->class == CLASS_FILLING;
		sum.open |= a->class == CLASS_UNKNOWN && a->verdict != VERDICT_HINT;
		sum.told |= a->seen->leaked > 0 && a->class == CLASS_LEAK;
		if (!assessment_leaks(a))
			continue;
		sum.any = true;
		sum.told |= a->verdict != VERDICT_GROWING && a->class != CLASS_FILLING;
		sum.by_survivors |= a->tracked != NULL;
		sum.per_s = estimate_sum(&sum.per_s, &a->rate_per_s);
		sum.per_request = estimate_sum(&sum.per_request, &a->per_request);
		sum.goroutines += (double)a->seen->count_last;
	}
	return sum;
}

static int warn(struct target_report *report, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int warn(struct target_report *report, struct arena *arena, const char *format, ...)
{
	va_list arguments;
	struct str kept;

	if (report->warning_count == TARGET_WARNINGS_MAX)
		return 0;
	va_start(arguments, format);
	kept = arena_vprintf(arena, format, arguments);
	va_end(arguments);
	if (!kept.data)
		return -ENOMEM;
	report->warnings[report->warning_count++] = kept;
	return 0;
}

// An empty profile means that its rate is not set, not that nobody waits.
static void note_unset_rates(const struct target *target, struct target_report *report)
{
	if (target->contention.fetches > 0 && target->contention.filled == 0)
		report->note = STR("No lock profile: SetBlockProfileRate, SetMutexProfileFraction "
				   "are not set");
}

static int warn_sources(
	const struct target *target, struct arena *arena, struct target_report *report);

static int warn_all(const struct target *target, struct arena *arena, struct target_report *report)
{
	int r = 0;

	note_unset_rates(target, report);
	if (target->cut > 0)
		r = warn(report, arena,
			"%u of %u dumps were cut: their newest goroutines are missing, so they "
			"count for "
			"totals only.",
			target->cut, target->ticks);
	if (r == 0 && target->missed > 0)
		r = warn(report, arena, "%u of %u ticks failed.", target->missed, target->ticks);
	if (r == 0 && target->skipped > 0)
		r = warn(report, arena, "%llu damaged records were left out.",
			(unsigned long long)target->skipped);
	if (r == 0 && !target->has_requests && target->ticks > 1)
		r = warn(report, arena,
			"No request counter was found: goroutines started stand in for the load, "
			"and "
			"leaks per request are not known.");
	if (r == 0 && target->timeless > 0 && target->ticks > 1)
		r = warn(report, arena,
			"%u dumps carry no time: rates per second rest on the nominal interval.",
			target->timeless);
	return r < 0 ? r : warn_sources(target, arena, report);
}

static int warn_sources(
	const struct target *target, struct arena *arena, struct target_report *report)
{
	const struct tracker *tracker = target->life ? target->life->tracker : NULL;
	int r = 0;

	if (target->clock_steps > 0)
		r = warn(report, arena,
			"The collector's clock was set %u times: times of day may be off, rates "
			"are "
			"not.",
			target->clock_steps);
	if (r == 0 && target->series.resets > 0)
		r = warn(report, arena,
			"Counters fell back %u times within a process: they count from there on.",
			target->series.resets);
	if (r == 0 && target->returns > 0)
		r = warn(report, arena,
			"Two processes answer at this address, in turns (%u times): each is "
			"followed by itself. Give each an address of its own.",
			target->returns);
	if (r == 0 && tracker && tracker->duplicates > 0)
		r = warn(report, arena,
			"%llu goroutine IDs stood at two places of one dump: that dump is damaged.",
			(unsigned long long)tracker->duplicates);
	if (r == 0 && target->life && target->life->counts_since_dump > 0 && target->has_ids)
		r = warn(report, arena,
			"Dumps with goroutine IDs became too dear: since then counts alone are "
			"followed.");
	return r;
}

static struct estimate births_of(const struct target *target)
{
	const struct series *series = &target->series;
	const struct series_point *first = NULL, *last = NULL;
	double births, seconds, slack;
	struct interval interval;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != target->life->index || isnan(point->births))
			continue;
		first = first ? first : point;
		last = point;
	}
	if (!first)
		return estimate_none("needs goroutine IDs");
	if (last == first) {
		seconds = last->t_s - target->life->born_t_s;
		if (!(seconds > 0))
			return estimate_none("one dump: needs the process start");
		births = (double)series->max_id;
	} else {
		seconds = last->t_s - first->t_s;
		births = last->births - first->births;
	}
	// IDs are handed out in batches of 16 to each P, and the last ones need not be in use.
	slack = 16 *
		(isnan(target->life->process.gomaxprocs) ? 4 : target->life->process.gomaxprocs);
	interval = poisson_interval(births, LEVEL);
	return estimate_of(births / seconds, fmax(0, interval.low - slack) / seconds,
		(interval.high + slack) / seconds, LEVEL, "growth of the largest ID",
		(uint32_t)fmin(births, UINT32_MAX));
}

static int by_kind_and_waiters(const void *x, const void *y)
{
	const struct contention_rate *a = x, *b = y;
	double wait_a = estimate_known(&a->waiters) ? a->waiters.value : 0;
	double wait_b = estimate_known(&b->waiters) ? b->waiters.value : 0;

	if ((a->kind == CONTENTION_LOCK) != (b->kind == CONTENTION_LOCK))
		return a->kind == CONTENTION_LOCK ? -1 : 1;
	if (wait_a != wait_b)
		return wait_a > wait_b ? -1 : 1;
	if (a->mutex != b->mutex)
		return a->mutex ? -1 : 1;
	return a->stack->key < b->stack->key ? -1 : 1;
}

// Goroutines that wait in a lock now, at the place that the row speaks of.
static int64_t waiting_there(const struct target *target, const struct stack *place)
{
	const struct frame *site = stack_site(place);
	int64_t waiting = 0;

	for (uint32_t i = 0; site && i < target->seen_count; i++) {
		const struct seen_stack *seen = target->seen[i];
		const struct frame *here = stack_site(seen->stack);
		enum wait_kind wait =
			seen->wait_count ? state_kind(seen->waits[0].state) : WAIT_UNKNOWN;

		if (here && str_equal(here->function, site->function) &&
			(wait == WAIT_MUTEX || wait == WAIT_RWMUTEX_READ ||
				wait == WAIT_RWMUTEX_WRITE || wait == WAIT_SEMAPHORE))
			waiting += seen->count_last;
	}
	return waiting;
}

static int fill_contention(
	const struct target *target, struct arena *arena, struct target_report *report)
{
	const struct contention *contention = &target->contention;

	report->contention = arena_array(arena, contention->row_count, sizeof(*report->contention));
	if (contention->row_count > 0 && !report->contention)
		return -ENOMEM;
	for (uint32_t i = 0; i < contention->row_count; i++) {
		struct contention_rate rate = contention_rate_of(contention, &contention->rows[i]);

		if (estimate_known(&rate.waiters) && rate.waiters.value < WAITERS_MIN)
			continue;
		rate.waiting_now = waiting_there(target, rate.stack);
		report->contention[report->contention_count++] = rate;
	}
	if (report->contention_count > 1)
		qsort(report->contention, report->contention_count, sizeof(*report->contention),
			by_kind_and_waiters);
	if (report->contention_count > CONTENTION_MAX)
		report->contention_count = CONTENTION_MAX;
	return 0;
}

static void fill_little(
	const struct target *target, const struct decay *decay, struct target_report *report)
{
	const struct series *series = &target->series;
	double in_flight = little_in_flight(series, target->life->index);
	double qps = decay->last_qps, base = (double)target->goroutines_first;
	double above = series->last.goroutines - base;
	struct excess excess = little_excess_now(series, target->life->index);

	report->little.in_flight =
		isnan(in_flight)
			? estimate_none("the target tells neither durations nor requests in flight")
			: estimate_of(in_flight, in_flight, in_flight, LEVEL, "Little's law", 0);
	if (qps > 0 && !isnan(above))
		report->little.residence_s = estimate_of(above / qps, above / qps, above / qps,
			LEVEL, "goroutines above the first count over QPS", 0);
	else
		report->little.residence_s = estimate_none("needs requests and goroutines");
	if (excess.has_load)
		report->little.excess = estimate_of(excess.value - base, excess.value - base,
			excess.value - base, LEVEL, "goroutines less what the load explains", 0);
	else
		report->little.excess = estimate_none("needs eight ticks with load metrics");
}

// Slow dependency: requests in flight rise while requests per second do not. Where durations are
// told, they say whether the requests come back.
static bool is_slow(const struct target *target)
{
	const struct series *series = &target->series;
	double first = NAN, last = NAN, ramp = little_ramp(series, target->life->index);
	struct flight flight = flight_of(series, target->life->index, NAN, target->life->last_t_s);
	enum flight_case kind = flight_case_of(&flight);

	if (kind != FLIGHT_UNKNOWN)
		return kind == FLIGHT_SLOW;
	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != target->life->index || isnan(point->in_flight))
			continue;
		first = isnan(first) ? point->in_flight : first;
		last = point->in_flight;
	}
	return last > ASSESS_BACKLOG_COUNT && last > SLOW_FACTOR * (first + 1) &&
	       ramp < ASSESS_RAMP;
}

// No more goroutines per request than before: their mean over the last third of the life against
// that over the first, and the requests likewise.
static bool total_follows_load(const struct target *target)
{
	const struct series *series = &target->series;
	const struct life *life = target->life;
	struct flight flight = flight_of(series, life->index, NAN, life->last_t_s);
	double third_s = (life->last_t_s - life->first_t_s) / 3, load = flight_ratio(flight.per_s);
	double sum[2] = {0}, count[2] = {0};

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);
		bool late = point->t_s >= life->last_t_s - third_s;

		if (point->life != life->index || isnan(point->goroutines) ||
			(!late && point->t_s > life->first_t_s + third_s))
			continue;
		sum[late] += point->goroutines;
		count[late]++;
	}
	sum[0] /= count[0];
	sum[1] /= count[1];
	return load > ASSESS_RAMP && count[0] > 0 && count[1] > 0 &&
	       sum[1] > TOTAL_GROWN * sum[0] && sum[1] <= load * sum[0] + 3 * sqrt(sum[1]);
}

// A leak that was found goroutine by goroutine is none the less for a total that bends: then the
// driver is what there is to say.
static const char *leak_text(const struct growth *growth)
{
	static const char *const drivers[GROWTH_KINDS] = {
		[GROWTH_UNKNOWN] = "leak",
		[GROWTH_NONE] = "leak",
		[GROWTH_TIME] = "time-driven",
		[GROWTH_LOAD] = "load-driven",
		[GROWTH_INSEPARABLE] = "load- or time-driven",
	};

	return growth->kind == GROWTH_RECOVERING ? "recovering" : drivers[growth->driver];
}

static const char *filling_text(const struct growth *growth)
{
	switch (growth->kind) {
	case GROWTH_RECOVERING:
		return "recovering";
	case GROWTH_SATURATING:
		return "saturating";
	case GROWTH_STEP:
		return "step";
	default:
		return "growing, bounded so far";
	}
}

static void fill_class(const struct target *target, const struct leak_sum *leak,
	const struct growth *growth, struct target_report *report)
{
	static const char *const explained[] = {
		[CLASS_BACKLOG] = "backlog",
		[CLASS_SLOW_DEPENDENCY] = "slow dependency",
		[CLASS_CONTENTION] = "contention",
	};

	report->method = target->has_ids ? target->life->counts_since_dump > 0 ? "survivors+counts"
									       : "survivors"
			 : target->has_groups ? "counts"
					      : "totals";
	if (leak->told || target->totals.verdict == VERDICT_SUSPECT) {
		report->class = CLASS_LEAK;
		report->class_text = leak_text(growth);
	} else if (leak->explained != CLASS_UNKNOWN) {
		report->class = leak->explained;
		report->class_text = explained[leak->explained];
	} else if (is_slow(target)) {
		report->class = CLASS_SLOW_DEPENDENCY;
		report->class_text = "slow dependency";
	} else if (leak->filling) {
		report->class = CLASS_FILLING;
		report->class_text = filling_text(growth);
	} else if (!leak->open && total_follows_load(target)) {
		report->class = CLASS_LOAD;
		report->class_text = "follows the load";
	} else if (life_is_short(target->life) || leak->any) {
		report->class = CLASS_UNKNOWN;
		report->class_text = leak->any ? "growing, not decidable yet" : "not decidable yet";
	} else if (growth->kind > GROWTH_NONE && growth->per_s.low > 0) {
		report->class = CLASS_FILLING;
		report->class_text = filling_text(growth);
	} else {
		report->class = CLASS_PLATEAU;
		report->class_text = "no leak";
	}
}

static void fill_qps(
	const struct target *target, const struct decay *decay, struct target_report *report)
{
	report->qps.q0 = decay->q0;
	report->qps.first = decay->first_qps;
	report->qps.last = decay->last_qps;
	report->qps.decay_share = decay->share;
	report->qps.demand_adjusted_share = decay->adjusted_share;
	report->qps.source = !target->has_requests       ? STR("goroutine births")
			     : target->requests_from.len ? target->requests_from
							 : STR("requests");
	report->qps.scope = "pod";
}

static void fill_alpha(const struct decay *decay, struct target_report *report)
{
	report->alpha = decay->alpha;
	report->alpha_control = estimate_known(&decay->alpha) ? decay->control : NULL;
	report->control_count = DECAY_CONTROLS;
	for (enum decay_control i = 0; i < DECAY_CONTROLS; i++) {
		report->controls[i].name = decay_control_name(i);
		report->controls[i].alpha = decay->by_control[i];
	}
	if (!decay->has_laws)
		return;
	report->laws[report->law_count++] = capacity_law_name(decay->laws.law);
	for (enum capacity_law law = 0; law < CAPACITY_LAWS; law++)
		if (law != decay->laws.law && !decay->laws.laws[law].excluded)
			report->laws[report->law_count++] = capacity_law_name(law);
}

// What speaks against alpha, or against having one.
static int warn_of_alpha(
	const struct decay *decay, struct arena *arena, struct target_report *report)
{
	int r = 0;

	if (decay->disagrees)
		r = warn(report, arena,
			"Two controls disagree on what a leaked goroutine costs: by %s it is %.3g, "
			"and by %s outside that interval.",
			decay->control, decay->alpha.value, decay->disagrees);
	if (r == 0 && decay->not_contention)
		r = warn(report, arena,
			"Throughput fell by %.0f %% and requests became no slower: that is falling "
			"demand or errors, not contention.",
			100 * decay->share.value);
	return r;
}

static void fill_forecasts(const struct target *target, const struct leak_sum *leak,
	const struct decay *decay, const struct judge_parameters *parameters,
	struct target_report *report)
{
	double shares[] = {0.75, 0.5, parameters->share_of_qps};
	struct limits limits = limits_of(target, parameters);
	uint32_t count = parameters->share_of_qps > 0 && parameters->share_of_qps != 0.5 &&
					 parameters->share_of_qps != 0.75
				 ? 3
				 : 2;

	report->half_life_s = decay_seconds_to_share(decay, &report->lambda, &report->mu, 0, 0.5);
	for (uint32_t i = 0; i < count; i++)
		report->forecast_qps[report->forecast_qps_count++] = (struct share_forecast){
			shares[i], decay_seconds_to_share(decay, &report->lambda, &report->mu,
					   leak->goroutines, shares[i])};
	if (leak->any)
		report->forecast_count = forecast_limits(
			target, &limits, &leak->per_s, &leak->per_request, report->forecast);
}

static void fill_head(const struct target *target, struct target_report *report)
{
	*report = (struct target_report){
		.target = target->name,
		.workload = workload_of(target),
		.ticks = target->ticks,
		.missed = target->missed,
		.cut = target->cut,
		.lives = target->life_count,
		.goroutines_first = target->goroutines_first,
		.goroutines_last = target->goroutines_last,
		.stop_sum_ms = target->stop_sum_ms,
		.stop_worst_ms = target->stop_worst_ms,
		.class_text = "unknown",
		.method = "none",
	};
	if (target->life) {
		report->image_digest = target->life->process.image_digest;
		report->go_version = target->life->process.go_version;
	}
}

// No tick: nothing but what the runtime's own profile proves, if that is there.
static void fill_nothing(
	const struct target *target, const struct leak_sum *leak, struct target_report *report)
{
	bool proof = target->leak_profiles > 0;
	struct estimate none = estimate_none(
		"%s", proof ? "a goroutineleak profile alone has no totals" : "no tick succeeded");

	report->method = proof ? "goroutineleak" : "none";
	if (leak->told) {
		report->class = CLASS_LEAK;
		report->class_text = "leak";
	}

	report->lambda = report->mu = report->alpha = report->half_life_s = none;
	report->birth_rate_per_s = report->qps.q0 = report->qps.decay_share = none;
	report->bytes_per_goroutine = none;
	report->qps.demand_adjusted_share = none;
	report->qps.first = report->qps.last = NAN;
	report->qps.scope = "pod";
	report->little.in_flight = report->little.residence_s = report->little.excess = none;
}

int target_report_make(const struct target *target, const struct estimate *panel,
	const struct assessments *assessments, const struct judge_parameters *parameters,
	struct arena *arena, struct target_report *report)
{
	struct leak_sum leak;
	struct growth growth;
	struct decay decay;
	int r;

	fill_head(target, report);
	signs_of(target, &report->signs);
	r = signs_reading(&report->signs, arena, &report->reading);
	if (r < 0)
		return r;
	if (!target->life || series_count(&target->series) == 0) {
		leak = sum_leaks(target, assessments);
		fill_nothing(target, &leak, report);
		return warn_all(target, arena, report);
	}
	leak = sum_leaks(target, assessments);
	growth = growth_of(&target->series, target->life->index);
	report->lambda = leak.by_survivors && estimate_known(&leak.per_request) ? leak.per_request
										: growth.lambda;
	report->mu = growth.mu_per_s;
	decay = decay_of(&target->series, target->life->index, &report->lambda, &report->mu,
		target->life->process.gomaxprocs, panel);
	fill_qps(target, &decay, report);
	fill_alpha(&decay, report);
	report->growth = growth_kind_name(growth.kind);
	report->bytes_per_goroutine = bytes_per_goroutine(&target->series, target->life->index);
	fill_class(target, &leak, &growth, report);
	fill_little(target, &decay, report);
	fill_forecasts(target, &leak, &decay, parameters, report);
	report->birth_rate_per_s = births_of(target);
	r = fill_contention(target, arena, report);
	if (r == 0)
		r = target_points_make(target, assessments, &report->lambda, arena, report);
	if (r == 0)
		r = warn_all(target, arena, report);
	return r < 0 ? r : warn_of_alpha(&decay, arena, report);
}
