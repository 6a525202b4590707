// SPDX-License-Identifier: Apache-2.0
// What a hostile target says is shown, never obeyed: each sink, the same texts.
#include "collector/form/escape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef void escape(struct buf *out, struct str text);

static void check(escape *function, const char *text, const char *expected)
{
	struct buf out = BUF_INIT(4096);

	function(&out, str_of(text));
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void a_terminal_gets_no_controls(void **state)
{
	(void)state;
	check(escape_terminal, "main.(*Gateway).fanout", "main.(*Gateway).fanout");
	check(escape_terminal, "\x1b]0;owned\x07\x1b[2J", "\\x1b]0;owned\\x07\\x1b[2J");
	check(escape_terminal, "a\nb\rc\td", "a\\nb\\rc\\td");
	check(escape_terminal,
		"a\xe2\x80\xae"
		"b\xe2\x81\xa6",
		"a\\u{202E}b\\u{2066}");
	check(escape_terminal,
		"\xc2\x9b"
		"31m\x7f",
		"\\u{009B}31m\\x7f");
	check(escape_terminal, "\xff\xc3(", "\\xff\\xc3(");
	check(escape_terminal, "gr\xc3\xbc\xc3\x9f \xe4\xb8\xad",
		"gr\xc3\xbc\xc3\x9f \xe4\xb8\xad");
	check(escape_terminal, "</script>", "</script>");
}

static void a_zero_byte_does_not_end_the_text(void **state)
{
	struct buf out = BUF_INIT(100);

	(void)state;
	escape_terminal(&out, STR("a\0b"));
	assert_string_equal(buf_text(&out), "a\\x00b");
	buf_clear(&out);
	escape_markdown(&out, STR("a\0b"));
	assert_string_equal(buf_text(&out), "a\\x00b");
	buf_release(&out);
}

static void long_names_are_shortened_in_the_middle(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *expected;
	} cases[] = {
		{"0123456789", 10, "0123456789"},
		{"0123456789", 9, "012...789"},
		{"0123456789", 4, "0123"},
		{"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc", 5, "\xc3\xa4...\xc3\xbc"},
		{"", 5, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf out = BUF_INIT(100);

		escape_terminal_short(&out, str_of(cases[i].text), cases[i].columns);
		assert_string_equal(buf_text(&out), cases[i].expected);
		buf_release(&out);
	}
}

static void html_holds_no_markup_of_a_target(void **state)
{
	(void)state;
	check(escape_html, "</script><img src=x onerror='a()'>",
		"&lt;/script&gt;&lt;img src=x onerror=&#39;a()&#39;&gt;");
	check(escape_html, "\"&`\n\t\x1b\xe2\x80\xae\xff",
		"&quot;&amp;&#96;\n\t\\x1b\\u{202E}\\xff");
	check(escape_xml, "<a b=\"c'&\">\n\x01\xef\xbf\xbf",
		"&lt;a b=&quot;c&#39;&amp;&quot;&gt;&#10;\\x01\\u{FFFF}");
}

static void json_may_stand_inside_a_script(void **state)
{
	(void)state;
	check(escape_json, "</script>\"\\\n\x1b\xff\xe2\x80\xa8",
		"\\u003c/script\\u003e\\\"\\\\\\n\\u001b\\ufffd\\u2028");
}

static void markdown_is_not_formatted_by_a_target(void **state)
{
	(void)state;
	check(escape_markdown, "[x](javascript:a) *b* <i> |",
		"\\[x\\]\\(javascript\\:a\\) \\*b\\* &lt;i&gt; \\|");
	check(escape_markdown, "a\n# b", "a\\n\\# b");
	check(escape_markdown_code, "main.f", "`main.f`");
	check(escape_markdown_code, "a`b``c", "``` a`b``c ```");
	check(escape_markdown_code, "", "`  `");
	check(escape_markdown_code, "a|b\x1b",
		"`a\xe2\x94\x82"
		"b\\x1b`");
}

static void a_failed_buffer_stays_failed(void **state)
{
	struct buf out = BUF_INIT(4);

	(void)state;
	escape_html(&out, STR("<<<"));
	assert_true(buf_failed(&out) < 0);
	buf_clear(&out);
	escape_terminal_short(&out, STR("0123456789"), 5);
	assert_true(buf_failed(&out) < 0);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_gets_no_controls),
		cmocka_unit_test(a_zero_byte_does_not_end_the_text),
		cmocka_unit_test(long_names_are_shortened_in_the_middle),
		cmocka_unit_test(html_holds_no_markup_of_a_target),
		cmocka_unit_test(json_may_stand_inside_a_script),
		cmocka_unit_test(markdown_is_not_formatted_by_a_target),
		cmocka_unit_test(a_failed_buffer_stays_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
