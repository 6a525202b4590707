// SPDX-License-Identifier: Apache-2.0
// Reading a bundle: its manifest, and members by their offsets.
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "collector/bundle/bundle.h"
#include "collector/bundle/bundle_form.h"
#include "collector/form/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PIECE_BYTES KIB(64)

static int read_at(const struct bundle_file *file, void *data, size_t len, uint64_t offset,
	struct error *error)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got =
			pread(file->fd, (char *)data + done, len - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, -errno, "read %s at byte %llu: %s", file->path,
				(unsigned long long)(offset + done), strerror(errno));
		if (got == 0)
			return error_set(error, -EBADMSG,
				"%s ends at byte %llu, in the middle: it was cut", file->path,
				(unsigned long long)(offset + done));
		done += (size_t)got;
	}
	return 0;
}

// Standard input cannot be read twice: it goes to a file without a name.
static int spool_input(struct bundle_file *file, struct error *error)
{
	const char *folder = getenv("TMPDIR");
	cleanup(free_pointer) char *piece = malloc(PIECE_BYTES);
	ssize_t got = 1;
	int r;

	if (!piece)
		return error_no_memory(error, "a bundle");
	if (!folder || !folder[0])
		folder = "/tmp";
	file->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return error_set(error, -errno, "create a temporary file in %s: %s", folder,
			strerror(errno));
	while (got != 0) {
		got = read(STDIN_FILENO, piece, PIECE_BYTES);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, -errno, "read standard input: %s", strerror(errno));
		if (file->size + (uint64_t)got > LIMIT_INPUT)
			return error_set(
				error, -EFBIG, "standard input exceeds %zu bytes", LIMIT_INPUT);
		r = fd_write_all(file->fd, piece, (size_t)got, "a temporary file", error);
		if (r < 0)
			return r;
		file->size += (uint64_t)got;
	}
	return 0;
}

static int measure(struct bundle_file *file, struct error *error)
{
	struct stat status;

	if (fstat(file->fd, &status) < 0)
		return error_set(error, -errno, "look at %s: %s", file->path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "%s is no regular file", file->path);
	file->size = (uint64_t)status.st_size;
	return 0;
}

static int open_path(struct bundle_file *file, struct error *error)
{
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return error_set(error, -errno, "open %s: %s", file->path, strerror(errno));
	return measure(file, error);
}

static int read_manifest(struct bundle_file *file, struct error *error)
{
	cleanup(free_pointer) char *text = NULL;
	uint8_t header[TAR_BLOCK];
	char path[257];
	uint64_t size;
	int r = read_at(file, header, sizeof(header), 0, error);

	if (r < 0)
		return r;
	if (!tar_header_read(header, path, &size) || strcmp(path, MANIFEST_PATH) != 0)
		return error_set(error, -EBADMSG,
			"%s is no bundle: it does not begin with " MANIFEST_PATH, file->path);
	if (size > LIMIT_MANIFEST || size > file->size)
		return error_set(
			error, -EBADMSG, "%s: " MANIFEST_PATH " is cut or too long", file->path);
	text = malloc(size + 1);
	if (!text)
		return error_no_memory(error, "the manifest");
	r = read_at(file, text, size, TAR_BLOCK, error);
	if (r < 0)
		return r;
	r = manifest_read((struct str){text, size}, &file->manifest, error);
	return r < 0 ? error_wrap(error, "%s", file->path) : 0;
}

int bundle_open(struct bundle_file *file, const char *path, struct error *error)
{
	bool is_input = strcmp(path, "-") == 0;
	int r;

	*file = BUNDLE_FILE_INIT;
	file->path = strdup(is_input ? "standard input" : path);
	if (!file->path)
		return error_no_memory(error, "a bundle");
	r = is_input ? spool_input(file, error) : open_path(file, error);
	if (r == 0)
		r = read_manifest(file, error);
	if (r < 0)
		bundle_close(file);
	return r;
}

int bundle_open_fd(struct bundle_file *file, int fd, const char *name, struct error *error)
{
	int r;

	*file = BUNDLE_FILE_INIT;
	file->fd = fd;
	file->path = strdup(name);
	r = file->path ? measure(file, error) : error_no_memory(error, "a bundle");
	if (r == 0)
		r = read_manifest(file, error);
	if (r < 0)
		bundle_close(file);
	return r;
}

const struct artifact *bundle_find(const struct bundle_file *file, struct str path)
{
	for (size_t i = 0; i < file->manifest.artifact_count; i++)
		if (str_equal(file->manifest.artifacts[i].path, path))
			return &file->manifest.artifacts[i];
	return NULL;
}

// Counts what goes through to a sink, up to a maximum.
struct meter {
	struct sink sink;
	uint64_t left;
};

static int metered(void *context, const void *data, size_t len, struct error *error)
{
	struct meter *meter = context;

	if (len > meter->left)
		return error_set(error, -EFBIG, "a member of the bundle is too long");
	meter->left -= len;
	return meter->sink.write(meter->sink.context, data, len, error);
}

static void free_gzip(struct gzip **gzip)
{
	gzip_free(gzip);
}

static int stream(const struct bundle_file *file, const struct artifact *artifact,
	struct gzip *gzip, struct sink plain, struct error *error)
{
	cleanup(free_pointer) char *piece = malloc(PIECE_BYTES);
	int r = piece ? 0 : error_no_memory(error, "a member of the bundle");

	for (uint64_t at = 0; at < artifact->size && r == 0;) {
		uint64_t left = artifact->size - at;
		size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		r = read_at(file, piece, len, artifact->offset + at, error);
		if (r < 0)
			return r;
		r = gzip ? gzip_feed(gzip, piece, len, error)
			 : plain.write(plain.context, piece, len, error);
		at += len;
	}
	return r == 0 && gzip ? gzip_finish(gzip, error) : r;
}

int bundle_read(const struct bundle_file *file, const struct artifact *artifact, uint64_t max,
	struct sink sink, struct error *error)
{
	struct meter meter = {sink, max};
	struct sink plain = {metered, &meter};
	cleanup(free_gzip) struct gzip *gzip = NULL;
	int r;

	if (str_ends(artifact->path, STR(".gz"))) {
		gzip = gzip_new(GZIP_UNPACK, max, sink);
		if (!gzip)
			return error_no_memory(error, "a member of the bundle");
	}
	r = stream(file, artifact, gzip, plain, error);
	return r < 0 ? error_wrap(error, "%s: %.*s", file->path, STR_ARG(artifact->path)) : 0;
}

void bundle_close(struct bundle_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	free(file->path);
	manifest_release(&file->manifest);
	*file = BUNDLE_FILE_INIT;
}
