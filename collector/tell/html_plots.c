// SPDX-License-Identifier: Apache-2.0
// report.html: what can be seen. Plots of each target, all goroutines as an icicle, contention.
#include "base/cleanup.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"
#include "collector/tell/html.h"
#include "collector/tell/html_parts.h"
#include "collector/tell/icicle.h"
#include "collector/tell/plot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_ROWS_MAX 20
#define CHANNEL_ROWS_MAX 10
#define CURVE_POINTS 60

// The columns of a target's points, as plots want them.
struct columns {
	size_t count;
	double *memory;
	double *time, *goroutines, *leaked, *requests, *qps, *fit, *low, *high;
};

static bool columns_make(struct columns *columns, const struct target_report *target)
{
	size_t n = target->point_count;
	double **all[] = {&columns->time, &columns->goroutines, &columns->leaked,
		&columns->requests, &columns->qps, &columns->fit, &columns->low, &columns->high};

	*columns = (struct columns){.count = n, .memory = calloc(n + 1, 8 * sizeof(double))};
	if (!columns->memory)
		return false;
	for (size_t i = 0; i < 8; i++)
		*all[i] = columns->memory + i * n;
	for (size_t i = 0; i < n; i++) {
		const struct target_point *point = &target->points[i];

		columns->time[i] = (double)point->wall_ms;
		columns->goroutines[i] = point->goroutines;
		columns->leaked[i] = point->leaked;
		columns->requests[i] = point->requests;
		columns->qps[i] = point->qps;
		columns->fit[i] = point->fit;
		columns->low[i] = point->fit_low;
		columns->high[i] = point->fit_high;
	}
	return true;
}

static void write_figure(struct buf *out, const struct plot *plot, const char *absent)
{
	buf_add_text(out, "<figure><figcaption>");
	escape_html(out, plot->title);
	buf_add_text(out, "</figcaption>\n");
	if (plot_worthwhile(plot)) {
		plot_write(out, plot);
	} else {
		buf_add_text(out, "<p class=\"absent\">");
		escape_html(out, str_of(absent));
		buf_add_text(out, "</p>\n");
	}
	buf_add_text(out, "</figure>\n");
}

static bool any_known(const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (isfinite(values[i]))
			return true;
	}
	return false;
}

static double leak_start(const struct report *report, const struct target_report *target)
{
	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct finding *finding = &report->findings[i];

		if (!finding->open || finding->started_wall_ms < 0)
			continue;
		for (uint32_t j = 0; j < finding->target_count; j++) {
			if (str_equal(finding->targets[j], target->target))
				return (double)finding->started_wall_ms;
		}
	}
	return NAN;
}

static void plot_time(struct buf *out, const struct report *report,
	const struct target_report *target, const struct columns *columns, const char *id)
{
	bool leaked = any_known(columns->leaked, columns->count);
	const struct plot_series series[] = {
		{.mark = PLOT_LINE,
			.colour = 1,
			.name = "all goroutines",
			.count = columns->count,
			.x = columns->time,
			.y = columns->goroutines},
		{.mark = PLOT_DASHED,
			.colour = 2,
			.name = "leaked",
			.count = columns->count,
			.x = columns->time,
			.y = columns->leaked},
	};
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(64));

	buf_add_text(&text, "Goroutines from ");
	figure_count(&text, (double)target->goroutines_first);
	buf_add_text(&text, " to ");
	figure_count(&text, (double)target->goroutines_last);
	buf_add_text(&text, ".");
	write_figure(out,
		&(struct plot){.id = id,
			.title = STR("Goroutines over time"),
			.description = part_str(out, &text),
			.x_label = "time of day, UTC",
			.y_label = "goroutines",
			.x_is_time = true,
			.marker_x = leak_start(report, target),
			.marker_label = "began",
			.series = series,
			.series_count = leaked ? 2 : 1},
		"One look only: there is no course to draw. Collect several snapshots.");
}

