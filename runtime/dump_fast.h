// SPDX-License-Identifier: Apache-2.0
// The quick way through a dump: most records repeat one seen before but for numbers. What does not
// change in a record (functions, positions, creator) is kept as literals in a tree whose branches
// are where stacks differ; a record is read by comparing it with the literals and passing over the
// arguments between them. A record that is new may still consist of known frames, which are found
// by their text (runtime/dump_fast_frames.c). Whatever does not fit exactly is left to
// runtime/dump_record.h, so the result is the same with and without this file; tests compare.
#pragma once

#include "runtime/hash.h"
#include "runtime/snapshot.h"

#define FAST_STATUS_MAX 40
#define FAST_STATUS_COUNT 16

enum fast_kind {
	FAST_ARGUMENTS, // behind the literal: arguments
	FAST_PARENT, // the ID of the parent
	FAST_END, // the next record
};

struct fast_node {
	uint32_t literal, length; // in the pool
	uint32_t child, sibling; // index of a node; 0: none
	uint32_t child_count;
	uint32_t trace; // FAST_END
	uint32_t lines; // FAST_END: of the record
	enum fast_kind kind;
};

// A frame, or a creator, as its two lines stand in dumps.
struct fast_frame {
	uint32_t text; // in the pool: what stands before the arguments, then the position line
	uint32_t name_length, position_length;
	uint32_t id; // runtime/stack.h
};

struct fast_status {
	char text[FAST_STATUS_MAX];
	size_t length;
	uint16_t state, flags;
};

struct dump_fast {
	struct stacks *stacks;
	struct fast_node *nodes; // nodes[0] is the root
	uint32_t node_count, node_capacity;
	char *pool; // literals, each once
	uint32_t pool_used, pool_capacity;
	struct fast_frame *frames;
	uint32_t frame_count, frame_capacity;
	struct hash_table frame_table;
	uint32_t *ids; // of the frames of the record being read; NULL: none is known yet
	uint32_t no_creator; // the empty frame
	struct hash_table literals; // index: of a node that has the literal
	struct hash_table branches; // children by parent and text
	struct fast_status statuses[FAST_STATUS_COUNT];
	uint32_t status_count, status_last;
	uint16_t running; // a state that is never read here
	int credit, frame_credit; // fall with misses; below 0 nothing is tried for a while
	bool full; // no more is learned
	bool off;
};

struct dump_fast_result {
	struct goroutine goroutine;
	size_t length; // of the record, with the blank line behind it
	uint32_t lines;
};

void dump_fast_start(struct dump_fast *fast, struct stacks *stacks);
void dump_fast_release(struct dump_fast *fast);
// Whether `text` begins with a whole record that is known. 1: it does; 0; -ENOMEM, -EFBIG.
int dump_fast_match(struct dump_fast *fast, struct str text, struct dump_fast_result *result);
// `record` is a whole record, with the blank line behind it, that was read as `goroutine`: learns
// its frames and, when its trace is not seen for the first time, the whole of it. Records of
// unusual form are not learned, nor is anything once there is no memory.
void dump_fast_learn(struct dump_fast *fast, struct str record, const struct goroutine *goroutine,
	bool repeated);

// Inside: the frames.
#define FAST_FRAMES_MAX 256 // of a record
int fast_frames_match(struct dump_fast *fast, const char *at, const char *end,
	struct dump_fast_result *result, const char **behind);
void fast_frames_learn(struct dump_fast *fast, struct str body, const struct trace *trace);
// Whether the line is what the exact way made the position of the frame, in its usual form.
bool fast_is_position_of(struct str line, const struct frame *frame);
// Room in the pool for `len` bytes; NULL: it is full.
char *fast_pool_reserve(struct dump_fast *fast, size_t len);
