// SPDX-License-Identifier: Apache-2.0
// Whole files: a temporary name in the target folder, fsync, rename, fsync of the folder.
#include "base/file.h"

#include "base/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define READ_PIECE ((size_t)64 << 10)
#define NAME_TRIES 16

static int open_folder(struct file *file, struct error *error)
{
	struct str path = str_of(file->path);
	size_t slash = str_find_last_byte(path, '/');
	cleanup(free_pointer) char *folder = NULL;

	if (slash == path.len)
		folder = strdup(".");
	else
		folder = strndup(path.data, slash == 0 ? 1 : slash);
	if (!folder)
		return error_no_memory(error, "open a folder");
	file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder < 0)
		return error_set(error, -errno, "open the folder %s: %s", folder, strerror(errno));
	return 0;
}

// Renaming onto a device or a pipe would replace it, and onto a folder cannot work.
static int check_final_name(struct file *file, struct error *error)
{
	struct stat status;

	if (fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : error_set(error, -errno, "look at %s: %s", file->path,
						 strerror(errno));
	if (S_ISDIR(status.st_mode))
		return error_set(
			error, -EISDIR, "write %s: it is a folder; name a file in it", file->path);
	if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return error_set(error, -EINVAL,
			"write %s: it is neither a file nor absent; name another file", file->path);
	return 0;
}

static char *temporary_name(void)
{
	uint64_t random;
	char *name = NULL;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return NULL;
	return asprintf(&name, ".parkwatch-%016llx.tmp", (unsigned long long)random) < 0 ? NULL
											 : name;
}

static int open_temporary(struct file *file, mode_t mode, struct error *error)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		cleanup(free_pointer) char *name = temporary_name();

		if (!name)
			return error_no_memory(error, "name a temporary file");
		file->fd = openat(file->folder, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->fd >= 0) {
			file->temporary = steal(&name);
			// The mode asked for, whatever the umask is.
			if (fchmod(file->fd, mode) < 0)
				break;
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return error_set(
		error, -errno, "create a temporary file for %s: %s", file->path, strerror(errno));
}

static int create_parts(struct file *file, mode_t mode, struct error *error)
{
	int r = open_folder(file, error);

	if (r == 0)
		r = check_final_name(file, error);
	return r < 0 ? r : open_temporary(file, mode, error);
}

int file_create(struct file *file, const char *path, mode_t mode, struct error *error)
{
	struct str name = str_basename(str_of(path));
	int r;

	*file = FILE_INIT;
	if (name.len == 0 || str_equal(name, STR(".")) || str_equal(name, STR("..")))
		return error_set(error, -EISDIR, "write \"%s\": it does not name a file", path);
	file->path = strdup(path);
	file->name = strdup(name.data);
	if (file->path && file->name)
		r = create_parts(file, mode, error);
	else
		r = error_no_memory(error, "create a file");
	if (r < 0)
		file_discard(file);
	return r;
}

// A descriptor set non-blocking by whoever shares it: wait until it takes bytes again.
static bool wait_writable(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

int fd_write_all(int fd, const void *data, size_t len, const char *name, struct error *error)
{
	const char *bytes = data;

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EPIPE) {
			return error_set(
				error, -EPIPE, "write %s: closed pipe (the reader is gone)", name);
		} else if (errno == EAGAIN) {
			if (!wait_writable(fd))
				return error_set(
					error, -errno, "write %s: wait: %s", name, strerror(errno));
		} else if (errno != EINTR) {
			return error_set(error, -errno, "write %s: %s", name, strerror(errno));
		}
	}
	return 0;
}

int file_write(struct file *file, const void *data, size_t len, struct error *error)
{
	int r;

	assert(file->fd >= 0);
	r = fd_write_all(file->fd, data, len, file->path, error);
	if (r == 0)
		file->written += len;
	return r;
}

// Network file systems tell the failed write only here.
static int close_checked(struct file *file, struct error *error)
{
	int r = close(file->fd);

	file->fd = -1;
	if (r < 0 && errno != EINTR)
		return error_set(error, -errno, "close %s: %s", file->path, strerror(errno));
	return 0;
}

int file_commit(struct file *file, struct error *error)
{
	int r;

	assert(file->fd >= 0);
	if (fsync(file->fd) < 0)
		return error_set(error, -errno, "sync %s: %s", file->path, strerror(errno));
	r = close_checked(file, error);
	if (r < 0)
		return r;
	if (renameat(file->folder, file->temporary, file->folder, file->name) < 0)
		return error_set(error, -errno, "rename to %s: %s", file->path, strerror(errno));
	free_pointer(&file->temporary);
	// Some file systems cannot sync a folder and say so by EINVAL; the file itself is safe.
	if (fsync(file->folder) < 0 && errno != EINVAL)
		return error_set(
			error, -errno, "sync the folder of %s: %s", file->path, strerror(errno));
	return 0;
}

void file_discard(struct file *file)
{
	int saved = errno;

	close_fd(&file->fd);
	if (file->temporary)
		(void)unlinkat(file->folder, file->temporary, 0);
	close_fd(&file->folder);
	free_pointer(&file->temporary);
	free_pointer(&file->name);
	free_pointer(&file->path);
	errno = saved;
}

// One piece, at most up to the maximum of `buf`; beyond it a single byte proves "too long".
static ssize_t read_piece(int fd, struct buf *buf)
{
	size_t room = buf->max - buf->len < READ_PIECE ? buf->max - buf->len : READ_PIECE;
	char beyond;
	char *place;
	ssize_t n;

	if (room == 0) {
		n = read(fd, &beyond, 1);
		return n > 0 ? -EFBIG : n < 0 ? -errno : 0;
	}
	place = buf_reserve(buf, room);
	if (!place)
		return buf_failed(buf);
	n = read(fd, place, room);
	if (n < 0)
		return -errno;
	buf_grown(buf, (size_t)n);
	return n;
}

static int read_all(int fd, const char *name, struct buf *buf, struct error *error)
{
	for (;;) {
		ssize_t n = read_piece(fd, buf);

		if (n == 0)
			return 0;
		if (n == -EFBIG)
			return error_set(error, -EFBIG, "read %s: longer than %zu bytes, the limit",
				name, buf->max);
		if (n < 0 && n != -EINTR)
			return error_set(error, (int)n, "read %s: %s", name, strerror((int)-n));
	}
}

int file_read(const char *path, struct buf *buf, struct error *error)
{
	cleanup(close_fd) int fd = -1;

	if (str_equal(str_of(path), STR("-")))
		return read_all(STDIN_FILENO, "standard input", buf, error);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_set(error, -errno, "open %s: %s", path, strerror(errno));
	return read_all(fd, path, buf, error);
}
