// SPDX-License-Identifier: Apache-2.0
// Writing a bundle: members spooled as they arrive, then the tar at once.
#include "base/cleanup.h"
#include "base/digest.h"
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
#define SPOOL_NAME_MAX 32
#define TEXT_ARENA_MAX MIB(256)

struct bundle {
	char *output; // NULL: standard output
	char *spool; // path of the folder
	int folder; // the folder itself
	int64_t created_ms;
	struct arena arena; // text of artifacts
	struct artifact *artifacts;
	size_t count, capacity;
	char **paths; // of all entries, closed or not
	size_t path_count, path_capacity;
	uint32_t next_number;
	bool sorted;
};

struct bundle_entry {
	struct bundle *bundle;
	char *path;
	uint32_t number;
	int fd;
	struct gzip *gzip; // NULL: as it is
	struct sha256 *digest;
	struct buf piece; // not yet written
	uint64_t size, raw_size;
};

static void spool_name(uint32_t number, char out[static SPOOL_NAME_MAX])
{
	(void)snprintf(out, SPOOL_NAME_MAX, "%08u", number);
}

// The folder that the spool stands in: beside the output, or the system's for temporary files.
static char *spool_template(const char *output)
{
	const char *folder = getenv("TMPDIR");
	struct buf path = BUF_INIT(KIB(8));
	const char *slash = output ? strrchr(output, '/') : NULL;

	if (slash)
		buf_append(&path, output, (size_t)(slash - output) + 1);
	else if (!output)
		buf_printf(&path, "%s/", folder && folder[0] ? folder : "/tmp");
	buf_add_text(&path, ".parkwatch-spool-XXXXXX");
	return buf_take(&path);
}

static int make_spool(struct bundle *bundle, struct error *error)
{
	cleanup(free_pointer) char *path = spool_template(bundle->output);

	if (!path)
		return error_no_memory(error, "a bundle");
	// mkdtemp gives 0700.
	if (!mkdtemp(path))
		return error_set(error, -errno,
			"create the folder for members of the bundle, %s: %s", path,
			strerror(errno));
	bundle->spool = steal(&path);
	bundle->folder = open(bundle->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bundle->folder < 0)
		return error_set(error, -errno, "open %s: %s", bundle->spool, strerror(errno));
	return 0;
}

int bundle_create(struct bundle **bundle, const char *output, int64_t wall_ms, struct error *error)
{
	struct bundle *new = calloc(1, sizeof(*new));
	bool to_file = strcmp(output, "-") != 0;
	int r;

	if (!new)
		return error_no_memory(error, "a bundle");
	new->folder = -1;
	new->created_ms = wall_ms;
	new->arena = ARENA_INIT(TEXT_ARENA_MAX);
	new->output = to_file ? strdup(output) : NULL;
	r = to_file && !new->output ? error_no_memory(error, "a bundle") : make_spool(new, error);
	if (r < 0) {
		bundle_free(&new);
		return r;
	}
	*bundle = new;
	return 0;
}

const char *bundle_spool(const struct bundle *bundle)
{
	return bundle->spool;
}

static void remove_spool(struct bundle *bundle)
{
	char name[SPOOL_NAME_MAX];

	if (bundle->folder >= 0) {
		for (uint32_t i = 0; i < bundle->next_number; i++) {
			spool_name(i, name);
			(void)unlinkat(bundle->folder, name, 0);
		}
		(void)close(bundle->folder);
	}
	if (bundle->spool)
		(void)rmdir(bundle->spool);
}

void bundle_free(struct bundle **bundle)
{
	struct bundle *b = *bundle;

	if (!b)
		return;
	remove_spool(b);
	for (size_t i = 0; i < b->path_count; i++)
		free(b->paths[i]);
	free(b->paths);
	free(b->artifacts);
	free(b->output);
	free(b->spool);
	arena_release(&b->arena);
	free(b);
	*bundle = NULL;
}

