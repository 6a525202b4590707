// SPDX-License-Identifier: Apache-2.0
// report.html: the page around its parts, and the verdict on top.
#include "collector/tell/html.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"
#include "collector/tell/html_parts.h"

#include <openssl/evp.h>

#define OTHERS_MAX 6 // further findings named below the verdict

const char *html_severity_class(enum severity severity)
{
	static const char *const classes[] = {
		[SEVERITY_GOOD] = "good",
		[SEVERITY_OPEN] = "open",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_BAD] = "bad",
	};

	return classes[severity];
}

void html_text(struct buf *out, const struct buf *text)
{
	escape_html(out, part_str(out, text));
}

void html_position(struct buf *out, const struct frame *frame)
{
	escape_html(out, figure_file(frame->file));
	if (frame->file.len > 0 && frame->line > 0)
		buf_printf(out, ":%u", frame->line);
}

void html_fact(struct buf *out, const char *name, const struct buf *text)
{
	if (text->len == 0 && !buf_failed(text))
		return;
	buf_printf(out, "<div><dt>%s</dt><dd>", name);
	html_text(out, text);
	buf_add_text(out, "</dd></div>\n");
}

// The policy names the style sheet by its digest: nothing else may style, and nothing may run.
static void write_policy(struct buf *out)
{
	uint8_t digest[SHA256_BYTES];
	unsigned char base64[4 * (SHA256_BYTES / 3 + 1) + 1];
	int r = sha256_of(str_of(html_style), digest);

	if (r < 0) {
		out->failed = r;
		return;
	}
	EVP_EncodeBlock(base64, digest, SHA256_BYTES);
	buf_printf(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n",
		(const char *)base64);
}

