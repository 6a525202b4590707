// SPDX-License-Identifier: Apache-2.0
// Buffers and arenas: a maximum from birth, failures that stick.
#include "base/buf.h"

#include "base/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void holds_its_maximum_and_no_byte_more(void **state)
{
	struct buf buf = BUF_INIT(100);

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_add_byte(&buf, 'x');
	assert_int_equal(buf_failed(&buf), 0);
	assert_int_equal(buf.len, 100);
	assert_true(buf.capacity <= 101);
	buf_add_byte(&buf, 'y');
	assert_int_equal(buf_failed(&buf), -EFBIG);
	assert_int_equal(strlen(buf_text(&buf)), 100);
	buf_release(&buf);
}

static void a_failure_sticks_until_cleared(void **state)
{
	struct buf buf = BUF_INIT(4);

	(void)state;
	buf_add_text(&buf, "12345");
	buf_add_text(&buf, "1");
	buf_printf(&buf, "%d", 1);
	assert_int_equal(buf_failed(&buf), -EFBIG);
	assert_int_equal(buf.len, 0);
	assert_null(buf_reserve(&buf, 0));
	assert_null(buf_take(&buf));
	assert_int_equal(buf_failed(&buf), -EFBIG);
	buf_clear(&buf);
	buf_add_text(&buf, "1234");
	assert_int_equal(buf_failed(&buf), 0);
	assert_string_equal(buf_text(&buf), "1234");
	buf_release(&buf);
}

static void taking_a_failed_buffer_leaves_nothing_behind(void **state)
{
	struct buf buf = BUF_INIT(4);

	(void)state;
	buf_add_text(&buf, "1234");
	buf_add_text(&buf, "5");
	assert_null(buf_take(&buf));
	assert_null(buf.data);
}

static void no_overflow_at_the_largest_maximum(void **state)
{
	struct buf buf = BUF_INIT(SIZE_MAX);

	(void)state;
	buf_add_text(&buf, "abc");
	assert_null(buf_reserve(&buf, SIZE_MAX - 2));
	assert_int_equal(buf_failed(&buf), -EFBIG);
	buf_release(&buf);
}

static void prints_across_a_growth(void **state)
{
	struct buf buf = BUF_INIT(1000);

	(void)state;
	for (int i = 0; i < 30; i++)
		buf_printf(&buf, "%s-%02d,", "abc", i);
	assert_int_equal(buf.len, 30 * 7);
	assert_memory_equal(buf.data + 29 * 7, "abc-29,", 8);
	buf_clear(&buf);
	buf_printf(&buf, "%1000d", 1);
	assert_int_equal(buf_failed(&buf), 0);
	buf_printf(&buf, "%d", 1);
	assert_int_equal(buf_failed(&buf), -EFBIG);
	assert_int_equal(strlen(buf_text(&buf)), 1000);
	buf_release(&buf);
}

static void consumes_truncates_and_reserves(void **state)
{
	struct buf buf = BUF_INIT(64);
	char *room;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	assert_int_equal(buf_str(&buf).len, 0);
	buf_consume(&buf, 5);
	buf_truncate(&buf, 5);
	buf_add(&buf, STR("hello world"));
	buf_consume(&buf, 6);
	assert_string_equal(buf_text(&buf), "world");
	buf_truncate(&buf, 2);
	room = buf_reserve(&buf, 3);
	assert_non_null(room);
	memcpy(room, "xyz", 3);
	buf_grown(&buf, 3);
	assert_string_equal(buf_text(&buf), "woxyz");
	buf_consume(&buf, 99);
	assert_string_equal(buf_text(&buf), "");
	buf_release(&buf);
}

static void taking_leaves_an_empty_buffer(void **state)
{
	struct buf buf = BUF_INIT(64);
	char *text;

	(void)state;
	text = buf_take(&buf);
	assert_string_equal(text, "");
	free(text);
	buf_add_text(&buf, "abc");
	text = buf_take(&buf);
	assert_string_equal(text, "abc");
	assert_null(buf.data);
	free(text);
}

static void arena_memory_is_zeroed_and_aligned(void **state)
{
	struct arena arena = ARENA_INIT(0);

	(void)state;
	for (size_t size = 0; size < 6000; size += 37) {
		char *copy = arena_text(&arena, STR("odd"));
		char *memory = arena_alloc(&arena, size);

		assert_string_equal(copy, "odd");
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xaa, size);
	}
	assert_true(arena.used <= arena.held);
	arena_release(&arena);
	assert_int_equal(arena.held, 0);
}

static void arena_keeps_its_maximum(void **state)
{
	struct arena arena = ARENA_INIT(10000);
	size_t taken = 0;

	(void)state;
	while (arena_alloc(&arena, 100))
		taken += 100;
	assert_true(taken >= 8700 && arena.held <= 10000);
	assert_null(arena_alloc(&arena, 20000));
	assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_str(&arena, (struct str){.data = "", .len = 20000}).data);
	arena_release(&arena);
	assert_non_null(arena_alloc(&arena, 100));
	arena_release(&arena);
}

static void large_objects_do_not_waste_the_open_block(void **state)
{
	struct arena arena = ARENA_INIT(0);
	size_t held;

	(void)state;
	assert_non_null(arena_alloc(&arena, 16));
	assert_non_null(arena_alloc(&arena, 1 << 22));
	held = arena.held;
	assert_non_null(arena_alloc(&arena, 2000));
	assert_int_equal(arena.held, held);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_its_maximum_and_no_byte_more),
		cmocka_unit_test(a_failure_sticks_until_cleared),
		cmocka_unit_test(taking_a_failed_buffer_leaves_nothing_behind),
		cmocka_unit_test(no_overflow_at_the_largest_maximum),
		cmocka_unit_test(prints_across_a_growth),
		cmocka_unit_test(consumes_truncates_and_reserves),
		cmocka_unit_test(taking_leaves_an_empty_buffer),
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(arena_keeps_its_maximum),
		cmocka_unit_test(large_objects_do_not_waste_the_open_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
