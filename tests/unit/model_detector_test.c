// SPDX-License-Identifier: Apache-2.0
// The detector, rule by rule, on flows that are made up: what comes and goes at each age, per step.
#include "model/detector.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_S 60.0
#define STEPS_MAX 1024

// One stack, and the steps so far; what matures young reaches the other ages later.
struct flow {
	struct detector detector;
	struct tracked_stack stack;
	struct detector_step step;
	struct detector_past past;
	double step_s, load_per_step;
	bool short_lived; // nothing reaches the other ages
	uint32_t inflow[STEPS_MAX]; // at the youngest age, by step
	double load[STEPS_MAX]; // when they were born
	bool blind[STEPS_MAX];
	uint32_t steps;
	uint64_t random;
	double carry;
	double suspect_s, confirmed_s, cleared_s; // since the first step began; NAN: never
};

static struct flow flow_of(double step_s)
{
	return (struct flow){
		.detector = detector_init(0),
		.step = {.stack_count = 1},
		.step_s = step_s,
		.load_per_step = 100 * step_s,
		.random = 0x9e3779b97f4a7c15u,
		.suspect_s = NAN,
		.confirmed_s = NAN,
		.cleared_s = NAN,
	};
}

static void end_flow(struct flow *flow)
{
	detector_release(&flow->detector);
}

