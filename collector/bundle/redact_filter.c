// SPDX-License-Identifier: Apache-2.0
// Redaction of a body on its way in: text line by line, profiles as a whole.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/bundle/redact_parts.h"
#include "collector/form/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES KIB(64)

struct redact_filter {
	const struct redact *redact;
	enum redact_form form;
	struct sink sink;
	struct buf line; // not yet ended; of a profile: all of it
	bool overlong; // the rest of this line is dropped
	struct buf out;
	struct buf scratch; // a line between two rules
	struct redact_counts counts;
};

struct redact_filter *redact_filter_new(
	const struct redact *redact, enum redact_form form, struct sink sink)
{
	struct redact_filter *filter = calloc(1, sizeof(*filter));

	if (!filter)
		return NULL;
	filter->redact = redact;
	filter->form = form;
	filter->sink = sink;
	filter->line = BUF_INIT(form == REDACT_PROFILE_PROTO ? LIMIT_PROFILE_PROTO : LIMIT_LINE);
	// A line grows by at most a few bytes per replaced part.
	filter->out = BUF_INIT(PIECE_BYTES + 8 * LIMIT_LINE);
	filter->scratch = BUF_INIT(8 * LIMIT_LINE);
	return filter;
}

void redact_filter_free(struct redact_filter **filter)
{
	if (!*filter)
		return;
	buf_release(&(*filter)->line);
	buf_release(&(*filter)->out);
	buf_release(&(*filter)->scratch);
	free(*filter);
	*filter = NULL;
}

static int flush(struct redact_filter *filter, struct error *error)
{
	int r = 0;

	if (buf_failed(&filter->out))
		return error_no_memory(error, "redaction");
	if (filter->out.len > 0)
		r = filter->sink.write(
			filter->sink.context, filter->out.data, filter->out.len, error);
	buf_clear(&filter->out);
	return r;
}

// Also behind what a log puts in front of a line: "goroutine 7 [select] {tenant: acme}:" and
// "goroutine 7 [select labels:{"tenant": "acme"}]:"
static bool is_header(struct str line)
{
	struct str rest = str_skip(line, str_find(line, STR("goroutine ")));

	return str_find(rest, STR(" [")) < rest.len;
}

// Where a list of labels begins: at its '{'; line.len when there is none.
static size_t find_labels(const struct redact_filter *filter, struct str line)
{
	size_t at;

	switch (filter->form) {
	case REDACT_DUMP:
		if (!is_header(line))
			return line.len;
		at = str_find(line, STR(" labels:{"));
		if (at < line.len)
			return at + strlen(" labels:");
		at = str_find(line, STR("] {"));
		return at < line.len ? at + strlen("] ") : at;
	case REDACT_PROFILE_TEXT:
		if (!str_starts(line, STR("# labels: {")))
			return line.len;
		return strlen("# labels: ");
	case REDACT_METRICS:
		return line.len > 0 && line.data[0] == '#' ? line.len : str_find_byte(line, '{');
	case REDACT_PROFILE_PROTO:
		break;
	}
	return line.len;
}

static void redact_labels(struct redact_filter *filter, struct str line, struct buf *out)
{
	size_t at = redact_has_labels(filter->redact) ? find_labels(filter, line) : line.len;
	struct str rest = str_skip(line, at);

	buf_add(out, str_head(line, at));
	while (rest.len > 0 && rest.data[0] == '{') {
		size_t next;

		redact_label_list(filter->redact, &rest, out, &filter->counts);
		// An exemplar, or the second spelling in one header.
		next = str_find(rest, STR(" {"));
		if (next == rest.len)
			break;
		buf_add(out, str_head(rest, next + 1));
		rest = str_skip(rest, next + 1);
	}
	buf_add(out, rest);
}

static void redact_line(struct redact_filter *filter, struct str line, bool whole)
{
	struct buf *scratch = &filter->scratch;
	struct str ending = STR_EMPTY;

	if (line.len > 0 && line.data[line.len - 1] == '\r' && whole) {
		ending = STR("\r");
		line.len--;
	}
	buf_clear(scratch);
	if (filter->form == REDACT_DUMP && redact_has_arguments(filter->redact) && !is_header(line))
		redact_arguments(line, whole, scratch, &filter->counts);
	else
		redact_labels(filter, line, scratch);
	if (redact_has_urls(filter->redact))
		redact_url_text(buf_str(scratch), &filter->out, &filter->counts.urls);
	else
		buf_add(&filter->out, buf_str(scratch));
	buf_add(&filter->out, ending);
	if (buf_failed(scratch))
		filter->out.failed = -ENOMEM;
}

