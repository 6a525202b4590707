// SPDX-License-Identifier: Apache-2.0
// SHA-256 by the vectors of FIPS 180-4, in pieces and in one.
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char empty_digest[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_digest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void known_texts_have_known_digests(void **state)
{
	char hex[SHA256_HEX + 1];

	(void)state;
	assert_int_equal(sha256_hex_of(STR_EMPTY, hex), 0);
	assert_string_equal(hex, empty_digest);
	assert_int_equal(sha256_hex_of(STR("abc"), hex), 0);
	assert_string_equal(hex, abc_digest);
}

static void asking_does_not_end_the_digest(void **state)
{
	struct sha256 *digest = sha256_new();
	uint8_t bytes[SHA256_BYTES], whole[SHA256_BYTES];
	char hex[SHA256_HEX + 1];

	(void)state;
	assert_non_null(digest);
	assert_int_equal(sha256_get_hex(digest, hex), 0);
	assert_string_equal(hex, empty_digest);
	sha256_add(digest, "ab", 2);
	assert_int_equal(sha256_get(digest, bytes), 0);
	assert_int_equal(sha256_of(STR("ab"), whole), 0);
	assert_memory_equal(bytes, whole, SHA256_BYTES);
	sha256_add(digest, "c", 1);
	assert_int_equal(sha256_get_hex(digest, hex), 0);
	assert_string_equal(hex, abc_digest);
	sha256_reset(digest);
	assert_int_equal(sha256_get_hex(digest, hex), 0);
	assert_string_equal(hex, empty_digest);
	sha256_free(&digest);
	assert_null(digest);
	sha256_free(&digest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_have_known_digests),
		cmocka_unit_test(asking_does_not_end_the_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