static double uniform(struct flow *flow)
{
	flow->random ^= flow->random << 13;
	flow->random ^= flow->random >> 7;
	flow->random ^= flow->random << 17;
	return ((double)(flow->random >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t poisson(struct flow *flow, double mean)
{
	uint32_t n = 0;

	for (double sum = -log(uniform(flow)); sum < mean; n++)
		sum -= log(uniform(flow));
	return n;
}

// Steps between maturing at the youngest age and at this one.
static uint32_t lag(const struct flow *flow, int age)
{
	return (uint32_t)((track_age_s[age] - track_age_s[0]) / flow->step_s);
}

static void begin_step(struct flow *flow, double load)
{
	struct detector_step *step = &flow->step;
	double faded = exp(-flow->step_s / DETECTOR_MEMORY_S);

	assert_true(flow->steps < STEPS_MAX);
	flow->load[flow->steps] = load;
	step->t_s += flow->step_s;
	step->step_s = flow->step_s;
	step->load = load;
	step->load_memory = step->load_memory * faded + load;
	step->time_memory_s = step->time_memory_s * faded + flow->step_s;
	step->index = flow->steps;
	for (int age = 0; age < TRACK_AGES; age++) {
		uint32_t ago = lag(flow, age);
		bool any = flow->steps >= ago;

		step->born_s[age] = any ? flow->step_s : 0;
		step->born_load[age] = any ? flow->load[flow->steps - ago] : 0;
		step->born_to_s[age] = any ? step->t_s - track_age_s[age] : NAN;
		step->blind[age] = any && flow->blind[flow->steps - ago];
	}
}

static void note_verdict(struct flow *flow)
{
	double t_s = flow->step.t_s;

	if (flow->detector.verdict == VERDICT_SUSPECT && isnan(flow->suspect_s))
		flow->suspect_s = t_s;
	if (flow->detector.verdict == VERDICT_CONFIRMED && isnan(flow->confirmed_s))
		flow->confirmed_s = t_s;
	if (flow->detector.verdict == VERDICT_CLEARED && isnan(flow->cleared_s))
		flow->cleared_s = t_s;
}

// The flows of the stack are filled in.
static enum verdict end_step(struct flow *flow)
{
	for (int age = 0; age < TRACK_AGES; age++)
		flow->stack.stock[age] += flow->stack.inflow[age] - flow->stack.outflow[age];
	flow->stack.count = flow->stack.stock[0];
	flow->steps++;
	assert_int_equal(detector_step(&flow->detector, &flow->stack, &flow->step, &flow->past), 0);
	note_verdict(flow);
	return flow->detector.verdict;
}

// A step in which so many mature at the youngest age, and so many leave that are not yet older.
static enum verdict step_with(struct flow *flow, uint32_t inflow, uint32_t outflow)
{
	flow->inflow[flow->steps] = inflow > outflow && !flow->short_lived ? inflow - outflow : 0;
	begin_step(flow, flow->load_per_step);
	for (int age = 0; age < TRACK_AGES; age++) {
		uint32_t ago = lag(flow, age);

		flow->stack.inflow[age] = flow->steps >= ago ? flow->inflow[flow->steps - ago] : 0;
		flow->stack.outflow[age] = 0;
	}
	flow->stack.inflow[0] = inflow;
	flow->stack.outflow[0] = outflow;
	return end_step(flow);
}

// A leak by the clock, of so many a minute.
static void leak_for(struct flow *flow, double minutes, double per_minute)
{
	for (double passed_s = 0; passed_s < minutes * MINUTE_S; passed_s += flow->step_s) {
		uint32_t inflow;

		flow->carry += per_minute * flow->step_s / MINUTE_S;
		inflow = (uint32_t)(flow->carry + 1e-9);
		flow->carry -= inflow;
		step_with(flow, inflow, 0);
	}
}

static enum verdict verdict_of(const struct flow *flow)
{
	return flow->detector.verdict;
}

static void a_steady_leak_is_suspect_in_three_minutes_and_confirmed_in_half_an_hour(void **state)
{
	(void)state;
	for (uint32_t stacks = 1; stacks < 3000; stacks += 1 + stacks / 5) {
		struct flow flow = flow_of(MINUTE_S);

		flow.step.stack_count = stacks;
		leak_for(&flow, 40, 60);
		assert_true(flow.suspect_s == 3 * MINUTE_S);
		assert_true(flow.confirmed_s >= DETECTOR_CONFIRM_S);
		assert_true(flow.confirmed_s <= DETECTOR_CONFIRM_S + 5 * MINUTE_S);
		assert_true(isnan(flow.cleared_s));
		end_flow(&flow);
	}
}

static void steps_of_half_a_minute_are_no_quicker(void **state)
{
	struct flow flow = flow_of(30);

	(void)state;
	leak_for(&flow, 40, 60);
	assert_true(flow.suspect_s == 3 * MINUTE_S);
	assert_true(flow.confirmed_s >= DETECTOR_CONFIRM_S);
	end_flow(&flow);
}

static void one_in_ten_seconds_is_found_as_well(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	leak_for(&flow, 40, 6);
	assert_true(flow.suspect_s <= 6 * MINUTE_S);
	assert_true(flow.confirmed_s <= 38 * MINUTE_S);
	end_flow(&flow);
}

// Two minutes of every ten: what looks for little outlives the pauses.
static void a_leak_in_bursts_is_confirmed_within_seventy_minutes(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	for (int i = 0; i < 90; i++)
		step_with(&flow, i % 10 < 2 ? 10 : 0, 0);
	assert_true(flow.confirmed_s <= 70 * MINUTE_S);
	assert_true(flow.detector.age[0].patient > flow.detector.age[0].quick);
	end_flow(&flow);
}

static void one_step_alone_never_makes_a_suspect_however_large(void **state)
{
	static const double lengths_s[] = {30, 60, 120, 180, 300, 600};

	(void)state;
	for (int before = 0; before < 60; before += 20)
		for (int i = 0; i < 6; i++) {
			struct flow flow = flow_of(lengths_s[i]);

			for (int j = 0; j < before; j++)
				step_with(&flow, 0, 0);
			step_with(&flow, 1000000, 0);
			assert_true(verdict_of(&flow) <= VERDICT_HINT);
			end_flow(&flow);
		}
}

// Hours in which as many leave as come, scattered; then at ten times the load.
static void balance_is_never_suspect_at_any_load(void **state)
{
	static const double per_minute[] = {0.3, 3, 30, 300};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct flow flow = flow_of(MINUTE_S);

		flow.short_lived = true;
		for (int j = 0; j < 8 * 60; j++) {
			double factor = j >= 4 * 60 ? 10 : 1;

			flow.load_per_step = 6000 * factor;
			flow.stack.stock[0] = (uint32_t)(1000 * factor);
			step_with(&flow, poisson(&flow, factor * per_minute[i]),
				poisson(&flow, factor * per_minute[i]));
		}
		assert_true(isnan(flow.suspect_s));
		assert_true(isnan(flow.confirmed_s));
		end_flow(&flow);
	}
}

static void a_surge_holds_a_suspicion_back_until_it_has_lasted(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	flow.step.surging = true;
	leak_for(&flow, 60, 60);
	assert_true(flow.suspect_s >= DETECTOR_SURGE_S);
	assert_true(flow.suspect_s <= DETECTOR_SURGE_S + 3 * MINUTE_S);
	assert_true(flow.confirmed_s > flow.suspect_s);
	end_flow(&flow);
}

static void a_huge_growth_is_confirmed_at_once_but_not_in_a_surge(void **state)
{
	(void)state;
	for (int surging = 0; surging < 2; surging++) {
		struct flow flow = flow_of(MINUTE_S);

		flow.step.surging = surging;
		leak_for(&flow, 20, 1000);
		assert_int_equal(verdict_of(&flow), surging ? VERDICT_NONE : VERDICT_CONFIRMED);
		end_flow(&flow);
	}
}

static void cohorts_born_while_nobody_looked_add_nothing_either_way(void **state)
{
	struct flow flow = flow_of(MINUTE_S);
	struct detector_age before;
	struct episode episode;

	(void)state;
	for (int i = 10; i < 20; i++)
		flow.blind[i] = true;
	leak_for(&flow, 10, 6);
	assert_non_null(flow.detector.age[0].episode);
	before = flow.detector.age[0];
	episode = *before.episode;
	for (int i = 10; i < 20; i++)
		step_with(&flow, i % 2 ? 5000 : 0, 0);
	assert_true(flow.detector.age[0].c == before.c);
	assert_memory_equal(&flow.detector.age[0].totals, &before.totals, sizeof(before.totals));
	assert_memory_equal(flow.detector.age[0].episode, &episode, sizeof(episode));
	assert_int_equal(verdict_of(&flow), VERDICT_SUSPECT);
	end_flow(&flow);
}

static void cohorts_of_the_first_minutes_of_a_process_do_not_count(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	for (int age = 0; age < TRACK_AGES; age++)
		flow.step.muted[age] = true;
	leak_for(&flow, 30, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_NONE);
	assert_null(flow.detector.age[0].episode);
	end_flow(&flow);
}

static void what_earlier_lives_held_half_of_again_is_no_suspect(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	flow.past.earlier = 400;
	leak_for(&flow, 10, 60);
	assert_true(isnan(flow.suspect_s)); // not above 600
	leak_for(&flow, 1, 60);
	assert_true(flow.suspect_s == 11 * MINUTE_S);
	end_flow(&flow);
}

static void what_the_same_image_held_before_is_not_confirmed(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	flow.past.high_water = 2500; // 3000 after 50 minutes
	leak_for(&flow, 50, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_SUSPECT);
	leak_for(&flow, 1, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_CONFIRMED);
	end_flow(&flow);
}

// What is renewed by another way has left the stack of the old way, at the same site.
static void what_left_siblings_is_no_growth(void **state)
{
	(void)state;
	for (int siblings = 0; siblings < 2; siblings++) {
		struct flow flow = flow_of(MINUTE_S);

		flow.past.siblings_left[0] = siblings ? 10 : 0;
		leak_for(&flow, 60, 10);
		assert_int_equal(verdict_of(&flow), siblings ? VERDICT_NONE : VERDICT_CONFIRMED);
		end_flow(&flow);
	}
}

static void what_came_to_siblings_as_well_takes_nothing_off(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	flow.past.siblings_left[0] = -50;
	leak_for(&flow, 1, 4);
	leak_for(&flow, 2, 4); // 12 in all: too few, whatever came elsewhere
	assert_true(isnan(flow.suspect_s));
	end_flow(&flow);
}

static void a_suspect_that_stops_is_cleared_after_the_silence(void **state)
{
	struct flow flow = flow_of(MINUTE_S);
	double stopped_s;

	(void)state;
	leak_for(&flow, 10, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_SUSPECT);
	stopped_s = flow.step.t_s;
	for (int i = 0; i < 60; i++)
		step_with(&flow, 0, 0);
	assert_true(flow.cleared_s - stopped_s == DETECTOR_SILENCE_S);
	assert_int_equal(verdict_of(&flow), VERDICT_CLEARED);
	leak_for(&flow, 10, 60); // it may come again
	assert_int_equal(verdict_of(&flow), VERDICT_SUSPECT);
	end_flow(&flow);
}

// Its cohorts mature for an hour yet; the last age to hear of the end decides.
static void a_confirmed_leak_that_stops_is_cleared_once_no_age_shows_it(void **state)
{
	struct flow flow = flow_of(MINUTE_S);
	double stopped_s;

	(void)state;
	leak_for(&flow, 120, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_CONFIRMED);
	stopped_s = flow.step.t_s;
	for (int i = 0; i < 120; i++)
		step_with(&flow, 0, 0);
	assert_true(flow.cleared_s - stopped_s >= DETECTOR_SILENCE_S);
	assert_true(flow.cleared_s - stopped_s <= DETECTOR_SILENCE_S + track_age_s[TRACK_AGES - 1]);
	end_flow(&flow);
}

// Pauses that were seen before are no end, however often they come.
static void a_pause_as_long_as_twice_one_before_is_no_end(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	leak_for(&flow, 20, 60);
	for (int i = 0; i < 12; i++)
		step_with(&flow, 0, 0);
	leak_for(&flow, 5, 60);
	for (int i = 0; i < 23; i++)
		step_with(&flow, 0, 0);
	assert_true(isnan(flow.cleared_s));
	step_with(&flow, 0, 0);
	assert_int_equal(verdict_of(&flow), VERDICT_CLEARED);
	end_flow(&flow);
}

// Steps until suspect, after hours of an inflow of 4 a minute in lumps of so many.
static double minutes_after_lumps_of(uint32_t lump)
{
	struct flow flow = flow_of(MINUTE_S);
	double from_s, minutes;

	for (uint32_t i = 0; i < 6 * 60; i++) {
		uint32_t now = i % (lump / 4) == 0 ? lump : 0;

		flow.stack.stock[0] = 100;
		step_with(&flow, now, now);
	}
	assert_true(isnan(flow.suspect_s));
	from_s = flow.step.t_s;
	flow.stack.stock[0] = 100;
	for (int i = 0; i < 60 && isnan(flow.suspect_s); i++)
		step_with(&flow, 30, 0);
	minutes = (flow.suspect_s - from_s) / MINUTE_S;
	end_flow(&flow);
	return minutes;
}

static void uneven_inflow_needs_more(void **state)
{
	double even = minutes_after_lumps_of(4), uneven = minutes_after_lumps_of(40);

	(void)state;
	assert_true(even >= 3);
	assert_true(uneven > even);
}

static void a_step_far_above_its_history_is_a_hint_for_ten_minutes(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	for (int i = 0; i < 60; i++)
		step_with(&flow, 1, 1);
	assert_int_equal(step_with(&flow, 200, 0), VERDICT_HINT);
	for (int i = 0; i < 9; i++)
		assert_int_equal(step_with(&flow, 1, 1), VERDICT_HINT);
	assert_int_equal(step_with(&flow, 1, 1), VERDICT_NONE);
	end_flow(&flow);
}

static enum verdict count_for(struct flow *flow, int minutes, double per_minute, bool surging)
{
	struct detector *detector = &flow->detector;

	for (int i = 0; i < minutes; i++)
		detector_count(detector, &flow->step, detector->counted_s + MINUTE_S,
			detector->counted + per_minute, surging, &flow->past);
	return detector->verdict;
}

static void counts_go_on_to_suspect_and_confirmed(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	leak_for(&flow, 2, 60);
	assert_int_equal(verdict_of(&flow), VERDICT_NONE);
	assert_int_equal(count_for(&flow, 2, 60, false), VERDICT_SUSPECT);
	assert_int_equal(count_for(&flow, 25, 60, false), VERDICT_SUSPECT);
	assert_int_equal(count_for(&flow, 5, 60, false), VERDICT_CONFIRMED);
	end_flow(&flow);
}

static void counts_in_a_surge_make_no_suspect(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	leak_for(&flow, 2, 60);
	assert_int_equal(count_for(&flow, 10, 60, true), VERDICT_NONE);
	end_flow(&flow);
}

static void counts_that_stop_rising_take_evidence_back_and_end_nothing(void **state)
{
	struct flow flow = flow_of(MINUTE_S);
	double before;

	(void)state;
	leak_for(&flow, 2, 60);
	before = flow.detector.age[0].c;
	assert_int_equal(count_for(&flow, 1, 0, false), VERDICT_NONE);
	assert_true(flow.detector.age[0].c < before);
	assert_int_equal(count_for(&flow, 30, 0, false), VERDICT_NONE);
	assert_non_null(flow.detector.age[0].episode);
	assert_true(flow.detector.age[0].c > 0);
	assert_int_equal(count_for(&flow, 4, 60, false), VERDICT_SUSPECT);
	end_flow(&flow);
}

static void counts_alone_begin_nothing(void **state)
{
	struct flow flow = flow_of(MINUTE_S);

	(void)state;
	step_with(&flow, 0, 0);
	assert_int_equal(count_for(&flow, 60, 60, false), VERDICT_NONE);
	assert_null(flow.detector.age[0].episode);
	end_flow(&flow);
}

#define HEALTHY_STEPS 360
#define HEALTHY_FLOWS 200

// What matures and leaves at each age and step.
struct healthy {
	uint32_t inflow[TRACK_AGES][HEALTHY_STEPS], outflow[TRACK_AGES][HEALTHY_STEPS];
};

// One goroutine, which matures young at step `born` and leaves at step `dies`.
static void live(const struct flow *flow, struct healthy *healthy, int32_t born, int32_t dies)
{
	for (int age = 0; age < TRACK_AGES; age++) {
		int32_t matures = born + (int32_t)lag(flow, age);

		if (dies <= matures || matures >= HEALTHY_STEPS)
			continue;
		healthy->inflow[age][matures]++;
		if (dies < HEALTHY_STEPS)
			healthy->outflow[age][dies]++;
	}
}

static void run_healthy(struct flow *flow, double per_minute, double life_minutes)
{
	static struct healthy healthy;
	uint32_t there = poisson(flow, per_minute * life_minutes);

	memset(&healthy, 0, sizeof(healthy));
	for (int32_t step = 0; step < HEALTHY_STEPS; step++)
		for (uint32_t n = poisson(flow, per_minute); n > 0; n--)
			live(flow, &healthy, step,
				step + 1 + (int32_t)(-life_minutes * log(uniform(flow))));
	for (; there > 0; there--) { // of the first dump: in the stock, never in the inflow
		int32_t dies = 1 + (int32_t)(-life_minutes * log(uniform(flow)));

		for (int age = 0; age < TRACK_AGES; age++) {
			int32_t matures = (int32_t)lag(flow, age);

			if (dies <= matures)
				continue;
			flow->stack.stock[age]++;
			if (dies < HEALTHY_STEPS)
				healthy.outflow[age][dies]++;
		}
	}
	for (uint32_t step = 0; step < HEALTHY_STEPS; step++) {
		begin_step(flow, poisson(flow, flow->load_per_step));
		for (int age = 0; age < TRACK_AGES; age++) {
			flow->stack.inflow[age] = healthy.inflow[age][step];
			flow->stack.outflow[age] = healthy.outflow[age][step];
		}
		end_step(flow);
	}
}

// A few of the healthy are suspects; none is ever confirmed.
static void two_hundred_healthy_flows_are_not_confirmed(void **state)
{
	uint32_t suspects = 0, confirmed = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= HEALTHY_FLOWS; seed++) {
		struct flow flow = flow_of(MINUTE_S);
		double per_minute, life_minutes;

		flow.random = seed * 0x9e3779b97f4a7c15u + 1;
		uniform(&flow);
		per_minute = 0.1 * pow(500, uniform(&flow));
		life_minutes = 2 * pow(10, uniform(&flow));
		run_healthy(&flow, per_minute, life_minutes);
		suspects += !isnan(flow.suspect_s);
		confirmed += !isnan(flow.confirmed_s);
		end_flow(&flow);
	}
	assert_int_equal(confirmed, 0);
	assert_in_range(suspects, 0, HEALTHY_FLOWS / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_steady_leak_is_suspect_in_three_minutes_and_confirmed_in_half_an_hour),
		cmocka_unit_test(steps_of_half_a_minute_are_no_quicker),
		cmocka_unit_test(one_in_ten_seconds_is_found_as_well),
		cmocka_unit_test(a_leak_in_bursts_is_confirmed_within_seventy_minutes),
		cmocka_unit_test(one_step_alone_never_makes_a_suspect_however_large),
		cmocka_unit_test(balance_is_never_suspect_at_any_load),
		cmocka_unit_test(a_surge_holds_a_suspicion_back_until_it_has_lasted),
		cmocka_unit_test(a_huge_growth_is_confirmed_at_once_but_not_in_a_surge),
		cmocka_unit_test(cohorts_born_while_nobody_looked_add_nothing_either_way),
		cmocka_unit_test(cohorts_of_the_first_minutes_of_a_process_do_not_count),
		cmocka_unit_test(what_earlier_lives_held_half_of_again_is_no_suspect),
		cmocka_unit_test(what_the_same_image_held_before_is_not_confirmed),
		cmocka_unit_test(what_left_siblings_is_no_growth),
		cmocka_unit_test(what_came_to_siblings_as_well_takes_nothing_off),
		cmocka_unit_test(a_suspect_that_stops_is_cleared_after_the_silence),
		cmocka_unit_test(a_confirmed_leak_that_stops_is_cleared_once_no_age_shows_it),
		cmocka_unit_test(a_pause_as_long_as_twice_one_before_is_no_end),
		cmocka_unit_test(uneven_inflow_needs_more),
		cmocka_unit_test(a_step_far_above_its_history_is_a_hint_for_ten_minutes),
		cmocka_unit_test(counts_go_on_to_suspect_and_confirmed),
		cmocka_unit_test(counts_in_a_surge_make_no_suspect),
		cmocka_unit_test(counts_that_stop_rising_take_evidence_back_and_end_nothing),
		cmocka_unit_test(counts_alone_begin_nothing),
		cmocka_unit_test(two_hundred_healthy_flows_are_not_confirmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
