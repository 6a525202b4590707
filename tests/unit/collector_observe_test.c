// SPDX-License-Identifier: Apache-2.0
// From a snapshot to groups: one per stack, with waits, creator, times, labels and IDs.
#include "base/cleanup.h"
#include "collector/observe/observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct made {
	struct stacks *stacks;
	struct snapshot *snapshot;
	struct arena arena;
	struct observation seen;
};

static int make(void **state)
{
	struct made *made = calloc(1, sizeof(*made));

	made->stacks = stacks_new(MIB(16));
	made->arena = ARENA_INIT(MIB(16));
	made->snapshot = snapshot_new(PROFILE_GOROUTINE, SOURCE_DEBUG2, made->stacks);
	observation_init(&made->seen, STR("t"));
	*state = made;
	return made->snapshot ? 0 : -1;
}

static int release(void **state)
{
	struct made *made = *state;

	snapshot_free(&made->snapshot);
	arena_release(&made->arena);
	stacks_free(&made->stacks);
	free(made);
	return 0;
}

static uint32_t trace(struct made *made, const char *function, const char *creator)
{
	const struct frame frame = {.function = str_of(function), .file = STR("/a.go"), .line = 1};
	const struct trace_draft draft = {.frames = &frame,
		.frame_count = 1,
		.created_by = {.function = str_of(creator), .file = STR("/c.go"), .line = 9}};
	const struct trace *added;

	assert_int_equal(stacks_add_trace(made->stacks, &draft, &added), 0);
	return added->index;
}

static struct goroutine goroutine(
	struct made *made, uint64_t id, const char *wait, const char *creator)
{
	struct goroutine g = {.id = id, .trace = trace(made, "main.f", creator)};

	assert_int_equal(stacks_add_state(made->stacks, str_of(wait), &g.state), 0);
	return g;
}

static void add(struct made *made, struct goroutine g)
{
	assert_int_equal(snapshot_add_goroutine(made->snapshot, &g), 0);
}

static const struct observed_group *observe(struct made *made, uint32_t groups)
{
	assert_int_equal(observe_goroutines(made->snapshot, &made->arena, &made->seen), 0);
	assert_true(made->seen.has_groups);
	assert_int_equal(made->seen.group_count, groups);
	return made->seen.groups;
}

static void waits_are_counted_most_frequent_first(void **state)
{
	static const char *const waits[] = {"select", "chan send", "IO wait", "chan send", "odd"};
	struct made *made = *state;
	const struct observed_group *group;
	const char *const order[] = {"chan send", "IO wait", "odd", "select"};

	for (uint64_t i = 0; i < 5; i++)
		add(made, goroutine(made, i + 1, waits[i], "main.main"));
	group = observe(made, 1);
	assert_int_equal(group->count, 5);
	assert_true(group->has_waits);
	assert_int_equal(group->wait_count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		struct str name = stacks_state_name(made->stacks, group->waits[i].state);

		assert_true(str_equal(name, str_of(order[i])));
		assert_int_equal(group->waits[i].count, i == 0 ? 2 : 1);
	}
}

static void the_creator_is_that_of_most_and_the_first_by_name_among_equals(void **state)
{
	struct made *made = *state;
	const struct observed_group *group;

	add(made, goroutine(made, 1, "select", "main.b"));
	add(made, goroutine(made, 2, "select", "main.c"));
	add(made, goroutine(made, 3, "select", "main.c"));
	add(made, goroutine(made, 4, "select", "main.b"));
	add(made, goroutine(made, 5, "select", "main.a"));
	add(made, goroutine(made, 6, "select", ""));
	group = observe(made, 1);
	assert_true(str_equal(group->created_by.function, STR("main.b")));
	assert_int_equal(group->created_by.line, 9);
}

static void minutes_have_a_range_and_those_who_waited_are_counted(void **state)
{
	static const uint32_t minutes[] = {3, 0, 12, 1};
	struct made *made = *state;
	const struct observed_group *group;

	for (uint64_t i = 0; i < 4; i++) {
		struct goroutine g = goroutine(made, i + 1, "select", "main.main");

		g.minutes = minutes[i];
		g.flags = i < 2 ? GOROUTINE_LEAKED : 0;
		add(made, g);
	}
	group = observe(made, 1);
	assert_true(group->has_minutes);
	assert_int_equal(group->minutes_min, 0);
	assert_int_equal(group->minutes_max, 12);
	assert_int_equal(group->waited, 3);
	assert_int_equal(group->leaked, 2);
}

