// SPDX-License-Identifier: Apache-2.0
// The canonical form of a bundle: what its writer writes and verify demands.
#pragma once

#include "base/buf.h"
#include "collector/bundle/manifest.h"
#include "collector/bundle/tar.h"

// Order of members (manifest.json and SHA256SUMS stand outside of it).
int bundle_path_compare(struct str a, struct str b);
// A relative path of printable ASCII without empty, "." or ".." components, and not one of the two
// names that the bundle makes itself.
bool bundle_path_is_clean(struct str path);
// Where the members lie when manifest.json has this size; returns where SHA256SUMS begins (its
// header).
uint64_t bundle_place(struct artifact *artifacts, size_t count, uint64_t manifest_size);
// Text of SHA256SUMS. 0, -ENOMEM, -EFBIG; other negative errno when the digest fails.
int bundle_sums(const char *manifest_sha256, const struct artifact *artifacts, size_t count,
	struct buf *out);
