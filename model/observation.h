// SPDX-License-Identifier: Apache-2.0
// What was observed of one target at one tick: all that the model ever sees. The same struct comes
// from a live collection and from observations.jsonl, so that both give the same findings.
//
// Unknown numbers are NAN, unknown counts -1, unknown text the empty view. Times: `mono_ms` is the
// collector's monotonic clock at the first body byte (differences use it), `wall_ms` is for people.
#pragma once

#include "runtime/stack.h"
#include "runtime/wait.h"

#include <math.h>

enum observation_source {
	OBSERVED_DEBUG2,
	OBSERVED_DEBUG1,
	OBSERVED_DEBUG0,
	OBSERVED_LEAK, // the goroutineleak profile
	OBSERVED_LOG,
	OBSERVED_METRICS, // totals only
};

enum observation_status {
	OBSERVED_OK,
	OBSERVED_CUT, // ends in the middle: counts are lower bounds
	OBSERVED_FAILED,
};

// One life of a target: a new number for each.
struct process {
	struct str target; // "shop/gateway-7f/app", or the name of a fixed address
	uint32_t number;
	struct str workload; // "shop/Deployment/gateway"; the target's name when unknown
	struct str pod_uid, container_id, image_digest, go_version;
	double start_s; // Unix time; NAN
	double gomaxprocs; // NAN
	double memory_limit_bytes; // of the container; 0: no limit; NAN: unknown
	double gomemlimit_bytes; // GOMEMLIMIT as the runtime tells it; 0 or NAN: none known
};

struct wait_count {
	uint16_t state; // runtime/wait.h, names in the table of stacks
	uint32_t count;
};

struct label_count {
	struct str key, value;
	uint32_t count;
};

#define OBSERVED_LABELS_MAX 16 // most frequent first; the rest is left out

// All goroutines of one stack at one tick.
struct observed_group {
	const struct stack *stack;
	uint32_t count;
	bool has_waits; // the source tells what they wait for
	uint32_t wait_count;
	const struct wait_count *waits;
	struct frame created_by; // creator of most of them; function.len == 0: none or not told
	bool has_minutes; // the source prints how long they have waited
	uint32_t minutes_min, minutes_max;
	uint32_t waited; // how many have waited for a minute or more
	uint32_t leaked; // how many the runtime marks "(leaked)"
	uint32_t label_count;
	const struct label_count *labels;
	bool has_ids;
	uint32_t id_count; // equals count when has_ids
	const uint64_t *ids; // ascending
};

// A cumulative row of a block or mutex profile.
struct observed_contention {
	bool mutex; // else block
	const struct stack *stack;
	double count; // events since process start
	double delay_ns; // likewise, over all waiters
};

struct observation {
	struct str target;
	uint32_t process; // 0: none known yet
	uint64_t seq; // lines of this target, from 0, without gaps
	double mono_ms;
	int64_t wall_ms;
	double duration_ms;
	enum observation_source source;
	enum observation_status status;
	struct str error; // when failed

	int64_t goroutines; // the process's own total; -1
	struct str goroutines_from; // "metrics", "index", "dump"
	int64_t dumped; // what this dump held; -1
	uint64_t skipped; // damaged records
	uint64_t max_id; // largest ID in it; 0
	double stop_worst_ms, stop_sum_ms; // what the fetch cost the target; NAN
	struct str stop_method; // "ttfb", "metrics"

	double requests, request_seconds, errors, in_flight; // counters as scraped; NAN
	struct str requests_from; // name of the metric that `requests` is
	double cpu_seconds, rss_bytes, demand;
	double heap_bytes; // of the Go heap in use; NAN where the metrics do not tell

	bool has_groups; // false: totals only
	uint32_t group_count;
	const struct observed_group *groups; // one per stack, ordered by stack key
	bool has_contention; // false: not fetched
	uint32_t contention_count;
	const struct observed_contention *contention;
};
