// SPDX-License-Identifier: Apache-2.0
// The five answers.
#include "collector/tell/answer.h"

#include "base/clock.h"
#include "base/limits.h"
#include "collector/tell/figures.h"

#include <string.h>

#define ANSWER_TEXT_MAX 4096
#define UNSEEN_MAX 5 // targets named

const char *finding_headline(const struct finding *finding)
{
	static const char *const by_class[] = {
		[CLASS_BACKLOG] = "Backlog, no leak",
		[CLASS_SLOW_DEPENDENCY] = "Slow dependency, no leak",
		[CLASS_LOAD] = "Follows the load, no leak",
		[CLASS_CONTENTION] = "Contention",
		[CLASS_FILLING] = "Growing, bounded so far",
		[CLASS_PLATEAU] = "Levelled off",
	};
	static const char *const by_verdict[] = {
		[VERDICT_NONE] = "Nothing leaks",
		[VERDICT_UNDECIDABLE] = "Not decidable yet",
		[VERDICT_STUCK] = "Stuck now",
		[VERDICT_GROWING] = "Growing",
		[VERDICT_HINT] = "Hint of a leak",
		[VERDICT_SUSPECT] = "Leak suspected",
		[VERDICT_CONFIRMED] = "Leak confirmed",
		[VERDICT_CLEARED] = "Cleared",
	};

	if (!finding->open || finding->verdict == VERDICT_CLEARED)
		return finding->class == CLASS_BACKLOG ? "Backlog, drained" : "Cleared";
	if (finding->class > CLASS_LEAK &&
		(size_t)finding->class < sizeof(by_class) / sizeof(*by_class))
		return by_class[finding->class];
	return by_verdict[finding->verdict];
}

enum severity finding_severity(const struct finding *finding)
{
	if (!finding->open)
		return SEVERITY_GOOD;
	if (finding->class > CLASS_LEAK)
		return finding->class == CLASS_LOAD || finding->class == CLASS_PLATEAU
			       ? SEVERITY_GOOD
			       : SEVERITY_WARNING;
	switch (finding->verdict) {
	case VERDICT_CONFIRMED:
		return SEVERITY_BAD;
	case VERDICT_STUCK:
	case VERDICT_GROWING:
	case VERDICT_HINT:
	case VERDICT_SUSPECT:
		return SEVERITY_WARNING;
	case VERDICT_UNDECIDABLE:
		return SEVERITY_OPEN;
	case VERDICT_NONE:
	case VERDICT_CLEARED:
		break;
	}
	return SEVERITY_GOOD;
}

static void add_goroutines(struct buf *out, double count)
{
	char text[COUNT_TEXT_MAX];

	count_format(count, "goroutine", text);
	buf_add_text(out, text);
}

void finding_what(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	struct str wait = figure_wait(tell->stacks, finding->waits, finding->wait_count);

	add_goroutines(out, (double)finding->goroutines_last);
	if (wait.len > 0) {
		buf_add_text(out, " in ");
		buf_add(out, wait);
	}
	if (finding->minutes_max > 0) {
		buf_add_text(out, " for up to ");
		figure_duration(out, 60.0 * finding->minutes_max);
	}
}

void finding_where(struct buf *out, const struct finding *finding)
{
	const struct frame *site = figure_site(finding);

	if (!site) {
		buf_add_text(out, "totals only: no stacks were observed");
		return;
	}
	figure_place(out, site);
}

void finding_rate(struct buf *out, const struct finding *finding)
{
	const struct estimate *rate = &finding->rate_per_s;

	if (!estimate_known(rate) && estimate_known(&finding->per_request)) {
		figure_estimate(out, &finding->per_request, "per request");
		return;
	}
	figure_estimate(out, rate, "per second");
	if (estimate_known(rate) && estimate_known(&finding->per_request)) {
		buf_add_text(out, ", ");
		figure_estimate(out, &finding->per_request, "per request");
	}
}

void finding_since(struct buf *out, const struct report *report, const struct finding *finding)
{
	if (finding->started_wall_ms >= 0) {
		double ago = (double)(report->last_wall_ms - finding->started_wall_ms) / 1000;

		figure_time(out, finding->started_wall_ms);
		if (report->last_wall_ms >= 0 && ago >= 0) {
			buf_add_text(out, ", ");
			figure_duration(out, ago);
			buf_add_text(out, " before the last look");
		}
	} else if (finding->minutes_max > 0) {
		buf_add_text(out, "at least ");
		figure_duration(out, 60.0 * finding->minutes_max);
		buf_add_text(out, " ago, by the longest wait");
	} else {
		buf_add_text(out, "not dated");
	}
}

