// SPDX-License-Identifier: Apache-2.0
// Inside of `struct stacks`: shared by runtime/stack.c (frames, traces, signatures) and
// runtime/stack_names.c (strings, labels, states); nobody else includes it.
#pragma once

#include "base/buf.h"
#include "base/digest.h"
#include "runtime/hash.h"
#include "runtime/stack.h"

#define STATE_NAMES_MAX 4096

// A frame as a source prints it, with what the signature needs of it.
struct known_frame {
	struct frame frame; // interned strings
	struct str function; // normalised, interned
	uint64_t signature_hash; // of function, base name of the file, line
	struct str signed_text, line_free_text; // what it adds to the digests of signatures
	bool shows;
	bool observer;
};

// An array that grows; `items` is what `table` has the indexes of.
#define KNOWN(type)                                                                                \
	struct {                                                                                   \
		struct hash_table table;                                                           \
		type *items;                                                                       \
		uint32_t count, capacity;                                                          \
	}

struct stacks {
	struct arena arena;
	size_t max_bytes;
	size_t array_bytes; // of the arrays below
	uint64_t seed;
	KNOWN(struct str) strings;
	KNOWN(struct known_frame) frames;
	KNOWN(const struct trace *) traces;
	KNOWN(const struct stack *) stacks; // the table goes by content
	struct hash_table keys; // likewise, by key
	KNOWN(struct label_set) labels; // items[0] is the empty set
	KNOWN(struct str) states; // unknown names; state_known_count() is the first
	struct sha256 *digest;
	struct buf signed_text, line_free_text; // of the signature being entered
	uint32_t *ids; // room for the frames of one draft
	uint32_t ids_capacity;
};

// Room for one more item in one of the above: 0, -ENOMEM, -EFBIG.
#define stacks_reserve(stacks, known)                                                              \
	stacks_grow(stacks, &(known)->table, (void **)&(known)->items, (known)->count,             \
		&(known)->capacity, sizeof(*(known)->items))
int stacks_grow(struct stacks *stacks, struct hash_table *table, void **items, uint32_t count,
	uint32_t *capacity, size_t size);
// What a failed allocation of the arena means.
int stacks_no_room(const struct stacks *stacks);

// Hash of what a signature takes of a normalised frame.
uint64_t stacks_site_hash(const struct stacks *stacks, const struct frame *frame);
// Gives the trace its signature, out of the frames in stacks->ids; trace->frames too when the
// signature holds all of them.
int stacks_sign(struct stacks *stacks, const struct trace_draft *draft, struct trace *trace);
