// SPDX-License-Identifier: Apache-2.0
// The one form of tar that bundles have: POSIX ustar, regular files, owner 0, mode 0600. Its
// headers are a function of path, size and time, so that whoever knows these can check every byte.
#pragma once

#include "base/error.h"
#include "base/str.h"

#define TAR_BLOCK 512
#define TAR_END (2 * TAR_BLOCK) // zero bytes that close the archive
#define TAR_NAME_MAX 100
#define TAR_PREFIX_MAX 155
#define TAR_SIZE_MAX 077777777777 // bytes of a member: what eleven octal digits hold

// -ENAMETOOLONG when the path does not fit: a '/' must part it into prefix and name. Components of
// at most 64 bytes and 192 in all always do, up to 256 may. -EFBIG above TAR_SIZE_MAX.
int tar_header(struct str path, uint64_t size, int64_t mtime_s, uint8_t header[static TAR_BLOCK],
	struct error *error);
// Path and size of a header whose checksum is right; false: it is none. `path` needs 257 bytes.
bool tar_header_read(const uint8_t header[static TAR_BLOCK], char path[static 257], uint64_t *size);
uint64_t tar_padded(uint64_t size); // up to the next block
