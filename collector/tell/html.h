// SPDX-License-Identifier: Apache-2.0
// report.html: one file that needs nothing else, no script in it, light and dark, readable on a
// phone and on paper. The same report gives the same bytes.
#pragma once

#include "base/limits.h"
#include "collector/tell/tell.h"

#define HTML_REPORT_MAX MIB(16) // use as the maximum of the buffer

// Plots for the first HTML_PLOTTED_TARGETS targets by urgency; the others stand in the table.
#define HTML_PLOTTED_TARGETS 8

// A failure is sticky in `out` (buf_failed).
void html_write(struct buf *out, const struct tell *tell);