static void plot_requests(struct buf *out, const struct target_report *target,
	const struct columns *columns, const char *id)
{
	const struct plot_series series[] = {
		{.mark = PLOT_BAND,
			.colour = 2,
			.name = "95 % band",
			.count = columns->count,
			.x = columns->requests,
			.y = columns->low,
			.high = columns->high},
		{.mark = PLOT_POINTS,
			.colour = 1,
			.name = "observed",
			.count = columns->count,
			.x = columns->requests,
			.y = columns->leaked},
		{.mark = PLOT_LINE,
			.colour = 2,
			.name = "fit",
			.count = columns->count,
			.x = columns->requests,
			.y = columns->fit},
	};
	const char *absent;
	bool fitted = estimate_known(&target->lambda) && any_known(columns->fit, columns->count);
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(64));

	if (fitted) {
		buf_add_text(&text, "λ = ");
		figure_estimate(&text, &target->lambda, "per request");
	}
	absent = any_known(columns->requests, columns->count)
			 ? "Nothing leaks that could be drawn against requests."
			 : "No request counter was found: leaks per request are not known.";
	write_figure(out,
		&(struct plot){.id = id,
			.title = STR("Leaked goroutines against requests"),
			.description = part_str(out, &text),
			.x_label = "requests since the first snapshot",
			.y_label = "leaked goroutines",
			.note = part_str(out, &text),
			.y_from_zero = true,
			.marker_x = NAN,
			.series = fitted ? series : series + 1,
			.series_count = fitted ? 3 : 1},
		absent);
}

// Q0 exp(-alpha G) over the leaked goroutines seen.
static size_t decay_curve(const struct target_report *target, const struct columns *columns,
	double x[static CURVE_POINTS], double y[static CURVE_POINTS])
{
	double most = 0;

	if (!estimate_known(&target->alpha) || !estimate_known(&target->qps.q0))
		return 0;
	for (size_t i = 0; i < columns->count; i++)
		most = isfinite(columns->leaked[i]) ? fmax(most, columns->leaked[i]) : most;
	for (size_t i = 0; i < CURVE_POINTS; i++) {
		x[i] = most * (double)i / (CURVE_POINTS - 1);
		y[i] = target->qps.q0.value * exp(-target->alpha.value * x[i]);
	}
	return CURVE_POINTS;
}

static void plot_qps(struct buf *out, const struct target_report *target,
	const struct columns *columns, const char *id)
{
	double x[CURVE_POINTS], y[CURVE_POINTS];
	size_t curve = decay_curve(target, columns, x, y);
	const struct plot_series series[] = {
		{.mark = PLOT_POINTS,
			.colour = 3,
			.name = "observed",
			.count = columns->count,
			.x = columns->leaked,
			.y = columns->qps},
		{.mark = PLOT_LINE,
			.colour = 4,
			.name = "Q0 · exp(−αG)",
			.count = curve,
			.x = x,
			.y = y},
	};
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(64));

	if (curve > 0) {
		buf_add_text(&text, "α = ");
		figure_estimate(&text, &target->alpha, "");
	} else {
		buf_add_text(&text, "α not identified");
	}
	write_figure(out,
		&(struct plot){.id = id,
			.title = STR("Requests per second against leaked goroutines"),
			.description = part_str(out, &text),
			.x_label = "leaked goroutines",
			.y_label = "requests per second",
			.note = part_str(out, &text),
			.note_right = true,
			.y_from_zero = true,
			.marker_x = NAN,
			.series = series,
			.series_count = curve > 0 ? 2 : 1},
		"Nothing leaks, or no request counter was found: nothing to set against each "
		"other.");
	if (curve == 0 && target->alpha.why[0] && any_known(columns->leaked, columns->count)) {
		out->len -= strlen("</figure>\n");
		buf_add_text(out, "<p class=\"soft\">");
		escape_html(out, str_of(target->alpha.why));
		buf_add_text(out, "</p></figure>\n");
	}
}

