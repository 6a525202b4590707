// SPDX-License-Identifier: Apache-2.0
// /metrics: both formats, the choice among names, damage, limits.
#include "runtime/metrics.h"

#include "base/buf.h"
#include "base/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct metrics read_in_pieces(
	const char *text, const struct metrics_names *names, size_t piece)
{
	struct metrics_reader *reader = metrics_reader_new(names);
	struct str rest = str_of(text);
	struct metrics metrics;

	assert_non_null(reader);
	while (rest.len > 0) {
		struct str head = str_head(rest, piece);

		assert_int_equal(metrics_reader_feed(reader, head.data, head.len), 0);
		rest = str_skip(rest, head.len);
	}
	assert_int_equal(metrics_reader_finish(reader, &metrics), 0);
	metrics_reader_free(&reader);
	return metrics;
}

static struct metrics read_text(const char *text)
{
	return read_in_pieces(text, NULL, SIZE_MAX);
}

static void assert_number(double got, double wanted)
{
	if (!(got == wanted || (isnan(got) && isnan(wanted))))
		fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static void the_process_speaks_for_itself(void **state)
{
	struct metrics m = read_text("# HELP go_goroutines Number of goroutines.\n"
				     "# TYPE go_goroutines gauge\n"
				     "go_goroutines 42\n"
				     "go_info{version=\"go1.26.8\"} 1\n"
				     "process_start_time_seconds 1.79525943491e+09\n"
				     "process_cpu_seconds_total 12.5\n"
				     "process_resident_memory_bytes 1.048576e+07\n"
				     "go_memstats_heap_alloc_bytes 1e6\n"
				     "go_memstats_heap_inuse_bytes 2e6\n"
				     "go_memstats_stack_inuse_bytes 327680\n"
				     "go_gc_duration_seconds{quantile=\"1\"} 0.5\n"
				     "go_gc_duration_seconds_sum 0.25\n"
				     "go_gc_duration_seconds_count 7\n"
				     "go_cpu_classes_gc_total_cpu_seconds_total 1.5\n"
				     "go_gc_gomemlimit_bytes 5.36870912e+08\n"
				     "go_sched_gomaxprocs_threads 4\n"
				     "go_sched_goroutines_created_goroutines_total 1019\n");

	(void)state;
	assert_number(m.goroutines, 42);
	assert_string_equal(m.go_version, "go1.26.8");
	assert_number(m.process_start_s, 1795259434.91);
	assert_number(m.cpu_s, 12.5);
	assert_number(m.rss_bytes, 10485760);
	assert_number(m.heap_bytes, 2e6);
	assert_number(m.stack_bytes, 327680);
	assert_number(m.gc_pause_s, 0.25);
	assert_number(m.gc_cpu_s, 1.5);
	assert_number(m.memory_limit_bytes, 536870912);
	assert_number(m.gomaxprocs, 4);
	assert_number(m.goroutines_created, 1019);
	assert_number(m.requests, NAN);
	assert_string_equal(m.requests_from, "");
	assert_int_equal(m.lines, 17);
	assert_int_equal(m.skipped, 0);
}

static void no_memory_limit_is_none(void **state)
{
	(void)state;
	assert_number(
		read_text("go_gc_gomemlimit_bytes 9.223372036854776e+18\n").memory_limit_bytes,
		NAN);
}

static void nothing_said_is_not_a_number(void **state)
{
	struct metrics m = read_text("");

	(void)state;
	assert_number(m.goroutines, NAN);
	assert_number(m.in_flight, NAN);
	assert_number(m.errors, NAN);
	assert_number(m.pauses.sum, NAN);
	assert_int_equal(m.pauses.bucket_count, 0);
}

#define REQUESTS                                                                                   \
	"http_requests_total{code=\"200\",path=\"/a\\\"b\\\\c\\n,} 1\"} 12\n"                      \
	"http_requests_total{code=\"404\",path=\"/\"} 5 1700000000000\n"                           \
	"http_requests_total{path=\"/\",code=\"503\"} 3\n"                                         \
	"http_request_duration_seconds_bucket{le=\"0.1\"} 4\n"                                     \
	"http_request_duration_seconds_sum{method=\"GET\"} 1.5\n"                                  \
	"http_request_duration_seconds_sum{method=\"POST\"} 2\n"                                   \
	"http_request_duration_seconds_count{method=\"GET\"} 19\n"                                 \
	"http_requests_in_flight 2\n"                                                              \
	"promhttp_metric_handler_requests_in_flight 1\n"                                           \
	"promhttp_metric_handler_requests_total{code=\"200\"} 900\n"

static void requests_are_summed_over_their_labels(void **state)
{
	struct metrics m = read_text(REQUESTS);

	(void)state;
	assert_number(m.requests, 20);
	assert_string_equal(m.requests_from, "http_requests_total");
	assert_number(m.request_seconds, 3.5);
	assert_string_equal(m.request_seconds_from, "http_request_duration_seconds_sum");
	assert_number(m.errors, 3);
	assert_string_equal(m.errors_from, "http_requests_total");
	assert_number(m.in_flight, 2);
	assert_int_equal(m.skipped, 0);
}

static void pieces_change_nothing(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 50; piece++) {
		struct metrics m = read_in_pieces(REQUESTS, NULL, piece);

		assert_number(m.requests, 20);
		assert_number(m.request_seconds, 3.5);
		assert_int_equal(m.lines, 10);
		assert_int_equal(m.skipped, 0);
	}
}

