// SPDX-License-Identifier: Apache-2.0
// The sixteen rows of the four signs, each from a simulated process that really shows them, and
// what is said when some are not known: tests/golden/signs/*.txt.
//
//	sixteen rows | diff tests/golden/signs/rows.txt -
//	sixteen not-known | diff tests/golden/signs/not-known.txt -
#include "model/signs.h"

#include "../../unit/sign_scenes.h"

#define SEED 7

static void print_sign(enum sign_kind kind, const struct sign *sign)
{
	double unit = kind == SIGN_HEAP ? SIGN_MIB : 1;

	printf("  %-11s %-9s", sign_name(kind), sign_state_name(sign->state));
	if (sign->state == SIGN_NOT_KNOWN)
		printf(" %s\n", sign->why);
	else
		printf(" %.0f to %.0f%s, by %s\n", sign->first / unit, sign->last / unit,
			kind == SIGN_HEAP    ? " MiB"
			: kind >= SIGN_BLOCK ? " waiting on average"
					     : "",
			sign->from);
}

// Words up to column 80, as a terminal would.
static void print_wrapped(struct str text)
{
	size_t column = 2;

	printf(" ");
	while (text.len > 0) {
		size_t word = str_find_byte(text, ' ');

		if (column + word + 1 > 80) {
			printf("\n ");
			column = 2;
		}
		printf(" %.*s", (int)word, text.data);
		column += word + 1;
		text = str_skip(text, word < text.len ? word + 1 : word);
	}
	printf("\n");
}

static int print_scene(struct sign_scene *scene, const char *title, int row)
{
	int r = play_scene(scene, SEED);
	bool whole, right;

	if (r == 0) {
		const struct target_report *target = &scene->report.targets[0];

		printf("%s\n", title);
		for (int i = 0; i < SIGNS; i++)
			print_sign((enum sign_kind)i, &target->signs.sign[i]);
		print_wrapped(target->reading.len > 0 ? target->reading : STR("(nothing is said)"));
		printf("\n");
		right = row < 0 || (int)signs_row(&target->signs, &whole) == row;
		r = right ? 0 : -EINVAL;
	}
	end_scene(scene);
	return r;
}

static int print_rows(void)
{
	int r = 0;

	for (int row = 0; row < SIGN_ROWS && r == 0; row++) {
		struct sign_scene scene = {.goroutines = row & 8,
			.heap = row & 4,
			.block = row & 2,
			.mutex = row & 1,
			.seconds = 600,
			.interval_s = 10};
		char title[80];

		snprintf(title, sizeof(title), "row %d:%s%s%s%s%s", row,
			row == 0 ? " nothing up" : "", row & 8 ? " goroutines" : "",
			row & 4 ? " heap" : "", row & 2 ? " block" : "", row & 1 ? " mutex" : "");
		r = print_scene(&scene, title, row);
	}
	return r;
}

static int print_not_known(void)
{
	struct sign_scene no_rates = {.goroutines = true,
		.heap = true,
		.no_profiles = true,
		.seconds = 600,
		.interval_s = 10};
	struct sign_scene no_heap = {
		.mutex = true, .no_heap = true, .seconds = 600, .interval_s = 10};
	struct sign_scene resident = {
		.heap = true, .resident = true, .seconds = 600, .interval_s = 10};
	struct sign_scene little = {.goroutines = true, .seconds = 30, .interval_s = 10};
	struct sign_scene no_block = {.goroutines = true,
		.mutex = true,
		.no_block = true,
		.seconds = 600,
		.interval_s = 10};
	int r = print_scene(&no_rates, "profiles not fetched", -1);

	if (r == 0)
		r = print_scene(&no_heap, "no memory told", -1);
	if (r == 0)
		r = print_scene(&no_block, "no block profile", -1);
	if (r == 0)
		r = print_scene(&resident, "resident memory alone", -1);
	return r < 0 ? r : print_scene(&little, "three looks", -1);
}

int main(int argc, char **argv)
{
	int r = argc == 2 && strcmp(argv[1], "rows") == 0        ? print_rows()
		: argc == 2 && strcmp(argv[1], "not-known") == 0 ? print_not_known()
								 : -EINVAL;

	if (r < 0)
		fprintf(stderr, "sixteen: %s\n", strerror(-r));
	return r < 0;
}
