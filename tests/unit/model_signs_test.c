// SPDX-License-Identifier: Apache-2.0
// The four signs: what is up, what is not, what is not known; and the table of their rows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/signs.h"
#include "sign_scenes.h"

#define SENTENCE_MOST 300
#define RUNS 50

static struct signs play(struct sign_scene scene, uint64_t seed)
{
	struct signs signs;

	assert_int_equal(play_scene(&scene, seed), 0);
	signs = scene.report.targets[0].signs;
	end_scene(&scene);
	return signs;
}

static struct sign_scene level(void)
{
	return (struct sign_scene){.seconds = 600, .interval_s = 10};
}

static void each_row_has_a_sentence_of_its_own(void **state)
{
	(void)state;
	for (unsigned row = 0; row < SIGN_ROWS; row++) {
		const char *sentence = signs_sentence(row);

		assert_in_range(strlen(sentence), 100, SENTENCE_MOST);
		assert_true(strstr(sentence, "first") != NULL); // what to look at
		assert_true(strstr(sentence, "It is no") != NULL); // what it is not
		for (unsigned other = 0; other < row; other++)
			assert_string_not_equal(sentence, signs_sentence(other));
	}
}

static void the_row_is_that_of_what_is_up(void **state)
{
	(void)state;
	for (unsigned row = 0; row < SIGN_ROWS; row++) {
		struct signs signs;
		bool whole;

		for (unsigned i = 0; i < SIGNS; i++)
			signs.sign[i].state = row & (8 >> i) ? SIGN_UP : SIGN_LEVEL_OR_DOWN;
		assert_int_equal(signs_row(&signs, &whole), row);
		assert_true(whole);
		signs.sign[SIGN_MUTEX].state = SIGN_NOT_KNOWN;
		assert_int_equal(signs_row(&signs, &whole), row & ~1u);
		assert_false(whole);
	}
}

static void what_grows_is_up_and_nothing_else(void **state)
{
	int wrong = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++)
		for (unsigned row = 0; row < SIGN_ROWS; row += 5) {
			struct sign_scene scene = level();
			struct signs signs;
			bool whole;

			scene.goroutines = row & 8;
			scene.heap = row & 4;
			scene.block = row & 2;
			scene.mutex = row & 1;
			signs = play(scene, seed);
			wrong += signs_row(&signs, &whole) != row || !whole;
		}
	assert_true(wrong <= 2);
}

static double waves(double t_s)
{
	return 1 + 0.8 * sin(t_s / 40);
}

// Load that swings is no growth, and neither is a heap between two collections.
static void what_swings_is_not_up(void **state)
{
	int up = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct sign_scene scene = level();
		struct signs signs;

		scene.process.load = waves;
		signs = play(scene, seed);
		for (int i = 0; i < SIGNS; i++)
			up += signs.sign[i].state == SIGN_UP;
	}
	assert_true(up <= 2);
}

static void not_known_is_not_the_same_as_not_up(void **state)
{
	struct sign_scene scene = level();
	struct signs signs;

	(void)state;
	scene.no_profiles = scene.no_heap = true;
	signs = play(scene, 1);
	assert_int_equal(signs.sign[SIGN_GOROUTINES].state, SIGN_LEVEL_OR_DOWN);
	for (int i = SIGN_HEAP; i < SIGNS; i++) {
		assert_int_equal(signs.sign[i].state, SIGN_NOT_KNOWN);
		assert_non_null(signs.sign[i].why);
		assert_false(estimate_known(&signs.sign[i].per_h));
	}
	scene = level();
	scene.seconds = 40; // four looks
	signs = play(scene, 1);
	for (int i = 0; i < SIGNS; i++)
		assert_int_equal(signs.sign[i].state, SIGN_NOT_KNOWN);
}

static void the_slope_is_the_one_that_was_made(void **state)
{
	struct sign_scene scene = level();
	struct signs signs;
	const struct sign *heap = &signs.sign[SIGN_HEAP];

	(void)state;
	scene.heap = true;
	signs = play(scene, 3);
	// 60 MiB live in ten minutes, and 15 % more by garbage on average.
	assert_true(heap->per_h.low < 414 * SIGN_MIB && heap->per_h.high > 414 * SIGN_MIB);
	assert_string_equal(heap->from, "Go heap");
	scene.resident = true;
	signs = play(scene, 3);
	assert_string_equal(heap->from, "resident memory");
	assert_int_equal(heap->state, SIGN_UP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_a_sentence_of_its_own),
		cmocka_unit_test(the_row_is_that_of_what_is_up),
		cmocka_unit_test(what_grows_is_up_and_nothing_else),
		cmocka_unit_test(what_swings_is_not_up),
		cmocka_unit_test(not_known_is_not_the_same_as_not_up),
		cmocka_unit_test(the_slope_is_the_one_that_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
