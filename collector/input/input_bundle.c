// SPDX-License-Identifier: Apache-2.0
// Bundles as inputs: verified, then their observations, and for `show` their dumps.
#include "base/cleanup.h"
#include "base/file.h"
#include "collector/bundle/verify.h"
#include "collector/form/json_fields.h"
#include "collector/input/input_parts.h"
#include "collector/tell/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#define OBSERVATIONS_PATH "observations.jsonl.gz"

static double number_or_0(struct json_fields *fields, const char *key)
{
	double number = json_field_number(fields, key);

	return isnan(number) ? 0 : number;
}

// What the collection judged by, so that the same observations give the same findings.
static void take_head(struct input_reading *reading, json_t *head)
{
	struct json_fields fields = {.object = json_object_get(head, "judge")};

	json_decref(reading->input->head);
	reading->input->head = json_incref(head);
	if (!json_is_object(fields.object))
		return;
	reading->judge_parameters = (struct judge_parameters){
		.interval_s = number_or_0(&fields, "interval_s"),
		.memory_limit_bytes = number_or_0(&fields, "memory_limit_bytes"),
		.goroutine_limit = number_or_0(&fields, "goroutine_limit"),
		.share_of_qps = number_or_0(&fields, "share_of_qps"),
	};
}

static int take_manifest(
	struct input_reading *reading, const struct manifest *manifest, struct error *error)
{
	struct input *input = reading->input;

	take_head(reading, manifest->head);
	if (evidence_of(manifest->artifacts, manifest->artifact_count, &input->arena,
		    &input->evidence, &input->evidence_count) < 0)
		return error_no_memory(error, "the bundle");
	return 0;
}

static int check(struct input_reading *reading, const struct bundle_file *file, struct error *error)
{
	struct verified verified;
	struct error damage = {0};
	int r;

	if (lseek(file->fd, 0, SEEK_SET) < 0)
		return error_set(error, -errno, "read %s: %s", file->path, strerror(errno));
	r = verify_fd(file->fd, &verified, &damage);
	if (r != -EBADMSG) {
		if (r < 0)
			return error_set(error, r, "%s: %s", file->path, damage.text);
		return 0;
	}
	if (!reading->options.damaged)
		return error_set(error, r, "%s is damaged: %s. --damaged reads what is left of it",
			file->path, damage.text);
	input_warn(reading->input, "damaged bundle: %s", damage.text);
	return 0;
}

static bool is_profile(const struct artifact *artifact)
{
	return artifact->target.len > 0 && artifact->kind.len > 0 &&
	       !str_equal(artifact->kind, STR("metrics")) &&
	       !str_equal(artifact->kind, STR("kubernetes"));
}

// One dump or profile for those who look at single goroutines; damage costs it alone.
static int read_profile(struct input_reading *reading, const struct bundle_file *file,
	const struct artifact *artifact, struct error *error)
{
	struct error problem = {0};
	int r;

	reading->path = artifact->path;
	reading->member_target = artifact->target;
	reading->file_wall_ms = artifact->wall_ms;
	r = input_read_member(reading, file, artifact, &problem);
	if (r == 0) {
		r = input_end_moment(reading);
		return r < 0 ? error_no_memory(error, "a dump") : 0;
	}
	if (r == -ENOMEM)
		return error_no_memory(error, "a dump");
	input_warn(reading->input, "%s", problem.text);
	return 0;
}

static int read_profiles(
	struct input_reading *reading, const struct bundle_file *file, struct error *error)
{
	int r = 0;

	if (!reading->options.keep_snapshots)
		return 0;
	reading->snapshots_only = true;
	for (size_t i = 0; i < file->manifest.artifact_count && r == 0; i++)
		if (is_profile(&file->manifest.artifacts[i]))
			r = read_profile(reading, file, &file->manifest.artifacts[i], error);
	reading->snapshots_only = false;
	return r;
}

static int read_observations(
	struct input_reading *reading, const struct bundle_file *file, struct error *error)
{
	const struct artifact *artifact = bundle_find(file, STR(OBSERVATIONS_PATH));
	struct error damage = {0};
	int r;

