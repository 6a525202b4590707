// SPDX-License-Identifier: Apache-2.0
// Redaction: nothing of a secret is left, the rest stays as it was, wherever the input was cut.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/bundle/redact.h"
#include "collector/bundle/redact_parts.h"
#include "collector/form/gzip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const labels[] = {"(?i)token|mail|user", "^secret$"};
static struct redact *redact;

static int make_rules(void **state)
{
	const struct redact_rules rules = {.labels = labels, .label_count = 2, .arguments = true};
	struct error error = {0};

	(void)state;
	redact = redact_new(&rules, &error);
	return redact ? 0 : -1;
}

static int free_rules(void **state)
{
	(void)state;
	redact_free(&redact);
	return 0;
}

static int append(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

static struct redact_counts filter(
	enum redact_form form, struct str text, size_t piece, struct buf *out)
{
	struct redact_filter *f = redact_filter_new(redact, form, (struct sink){append, out});
	struct redact_counts counts;
	struct error error = {0};

	while (text.len > 0) {
		struct str part = str_head(text, piece);

		assert_int_equal(redact_filter_feed(f, part.data, part.len, &error), 0);
		text = str_skip(text, part.len);
	}
	assert_int_equal(redact_filter_finish(f, &counts, &error), 0);
	redact_filter_free(&f);
	return counts;
}

static const struct {
	enum redact_form form;
	const char *before, *after;
} cases[] = {
	// Arguments.
	{REDACT_DUMP, "main.f(0xc000012345, {0x1, 0x2?}, ...)\n", "main.f(...)\n"},
	{REDACT_DUMP, "main.(*T[...]).f(0x1)\r\n", "main.(*T[...]).f(...)\r\n"},
	{REDACT_DUMP, "main.f()\n", "main.f()\n"},
	{REDACT_DUMP, "main.f(...)\n", "main.f(...)\n"},
	{REDACT_DUMP, "main.f(0x202c3f343764", "main.f("}, // cut
	{REDACT_DUMP, "\t/src/a.go:5 +0x1d\n", "\t/src/a.go:5 +0x1d\n"},
	{REDACT_DUMP, "created by main.(*T).f in goroutine 1\n",
		"created by main.(*T).f in goroutine 1\n"},
	{REDACT_DUMP, "a sentence (of a log)\n", "a sentence (of a log)\n"},
	// Labels, the three spellings.
	{REDACT_DUMP, "goroutine 7 [select, 3 minutes] {user: alice, \"tenant\": \"a, b\"}:\n",
		"goroutine 7 [select, 3 minutes] {user: \"<redacted>\", \"tenant\": \"a, b\"}:\n"},
	{REDACT_DUMP, "goroutine 7 [select labels:{\"e\\u004dail\": \"a@b\", \"k\": \"v\"}]:\n",
		"goroutine 7 [select labels:{\"e\\u004dail\": \"<redacted>\", \"k\": \"v\"}]:\n"},
	{REDACT_DUMP, "2026-11-21T03:15:51Z goroutine 7 [select] {secret: x}:\n",
		"2026-11-21T03:15:51Z goroutine 7 [select] {secret: \"<redacted>\"}:\n"},
	{REDACT_DUMP, "goroutine 7 [select] {secrets: x}:\n",
		"goroutine 7 [select] {secrets: x}:\n"},
	{REDACT_PROFILE_TEXT, "# labels: {\"Token\":\"t\\\"}\", \"k\":\"v\"}\n",
		"# labels: {\"Token\":\"<redacted>\", \"k\":\"v\"}\n"},
	{REDACT_PROFILE_TEXT, "#\t0x1\tmain.f+0x1\ta.go:5\n", "#\t0x1\tmain.f+0x1\ta.go:5\n"},
	{REDACT_METRICS, "http_requests_total{user=\"bob\",code=\"200\"} 5\n",
		"http_requests_total{user=\"<redacted>\",code=\"200\"} 5\n"},
	{REDACT_METRICS, "x{code=\"200\",} 5 # {token=\"t\"} 1\n",
		"x{code=\"200\",} 5 # {token=\"<redacted>\"} 1\n"},
	{REDACT_METRICS, "# HELP x user {user=\"bob\"}\n", "# HELP x user {user=\"bob\"}\n"},
	// Damaged or cut lists: better too much.
	{REDACT_DUMP, "goroutine 7 [select] {tenant: a, user: \"al",
		"goroutine 7 [select] {tenant: a, user: \"<redacted>\""},
	{REDACT_DUMP, "goroutine 7 [select] {tenant alice}:\n",
		"goroutine 7 [select] {tenant alice\"<redacted>\"\n"},
	// URLs.
	{REDACT_DUMP, "panic: get https://bob:pw@host/p?key=k&x=1#f \"z\"\n",
		"panic: get https://<redacted>@host/p?key=<redacted>&x=<redacted>#f \"z\"\n"},
	{REDACT_DUMP, "see http://host/p and https://host?k\n",
		"see http://host/p and https://host?<redacted>\n"},
};

static void rules_apply_wherever_the_input_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].before);

		for (size_t piece = 1; piece <= len; piece++) {
			cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));

			(void)filter(cases[i].form, str_of(cases[i].before), piece, &out);
			assert_string_equal(buf_text(&out), cases[i].after);
		}
	}
}

