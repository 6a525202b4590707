// SPDX-License-Identifier: Apache-2.0
// manifest.json (parkwatch.bundle/1): what a bundle holds and how it came about. Its first member.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

#include <jansson.h>
#include <math.h>

#define MANIFEST_SCHEMA "parkwatch.bundle/1"
#define MANIFEST_PATH "manifest.json"
#define SUMS_PATH "SHA256SUMS"

// One member of the bundle; also what is known about how it was got. Text is borrowed when given
// to the writer (and copied), and owned by the manifest when read.
struct artifact {
	struct str path; // set by bundle_entry_open
	uint64_t size; // bytes in the bundle
	uint64_t raw_size; // before compression; equal to size when not compressed
	uint64_t offset; // of its first byte in the bundle
	char sha256[SHA256_HEX + 1]; // of the member as it stands in the bundle
	struct str target; // "" : belongs to none
	struct str kind; // "goroutine", "block", "metrics", "" for the bundle's own members
	struct str source; // "debug2", "debug0", ...
	uint32_t process; // 0: none
	int64_t wall_ms; // of its first byte; -1
	struct str status; // "ok", "cut", "failed"; "" is ok
	long http_status; // 0: not by HTTP
	double duration_ms, first_byte_ms; // NAN
	bool truncated;
	struct str redaction; // counts: "arguments 12, labels 3"; "" none
	struct str error;
	uint32_t spool_number; // of the writer's spooled file
};

// Facts to fill in: what is not said stands as unknown.
#define ARTIFACT_INIT ((struct artifact){.wall_ms = -1, .duration_ms = NAN, .first_byte_ms = NAN})

struct manifest {
	struct arena arena;
	int64_t created_ms; // the collection's time; mtime of every member is its second
	struct artifact
		*artifacts; // in the order of the bundle, without manifest.json and SHA256SUMS
	size_t artifact_count;
	json_t *head; // everything but "artifacts": schema, created, tool, host, clock, settings,
		      // ...
};

// Text of the manifest. Numbers of offsets have a fixed width, so that its length is known before
// they are.
int manifest_write(const struct manifest *manifest, struct buf *out, struct error *error);
int manifest_read(struct str text, struct manifest *manifest, struct error *error);
// A copy whose text lives in the arena. 0 or -ENOMEM.
int artifact_copy(const struct artifact *artifact, struct arena *arena, struct artifact *copy);
void manifest_release(struct manifest *manifest);
