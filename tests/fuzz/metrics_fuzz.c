// SPDX-License-Identifier: Apache-2.0
// /metrics: any bytes, whole and in pieces, must read alike.
#include "tests/fuzz/fuzz.h"

#include "runtime/metrics.h"
#include "runtime/sniff.h"

#include <stdlib.h>
#include <string.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct metrics read_in_pieces(const uint8_t *data, size_t len, size_t piece)
{
	const struct metrics_names names = {.errors = STR("failures_total")};
	struct metrics_reader *reader = metrics_reader_new(&names);
	struct metrics metrics = {0};
	int r = 0;

	check(reader != NULL);
	while (len > 0 && r == 0) {
		size_t head = len < piece ? len : piece;

		r = metrics_reader_feed(reader, data, head);
		data += head;
		len -= head;
	}
	check(metrics_reader_finish(reader, &metrics) == r);
	metrics_reader_free(&reader);
	return metrics;
}

static void check_histogram(const struct histogram *histogram)
{
	check(histogram->bucket_count <= METRICS_HISTOGRAM_BUCKETS);
	for (uint32_t i = 1; i < histogram->bucket_count; i++)
		check(histogram->upper[i - 1] < histogram->upper[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct metrics whole, cut;

	if (len == 0)
		return 0;
	(void)sniff((struct str){(const char *)data, len < SNIFF_BYTES ? len : SNIFF_BYTES});
	whole = read_in_pieces(data + 1, len - 1, SIZE_MAX);
	cut = read_in_pieces(data + 1, len - 1, (size_t)data[0] + 1);
	check(whole.lines == cut.lines && whole.skipped == cut.skipped);
	check(memcmp(&whole.requests, &cut.requests, sizeof whole.requests) == 0);
	check(strcmp(whole.requests_from, cut.requests_from) == 0);
	check(memcmp(&whole.pauses, &cut.pauses, sizeof whole.pauses) == 0);
	check_histogram(&whole.pauses);
	check_histogram(&whole.sched_latency);
	return 0;
}
