// SPDX-License-Identifier: Apache-2.0
// What a finding of each verdict and class says, from simulated processes (tests/unit/
// class_scenarios.h) and, where these take days or luck, from what the runtime marks as leaked.
//
//	classes sentences | diff tests/golden/classes/sentences.txt -
#include "../../unit/class_scenarios.h"

#define SEED 1
#define COLUMNS 80

static void print_wrapped(const char *label, struct str text)
{
	size_t column = 12;

	printf("  %-9s", label);
	while (text.len > 0) {
		size_t word = str_find_byte(text, ' ');

		if (column + word > COLUMNS) {
			printf("\n           ");
			column = 12;
		}
		printf(" %.*s", (int)word, text.data);
		column += word + 1;
		text = str_skip(text, word < text.len ? word + 1 : word);
	}
	printf("\n");
}

static int print_scenario(const struct scenario *scenario)
{
	struct scene scene;
	bool fine = scene_play(&scene, scenario, SEED);
	const struct finding *finding = fine ? scene_finding(&scene, scenario) : NULL;

	printf("%s\n", scenario->name);
	if (!finding) {
		printf("  no finding; the target: %s\n\n", scene.report.targets[0].class_text);
	} else {
		printf("  %s, %s; the target: %s\n", verdict_name(finding->verdict),
			finding_class_name(finding->class), scene.report.targets[0].class_text);
		print_wrapped("because", finding->because);
		if (finding->decides.len > 0)
			print_wrapped("decides", finding->decides);
		printf("\n");
	}
	scene_end(&scene);
	return fine ? 0 : -EINVAL;
}

int main(void)
{
	int r = 0;

	for (size_t i = 0; i < SCENARIOS && r == 0; i++)
		r = print_scenario(&scenarios[i]);
	return r < 0;
}
