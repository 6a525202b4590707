// SPDX-License-Identifier: Apache-2.0
// report.html: warnings, the table of targets, the parameters.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"
#include "collector/tell/html_parts.h"

#define TARGET_ROWS_MAX 500
#define WARNING_ROWS_MAX 12

static void write_warning(
	struct buf *out, const struct report *report, uint32_t target, struct str warning)
{
	uint32_t times = tell_times_warned(report, target, warning);

	buf_add_text(out, "<li>");
	if (report->target_count > 1 && times == 1) {
		buf_add_text(out, "<code>");
		escape_html(out, report->targets[target].target);
		buf_add_text(out, "</code>: ");
	}
	escape_html(out, warning);
	if (times > 1)
		buf_printf(out, " <span class=\"soft\">(%u targets)</span>", times);
	buf_add_text(out, "</li>\n");
}

static void open_warnings(struct buf *out, bool first)
{
	if (first)
		buf_add_text(out, "<section class=\"limits\"><h2>Limits of this answer</h2><ul>\n");
}

static void write_note(struct buf *out, const struct report *report, uint32_t target)
{
	buf_add_text(out, "<li>");
	escape_html(out, report->targets[target].note);
	if (report->target_count > 1)
		buf_printf(out, " <span class=\"soft\">(%u of %u targets)</span>",
			tell_times_noted(report, target), report->target_count);
	buf_add_text(out, "</li>\n");
}

void html_warnings(struct buf *out, const struct report *report)
{
	uint32_t written = 0, left_out = 0;

	for (uint32_t i = 0; i < report->target_count; i++) {
		for (uint32_t j = 0; j < report->targets[i].warning_count; j++) {
			if (tell_warned_before(report, i, report->targets[i].warnings[j]))
				continue;
			if (written == WARNING_ROWS_MAX) {
				left_out++;
				continue;
			}
			open_warnings(out, written++ == 0);
			write_warning(out, report, i, report->targets[i].warnings[j]);
		}
	}
	if (left_out > 0)
		buf_printf(out, "<li>and %u more, in findings.json</li>\n", left_out);
	for (uint32_t i = 0; i < report->target_count; i++) {
		if (report->targets[i].note.len == 0 || tell_noted_before(report, i))
			continue;
		open_warnings(out, written++ == 0);
		write_note(out, report, i);
	}
	if (written > 0)
		buf_add_text(out, "</ul></section>\n");
}

static void cell(struct buf *out, const char *class, struct buf *text)
{
	buf_printf(out, "<td%s>", class);
	html_text(out, text);
	buf_add_text(out, "</td>");
	buf_clear(text);
}

static void add_from_to(
	struct buf *text, double first, double last, void (*figure)(struct buf *, double))
{
	figure(text, first);
	if (isnan(first) && isnan(last))
		return;
	buf_add_text(text, " → ");
	figure(text, last);
}

static void write_target(struct buf *out, const struct target_report *target)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(256));

	buf_add_text(out, "<tr>");
	buf_add(&text, target->target);
	cell(out, " class=\"w\"", &text);
	add_from_to(&text, target->goroutines_first < 0 ? NAN : (double)target->goroutines_first,
		target->goroutines_last < 0 ? NAN : (double)target->goroutines_last, figure_count);
	cell(out, " class=\"n\"", &text);
	buf_add_text(&text, target->class_text ? target->class_text : "-");
	cell(out, " class=\"k\"", &text);
	if (estimate_known(&target->lambda))
		figure_estimate(&text, &target->lambda, "");
	else
		buf_add_text(&text, "-");
	cell(out, " class=\"n\"", &text);
	add_from_to(&text, target->qps.first, target->qps.last, figure_number);
	cell(out, " class=\"n\"", &text);
	buf_printf(&text, "%u", target->ticks);
	if (target->missed + target->cut > 0)
		buf_printf(&text, " (%u missed, %u cut)", target->missed, target->cut);
	cell(out, " class=\"n\"", &text);
	if (isnan(target->stop_worst_ms))
		buf_add_text(&text, "-");
	else
		figure_duration(&text, target->stop_worst_ms / 1000);
	cell(out, " class=\"n\"", &text);
	buf_add_text(&text, target->method ? target->method : "-");
	cell(out, "", &text);
	buf_add(&text, target->go_version);
	cell(out, "", &text);
	buf_add_text(out, "</tr>\n");
}