static void add_limit(struct buf *out, const struct limit_forecast *soonest)
{
	figure_limit(out, soonest);
	buf_add_text(out, " in ");
	figure_estimate_duration(out, &soonest->seconds);
	if (estimate_known(&soonest->requests) && isfinite(soonest->requests.value)) {
		buf_add_text(out, ", after ");
		figure_count(out, soonest->requests.value);
		buf_add_text(out, " requests");
	}
}

const struct target_report *answer_target(
	const struct report *report, const struct finding *finding)
{
	for (uint32_t i = 0; i < report->target_count && finding->target_count > 0; i++) {
		if (str_equal(report->targets[i].target, finding->targets[0]))
			return &report->targets[i];
	}
	return NULL;
}

// Whether a share of QPS will be reached; says when.
static bool add_qps(struct buf *out, const struct target_report *target, const char *before)
{
	for (uint32_t i = 0; target && i < target->forecast_qps_count; i++) {
		const struct share_forecast *forecast = &target->forecast_qps[i];

		if (!estimate_known(&forecast->seconds) || isinf(forecast->seconds.value))
			continue;
		buf_printf(out, "%sQPS at %.0f %% in ", before, 100 * forecast->share);
		figure_estimate_duration(out, &forecast->seconds);
		return true;
	}
	return false;
}

void finding_hurts(struct buf *out, const struct report *report, const struct finding *finding)
{
	const struct target_report *target = answer_target(report, finding);
	const struct limit_forecast *soonest =
		figure_soonest(finding->forecast, finding->forecast_count);

	if (!soonest && target)
		soonest = figure_soonest(target->forecast, target->forecast_count);
	if (soonest)
		add_limit(out, soonest);
	if (add_qps(out, target, soonest ? "; " : "") || soonest)
		return;
	if (finding->forecast_count == 0)
		buf_add_text(out, "no limit is known that it could reach");
	else if (estimate_known(&finding->forecast[0].seconds))
		buf_add_text(out, "never, as it goes now");
	else
		buf_printf(out, "not known: %s", finding->forecast[0].seconds.why);
}

void finding_needs(struct buf *out, const struct finding *finding)
{
	bool more = finding->verdict != VERDICT_CONFIRMED && finding->needs_minutes > 0 &&
		    finding->class <= CLASS_LEAK;

	if (!finding->open)
		return;
	if (more) {
		figure_duration(out, 60 * ceil(finding->needs_minutes));
		buf_add_text(out, " more, to confirm or clear it");
	}
	if (finding->decides.len == 0)
		return;
	buf_add_text(out, more ? ". " : "");
	buf_add(out, finding->decides);
}

#define PARTS_MAX 4

// "380 in select, 2 for each of these: main.reader  reader.go:17"
static void add_part(struct buf *out, const struct tell *tell, const struct finding_part *part)
{
	const struct frame *site = stack_site(part->stack);

	figure_count(out, (double)part->goroutines);
	if (part->wait != STATE_UNKNOWN) {
		buf_add_text(out, " in ");
		buf_add(out, stacks_state_name(tell->stacks, part->wait));
	}
	if (!isnan(part->ratio)) {
		buf_add_text(out, ", ");
		figure_number(out, part->ratio);
		buf_add_text(out, " for each of these");
	}
	buf_add_text(out, ": ");
	if (site)
		figure_place(out, site);
	else
		buf_add_text(out, "(no frames)");
}

void finding_parts(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	uint32_t shown = finding->part_count < PARTS_MAX ? finding->part_count : PARTS_MAX;

	for (uint32_t i = 0; i < shown; i++) {
		buf_add_text(out, i > 0 ? "; " : "");
		add_part(out, tell, &finding->parts[i]);
	}
	if (shown < finding->part_count)
		buf_printf(out, " and %u more", finding->part_count - shown);
}

