// SPDX-License-Identifier: Apache-2.0
// The parts of report.html, for html.c only.
#pragma once

#include "collector/tell/answer.h"
#include "collector/tell/tell.h"

extern const char html_style[]; // html_style.c: the style sheet, both colour schemes

const char *html_severity_class(enum severity severity); // "bad", "warning", "open", "good"
void html_text(struct buf *out, const struct buf *text); // escaped
// "gateway/fanout.go:88", escaped; nothing when the file is not known.
void html_position(struct buf *out, const struct frame *frame);
// <dt>name</dt><dd>text, escaped</dd>; nothing when the text is empty.
void html_fact(struct buf *out, const char *name, const struct buf *text);

// html_plots.c
void html_target_plots(struct buf *out, const struct tell *tell);
void html_stacks(struct buf *out, const struct tell *tell);
void html_contention(struct buf *out, const struct tell *tell);

// html_finding.c
void html_findings(struct buf *out, const struct tell *tell);

// html_tables.c
void html_warnings(struct buf *out, const struct report *report);
void html_targets(struct buf *out, const struct report *report);
void html_signs(struct buf *out, const struct report *report); // the four signs of each target
void html_parameters(struct buf *out, const struct report *report);
