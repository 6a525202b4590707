// SPDX-License-Identifier: Apache-2.0
// What analyze, show and diff are given: bundles, unpacked bundles, folders of dumps, dumps in time
// order, gzip of any of it, observations.jsonl, standard input ("-"). Everything becomes
// observations, and all of them have gone through one judge.
//
//	struct input input = INPUT_INIT;
//	r = input_read(&input, paths, count, &options, error);
//	r = input_report(&input, &report, error);
//	...
//	report_release(&report);
//	input_release(&input);
#pragma once

#include "base/error.h"
#include "collector/observe/observations.h"
#include "collector/tell/findings_json.h"
#include "model/judge.h"
#include "runtime/snapshot.h"

#include <jansson.h>

#define INPUT_WARNINGS_MAX 16
#define INPUT_WARNING_TEXT 240

struct input_options {
	double interval_s; // time between dumps that do not say when they were taken; 0: not known
	bool keep_snapshots; // for show: goroutines, traces and labels, also out of bundles
	bool damaged; // read what still verifies of a damaged bundle, and warn
	uint64_t max_bytes; // of one file, decompressed; 0: LIMIT_INPUT
	const struct judge_parameters *judge; // what is 0 in it, or NULL: as a bundle says it
};

// One snapshot as it was read. Profiles other than goroutine and goroutineleak are kept as well.
struct input_snapshot {
	struct snapshot *snapshot;
	struct str target; // name of the file for dumps given as such
	struct str path; // of the file, or of the member in its bundle
	int64_t wall_ms; // -1: not known
};

enum input_kind {
	INPUT_DUMPS,
	INPUT_OBSERVATIONS,
	INPUT_BUNDLE,
};

struct input {
	enum input_kind kind; // of the last path
	struct stacks *stacks;
	struct arena arena;
	struct judge *judge; // has seen all of it
	struct observation *observations; // in the order the judge saw them, without IDs
	size_t observation_count, observation_capacity;
	struct process *processes; // latest facts of each
	size_t process_count, process_capacity;
	struct input_snapshot *snapshots; // when asked for, in time order
	size_t snapshot_count, snapshot_capacity;
	struct tell_artifact *evidence; // of a bundle: its goroutine dumps and profiles
	size_t evidence_count;
	json_t *head; // of a bundle's manifest; NULL
	uint64_t states; // targets that were remembered from before
	uint64_t lines_skipped; // of observations
	uint64_t skipped; // damaged records of dumps
	bool times_known; // false: dumps without a time between them, each taken on its own
	char warnings[INPUT_WARNINGS_MAX][INPUT_WARNING_TEXT]; // for people, one line each
	uint32_t warning_count;
};

#define INPUT_INIT ((struct input){0})

// -ENODATA when nothing in it holds a goroutine (the message says what it looks like); -EBADMSG for
// a damaged bundle without options->damaged.
int input_read(struct input *input, const char *const *paths, size_t count,
	const struct input_options *options, struct error *error);
// The judge's report, with the skipped lines entered.
int input_report(struct input *input, struct report *report, struct error *error);
// What findings.json needs to know besides the report.
struct findings_context input_context(const struct input *input);
void input_release(struct input *input);
