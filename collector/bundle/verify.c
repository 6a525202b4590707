// SPDX-License-Identifier: Apache-2.0
// Checking a bundle byte for byte: what its writer would have written from the manifest is compared
// with what is there.
#include "collector/bundle/verify.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/limits.h"
#include "collector/bundle/bundle_form.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES KIB(64)

// The bundle from its beginning to its end, once.
struct tape {
	int fd; // -1: memory
	struct str memory; // what is left of it
	uint64_t at;
	struct sha256 *digest; // of all of it; NULL: not asked for
	struct sha256 *member;
	char *piece;
};

static void tape_release(struct tape *tape)
{
	sha256_free(&tape->digest);
	sha256_free(&tape->member);
	free(tape->piece);
}

static int tape_prepare(struct tape *tape, bool whole_digest, struct error *error)
{
	tape->digest = whole_digest ? sha256_new() : NULL;
	tape->member = sha256_new();
	tape->piece = malloc(PIECE_BYTES);
	if ((whole_digest && !tape->digest) || !tape->member || !tape->piece)
		return error_no_memory(error, "verify a bundle");
	return 0;
}

// Up to `len` bytes; fewer only at the end.
static int tape_read_some(
	struct tape *tape, void *data, size_t len, size_t *got, struct error *error)
{
	*got = 0;
	if (tape->fd < 0) {
		*got = len < tape->memory.len ? len : tape->memory.len;
		memcpy(data, tape->memory.data, *got);
		tape->memory = str_skip(tape->memory, *got);
	}
	while (tape->fd >= 0 && *got < len) {
		ssize_t n = read(tape->fd, (char *)data + *got, len - *got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, -errno, "read at byte %llu: %s",
				(unsigned long long)(tape->at + *got), strerror(errno));
		if (n == 0)
			break;
		*got += (size_t)n;
	}
	if (tape->digest)
		sha256_add(tape->digest, data, *got);
	tape->at += *got;
	return 0;
}

static int tape_read(
	struct tape *tape, void *data, size_t len, struct str what, struct error *error)
{
	size_t got;
	int r = tape_read_some(tape, data, len, &got, error);

	if (r < 0)
		return r;
	if (got < len)
		return error_set(error, -EBADMSG, "cut at byte %llu, inside %.*s",
			(unsigned long long)tape->at, STR_ARG(what));
	return 0;
}

static int check_bytes(struct tape *tape, const void *expected, size_t len, struct str member,
	const char *what, struct error *error)
{
	uint64_t begin = tape->at;

	assert(len <= PIECE_BYTES);
	while (len > 0) {
		int r = tape_read(tape, tape->piece, len, member, error);

		if (r < 0)
			return r;
		if (memcmp(tape->piece, expected, len) == 0)
			return 0;
		for (size_t i = 0; i < len; i++)
			if (tape->piece[i] != ((const char *)expected)[i])
				return error_set(error, -EBADMSG, "%s of %.*s differs at byte %llu",
					what, STR_ARG(member), (unsigned long long)(begin + i));
	}
	return 0;
}

static int check_header(
	struct tape *tape, struct str path, uint64_t size, int64_t created_ms, struct error *error)
{
	uint8_t header[TAR_BLOCK];
	int r = tar_header(path, size, created_ms / 1000, header, error);

	if (r < 0)
		return error_wrap(error, "the manifest names a member that no bundle can hold");
	return check_bytes(tape, header, sizeof(header), path, "the tar header", error);
}

static int check_padding(struct tape *tape, uint64_t size, struct str path, struct error *error)
{
	static const char zeros[TAR_BLOCK];

	return check_bytes(
		tape, zeros, (size_t)(tar_padded(size) - size), path, "the padding behind", error);
}

static int check_digest(struct tape *tape, const struct artifact *artifact, struct error *error)
{
	uint64_t begin = tape->at;
	char sha256[SHA256_HEX + 1];
	int r;

	sha256_reset(tape->member);
	for (uint64_t left = artifact->size; left > 0;) {
		size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

		r = tape_read(tape, tape->piece, len, artifact->path, error);
		if (r < 0)
			return r;
		sha256_add(tape->member, tape->piece, len);
		left -= len;
	}
	r = sha256_get_hex(tape->member, sha256);
	if (r < 0)
		return error_set(
			error, r, "digest of %.*s: %s", STR_ARG(artifact->path), strerror(-r));
	if (strcmp(sha256, artifact->sha256) == 0)
		return 0;
	return error_set(error, -EBADMSG,
		"%.*s is not what was collected: its digest differs (bytes %llu to %llu of the "
		"bundle), or manifest.json was changed",
		STR_ARG(artifact->path), (unsigned long long)begin,
		(unsigned long long)tape->at - 1);
}

