// SPDX-License-Identifier: Apache-2.0
// The classes: each is reached by what it means, and by none of its neighbours.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "class_scenarios.h"

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
	if (finding->open && finding->verdict != VERDICT_CONFIRMED)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_class_is_reached_and_none_for_its_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
