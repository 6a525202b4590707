// SPDX-License-Identifier: Apache-2.0
// What a process says about itself on /metrics: Prometheus text format and OpenMetrics.
//
// Only what the model needs is kept. Same calling sequence as the other readers: feed in pieces,
// finish once. Series of one metric are summed over their labels (requests of all codes), except
// that `errors` takes those whose code, status or grpc_code label says so.
#pragma once

#include "base/error.h"
#include "base/str.h"

#include <math.h>

#define METRICS_HISTOGRAM_BUCKETS 64

struct histogram {
	uint32_t bucket_count; // 0: absent
	double upper[METRICS_HISTOGRAM_BUCKETS]; // seconds, ascending, the last may be INFINITY
	double cumulative[METRICS_HISTOGRAM_BUCKETS]; // events at or below
	double sum, count; // NAN: not said
};

// Each is NAN when the process does not say it. Counters are as scraped, since process start.
struct metrics {
	double process_start_s; // Unix time
	double goroutines;
	double requests; // completed
	double request_seconds; // sum of durations
	double errors;
	double in_flight;
	double cpu_s;
	double rss_bytes;
	double heap_bytes, stack_bytes; // in use
	double gc_cpu_s;
	double gc_pause_s; // sum
	double goroutines_created; // Go >= 1.26, runtime/metrics
	double memory_limit_bytes; // GOMEMLIMIT, where exported
	double gomaxprocs;
	struct histogram sched_latency; // /sched/latencies
	struct histogram pauses; // /sched/pauses/total/other, else total/gc: names say which
	char go_version[32]; // "" when not said
	char requests_from[128]; // the metric's name, "" when none
	char request_seconds_from[128];
	char in_flight_from[128];
	uint64_t lines, skipped; // skipped: lines that do not parse
	struct {
		uint64_t line;
		const char *reason;
	} first_skipped; // line 0: none
};

// Names that the settings give; an empty view means "by the known names".
struct metrics_names {
	struct str requests, request_seconds, errors, in_flight;
};

struct metrics_reader;

struct metrics_reader *metrics_reader_new(const struct metrics_names *names); // copies; may be NULL
int metrics_reader_feed(struct metrics_reader *reader, const void *data, size_t len);
int metrics_reader_finish(struct metrics_reader *reader, struct metrics *metrics);
void metrics_reader_free(struct metrics_reader **reader);
