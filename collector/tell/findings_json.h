// SPDX-License-Identifier: Apache-2.0
// findings.json (parkwatch.findings/1): the report for programs. docs/findings.schema.json is its
// JSON Schema. The same report and context give the same bytes; six significant digits; what has no
// finite value is null with its reason.
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "collector/tell/tell.h"

#define FINDINGS_SCHEMA "parkwatch.findings/1"

struct findings_context {
	const struct stacks *stacks; // names of wait reasons
	const struct observation *observations; // for "snapshots"; those with groups are listed
	size_t observation_count;
	const struct tell_artifact *evidence; // by target, then path
	size_t evidence_count;
};

// 0; the buffer's failure (-ENOMEM, -EFBIG).
int findings_json(const struct report *report, const struct findings_context *context,
	struct buf *out, struct error *error);
