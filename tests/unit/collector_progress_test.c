// SPDX-License-Identifier: Apache-2.0
// The progress line: short, true, and safe for a terminal.
#include "collector/commands/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(struct collection *collection, const char *expected)
{
	struct buf line = BUF_INIT(KIB(4));

	for (size_t i = 0; i < collection->target_count; i++)
		collection->targets[i].collection = collection;
	progress_write(&line, collection, 1000);
	assert_string_equal(buf_text(&line), expected);
	buf_release(&line);
}

static void one_target_tells_its_goroutines(void **state)
{
	char name[] = "localhost:6060";
	struct target address = {.name = name};
	struct collection_target target = {.target = &address,
		.interval_s = 10,
		.next_ms = 6000,
		.rounds = 2,
		.first_goroutines = 100,
		.last_goroutines = 130};
	struct collection collection = {.targets = &target, .target_count = 1, .rounds = 4};

	(void)state;
	check(&collection, "snapshot 3 of 4 · localhost:6060 · 130 goroutines (+30) · 15 s left");
	target.rounds = 4;
	target.last_goroutines = 90;
	check(&collection, "snapshot 4 of 4 · localhost:6060 · 90 goroutines (-10) · 0 s left");
	target.first_goroutines = target.last_goroutines = -1;
	target.failed_ticks = 1;
	check(&collection, "snapshot 4 of 4 · localhost:6060 · failing · 0 s left");
}

static void many_targets_are_counted(void **state)
{
	struct collection_target targets[3] = {
		{.interval_s = 10, .next_ms = 3000, .rounds = 1, .failed_ticks = 1},
		{.interval_s = 20, .next_ms = 2000, .rounds = 1},
		{.interval_s = 10, .busy = true},
	};
	struct collection collection = {.targets = targets, .target_count = 3, .rounds = 2};

	(void)state;
	check(&collection, "snapshots 2 of 6 · 3 targets, 1 failing · 10 s left");
}

static void a_name_cannot_reach_the_terminal(void **state)
{
	char name[] = "\x1b[2Jgateway";
	struct target address = {.name = name};
	struct collection_target target = {
		.target = &address, .first_goroutines = -1, .last_goroutines = -1};
	struct collection collection = {.targets = &target, .target_count = 1, .rounds = 1};
	struct buf line = BUF_INIT(KIB(4));

	(void)state;
	target.collection = &collection;
	progress_write(&line, &collection, 0);
	assert_null(strchr(buf_text(&line), '\x1b'));
	buf_release(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_target_tells_its_goroutines),
		cmocka_unit_test(many_targets_are_counted),
		cmocka_unit_test(a_name_cannot_reach_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