static void plot_load(struct buf *out, const struct target_report *target,
	const struct columns *columns, const char *id)
{
	const struct plot_series series[] = {
		{.mark = PLOT_LINE,
			.colour = 3,
			.count = columns->count,
			.x = columns->time,
			.y = columns->qps},
	};
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(64));

	buf_add_text(&text, "From ");
	figure_number(&text, target->qps.first);
	buf_add_text(&text, " to ");
	figure_number(&text, target->qps.last);
	buf_add_text(&text, " requests per second.");
	write_figure(out,
		&(struct plot){.id = id,
			.title = STR("Load over time"),
			.description = part_str(out, &text),
			.x_label = "time of day, UTC",
			.y_label = "requests per second",
			.x_is_time = true,
			.y_from_zero = true,
			.marker_x = NAN,
			.series = series,
			.series_count = 1},
		"No request counter was found.");
}

static void write_target_plots(
	struct buf *out, const struct report *report, uint32_t index, uint32_t number)
{
	const struct target_report *target = &report->targets[index];
	struct columns columns;
	char id[32];

	if (!columns_make(&columns, target)) {
		out->failed = out->failed ? out->failed : -ENOMEM;
		return;
	}
	if (report->target_count > 1) {
		buf_add_text(out, "<h3 class=\"target-name\"><code>");
		escape_html(out, target->target);
		buf_add_text(out, "</code></h3>\n");
	}
	buf_add_text(out, "<div class=\"plots\">\n");
	snprintf(id, sizeof(id), "p%u-time", number);
	plot_time(out, report, target, &columns, id);
	if (any_known(columns.requests, columns.count) || any_known(columns.qps, columns.count)) {
		snprintf(id, sizeof(id), "p%u-load", number);
		plot_load(out, target, &columns, id);
		snprintf(id, sizeof(id), "p%u-requests", number);
		plot_requests(out, target, &columns, id);
		snprintf(id, sizeof(id), "p%u-qps", number);
		plot_qps(out, target, &columns, id);
	}
	buf_add_text(out, "</div>\n");
	free(columns.memory);
}

// Place of the most urgent open finding on a target; finding_count when it has none.
static uint32_t urgency(const struct report *report, uint32_t target)
{
	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct finding *finding = &report->findings[i];

		for (uint32_t j = 0; finding->open && j < finding->target_count; j++) {
			if (str_equal(finding->targets[j], report->targets[target].target))
				return i;
		}
	}
	return report->finding_count;
}

// The first HTML_PLOTTED_TARGETS by urgency, then by goroutines; returns how many.
static uint32_t most_urgent(
	const struct report *report, uint32_t chosen[static HTML_PLOTTED_TARGETS])
{
	uint32_t places[HTML_PLOTTED_TARGETS], count = 0;

	for (uint32_t i = 0; i < report->target_count; i++) {
		uint32_t place = urgency(report, i), at = count;

		while (at > 0 && (places[at - 1] > place ||
					 (places[at - 1] == place &&
						 report->targets[chosen[at - 1]].goroutines_last <
							 report->targets[i].goroutines_last)))
			at--;
		if (at == HTML_PLOTTED_TARGETS)
			continue;
		if (count < HTML_PLOTTED_TARGETS)
			count++;
		memmove(&places[at + 1], &places[at], (count - 1 - at) * sizeof(places[0]));
		memmove(&chosen[at + 1], &chosen[at], (count - 1 - at) * sizeof(chosen[0]));
		places[at] = place;
		chosen[at] = i;
	}
	return count;
}

static bool any_course(const struct report *report)
{
	for (uint32_t i = 0; i < report->target_count; i++) {
		if (report->targets[i].point_count > 1)
			return true;
	}
	return false;
}