static int check_artifacts(struct tape *tape, const struct manifest *manifest, struct error *error)
{
	struct str last = STR_EMPTY;

	for (size_t i = 0; i < manifest->artifact_count; i++) {
		const struct artifact *artifact = &manifest->artifacts[i];
		int r;

		if (!bundle_path_is_clean(artifact->path) ||
			(i > 0 && bundle_path_compare(last, artifact->path) >= 0))
			return error_set(error, -EBADMSG,
				"manifest.json lists \"%.*s\" where it cannot stand",
				STR_ARG(artifact->path));
		last = artifact->path;
		r = check_header(tape, last, artifact->size, manifest->created_ms, error);
		if (r < 0)
			return r;
		if (artifact->offset != tape->at)
			return error_set(error, -EBADMSG,
				"manifest.json gives a wrong offset for %.*s: %llu, it is %llu",
				STR_ARG(last), (unsigned long long)artifact->offset,
				(unsigned long long)tape->at);
		r = check_digest(tape, artifact, error);
		if (r == 0)
			r = check_padding(tape, artifact->size, last, error);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_sums(struct tape *tape, const struct manifest *manifest,
	const char *manifest_sha256, struct error *error)
{
	cleanup(buf_release) struct buf sums = BUF_INIT(LIMIT_MANIFEST);
	struct str path = STR(SUMS_PATH), rest;
	int r = bundle_sums(manifest_sha256, manifest->artifacts, manifest->artifact_count, &sums);

	if (r < 0)
		return error_set(error, r, "digests of the bundle: %s", strerror(-r));
	r = check_header(tape, path, sums.len, manifest->created_ms, error);
	for (rest = buf_str(&sums); rest.len > 0 && r == 0;) {
		struct str part = str_head(rest, PIECE_BYTES);

		r = check_bytes(tape, part.data, part.len, path,
			"manifest.json does not match its digest in SHA256SUMS: the text", error);
		rest = str_skip(rest, part.len);
	}
	return r < 0 ? r : check_padding(tape, sums.len, path, error);
}

static int check_end(struct tape *tape, struct error *error)
{
	static const char zeros[TAR_END];
	char beyond;
	size_t got;
	int r = check_bytes(tape, zeros, sizeof(zeros), STR("the archive"), "the end", error);

	if (r == 0)
		r = tape_read_some(tape, &beyond, 1, &got, error);
	if (r < 0)
		return r;
	if (got > 0)
		return error_set(error, -EBADMSG, "there are bytes behind the end, from byte %llu",
			(unsigned long long)tape->at - 1);
	return 0;
}

// The first member: its header is checked once its text has said the time.
static int read_manifest(
	struct tape *tape, struct buf *text, struct manifest *manifest, struct error *error)
{
	const struct str name = STR(MANIFEST_PATH);
	uint8_t header[TAR_BLOCK], expected[TAR_BLOCK];
	char path[257];
	uint64_t size;
	char *room;
	int r = tape_read(tape, header, sizeof(header), name, error);

	if (r < 0)
		return r;
	if (!tar_header_read(header, path, &size) || strcmp(path, MANIFEST_PATH) != 0 ||
		size > LIMIT_MANIFEST)
		return error_set(error, -EBADMSG,
			"no bundle, or damaged within its first %d bytes: it does not begin with "
			"the header of " MANIFEST_PATH,
			TAR_BLOCK);
	room = buf_reserve(text, size);
	if (!room)
		return error_no_memory(error, "the manifest");
	r = tape_read(tape, room, size, name, error);
	if (r < 0)
		return r;
	buf_grown(text, size);
	r = manifest_read(buf_str(text), manifest, error);
	if (r < 0)
		return r;
	r = tar_header(name, size, manifest->created_ms / 1000, expected, error);
	if (r == 0 && memcmp(header, expected, TAR_BLOCK) != 0)
		r = error_set(error, -EBADMSG, "the tar header of " MANIFEST_PATH " differs");
	return r < 0 ? r : check_padding(tape, size, name, error);
}

static int check_members(struct tape *tape, const struct buf *text, const struct manifest *manifest,
	struct error *error)
{
	char sha256[SHA256_HEX + 1];
	int r = sha256_hex_of(buf_str(text), sha256);

	if (r < 0)
		return error_set(error, r, "digest of the manifest: %s", strerror(-r));
	r = check_artifacts(tape, manifest, error);
	if (r == 0)
		r = check_sums(tape, manifest, sha256, error);
	return r < 0 ? r : check_end(tape, error);
}

static int verify(struct tape *tape, struct verified *verified, struct error *error)
{
	cleanup(buf_release) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	struct manifest manifest = {0};
	int r = tape_prepare(tape, verified != NULL, error);

	if (r == 0)
		r = read_manifest(tape, &text, &manifest, error);
	if (r == 0)
		r = check_members(tape, &text, &manifest, error);
	if (r == 0 && verified) {
		verified->size = tape->at;
		verified->members = manifest.artifact_count + 2;
		r = sha256_get_hex(tape->digest, verified->sha256);
		if (r < 0)
			error_set(error, r, "digest of the bundle: %s", strerror(-r));
	}
	manifest_release(&manifest);
	// What a manifest of another version or beyond a limit means here.
	return r == -EPROTO || r == -ENAMETOOLONG || r == -EFBIG ? -EBADMSG : r;
}

int verify_fd(int fd, struct verified *verified, struct error *error)
{
	cleanup(tape_release) struct tape tape = {.fd = fd};

	return verify(&tape, verified, error);
}

int verify_memory(struct str bundle, struct verified *verified, struct error *error)
{
	cleanup(tape_release) struct tape tape = {.fd = -1, .memory = bundle};

	return verify(&tape, verified, error);
}

static int seek_to(const struct bundle_file *file, uint64_t offset, struct error *error)
{
	if (lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
		return error_set(error, -errno, "seek in %s: %s", file->path, strerror(errno));
	return 0;
}

int verify_artifact(
	const struct bundle_file *file, const struct artifact *artifact, struct error *error)
{
	cleanup(tape_release) struct tape tape = {.fd = file->fd, .at = artifact->offset};
	int r = tape_prepare(&tape, false, error);

	if (r == 0)
		r = seek_to(file, artifact->offset, error);
	return r < 0 ? r : check_digest(&tape, artifact, error);
}
