// SPDX-License-Identifier: Apache-2.0
// Which metric stands for what: the names of the Go client of Prometheus (classic and
// runtime/metrics), OpenTelemetry's Prometheus exporter, VictoriaMetrics' client and the usual
// middleware.
#include "runtime/metrics_names.h"

#include "runtime/metrics.h"

#include <stddef.h>

#define NAME(text)                                                                                 \
	{                                                                                          \
		.data = text, .len = sizeof(text) - 1                                              \
	}
#define EXACT(text, scale, protocol)                                                               \
	{                                                                                          \
		NAME(text), scale, protocol, false                                                 \
	}
#define SUFFIX(text, scale, protocol)                                                              \
	{                                                                                          \
		NAME(text), scale, protocol, true                                                  \
	}
#define FIGURE(text, field)                                                                        \
	{                                                                                          \
		NAME(text), offsetof(struct metrics, field)                                        \
	}

const struct metrics_candidate metrics_requests[METRICS_REQUESTS_COUNT] = {
	EXACT("http_requests_total", 1, METRICS_HTTP),
	EXACT("http_server_requests_total", 1, METRICS_HTTP),
	EXACT("http_request_duration_seconds_count", 1, METRICS_HTTP),
	EXACT("http_server_request_duration_seconds_count", 1, METRICS_HTTP),
	EXACT("http_server_duration_milliseconds_count", 1, METRICS_HTTP),
	EXACT("grpc_server_handled_total", 1, METRICS_GRPC),
	EXACT("rpc_server_call_duration_seconds_count", 1, METRICS_GRPC),
	EXACT("rpc_server_duration_seconds_count", 1, METRICS_GRPC),
	EXACT("rpc_server_duration_milliseconds_count", 1, METRICS_GRPC),
	EXACT("gin_requests_total", 1, METRICS_HTTP), EXACT("echo_requests_total", 1, METRICS_HTTP),
	SUFFIX("_http_requests_total", 1, METRICS_HTTP),
	SUFFIX("_http_request_duration_seconds_count", 1, METRICS_HTTP),
	SUFFIX("_grpc_server_handled_total", 1, METRICS_GRPC),
	EXACT("grpc_server_started_total", 1,
		METRICS_GRPC), // begun, not completed: the last choice
};

const struct metrics_candidate metrics_durations[METRICS_DURATIONS_COUNT] = {
	EXACT("http_request_duration_seconds_sum", 1, METRICS_HTTP),
	EXACT("http_server_request_duration_seconds_sum", 1, METRICS_HTTP),
	EXACT("http_server_duration_milliseconds_sum", 1e-3, METRICS_HTTP),
	EXACT("grpc_server_handling_seconds_sum", 1, METRICS_GRPC),
	EXACT("rpc_server_call_duration_seconds_sum", 1, METRICS_GRPC),
	EXACT("rpc_server_duration_seconds_sum", 1, METRICS_GRPC),
	EXACT("rpc_server_duration_milliseconds_sum", 1e-3, METRICS_GRPC),
	SUFFIX("_http_request_duration_seconds_sum", 1, METRICS_HTTP),
};

const struct metrics_candidate metrics_in_flight[METRICS_IN_FLIGHT_COUNT] = {
	EXACT("http_requests_in_flight", 1, METRICS_HTTP),
	EXACT("http_in_flight_requests", 1, METRICS_HTTP),
	EXACT("http_requests_inflight", 1, METRICS_HTTP),
	EXACT("http_inflight_requests", 1, METRICS_HTTP),
	EXACT("in_flight_requests", 1, METRICS_HTTP),
	EXACT("http_server_active_requests", 1, METRICS_HTTP),
	SUFFIX("_http_requests_in_flight", 1, METRICS_HTTP),
	SUFFIX("_http_in_flight_requests", 1, METRICS_HTTP),
	SUFFIX("_http_requests_inflight", 1, METRICS_HTTP),
};

const struct metrics_figure metrics_figures[METRICS_FIGURES_COUNT] = {
	FIGURE("process_start_time_seconds", process_start_s),
	FIGURE("go_goroutines", goroutines),
	FIGURE("go_sched_goroutines_goroutines", goroutines),
	FIGURE("go_goroutine_count", goroutines),
	FIGURE("process_runtime_go_goroutines", goroutines),
	FIGURE("process_cpu_seconds_total", cpu_s),
	FIGURE("process_resident_memory_bytes", rss_bytes),
	FIGURE("go_memstats_heap_inuse_bytes", heap_bytes),
	FIGURE("go_memory_classes_heap_objects_bytes", heap_bytes),
	FIGURE("process_runtime_go_mem_heap_inuse_bytes", heap_bytes),
	FIGURE("go_memstats_heap_alloc_bytes", heap_bytes),
	FIGURE("go_memstats_stack_inuse_bytes", stack_bytes),
	FIGURE("go_memory_classes_heap_stacks_bytes", stack_bytes),
	FIGURE("go_cpu_classes_gc_total_cpu_seconds_total", gc_cpu_s),
	FIGURE("go_gc_cpu_seconds_total", gc_cpu_s),
	FIGURE("go_gc_duration_seconds_sum", gc_pause_s),
	FIGURE("go_sched_pauses_total_gc_seconds_sum", gc_pause_s),
	FIGURE("go_gc_pauses_seconds_sum", gc_pause_s),
	FIGURE("go_sched_goroutines_created_goroutines_total", goroutines_created),
	FIGURE("go_gc_gomemlimit_bytes", memory_limit_bytes),
	FIGURE("go_memlimit_bytes", memory_limit_bytes),
	FIGURE("go_memory_limit_bytes", memory_limit_bytes),
	FIGURE("go_sched_gomaxprocs_threads", gomaxprocs),
	FIGURE("go_gomaxprocs", gomaxprocs),
	FIGURE("go_processor_limit", gomaxprocs),
};

const struct metrics_histogram metrics_histograms[METRICS_HISTOGRAMS_COUNT] = {
	FIGURE("go_sched_latencies_seconds", sched_latency),
	FIGURE("go_sched_pauses_total_other_seconds", pauses),
	FIGURE("go_sched_pauses_total_gc_seconds", gc_pauses),
};

bool metrics_candidate_fits(const struct metrics_candidate *candidate, struct str name)
{
	if (!candidate->suffix)
		return str_equal(name, candidate->name);
	return str_ends(name, candidate->name) && str_find(name, STR("client")) == name.len &&
	       !str_starts(name, STR("promhttp_"));
}
