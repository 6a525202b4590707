// SPDX-License-Identifier: Apache-2.0
// SHA-256 by libcrypto's EVP interface.
#include "base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct sha256 {
	EVP_MD_CTX *running;
	EVP_MD_CTX *closing; // where a digest is finished while `running` goes on
	bool failed;
};

struct sha256 *sha256_new(void)
{
	struct sha256 *digest = calloc(1, sizeof(*digest));

	if (!digest)
		return NULL;
	digest->running = EVP_MD_CTX_new();
	digest->closing = EVP_MD_CTX_new();
	if (!digest->running || !digest->closing) {
		sha256_free(&digest);
		return NULL;
	}
	sha256_reset(digest);
	return digest;
}

void sha256_add(struct sha256 *digest, const void *data, size_t len)
{
	if (EVP_DigestUpdate(digest->running, data, len) != 1)
		digest->failed = true;
}

int sha256_get(struct sha256 *digest, uint8_t out[static SHA256_BYTES])
{
	if (digest->failed || EVP_MD_CTX_copy_ex(digest->closing, digest->running) != 1 ||
		EVP_DigestFinal_ex(digest->closing, out, NULL) != 1)
		return -EIO;
	return 0;
}

static void to_hex(const uint8_t bytes[static SHA256_BYTES], char out[static SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[SHA256_HEX] = '\0';
}

int sha256_get_hex(struct sha256 *digest, char out[static SHA256_HEX + 1])
{
	uint8_t bytes[SHA256_BYTES];
	int r = sha256_get(digest, bytes);

	if (r < 0)
		return r;
	to_hex(bytes, out);
	return 0;
}

void sha256_reset(struct sha256 *digest)
{
	digest->failed = EVP_DigestInit_ex(digest->running, EVP_sha256(), NULL) != 1;
}

int sha256_one(struct sha256 *digest, struct str text, uint8_t out[static SHA256_BYTES])
{
	// Without a type the one that was looked up before is kept.
	if (digest->failed || EVP_DigestInit_ex(digest->running, NULL, NULL) != 1 ||
		EVP_DigestUpdate(digest->running, text.data, text.len) != 1 ||
		EVP_DigestFinal_ex(digest->running, out, NULL) != 1)
		return -EIO;
	return 0;
}

void sha256_free(struct sha256 **digest)
{
	if (!*digest)
		return;
	EVP_MD_CTX_free((*digest)->running);
	EVP_MD_CTX_free((*digest)->closing);
	free(*digest);
	*digest = NULL;
}

int sha256_of(struct str text, uint8_t out[static SHA256_BYTES])
{
	return EVP_Digest(text.data, text.len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

int sha256_hex_of(struct str text, char out[static SHA256_HEX + 1])
{
	uint8_t bytes[SHA256_BYTES];
	int r = sha256_of(text, bytes);

	if (r < 0)
		return r;
	to_hex(bytes, out);
	return 0;
}