static void what_was_taken_out_is_counted(void **state)
{
	cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));
	struct redact_counts counts = filter(REDACT_DUMP,
		STR("goroutine 7 [select] {user: a, token: b}:\nmain.f(0x1)\nmain.g(0x1)\n"
		    "panic: http://a?b=c\n"),
		100, &out);

	(void)state;
	assert_int_equal(counts.labels, 2);
	assert_int_equal(counts.arguments, 2);
	assert_int_equal(counts.urls, 1);
}

static void a_line_beyond_the_limit_is_cut_and_the_next_one_is_read(void **state)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MIB(1)), out = BUF_INIT(MIB(1));
	cleanup(buf_release) struct buf other = BUF_INIT(MIB(1));

	(void)state;
	buf_add_text(&text, "main.f(");
	while (text.len < LIMIT_LINE + 1000)
		buf_add_text(&text, "0x1, ");
	buf_add_text(&text, "0x2)\nmain.g()\n");
	(void)filter(REDACT_DUMP, buf_str(&text), text.len, &out);
	assert_string_equal(buf_text(&out), "main.f(\nmain.g()\n");
	(void)filter(REDACT_DUMP, buf_str(&text), 1000, &other);
	assert_string_equal(buf_text(&other), buf_text(&out));
}

static void put(struct buf *out, unsigned tag, struct str bytes)
{
	buf_add_byte(out, (char)(tag << 3 | 2));
	buf_add_byte(out, (char)bytes.len);
	buf_add(out, bytes);
}

// Strings: 1 "user", 2 "alice", 3 "tenant", 4 "acme", 5 "shared"; labels user=alice, tenant=acme
// and user=shared; a function named "shared".
static void make_profile(struct buf *out)
{
	static const char *const strings[] = {"", "user", "alice", "tenant", "acme", "shared"};

	put(out, 2, STR("\x0a\x01\x01\x1a\x04\x08\x01\x10\x02\x1a\x04\x08\x03\x10\x04"));
	put(out, 2, STR("\x1a\x04\x08\x01\x10\x05"));
	put(out, 5, STR("\x08\x01\x10\x05"));
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		put(out, 6, str_of(strings[i]));
	buf_append(out, "\x48\x07", 2); // time_nanos: 7
}

static bool holds(const struct buf *buf, const char *text)
{
	return str_find(buf_str(buf), str_of(text)) < buf->len;
}

static void label_values_leave_a_profile_and_nothing_else_does(void **state)
{
	cleanup(buf_release) struct buf profile = BUF_INIT(MIB(1)), out = BUF_INIT(MIB(1));
	struct redact_counts counts;

	(void)state;
	make_profile(&profile);
	counts = filter(REDACT_PROFILE_PROTO, buf_str(&profile), 7, &out);
	assert_int_equal(counts.labels, 2);
	assert_false(holds(&out, "alice"));
	assert_true(holds(&out, "acme"));
	assert_true(holds(&out, "shared")); // the function's name
	assert_true(holds(&out, REDACTED));
	assert_true(holds(&out, "\x48\x07"));
	assert_true(holds(&out, "\x1a\x04\x08\x03\x10\x04")); // tenant=acme
	assert_true(holds(&out, "\x1a\x04\x08\x01\x10\x06")); // user=<redacted>
}

static void a_profile_without_such_labels_keeps_its_bytes(void **state)
{
	cleanup(buf_release) struct buf profile = BUF_INIT(MIB(1)), out = BUF_INIT(MIB(1));

	(void)state;
	put(&profile, 2, STR("\x1a\x04\x08\x01\x10\x02"));
	put(&profile, 6, STR(""));
	put(&profile, 6, STR("tenant"));
	put(&profile, 6, STR("acme"));
	(void)filter(REDACT_PROFILE_PROTO, buf_str(&profile), 3, &out);
	assert_int_equal(out.len, profile.len);
	assert_memory_equal(out.data, profile.data, profile.len);
}

static void what_is_no_profile_is_not_passed_on(void **state)
{
	static const char *const wrong[] = {"<html>", "\x12\x05\x01", "\x0f", "\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cleanup(buf_release) struct buf out = BUF_INIT(MIB(1));
		struct redact_filter *f = redact_filter_new(
			redact, REDACT_PROFILE_PROTO, (struct sink){append, &out});
		struct redact_counts counts;
		struct error error = {0};

		assert_int_equal(redact_filter_feed(f, wrong[i], strlen(wrong[i]), &error), 0);
		assert_int_equal(redact_filter_finish(f, &counts, &error), -EBADMSG);
		assert_int_equal(out.len, 0);
		redact_filter_free(&f);
	}
}

static void wrong_rules_are_named(void **state)
{
	static const char *const wrong[] = {"(?i)a("};
	const struct redact_rules rules = {.labels = wrong, .label_count = 1};
	struct error error = {0};

	(void)state;
	assert_null(redact_new(&rules, &error));
	assert_non_null(strstr(error.text, "(?i)a("));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_apply_wherever_the_input_is_cut),
		cmocka_unit_test(what_was_taken_out_is_counted),
		cmocka_unit_test(a_line_beyond_the_limit_is_cut_and_the_next_one_is_read),
		cmocka_unit_test(label_values_leave_a_profile_and_nothing_else_does),
		cmocka_unit_test(a_profile_without_such_labels_keeps_its_bytes),
		cmocka_unit_test(what_is_no_profile_is_not_passed_on),
		cmocka_unit_test(wrong_rules_are_named),
	};

	return cmocka_run_group_tests(tests, make_rules, free_rules);
}
