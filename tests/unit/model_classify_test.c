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

#define PAIR(early, late) {early, late}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_in_flight_have_four_cases),
		cmocka_unit_test(each_class_is_reached_and_none_for_its_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
