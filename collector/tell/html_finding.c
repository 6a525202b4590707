// SPDX-License-Identifier: Apache-2.0
// report.html: each finding with its evidence.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"
#include "collector/tell/html_parts.h"

#define FINDINGS_MAX 30
#define TARGETS_MAX 6
#define ARTIFACTS_EACH_END 2
#define FACT_MAX KIB(256)

static void fact_text(struct buf *out, const char *name, struct buf *text)
{
	html_fact(out, name, text);
	buf_clear(text);
}

static void add_waits(struct buf *text, const struct tell *tell, const struct finding *finding)
{
	for (uint32_t i = 0; i < finding->wait_count; i++) {
		buf_add_text(text, i > 0 ? ", " : "");
		figure_count(text, finding->waits[i].count);
		buf_add_text(text, " ");
		if (finding->waits[i].state == STATE_UNKNOWN)
			buf_add_text(text, "not said");
		else
			buf_add(text, stacks_state_name(tell->stacks, finding->waits[i].state));
	}
}

static void add_targets(struct buf *text, const struct finding *finding)
{
	uint32_t shown = finding->target_count < TARGETS_MAX ? finding->target_count : TARGETS_MAX;

	for (uint32_t i = 0; i < shown; i++) {
		buf_add_text(text, i > 0 ? ", " : "");
		buf_add(text, finding->targets[i]);
	}
	if (shown < finding->target_count)
		buf_printf(text, " and %u more", finding->target_count - shown);
}

static void write_forecasts(struct buf *out, const struct finding *finding, struct buf *text)
{
	for (uint32_t i = 0; i < finding->forecast_count; i++) {
		const struct limit_forecast *forecast = &finding->forecast[i];

		figure_limit(text, forecast);
		buf_add_text(text, ": ");
		figure_estimate_duration(text, &forecast->seconds);
		if (estimate_known(&forecast->requests) && isfinite(forecast->requests.value)) {
			buf_add_text(text, "; ");
			figure_estimate(text, &forecast->requests, "requests");
		}
		fact_text(out, "Forecast", text);
	}
}

static void add_rate(struct buf *text, const struct estimate *estimate, const char *unit)
{
	figure_estimate(text, estimate, unit);
	if (estimate_known(estimate) && estimate->method)
		buf_printf(text, ", %.0f %%, by %s", 100 * estimate->level, estimate->method);
}

static void write_facts(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	cleanup(buf_release) struct buf text = BUF_INIT(FACT_MAX);

	buf_add_text(out, "<dl class=\"facts\">\n");
	figure_count(&text, (double)finding->goroutines_first);
	buf_add_text(&text, " → ");
	figure_count(&text, (double)finding->goroutines_last);
	fact_text(out, "Goroutines", &text);
	add_waits(&text, tell, finding);
	fact_text(out, "Waiting in", &text);
	if (finding->minutes_max > 0)
		figure_duration(&text, 60.0 * finding->minutes_max);
	fact_text(out, "Longest wait", &text);
	add_rate(&text, &finding->rate_per_s, "per second");
	fact_text(out, "Growth", &text);
	if (estimate_known(&finding->per_request))
		add_rate(&text, &finding->per_request, "");
	fact_text(out, "Per request", &text);
	finding_since(&text, tell->report, finding);
	fact_text(out, "Since", &text);
	write_forecasts(out, finding, &text);
	if (finding->created_by.function.len > 0)
		figure_place(&text, &finding->created_by);
	fact_text(out, "Started by", &text);
	if (finding->holder.function.len > 0)
		figure_place(&text, &finding->holder);
	fact_text(out, "Lock held by", &text);
	finding_parts(&text, tell, finding);
	fact_text(out, "Together with", &text);
	add_targets(&text, finding);
	fact_text(out, "Seen in", &text);
	buf_add_text(out, "</dl>\n");
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && str_equal(a->function, b->function);
}