void report_basis(struct buf *out, const struct report *report)
{
	double seconds = (double)(report->last_wall_ms - report->first_wall_ms) / 1000;

	if (report->ticks > 0 || report->leak_profiles == 0) {
		figure_count(out, (double)report->ticks);
		buf_add_text(out, report->ticks == 1 ? " snapshot" : " snapshots");
	}
	if (report->leak_profiles > 0)
		buf_printf(out, "%s%llu goroutineleak profile%s", report->ticks > 0 ? " and " : "",
			(unsigned long long)report->leak_profiles,
			report->leak_profiles > 1 ? "s" : "");
	if (report->target_count == 1) {
		buf_add_text(out, " of ");
		buf_add(out, report->targets[0].target);
	} else {
		buf_printf(out, " of %u targets", report->target_count);
	}
	if (report->ticks > 1 && report->first_wall_ms >= 0 && seconds > 0) {
		buf_add_text(out, " over ");
		figure_duration(out, seconds);
	}
	if (report->missed > 0)
		buf_printf(out, ", %llu missed", (unsigned long long)report->missed);
	if (report->cut > 0)
		buf_printf(out, ", %llu cut", (unsigned long long)report->cut);
}

static void answer_finding(
	struct answer *answer, const struct tell *tell, const struct finding *finding)
{
	answer->finding = finding;
	answer->severity = finding_severity(finding);
	buf_add_text(&answer->headline, finding_headline(finding));
	if (finding->verdict == VERDICT_UNDECIDABLE && finding->class <= CLASS_LEAK &&
		finding->needs_minutes > 0)
		buf_printf(&answer->headline, ": needs %.0f more minute%s",
			ceil(finding->needs_minutes), finding->needs_minutes > 1 ? "s" : "");
	finding_what(&answer->what, tell, finding);
	finding_where(&answer->where, finding);
	finding_rate(&answer->rate, finding);
	finding_since(&answer->since, tell->report, finding);
	finding_hurts(&answer->hurts, tell->report, finding);
}

// A crowd of requests that has gone by itself: worth saying, and over.
static void answer_drained(
	struct answer *answer, const struct tell *tell, const struct finding *finding)
{
	struct str wait = figure_wait(tell->stacks, finding->waits, finding->wait_count);

	answer->finding = finding;
	answer->severity = finding_severity(finding);
	buf_add_text(&answer->headline, finding_headline(finding));
	add_goroutines(&answer->what, (double)finding->goroutines_peak);
	buf_add_text(&answer->what, " at most, ");
	figure_count(&answer->what, (double)finding->goroutines_last);
	buf_add_text(&answer->what, " now");
	if (wait.len > 0) {
		buf_add_text(&answer->what, ", in ");
		buf_add(&answer->what, wait);
	}
	finding_where(&answer->where, finding);
	buf_add_text(&answer->rate, "none: it has drained");
	finding_since(&answer->since, tell->report, finding);
	buf_add_text(&answer->hurts, "no longer");
}

static const struct finding *drained_backlog(const struct report *report)
{
	for (uint32_t i = 0; i < report->finding_count; i++) {
		if (!report->findings[i].open && report->findings[i].class == CLASS_BACKLOG)
			return &report->findings[i];
	}
	return NULL;
}

static void answer_total(struct buf *out, const struct report *report)
{
	int64_t first = 0, last = 0;
	uint32_t known = 0;

	for (uint32_t i = 0; i < report->target_count; i++) {
		if (report->targets[i].goroutines_last < 0)
			continue;
		known++;
		first += report->targets[i].goroutines_first;
		last += report->targets[i].goroutines_last;
	}
	if (known == 0) {
		buf_add_text(out, "no goroutines were counted");
		return;
	}
	add_goroutines(out, (double)last);
	if (report->ticks > report->target_count) {
		buf_add_text(out, " at the end, ");
		figure_count(out, (double)first);
		buf_add_text(out, " at the beginning");
	}
}

static bool is_seen(const struct tell *tell, uint32_t target)
{
	return tell->last && tell->last[target];
}

static uint32_t seen_targets(const struct tell *tell)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tell->report->target_count; i++)
		count += is_seen(tell, i);
	return count;
}

static void answer_unseen(struct buf *out, const struct tell *tell)
{
	uint32_t all = tell->report->target_count, unseen = all - seen_targets(tell), named = 0;

	if (unseen == 0 || unseen == all)
		return;
	buf_add_text(out, "no goroutines were seen of ");
	for (uint32_t i = 0; i < all && named < UNSEEN_MAX; i++) {
		if (is_seen(tell, i))
			continue;
		buf_add_text(out, named++ > 0 ? ", " : "");
		buf_add(out, tell->report->targets[i].target);
	}
	if (unseen > named)
		buf_printf(out, " and %u more", unseen - named);
}

static double parameter(const struct report *report, const char *name)
{
	for (uint32_t i = 0; i < report->parameter_count; i++) {
		if (strcmp(report->parameters[i].name, name) == 0)
			return report->parameters[i].value;
	}
	return NAN;
}

