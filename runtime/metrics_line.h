// SPDX-License-Identifier: Apache-2.0
// One line of an exposition: Prometheus text format 0.0.4 and 1.0.0, OpenMetrics 1.0.
#pragma once

#include "base/str.h"

#define METRICS_LABELS_MAX 64

struct metrics_label {
	struct str name, value; // as written: escapes stay
};

struct metrics_sample {
	struct str name; // also the quoted form {"name",...}
	struct metrics_label labels[METRICS_LABELS_MAX];
	uint32_t label_count;
	double value;
};

// The line must not be empty nor a comment. NULL, or what is wrong with it. Timestamps and
// exemplars are checked and left out.
const char *metrics_sample_parse(struct str line, struct metrics_sample *sample);
// The value of a label, or an empty view.
struct str metrics_label_value(const struct metrics_sample *sample, struct str name);