void html_target_plots(struct buf *out, const struct tell *tell)
{
	const struct report *report = tell->report;
	uint32_t chosen[HTML_PLOTTED_TARGETS];
	uint32_t count = most_urgent(report, chosen);

	if (!any_course(report))
		return;
	buf_add_text(out, "<section><h2>Over time and under load</h2>\n");
	if (count < report->target_count)
		buf_printf(out,
			"<p class=\"lead\">The %u most urgent of %u targets; the others stand in "
			"the table below.</p>\n",
			count, report->target_count);
	for (uint32_t i = 0; i < count; i++)
		write_target_plots(out, report, chosen[i], i + 1);
	buf_add_text(out, "</section>\n");
}

static bool is_leaking(const struct tell_group *group)
{
	return group->finding && finding_severity(group->finding) >= SEVERITY_WARNING;
}

static int fill_icicle(
	struct icicle *icicle, const struct tell_group *groups, size_t count, bool without_findings)
{
	uint64_t rest = 0, rest_stacks = 0;
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		if (without_findings && is_leaking(&groups[i]))
			continue;
		if (shown++ >= ICICLE_STACKS_MAX) {
			rest += groups[i].count;
			rest_stacks++;
		} else if (icicle_add(icicle, groups[i].stack, groups[i].count,
				   is_leaking(&groups[i])) < 0) {
			return -ENOMEM;
		}
	}
	if (rest > 0)
		icicle_add_rest(icicle, rest_stacks, rest);
	return 0;
}

static void draw_icicle(
	struct buf *out, const struct tell_group *groups, size_t count, bool without_findings)
{
	struct icicle *icicle = icicle_new();

	if (!icicle || fill_icicle(icicle, groups, count, without_findings) < 0) {
		out->failed = out->failed ? out->failed : -ENOMEM;
	} else {
		buf_add_text(out, "<div class=\"wide\">");
		icicle_write(out, icicle, without_findings ? "icicle-others" : "icicle");
		buf_add_text(out, "</div>\n");
	}
	icicle_free(&icicle);
}

// Whether what leaks leaves too little room to see the others.
static bool leak_hides_others(const struct tell_group *groups, size_t count)
{
	uint64_t leaking = 0, others = 0;

	for (size_t i = 0; i < count; i++)
		*(is_leaking(&groups[i]) ? &leaking : &others) += groups[i].count;
	return others > 0 && leaking > 2 * others;
}

static void write_icicle(struct buf *out, const struct tell_group *groups, size_t count)
{
	static const char swatch[] =
		"<li><span class=\"%s\"><svg viewBox=\"0 0 14 12\" aria-hidden=\"true\">"
		"<rect width=\"14\" height=\"12\"/></svg></span>%s</li>";
	static const char *const legend[][2] = {
		{"leaking", "mostly in a finding"},
		{"part", "partly in a finding"},
		{"own", "own code and modules"},
		{"standard", "standard library"},
	};

	buf_add_text(out,
		"<section><h2>Goroutines by stack</h2><p class=\"lead\">The last look. Outermost "
		"function on top; the wider, the more goroutines.</p>\n");
	draw_icicle(out, groups, count, false);
	if (leak_hides_others(groups, count)) {
		buf_add_text(out, "<h4>The same without the findings</h4>\n");
		draw_icicle(out, groups, count, true);
	}
	buf_add_text(out, "<ul class=\"swatches\">");
	for (size_t i = 0; i < sizeof(legend) / sizeof(legend[0]); i++)
		buf_printf(out, swatch, legend[i][0], legend[i][1]);
	buf_add_text(out, "</ul></section>\n");
}

void html_stacks(struct buf *out, const struct tell *tell)
{
	cleanup(free_pointer) struct tell_group *groups = NULL;
	size_t count = 0;
	int r = tell_groups(tell, &groups, &count);

	if (r < 0)
		out->failed = out->failed ? out->failed : r;
	else if (count > 0)
		write_icicle(out, groups, count);
}

