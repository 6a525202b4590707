// SPDX-License-Identifier: Apache-2.0
// What some bytes look like.
#include "runtime/sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void samples_of_each_kind_are_told_apart(void **state)
{
	static const struct {
		struct str head;
		enum looks looks;
	} cases[] = {
		{STR("goroutine 1 [running]:\nmain.main()\n"), LOOKS_DUMP},
		{STR("\n\ngoroutine 17 [select, 3 minutes]:\n"), LOOKS_DUMP},
		{STR("\xef\xbb\xbfgoroutine 17 [select]:\r\n"), LOOKS_DUMP},
		{STR("goroutine 0 gp=0x1 m=0 mp=0x2 [idle]:\n"), LOOKS_DUMP},
		{STR("panic: x\n\ngoroutine 1 [running]:\n"), LOOKS_LOG},
		{STR("2026-11-21T03:15:51Z stderr F goroutine 1 [running]:\n"), LOOKS_LOG},
		{STR("{\"log\":\"goroutine 1 [running]:\\n\",\"stream\":\"stderr\"}\n"), LOOKS_LOG},
		{STR("{\"level\":\"info\",\"ts\":1.5,\"msg\":\"started\"}\n{\"level\":\"info\"}\n"),
			LOOKS_LOG},
		{STR("{\"Action\":\"output\",\"Time\":\"x\",\"Output\":\"goroutine 1 "
		     "[running]:\"}\n"),
			LOOKS_LOG},
		{STR("[2026-11-21 10:00:00] starting\n"), LOOKS_LOG},
		{STR("I1121 10:00:00 server.go:1] started\n"), LOOKS_LOG},
		{STR("goroutine profile: total 8\n3 @ 0x1\n"), LOOKS_PROFILE_TEXT},
		{STR("goroutine profile: total 7046\r\n"), LOOKS_PROFILE_TEXT},
		{STR("heap profile: 3: 4096 [10: 8192] @ heap/1048576\n"), LOOKS_PROFILE_TEXT},
		{STR("--- mutex:\ncycles/second=1\n"), LOOKS_PROFILE_TEXT},
		{STR("--- contention:\ncycles/second=1\n"), LOOKS_PROFILE_TEXT},
		{STR("HTTP/1.1 200 OK\r\n\r\ngoroutine profile: total 8\n"), LOOKS_PROFILE_TEXT},
		{STR("\x0a\x04\x08\x01\x10\x02\x12\x05\x08\x01\x10\x05"), LOOKS_PROFILE_PROTO},
		{STR("\x5a\x04\x08\x01\x10\x02\x60\x01"), LOOKS_PROFILE_PROTO},
		{STR("\x1f\x8b\x08\x00"), LOOKS_GZIP},
		{STR("{\"type\":\"header\",\"schema\":\"parkwatch.observations/1\"}\n"),
			LOOKS_OBSERVATIONS},
		{STR("{\"schema\":\"parkwatch.findings/1\",\"tool\":{}}"), LOOKS_FINDINGS},
		{STR("{\n  \"schema\": \"parkwatch.findings/1\"\n}"), LOOKS_FINDINGS},
		{STR("# HELP go_goroutines Number\n# TYPE go_goroutines gauge\n"), LOOKS_METRICS},
		{STR("go_goroutines 12\n"), LOOKS_METRICS},
		{STR("http_requests_total{code=\"200\"} 12 1700000000\n"), LOOKS_METRICS},
		{STR(""), LOOKS_EMPTY},
		{STR("\n \r\n"), LOOKS_EMPTY},
		{STR("<!DOCTYPE html><html><form action=/login>"), LOOKS_HTML},
		{STR("  <HTML><body>502 Bad Gateway"), LOOKS_HTML},
		{STR("<!-- served --><html>"), LOOKS_HTML},
		{STR("{\"error\":\"unauthorized\"}"), LOOKS_JSON},
		{STR("{\"kind\":\"Status\",\"code\":403}\n"), LOOKS_JSON},
		{STR("[{\"a\":1}]"), LOOKS_JSON},
		{STR("\xff\xfeg\0o\0"), LOOKS_UTF16},
		{STR("\xfe\xff\0g\0o"), LOOKS_UTF16},
		{STR("2014-03-01 13:49:36\nFull thread dump Java HotSpot(TM)\n"), LOOKS_JAVA},
		{STR("Traceback (most recent call last):\n  File \"a.py\", line 1\n"),
			LOOKS_PYTHON},
		{STR("Thread 0x1 (most recent call first):\n  File \"a.py\", line 1\n"),
			LOOKS_PYTHON},
		{STR("File: main\nType: goroutine\nShowing nodes accounting for 8, 100% of 8 "
		     "total\n"
		     "      flat  flat%   sum%        cum   cum%\n"),
			LOOKS_PPROF_REPORT},
		{STR("\x7f"
		     "ELF\x02\x01\x01\0\0\0"),
			LOOKS_BINARY},
		{STR("\x89PNG\r\n\x1a\n\0\0"), LOOKS_BINARY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (sniff(cases[i].head) != cases[i].looks)
			fail_msg("\"%.*s\": %s, wanted %s", STR_ARG(cases[i].head),
				looks_name(sniff(cases[i].head)), looks_name(cases[i].looks));
}

static void a_tar_is_known_by_its_mark(void **state)
{
	char block[512] = "manifest.json";

	(void)state;
	memcpy(block + 257, "ustar", 6);
	assert_int_equal(sniff((struct str){block, sizeof block}), LOOKS_TAR);
}

static void every_prefix_of_anything_looks_like_something(void **state)
{
	static const char text[] = "\n{\"type\" : \"header\", [ <html goroutine 1 [ %\x1b[0m\n";

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		for (size_t len = 0; i + len < sizeof text; len++)
			assert_non_null(looks_name(sniff((struct str){text + i, len})));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_each_kind_are_told_apart),
		cmocka_unit_test(a_tar_is_known_by_its_mark),
		cmocka_unit_test(every_prefix_of_anything_looks_like_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
