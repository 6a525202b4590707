// SPDX-License-Identifier: Apache-2.0
// Which metric stands for what. Data (runtime/metrics_names.c), in order of preference.
#pragma once

#include "base/str.h"

enum metrics_protocol {
	METRICS_HTTP,
	METRICS_GRPC,
};

// A metric that may stand for requests, their durations or the requests in flight.
struct metrics_candidate {
	struct str name; // or its end, when `suffix` is set
	double scale; // to requests or seconds
	enum metrics_protocol protocol;
	bool suffix; // any name that ends so, and is no client's
};

// One number of `struct metrics`.
struct metrics_figure {
	struct str name;
	size_t offset; // of a double
};

struct metrics_histogram {
	struct str name; // without _bucket, _sum, _count
	size_t offset; // of a struct histogram
};

#define METRICS_REQUESTS_COUNT 15
#define METRICS_DURATIONS_COUNT 8
#define METRICS_IN_FLIGHT_COUNT 9
#define METRICS_FIGURES_COUNT 25
#define METRICS_HISTOGRAMS_COUNT 3

extern const struct metrics_candidate metrics_requests[METRICS_REQUESTS_COUNT];
extern const struct metrics_candidate metrics_durations[METRICS_DURATIONS_COUNT];
extern const struct metrics_candidate metrics_in_flight[METRICS_IN_FLIGHT_COUNT];
// Where two rows have one offset, the earlier row wins.
extern const struct metrics_figure metrics_figures[METRICS_FIGURES_COUNT];
extern const struct metrics_histogram metrics_histograms[METRICS_HISTOGRAMS_COUNT];

bool metrics_candidate_fits(const struct metrics_candidate *candidate, struct str name);