static void write_head(struct buf *out, const struct answer *answer)
{
	buf_add_text(
		out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	write_policy(out);
	buf_add_text(out,
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	html_text(out, &answer->headline);
	if (answer->finding) {
		buf_add_text(out, ": ");
		html_text(out, &answer->where);
	}
	buf_add_text(out, " · parkwatch</title>\n<style>");
	buf_add_text(out, html_style);
	buf_add_text(out, "</style>\n</head>\n<body>\n");
}

static void write_header(struct buf *out, const struct report *report)
{
	cleanup(buf_release) struct buf basis = BUF_INIT(KIB(256));

	report_basis(&basis, report);
	buf_add_text(out, "<header><p class=\"brand\">parkwatch</p><p class=\"scope\">");
	html_text(out, &basis);
	if (report->first_wall_ms >= 0) {
		buf_add_text(out, " · ");
		figure_time(out, report->first_wall_ms);
		if (report->last_wall_ms > report->first_wall_ms) {
			buf_add_text(out, " to ");
			figure_time(out, report->last_wall_ms);
		}
	}
	buf_add_text(out, "</p></header>\n<main>\n");
}

static void write_icon(struct buf *out, enum severity severity)
{
	static const char *const icons[] = {
		[SEVERITY_GOOD] =
			"<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"M7.5 12.5l3 3 6-7\"/>",
		[SEVERITY_OPEN] =
			"<circle cx=\"12\" cy=\"12\" r=\"10\"/><path d=\"M12 6v6l4 2.5\"/>",
		[SEVERITY_WARNING] =
			"<path d=\"M12 3L22.5 21H1.5Z\"/><path d=\"M12 9.5v5M12 17.8v.1\"/>",
		[SEVERITY_BAD] =
			"<path d=\"M8 2h8l6 6v8l-6 6H8l-6-6V8Z\"/><path d=\"M12 7v6M12 16.8v.1\"/>",
	};

	buf_printf(out, "<svg class=\"icon\" viewBox=\"0 0 24 24\" aria-hidden=\"true\">%s</svg>",
		icons[severity]);
}

static void write_others(struct buf *out, const struct report *report, const struct answer *answer)
{
	uint32_t more = 0, listed = 0;

	for (uint32_t i = 0; i < report->finding_count; i++)
		more += report->findings[i].open && &report->findings[i] != answer->finding;
	if (more == 0)
		return;
	buf_printf(out, "<ul class=\"more\"><li class=\"soft\">%u more:</li>\n", more);
	for (uint32_t i = 0; i < report->finding_count && listed < OTHERS_MAX; i++) {
		const struct finding *finding = &report->findings[i];
		cleanup(buf_release) struct buf where = BUF_INIT(KIB(256));

		if (!finding->open || finding == answer->finding)
			continue;
		listed++;
		finding_where(&where, finding);
		buf_printf(out, "<li><span class=\"badge %s\">%s</span> <a href=\"#f-%u\"><code>",
			html_severity_class(finding_severity(finding)), finding_headline(finding),
			i + 1);
		html_text(out, &where);
		buf_add_text(out, "</code></a></li>\n");
	}
	if (more > listed)
		buf_printf(out, "<li><a href=\"#findings\">and %u more</a></li>\n", more - listed);
	buf_add_text(out, "</ul>\n");
}

static void write_what(struct buf *out, const struct answer *answer)
{
	const struct cause *cause = answer->finding->cause;

	buf_add_text(out, "<div><dt>What</dt><dd>");
	html_text(out, &answer->what);
	if (cause && cause->title) {
		buf_add_text(out, ": ");
		escape_html(out, str_of(cause->title));
	}
	buf_add_text(out, "</dd></div>\n");
}

static void write_where(struct buf *out, const struct answer *answer)
{
	const struct frame *site = figure_site(answer->finding);

	if (!site) {
		html_fact(out, "Where", &answer->where);
		return;
	}
	buf_add_text(out, "<div><dt>Where</dt><dd><code>");
	escape_html(out, figure_function(site->function));
	buf_add_text(out, "</code><br><span class=\"soft mono\">");
	html_position(out, site);
	buf_add_text(out, "</span></dd></div>\n");
}

static void write_verdict(struct buf *out, const struct report *report, const struct answer *answer)
{
	buf_printf(
		out, "<section class=\"verdict %s\"><h1>", html_severity_class(answer->severity));
	write_icon(out, answer->severity);
	buf_add_text(out, "<span>");
	html_text(out, &answer->headline);
	buf_add_text(out, "</span></h1>\n<dl class=\"answers\">\n");
	if (answer->finding) {
		write_what(out, answer);
		write_where(out, answer);
		html_fact(out, "How fast", &answer->rate);
		html_fact(out, "Since when", &answer->since);
		html_fact(out, "When it hurts", &answer->hurts);
	} else {
		html_fact(out, "What was seen", &answer->what);
		html_fact(out, "How fast", &answer->rate);
	}
	html_fact(out, "Not seen", &answer->unseen);
	buf_add_text(out, "</dl>\n");
	write_others(out, report, answer);
	buf_add_text(out, "</section>\n");
}

static void write_footer(struct buf *out, const struct tell *tell)
{
	buf_add_text(out,
		"</main>\n<footer><p>Intervals hold the true value in 95 % of cases unless they "
		"say otherwise. The same observations give the same report.</p><p>parkwatch ");
	escape_html(out, str_of(tell->version));
	buf_add_text(out, "</p></footer>\n</body>\n</html>\n");
}

void html_write(struct buf *out, const struct tell *tell)
{
	struct answer answer;

	answer_make(&answer, tell);
	write_head(out, &answer);
	write_header(out, tell->report);
	write_verdict(out, tell->report, &answer);
	html_warnings(out, tell->report);
	// Plots of many targets would push the findings far down.
	if (tell->report->target_count > 1) {
		html_findings(out, tell);
		html_target_plots(out, tell);
	} else {
		html_target_plots(out, tell);
		html_findings(out, tell);
	}
	html_stacks(out, tell);
	html_signs(out, tell->report);
	html_contention(out, tell);
	html_targets(out, tell->report);
	html_parameters(out, tell->report);
	write_footer(out, tell);
	if (answer_failed(&answer) < 0 && !out->failed)
		out->failed = answer_failed(&answer);
	answer_release(&answer);
}
