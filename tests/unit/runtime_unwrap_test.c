// SPDX-License-Identifier: Apache-2.0
#include "runtime/unwrap.h"
#include "tests/dump_summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// The same three goroutines in every dress; the last line of each input is somebody else's.
static const char said[] =
	"1 [running] main.main@/x/main.go:10+1d\n"
	"18 [chan send 3m] parent 1 main.(*T).m@/x/m.go:20+2 main.next@/x/m.go:25 "
	"<- main.main@/x/main.go:11+2\n"
	"19 [chan send] parent 1 main.(*T).m@/x/m.go:20+2 main.next@/x/m.go:25 "
	"<- main.main@/x/main.go:11+2\n";

static const char *const lines[] = {
	"panic: out of tea",
	"",
	"goroutine 1 [running]:",
	"main.main()",
	"\t/x/main.go:10 +0x1d",
	"",
	"goroutine 18 [chan send, 3 minutes]:",
	"main.(*T).m(0xc000, {0x1, 0x2})",
	"\t/x/m.go:20 +0x2",
	"main.next(...)",
	"\t/x/m.go:25",
	"created by main.main in goroutine 1",
	"\t/x/main.go:11 +0x2",
	"",
	"goroutine 19 [chan send]:",
	"main.(*T).m(0xc111, {0x1, 0x2})",
	"\t/x/m.go:20 +0x2",
	"main.next(...)",
	"\t/x/m.go:25",
	"created by main.main in goroutine 1",
	"\t/x/main.go:11 +0x2",
};
#define LINE_COUNT (sizeof(lines) / sizeof(lines[0]))

static void assert_gives(struct buf *text, int64_t wall_ms)
{
	struct buf expected = BUF_INIT(KIB(4));

	buf_printf(&expected, "snapshot 3");
	if (wall_ms >= 0)
		buf_printf(&expected, " at %" PRId64, wall_ms);
	buf_printf(&expected, "\n%s", said);
	for (size_t piece = 1; piece < KIB(128); piece = piece * 5 + 2) {
		struct buf out = BUF_INIT(KIB(64));

		assert_int_equal(read_and_summarize(buf_str(text), SOURCE_LOG, piece, false, true,
					 false, &out),
			0);
		if (strcmp(buf_text(&out), buf_text(&expected)) != 0)
			print_error("input:\n%.3000s\n", buf_text(text));
		assert_string_equal(buf_text(&out), buf_text(&expected));
		buf_release(&out);
	}
	buf_release(&expected);
	buf_release(text);
}

// "%d" in a prefix is the number of the line, in two digits.
static void add_prefixed(struct buf *out, const char *prefix, const char *line, size_t number)
{
	const char *hole = strstr(prefix, "%d");

	if (hole)
		buf_printf(out, "%.*s%02zu%s%s\n", (int)(hole - prefix), prefix, number, hole + 2,
			line);
	else
		buf_printf(out, "%s%s\n", prefix, line);
}

static void prefixes_of_log_systems_are_taken_off(void **state)
{
	static const struct {
		const char *prefix;
		int64_t wall_ms;
	} cases[] = {
		{"", -1}, {"    ", -1},
		{"2026-11-21T03:15:51.1234567%dZ stderr F ", 1795230951123}, // kubelet, CRI
		{"2026-11-21T03:15:%d.123456789Z ", 1795230902123}, // kubectl logs --timestamps
		{"2026-11-21T03:15:51.12345%dZ 00O ", 1795230951123}, // GitLab
		{"[pod/gateway-7f/app] ", -1}, // kubectl logs --prefix
		{"gateway-7f app ", -1}, // stern
		{"gateway-1  | ", -1}, // docker compose
		{"Nov 21 03:15:%d host5 app[735]: ", -1}, // syslog
		{"2021-05-27T10:46:33.8%d+0300 [DEBUG] plugin.x_v1.11.0_x4: ", 1622101593802},
		{"2026/11/21 03:15:%d ", -1}, // Go's log
		{"E1121 03:15:51.1234%d       1 app.go:12] ", -1}, // klog
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT(KIB(64));

		add_prefixed(&text, cases[i].prefix, "starting", 0);
		for (size_t j = 0; j < LINE_COUNT; j++) {
			add_prefixed(&text, cases[i].prefix, lines[j], j);
			if (j == 8 && cases[i].prefix[0])
				buf_add_text(&text, "another source says hello\n");
		}
		buf_add_text(&text, "another source\n");
		assert_gives(&text, cases[i].wall_ms);
	}
}

static void blanks_for_the_tab_and_trimmed_empty_lines_are_read(void **state)
{
	struct buf text = BUF_INIT(KIB(64));

	(void)state;
	for (size_t i = 0; i < LINE_COUNT; i++) {
		bool tab = lines[i][0] == '\t';

		buf_printf(&text, "Nov 21 03:15:51 host5 app[735]:%s%s%s\n", lines[i][0] ? " " : "",
			tab ? "        " : "", lines[i] + tab);
	}
	assert_gives(&text, -1);
}

static void add_escaped(struct buf *out, const char *line)
{
	for (; *line; line++) {
		if (*line == '\t')
			buf_add_text(out, "\\t");
		else if (*line == '"' || *line == '\\')
			buf_printf(out, "\\%c", *line);
		else
			buf_add_byte(out, *line);
	}
}

