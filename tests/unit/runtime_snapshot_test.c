// SPDX-License-Identifier: Apache-2.0
#include "runtime/snapshot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void goroutines_come_back_in_order(void **state)
{
	struct snapshot *snapshot = snapshot_new(PROFILE_GOROUTINE, SOURCE_DEBUG2, NULL);
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;
	uint64_t next = 0;

	(void)state;
	assert_null(snapshot_next(snapshot, &(struct goroutine_iterator){0}));
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(snapshot_add_goroutine(snapshot, &(struct goroutine){.id = i}), 0);
	while ((goroutine = snapshot_next(snapshot, &at)))
		assert_int_equal(goroutine->id, next++);
	assert_int_equal(next, 5000);
	assert_int_equal(snapshot->goroutine_count, 5000);
	assert_true(snapshot_has_ids(snapshot));
	assert_int_equal(snapshot->wall_ms, -1);
	assert_int_equal(snapshot->sampling_period, -1);
	snapshot_free(&snapshot);
	assert_null(snapshot);
	snapshot_free(&snapshot);
}

static void all_damage_is_counted_and_some_remembered(void **state)
{
	struct snapshot *snapshot = snapshot_new(PROFILE_GOROUTINE, SOURCE_LOG, NULL);

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		snapshot_add_damage(snapshot, i, i + 1, "reason");
	assert_int_equal(snapshot->skipped, 100);
	assert_int_equal(snapshot->damage_count, LIMIT_DAMAGE_COUNT);
	assert_int_equal(snapshot->damage[63].offset, 63);
	snapshot_free(&snapshot);
}

static void samples_are_kept(void **state)
{
	struct snapshot *snapshot = snapshot_new(PROFILE_MUTEX, SOURCE_DEBUG1, NULL);

	(void)state;
	for (int64_t i = 0; i < 100; i++)
		assert_int_equal(snapshot_add_sample(snapshot, &(struct sample){.count = i}), 0);
	assert_int_equal(snapshot->sample_count, 100);
	assert_int_equal(snapshot->samples[99].count, 99);
	assert_false(snapshot_has_ids(snapshot));
	snapshot_free(&snapshot);
}

static void a_list_owns_its_snapshots(void **state)
{
	struct snapshot_list list = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(
			snapshot_list_add(&list, snapshot_new(PROFILE_GOROUTINE, SOURCE_LOG, NULL)),
			0);
	assert_int_equal(list.count, 10);
	snapshot_list_release(&list);
	assert_int_equal(list.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goroutines_come_back_in_order),
		cmocka_unit_test(all_damage_is_counted_and_some_remembered),
		cmocka_unit_test(samples_are_kept),
		cmocka_unit_test(a_list_owns_its_snapshots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
