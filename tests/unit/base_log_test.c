// SPDX-License-Identifier: Apache-2.0
// Log lines: one line whatever the values hold, valid JSON, nothing below the level. UTF-8 as well.
#include "base/log.h"

#include "base/buf.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// Standard error goes into a pipe while one line is logged.
static char *logged(const char *value)
{
	static char line[32768];
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	log_event(LOG_WARN, "fetch failed", "target", "shop/gateway", "error", value, NULL);
	log_event(LOG_DEBUG, "not wanted", NULL);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	assert_true(n > 0);
	line[n] = '\0';
	assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	return line;
}

static void logfmt_quotes_only_what_needs_it(void **state)
{
	char *line;

	(void)state;
	log_configure(LOG_INFO, false);
	line = logged("plain");
	assert_memory_equal(line, "time=20", 7);
	assert_string_equal(strstr(line, " level="),
		" level=warn message=\"fetch failed\" target=shop/gateway error=plain\n");
	assert_non_null(strstr(logged("a b"), "error=\"a b\"\n"));
	assert_non_null(strstr(logged("a\"b\\"), "error=\"a\\\"b\\\\\"\n"));
	assert_non_null(strstr(logged(""), "error=\"\"\n"));
}

static void nothing_hidden_reaches_the_terminal(void **state)
{
	(void)state;
	log_configure(LOG_INFO, false);
	assert_non_null(strstr(logged("\x1b[2J\n\r\t"), "error=\"\\x1b[2J\\n\\x0d\\t\"\n"));
	assert_non_null(strstr(logged("\xe2\x80\xae\xff"), "error=\"\\u202e\\xff\"\n"));
	assert_non_null(strstr(logged("gr\xc3\xbc\xc3\x9f"), "error=\"gr\xc3\xbc\xc3\x9f\"\n"));
}

static void json_stays_valid(void **state)
{
	char *line;

	(void)state;
	log_configure(LOG_INFO, true);
	line = logged("\x1b\"\xff\xe2\x80\xae");
	assert_memory_equal(line, "{\"time\":\"20", 11);
	assert_string_equal(strstr(line, "\"level\""),
		"\"level\":\"warn\",\"message\":\"fetch failed\",\"target\":\"shop/gateway\","
		"\"error\":\"\\u001b\\\"\\ufffd\\u202e\"}\n");
	log_configure(LOG_INFO, false);
}

static void long_values_are_cut(void **state)
{
	static char big[100000];
	char *line;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	line = logged(big);
	assert_true(strlen(line) < 4096);
	assert_non_null(strstr(line, "xxx...\"\n"));
}

static void utf8_is_read_strictly(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int32_t code;
	} cases[] = {{"a", 1, 'a'}, {"\xc3\xa4", 2, 0xe4}, {"\xe2\x82\xac", 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 0x1f600}, {"\xc0\x80", 1, -1}, {"\xe0\x80\x80", 1, -1},
		{"\xed\xa0\x80", 1, -1}, {"\xf4\x90\x80\x80", 1, -1}, {"\x80", 1, -1},
		{"\xc3", 1, -1}, {"\xc3(", 1, -1}, {"\xff", 1, -1}, {"\xf0\x80\x80\x80", 1, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = str_of(cases[i].bytes);
		size_t before = text.len;

		assert_int_equal(utf8_next(&text), cases[i].code);
		assert_int_equal(before - text.len, cases[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logfmt_quotes_only_what_needs_it),
		cmocka_unit_test(nothing_hidden_reaches_the_terminal),
		cmocka_unit_test(json_stays_valid),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(utf8_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