// Where the path is or would be among the sorted ones.
static size_t path_place(const struct bundle *bundle, const char *path, bool *found)
{
	size_t low = 0, high = bundle->path_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(bundle->paths[middle], path);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

static int claim_path(struct bundle *bundle, const char *path, struct error *error)
{
	bool found;
	size_t at = path_place(bundle, path, &found);
	char *copy;

	if (found)
		return error_set(error, -EEXIST, "the bundle has a member %s already", path);
	if (bundle->path_count == LIMIT_BUNDLE_MEMBERS_COUNT)
		return error_set(error, -EFBIG, "the bundle has %d members, which is the limit",
			LIMIT_BUNDLE_MEMBERS_COUNT);
	if (bundle->path_count == bundle->path_capacity) {
		size_t capacity = bundle->path_capacity ? 2 * bundle->path_capacity : 64;
		char **paths = reallocarray(bundle->paths, capacity, sizeof(char *));

		if (!paths)
			return error_no_memory(error, "a bundle");
		bundle->paths = paths;
		bundle->path_capacity = capacity;
	}
	copy = strdup(path);
	if (!copy)
		return error_no_memory(error, "a bundle");
	memmove(bundle->paths + at + 1, bundle->paths + at,
		(bundle->path_count - at) * sizeof(char *));
	bundle->paths[at] = copy;
	bundle->path_count++;
	return 0;
}

static void release_path(struct bundle *bundle, const char *path)
{
	bool found;
	size_t at = path_place(bundle, path, &found);

	if (!found)
		return;
	free(bundle->paths[at]);
	bundle->path_count--;
	memmove(bundle->paths + at, bundle->paths + at + 1,
		(bundle->path_count - at) * sizeof(char *));
}

static int write_piece(struct bundle_entry *entry, struct error *error)
{
	struct str piece = buf_str(&entry->piece);
	int r;

	if (piece.len == 0)
		return 0;
	sha256_add(entry->digest, piece.data, piece.len);
	r = fd_write_all(entry->fd, piece.data, piece.len, entry->path, error);
	if (r < 0)
		return error_wrap(error, "keep a member of the bundle in %s", entry->bundle->spool);
	entry->size += piece.len;
	buf_clear(&entry->piece);
	return 0;
}

static int store(void *context, const void *data, size_t len, struct error *error)
{
	struct bundle_entry *entry = context;
	struct str rest = {data, len};
	int r;

	while (rest.len > 0) {
		size_t room = PIECE_BYTES - entry->piece.len;
		struct str part = str_head(rest, room);

		buf_add(&entry->piece, part);
		if (buf_failed(&entry->piece))
			return error_no_memory(error, "a member of the bundle");
		rest = str_skip(rest, part.len);
		if (entry->piece.len < PIECE_BYTES)
			break;
		r = write_piece(entry, error);
		if (r < 0)
			return r;
	}
	return 0;
}

static void entry_free(struct bundle_entry *entry)
{
	if (entry->fd >= 0)
		(void)close(entry->fd);
	gzip_free(&entry->gzip);
	sha256_free(&entry->digest);
	buf_release(&entry->piece);
	free(entry->path);
	free(entry);
}

void bundle_entry_drop(struct bundle_entry **entry)
{
	struct bundle_entry *e = *entry;
	char name[SPOOL_NAME_MAX];

	if (!e)
		return;
	spool_name(e->number, name);
	(void)unlinkat(e->bundle->folder, name, 0);
	if (e->path)
		release_path(e->bundle, e->path);
	entry_free(e);
	*entry = NULL;
}

static char *entry_path(const char *path, unsigned flags)
{
	struct buf text = BUF_INIT(KIB(1));

	buf_add_text(&text, path);
	if (flags & BUNDLE_GZIP)
		buf_add_text(&text, ".gz");
	return buf_take(&text);
}

static int open_spooled(struct bundle_entry *entry, struct error *error)
{
	char name[SPOOL_NAME_MAX];

	entry->number = entry->bundle->next_number++;
	spool_name(entry->number, name);
	entry->fd =
		openat(entry->bundle->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (entry->fd < 0)
		return error_set(error, -errno, "keep a member of the bundle in %s: %s",
			entry->bundle->spool, strerror(errno));
	return 0;
}

static int prepare(
	struct bundle_entry *entry, const char *path, unsigned flags, struct error *error)
{
	uint8_t header[TAR_BLOCK];
	int r;

	entry->digest = sha256_new();
	if (flags & BUNDLE_GZIP)
		entry->gzip = gzip_new(GZIP_PACK, 0, (struct sink){store, entry});
	if (!entry->digest || (flags & BUNDLE_GZIP && !entry->gzip))
		return error_no_memory(error, "a member of the bundle");
	entry->path = entry_path(path, flags);
	if (!entry->path)
		return error_no_memory(error, "a member of the bundle");
	if (!bundle_path_is_clean(str_of(entry->path))) {
		r = error_set(error, -EINVAL, "\"%s\" is no path for a member of a bundle", path);
	} else {
		r = tar_header(str_of(entry->path), 0, 0, header, error);
		if (r == 0)
			r = claim_path(entry->bundle, entry->path, error);
	}
	if (r < 0) {
		// Not claimed: another entry may own the path.
		free(entry->path);
		entry->path = NULL;
		return r;
	}
	return open_spooled(entry, error);
}

int bundle_entry_open(struct bundle *bundle, const char *path, unsigned flags,
	struct bundle_entry **entry, struct error *error)
{
	struct bundle_entry *new = calloc(1, sizeof(*new));
	int r;

	if (!new)
		return error_no_memory(error, "a member of the bundle");
	new->bundle = bundle;
	new->fd = -1;
	new->number = UINT32_MAX;
	new->piece = BUF_INIT(PIECE_BYTES);
	r = prepare(new, path, flags, error);
	if (r < 0) {
		bundle_entry_drop(&new);
		return r;
	}
	*entry = new;
	return 0;
}

int bundle_entry_write(
	struct bundle_entry *entry, const void *data, size_t len, struct error *error)
{
	entry->raw_size += len;
	if (entry->gzip)
		return gzip_feed(entry->gzip, data, len, error);
	return store(entry, data, len, error);
}

static int finish_entry(
	struct bundle_entry *entry, char sha256[static SHA256_HEX + 1], struct error *error)
{
	int fd = entry->fd;
	int r = entry->gzip ? gzip_finish(entry->gzip, error) : 0;

	if (r == 0)
		r = write_piece(entry, error);
	if (r < 0)
		return r;
	r = sha256_get_hex(entry->digest, sha256);
	if (r < 0)
		return error_set(error, r, "digest of %s: %s", entry->path, strerror(-r));
	entry->fd = -1;
	// Network file systems report a failed write here.
	if (close(fd) < 0 && errno != EINTR)
		return error_set(error, -errno, "keep %s in %s: %s", entry->path,
			entry->bundle->spool, strerror(errno));
	return 0;
}

static int reserve_artifact(struct bundle *bundle)
{
	size_t capacity = bundle->capacity ? 2 * bundle->capacity : 64;
	struct artifact *artifacts;

	if (bundle->count < bundle->capacity)
		return 0;
	artifacts = reallocarray(bundle->artifacts, capacity, sizeof(*artifacts));
	if (!artifacts)
		return -ENOMEM;
	bundle->artifacts = artifacts;
	bundle->capacity = capacity;
	return 0;
}

static int take_in(struct bundle_entry *entry, const struct artifact *facts, const char *sha256,
	struct error *error)
{
	struct bundle *bundle = entry->bundle;
	struct artifact given = facts ? *facts : ARTIFACT_INIT, *artifact;

	given.path = str_of(entry->path);
	if (reserve_artifact(bundle) < 0)
		return error_no_memory(error, "a bundle");
	artifact = &bundle->artifacts[bundle->count];
	if (artifact_copy(&given, &bundle->arena, artifact) < 0)
		return error_no_memory(error, "a bundle");
	artifact->size = entry->size;
	artifact->raw_size = entry->raw_size;
	artifact->offset = 0;
	memcpy(artifact->sha256, sha256, SHA256_HEX + 1);
	artifact->spool_number = entry->number;
	bundle->count++;
	bundle->sorted = false;
	return 0;
}

int bundle_entry_close(
	struct bundle_entry **entry, const struct artifact *facts, struct error *error)
{
	char sha256[SHA256_HEX + 1];
	int r = finish_entry(*entry, sha256, error);

	if (r == 0)
		r = take_in(*entry, facts, sha256, error);
	if (r < 0) {
		bundle_entry_drop(entry);
		return r;
	}
	entry_free(*entry);
	*entry = NULL;
	return 0;
}

int bundle_add(struct bundle *bundle, const char *path, unsigned flags, struct str data,
	const struct artifact *facts, struct error *error)
{
	struct bundle_entry *entry;
	int r = bundle_entry_open(bundle, path, flags, &entry, error);

	if (r < 0)
		return r;
	r = bundle_entry_write(entry, data.data, data.len, error);
	if (r < 0) {
		bundle_entry_drop(&entry);
		return r;
	}
	return bundle_entry_close(&entry, facts, error);
}

static int by_path(const void *left, const void *right)
{
	const struct artifact *a = left, *b = right;

	return bundle_path_compare(a->path, b->path);
}

static void sort_artifacts(struct bundle *bundle)
{
	if (bundle->count > 1)
		qsort(bundle->artifacts, bundle->count, sizeof(*bundle->artifacts), by_path);
	bundle->sorted = true;
}

const struct artifact *bundle_artifacts(struct bundle *bundle, size_t *count)
{
	if (!bundle->sorted)
		sort_artifacts(bundle);
	*count = bundle->count;
	return bundle->artifacts;
}

// The tar on its way out: to the file or to standard output, with the digest of all of it.
struct outlet {
	struct file file;
	bool to_file;
	struct sha256 *digest;
	uint64_t size;
};

static void outlet_release(struct outlet *outlet)
{
	file_discard(&outlet->file);
	sha256_free(&outlet->digest);
}

static int put(struct outlet *outlet, const void *data, size_t len, struct error *error)
{
	sha256_add(outlet->digest, data, len);
	outlet->size += len;
	if (outlet->to_file)
		return file_write(&outlet->file, data, len, error);
	return fd_write_all(STDOUT_FILENO, data, len, "standard output", error);
}

static int put_padding(struct outlet *outlet, uint64_t size, struct error *error)
{
	static const char zeros[TAR_BLOCK];

	return put(outlet, zeros, (size_t)(tar_padded(size) - size), error);
}

static int put_header(struct outlet *outlet, const struct bundle *bundle, struct str path,
	uint64_t size, struct error *error)
{
	uint8_t header[TAR_BLOCK];
	int r = tar_header(path, size, bundle->created_ms / 1000, header, error);

	return r < 0 ? r : put(outlet, header, sizeof(header), error);
}

static int put_text(struct outlet *outlet, const struct bundle *bundle, struct str path,
	struct str text, struct error *error)
{
	int r = put_header(outlet, bundle, path, text.len, error);

	if (r == 0)
		r = put(outlet, text.data, text.len, error);
	return r < 0 ? r : put_padding(outlet, text.len, error);
}

static int copy_spooled(
	struct outlet *outlet, int fd, const struct artifact *artifact, struct error *error)
{
	cleanup(free_pointer) char *piece = malloc(PIECE_BYTES);
	uint64_t left = artifact->size;
	int r;

	if (!piece)
		return error_no_memory(error, "the bundle");
	while (left > 0) {
		ssize_t got = read(fd, piece, left < PIECE_BYTES ? left : PIECE_BYTES);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_set(error, got < 0 ? -errno : -EIO,
				"read %.*s back from the spool: %s", STR_ARG(artifact->path),
				got < 0 ? strerror(errno) : "it has become shorter");
		r = put(outlet, piece, (size_t)got, error);
		if (r < 0)
			return r;
		left -= (uint64_t)got;
	}
	return put_padding(outlet, artifact->size, error);
}

static int put_member(
	struct outlet *outlet, const struct bundle *bundle, size_t index, struct error *error)
{
	const struct artifact *artifact = &bundle->artifacts[index];
	char name[SPOOL_NAME_MAX];
	cleanup(close_fd) int fd = -1;
	int r = put_header(outlet, bundle, artifact->path, artifact->size, error);

	if (r < 0)
		return r;
	spool_name(artifact->spool_number, name);
	fd = openat(bundle->folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "read %.*s back from %s: %s",
			STR_ARG(artifact->path), bundle->spool, strerror(errno));
	return copy_spooled(outlet, fd, artifact, error);
}

// The manifest: its length does not depend on the offsets in it.
static int make_manifest(struct bundle *bundle, json_t *head, struct buf *text, struct error *error)
{
	struct manifest manifest = {.created_ms = bundle->created_ms,
		.artifacts = bundle->artifacts,
		.artifact_count = bundle->count,
		.head = head};
	int r = manifest_write(&manifest, text, error);

	if (r < 0)
		return r;
	(void)bundle_place(bundle->artifacts, bundle->count, text->len);
	buf_clear(text);
	return manifest_write(&manifest, text, error);
}

static int put_all(struct outlet *outlet, struct bundle *bundle, json_t *head, struct error *error)
{
	static const char end[TAR_END];
	cleanup(buf_release) struct buf manifest = BUF_INIT(LIMIT_MANIFEST);
	cleanup(buf_release) struct buf sums = BUF_INIT(LIMIT_MANIFEST);
	char sha256[SHA256_HEX + 1];
	int r = make_manifest(bundle, head, &manifest, error);

	if (r < 0)
		return r;
	r = sha256_hex_of(buf_str(&manifest), sha256);
	if (r == 0)
		r = bundle_sums(sha256, bundle->artifacts, bundle->count, &sums);
	if (r < 0)
		return error_set(error, r, "digests of the bundle: %s", strerror(-r));
	r = put_text(outlet, bundle, STR(MANIFEST_PATH), buf_str(&manifest), error);
	for (size_t i = 0; i < bundle->count && r == 0; i++)
		r = put_member(outlet, bundle, i, error);
	if (r == 0)
		r = put_text(outlet, bundle, STR(SUMS_PATH), buf_str(&sums), error);
	return r < 0 ? r : put(outlet, end, sizeof(end), error);
}

int bundle_finish(
	struct bundle *bundle, json_t *head, struct bundle_result *result, struct error *error)
{
	cleanup(outlet_release) struct outlet outlet = {
		.file = FILE_INIT, .to_file = bundle->output != NULL, .digest = sha256_new()};
	int r;

	if (!outlet.digest)
		return error_no_memory(error, "the bundle");
	if (!bundle->sorted)
		sort_artifacts(bundle);
	if (outlet.to_file) {
		r = file_create(&outlet.file, bundle->output, 0600, error);
		if (r < 0)
			return r;
	}
	r = put_all(&outlet, bundle, head, error);
	if (r == 0) {
		r = sha256_get_hex(outlet.digest, result->sha256);
		if (r < 0)
			error_set(error, r, "digest of the bundle: %s", strerror(-r));
	}
	if (r == 0 && outlet.to_file)
		r = file_commit(&outlet.file, error);
	result->size = outlet.size;
	return r < 0 ? error_wrap(error, "write the bundle") : 0;
}