static void number_cell(struct buf *out, const struct estimate *estimate)
{
	buf_add_text(out, "<td class=\"n\">");
	if (estimate_known(estimate))
		figure_number(out, estimate->value);
	else
		buf_add_text(out, "-");
	buf_add_text(out, "</td>");
}

static void write_contention_row(struct buf *out, const struct target_report *target,
	const struct contention_rate *rate, double most)
{
	const struct frame *site = rate->stack ? stack_site(rate->stack) : NULL;
	double share = estimate_known(&rate->waiters) && most > 0 ? rate->waiters.value / most : 0;

	buf_add_text(out, "<tr><td class=\"w\"><code>");
	if (site) {
		escape_html(out, figure_function(site->function));
		buf_add_text(out, "</code> <span class=\"soft\">");
		html_position(out, site);
		buf_add_text(out, "</span>");
	} else {
		buf_add_text(out, "(no stack)</code>");
	}
	buf_printf(out, "</td><td>%s</td><td class=\"w soft\">", rate->mutex ? "mutex" : "block");
	escape_html(out, target->target);
	buf_add_text(out, "</td>");
	number_cell(out, &rate->waiters);
	buf_printf(out,
		"<td><svg class=\"bar\" viewBox=\"0 0 110 12\" aria-hidden=\"true\"><rect "
		"width=\"%.1f\" "
		"height=\"12\" rx=\"2\"/></svg></td>",
		fmax(110 * share, 1));
	number_cell(out, &rate->events_per_s);
	number_cell(out, &rate->mean_wait_ms);
	buf_add_text(out, "</tr>\n");
}

static void open_contention(struct buf *out, bool locks)
{
	buf_add_text(out,
		locks ? "<section><h2>Locks</h2><p class=\"lead\">Who waits for locks (block), and "
			"who keeps them waiting (mutex). Who is still blocked appears in neither."
		      : "<section><h2>Waiting on channels (idle workers too)</h2><p "
			"class=\"lead\">From the block profile: channels, select, wait groups, "
			"conditions. A worker without work waits here as well.");
	buf_add_text(out,
		"</p><div class=\"wide\"><table><thead><tr><th>where</th><th>profile</th>"
		"<th>target</th><th class=\"n\">mean waiters</th><th></th><th class=\"n\">"
		"events per second</th><th class=\"n\">mean wait, ms</th></tr></thead>"
		"<tbody>\n");
}

static void close_contention(struct buf *out, size_t left_out)
{
	buf_add_text(out, "</tbody></table></div>");
	if (left_out > 0)
		buf_printf(out, "<p class=\"soft\">and %zu more, in findings.json</p>", left_out);
	buf_add_text(out, "</section>\n");
}

// `rows` are all of one sort, most waiters first.
static void write_contention(
	struct buf *out, const struct tell_contention *rows, size_t count, bool locks)
{
	size_t max = locks ? LOCK_ROWS_MAX : CHANNEL_ROWS_MAX;
	double most;

	if (count == 0)
		return;
	most = estimate_known(&rows[0].rate->waiters) ? rows[0].rate->waiters.value : 0;
	open_contention(out, locks);
	for (size_t i = 0; i < count && i < max; i++)
		write_contention_row(out, rows[i].target, rows[i].rate, most);
	close_contention(out, count > max ? count - max : 0);
}

void html_contention(struct buf *out, const struct tell *tell)
{
	cleanup(free_pointer) struct tell_contention *rows = NULL;
	size_t count = 0, locks = 0;
	int r = tell_contention(tell, &rows, &count);

	if (r < 0)
		out->failed = out->failed ? out->failed : r;
	while (locks < count && rows[locks].rate->kind == CONTENTION_LOCK)
		locks++;
	write_contention(out, rows, locks, true);
	write_contention(out, rows + locks, count - locks, false);
}
