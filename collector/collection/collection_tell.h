// SPDX-License-Identifier: Apache-2.0
// What a collection concludes, into its bundle: findings.json, report.html, report.txt, and the
// head of the manifest.
#pragma once

#include "collector/collection/collection.h"
#include "collector/tell/summary.h"
#include "collector/tell/tell.h"

// After collection_close.
struct told {
	struct report report;
	struct tell tell; // points into report, the collection and this
	struct tell_artifact *evidence;
	size_t evidence_count;
	json_t *head; // for bundle_finish
};

#define TOLD_INIT ((struct told){0})

// Judges, writes the three members and makes the manifest's head.
int collection_tell(
	struct collection *collection, const char *version, struct told *told, struct error *error);
void told_release(struct told *told);
