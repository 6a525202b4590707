// SPDX-License-Identifier: Apache-2.0
// Is a bundle whole and unchanged? Every byte counts: order and headers as written from the
// manifest, every digest, zero padding, nothing after the end.
#pragma once

#include "collector/bundle/bundle.h"

struct verified {
	uint64_t size;
	uint64_t members;
	char sha256[SHA256_HEX + 1]; // of the whole file
};

// From where the descriptor stands to its end. `verified` may be NULL: then the digest of the whole
// is not computed. 0; -EBADMSG with a message that names the member and the offset; -EIO, -ENOMEM.
int verify_fd(int fd, struct verified *verified, struct error *error);
// The same on memory.
int verify_memory(struct str bundle, struct verified *verified, struct error *error);
// One member alone: 0 or -EBADMSG.
int verify_artifact(
	const struct bundle_file *file, const struct artifact *artifact, struct error *error);