static void a_line_per_message_is_read_in_json(void **state)
{
	static const struct {
		const char *before, *after;
		int64_t wall_ms;
	} cases[] = {
		{"{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T03:15:51.5Z\"}",
			1795230951500}, // Docker's json-file
		{"{\"Time\":\"2026-11-21T03:15:51.5Z\",\"Action\":\"output\",\"Test\":\"TestX\","
		 "\"Output\":\"",
			"\\n\"}", 1795230951500}, // go test -json
		{"{\"level\": \"error\", \"n\": 7, \"msg\": \"", "\", \"pod\": \"a\"}", -1},
		{"2026-11-21T03:15:51.5Z stderr F {\"level\":\"error\",\"msg\":\"", "\"}", -1},
		{"level=error msg=\"", "\" pod=\"a b\"", -1},
	};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT(KIB(64));

		for (size_t j = 0; j < LINE_COUNT; j++) {
			buf_add_text(&text, cases[i].before);
			add_escaped(&text, lines[j]);
			buf_printf(&text, "%s\n", cases[i].after);
			if (j == 8)
				buf_add_text(&text, "{\"other\":\"message\",\"log2\":\"x\"}\n");
		}
		buf_add_text(&text, "{\"other\":\"message\"}\n");
		assert_gives(&text, cases[i].wall_ms);
	}
}

static void a_whole_dump_in_one_message_is_read(void **state)
{
	static const char *const frames[][2] = {
		{"{\"level\":\"error\",\"ts\":1795230951.5,\"msg\":\"", "\",\"a\":\"b\"}"},
		{"{\"level\":\"error\",\"error\":\"x\",\"stacktrace\":\"", "\\n\"}"},
		{"2026-11-21 level=error msg=\"boom: ", "\" pod=\"a b\""},
		{"E1121 03:15:51.123456       1 app.go:12] \"boom\" err=\"", "\""},
		// Quoted twice: a JSON logger's line in Docker's json-file.
		{"{\"log\":\"{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"",
			"\\\"}\\n\",\"stream\":\"stderr\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct buf text = BUF_INIT(KIB(64));
		bool twice = i == 4;

		buf_printf(&text, "{\"level\":\"info\",\"msg\":\"before\"}\n%s", frames[i][0]);
		for (size_t j = 0; j < LINE_COUNT; j++) {
			struct buf once = BUF_INIT(KIB(1));

			add_escaped(&once, lines[j]);
			buf_add_text(&once, "\\n");
			if (twice)
				add_escaped(&text, buf_text(&once));
			else
				buf_add(&text, buf_str(&once));
			buf_release(&once);
		}
		buf_printf(&text, "%s\n{\"level\":\"info\",\"msg\":\"after\"}\n", frames[i][1]);
		assert_gives(&text, -1);
	}
}

static void a_message_longer_than_a_line_may_be_is_read_as_it_comes(void **state)
{
	struct buf text = BUF_INIT(MIB(4)), out = BUF_INIT(MIB(4));
	struct buf again = BUF_INIT(MIB(4));

	(void)state;
	buf_add_text(&text, "{\"level\":\"error\",\"msg\":\"");
	for (int i = 1; i <= 3000; i++)
		buf_printf(&text,
			"goroutine %d [select]:\\nmain.f(0x%x)\\n\\t/x/\\u00e9\\ud83d\\ude00.go:7 "
			"+0x1d\\n\\n",
			i, i);
	buf_add_text(&text, "\"}\n");
	assert_true(text.len > 2 * LIMIT_LINE);
	assert_int_equal(
		read_and_summarize(buf_str(&text), SOURCE_LOG, KIB(64), false, true, true, &out),
		0);
	assert_int_equal(
		read_and_summarize(buf_str(&text), SOURCE_LOG, 7, true, true, true, &again), 0);
	assert_string_equal(buf_text(&out), buf_text(&again));
	assert_true(str_starts(buf_str(&out), STR("snapshot 3000 ")));
	assert_non_null(strstr(
		buf_text(&out), "3000 [select] main.f@/x/\303\251\360\237\230\200.go:7+1d\n"));
	assert_null(strstr(buf_text(&out), "damage"));
	buf_release(&text);
	buf_release(&out);
	buf_release(&again);
}

static void times_in_a_prefix_may_differ_and_nothing_else(void **state)
{
	static const struct {
		const char *prefix, *line, *content; // content NULL: not the same prefix
	} cases[] = {
		{"2026-11-21T03:15:51.123Z x ", "2026-11-21T03:16:00.4Z x abc", "abc"},
		{"2026-11-21T03:15:51.123Z x ", "2026-11-21T03:16:00.4Z y abc", NULL},
		{"Nov  1 03:15:51 h5 a[7]: ", "Nov 10 03:15:52 h5 a[7]: \tx", "\tx"},
		{"Nov  1 03:15:51 h5 a[7]: ", "Nov  1 03:15:52 h5 a[8]: x", NULL},
		{"Nov  1 03:15:51 h5 a[7]: ", "Nov  1 03:15:52 h6 a[7]: x", NULL},
		{"Nov  1 03:15:51 h5 a[7]: ", "Nov  1 03:15:52 h5 a[7]:", ""},
		{"gateway-1 | ", "gateway-1 |         x", "        x"},
		{"gateway-1 | ", "gateway-2 | x", NULL},
		{"  ", "    x", "  x"},
		{"  ", "x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str content;
		bool same = unwrap_prefix_match(
			str_of(cases[i].prefix), str_of(cases[i].line), &content);

		assert_int_equal(same, cases[i].content != NULL);
		if (same)
			assert_true(str_equal(content, str_of(cases[i].content)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_log_systems_are_taken_off),
		cmocka_unit_test(blanks_for_the_tab_and_trimmed_empty_lines_are_read),
		cmocka_unit_test(a_line_per_message_is_read_in_json),
		cmocka_unit_test(a_whole_dump_in_one_message_is_read),
		cmocka_unit_test(a_message_longer_than_a_line_may_be_is_read_as_it_comes),
		cmocka_unit_test(times_in_a_prefix_may_differ_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
