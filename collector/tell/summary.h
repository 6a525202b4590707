// SPDX-License-Identifier: Apache-2.0
// The answer in words, for a terminal, a pipe and report.txt: what leaks, where, how fast, since
// when, when it hurts, in the first five lines; then the evidence for it.
#pragma once

#include "collector/tell/tell.h"

struct summary_style {
	bool colour; // only what the stream said
	uint32_t columns; // 0: 80
	uint32_t findings_max; // told in full; 0: the default of 5
	uint32_t stacks_max; // rows of the table of stacks; 0: what fits one screen
};

// Ends with a newline. A failure is sticky in `out` (buf_failed). Text of targets is escaped.
void summary_write(struct buf *out, const struct tell *tell, const struct summary_style *style);
