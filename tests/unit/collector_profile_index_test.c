// SPDX-License-Identifier: Apache-2.0
// Counts out of the page at /debug/pprof/.
#include "collector/fetch/profile_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char current[] =
	"<html>\n<head>\n<title>/debug/pprof/</title>\n</head>\n<body>\n/debug/pprof/\n<br>\n"
	"<p>Set debug=1 as a query parameter to export in legacy text format</p>\n"
	"<br>\nTypes of profiles available:\n<table>\n"
	"<thead><td>Count</td><td>Profile</td></thead>\n"
	"<tr><td>7</td><td><a href='allocs?debug=1'>allocs</a></td></tr>\n"
	"<tr><td>0</td><td><a href='block?debug=1'>block</a></td></tr>\n"
	"<tr><td>1234</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>\n"
	"<tr><td>3</td><td><a href='goroutineleak?debug=1'>goroutineleak</a></td></tr>\n"
	"</table>\n<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n<br>\n</body>";

static const char old[] = "<table>\n<tr><td align=right>0<td><a href=\"block?debug=1\">block</a>\n"
			  "<tr><td align=right>42<td><a href=\"goroutine?debug=1\">goroutine</a>\n"
			  "</table>";

static void counts_stand_before_their_profile(void **state)
{
	uint64_t count = 99;

	(void)state;
	assert_true(profile_index_count(str_of(current), STR("goroutine"), &count));
	assert_int_equal(count, 1234);
	assert_true(profile_index_count(str_of(current), STR("goroutineleak"), &count));
	assert_int_equal(count, 3);
	assert_true(profile_index_count(str_of(current), STR("block"), &count));
	assert_int_equal(count, 0);
	assert_true(profile_index_count(str_of(old), STR("goroutine"), &count));
	assert_int_equal(count, 42);
}

static void other_pages_have_no_counts(void **state)
{
	static const char *const pages[] = {"", "<html>login</html>", "href=", "href='goroutine",
		"<td>x</td><a href='goroutine?debug=1'>", "<a href='goroutine?debug=2'>dump</a>",
		"<td>99999999999999999999999</td><a href='goroutine?debug=1'>goroutine</a>"};
	uint64_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		assert_false(profile_index_count(str_of(pages[i]), STR("goroutine"), &count));
	assert_false(profile_index_count(str_of(old), STR("mutex"), &count));
}

static void every_cut_page_is_read_without_harm(void **state)
{
	uint64_t count;

	(void)state;
	for (size_t len = 0; len < sizeof(current); len++)
		(void)profile_index_count((struct str){current, len}, STR("goroutine"), &count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_stand_before_their_profile),
		cmocka_unit_test(other_pages_have_no_counts),
		cmocka_unit_test(every_cut_page_is_read_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
