// SPDX-License-Identifier: Apache-2.0
// SHA-256, incremental, on OpenSSL's libcrypto.
#pragma once

#include "base/str.h"

#define SHA256_BYTES 32
#define SHA256_HEX (2 * SHA256_BYTES)

struct sha256; // opaque

struct sha256 *sha256_new(void); // NULL when there is no memory
void sha256_add(struct sha256 *digest, const void *data, size_t len);
// The digest of what was added so far; the state goes on unchanged. Negative errno on failure,
// which includes an earlier failed sha256_add.
int sha256_get(struct sha256 *digest, uint8_t out[static SHA256_BYTES]);
int sha256_get_hex(struct sha256 *digest, char out[static SHA256_HEX + 1]);
void sha256_reset(struct sha256 *digest);
// The digest of one text alone, quicker than sha256_of: the state is used again, and what was added
// to it before is lost; sha256_reset before adding to it again.
int sha256_one(struct sha256 *digest, struct str text, uint8_t out[static SHA256_BYTES]);
void sha256_free(struct sha256 **digest); // NULL is fine; the pointer becomes NULL

int sha256_of(struct str text, uint8_t out[static SHA256_BYTES]);
int sha256_hex_of(struct str text, char out[static SHA256_HEX + 1]);
