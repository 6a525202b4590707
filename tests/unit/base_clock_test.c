// SPDX-License-Identifier: Apache-2.0
// Times, durations and sizes: what is read, what is refused, how they are shown.
#include "base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void reads_rfc3339(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-21T03:15:51.123Z", 1795230951123},
		{"2026-11-21T03:15:51.123456789Z", 1795230951123},
		{"2026-11-21T04:15:51.1+01:00", 1795230951100},
		{"2026-11-20t21:45:51-05:30", 1795230951000},
		{"2026-11-21 03:15:51z", 1795230951000},
		{"2024-02-29T23:59:60Z", 1709251200000},
		{"1969-12-31T23:59:59.999Z", -1},
		{"0000-03-01T00:00:00Z", -62162035200000},
	};
	static const char *const bad[] = {"", "2026-11-21", "2026-11-21T03:15:51",
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00+1:00",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx", "26-01-01T00:00:00Z"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		int64_t ms = 1;

		if (!clock_parse(str_of(good[i].text), &ms) || ms != good[i].ms)
			fail_msg("%s: %" PRId64, good[i].text, ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		int64_t ms;

		if (clock_parse(str_of(bad[i]), &ms))
			fail_msg("%s was taken for a time", bad[i]);
	}
}

static void a_time_survives_the_way_through_text(void **state)
{
	static const int64_t times[] = {0, 1, -1, 1795230951123, 253402300799999, -62135596800000};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t back = 7;

		clock_format(times[i], text);
		if (times[i] >= -62135596800000 && !clock_parse(str_of(text), &back))
			fail_msg("%s is not read", text);
		assert_true(back == times[i]);
	}
	clock_format(1795230951123, text);
	assert_string_equal(text, "2026-11-21T03:15:51.123Z");
	clock_format_compact(1795230951123, text);
	assert_string_equal(text, "20261121T031551Z");
}

static void clocks_run(void **state)
{
	double before = clock_mono_ms();

	(void)state;
	assert_true(clock_mono_ms() >= before);
	assert_true(clock_wall_ms() > 1700000000000);
}

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {{"0", 0}, {"0s", 0}, {"10s", 10}, {"1h30m", 5400}, {"250ms", 0.25},
		{"7d", 604800}, {"1.5h", 5400}, {"1d2h3m4s5ms", 93784.005}, {"50ms", 0.05},
		{"100us", 1e-4}, {"100µs", 1e-4}, {"10ns", 1e-8}, {"3652d", 3652 * 86400.0},
		{".5s", 0.5}};
	static const char *const bad[] = {"", "10", "s", "-1s", "+1s", "1 s", "1h 30m", "10x",
		"1m1m", "1s1m", "1e3s", "3653d", "999999999999d", "1..5s", ".s", "10S", "1h30"};
	double value;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!duration_parse(str_of(good[i].text), &value) || value != good[i].seconds)
			fail_msg("%s: %.17g", good[i].text, value);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (duration_parse(str_of(bad[i]), &value))
			fail_msg("%s was taken for a duration", bad[i]);
}

static void shows_durations_with_three_digits_at_most(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {{0, "0 s"}, {1e-9, "0.001 µs"}, {2.5e-4, "250 µs"}, {0.00999, "9.99 ms"},
		{0.25, "250 ms"}, {0.9996, "1 s"}, {8.4, "8.4 s"}, {59.94, "59.9 s"},
		{59.96, "1 min"}, {90, "1.5 min"}, {593, "9.9 min"}, {597, "10 min"},
		{1020, "17 min"}, {3569, "59 min"}, {3599, "1 h 00 min"}, {7500, "2 h 05 min"},
		{267840, "3.1 d"}, {31557600.0 * 3, "3 years"}, {1e15, "over 1000 years"},
		{INFINITY, "over 1000 years"}, {NAN, "unknown"}, {-8.4, "-8.4 s"}};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		duration_format(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void reads_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"0", 0}, {"4096", 4096}, {"64Mi", 64 << 20}, {"1Gi", 1 << 30},
		{"512k", 512000}, {"1.5Gi", 3ULL << 29}, {"10MB", 10000000}, {"10MiB", 10 << 20},
		{"3B", 3}, {"9007199254740992", 9007199254740992}, {"2T", 2000000000000}};
	static const char *const bad[] = {"", "Mi", "-1", "1 Mi", "1mi", "1K", "1e3", "1.2.3",
		"9007199254740994", "9999999Ti", "64MiX", "0x10"};
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!size_parse(str_of(good[i].text), &value) || value != good[i].bytes)
			fail_msg("%s: %" PRIu64, good[i].text, value);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (size_parse(str_of(bad[i]), &value))
			fail_msg("%s was taken for a size", bad[i]);
}

static void shows_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0 B"}, {312, "312 B"}, {999, "999 B"}, {1000, "0.977 KiB"},
		{64 << 20, "64 MiB"}, {3ULL << 29, "1.5 GiB"}, {UINT64_MAX, "16 EiB"}};
	char text[CLOCK_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_format(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rfc3339),
		cmocka_unit_test(a_time_survives_the_way_through_text),
		cmocka_unit_test(clocks_run),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(shows_durations_with_three_digits_at_most),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(shows_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