	if (!artifact)
		return error_set(error, -ENODATA, "%s has no %s: nothing was observed", file->path,
			OBSERVATIONS_PATH);
	reading->path = artifact->path;
	r = input_read_member(reading, file, artifact, &damage);
	if (r == 0 || (r == -EBADMSG && reading->options.damaged)) {
		if (r < 0)
			input_warn(reading->input, "%s", damage.text);
		return 0;
	}
	return error_set(error, r, "%s", damage.text);
}

static void close_bundle(struct bundle_file *file)
{
	bundle_close(file);
}

int input_read_bundle(struct input_reading *reading, int fd, struct error *error)
{
	cleanup(close_bundle) struct bundle_file file = BUNDLE_FILE_INIT;
	cleanup(free_pointer) char *name = strndup(reading->path.data, reading->path.len);
	int r;

	if (!name) {
		(void)close(fd);
		return error_no_memory(error, "a bundle");
	}
	r = bundle_open_fd(&file, fd, name, error);
	if (r == 0)
		r = check(reading, &file, error);
	if (r == 0)
		r = take_manifest(reading, &file.manifest, error);
	if (r == 0)
		r = read_observations(reading, &file, error);
	if (r == 0)
		r = read_profiles(reading, &file, error);
	reading->path = STR_EMPTY; // may have been the manifest's
	reading->input->kind = INPUT_BUNDLE;
	return r;
}

static int read_unpacked_member(
	struct input_reading *reading, const char *folder, struct str member, struct error *error)
{
	cleanup(buf_release) struct buf path = BUF_INIT(KIB(8));
	cleanup(close_fd) int fd = -1;
	enum looks looks;

	buf_printf(&path, "%s/%.*s", folder, STR_ARG(member));
	if (buf_failed(&path))
		return error_no_memory(error, "a path");
	fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "open %s: %s", buf_text(&path), strerror(errno));
	reading->path = member;
	return input_read_fd(reading, fd, &looks, error);
}

static int read_unpacked_profiles(struct input_reading *reading, const char *folder,
	const struct manifest *manifest, struct error *error)
{
	int r = 0;

	if (!reading->options.keep_snapshots)
		return 0;
	reading->snapshots_only = true;
	for (size_t i = 0; i < manifest->artifact_count && r == 0; i++) {
		const struct artifact *artifact = &manifest->artifacts[i];

		if (!is_profile(artifact))
			continue;
		reading->member_target = artifact->target;
		reading->file_wall_ms = artifact->wall_ms;
		r = read_unpacked_member(reading, folder, artifact->path, error);
		if (r == 0 && input_end_moment(reading) < 0)
			r = error_no_memory(error, "a dump");
	}
	reading->snapshots_only = false;
	return r;
}

static void release_manifest(struct manifest *manifest)
{
	manifest_release(manifest);
}

int input_read_unpacked(struct input_reading *reading, const char *folder, struct error *error)
{
	cleanup(buf_release) struct buf path = BUF_INIT(KIB(8));
	cleanup(buf_release) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	cleanup(release_manifest) struct manifest manifest = {0};
	int r;

	buf_printf(&path, "%s/%s", folder, MANIFEST_PATH);
	r = buf_failed(&path) ? error_no_memory(error, "a path")
			      : file_read(buf_text(&path), &text, error);
	if (r == 0)
		r = manifest_read(buf_str(&text), &manifest, error);
	if (r < 0)
		return r;
	input_warn(reading->input,
		"%s is an unpacked bundle: nobody can tell whether it is whole; `parkwatch verify` "
		"reads the tar",
		folder);
	r = take_manifest(reading, &manifest, error);
	if (r == 0)
		r = read_unpacked_member(reading, folder, STR(OBSERVATIONS_PATH), error);
	if (r == 0)
		r = read_unpacked_profiles(reading, folder, &manifest, error);
	reading->path = STR_EMPTY;
	reading->input->kind = INPUT_BUNDLE;
	return r;
}
