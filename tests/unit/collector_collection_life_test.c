// SPDX-License-Identifier: Apache-2.0
// Telling one life of a process from the next.
#include "collector/collection/collection_life.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_ROWS 4

struct row {
	struct life_signs signs; // start, cpu, procs, largest ID, contention, time of the answer
	uint32_t number;
	bool metrics_stale, contention_stale;
};

static const struct {
	const char *what;
	struct row rows[MAX_ROWS]; // until number 0
} stories[] = {
	{"one process goes on", {{{1000, 5, 4, 500, 7}, 1}, {{1000.4, 6, 4, 900, 7}, 1},
					{{1000, 7, 4, 880, 9}, 1}}},
	{"a restart moves the start and begins the CPU time again",
		{{{1000, 50, 4, 5000, 70}, 1}, {{1200, 1, 4, 60, 0}, 2}, {{1200, 2, 4, 90, 1}, 2}}},
	{"a young process that was started since the last answer is another",
		{{{1000, 0.1, 4, 20, 0, 1001}, 1}, {{1002.5, 0.2, 4, 30, 0, 1003}, 2},
			{{1002.5, 0.3, 4, 40, 0, 1004}, 2}}},
	{"a step of the clock is no restart",
		{{{1000, 50, 4, 5000, 70}, 1}, {{4600, 51, 4, 5100, 71}, 1},
			{{4600, 52, 4, 5200, 72}, 1}}},
	{"two processes behind one address keep their numbers",
		{{{1000, 50, 4, 5000, 70}, 1}, {{1200, 3, 4, 90, 1}, 2},
			{{1000, 51, 4, 5100, 71}, 1}, {{1200, 4, 4, 99, 2}, 2}}},
	{"without metrics the IDs tell",
		{{{NAN, NAN, NAN, 9000, NAN}, 1}, {{NAN, NAN, NAN, 8500, NAN}, 1},
			{{NAN, NAN, NAN, 40, NAN}, 2}}},
	{"without metrics and IDs the contention tells",
		{{{NAN, NAN, NAN, 0, 70}, 1}, {{NAN, NAN, NAN, 0, 80}, 1},
			{{NAN, NAN, NAN, 0, 2}, 2}}},
	{"a restart between metrics and dump makes the metrics another life's",
		{{{1000, 50, 4, 5000, 70}, 1}, {{1000, 51, 4, 40, 0}, 2, true},
			{{1200, 1, 4, 70, 1}, 2}}},
	{"a restart between dump and contention makes the contention another life's",
		{{{1000, 50, 4, 5000, 70}, 1}, {{1000, 51, 4, 5100, 3}, 1, false, true},
			{{1200, 1, 4, 70, 5}, 2}}},
	{"the largest ID may step back by a batch for each P",
		{{{NAN, NAN, 4, 1000, NAN}, 1}, {{NAN, NAN, 4, 940, NAN}, 1},
			{{NAN, NAN, 4, 800, NAN}, 2}}},
};

static void each_story_has_its_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++) {
		struct lives lives = {0};

		for (size_t j = 0; j < MAX_ROWS && stories[i].rows[j].number > 0; j++) {
			const struct row *row = &stories[i].rows[j];
			struct life_verdict verdict = lives_identify(&lives, &row->signs);

			if (verdict.number != row->number ||
				verdict.metrics_stale != row->metrics_stale ||
				verdict.contention_stale != row->contention_stale)
				fail_msg("%s: round %zu: number %u", stories[i].what, j,
					verdict.number);
		}
	}
}

static void many_lives_do_not_grow_without_bound(void **state)
{
	struct lives lives = {0};

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		struct life_signs signs = {1000.0 * (i + 1), 1.0 / (i + 1), 4, 50, 0};

		assert_int_equal(lives_identify(&lives, &signs).number, i + 1);
	}
	assert_true(lives.count <= LIVES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story_has_its_numbers),
		cmocka_unit_test(many_lives_do_not_grow_without_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
