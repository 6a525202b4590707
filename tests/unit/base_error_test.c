// SPDX-License-Identifier: Apache-2.0
// Errors: fixed memory, one line, context in front, code passed on.
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void sets_code_and_text(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(error_set(&error, -ENOENT, "open %s", "x"), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_string_equal(error.text, "open x");
	assert_int_equal(error_set(NULL, -EIO, "nobody listens"), -EIO);
}

static void wraps_context_and_keeps_the_code(void **state)
{
	struct error error = {0}, empty = {0};

	(void)state;
	error_set(&error, -ENOENT, "open x");
	assert_int_equal(error_wrap(&error, "read %d", 7), -ENOENT);
	assert_string_equal(error.text, "read 7: open x");
	assert_int_equal(error_wrap(&empty, "context"), -EIO);
	assert_int_equal(error_wrap(NULL, "context"), -EIO);
}

static void stays_one_line(void **state)
{
	struct error error = {0};

	(void)state;
	error_set(&error, -EIO, "a\nb\r%s", "c\nd");
	assert_string_equal(error.text, "a b c d");
	error_wrap(&error, "e\nf");
	assert_string_equal(error.text, "e f: a b c d");
}

static void cuts_with_a_mark_and_between_characters(void **state)
{
	struct error error = {0};
	char text[2 * ERROR_TEXT_MAX];

	(void)state;
	for (size_t shift = 0; shift < 2; shift++) {
		memset(text, 'a', sizeof(text));
		for (size_t i = shift; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "\xc3\xa4", 2);
		text[sizeof(text) - 1] = '\0';
		error_set(&error, -EIO, "%s", text);
		size_t len = strlen(error.text);
		assert_true(len < ERROR_TEXT_MAX);
		assert_string_equal(error.text + len - 3, "...");
		assert_int_equal((unsigned char)error.text[len - 4], 0xa4);
	}
	error_set(&error, -EIO, "short");
	error_wrap(&error, "%s", text);
	assert_string_equal(error.text + strlen(error.text) - 3, "...");
	error_set(&error, -EIO, "%.470s", text);
	error_wrap(&error, "a context of some length");
	assert_string_equal(error.text + strlen(error.text) - 3, "...");
}

static void no_memory_says_what_for(void **state)
{
	struct error error = {0};

	(void)state;
	assert_int_equal(error_no_memory(&error, "read a dump"), -ENOMEM);
	assert_string_equal(error.text, "read a dump: out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_code_and_text),
		cmocka_unit_test(wraps_context_and_keeps_the_code),
		cmocka_unit_test(stays_one_line),
		cmocka_unit_test(cuts_with_a_mark_and_between_characters),
		cmocka_unit_test(no_memory_says_what_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
