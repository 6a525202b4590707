// SPDX-License-Identifier: Apache-2.0
// One collection: many targets, several rounds each, into one bundle and one judge.
//
//	struct collection collection = COLLECTION_INIT;
//	r = collection_start(&collection, &plan, error);
//	r = collection_run(&collection, &watch, error);	// until all rounds are done or a signal
//	r = collection_close(&collection, error);	// the members observations and errors
//	r = collection_tell(&collection, &told, error);	// collector/collection/collection_tell.h
//	collection_release(&collection);
//
// A round asks a target, one request at a time: metrics, the profile index (counts for 1 KB), the
// goroutines (by IDs or by counts, as the cost ladder allows), block, mutex, and what else was
// asked for. What comes goes through redaction into the bundle and into a reader at once; at the
// end of the round it becomes one observation. A target that fails costs only itself, and a line in
// errors.jsonl.
#pragma once

#include "collector/bundle/bundle.h"
#include "collector/bundle/redact.h"
#include "collector/collection/collection_life.h"
#include "collector/fetch/fetch.h"
#include "collector/fetch/ladder.h"
#include "collector/fetch/target.h"
#include "collector/observe/observations.h"
#include "collector/settings/settings.h"
#include "model/judge.h"
#include "runtime/metrics.h"

#define COLLECTION_NOTE_MAX 240

// What one target is asked, in this order.
enum question {
	ASK_METRICS,
	ASK_INDEX,
	ASK_COUNTS, // goroutine, debug=0
	ASK_IDS, // goroutine, debug=2
	ASK_COUNTS_INSTEAD, // when the dump broke
	ASK_BLOCK,
	ASK_MUTEX,
	ASK_HEAP,
	ASK_ALLOCS,
	ASK_THREADCREATE,
	ASK_LEAK, // goroutineleak
	ASK_END,
};

struct body; // collector/collection/collection_body.h
struct collection;

// What a round has gathered so far.
struct round {
	double started_ms; // monotonic
	int64_t wall_ms;
	char *folder; // in the bundle
	enum question question;
	struct body *body; // of the request under way
	struct buf page; // of the index
	int64_t index_goroutines; // -1: the index does not tell
	bool index_known, index_lists_leak;
	bool has_metrics;
	struct metrics metrics;
	bool want_ids, decided;
	bool probed; // counts came first, to see how deep the stacks are
	struct snapshot *goroutines;
	enum observation_status status;
	struct snapshot *leak; // of goroutineleak
	double leak_mono_ms;
	int64_t leak_wall_ms;
	struct snapshot *contention[2];
	uint32_t contention_count;
	double mono_ms; // of the first byte of the goroutines, or of what came instead; NAN
	int64_t observed_wall_ms;
	double stop_sum_ms; // NAN
	uint32_t stop_passes;
	uint32_t failures; // of this round
	double retry_after_s; // a busy target said so; 0
	bool kept; // the body of the last answer, or a part of it, is in the bundle
	char error[ERROR_TEXT_MAX]; // the first failure
};

struct collection_target {
	struct collection *collection;
	struct target *target; // borrowed from the plan
	struct fetch_lane *lane;
	struct ladder ladder;
	struct lives lives;
	struct process process; // of the current life, texts in the collection's arena
	double latency_ms; // least time to a first byte so far; INFINITY
	bool had_metrics; // it has them, also when one try fails
	bool no_metrics; // tried, and there are none
	bool went_deep; // the one dump above the budget has been asked for
	bool no_ids; // a dump failed: not again in this collection
	double next_ms; // when the next round is due
	double interval_s; // asked for, or stretched
	uint32_t rounds; // done
	bool busy; // a round is under way
	struct round round;
	int64_t last_goroutines; // -1; for the progress line
	int64_t first_goroutines;
	uint32_t ticks, failed_ticks;
	uint32_t told; // failures that were told once: bits of enum question
	char note[COLLECTION_NOTE_MAX]; // what the ladder decided last, "" for nothing special
};

// What is to be collected. All borrowed.
struct collection_plan {
	const struct settings *settings;
	struct target *targets;
	size_t target_count;
	struct bundle *bundle;
	const char *tool; // "parkwatch 0.1.0"
	// Facts for people, once each: the interval was stretched, counts were taken.
	void (*note)(void *context, const struct target *target, const char *text);
	void *note_context;
};

// How the loop is watched from outside.
struct collection_watch {
	int signal_fd; // -1: none
	int (*signal)(void *context); // number of the signal that has come, 0: none
	void (*progress)(
		void *context, const struct collection *collection); // a few times a second
	void *context;
};

struct collection {
	const struct collection_plan *plan;
	struct stacks *stacks;
	struct redact *redact;
	struct fetcher *fetcher;
	struct judge *judge;
	struct judge_parameters judge_parameters;
	struct observations_writer *writer;
	struct bundle_entry *observations_entry;
	struct arena arena; // observations and processes, as long as the collection
	struct observation *observations; // without IDs, in the order the judge saw them
	size_t observation_count, observation_capacity;
	struct buf errors; // errors.jsonl
	uint32_t error_count, artifact_count;
	struct collection_target *targets;
	size_t target_count;
	uint32_t rounds; // of each target
	double started_ms, deadline_ms; // monotonic
	int64_t started_wall_ms;
	int signal; // that ended it; 0
	bool timed_out; // --timeout ended it
	bool stopped; // before all rounds were done
	struct error fatal; // code 0: none
};

#define COLLECTION_INIT ((struct collection){.errors = BUF_INIT(MIB(64))})

int collection_start(
	struct collection *collection, const struct collection_plan *plan, struct error *error);
int collection_run(
	struct collection *collection, const struct collection_watch *watch, struct error *error);
int collection_close(struct collection *collection, struct error *error);
void collection_release(struct collection *collection);

// For the parts of a collection.

// Begins a round; collection_round_begin's requests go on by themselves until the target is no
// longer busy.
void collection_round_begin(struct collection_target *target);
// Between index and goroutines: IDs, counts, or counts first to see what IDs would cost.
void collection_decide(struct collection_target *target);
// After such counts: how deep the stacks are on the mean, and how many goroutines there are.
void collection_decide_by_counts(struct collection_target *target, const struct snapshot *counts);
// Another process than before answers.
void collection_restarted(struct collection_target *target);
// After a dump: what it cost, for the observation and for the next decision.
void collection_learn_cost(struct collection_target *target, const struct fetch_result *result,
	const struct snapshot *dump);
// Frees what a round holds.
void collection_round_release(struct round *round);
// The round is over: from what it gathered to an observation, the judge and observations.jsonl.
int collection_observe(struct collection_target *target, struct error *error);
// A line of errors.jsonl; `result` may be NULL.
void collection_error(struct collection_target *target, const char *artifact,
	const struct fetch_result *result, const char *reason, const char *text);
void collection_note(struct collection_target *target, const char *text);
// The first error that ends the whole collection is kept.
void collection_fail(struct collection *collection, const struct error *error);