// What a suspicion needs, over the time there was: slower growth could not have been seen.
static void answer_no_rate(struct buf *out, const struct report *report)
{
	double seconds = (double)(report->last_wall_ms - report->first_wall_ms) / 1000;
	double each = seconds / parameter(report, "suspect_net");

	buf_add_text(out, "nothing grows that lasts");
	if (!(each > 0) || report->first_wall_ms < 0 || report->short_collection)
		return;
	buf_add_text(out, "; slower than one goroutine in ");
	figure_duration(out, each);
	buf_add_text(out, " cannot be seen yet");
}

// Without a look at goroutines there is no verdict, least of all a good one.
static void answer_nothing_seen(struct answer *answer, const struct report *report)
{
	struct buf *why = &answer->what;

	answer->severity = SEVERITY_OPEN;
	buf_add_text(&answer->headline, "No goroutines were seen");
	if (report->ticks == 0) {
		buf_add_text(why, "no snapshot was taken");
	} else if (report->missed == report->ticks) {
		buf_add_text(why, report->ticks == 1 ? "the only snapshot failed" : "all ");
		if (report->ticks > 1) {
			figure_count(why, (double)report->ticks);
			buf_add_text(why, " snapshots failed");
		}
	} else {
		buf_add_text(why, "only metrics were answered, no goroutine profile");
	}
}

static void answer_good(struct answer *answer, const struct tell *tell, bool single)
{
	const struct report *report = tell->report;
	uint32_t seen = seen_targets(tell);
	struct buf *out = &answer->headline;

	answer->severity = SEVERITY_GOOD;
	if (report->ticks == 0)
		buf_add_text(out, "Nothing was observed");
	else if (report->short_collection)
		buf_add_text(out, single ? "Nothing stuck" : "Nothing stuck, nothing growing");
	else
		buf_add_text(out, "Nothing leaks");
	if (report->ticks == 0 || report->short_collection || seen < report->target_count)
		answer->severity = SEVERITY_OPEN;
	if (seen < report->target_count)
		buf_printf(out, " in %u of %u targets", seen, report->target_count);
	if (report->ticks > 0 && report->short_collection)
		buf_add_text(out, "; too short to rule out a slow leak");
}

static void answer_healthy(struct answer *answer, const struct tell *tell)
{
	const struct report *report = tell->report;
	bool single = report->ticks <= report->target_count;

	answer_good(answer, tell, single);
	answer_total(&answer->what, report);
	buf_add_text(&answer->where, "no stack stands out");
	if (single)
		buf_add_text(&answer->rate, "one look gives none");
	else
		answer_no_rate(&answer->rate, report);
	buf_add_text(&answer->since, "-");
	buf_add_text(&answer->hurts, "-");
}

void answer_make(struct answer *answer, const struct tell *tell)
{
	const struct report *report = tell->report;

	*answer = (struct answer){
		.headline = BUF_INIT(ANSWER_TEXT_MAX),
		.what = BUF_INIT(ANSWER_TEXT_MAX),
		.where = BUF_INIT(LIMIT_LINE * 2),
		.rate = BUF_INIT(ANSWER_TEXT_MAX),
		.since = BUF_INIT(ANSWER_TEXT_MAX),
		.hurts = BUF_INIT(ANSWER_TEXT_MAX),
		.unseen = BUF_INIT(LIMIT_LINE * 2),
	};
	answer_unseen(&answer->unseen, tell);
	for (uint32_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].open) {
			answer_finding(answer, tell, &report->findings[i]);
			return;
		}
	}
	if (drained_backlog(report))
		answer_drained(answer, tell, drained_backlog(report));
	else if (seen_targets(tell) == 0)
		answer_nothing_seen(answer, report);
	else
		answer_healthy(answer, tell);
}

void answer_release(struct answer *answer)
{
	buf_release(&answer->headline);
	buf_release(&answer->what);
	buf_release(&answer->where);
	buf_release(&answer->rate);
	buf_release(&answer->since);
	buf_release(&answer->hurts);
	buf_release(&answer->unseen);
}

int answer_failed(const struct answer *answer)
{
	const struct buf *all[] = {&answer->headline, &answer->what, &answer->where, &answer->rate,
		&answer->since, &answer->hurts, &answer->unseen};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (buf_failed(all[i]) < 0)
			return buf_failed(all[i]);
	}
	return 0;
}