void html_targets(struct buf *out, const struct report *report)
{
	uint32_t rows =
		report->target_count < TARGET_ROWS_MAX ? report->target_count : TARGET_ROWS_MAX;

	if (rows == 0)
		return;
	buf_add_text(out,
		"<section><h2>Targets</h2><div class=\"wide\"><table><thead><tr><th>target</th>"
		"<th class=\"n\">goroutines</th><th>class</th><th class=\"n\">leaks per "
		"request</th>"
		"<th class=\"n\">requests /s</th><th class=\"n\">snapshots</th>"
		"<th class=\"n\">worst pause</th><th>method</th><th>Go</th></tr></thead><tbody>\n");
	for (uint32_t i = 0; i < rows; i++)
		write_target(out, &report->targets[i]);
	buf_add_text(out, "</tbody></table></div>");
	if (rows < report->target_count)
		buf_printf(out, "<p class=\"soft\">and %u more, in findings.json</p>",
			report->target_count - rows);
	buf_add_text(out, "</section>\n");
}

static void write_sign(struct buf *out, enum sign_kind kind, const struct sign *sign)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(4));

	buf_add_text(&text, sign_state_name(sign->state));
	if (sign->state == SIGN_UP) {
		buf_add_text(&text, ": ");
		figure_sign(&text, kind, sign);
	}
	cell(out, sign->state == SIGN_UP ? " class=\"k\"" : " class=\"soft\"", &text);
}

static void write_signs_of(struct buf *out, const struct target_report *target)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(256));

	buf_add_text(out, "<tr>");
	buf_add(&text, target->target);
	cell(out, " class=\"w\"", &text);
	for (int i = 0; i < SIGNS; i++)
		write_sign(out, (enum sign_kind)i, &target->signs.sign[i]);
	buf_add(&text, target->reading);
	cell(out, " class=\"w\"", &text);
	buf_add_text(out, "</tr>\n");
}

void html_signs(struct buf *out, const struct report *report)
{
	uint32_t rows = 0;

	for (uint32_t i = 0; i < report->target_count && rows < TARGET_ROWS_MAX; i++) {
		if (report->targets[i].reading.len == 0)
			continue;
		if (rows++ == 0)
			buf_add_text(out,
				"<section id=\"signs\"><h2>What grows, and what that means "
				"together</h2><div class=\"wide\"><table><thead><tr><th>target</th>"
				"<th>goroutines</th><th>heap</th><th>block delay</th><th>mutex "
				"delay</th><th>together</th></tr></thead><tbody>\n");
		write_signs_of(out, &report->targets[i]);
	}
	if (rows > 0)
		buf_add_text(out, "</tbody></table></div></section>\n");
}

void html_parameters(struct buf *out, const struct report *report)
{
	if (report->parameter_count == 0)
		return;
	buf_add_text(out,
		"<section><h2>Parameters</h2><details><summary>Every threshold that was used"
		"</summary><table><tbody>\n");
	for (uint32_t i = 0; i < report->parameter_count; i++) {
		buf_add_text(out, "<tr><td><code>");
		escape_html(out, str_of(report->parameters[i].name));
		buf_add_text(out, "</code></td><td class=\"n\">");
		figure_number(out, report->parameters[i].value);
		buf_add_text(out, "</td></tr>\n");
	}
	buf_add_text(out, "</tbody></table></details></section>\n");
}
