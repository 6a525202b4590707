// SPDX-License-Identifier: Apache-2.0
// The floor ratchet: what climbs for four blocks is a suspect; what stands, wobbles or follows the
// load is not.
#include "model/floor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TICK_S 60.0
#define BLOCK_S (FLOOR_PARTS * FLOOR_PART_S)
#define HOUR_S 3600.0

// A count that is looked at once a minute, and the load beside it.
struct watched {
	struct floor_state floor;
	struct load_now load;
	struct series_point point;
	uint64_t random;
	bool blind; // nothing tells the load
	double count;
	double rose_s; // when it first was a suspect; NAN: never
	uint32_t verdicts, suspects, flats; // parts closed, and what they were
};

static struct watched watched(uint64_t seed)
{
	return (struct watched){
		.load = load_init(),
		.point = {.t_s = TICK_S, .in_flight = NAN},
		.random = seed * 0x9e3779b97f4a7c15u + 1,
		.rose_s = NAN,
	};
}

static double uniform(struct watched *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return ((double)(w->random >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t poisson(struct watched *w, double mean)
{
	uint32_t n = 0;

	for (double sum = -log(uniform(w)); sum < mean; n++)
		sum -= log(uniform(w));
	return n;
}

// One minute of so many requests a second, each of which takes so long; then a look.
static void look(struct watched *w, double qps, double latency_s, double count)
{
	const struct series_point before = w->point;

	w->point.t_s += TICK_S;
	w->point.requests += qps * TICK_S;
	w->point.request_seconds += qps * latency_s * TICK_S;
	w->count = count;
	if (!w->blind)
		little_next(&w->load, &before, &w->point, NAN);
	if (!floor_add(&w->floor, w->point.t_s, count, &w->load))
		return;
	w->verdicts++;
	w->flats += floor_is_flat(&w->floor, count);
	if (!floor_is_rising(&w->floor, count, &w->load))
		return;
	w->suspects++;
	if (isnan(w->rose_s))
		w->rose_s = w->point.t_s;
}

static void a_rising_count_is_a_suspect_after_four_blocks_and_not_before(void **state)
{
	struct watched w = watched(1);
	double from_s = w.point.t_s + TICK_S; // of the first look

	(void)state;
	for (int i = 0; i <= 60; i++)
		look(&w, 40, 0.1, 100 + 5 * i);
	assert_true(w.rose_s - from_s == FLOOR_BLOCKS * BLOCK_S);
	assert_int_equal(w.suspects, w.verdicts - (FLOOR_BLOCKS * FLOOR_PARTS - 1));
	assert_int_equal(w.flats, 0);
}

static void long_intervals_stretch_the_blocks(void **state)
{
	struct floor_state floor = {0};
	struct load_now load = load_init();
	double rose_s = NAN;

	(void)state;
	for (int i = 1; i <= 40; i++) // two samples a part
		if (floor_add(&floor, i * 300, 100 + 25 * i, &load) &&
			floor_is_rising(&floor, 100 + 25 * i, &load) && isnan(rose_s))
			rose_s = i * 300;
	assert_true(rose_s - 300 == FLOOR_BLOCKS * FLOOR_PARTS * 600);
}

static void a_flat_count_is_no_suspect(void **state)
{
	struct watched w = watched(1);

	(void)state;
	for (int i = 0; i < 12 * 60; i++)
		look(&w, 40, 0.1, 300);
	assert_int_equal(w.suspects, 0);
	assert_int_equal(w.flats, w.verdicts - (FLOOR_BLOCKS * FLOOR_PARTS - 1));
}

static void a_count_that_scatters_is_no_suspect(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct watched w = watched(seed);
		double mean = 20 * exp(5 * uniform(&w)); // 20 to 3000

		for (int i = 0; i < 12 * 60; i++)
			look(&w, 40, 0.1, poisson(&w, mean));
		assert_int_equal(w.suspects, 0);
	}
}

// Goroutines that come at random and stay for 20 minutes, or an hour: their number wanders.
static void a_count_that_wanders_is_no_suspect(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct watched w = watched(seed);
		double life = seed % 2 ? 20 : 60, per_minute = 1 + 20 * uniform(&w);
		double count = poisson(&w, per_minute * life);

		for (int i = 0; i < 12 * 60; i++) {
			look(&w, 40, 0.1, count);
			count += poisson(&w, per_minute);
			count = fmax(0, count - poisson(&w, count / life));
		}
		assert_int_equal(w.suspects, 0);
	}
}

// Up for six hours, as in the morning; by a straight line and by a wave.
static void what_the_load_explains_is_no_suspect(void **state)
{
	(void)state;
	for (int wave = 0; wave < 2; wave++) {
		struct watched w = watched((uint64_t)wave + 1);

		for (int i = 0; i < 8 * 60; i++) {
			double up = fmax(0, fmin(1, (i - 60) / 360.0));
			double qps = 100 + 400 * (wave ? (1 - cos(up * 3.14159265)) / 2 : up);

			qps *= 1 + 0.1 * (uniform(&w) - 0.5);
			look(&w, qps, 0.5, 50 + poisson(&w, 2 * qps * 0.5));
		}
		assert_int_equal(w.suspects, 0);
	}
}

// The same growth while the load stands still.
static void what_the_load_does_not_explain_is_a_suspect(void **state)
{
	struct watched w = watched(3);

	(void)state;
	for (int i = 0; i < 8 * 60; i++) {
		double qps = 100 * (1 + 0.1 * (uniform(&w) - 0.5));
		double leaked = fmax(0, i - 120) * 6;

		look(&w, qps, 0.5, 50 + poisson(&w, 2 * qps * 0.5) + leaked);
	}
	assert_true(w.suspects > 0);
	assert_true(w.rose_s > 120 * TICK_S);
	assert_true(w.rose_s < 120 * TICK_S + 1.5 * FLOOR_BLOCKS * BLOCK_S);
}

static void a_stack_that_begins_later_has_been_empty_and_needs_no_36_minutes(void **state)
{
	struct watched w = watched(4);
	double from_s = w.point.t_s + TICK_S;

	(void)state;
	floor_begin_empty(&w.floor, w.point.t_s, 1e6);
	assert_true(floor_is_full(&w.floor));
	for (int i = 0; i <= 60; i++)
		look(&w, 40, 0.1, 10 + 5 * i);
	assert_true(w.rose_s - from_s == (FLOOR_BLOCKS - 1) * BLOCK_S);
}

static void a_stack_that_begins_later_and_levels_off_is_no_suspect(void **state)
{
	struct watched w = watched(5);

	(void)state;
	floor_begin_empty(&w.floor, w.point.t_s, 1e6);
	for (int i = 0; i < 180; i++)
		look(&w, 40, 0.1, 300 * -expm1(-i / 8.0));
	assert_int_equal(w.suspects, 0);
	assert_true(floor_is_flat(&w.floor, w.count));
}

static void a_count_that_levels_off_is_flat(void **state)
{
	struct watched w = watched(6);
	uint32_t suspects;

	(void)state;
	for (int i = 0; i <= 50; i++)
		look(&w, 40, 0.1, 100 + 6 * i);
	assert_true(w.suspects > 0);
	assert_false(floor_is_flat(&w.floor, w.count));
	for (int i = 0; i < 15; i++) // the newest blocks still have some of the rise in them
		look(&w, 40, 0.1, 400);
	suspects = w.suspects;
	for (int i = 0; i < 15; i++)
		look(&w, 40, 0.1, 400);
	assert_int_equal(w.suspects, suspects);
	assert_true(floor_is_flat(&w.floor, w.count));
}

// 20 % on top of what was there, after hours without any movement.
static void more_is_asked_where_nothing_tells_the_load(void **state)
{
	double rose_s[2];

	(void)state;
	for (int blind = 0; blind < 2; blind++) {
		struct watched w = watched(7);

		w.blind = blind;
		for (int i = 0; i < 4 * 60; i++)
			look(&w, 40, 0.1, 1000 + fmax(0, fmin(36, i - 180)) * 200 / 36.0);
		rose_s[blind] = w.rose_s;
		assert_int_equal(w.suspects > 0, !blind);
	}
	assert_true(isnan(rose_s[1]));
	assert_true(rose_s[0] > 180 * TICK_S);
}

static void a_tick_that_lacks_what_others_told_is_left_out(void **state)
{
	struct watched w = watched(8);
	const struct load_now unknown = {.known = false, .has_qps = true};
	struct floor_state before;

	(void)state;
	for (int i = 0; i < 30; i++)
		look(&w, 40, 0.1, 100);
	before = w.floor;
	assert_false(floor_add(&w.floor, w.point.t_s + 600, 1e6, &unknown));
	assert_false(floor_add(&w.floor, w.point.t_s + 600, NAN, &w.load));
	assert_memory_equal(&before, &w.floor, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rising_count_is_a_suspect_after_four_blocks_and_not_before),
		cmocka_unit_test(long_intervals_stretch_the_blocks),
		cmocka_unit_test(a_flat_count_is_no_suspect),
		cmocka_unit_test(a_count_that_scatters_is_no_suspect),
		cmocka_unit_test(a_count_that_wanders_is_no_suspect),
		cmocka_unit_test(what_the_load_explains_is_no_suspect),
		cmocka_unit_test(what_the_load_does_not_explain_is_a_suspect),
		cmocka_unit_test(a_stack_that_begins_later_has_been_empty_and_needs_no_36_minutes),
		cmocka_unit_test(a_stack_that_begins_later_and_levels_off_is_no_suspect),
		cmocka_unit_test(a_count_that_levels_off_is_flat),
		cmocka_unit_test(more_is_asked_where_nothing_tells_the_load),
		cmocka_unit_test(a_tick_that_lacks_what_others_told_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