// A line in `piece`, or the end of one that began before.
static int end_line(struct redact_filter *filter, struct str piece, struct error *error)
{
	bool joined = filter->line.len > 0 || filter->overlong;
	bool long_now = !joined && piece.len > LIMIT_LINE;

	if (joined)
		redact_line(filter, buf_str(&filter->line), !filter->overlong);
	else
		redact_line(filter, str_head(piece, LIMIT_LINE), !long_now);
	buf_add_byte(&filter->out, '\n');
	buf_clear(&filter->line);
	filter->overlong = false;
	return filter->out.len >= PIECE_BYTES || buf_failed(&filter->out) ? flush(filter, error)
									  : 0;
}

// The beginning of a line, up to what a line may have.
static void gather(struct redact_filter *filter, struct str piece)
{
	size_t room = LIMIT_LINE - filter->line.len;

	if (piece.len > room)
		filter->overlong = true;
	buf_add(&filter->line, str_head(piece, room));
}

static int feed_text(struct redact_filter *filter, struct str rest, struct error *error)
{
	int r = 0;

	while (rest.len > 0 && r == 0) {
		size_t end = str_find_byte(rest, '\n');
		bool whole = end < rest.len;

		if (!whole || filter->line.len > 0 || filter->overlong)
			gather(filter, str_head(rest, end));
		if (buf_failed(&filter->line))
			return error_no_memory(error, "redaction");
		if (whole)
			r = end_line(filter, str_head(rest, end), error);
		rest = str_skip(rest, whole ? end + 1 : end);
	}
	return r;
}

// A profile is left alone when no rule asks about labels.
static bool passes_through(const struct redact_filter *filter)
{
	return filter->form == REDACT_PROFILE_PROTO && !redact_has_labels(filter->redact);
}

int redact_filter_feed(
	struct redact_filter *filter, const void *data, size_t len, struct error *error)
{
	if (passes_through(filter))
		return len > 0 ? filter->sink.write(filter->sink.context, data, len, error) : 0;
	if (filter->form != REDACT_PROFILE_PROTO)
		return feed_text(filter, (struct str){data, len}, error);
	buf_append(&filter->line, data, len);
	if (buf_failed(&filter->line) == -EFBIG)
		return error_set(
			error, -EFBIG, "the profile exceeds %zu bytes", LIMIT_PROFILE_PROTO);
	return buf_failed(&filter->line) ? error_no_memory(error, "redaction") : 0;
}

static int append(void *context, const void *data, size_t len, struct error *error)
{
	struct buf *buf = context;

	buf_append(buf, data, len);
	return buf_failed(buf) ? error_set(error, buf_failed(buf), "a profile: %s",
					 strerror(-buf_failed(buf)))
			       : 0;
}

static void free_gzip(struct gzip **gzip)
{
	gzip_free(gzip);
}

static int convert(enum gzip_way way, struct str from, struct sink to, struct error *error)
{
	cleanup(free_gzip) struct gzip *gzip =
		gzip_new(way, way == GZIP_UNPACK ? LIMIT_PROFILE_PROTO : 0, to);
	int r = gzip ? gzip_feed(gzip, from.data, from.len, error)
		     : error_no_memory(error, "a profile");

	return r < 0 ? r : gzip_finish(gzip, error);
}

static int finish_profile(struct redact_filter *filter, struct error *error)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(LIMIT_PROFILE_PROTO);
	cleanup(buf_release) struct buf redacted = BUF_INIT(2 * LIMIT_PROFILE_PROTO);
	struct str body = buf_str(&filter->line), message = body;
	bool packed = gzip_begins(body);
	int r = 0;

	if (body.len == 0)
		return 0;
	if (packed) {
		r = convert(GZIP_UNPACK, body, (struct sink){append, &plain}, error);
		message = buf_str(&plain);
	}
	if (r < 0)
		return r;
	r = redact_profile(filter->redact, message, &redacted, &filter->counts);
	if (r == -ENOMEM)
		return error_no_memory(error, "a profile");
	if (r < 0)
		return error_set(error, r,
			"the body is no profile.proto, so its labels cannot be taken out: it is "
			"not kept");
	if (r > 0 && packed)
		return convert(GZIP_PACK, buf_str(&redacted), filter->sink, error);
	if (r > 0)
		body = buf_str(&redacted);
	return filter->sink.write(filter->sink.context, body.data, body.len, error);
}

int redact_filter_finish(
	struct redact_filter *filter, struct redact_counts *counts, struct error *error)
{
	int r = 0;

	if (filter->form == REDACT_PROFILE_PROTO) {
		if (!passes_through(filter))
			r = finish_profile(filter, error);
	} else {
		if (filter->line.len > 0)
			redact_line(filter, buf_str(&filter->line), false);
		r = flush(filter, error);
	}
	*counts = filter->counts;
	return r;
}
