// SPDX-License-Identifier: Apache-2.0
// The summary: five lines that answer, then what they stand on.
#include "collector/tell/summary.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/answer.h"
#include "collector/tell/figures.h"
#include "collector/tell/paragraph.h"
#include "collector/tell/summary_stacks.h"
#include "model/signs.h"

#include <stdio.h>

#define LABEL 7 // columns of "where  "
#define OTHER 10 // columns of "       2. "
#define DETAIL 14 // columns of "   prevented  "
#define FINDINGS_MAX 5
#define CONTENTION_MAX 3
#define WAITERS_LEAST 0.05 // on average: fewer slow nothing down
#define TARGETS_MAX 5
#define WARNINGS_MAX 5
#define TEXT_MAX KIB(256)

static enum ink ink_of(enum severity severity)
{
	static const enum ink inks[] = {
		[SEVERITY_GOOD] = INK_GOOD,
		[SEVERITY_OPEN] = INK_BOLD,
		[SEVERITY_WARNING] = INK_WARNING,
		[SEVERITY_BAD] = INK_BAD,
	};

	return inks[severity];
}

static void write_what(struct paragraph *p, const struct answer *answer)
{
	cleanup(buf_release) struct buf what = BUF_INIT(TEXT_MAX);

	buf_add_text(&what, ": ");
	buf_add(&what, part_str(p->out, &answer->what));
	paragraph_lead(p, "what", LABEL, ink_of(answer->severity),
		part_str(p->out, &answer->headline), part_str(p->out, &what));
}

static void write_answers(struct paragraph *p, const struct answer *answer)
{
	write_what(p, answer);
	if (answer->finding)
		paragraph_line(p, "where", LABEL, INK_BOLD, part_str(p->out, &answer->where));
	paragraph_write(p, "rate", LABEL, INK_PLAIN, part_str(p->out, &answer->rate));
	if (answer->finding) {
		paragraph_write(p, "since", LABEL, INK_PLAIN, part_str(p->out, &answer->since));
		paragraph_write(p, "hurts", LABEL, INK_PLAIN, part_str(p->out, &answer->hurts));
	}
	paragraph_write(p, "unseen", LABEL, INK_PLAIN, part_str(p->out, &answer->unseen));
}

static void write_basis(struct paragraph *p, const struct report *report)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	report_basis(&text, report);
	if (report->first_wall_ms >= 0) {
		buf_add_text(&text, ", from ");
		figure_time(&text, report->first_wall_ms);
	}
	paragraph_write(p, "from", LABEL, INK_PLAIN, part_str(p->out, &text));
	if (report->lines_skipped > 0) {
		buf_clear(&text);
		figure_count(&text, (double)report->lines_skipped);
		buf_add_text(&text, " lines of observations could not be read and were left out");
		paragraph_write(p, "", LABEL, INK_PLAIN, part_str(p->out, &text));
	}
}

static void detail(struct paragraph *p, const char *label, struct str text)
{
	paragraph_write(p, label, DETAIL, INK_PLAIN, text);
}

static void write_tools(struct paragraph *p, const struct cause *cause)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < CAUSE_TOOLS_MAX && cause->prevented_by[i]; i++)
		buf_printf(&text, "%s%s", i > 0 ? ", " : "", cause->prevented_by[i]);
	detail(p, "   found by", part_str(p->out, &text));
}

static void check(struct paragraph *p, bool first, struct str text)
{
	paragraph_write(
		p, first ? "   check      -" : "              -", DETAIL + 2, INK_PLAIN, text);
}

static void write_cause(struct paragraph *p, const struct finding *finding)
{
	const struct cause *cause = finding->cause;
	bool first = true;

	if (cause && cause->usually)
		detail(p, "   usually", str_of(cause->usually));
	for (size_t i = 0; cause && i < CAUSE_CHECKS_MAX && cause->checks[i]; i++, first = false)
		check(p, first, str_of(cause->checks[i]));
	for (uint32_t i = 0; i < finding->advice_count; i++, first = false)
		check(p, first, finding->advice[i]);
	if (cause)
		write_tools(p, cause);
}

static void write_place(struct paragraph *p, const char *label, const struct frame *frame)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	if (frame->function.len == 0)
		return;
	figure_place(&text, frame);
	detail(p, label, part_str(p->out, &text));
}

static void write_missing(struct paragraph *p, const struct finding *finding)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	for (uint32_t i = 0; i < finding->missing_count; i++)
		buf_printf(&text, "%s%s", i > 0 ? ", " : "", finding->missing[i]);
	detail(p, "   not known", part_str(p->out, &text));
}