static void configured_names_win(void **state)
{
	const struct metrics_names names = {.requests = STR("shop_orders_total"),
		.request_seconds = STR("shop_seconds"),
		.errors = STR("shop_failures_total"),
		.in_flight = STR("shop_open")};
	struct metrics m = read_in_pieces(REQUESTS "shop_orders_total{a=\"b\"} 7\n"
						   "shop_failures_total{code=\"404\"} 2\n"
						   "shop_seconds 1\n",
		&names, SIZE_MAX);

	(void)state;
	assert_number(m.requests, 7);
	assert_string_equal(m.requests_from, "shop_orders_total");
	assert_number(m.errors, 2);
	assert_number(m.request_seconds, 1);
	assert_number(m.in_flight, NAN); // asked for, not there: nothing else takes its place
}

static void scrapes_are_no_requests(void **state)
{
	struct metrics m = read_text("promhttp_metric_handler_requests_total{code=\"200\"} 900\n"
				     "promhttp_metric_handler_requests_in_flight 1\n"
				     "rest_client_http_requests_total 12\n");

	(void)state;
	assert_number(m.requests, NAN);
	assert_number(m.in_flight, NAN);
}

static void names_with_a_prefix_come_last_and_are_not_mixed(void **state)
{
	struct metrics m = read_text("shop_http_requests_total{status=\"500\"} 4\n"
				     "shop_http_requests_total{status=\"200\"} 5\n"
				     "stock_http_requests_total{status=\"200\"} 100\n");

	(void)state;
	assert_number(m.requests, 9);
	assert_string_equal(m.requests_from, "shop_http_requests_total");
	assert_number(m.errors, 4);
	m = read_text("shop_http_requests_total 4\nhttp_request_duration_seconds_count 6\n");
	assert_string_equal(m.requests_from, "http_request_duration_seconds_count");
}

static void grpc_errors_are_the_services_fault(void **state)
{
	struct metrics m = read_text("grpc_server_started_total{grpc_method=\"A\"} 99\n"
				     "grpc_server_handled_total{grpc_code=\"OK\"} 50\n"
				     "grpc_server_handled_total{grpc_code=\"NotFound\"} 7\n"
				     "grpc_server_handled_total{grpc_code=\"Internal\"} 3\n"
				     "grpc_server_handled_total{grpc_code=\"Unavailable\"} 2\n"
				     "grpc_server_handling_seconds_sum 12\n"
				     "http_request_duration_seconds_sum 1\n");

	(void)state;
	assert_number(m.requests, 62);
	assert_number(m.errors, 5);
	assert_number(m.request_seconds, 12); // not HTTP's, though it stands first in the list
}

static void durations_of_another_protocol_are_not_taken(void **state)
{
	struct metrics m =
		read_text("http_requests_total 5\ngrpc_server_handling_seconds_sum 12\n");

	(void)state;
	assert_number(m.requests, 5);
	assert_number(m.request_seconds, NAN);
	assert_number(m.errors, NAN);
}

static void milliseconds_become_seconds(void **state)
{
	struct metrics m =
		read_text("http_server_duration_milliseconds_count{http_status_code=\"502\"} 5\n"
			  "http_server_duration_milliseconds_sum{http_status_code=\"502\"} 2500\n");

	(void)state;
	assert_number(m.requests, 5);
	assert_number(m.request_seconds, 2.5);
	assert_number(m.errors, 5);
}

static void openmetrics_has_exemplars_created_times_and_quoted_names(void **state)
{
	struct metrics m = read_text(
		"# TYPE http_requests counter\n"
		"http_requests_total{code=\"200\"} 12.0 # {trace_id=\"x # y\"} 3.0 1.79e+09\n"
		"http_requests_created{code=\"200\"} 1.795259435440547e+09\n"
		"{\"http.server.things\",\"http.method\"=\"GET\"} 5\n"
		"{\"go_goroutines\"} 17\n"
		"go_info{version=\"go1.25.0\",} 1.0\n"
		"# EOF\n");

	(void)state;
	assert_number(m.requests, 12);
	assert_number(m.goroutines, 17);
	assert_string_equal(m.go_version, "go1.25.0");
	assert_int_equal(m.skipped, 0);
}

