// SPDX-License-Identifier: Apache-2.0
// Joining: stacks that one mistake leaves behind in a fixed ratio are one finding; leaks that only
// look alike stay apart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "class_scenarios.h"

#define RUNS 40

enum { MAIN = EXTRA, PART = TWIN };

static struct simulated_process process_of(const char *creator_a, const char *creator_b)
{
	struct simulated_process process = healthy_service();

	process.sites[MAIN] = (struct simulated_site){.function = "main.send",
		.creator = creator_a,
		.wait = "chan send",
		.rate = from_now_on,
		.life_s = INFINITY};
	process.sites[PART] = (struct simulated_site){.function = "main.receive",
		.creator = creator_b,
		.wait = "chan receive",
		.rate = from_now_on,
		.life_s = INFINITY};
	return process;
}

static void leave_together(struct simulated_process *process, uint32_t pairs, double share)
{
	process->sites[MAIN].per_s = 1;
	process->sites[PART].in_pairs = true;
	process->sites[PART].pairs = pairs;
	process->sites[PART].pair_share = share;
}

static void play(struct scene *scene, const struct simulated_process *process, enum look look,
	double seconds, uint64_t seed)
{
	const struct scenario scenario = {.look = look, .interval_s = 5};

	*scene = (struct scene){.stacks = stacks_new(1 << 24), .process = *process};
	scene->judge = judge_new(scene->stacks, NULL);
	assert_non_null(scene->judge);
	simulate(&scene->process, scene->stacks, seed);
	while (scene->process.t_s < SETTLED_S)
		advance(&scene->process, 20);
	assert_true(scene_look(scene, &scenario, SETTLED_S + seconds));
	assert_int_equal(judge_report(scene->judge, &scene->report, NULL), 0);
}

static const struct finding *finding_of(const struct scene *scene, int site)
{
	for (uint32_t i = 0; i < scene->report.finding_count; i++)
		if (scene->report.findings[i].stack == scene->process.sites[site].stack)
			return &scene->report.findings[i];
	return NULL;
}

static bool is_joined(const struct scene *scene)
{
	return !finding_of(scene, MAIN) || !finding_of(scene, PART);
}

static int count_joined(const struct simulated_process *process, enum look look, double seconds)
{
	int joined = 0;

	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		struct scene scene;

		play(&scene, process, look, seconds, seed);
		joined += is_joined(&scene);
		scene_end(&scene);
	}
	return joined;
}

static void check_parts(const struct scene *scene, double ratio)
{
	const struct finding *finding = finding_of(scene, MAIN);
	const struct simulated_site *main_site = &scene->process.sites[MAIN];
	const struct simulated_site *part_site = &scene->process.sites[PART];

	assert_non_null(finding);
	assert_int_equal(finding->part_count, 1);
	assert_ptr_equal(finding->parts[0].stack, part_site->stack);
	assert_int_equal(finding->parts[0].goroutines, part_site->born);
	assert_int_equal(finding->parts[0].wait, state_find(STR("chan receive")));
	assert_true(fabs(finding->parts[0].ratio - ratio) < 0.15 * ratio);
	assert_int_equal(finding->goroutines_last, main_site->born); // the main part's alone
	assert_true(finding->rate_per_s.low < 1.3 && finding->rate_per_s.high > 0.7);
}

static void a_fixed_ratio_is_one_finding_whoever_created_them(void **state)
{
	(void)state;
	for (uint32_t pairs = 1; pairs <= 3; pairs++)
		for (int noisy = 0; noisy < 2; noisy++) {
			struct simulated_process process = process_of("main.one", "main.two");

			leave_together(&process, pairs, noisy ? 0.93 : 0);
			for (uint64_t seed = 1; seed <= RUNS; seed++) {
				struct scene scene;

				play(&scene, &process, LOOK_IDS, 180, seed);
				check_parts(&scene, pairs * (noisy ? 0.93 : 1));
				scene_end(&scene);
			}
		}
}

static void counts_in_a_fixed_ratio_are_one_finding(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");

	(void)state;
	leave_together(&process, 2, 0);
	assert_int_equal(count_joined(&process, LOOK_COUNTS, 180), RUNS);
}

static void independent_leaks_of_one_rate_stay_apart(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");

	(void)state;
	process.sites[MAIN].per_s = process.sites[PART].per_s = 1;
	assert_int_equal(count_joined(&process, LOOK_IDS, 180), 0);
	assert_int_equal(count_joined(&process, LOOK_COUNTS, 180), 0);
	process = process_of("main.one", "main.one");
	process.sites[MAIN].per_s = process.sites[PART].per_s = 1;
	assert_true(count_joined(&process, LOOK_IDS, 180) <= 2);
}

static double in_waves(double t_s)
{
	return 1 + 0.9 * sin(t_s / 15);
}

// Both follow the load, and are as independent as before.
static void leaks_that_follow_one_load_stay_apart(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");

	(void)state;
	process.load = in_waves;
	process.sites[MAIN].per_request = process.sites[PART].per_request = 0.05;
	assert_int_equal(count_joined(&process, LOOK_IDS, 180), 0);
}

static void two_clocks_are_no_common_cause(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");

	(void)state;
	process.sites[MAIN].per_s = process.sites[PART].per_s = 1;
	process.sites[MAIN].by_clock = process.sites[PART].by_clock = true;
	assert_int_equal(count_joined(&process, LOOK_IDS, 180), 0);
}

// A crowd that fills the axis of IDs is everybody's neighbour.
static void many_births_make_no_neighbours(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");

	(void)state;
	process.sites[REQUEST].per_s = 0.5;
	process.sites[MAIN].per_s = process.sites[PART].per_s = 2;
	assert_int_equal(count_joined(&process, LOOK_IDS, 120), 0);
}

// A reader, two writers and one who waits for all of them: named after what nobody takes.
static void a_mistake_is_named_after_what_says_most(void **state)
{
	struct simulated_process process = process_of("main.one", "main.two");
	struct scene scene;
	const struct finding *finding;

	(void)state;
	leave_together(&process, 1, 0);
	process.sites[MAIN] = (struct simulated_site){.function = "main.waitForAll",
		.creator = "main.three",
		.wait = "sync.WaitGroup.Wait",
		.rate = from_now_on,
		.per_s = 1,
		.life_s = INFINITY};
	process.sites[PART + 1] = (struct simulated_site){.function = "main.send",
		.creator = "main.one",
		.wait = "chan send",
		.life_s = INFINITY,
		.in_pairs = true,
		.pairs = 2};
	play(&scene, &process, LOOK_IDS, 180, 5);
	finding = finding_of(&scene, PART + 1);
	assert_non_null(finding);
	assert_int_equal(scene.report.finding_count, 1);
	assert_int_equal(finding->part_count, 2);
	assert_true(fabs(finding->parts[0].ratio - 0.5) < 0.05);
	assert_true(fabs(finding->parts[1].ratio - 0.5) < 0.05);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_ratio_is_one_finding_whoever_created_them),
		cmocka_unit_test(counts_in_a_fixed_ratio_are_one_finding),
		cmocka_unit_test(independent_leaks_of_one_rate_stay_apart),
		cmocka_unit_test(leaks_that_follow_one_load_stay_apart),
		cmocka_unit_test(two_clocks_are_no_common_cause),
		cmocka_unit_test(many_births_make_no_neighbours),
		cmocka_unit_test(a_mistake_is_named_after_what_says_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
