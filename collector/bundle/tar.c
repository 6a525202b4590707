// SPDX-License-Identifier: Apache-2.0
// ustar headers, written and read.
#include "collector/bundle/tar.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct ustar {
	char name[TAR_NAME_MAX];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char typeflag;
	char linkname[100];
	char magic[6], version[2];
	char uname[32], gname[32];
	char devmajor[8], devminor[8];
	char prefix[TAR_PREFIX_MAX];
	char padding[12];
};

static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

// Octal digits with leading zeros and a NUL, as `len` bytes.
static void octal(char *field, size_t len, uint64_t number)
{
	field[--len] = '\0';
	while (len > 0) {
		field[--len] = (char)('0' + (number & 7));
		number >>= 3;
	}
}

static unsigned checksum(const struct ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++) {
		bool own = i >= offsetof(struct ustar, checksum) &&
			   i < offsetof(struct ustar, checksum) + sizeof(header->checksum);

		sum += own ? (unsigned)' ' : bytes[i];
	}
	return sum;
}

// Where the path is split into prefix and name: at the first '/' that leaves a short enough name.
static bool split(struct str path, size_t *slash)
{
	if (path.len <= TAR_NAME_MAX) {
		*slash = 0;
		return path.len > 0;
	}
	for (size_t i = path.len - TAR_NAME_MAX - 1; i < path.len - 1 && i <= TAR_PREFIX_MAX; i++) {
		if (i > 0 && path.data[i] == '/') {
			*slash = i;
			return true;
		}
	}
	return false;
}

int tar_header(struct str path, uint64_t size, int64_t mtime_s, uint8_t header[static TAR_BLOCK],
	struct error *error)
{
	struct ustar block = {.typeflag = '0'};
	struct str name = path;
	size_t slash;

	if (!split(path, &slash))
		return error_set(error, -ENAMETOOLONG, "the path %.*s does not fit into a tar",
			STR_ARG(path));
	if (size > TAR_SIZE_MAX)
		return error_set(error, -EFBIG, "%.*s is too large for a tar: %llu bytes",
			STR_ARG(path), (unsigned long long)size);
	if (slash > 0) {
		memcpy(block.prefix, path.data, slash);
		name = str_skip(path, slash + 1);
	}
	memcpy(block.name, name.data, name.len);
	memcpy(block.magic, "ustar", 6);
	memcpy(block.version, "00", 2);
	octal(block.mode, sizeof(block.mode), 0600);
	octal(block.uid, sizeof(block.uid), 0);
	octal(block.gid, sizeof(block.gid), 0);
	octal(block.size, sizeof(block.size), size);
	octal(block.mtime, sizeof(block.mtime), mtime_s < 0 ? 0 : (uint64_t)mtime_s);
	octal(block.devmajor, sizeof(block.devmajor), 0);
	octal(block.devminor, sizeof(block.devminor), 0);
	octal(block.checksum, 7, checksum(&block));
	block.checksum[7] = ' ';
	memcpy(header, &block, TAR_BLOCK);
	return 0;
}

static bool read_octal(const char *field, size_t len, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < len && field[i] != '\0' && field[i] != ' '; i++) {
		if (field[i] < '0' || field[i] > '7')
			return false;
		*number = *number << 3 | (uint64_t)(field[i] - '0');
	}
	return true;
}

bool tar_header_read(const uint8_t header[static TAR_BLOCK], char path[static 257], uint64_t *size)
{
	struct ustar block;
	uint64_t sum;
	size_t len, at = 0;

	memcpy(&block, header, TAR_BLOCK);
	if (memcmp(block.magic, "ustar", 5) != 0 ||
		!read_octal(block.checksum, sizeof(block.checksum), &sum) ||
		sum != checksum(&block) || !read_octal(block.size, sizeof(block.size), size))
		return false;
	len = strnlen(block.prefix, sizeof(block.prefix));
	memcpy(path, block.prefix, len);
	at = len;
	if (len > 0)
		path[at++] = '/';
	len = strnlen(block.name, sizeof(block.name));
	memcpy(path + at, block.name, len);
	path[at + len] = '\0';
	return true;
}

uint64_t tar_padded(uint64_t size)
{
	return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}