// What the five lines did not say of the most urgent finding.
static void write_first(struct paragraph *p, const struct tell *tell, const struct finding *finding)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	if (finding->cause && finding->cause->title)
		detail(p, "   cause", str_of(finding->cause->title));
	detail(p, "   seen", finding->because);
	write_place(p, "   started by", &finding->created_by);
	write_place(p, "   held by", &finding->holder);
	finding_parts(&text, tell, finding);
	detail(p, "   with", part_str(p->out, &text));
	buf_clear(&text);
	write_cause(p, finding);
	finding_needs(&text, finding);
	detail(p, "   needs", part_str(p->out, &text));
	write_missing(p, finding);
}

static void write_other(struct paragraph *p, const struct tell *tell, const struct finding *finding,
	uint32_t number)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	char label[LABEL + 16];

	(void)snprintf(label, sizeof(label), "%*s%u.", LABEL, "", number);
	buf_add_text(&text, finding_headline(finding));
	buf_add_text(&text, ": ");
	finding_what(&text, tell, finding);
	paragraph_write(p, label, OTHER, INK_PLAIN, part_str(p->out, &text));
	buf_clear(&text);
	finding_where(&text, finding);
	paragraph_line(p, "", OTHER, INK_BOLD, part_str(p->out, &text));
	buf_clear(&text);
	finding_rate(&text, finding);
	paragraph_write(p, "", OTHER, INK_PLAIN, part_str(p->out, &text));
}

static void write_findings(
	struct paragraph *p, const struct tell *tell, const struct answer *answer, uint32_t max)
{
	const struct report *report = tell->report;
	uint32_t told = 0, left = 0;

	if (!answer->finding)
		return;
	write_first(p, tell, answer->finding);
	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct finding *finding = &report->findings[i];

		if (!finding->open || finding == answer->finding)
			continue;
		if (told + 1 >= max) {
			left++;
			continue;
		}
		if (told++ == 0)
			paragraph_end(p);
		write_other(p, tell, finding, told + 1);
	}
	if (left > 0) {
		buf_printf(p->out, "       and %u more: --format json or html has them all", left);
		paragraph_end(p);
	}
}

static void write_lock(
	struct paragraph *p, const struct tell *tell, const struct tell_contention *row, bool first)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	const struct contention_rate *rate = row->rate;
	const struct frame *site = rate->stack ? stack_site(rate->stack) : NULL;

	figure_number(&text, rate->waiters.value);
	buf_add_text(&text, rate->mutex ? " kept waiting on average by " : " wait on average in ");
	if (site)
		figure_place(&text, site);
	buf_add_text(&text, ", ");
	figure_number(&text, rate->events_per_s.value);
	buf_add_text(&text, " a second, ");
	figure_number(&text, rate->mean_wait_ms.value);
	buf_add_text(&text, " ms each");
	if (tell->report->target_count > 1) {
		buf_add_text(&text, ", ");
		buf_add(&text, row->target->target);
	}
	paragraph_write(p, first ? "locks" : "", LABEL, INK_PLAIN, part_str(p->out, &text));
}

static bool is_worth_telling(const struct contention_rate *rate)
{
	return estimate_known(&rate->waiters) && rate->waiters.value >= WAITERS_LEAST;
}

// Locks only: on channels wait idle workers as well, and they are the most.
static void write_contention(struct paragraph *p, const struct tell *tell)
{
	cleanup(free_pointer) struct tell_contention *rows = NULL;
	size_t count = 0, locks = 0, others = 0;
	int r = tell_contention(tell, &rows, &count);

	if (r < 0)
		p->out->failed = p->out->failed ? p->out->failed : r;
	for (size_t i = 0; i < count; i++) {
		if (!is_worth_telling(rows[i].rate))
			continue;
		if (rows[i].rate->kind != CONTENTION_LOCK) {
			others++;
		} else if (locks < CONTENTION_MAX) {
			if (locks == 0)
				paragraph_end(p);
			write_lock(p, tell, &rows[i], locks++ == 0);
		}
	}
	if (locks == 0 && others > 0) {
		paragraph_end(p);
		paragraph_write(p, "locks", LABEL, INK_PLAIN,
			STR("none waited for; --format html lists the waits on channels"));
	}
}

// "goroutines up, 512 to 18,321; heap not up; block delay not known; mutex delay up, 0.3 to 12"
static void add_signs(struct buf *out, const struct signs *signs)
{
	for (int i = 0; i < SIGNS; i++) {
		const struct sign *sign = &signs->sign[i];

		buf_printf(out, "%s%s %s", i > 0 ? "; " : "", sign_name((enum sign_kind)i),
			sign_state_name(sign->state));
		if (sign->state != SIGN_UP)
			continue;
		buf_add_text(out, ", ");
		figure_sign(out, (enum sign_kind)i, sign);
	}
}

