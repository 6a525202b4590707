// SPDX-License-Identifier: Apache-2.0
// tar headers: the form that every tar reads, long names, and what is no header.
#include "collector/bundle/tar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHECKSUM_AT 148
#define CHECKSUM_LEN 8

static void a_header_is_plain_ustar(void **state)
{
	static const struct {
		size_t at;
		const char *text;
		size_t len;
	} fields[] = {
		{0, "a/report.html", 14}, {100, "0000600", 8}, // mode
		{108, "0000000", 8}, // owner
		{116, "0000000", 8}, {124, "00000001750", 12}, // 1,000 bytes
		{136, "15110055647", 12}, // 1763728295
		{156, "0", 1},
		{257,
			"ustar\0"
			"00",
			8},
		{345, "", 1}, // prefix
	};
	uint8_t header[TAR_BLOCK];
	struct error error;
	char path[257];
	uint64_t size;

	(void)state;
	assert_int_equal(tar_header(STR("a/report.html"), 1000, 015110055647, header, &error), 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_memory_equal(header + fields[i].at, fields[i].text, fields[i].len);
	assert_true(tar_header_read(header, path, &size));
	assert_string_equal(path, "a/report.html");
	assert_int_equal(size, 1000);
}

// `len` bytes, in components of `component` bytes.
static struct str path_of(size_t len, size_t component)
{
	static char text[512];

	for (size_t i = 0; i < len; i++)
		text[i] = i % (component + 1) == component && i + 1 < len ? '/' : 'x';
	return (struct str){text, len};
}

static void long_paths_come_back_as_they_were(void **state)
{
	uint8_t header[TAR_BLOCK];
	struct error error;
	char path[257];
	uint64_t size;

	(void)state;
	for (size_t component = 1; component <= 64; component++) {
		for (size_t len = 1; len <= 192; len++) {
			struct str full = path_of(len, component);

			assert_int_equal(tar_header(full, len, 0, header, &error), 0);
			assert_true(tar_header_read(header, path, &size));
			assert_true(str_equal(str_of(path), full));
			assert_int_equal(size, len);
		}
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	uint8_t header[TAR_BLOCK];
	struct error error;

	(void)state;
	assert_int_equal(tar_header(path_of(100, 500), 0, 0, header, &error), 0);
	assert_int_equal(tar_header(path_of(101, 500), 0, 0, header, &error), -ENAMETOOLONG);
	assert_int_equal(tar_header(path_of(300, 64), 0, 0, header, &error), -ENAMETOOLONG);
	assert_int_equal(tar_header(STR_EMPTY, 0, 0, header, &error), -ENAMETOOLONG);
	assert_int_equal(tar_header(STR("a"), TAR_SIZE_MAX, 0, header, &error), 0);
	assert_int_equal(
		tar_header(STR("a"), (uint64_t)TAR_SIZE_MAX + 1, 0, header, &error), -EFBIG);
}

static void a_changed_header_is_none(void **state)
{
	uint8_t header[TAR_BLOCK];
	struct error error;
	char path[257];
	uint64_t size;

	(void)state;
	assert_int_equal(tar_header(path_of(150, 40), 77, 12345, header, &error), 0);
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		if (i >= CHECKSUM_AT && i < CHECKSUM_AT + CHECKSUM_LEN)
			continue;
		for (int bit = 0; bit < 8; bit++) {
			header[i] ^= (uint8_t)(1 << bit);
			assert_false(tar_header_read(header, path, &size));
			header[i] ^= (uint8_t)(1 << bit);
		}
	}
	assert_true(tar_header_read(header, path, &size));
	memset(header, 0, sizeof(header));
	assert_false(tar_header_read(header, path, &size));
}

static void sizes_are_padded_to_blocks(void **state)
{
	(void)state;
	assert_int_equal(tar_padded(0), 0);
	assert_int_equal(tar_padded(1), 512);
	assert_int_equal(tar_padded(512), 512);
	assert_int_equal(tar_padded(513), 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_plain_ustar),
		cmocka_unit_test(long_paths_come_back_as_they_were),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_changed_header_is_none),
		cmocka_unit_test(sizes_are_padded_to_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