static void the_sixteen_most_frequent_labels_stay(void **state)
{
	struct made *made = *state;
	const struct observed_group *group;
	uint64_t id = 0;

	// Value n is carried by n + 1 goroutines: 0 to 3 go.
	for (uint32_t value = 0; value < 20; value++) {
		char text[8];
		struct label label = {STR("tenant"), STR_EMPTY};
		struct goroutine g = goroutine(made, 0, "select", "main.main");

		(void)snprintf(text, sizeof(text), "%02u", value);
		label.value = str_of(text);
		assert_int_equal(stacks_add_labels(made->stacks, &label, 1, &g.labels), 0);
		for (uint32_t i = 0; i <= value; i++) {
			g.id = ++id;
			add(made, g);
		}
	}
	group = observe(made, 1);
	assert_int_equal(group->label_count, OBSERVED_LABELS_MAX);
	for (uint32_t i = 0; i < OBSERVED_LABELS_MAX; i++) {
		assert_true(str_equal(group->labels[i].key, STR("tenant")));
		assert_int_equal(group->labels[i].count, i + 5); // by value
	}
}

static void ids_ascend_and_one_that_stands_twice_counts_once(void **state)
{
	static const uint64_t ids[] = {40, 7, 7, 1000, 8};
	static const uint64_t sorted[] = {7, 8, 40, 1000};
	struct made *made = *state;
	const struct observed_group *group;

	for (size_t i = 0; i < 5; i++)
		add(made, goroutine(made, ids[i], "select", "main.main"));
	group = observe(made, 1);
	assert_true(group->has_ids);
	assert_int_equal(group->count, 4);
	assert_int_equal(group->id_count, 4);
	assert_memory_equal(group->ids, sorted, sizeof(sorted));
	assert_int_equal(made->seen.max_id, 1000);
	assert_int_equal(made->seen.source, OBSERVED_DEBUG2);
}

static void the_collectors_own_goroutine_is_listed_and_marked(void **state)
{
	struct made *made = *state;
	struct goroutine g = goroutine(made, 1, "running", "main.main");
	const struct observed_group *groups;

	add(made, g);
	g.id = 2;
	g.trace = trace(made, "runtime/pprof.writeGoroutineStacks", "net/http.(*Server).Serve");
	add(made, g);
	groups = observe(made, 2);
	assert_int_equal(made->seen.goroutines, 2);
	assert_int_equal(groups[0].stack->observer + groups[1].stack->observer, 1);
	assert_true(groups[0].stack->key < groups[1].stack->key);
}

static void counts_have_neither_ids_nor_times(void **state)
{
	struct made *made = *state;
	struct sample sample = {.count = 30};
	const struct observed_group *group;

	snapshot_free(&made->snapshot);
	made->snapshot = snapshot_new(PROFILE_GOROUTINE, SOURCE_DEBUG0, made->stacks);
	sample.trace = trace(made, "main.f", "");
	assert_int_equal(snapshot_add_sample(made->snapshot, &sample), 0);
	sample.count = -1; // damage
	assert_int_equal(snapshot_add_sample(made->snapshot, &sample), 0);
	group = observe(made, 1);
	assert_int_equal(group->count, 30);
	assert_false(group->has_ids);
	assert_false(group->has_minutes);
	assert_false(group->has_waits); // the source does not tell
	assert_int_equal(group->created_by.function.len, 0);
	assert_int_equal(made->seen.dumped, 30);
	assert_int_equal(made->seen.source, OBSERVED_DEBUG0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_are_counted_most_frequent_first),
		TEST(the_creator_is_that_of_most_and_the_first_by_name_among_equals),
		TEST(minutes_have_a_range_and_those_who_waited_are_counted),
		TEST(the_sixteen_most_frequent_labels_stay),
		TEST(ids_ascend_and_one_that_stands_twice_counts_once),
		TEST(the_collectors_own_goroutine_is_listed_and_marked),
		TEST(counts_have_neither_ids_nor_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
