// SPDX-License-Identifier: Apache-2.0
// A snapshot: what one process said at one moment, whatever the form it said it in.
//
// Readers (runtime/dump.h, runtime/profile_text.h, runtime/profile_proto.h) fill it; everything
// behind them (model/, the commands) asks it and does not know which reader it was. Sources with
// identities give one `struct goroutine` each; sources with counts give one `struct sample` per
// stack and label set. Traces, labels and state names live in the `struct stacks` it was read with,
// which must outlive it.
#pragma once

#include "base/limits.h"
#include "runtime/stack.h"
#include "runtime/wait.h"

enum profile {
	PROFILE_GOROUTINE,
	PROFILE_GOROUTINELEAK,
	PROFILE_THREADCREATE,
	PROFILE_HEAP,
	PROFILE_ALLOCS,
	PROFILE_BLOCK,
	PROFILE_MUTEX,
	PROFILE_OTHER, // a profile of another kind (cpu, or not Go's)
};

enum source {
	SOURCE_DEBUG2, // goroutine?debug=2 or runtime.Stack: IDs, waits, creators
	SOURCE_LOG, // a crash, panic or SIGQUIT in a log: as debug2, with system goroutines
	SOURCE_DEBUG1, // text with counts
	SOURCE_DEBUG0, // profile.proto
};

enum goroutine_flag {
	GOROUTINE_LEAKED = 1 << 0, // "(leaked)": the runtime proved it
	GOROUTINE_SCAN = 1 << 1, // "(scan)"
	GOROUTINE_DURABLE = 1 << 2, // "(durable)", synctest
	GOROUTINE_LOCKED = 1 << 3, // locked to thread
	GOROUTINE_BUBBLE = 1 << 4, // in a synctest bubble or group
	GOROUTINE_CRASH = 1 << 5, // header had gp= m= mp=
};

struct goroutine {
	uint64_t id;
	uint64_t parent; // "in goroutine N"; 0 when not said
	uint64_t bubble; // 0 without GOROUTINE_BUBBLE
	uint32_t trace; // index into the table of stacks
	uint32_t labels; // likewise; 0 is none
	uint32_t minutes; // waiting since at least; 0 when not said
	uint16_t state; // runtime/wait.h
	uint16_t flags; // enum goroutine_flag
};

// One row of a profile with counts.
struct sample {
	uint32_t trace;
	uint32_t labels;
	uint16_t state; // from the hidden runtime frames; STATE_UNKNOWN
	int64_t count; // goroutines, threads, contention events, objects in use
	int64_t value; // block, mutex: delay in ns (cycles without cycles_per_s); heap: bytes in
		       // use
};

// A record that could not be read. It cost only itself.
struct damage {
	uint64_t offset; // of the record, in bytes from the start of the input
	uint64_t line; // likewise, from 1
	const char *reason; // static text, e.g. "frame without position"
};

struct goroutine_block; // memory of many goroutines; grows without copying

struct snapshot {
	enum profile profile;
	enum source source;
	struct stacks *stacks; // borrowed

	struct goroutine_block *first, *last;
	uint64_t goroutine_count;

	struct sample *samples; // owned
	uint32_t sample_count, sample_capacity;

	uint64_t total; // the source's own total ("total N"), or the number of goroutines read
	bool cut; // ends in the middle: at 64 MiB, or of a record
	bool leak_marks; // at least one "(leaked)"
	double cycles_per_s; // block, mutex in debug=1; 0 when not said
	int64_t sampling_period; // mutex; -1 when not said, 0: profiling is off
	uint64_t skipped; // damaged records, all of them
	uint32_t damage_count; // remembered ones
	struct damage damage[LIMIT_DAMAGE_COUNT];
	uint64_t offset, end_offset; // of the snapshot in its input
	int64_t wall_ms; // from a log's timestamps; -1 when not said
};

struct snapshot *snapshot_new(enum profile profile, enum source source, struct stacks *stacks);
void snapshot_free(struct snapshot **snapshot);

int snapshot_add_goroutine(struct snapshot *snapshot, const struct goroutine *goroutine);
int snapshot_add_sample(struct snapshot *snapshot, const struct sample *sample);
void snapshot_add_damage(
	struct snapshot *snapshot, uint64_t offset, uint64_t line, const char *reason);
bool snapshot_has_ids(const struct snapshot *snapshot);

// All goroutines in the order of the dump:
//	struct goroutine_iterator at = {0};
//	const struct goroutine *g;
//	while ((g = snapshot_next(snapshot, &at)))
struct goroutine_iterator {
	const struct goroutine_block *block;
	uint32_t index;
	bool started;
};
const struct goroutine *snapshot_next(
	const struct snapshot *snapshot, struct goroutine_iterator *at);

// Several dumps in one stream are several snapshots, in order.
struct snapshot_list {
	struct snapshot **items; // owned, each
	size_t count, capacity;
};
int snapshot_list_add(struct snapshot_list *list, struct snapshot *snapshot); // takes it on success
void snapshot_list_release(struct snapshot_list *list);