// Of the target that was answered for, or of the only one.
static void write_signs(
	struct paragraph *p, const struct report *report, const struct answer *answer)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	const struct target_report *target = answer->finding
						     ? answer_target(report, answer->finding)
					     : report->target_count == 1 ? &report->targets[0]
									 : NULL;

	if (!target || target->reading.len == 0)
		return;
	paragraph_end(p);
	add_signs(&text, &target->signs);
	paragraph_write(p, "signs", LABEL, INK_PLAIN, part_str(p->out, &text));
	paragraph_write(p, "", LABEL, INK_PLAIN, target->reading);
}

static void write_target(struct paragraph *p, const struct target_report *target)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	figure_count(&text, target->goroutines_first < 0 ? NAN : (double)target->goroutines_first);
	buf_add_text(&text, " to ");
	figure_count(&text, target->goroutines_last < 0 ? NAN : (double)target->goroutines_last);
	buf_printf(&text, " goroutine%s, %s: ", target->goroutines_last == 1 ? "" : "s",
		target->class_text ? target->class_text : "not classed");
	buf_add(&text, target->target);
	paragraph_write(p, "", LABEL, INK_PLAIN, part_str(p->out, &text));
}

static void write_targets(struct paragraph *p, const struct report *report)
{
	uint32_t rows = report->target_count < TARGETS_MAX ? report->target_count : TARGETS_MAX;

	if (report->target_count < 2)
		return;
	paragraph_end(p);
	for (uint32_t i = 0; i < rows; i++)
		write_target(p, &report->targets[i]);
	if (rows < report->target_count) {
		buf_printf(p->out, "       and %u more targets", report->target_count - rows);
		paragraph_end(p);
	}
}

// Once, however many targets it is said of.
static void write_warning(struct paragraph *p, const struct report *report, uint32_t target,
	struct str warning, bool first)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	uint32_t times = tell_times_warned(report, target, warning);

	if (report->target_count > 1 && times == 1) {
		buf_add(&text, report->targets[target].target);
		buf_add_text(&text, ": ");
	}
	buf_add(&text, warning);
	if (times > 1)
		buf_printf(&text, " (%u targets)", times);
	paragraph_write(p, first ? "note" : "", LABEL, INK_PLAIN, part_str(p->out, &text));
}

static void write_warnings(struct paragraph *p, const struct report *report)
{
	uint32_t rows = 0, left = 0;

	for (uint32_t i = 0; i < report->target_count; i++) {
		for (uint32_t j = 0; j < report->targets[i].warning_count; j++) {
			struct str warning = report->targets[i].warnings[j];

			if (rows == WARNINGS_MAX) {
				left++;
			} else if (!tell_warned_before(report, i, warning)) {
				if (rows == 0)
					paragraph_end(p);
				write_warning(p, report, i, warning, rows++ == 0);
			}
		}
	}
	if (left > 0) {
		buf_printf(p->out, "       and %u more notes", left);
		paragraph_end(p);
	}
}

static void write_notes(struct paragraph *p, const struct report *report)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	uint32_t rows = 0;

	for (uint32_t i = 0; i < report->target_count; i++) {
		if (report->targets[i].note.len == 0 || tell_noted_before(report, i))
			continue;
		if (rows++ == 0)
			paragraph_end(p);
		buf_clear(&text);
		buf_add(&text, report->targets[i].note);
		if (report->target_count > 1)
			buf_printf(&text, " (%u of %u targets)", tell_times_noted(report, i),
				report->target_count);
		paragraph_write(
			p, rows == 1 ? "note" : "", LABEL, INK_PLAIN, part_str(p->out, &text));
	}
}

static bool worth_stacks(const struct report *report, const struct answer *answer)
{
	return report->short_collection || !answer->finding;
}

void summary_write(struct buf *out, const struct tell *tell, const struct summary_style *style)
{
	struct paragraph p = {
		.out = out,
		.columns = style->columns ? style->columns : 80,
		.colour = style->colour,
	};
	struct answer answer;

	answer_make(&answer, tell);
	write_answers(&p, &answer);
	write_basis(&p, tell->report);
	write_findings(&p, tell, &answer, style->findings_max ? style->findings_max : FINDINGS_MAX);
	write_contention(&p, tell);
	write_signs(&p, tell->report, &answer);
	write_targets(&p, tell->report);
	write_warnings(&p, tell->report);
	if (worth_stacks(tell->report, &answer))
		summary_stacks(&p, tell, style->stacks_max);
	write_notes(&p, tell->report);
	if (answer_failed(&answer) < 0 && !out->failed)
		out->failed = answer_failed(&answer);
	answer_release(&answer);
}
