// SPDX-License-Identifier: Apache-2.0
// The classes: each is reached by what it means, and by none of its neighbours.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "class_scenarios.h"
#include "model/flight.h"

#define TEXT_MOST 320
#define SEEDS 3

static void check(const struct scenario *scenario, const struct finding *finding)
{
	enum verdict verdict = finding ? finding->verdict : VERDICT_NONE;

	if (verdict != scenario->verdict || (finding && finding->class != scenario->class))
		fail_msg("%s: %s, %s: %s", scenario->name, verdict_name(verdict),
			finding ? finding_class_name(finding->class) : "-",
			finding ? finding->because.data : "");
	if (!finding)
		return;
	if (scenario->because && !strstr(finding->because.data, scenario->because))
		fail_msg("%s: says: %s", scenario->name, finding->because.data);
	assert_in_range(finding->because.len, 1, TEXT_MOST);
	assert_in_range(finding->decides.len, 0, TEXT_MOST);
	if (finding->open && finding->verdict != VERDICT_CONFIRMED && finding->proven == 0)
		assert_true(finding->decides.len > 0);
}

static void each_class_is_reached_and_none_for_its_neighbour(void **state)
{
	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++)
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			struct scene scene;

			assert_true(scene_play(&scene, &scenarios[i], seed));
			check(&scenarios[i], scene_finding(&scene, &scenarios[i]));
			scene_end(&scene);
		}
}

#define PAIR(early, late)                                                                          \
	{                                                                                          \
		early, late                                                                        \
	}

// Little's four cases (leak-model 3.2), and what cannot be told.
static void requests_in_flight_have_four_cases(void **state)
{
	static const struct {
		struct flight flight;
		enum flight_case kind;
	} cases[] = {
		{{PAIR(40, 41), PAIR(40, 41), PAIR(40, 41), PAIR(1, 1)}, FLIGHT_LEVEL},
		{{PAIR(40, 120), PAIR(40, 120), PAIR(40, 120), PAIR(1, 1)}, FLIGHT_LOAD},
		{{PAIR(40, 400), PAIR(40, 395), PAIR(40, 40), PAIR(1, 9.9)}, FLIGHT_SLOW},
		{{PAIR(40, 400), PAIR(40, 41), PAIR(40, 40), PAIR(1, 1)}, FLIGHT_STUCK},
		{{PAIR(40, 400), PAIR(40, 0), PAIR(40, 0), PAIR(1, NAN)}, FLIGHT_STUCK},
		{{PAIR(NAN, NAN), PAIR(40, 400), PAIR(40, 40), PAIR(1, 10)}, FLIGHT_SLOW},
		{{PAIR(40, 400), PAIR(NAN, NAN), PAIR(40, 40), PAIR(NAN, NAN)}, FLIGHT_UNKNOWN},
		{{PAIR(NAN, NAN), PAIR(NAN, NAN), PAIR(40, 40), PAIR(NAN, NAN)}, FLIGHT_UNKNOWN},
		{{PAIR(40, 300), PAIR(40, 290), PAIR(40, 80), PAIR(1, 3.6)}, FLIGHT_SLOW},
		{{PAIR(40, 300), PAIR(40, 290), PAIR(40, 180), PAIR(1, 1.6)}, FLIGHT_LOAD},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(flight_case_of(&cases[i].flight), cases[i].kind);
}

static double swings_and_bursts(double t_s)
{
	return 1 + 0.8 * sin(t_s / 90) + (fmod(t_s, 300) < 30 ? 4 : 0);
}

static void swinging_service(struct simulated_process *process)
{
	process->load = swings_and_bursts;
	process->sites[TWIN].per_s = 0.3;
	process->sites[TWIN].life_s = 400;
	process->sites[EXTRA] = (struct simulated_site){.function = "main.(*cache).get",
		.inner = "sync.(*Mutex).Lock",
		.wait = "sync.Mutex.Lock",
		.per_request = 0.5,
		.life_s = 2,
		.profiled = true};
}

// Swinging load with bursts, sessions and a busy lock: nothing to say but that it follows the load.
static void a_healthy_service_has_no_class(void **state)
{
	int told = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		const struct scenario scenario = {
			"healthy", swinging_service, seed % 2 ? 600 : 7200, seed % 2 ? 5 : 60};
		struct scene scene;

		assert_true(scene_play(&scene, &scenario, seed));
		for (uint32_t i = 0; i < scene.report.finding_count; i++) {
			const struct finding *finding = &scene.report.findings[i];

			if (finding->class > CLASS_UNKNOWN && finding->class != CLASS_LOAD) {
				print_message("seed %d: %s: %s: %s\n", (int)seed,
					finding_class_name(finding->class),
					finding->site.function.data, finding->because.data);
				told++;
			}
		}
		scene_end(&scene);
	}
	assert_int_equal(told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_in_flight_have_four_cases),
		cmocka_unit_test(a_healthy_service_has_no_class),
		cmocka_unit_test(each_class_is_reached_and_none_for_its_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
