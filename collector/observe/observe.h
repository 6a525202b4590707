// SPDX-License-Identifier: Apache-2.0
// From what was read of a target at one tick to the one observation that the model sees.
//
//	struct observation seen;
//	observation_init(&seen, target);
//	seen.process = 1; seen.mono_ms = ...; seen.wall_ms = ...;
//	observe_metrics(&metrics, &seen);		// any of these, in any order
//	r = observe_goroutines(snapshot, &arena, &seen);
//	r = observe_contention(snapshots, count, &arena, &seen);
//	r = observation_settle(&seen, &arena);		// what JSON can hold, no more and no less
//	r = observations_write_tick(writer, &seen, error);	// numbers it (seq)
//	r = judge_observe(judge, &seen);
//
// What an observation points to lives in the arena and in the snapshot's table of stacks; the
// snapshot itself may go. Results: 0, -ENOMEM, -EFBIG at the arena's maximum.
#pragma once

#include "model/observation.h"
#include "runtime/metrics.h"
#include "runtime/snapshot.h"

// Nothing known yet: numbers NAN, counts -1, texts empty; source metrics, status ok. `target` is
// borrowed.
void observation_init(struct observation *observation, struct str target);

// Goroutines, or a goroutineleak profile: sets source, groups (one per stack, by key), dumped,
// skipped, max_id; status cut when it is; `goroutines` and its origin when nobody said it before
// and the source holds all of them. The collector's own goroutines count and are listed.
int observe_goroutines(
	const struct snapshot *snapshot, struct arena *arena, struct observation *observation);

// Cumulative rows of block and mutex profiles (others in the list are ignored), in ns.
int observe_contention(struct snapshot *const *snapshots, size_t count, struct arena *arena,
	struct observation *observation);

// The process's own figures. `goroutines` from here wins over the dump's. The observation points
// into `metrics`.
void observe_metrics(const struct metrics *metrics, struct observation *observation);
// What metrics tell of the process itself; fields that they do not say stay as they are.
// `go_version` is copied into the arena.
int observe_process(const struct metrics *metrics, struct arena *arena, struct process *process);

// Pass it through what observations.jsonl can hold, so that the live judge and a replay see the
// same bits: text becomes valid UTF-8, numbers finite or NAN, -0 becomes 0, integers at most
// 2^53 - 1, a time before 1970 or after 9999 becomes -1; IDs are dropped from all groups unless
// every group has as many as it counts. Idempotent. Text that was changed lives in the arena.
int observation_settle(struct observation *observation, struct arena *arena);
int process_settle(struct process *process, struct arena *arena);

// The stack, frame that observations.jsonl can hold: names that are no UTF-8 are mended, which
// gives a stack another key. What observe_goroutines and observe_contention give is settled
// already.
int stack_settle(struct stacks *stacks, struct arena *arena, const struct stack *stack,
	const struct stack **settled);
int frame_settle(const struct frame *frame, struct arena *arena, struct frame *settled);

// A copy that needs nothing but the arena and the table of stacks. Without IDs when !with_ids.
int observation_copy(const struct observation *observation, bool with_ids, struct arena *arena,
	struct observation *copy);
int process_copy(const struct process *process, struct arena *arena, struct process *copy);
