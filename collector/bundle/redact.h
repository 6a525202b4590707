// SPDX-License-Identifier: Apache-2.0
// Taking secrets out of what targets say, before anything is read, kept or shown.
//
// Bodies go through a filter on their way in; what comes out feeds both the reader and the spool,
// so that a bundle, its observations and its findings never held what the rules take out:
//
//	network -> redact_filter -> { dump reader, bundle entry }
//
// Argument lists become "(...)" ("()" stays), values of labels whose key matches become
// "<redacted>", and in URLs the user info and the values of the query go.
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "collector/form/sink.h"

struct redact; // compiled rules; immutable, shared by filters

struct redact_rules {
	const char *const *labels; // regular expressions (POSIX extended) on keys; "(?i)" in front
	size_t label_count;
	bool arguments;
	bool keep_urls; // leave user info and queries in URLs
};

// NULL with `error` when an expression does not compile or there is no memory.
struct redact *redact_new(const struct redact_rules *rules, struct error *error);
void redact_free(struct redact **redact);
bool redact_has_labels(const struct redact *redact); // is there a rule for labels?
bool redact_has_arguments(const struct redact *redact);
bool redact_has_urls(const struct redact *redact);
bool redact_label(const struct redact *redact, struct str key); // does a rule match this key?
// One line for the manifest: "arguments, urls, labels (?i)token|mail|user".
void redact_describe(const struct redact *redact, struct buf *out);

enum redact_form {
	REDACT_DUMP, // goroutine text: debug=2, logs
	REDACT_PROFILE_TEXT, // debug=1
	REDACT_PROFILE_PROTO, // debug=0, gzip or plain; gathered, comes out as gzip or plain
			      // likewise
	REDACT_METRICS, // label values, by the same rules
};

struct redact_counts {
	uint64_t arguments, labels, urls;
};

// The output does not depend on where the input was cut into pieces. A line is looked at up to
// LIMIT_LINE bytes; the rest of a longer one is dropped when a rule could apply to it.
struct redact_filter;

struct redact_filter *redact_filter_new(const struct redact *redact, enum redact_form form,
	struct sink sink); // NULL: no memory
int redact_filter_feed(
	struct redact_filter *filter, const void *data, size_t len, struct error *error);
// Writes what is left. A profile.proto that does not decode is not passed on: -EBADMSG.
int redact_filter_finish(
	struct redact_filter *filter, struct redact_counts *counts, struct error *error);
void redact_filter_free(struct redact_filter **filter);

// Text of ours that quotes a target or an address (errors, URLs): user info and query values go.
void redact_url_text(struct str text, struct buf *out, uint64_t *count);
