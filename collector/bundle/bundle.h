// SPDX-License-Identifier: Apache-2.0
// The bundle: the evidence of one collection as one verifiable tar.
//
//	manifest.json  report.html  report.txt  findings.json  observations.jsonl.gz
//	targets/...    errors.jsonl  SHA256SUMS
//
// Writing: members go compressed into a spool folder (mode 0700) beside the output as they arrive,
// several at a time. bundle_finish() computes the manifest with all offsets and writes the tar
// under a temporary name, fsyncs, renames, fsyncs the folder: under the final name there is the
// whole bundle or nothing. The same members give the same bytes.
//
//	r = bundle_create(&bundle, "out.tar", wall_ms, error);		// "-": standard output
//	r = bundle_entry_open(bundle, "errors.jsonl", 0, &entry, error);
//	r = bundle_entry_write(entry, data, len, error);
//	r = bundle_entry_close(&entry, &facts, error);			// or
// bundle_entry_drop(&entry) 	r = bundle_finish(bundle, head, &result, error);
// bundle_free(&bundle);
//// removes the spool folder
//
// Reading: bundle_open() reads the manifest; bundle_read() streams a member. Neither checks
// digests: collector/bundle/verify.h does.
#pragma once

#include "base/error.h"
#include "collector/bundle/manifest.h"
#include "collector/form/sink.h"

struct bundle;
struct bundle_entry;

enum bundle_entry_flag {
	BUNDLE_GZIP = 1 << 0, // compress; ".gz" is added to the path. Header without name or time
};

struct bundle_result {
	uint64_t size;
	char sha256[SHA256_HEX + 1]; // of the whole file
};

int bundle_create(struct bundle **bundle, const char *output, int64_t wall_ms, struct error *error);
// -EEXIST when the path was used before, -EINVAL when it is no clean relative path. Build paths of
// targets with bundle_path_component().
int bundle_entry_open(struct bundle *bundle, const char *path, unsigned flags,
	struct bundle_entry **entry, struct error *error);
int bundle_entry_write(
	struct bundle_entry *entry, const void *data, size_t len, struct error *error);
// Takes the member into the bundle. Of `facts` (may be NULL) everything but path, size, raw_size,
// offset and sha256 is used, and copied. Frees the entry, on failure as well.
int bundle_entry_close(
	struct bundle_entry **entry, const struct artifact *facts, struct error *error);
void bundle_entry_drop(struct bundle_entry **entry); // as if it had never been opened
// An artifact that could not be got or kept has no member; it stands in errors.jsonl.

// The whole of a small member at once.
int bundle_add(struct bundle *bundle, const char *path, unsigned flags, struct str data,
	const struct artifact *facts, struct error *error);

// The members closed so far, sorted as in the bundle (offsets not yet known): what evidence in
// findings.json and links in report.html name. Valid until the next close.
const struct artifact *bundle_artifacts(struct bundle *bundle, size_t *count);

// Writes it out. `head` is an object with tool, host, clock, settings, targets, judge, redaction,
// ... (borrowed; "schema", "created" and "artifacts" are added). To standard output: the whole is
// spooled first, then written as one stream.
int bundle_finish(
	struct bundle *bundle, json_t *head, struct bundle_result *result, struct error *error);
void bundle_free(struct bundle **bundle); // NULL is fine
// Folder of the spool, for messages and for removal from a signal's last resort; NULL when none.
const char *bundle_spool(const struct bundle *bundle);

#define BUNDLE_COMPONENT_MAX 64

// A part of a path made of a name that a target chose: letters, digits, '.', '_', '-' stay, others
// become '_'; never empty, "." or ".."; longer than `max` bytes (at most 63): cut and closed with
// "~" and eight digits of its SHA-256, as is every name that had to be changed, so that different
// names stay different.
int bundle_path_component(struct str name, size_t max, char out[static BUNDLE_COMPONENT_MAX]);
#define BUNDLE_NAMESPACE_MAX 40
#define BUNDLE_POD_MAX 63
#define BUNDLE_CONTAINER_MAX 40

// Reading

struct bundle_file {
	int fd;
	char *path;
	uint64_t size;
	struct manifest manifest;
};

#define BUNDLE_FILE_INIT ((struct bundle_file){.fd = -1})

// `path` "-" is standard input, which is spooled to an unnamed temporary file.
int bundle_open(struct bundle_file *file, const char *path, struct error *error);
// From a descriptor of a regular file, which is taken over, on failure as well.
int bundle_open_fd(struct bundle_file *file, int fd, const char *name, struct error *error);
const struct artifact *bundle_find(const struct bundle_file *file, struct str path);

// Stream a member, decompressed when its path ends in ".gz"; at most `max` bytes (-EFBIG).
int bundle_read(const struct bundle_file *file, const struct artifact *artifact, uint64_t max,
	struct sink sink, struct error *error);
void bundle_close(struct bundle_file *file);
