// SPDX-License-Identifier: Apache-2.0
// The way of one body: redaction, then the bundle and the reader side by side.
#include "collector/collection/collection_body.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "runtime/dump.h"
#include "runtime/profile_proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_LEN_MAX KIB(1)

struct body {
	struct body_options options;
	struct redact_filter *filter;
	struct bundle_entry *entry; // opened with the first bytes
	struct dump_reader *dump;
	struct profile_proto_reader *proto;
	struct metrics_reader *metrics;
	struct error error;
};

static enum redact_form redact_form_of(enum body_form form)
{
	switch (form) {
	case BODY_DUMP:
		return REDACT_DUMP;
	case BODY_PROTO:
		return REDACT_PROFILE_PROTO;
	case BODY_METRICS:
		break;
	}
	return REDACT_METRICS;
}

// A profile mostly comes as gzip and is kept as it came; everything else is compressed here.
static int open_entry(struct body *body, struct str head, struct error *error)
{
	cleanup(buf_release) struct buf path = BUF_INIT(PATH_LEN_MAX);
	bool proto = body->options.form == BODY_PROTO;
	bool packed = proto && str_starts(head, STR("\x1f\x8b"));

	buf_printf(&path, "%s/%s%s", body->options.folder, body->options.name,
		packed  ? ".pb.gz"
		: proto ? ".pb"
			: ".txt");
	if (buf_failed(&path))
		return error_no_memory(error, "the path of an artifact");
	return bundle_entry_open(body->options.bundle, buf_text(&path), packed ? 0 : BUNDLE_GZIP,
		&body->entry, error);
}

static int read_piece(struct body *body, const void *data, size_t len)
{
	switch (body->options.form) {
	case BODY_DUMP:
		return dump_reader_feed(body->dump, data, len);
	case BODY_PROTO:
		return profile_proto_reader_feed(body->proto, data, len);
	case BODY_METRICS:
		break;
	}
	return metrics_reader_feed(body->metrics, data, len);
}

static int on_redacted(void *context, const void *data, size_t len, struct error *error)
{
	struct body *body = context;
	int r = 0;

	if (!body->entry)
		r = open_entry(body, (struct str){data, len}, error);
	if (r == 0)
		r = bundle_entry_write(body->entry, data, len, error);
	if (r < 0)
		return r;
	r = read_piece(body, data, len);
	return r < 0 ? error_set(error, r, "read what the target sent: %s", strerror(-r)) : 0;
}

static bool open_reader(struct body *body)
{
	switch (body->options.form) {
	case BODY_DUMP:
		return (body->dump = dump_reader_new(body->options.stacks, SOURCE_DEBUG2));
	case BODY_PROTO:
		return (body->proto = profile_proto_reader_new(body->options.stacks));
	case BODY_METRICS:
		break;
	}
	return (body->metrics = metrics_reader_new(body->options.names));
}

int body_new(struct body **ret_body, const struct body_options *options, struct error *error)
{
	struct body *body = calloc(1, sizeof(*body));

	if (!body)
		return error_no_memory(error, "a fetch");
	body->options = *options;
	body->filter = redact_filter_new(
		options->redact, redact_form_of(options->form), (struct sink){on_redacted, body});
	if (!body->filter || !open_reader(body)) {
		body_free(&body);
		return error_no_memory(error, "a fetch");
	}
	*ret_body = body;
	return 0;
}

int body_feed(void *context, const void *data, size_t len)
{
	struct body *body = context;

	return redact_filter_feed(body->filter, data, len, &body->error);
}

const struct error *body_error(const struct body *body)
{
	return &body->error;
}

static int finish_reader(struct body *body, struct body_read *read, struct error *error)
{
	int r;

	switch (body->options.form) {
	case BODY_DUMP:
		r = dump_reader_finish(body->dump, &read->snapshots);
		return r < 0 ? error_set(error, r, "read the dump: %s", strerror(-r)) : 0;
	case BODY_PROTO:
		return profile_proto_reader_finish(body->proto, &read->snapshots, error);
	case BODY_METRICS:
		break;
	}
	r = metrics_reader_finish(body->metrics, &read->metrics);
	return r < 0 ? error_set(error, r, "read the metrics: %s", strerror(-r)) : 0;
}

static void describe(const struct redact_counts *counts, struct buf *out)
{
	if (counts->arguments > 0)
		buf_printf(out, ", arguments %llu", (unsigned long long)counts->arguments);
	if (counts->labels > 0)
		buf_printf(out, ", labels %llu", (unsigned long long)counts->labels);
	if (counts->urls > 0)
		buf_printf(out, ", urls %llu", (unsigned long long)counts->urls);
}

int body_finish(struct body *body, const struct artifact *facts, struct body_read *read,
	struct error *error)
{
	cleanup(buf_release) struct buf redaction = BUF_INIT(KIB(1));
	struct artifact artifact = *facts;
	struct redact_counts counts = {0};
	int r;

	r = redact_filter_finish(body->filter, &counts, error);
	if (r < 0 || !body->entry)
		return r;
	describe(&counts, &redaction);
	artifact.redaction = str_skip(buf_str(&redaction), 2);
	r = finish_reader(body, read, error);
	if (r < 0)
		return r;
	r = bundle_entry_close(&body->entry, &artifact, error);
	read->kept = r == 0;
	return r;
}

void body_free(struct body **body_variable)
{
	struct body *body = *body_variable;

	*body_variable = NULL;
	if (!body)
		return;
	bundle_entry_drop(&body->entry);
	redact_filter_free(&body->filter);
	dump_reader_free(&body->dump);
	profile_proto_reader_free(&body->proto);
	metrics_reader_free(&body->metrics);
	free(body);
}
