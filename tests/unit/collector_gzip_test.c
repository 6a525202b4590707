// SPDX-License-Identifier: Apache-2.0
// gzip as a stream: what is packed comes back whatever the pieces, and damage is noticed.
#include "base/buf.h"
#include "base/limits.h"
#include "collector/form/gzip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int append(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

// All of `data` through gzip in pieces; the first failure, or 0.
static int pass(enum gzip_way way, uint64_t max, struct str data, size_t piece, struct buf *out)
{
	struct gzip *gzip = gzip_new(way, max, (struct sink){append, out});
	struct error error = {0};
	int r = 0;

	assert_non_null(gzip);
	while (data.len > 0 && r == 0) {
		struct str part = str_head(data, piece);

		r = gzip_feed(gzip, part.data, part.len, &error);
		data = str_skip(data, part.len);
	}
	if (r == 0)
		r = gzip_finish(gzip, &error);
	gzip_free(&gzip);
	assert_int_equal(error.code, r);
	return r;
}

static struct str sample(void)
{
	static char text[KIB(100)];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)("goroutine 17 [select]:\n"[i % 23] + (i % 1009 == 0));
	return (struct str){text, sizeof(text)};
}

static struct buf packed(struct str data)
{
	struct buf out = BUF_INIT(MIB(1));

	assert_int_equal(pass(GZIP_PACK, 0, data, data.len, &out), 0);
	return out;
}

static void what_is_packed_comes_back_whatever_the_pieces(void **state)
{
	static const size_t pieces[] = {1, 7, 1000, 65536, KIB(100)};
	struct buf small = packed(sample());

	(void)state;
	assert_true(small.len < KIB(10));
	assert_true(gzip_begins(buf_str(&small)));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buf again = BUF_INIT(MIB(1)), plain = BUF_INIT(MIB(1));

		assert_int_equal(pass(GZIP_PACK, 0, sample(), pieces[i], &again), 0);
		assert_true(str_equal(buf_str(&again), buf_str(&small)));
		assert_int_equal(pass(GZIP_UNPACK, 0, buf_str(&small), pieces[i], &plain), 0);
		assert_true(str_equal(buf_str(&plain), sample()));
		buf_release(&again);
		buf_release(&plain);
	}
	buf_release(&small);
}

static void a_member_has_neither_name_nor_time(void **state)
{
	struct buf small = packed(STR("x"));

	(void)state;
	assert_memory_equal(small.data + 3, "\0\0\0\0\0", 5); // flags, time
	buf_release(&small);
}

static void several_members_are_one_stream_and_none_is_an_error(void **state)
{
	struct buf both = packed(STR("one,")), second = packed(STR("two")), plain = BUF_INIT(100);

	(void)state;
	buf_add_buf(&both, &second);
	assert_int_equal(pass(GZIP_UNPACK, 0, buf_str(&both), 1, &plain), 0);
	assert_true(str_equal(buf_str(&plain), STR("one,two")));
	assert_int_equal(pass(GZIP_UNPACK, 0, STR_EMPTY, 1, &plain), -EBADMSG);
	buf_release(&both);
	buf_release(&second);
	buf_release(&plain);
}

static void every_cut_and_every_bit_that_changes_something_is_noticed(void **state)
{
	const struct str text = STR("goroutine 1 [running]:\n");
	struct buf small = packed(text);

	(void)state;
	for (size_t len = 0; len < small.len; len++) {
		struct buf plain = BUF_INIT(100);

		assert_int_equal(pass(GZIP_UNPACK, 0, str_head(buf_str(&small), len), 100, &plain),
			-EBADMSG);
		buf_release(&plain);
	}
	// Behind the header, of which name, time and system are nobody's business. The bits that
	// fill the last byte before the checksum mean nothing.
	for (size_t bit = 8 * 10; bit < 8 * small.len; bit++) {
		struct buf plain = BUF_INIT(KIB(1));
		int r;

		small.data[bit / 8] ^= (char)(1 << bit % 8);
		r = pass(GZIP_UNPACK, 1000, buf_str(&small), 100, &plain);
		assert_true(r < 0 || str_equal(buf_str(&plain), text));
		small.data[bit / 8] ^= (char)(1 << bit % 8);
		buf_release(&plain);
	}
	buf_release(&small);
}

static void a_maximum_ends_it(void **state)
{
	struct buf small = packed(sample()), plain = BUF_INIT(MIB(1));

	(void)state;
	assert_int_equal(
		pass(GZIP_UNPACK, sample().len - 1, buf_str(&small), 1000, &plain), -EFBIG);
	assert_true(plain.len < sample().len);
	buf_clear(&plain);
	assert_int_equal(pass(GZIP_UNPACK, sample().len, buf_str(&small), 1000, &plain), 0);
	buf_release(&small);
	buf_release(&plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_comes_back_whatever_the_pieces),
		cmocka_unit_test(a_member_has_neither_name_nor_time),
		cmocka_unit_test(several_members_are_one_stream_and_none_is_an_error),
		cmocka_unit_test(every_cut_and_every_bit_that_changes_something_is_noticed),
		cmocka_unit_test(a_maximum_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