static void write_frames(struct buf *out, const struct finding *finding)
{
	const struct stack *stack = finding->stack;
	const struct frame *site = figure_site(finding);

	if (!stack || stack->frame_count == 0)
		return;
	buf_add_text(out, "<div><h4>Stack, innermost first</h4><ol class=\"frames\">\n");
	for (uint32_t i = 0; i < stack->frame_count; i++) {
		const struct frame *frame = &stack->frames[i];
		bool here = site && same_frame(site, frame);
		bool standard = package_is_standard(function_package(frame->function));

		buf_printf(out, "<li%s>",
			here       ? " class=\"site\""
			: standard ? " class=\"std\""
				   : "");
		escape_html(out, frame->function);
		buf_add_text(out, "<span class=\"at\">");
		html_position(out, frame);
		buf_add_text(out, "</span></li>\n");
	}
	if (stack->truncated)
		buf_add_text(out, "<li class=\"std\">… further frames</li>\n");
	buf_add_text(out, "</ol></div>\n");
}

static void write_item(struct buf *out, struct str text)
{
	buf_add_text(out, "<li>");
	escape_html(out, text);
	buf_add_text(out, "</li>\n");
}

static void write_checks(struct buf *out, const struct finding *finding)
{
	const struct cause *cause = finding->cause;

	if (!finding->advice_count && !(cause && cause->checks[0]))
		return;
	buf_add_text(out, "<h4>What to check</h4><ul class=\"plain\">\n");
	for (size_t i = 0; cause && i < CAUSE_CHECKS_MAX && cause->checks[i]; i++)
		write_item(out, str_of(cause->checks[i]));
	for (uint32_t i = 0; i < finding->advice_count; i++)
		write_item(out, finding->advice[i]);
	buf_add_text(out, "</ul>\n");
}

static void write_cause(struct buf *out, const struct finding *finding)
{
	const struct cause *cause = finding->cause;

	buf_add_text(out, "<div>");
	if (cause && cause->usually) {
		buf_add_text(out, "<h4>What it usually is</h4><p>");
		escape_html(out, str_of(cause->usually));
		buf_add_text(out, "</p>\n");
	}
	write_checks(out, finding);
	if (cause && cause->prevented_by[0]) {
		buf_add_text(out, "<h4>Would have been found by</h4><ul class=\"chips\">\n");
		for (size_t i = 0; i < CAUSE_TOOLS_MAX && cause->prevented_by[i]; i++)
			write_item(out, str_of(cause->prevented_by[i]));
		buf_add_text(out, "</ul>\n");
	}
	buf_add_text(out, "</div>\n");
}

static void write_history(struct buf *out, const struct finding *finding)
{
	if (finding->history_count == 0)
		return;
	buf_add_text(out, "<p class=\"soft\">History: ");
	for (uint32_t i = 0; i < finding->history_count; i++) {
		buf_printf(out, "%s%s ", i > 0 ? " · " : "",
			verdict_name(finding->history[i].verdict));
		figure_time(out, finding->history[i].wall_ms);
	}
	buf_add_text(out, "</p>\n");
}

// The dumps of its targets: what holds its goroutines.
static bool is_evidence(const struct tell_artifact *artifact, const struct finding *finding)
{
	if (!str_starts(str_basename(artifact->path), STR("goroutine")))
		return false;
	for (uint32_t i = 0; i < finding->target_count; i++) {
		if (str_equal(artifact->target, finding->targets[i]))
			return true;
	}
	return false;
}

static void write_artifact(struct buf *out, const struct tell_artifact *artifact)
{
	bool inside = str_starts(artifact->path, STR("targets/"));

	buf_add_text(out, "<li>");
	if (inside) {
		buf_add_text(out, "<a href=\"");
		escape_html(out, artifact->path);
		buf_add_text(out, "\">");
	}
	escape_html(out, artifact->path);
	buf_add_text(out, inside ? "</a>" : "");
	buf_add_text(out, " <span class=\"soft\">sha256 ");
	escape_html(out, str_head(artifact->sha256, 16));
	buf_add_text(out, "…</span></li>\n");
}

