// SPDX-License-Identifier: Apache-2.0
// manifest.json, written and read.
#include "collector/bundle/manifest.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"
#include "collector/form/json_fields.h"
#include "collector/form/json_text.h"

#include <errno.h>
#include <math.h>

// Wide enough for any offset: what follows the number is spaces.
#define OFFSET_WIDTH 15

void manifest_release(struct manifest *manifest)
{
	arena_release(&manifest->arena);
	json_decref(manifest->head);
	*manifest = (struct manifest){0};
}

static void put_offset(struct json_writer *json, uint64_t offset)
{
	size_t begin;

	json_put_key(json, "offset");
	begin = json->buf->len;
	json_put_u64(json, offset);
	for (size_t i = json->buf->len - begin; i < OFFSET_WIDTH; i++)
		buf_add_byte(json->buf, ' ');
}

static void put_text(struct json_writer *json, const char *key, struct str text)
{
	if (text.len == 0)
		return;
	json_put_key(json, key);
	json_put_str(json, text);
}

static void put_time(struct json_writer *json, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms < 0)
		return;
	clock_format(wall_ms, text);
	json_put_key(json, key);
	json_put_text(json, text);
}

static void put_number(struct json_writer *json, const char *key, double number)
{
	if (isnan(number))
		return;
	json_put_key(json, key);
	json_put_rounded(json, number);
}

static void put_artifact(struct json_writer *json, const struct artifact *artifact)
{
	json_put_open(json, '{');
	put_text(json, "path", artifact->path);
	json_put_key(json, "size");
	json_put_u64(json, artifact->size);
	json_put_key(json, "sha256");
	json_put_text(json, artifact->sha256);
	put_offset(json, artifact->offset);
	json_put_key(json, "raw_size");
	json_put_u64(json, artifact->raw_size);
	put_text(json, "target", artifact->target);
	put_text(json, "kind", artifact->kind);
	put_text(json, "source", artifact->source);
	if (artifact->process > 0) {
		json_put_key(json, "process");
		json_put_u64(json, artifact->process);
	}
	put_time(json, "time", artifact->wall_ms);
	json_put_key(json, "status");
	json_put_str(json, artifact->status.len > 0 ? artifact->status : STR("ok"));
	if (artifact->http_status > 0) {
		json_put_key(json, "http_status");
		json_put_i64(json, artifact->http_status);
	}
	put_number(json, "duration_ms", artifact->duration_ms);
	put_number(json, "first_byte_ms", artifact->first_byte_ms);
	json_put_key(json, "truncated");
	json_put_bool(json, artifact->truncated);
	put_text(json, "redaction", artifact->redaction);
	put_text(json, "error", artifact->error);
	json_put_close(json, '}');
}

// The members of the head, each on a line of its own.
static int put_head(struct json_writer *json, const json_t *head)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)head, key, value)
	{
		cleanup(free_pointer) char *text =
			json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

		if (!text)
			return -ENOMEM;
		buf_add_text(json->buf, ",\n");
		json_add_string(json->buf, str_of(key));
		buf_add_byte(json->buf, ':');
		buf_add_text(json->buf, text);
	}
	return 0;
}

int manifest_write(const struct manifest *manifest, struct buf *out, struct error *error)
{
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "schema");
	json_put_text(&json, MANIFEST_SCHEMA);
	put_time(&json, "created", manifest->created_ms);
	if (manifest->head && put_head(&json, manifest->head) < 0)
		return error_no_memory(error, "the manifest");
	buf_add_text(out, ",\n\"artifacts\":[");
	for (size_t i = 0; i < manifest->artifact_count; i++) {
		json = (struct json_writer)JSON_WRITER_INIT(out);
		buf_add_text(out, i > 0 ? ",\n" : "\n");
		put_artifact(&json, &manifest->artifacts[i]);
	}
	buf_add_text(out, "\n]}\n");
	if (buf_failed(out) == -EFBIG)
		return error_set(error, -EFBIG, "the manifest is longer than %zu bytes", out->max);
	return buf_failed(out) ? error_no_memory(error, "the manifest") : 0;
}

static bool read_sha256(struct str text, char out[static SHA256_HEX + 1])
{
	uint64_t ignored;

	if (text.len != SHA256_HEX)
		return false;
	for (size_t i = 0; i < SHA256_HEX; i += 16)
		if (!str_hex_to_u64(str_head(str_skip(text, i), 16), &ignored))
			return false;
	for (size_t i = 0; i < SHA256_HEX; i++)
		out[i] = text.data[i];
	out[SHA256_HEX] = '\0';
	return true;
}

