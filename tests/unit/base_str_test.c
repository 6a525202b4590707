// SPDX-License-Identifier: Apache-2.0
// Views: searching, cutting, and numbers with a ceiling.
#include "base/str.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void assert_str(struct str text, const char *expected)
{
	if (!str_equal(text, str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(text), expected);
}

static void compares_bytewise_and_shorter_first(void **state)
{
	(void)state;
	assert_true(str_equal(str_of(NULL), STR_EMPTY));
	assert_true(str_compare(STR("a"), STR("b")) < 0);
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_compare(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_compare(STR("x"), STR("x")), 0);
	assert_true(str_starts(STR("abc"), STR("ab")) && !str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
}

static void parts_never_leave_the_view(void **state)
{
	(void)state;
	assert_str(str_skip(STR("abc"), 1), "bc");
	assert_str(str_skip(STR("abc"), 9), "");
	assert_str(str_head(STR("abc"), 2), "ab");
	assert_str(str_head(STR("abc"), 9), "abc");
	assert_str(str_trim(STR(" \t a b\r\n")), "a b");
	assert_str(str_trim(STR(" ")), "");
	assert_str(str_basename(STR("/a/b.go")), "b.go");
	assert_str(str_basename(STR("b.go")), "b.go");
	assert_str(str_basename(STR("a/")), "");
}

static void finding_nothing_gives_the_length(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
	assert_int_equal(str_find(STR("hello"), STR("x")), 5);
	assert_int_equal(str_find(STR("a"), STR("ab")), 1);
	assert_int_equal(str_find_byte(STR("a.b.c"), '.'), 1);
	assert_int_equal(str_find_last_byte(STR("a.b.c"), '.'), 3);
	assert_int_equal(str_find_byte(STR_EMPTY, '.'), 0);
}

static void cuts_fields_and_lines(void **state)
{
	struct str text = STR("a=b=c"), line;
	struct str lines = STR("one\r\n\ntwo");

	(void)state;
	assert_str(str_cut(&text, '='), "a");
	assert_str(str_cut(&text, '='), "b");
	assert_str(str_cut(&text, '='), "c");
	assert_str(text, "");
	assert_true(str_next_line(&lines, &line));
	assert_str(line, "one");
	assert_true(str_next_line(&lines, &line));
	assert_str(line, "");
	assert_true(str_next_line(&lines, &line));
	assert_str(line, "two");
	assert_false(str_next_line(&lines, &line));
}

static void integers_have_a_ceiling(void **state)
{
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(str_to_u64(STR("18446744073709551615"), UINT64_MAX, &u) && u == UINT64_MAX);
	assert_false(str_to_u64(STR("18446744073709551616"), UINT64_MAX, &u));
	assert_true(str_to_u64(STR("0"), 0, &u) && u == 0);
	assert_false(str_to_u64(STR("1"), 0, &u));
	assert_true(str_to_u64(STR("255"), 255, &u) && u == 255);
	assert_false(str_to_u64(STR("256"), 255, &u));
	assert_false(str_to_u64(STR(""), 9, &u));
	assert_false(str_to_u64(STR(" 1"), 9, &u));
	assert_false(str_to_u64(STR("+1"), 9, &u));
	assert_true(str_hex_to_u64(STR("FfFfffffffffffff"), &u) && u == UINT64_MAX);
	assert_false(str_hex_to_u64(STR("10000000000000000"), &u));
	assert_false(str_hex_to_u64(STR("0x1"), &u));
	assert_true(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_true(str_to_i64(STR("9223372036854775807"), &i) && i == INT64_MAX);
	assert_false(str_to_i64(STR("9223372036854775808"), &i));
	assert_false(str_to_i64(STR("-"), &i));
	assert_false(str_to_i64(STR("--1"), &i));
}

static void doubles_agree_with_strtod(void **state)
{
	static const char *const texts[] = {"0", "-0", "1", "0.1", "0.3", "123456789012345",
		"1234567890123456789", "9007199254740993", "1e22", "1e23", "1.7976931348623157e308",
		"5e-324", "2.2250738585072014e-308", "0.000000000000000000000001", "1e-22", "1e-23",
		"3.14159265358979323846", ".5", "5.", "1E+5", "1e-5", "-12.5e3", "00012",
		"0.00000000000000000000000000000000000000001234567890123456789", "1.6e+09",
		"123456789012345678901234567890", "8.41", "1763694000.12"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		double value = -1, expected = strtod(texts[i], NULL);

		assert_true(str_to_double(str_of(texts[i]), &value));
		if (memcmp(&value, &expected, sizeof(value)) != 0)
			fail_msg("%s: %.17g is not %.17g", texts[i], value, expected);
	}
}

static void random_doubles_survive_the_way_through_text(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[64];
		double value, back;

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		memcpy(&value, &seed, sizeof(value));
		if (!isfinite(value))
			continue;
		(void)snprintf(text, sizeof(text), i % 2 ? "%.17g" : "%.6g", value);
		assert_true(str_to_double(str_of(text), &back));
		assert_true(back == strtod(text, NULL));
	}
}

static void doubles_by_name_and_what_is_none(void **state)
{
	static const char *const none[] = {"", ".", "e5", "1e", "1e+", "1e+-5", "0x10", " 1", "1 ",
		"1,5", "1e999", "in", "nano", "--1", "+-1", "1.2.3", "1e1.5"};
	double value = 7;

	(void)state;
	assert_true(str_to_double(STR("NaN"), &value) && isnan(value));
	assert_true(str_to_double(STR("+Inf"), &value) && value == INFINITY);
	assert_true(str_to_double(STR("-Inf"), &value) && value == -INFINITY);
	assert_true(str_to_double(STR("inf"), &value) && value == INFINITY);
	value = 7;
	for (size_t i = 0; i < COUNT(none); i++)
		if (str_to_double(str_of(none[i]), &value))
			fail_msg("\"%s\" was taken for a number", none[i]);
	assert_true(value == 7);
}

static void a_share_may_be_written_in_percent(void **state)
{
	static const char *const none[] = {"", "%", "17%%", "% 17", "nan", "inf%", "1e999%"};
	double share = -1;

	(void)state;
	assert_true(str_to_share(STR("17%"), &share) && share == 0.17);
	assert_true(str_to_share(STR("0.17"), &share) && share == 0.17);
	assert_true(str_to_share(STR("-5%"), &share) && share == -0.05);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(str_to_share(str_of(none[i]), &share));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_bytewise_and_shorter_first),
		cmocka_unit_test(parts_never_leave_the_view),
		cmocka_unit_test(finding_nothing_gives_the_length),
		cmocka_unit_test(cuts_fields_and_lines),
		cmocka_unit_test(integers_have_a_ceiling),
		cmocka_unit_test(doubles_agree_with_strtod),
		cmocka_unit_test(random_doubles_survive_the_way_through_text),
		cmocka_unit_test(doubles_by_name_and_what_is_none),
		cmocka_unit_test(a_share_may_be_written_in_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