// The first and the last of them: from there to there it grew.
static void write_evidence(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	uint32_t count = 0, at = 0;

	for (uint32_t i = 0; i < tell->artifact_count; i++)
		count += is_evidence(&tell->artifacts[i], finding);
	if (count == 0)
		return;
	buf_add_text(out, "<h4>Evidence in this bundle</h4><ul class=\"plain mono\">\n");
	for (uint32_t i = 0; i < tell->artifact_count; i++) {
		if (!is_evidence(&tell->artifacts[i], finding))
			continue;
		if (at < ARTIFACTS_EACH_END || at + ARTIFACTS_EACH_END >= count)
			write_artifact(out, &tell->artifacts[i]);
		else if (at == ARTIFACTS_EACH_END)
			buf_printf(out,
				"<li class=\"soft\">%u more between, in manifest.json</li>\n",
				count - 2 * ARTIFACTS_EACH_END);
		at++;
	}
	buf_add_text(out, "</ul>\n");
}

static void write_missing(struct buf *out, const struct finding *finding)
{
	if (finding->missing_count == 0)
		return;
	buf_add_text(out, "<p class=\"soft\">Not known, and would have helped: ");
	for (uint32_t i = 0; i < finding->missing_count; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		escape_html(out, str_of(finding->missing[i]));
	}
	buf_add_text(out, ".</p>\n");
}

static void write_needs(struct buf *out, const struct finding *finding)
{
	cleanup(buf_release) struct buf needs = BUF_INIT(FACT_MAX);

	finding_needs(&needs, finding);
	if (needs.len == 0 && !buf_failed(&needs))
		return;
	buf_add_text(out, "<p class=\"because\"><strong>What would decide it:</strong> ");
	html_text(out, &needs);
	buf_add_text(out, "</p>\n");
}

static void write_finding(struct buf *out, const struct tell *tell, uint32_t index)
{
	const struct finding *finding = &tell->report->findings[index];
	const struct frame *site = figure_site(finding);

	buf_printf(out,
		"<article class=\"finding\" id=\"f-%u\"><h3><span class=\"badge "
		"%s\">%s</span><code>",
		index + 1, html_severity_class(finding_severity(finding)),
		finding_headline(finding));
	escape_html(out, site ? figure_function(site->function) : finding->workload);
	buf_add_text(out, "</code>");
	if (site) {
		buf_add_text(out, " <span class=\"soft mono\">");
		html_position(out, site);
		buf_add_text(out, "</span>");
	}
	buf_add_text(out, "</h3>\n");
	if (finding->because.len > 0) {
		buf_add_text(out, "<p class=\"because\">");
		escape_html(out, finding->because);
		buf_add_text(out, "</p>\n");
	}
	write_needs(out, finding);
	write_facts(out, tell, finding);
	buf_add_text(out, "<div class=\"columns\">\n");
	write_frames(out, finding);
	write_cause(out, finding);
	buf_add_text(out, "</div>\n");
	write_evidence(out, tell, finding);
	write_history(out, finding);
	write_missing(out, finding);
	buf_add_text(out, "</article>\n");
}

void html_findings(struct buf *out, const struct tell *tell)
{
	uint32_t count = tell->report->finding_count;
	uint32_t shown = count < FINDINGS_MAX ? count : FINDINGS_MAX;

	if (count == 0)
		return;
	buf_add_text(out, "<section id=\"findings\"><h2>Findings</h2>\n");
	for (uint32_t i = 0; i < shown; i++)
		write_finding(out, tell, i);
	if (shown < count)
		buf_printf(out, "<p class=\"soft\">and %u more, in findings.json</p>\n",
			count - shown);
	buf_add_text(out, "</section>\n");
}
