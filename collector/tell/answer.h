// SPDX-License-Identifier: Apache-2.0
// The five answers a person wants first: what leaks, where, how fast, since when, when it hurts.
// One wording for the terminal, the HTML page and the postmortem. Raw text of targets is inside:
// each sink escapes it.
#pragma once

#include "collector/tell/tell.h"

enum severity {
	SEVERITY_GOOD, // nothing leaks
	SEVERITY_OPEN, // not decidable yet
	SEVERITY_WARNING, // stuck, growing, hint, suspect, backlog
	SEVERITY_BAD, // confirmed
};

struct answer {
	enum severity severity;
	// The most urgent open one; else a backlog that has drained; NULL.
	const struct finding *finding;
	struct buf headline; // "Leak confirmed"
	struct buf what, where, rate, since, hurts;
	// "no goroutines were seen of shop/gateway-1"; empty when all or none were seen.
	struct buf unseen;
};

// Release it in any case. A failure is sticky in its buffers.
void answer_make(struct answer *answer, const struct tell *tell);
void answer_release(struct answer *answer);
int answer_failed(const struct answer *answer); // 0 or negative errno

// The first target of a finding, or NULL.
const struct target_report *answer_target(
	const struct report *report, const struct finding *finding);
// "Leak confirmed", "Stuck now", "Backlog, no leak": a finding's verdict and class in words.
const char *finding_headline(const struct finding *finding);
enum severity finding_severity(const struct finding *finding);

// One finding's answers, appended.
// "17,800 goroutines in chan send for up to 17 min"
void finding_what(struct buf *out, const struct tell *tell, const struct finding *finding);
void finding_where(struct buf *out, const struct finding *finding);
void finding_rate(struct buf *out, const struct finding *finding);
void finding_since(struct buf *out, const struct report *report, const struct finding *finding);
void finding_hurts(struct buf *out, const struct report *report, const struct finding *finding);
// What would decide it, and how much longer that takes; nothing when nothing is open.
void finding_needs(struct buf *out, const struct finding *finding);
// The other stacks of the same mistake with their number, wait and ratio, four at most; nothing
// when there are none.
void finding_parts(struct buf *out, const struct tell *tell, const struct finding *finding);
// "12 snapshots of 2 targets over 17 min, 1 missed"
void report_basis(struct buf *out, const struct report *report);
