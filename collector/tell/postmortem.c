// SPDX-License-Identifier: Apache-2.0
// The postmortem, as Markdown.
#include "collector/tell/postmortem.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/answer.h"
#include "collector/tell/figures.h"

#include <errno.h>
#include <string.h>

#define TEXT_MAX KIB(256)
#define TARGET_ROWS_MAX 30
#define ARTIFACTS_MAX 12

int source_url_check(const char *source_url, struct error *error)
{
	struct str url = str_of(source_url);

	if (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://")))
		return error_set(error, -EINVAL,
			"--source-url %s: must begin with https:// or http://", source_url);
	if (str_find(url, STR("{file}")) == url.len)
		return error_set(error, -EINVAL,
			"--source-url %s: has no {file}, e.g. "
			"https://host/blob/main/{file}#L{line}",
			source_url);
	if (strpbrk(source_url, " <>()\"\n\r\t\\"))
		return error_set(error, -EINVAL,
			"--source-url %s: spaces, quotes and brackets must be percent-encoded",
			source_url);
	return 0;
}

static void pass_failure(struct buf *out, const struct buf *part)
{
	if (buf_failed(part) < 0 && !out->failed)
		out->failed = buf_failed(part);
}

static void markdown(struct buf *out, const struct buf *text)
{
	escape_markdown(out, buf_str(text));
	pass_failure(out, text);
}

// Path bytes that cannot end or bend a link; all others are percent-encoded.
static void add_path(struct buf *out, struct str path)
{
	static const struct str plain = STR("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "0123456789-._~/@+,=");

	for (size_t i = 0; i < path.len; i++) {
		if (str_find_byte(plain, path.data[i]) < plain.len)
			buf_add_byte(out, path.data[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)path.data[i]);
	}
}

static void add_url(struct buf *out, const struct source_links *links, const struct frame *frame)
{
	struct str rest = str_of(links->url), path = frame->file;

	if (links->root && str_starts(path, str_of(links->root)))
		path = str_skip(path, str_of(links->root).len);
	while (str_starts(path, STR("/")))
		path = str_skip(path, 1);
	while (rest.len > 0) {
		if (str_starts(rest, STR("{file}"))) {
			add_path(out, path);
			rest = str_skip(rest, 6);
		} else if (str_starts(rest, STR("{line}"))) {
			buf_printf(out, "%u", frame->line);
			rest = str_skip(rest, 6);
		} else {
			buf_add_byte(out, rest.data[0]);
			rest = str_skip(rest, 1);
		}
	}
}

// `function` at [file:line](url); the link only for code that is not the standard library's.
static void add_frame(struct buf *out, const struct frame *frame, const struct source_links *links)
{
	cleanup(buf_release) struct buf place = BUF_INIT(TEXT_MAX);
	bool link = links->url && frame->line > 0 &&
		    !package_is_standard(function_package(frame->function)) && frame->file.len > 0;

	escape_markdown_code(out, figure_function(frame->function));
	if (frame->file.len == 0)
		return;
	buf_add(&place, figure_file(frame->file));
	if (frame->line > 0)
		buf_printf(&place, ":%u", frame->line);
	buf_add_text(out, link ? " at [" : " at ");
	markdown(out, &place);
	if (link) {
		buf_add_text(out, "](");
		add_url(out, links, frame);
		buf_add_text(out, ")");
	}
}

static void row(struct buf *out, const char *name, struct buf *text)
{
	if (text->len > 0) {
		buf_printf(out, "| %s | ", name);
		markdown(out, text);
		buf_add_text(out, " |\n");
	}
	buf_clear(text);
}

static void write_title(struct buf *out, const struct answer *answer, const struct report *report)
{
	buf_add_text(out, "# ");
	markdown(out, &answer->headline);
	if (answer->finding && figure_site(answer->finding)) {
		buf_add_text(out, ": ");
		escape_markdown_code(out, figure_function(figure_site(answer->finding)->function));
	}
	buf_add_text(out, "\n\n");
	if (answer->finding) {
		buf_add_text(out, "Workload: ");
		escape_markdown_code(out, answer->finding->workload);
		buf_add_text(out, "  \n");
	}
	buf_add_text(out, "Observed: ");
	figure_time(out, report->first_wall_ms);
	buf_add_text(out, " to ");
	figure_time(out, report->last_wall_ms);
	buf_add_text(out, "  \nStatus: draft. Lines that begin with TO FILL IN want a person.\n\n");
}

static void write_impact(struct buf *out, const struct tell *tell, const struct answer *answer)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	const struct finding *finding = answer->finding;

	buf_add_text(out, "## Impact\n\n| | |\n|---|---|\n");
	finding_what(&text, tell, finding);
	row(out, "What", &text);
	finding_rate(&text, finding);
	row(out, "How fast", &text);
	finding_hurts(&text, tell->report, finding);
	row(out, "When it hurts", &text);
	buf_printf(&text, "%u of %u targets", finding->target_count, tell->report->target_count);
	row(out, "Where", &text);
	buf_add_text(out, "\nTO FILL IN: who noticed it, and how.\n\n");
}

static void event(struct buf *out, int64_t wall_ms, const char *what)
{
	if (wall_ms < 0)
		return;
	buf_add_text(out, "- ");
	figure_time(out, wall_ms);
	buf_printf(out, ": %s\n", what);
}

static void write_timeline(
	struct buf *out, const struct report *report, const struct finding *finding)
{
	buf_add_text(out, "## Timeline\n\n");
	if (finding->started_wall_ms >= 0 && finding->started_wall_ms < report->first_wall_ms)
		event(out, finding->started_wall_ms, "the leak began");
	event(out, report->first_wall_ms, "first look");
	if (finding->started_wall_ms >= report->first_wall_ms)
		event(out, finding->started_wall_ms, "the leak began");
	for (uint32_t i = 0; i < finding->history_count; i++)
		event(out, finding->history[i].wall_ms, verdict_name(finding->history[i].verdict));
	event(out, report->last_wall_ms, "last look");
	buf_add_text(out, "- TO FILL IN: deploy, alert, mitigation, end\n\n");
}

static void write_site(
	struct buf *out, const struct finding *finding, const struct source_links *links)
{
	const struct frame *site = figure_site(finding);

	buf_add_text(out, "## Site\n\n");
	if (!site) {
		buf_add_text(out, "Totals only: no stacks were observed.\n\n");
		return;
	}
	add_frame(out, site, links);
	if (finding->created_by.function.len > 0) {
		buf_add_text(out, "  \nstarted by ");
		add_frame(out, &finding->created_by, links);
	}
	buf_add_text(out, "\n\n");
	for (uint32_t i = 0; finding->stack && i < finding->stack->frame_count; i++) {
		buf_printf(out, "%u. ", i + 1);
		add_frame(out, &finding->stack->frames[i], links);
		buf_add_text(out, "\n");
	}
	buf_add_text(out, "\n");
}

static void write_artifacts(struct buf *out, const struct tell *tell)
{
	uint32_t shown =
		tell->artifact_count < ARTIFACTS_MAX ? tell->artifact_count : ARTIFACTS_MAX;

	for (uint32_t i = 0; i < shown; i++) {
		buf_add_text(out, "- ");
		escape_markdown_code(out, tell->artifacts[i].path);
		buf_add_text(out, ", SHA-256 ");
		escape_markdown_code(out, tell->artifacts[i].sha256);
		buf_add_text(out, "\n");
	}
	if (shown < tell->artifact_count)
		buf_printf(out, "- and %u more, in manifest.json\n", tell->artifact_count - shown);
}

static void write_needs(struct buf *out, const struct finding *finding)
{
	cleanup(buf_release) struct buf needs = BUF_INIT(TEXT_MAX);

	finding_needs(&needs, finding);
	if (needs.len == 0 && !buf_failed(&needs))
		return;
	buf_add_text(out, "What would decide it: ");
	markdown(out, &needs);
	buf_add_text(out, "\n\n");
}

static void write_parts(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	cleanup(buf_release) struct buf parts = BUF_INIT(TEXT_MAX);

	finding_parts(&parts, tell, finding);
	if (parts.len == 0 && !buf_failed(&parts))
		return;
	buf_add_text(out, "The same mistake leaves behind: ");
	markdown(out, &parts);
	buf_add_text(out, "\n\n");
}

static void write_evidence(struct buf *out, const struct tell *tell, const struct finding *finding)
{
	cleanup(buf_release) struct buf basis = BUF_INIT(TEXT_MAX);

	buf_add_text(out, "## Evidence\n\n");
	report_basis(&basis, tell->report);
	markdown(out, &basis);
	buf_add_text(out, ".\n\n");
	if (finding->because.len > 0) {
		escape_markdown(out, finding->because);
		buf_add_text(out, "\n\n");
	}
	write_needs(out, finding);
	write_parts(out, tell, finding);
	write_artifacts(out, tell);
	buf_add_text(out, tell->artifact_count > 0 ? "\n" : "");
}

static void write_cause(struct buf *out, const struct finding *finding)
{
	const struct cause *cause = finding->cause;

	buf_add_text(out, "## Cause\n\n");
	if (cause) {
		escape_markdown(out, str_of(cause->title));
		buf_add_text(out, ". ");
		if (cause->usually)
			escape_markdown(out, str_of(cause->usually));
		buf_add_text(out, "\n\n");
	}
	for (size_t i = 0; cause && i < CAUSE_CHECKS_MAX && cause->checks[i]; i++) {
		buf_add_text(out, "- [ ] ");
		escape_markdown(out, str_of(cause->checks[i]));
		buf_add_text(out, "\n");
	}
	buf_add_text(
		out, "\nTO FILL IN: why this code was written so, and why no test saw it.\n\n");
}

static void write_fix(struct buf *out, const struct finding *finding)
{
	const struct cause *cause = finding->cause;

	buf_add_text(out, "## Fix\n\n");
	for (uint32_t i = 0; i < finding->advice_count; i++) {
		buf_add_text(out, "- ");
		escape_markdown(out, finding->advice[i]);
		buf_add_text(out, "\n");
	}
	if (cause && cause->prevented_by[0]) {
		buf_add_text(out, "- would have been found by ");
		for (size_t i = 0; i < CAUSE_TOOLS_MAX && cause->prevented_by[i]; i++) {
			buf_add_text(out, i > 0 ? ", " : "");
			escape_markdown(out, str_of(cause->prevented_by[i]));
		}
		buf_add_text(out, "\n");
	}
	buf_add_text(out, "- TO FILL IN: the change, and who reviews it\n\n");
}

static void write_before_after(
	struct buf *out, const struct report *report, const struct finding *finding)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	uint32_t rows =
		report->target_count < TARGET_ROWS_MAX ? report->target_count : TARGET_ROWS_MAX;

	buf_add_text(
		out, "## Before and after\n\n| | before | after |\n|---|---|---|\n| growth | ");
	finding_rate(&text, finding);
	markdown(out, &text);
	buf_add_text(out, " | TO FILL IN |\n");
	for (uint32_t i = 0; i < rows; i++) {
		buf_add_text(out, "| goroutines of ");
		escape_markdown_code(out, report->targets[i].target);
		buf_add_text(out, " | ");
		figure_count(out, (double)report->targets[i].goroutines_first);
		buf_add_text(out, " to ");
		figure_count(out, (double)report->targets[i].goroutines_last);
		buf_add_text(out, " | TO FILL IN |\n");
	}
	buf_add_text(out, "\n`parkwatch diff BEFORE.tar AFTER.tar` fills the last column in.\n");
}

void postmortem_write(struct buf *out, const struct tell *tell, const struct source_links *links)
{
	struct answer answer;

	answer_make(&answer, tell);
	write_title(out, &answer, tell->report);
	if (answer.finding) {
		write_impact(out, tell, &answer);
		write_timeline(out, tell->report, answer.finding);
		write_site(out, answer.finding, links);
		write_evidence(out, tell, answer.finding);
		write_cause(out, answer.finding);
		write_fix(out, answer.finding);
		write_before_after(out, tell->report, answer.finding);
	} else {
		buf_add_text(out, "There is no open finding: ");
		markdown(out, &answer.what);
		buf_add_text(out, ".\n");
	}
	if (answer.unseen.len > 0) {
		buf_add_text(out, "\nNot all was seen: ");
		markdown(out, &answer.unseen);
		buf_add_text(out, ".\n");
	}
	if (answer_failed(&answer) < 0 && !out->failed)
		out->failed = answer_failed(&answer);
	answer_release(&answer);
}