static int copy_texts(struct artifact *artifact, struct arena *arena)
{
	struct str *const texts[] = {&artifact->path, &artifact->target, &artifact->kind,
		&artifact->source, &artifact->status, &artifact->redaction, &artifact->error};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*texts[i] = arena_str(arena, *texts[i]);
		if (!texts[i]->data)
			return -ENOMEM;
	}
	return 0;
}

int artifact_copy(const struct artifact *artifact, struct arena *arena, struct artifact *copy)
{
	*copy = *artifact;
	return copy_texts(copy, arena);
}

static int read_artifact(const json_t *item, struct arena *arena, struct artifact *artifact)
{
	struct json_fields fields = {.object = item};
	int64_t size = json_field_count(&fields, "size");
	int64_t raw_size = json_field_count(&fields, "raw_size");
	int64_t offset = json_field_count(&fields, "offset");

	*artifact = (struct artifact){
		.path = json_field_str(&fields, "path"),
		.size = (uint64_t)size,
		.raw_size = (uint64_t)raw_size,
		.offset = (uint64_t)offset,
		.target = json_field_str(&fields, "target"),
		.kind = json_field_str(&fields, "kind"),
		.source = json_field_str(&fields, "source"),
		.process = json_field_u32(&fields, "process"),
		.wall_ms = json_field_time(&fields, "time"),
		.status = json_field_str(&fields, "status"),
		.http_status = (long)json_field_u32(&fields, "http_status"),
		.duration_ms = json_field_number(&fields, "duration_ms"),
		.first_byte_ms = json_field_number(&fields, "first_byte_ms"),
		.truncated = json_field_bool(&fields, "truncated"),
		.redaction = json_field_str(&fields, "redaction"),
		.error = json_field_str(&fields, "error"),
	};
	if (fields.wrong || size < 0 || raw_size < 0 || offset < 0 || artifact->path.len == 0 ||
		!read_sha256(json_field_str(&fields, "sha256"), artifact->sha256))
		return -EBADMSG;
	return copy_texts(artifact, arena);
}

static int read_artifacts(const json_t *list, struct manifest *manifest, struct error *error)
{
	const size_t count = json_array_size(list);
	int r;

	if (count > LIMIT_BUNDLE_MEMBERS_COUNT)
		return error_set(error, -EFBIG,
			"manifest.json lists %zu artifacts; the limit is %d", count,
			LIMIT_BUNDLE_MEMBERS_COUNT);
	manifest->artifacts = arena_array(&manifest->arena, count + 1, sizeof(struct artifact));
	if (!manifest->artifacts)
		return error_no_memory(error, "the manifest");
	for (size_t i = 0; i < count; i++) {
		r = read_artifact(
			json_array_get(list, i), &manifest->arena, &manifest->artifacts[i]);
		if (r == -EBADMSG)
			return error_set(error, r,
				"manifest.json: artifact %zu is not as this version reads it", i);
		if (r < 0)
			return error_no_memory(error, "the manifest");
	}
	manifest->artifact_count = count;
	return 0;
}

static int read_object(json_t *object, struct manifest *manifest, struct error *error)
{
	struct json_fields fields = {.object = object};
	struct str schema = json_field_str(&fields, "schema");
	const json_t *list = json_field(&fields, "artifacts", JSON_ARRAY);
	int r;

	if (!str_equal(schema, STR(MANIFEST_SCHEMA)))
		return error_set(error, -EPROTO,
			"manifest.json has schema \"%.*s\"; this version reads " MANIFEST_SCHEMA,
			STR_ARG(str_head(schema, 64)));
	manifest->created_ms = json_field_time(&fields, "created");
	if (!list || manifest->created_ms < 0)
		return error_set(
			error, -EBADMSG, "manifest.json lacks \"artifacts\" or \"created\"");
	r = read_artifacts(list, manifest, error);
	if (r < 0)
		return r;
	(void)json_object_del(object, "artifacts");
	(void)json_object_del(object, "schema");
	(void)json_object_del(object, "created");
	manifest->head = json_incref(object);
	return 0;
}

int manifest_read(struct str text, struct manifest *manifest, struct error *error)
{
	json_error_t problem;
	json_t *object = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &problem);
	int r;

	*manifest = (struct manifest){.arena = ARENA_INIT(LIMIT_MANIFEST)};
	if (!object && json_error_code(&problem) == json_error_out_of_memory)
		return error_no_memory(error, "the manifest");
	if (!json_is_object(object))
		r = error_set(error, -EBADMSG, "manifest.json is no JSON object: %s (line %d)",
			object ? "another value" : problem.text, problem.line);
	else
		r = read_object(object, manifest, error);
	json_decref(object);
	if (r < 0)
		manifest_release(manifest);
	return r;
}
