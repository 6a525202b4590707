// SPDX-License-Identifier: Apache-2.0
// One body on its way: from the network through redaction into the bundle and into its reader,
// piece by piece, never held whole.
#pragma once

#include "collector/bundle/bundle.h"
#include "collector/bundle/redact.h"
#include "collector/fetch/fetch.h"
#include "runtime/metrics.h"
#include "runtime/snapshot.h"

enum body_form { BODY_DUMP, BODY_PROTO, BODY_METRICS };

struct body_options {
	struct bundle *bundle; // borrowed, like all here
	const struct redact *redact;
	struct stacks *stacks;
	const struct metrics_names *names;
	enum body_form form;
	const char *folder; // in the bundle
	const char *name; // of the file, without its ending: "goroutine"
};

struct body;

// What was read. The snapshots are the caller's.
struct body_read {
	struct snapshot_list snapshots;
	struct metrics metrics;
	bool kept; // it is in the bundle
};

int body_new(struct body **body, const struct body_options *options, struct error *error);
// A fetch_request's sink. 0 or a negative errno; the words are in body_error().
int body_feed(void *body, const void *data, size_t len);
const struct error *body_error(const struct body *body);
// Ends the body and takes it into the bundle with `facts`, to which the redaction is added. A body
// of which nothing came leaves nothing. `read` must be empty.
int body_finish(struct body *body, const struct artifact *facts, struct body_read *read,
	struct error *error);
void body_free(struct body **body); // drops what was not finished
