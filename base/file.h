// SPDX-License-Identifier: Apache-2.0
// Files that are whole or absent.
//
// Writing: bytes go to a temporary name in the same folder; file_commit() flushes, fsyncs, renames
// and fsyncs the folder; anything before it leaves the final name untouched. file_discard() removes
// the temporary file and is safe at any point, also after a commit.
//
//	struct file file;
//	r = file_create(&file, "out/bundle.tar", 0600, error);
//	r = file_write(&file, data, len, error);	// any number of times
//	r = file_commit(&file, error);
//	file_discard(&file);				// always
//
// All descriptors are O_CLOEXEC. EINTR is retried, short writes are continued.
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

struct file {
	int fd; // of the temporary file, or -1
	int folder; // of the folder, or -1
	char *path; // as given, for messages
	char *name; // last part of path
	char *temporary; // its name in the folder; NULL once renamed or removed
	uint64_t written; // bytes
};

#define FILE_INIT ((struct file){.fd = -1, .folder = -1})

int file_create(struct file *file, const char *path, mode_t mode, struct error *error);
int file_write(struct file *file, const void *data, size_t len, struct error *error);
int file_commit(struct file *file, struct error *error);
void file_discard(struct file *file);

// Write all of it to a descriptor; EPIPE is reported as such ("closed pipe").
int fd_write_all(int fd, const void *data, size_t len, const char *name, struct error *error);

// Read a whole file, at most buf->max bytes: -EFBIG when it is longer. "-" is standard input.
int file_read(const char *path, struct buf *buf, struct error *error);