static void histograms_keep_their_buckets_in_order(void **state)
{
	struct metrics m = read_text("go_sched_pauses_total_other_seconds_bucket{le=\"0.01\"} 3\n"
				     "go_sched_pauses_total_other_seconds_bucket{le=\"+Inf\"} 5\n"
				     "go_sched_pauses_total_other_seconds_bucket{le=\"0.001\"} 1\n"
				     "go_sched_pauses_total_other_seconds_sum 0.5\n"
				     "go_sched_pauses_total_other_seconds_count 5\n"
				     "go_sched_pauses_total_gc_seconds_bucket{le=\"+Inf\"} 9\n"
				     "go_sched_latencies_seconds_bucket{le=\"1e-06\"} 2\n");

	(void)state;
	assert_int_equal(m.pauses.bucket_count, 3);
	assert_number(m.pauses.upper[0], 0.001);
	assert_number(m.pauses.cumulative[1], 3);
	assert_true(isinf(m.pauses.upper[2]));
	assert_number(m.pauses.sum, 0.5);
	assert_number(m.pauses.count, 5);
	assert_int_equal(m.gc_pauses.bucket_count, 1);
	assert_number(m.gc_pauses.sum, NAN);
	assert_int_equal(m.sched_latency.bucket_count, 1);
}

static void a_histogram_of_many_buckets_keeps_its_last(void **state)
{
	struct buf text = BUF_INIT(KIB(64));
	struct metrics m;

	(void)state;
	for (int i = 1; i <= 100; i++)
		buf_printf(&text, "go_sched_latencies_seconds_bucket{le=\"%d\"} %d\n", i, i * 2);
	buf_add_text(&text, "go_sched_latencies_seconds_bucket{le=\"+Inf\"} 777\n");
	m = read_text(buf_text(&text));
	assert_int_equal(m.sched_latency.bucket_count, METRICS_HISTOGRAM_BUCKETS);
	assert_true(isinf(m.sched_latency.upper[METRICS_HISTOGRAM_BUCKETS - 1]));
	assert_number(m.sched_latency.cumulative[METRICS_HISTOGRAM_BUCKETS - 1], 777);
	assert_number(m.sched_latency.cumulative[10], 22);
	buf_release(&text);
}

static void lines_that_do_not_parse_are_counted_and_cost_themselves(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{"<html>\n", "line without name"},
		{"http_requests_total\n", "line without value"},
		{"http_requests_total{code=\"200\" 5\n", "labels without end"},
		{"http_requests_total{code=200} 5\n", "label without value"},
		{"http_requests_total{=\"200\"} 5\n", "label without name"},
		{"http_requests_total{code=\"200} 5\n", "label without value"},
		{"http_requests_total five\n", "line without value"},
		{"http_requests_total 5 now\n", "time that is no number"},
		{"http_requests_total 5 1 2\n", "text behind the value"},
		{"http_requests_total 5 # {a=\"b\"}\n", "text behind the value"},
		{"9lives 5\n", "name that begins with a digit"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = BUF_INIT(4096);
		struct metrics m;

		buf_printf(&text, "# a comment\n%shttp_requests_total 3\n", cases[i].line);
		m = read_text(buf_text(&text));
		assert_number(m.requests, 3);
		assert_int_equal(m.skipped, 1);
		assert_int_equal(m.first_skipped.line, 2);
		assert_string_equal(m.first_skipped.reason, cases[i].reason);
		buf_release(&text);
	}
}

static void a_last_line_without_line_feed_may_lack_digits(void **state)
{
	struct metrics m = read_text("go_goroutines 5\nhttp_requests_total 12");

	(void)state;
	assert_number(m.requests, NAN);
	assert_number(m.goroutines, 5);
	assert_int_equal(m.skipped, 1);
	m = read_text("go_goroutines 5\n# EOF");
	assert_int_equal(m.skipped, 0);
}

static void too_many_series_are_refused(void **state)
{
	struct metrics_reader *reader = metrics_reader_new(NULL);
	struct metrics metrics;
	int r = 0;

	(void)state;
	for (int i = 0; i <= LIMIT_METRIC_SERIES_COUNT && r == 0; i++)
		r = metrics_reader_feed(reader, "a 1\n", 4);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(metrics_reader_feed(reader, "a 1\n", 4), -EFBIG);
	assert_int_equal(metrics_reader_finish(reader, &metrics), -EFBIG);
	metrics_reader_free(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_speaks_for_itself),
		cmocka_unit_test(no_memory_limit_is_none),
		cmocka_unit_test(nothing_said_is_not_a_number),
		cmocka_unit_test(requests_are_summed_over_their_labels),
		cmocka_unit_test(pieces_change_nothing),
		cmocka_unit_test(configured_names_win),
		cmocka_unit_test(scrapes_are_no_requests),
		cmocka_unit_test(names_with_a_prefix_come_last_and_are_not_mixed),
		cmocka_unit_test(grpc_errors_are_the_services_fault),
		cmocka_unit_test(durations_of_another_protocol_are_not_taken),
		cmocka_unit_test(milliseconds_become_seconds),
		cmocka_unit_test(openmetrics_has_exemplars_created_times_and_quoted_names),
		cmocka_unit_test(histograms_keep_their_buckets_in_order),
		cmocka_unit_test(a_histogram_of_many_buckets_keeps_its_last),
		cmocka_unit_test(lines_that_do_not_parse_are_counted_and_cost_themselves),
		cmocka_unit_test(a_last_line_without_line_feed_may_lack_digits),
		cmocka_unit_test(too_many_series_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
