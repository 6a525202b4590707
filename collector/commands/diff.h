// SPDX-License-Identifier: Apache-2.0
// Before and after, told: what is new, grown, better, fixed. The command is in diff.c.
#pragma once

#include "base/buf.h"
#include "model/compare.h"

struct difference {
	const struct comparison *comparison;
	bool gated; // --max-growth was given
	int64_t max_growth; // goroutines in total
	const char *before, *after; // names of the inputs
};

// Whether the gate is given and holds.
bool diff_passes(const struct difference *difference);

void diff_text(struct buf *out, const struct difference *difference, bool colour, uint32_t columns);
void diff_json(struct buf *out, const struct difference *difference);
// 0 or -ENOMEM; one case for the gate, one for each finding and for each stack that grew.
int diff_junit(struct buf *out, const struct difference *difference);
