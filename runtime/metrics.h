// SPDX-License-Identifier: Apache-2.0
// What a process says about itself on /metrics: Prometheus text format and OpenMetrics.
//
// Only what the model needs is kept. Same calling sequence as the other readers: feed in pieces,
// finish once. Series of one metric are summed over their labels (requests of all codes).
//
// Which metric stands for what: the first name of a list in runtime/metrics_names.c that occurs, so
// the choice does not change from scrape to scrape; then names with a prefix of the program's own,
// such as shop_http_requests_total, as far as no name of a client. What counts scrapes
// (promhttp_...) never counts as the service's requests. Durations come from the same protocol as
// the requests (HTTP or gRPC), or not at all.
//
// Errors are those series of the requests whose code, status, status_code, http_status_code or
// http_response_status_code is 5xx, or whose grpc_code, rpc_grpc_status_code or
// rpc_response_status_code is Unknown, DeadlineExceeded, Unimplemented, Internal, Unavailable or
// DataLoss (by name or number): the service's fault, not the caller's. When the metric of the
// requests has no such label, the next known one of the same protocol that has it counts; else NAN.
// A configured `errors` metric counts with all its series.
#pragma once

#include "base/error.h"
#include "base/str.h"

#include <math.h>

#define METRICS_HISTOGRAM_BUCKETS 64
#define METRICS_NAME_MAX 128

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
	double memory_limit_bytes; // GOMEMLIMIT, where exported; NAN also when none is set
	double gomaxprocs;
	struct histogram sched_latency; // /sched/latencies
	struct histogram pauses; // /sched/pauses/total/other: what dumps cause
	struct histogram gc_pauses; // /sched/pauses/total/gc
	char go_version[32]; // "" when not said
	char requests_from[METRICS_NAME_MAX]; // the metric's name, "" when none
	char request_seconds_from[METRICS_NAME_MAX];
	char in_flight_from[METRICS_NAME_MAX];
	char errors_from[METRICS_NAME_MAX];
	uint64_t lines, skipped; // skipped: lines that do not parse
	struct {
		uint64_t line;
		const char *reason;
	} first_skipped; // line 0: none
};

// Names that the settings give, as they stand in the exposition ("shop_request_seconds_count"); an
// empty view means "by the known names".
struct metrics_names {
	struct str requests, request_seconds, errors, in_flight;
};

struct metrics_reader;

// Copies the names; `names` may be NULL. NULL when there is no memory.
struct metrics_reader *metrics_reader_new(const struct metrics_names *names);
// 0, -ENOMEM, or -EFBIG over LIMIT_METRICS or LIMIT_METRIC_SERIES_COUNT.
int metrics_reader_feed(struct metrics_reader *reader, const void *data, size_t len);
// The same failures again: half of the series would give wrong sums. A last line without a line
// feed does not count, since its number may be cut.
int metrics_reader_finish(struct metrics_reader *reader, struct metrics *metrics);
void metrics_reader_free(struct metrics_reader **reader);
