// SPDX-License-Identifier: Apache-2.0
// The chain of one target's lines: the IDs of its last line that gave IDs, to which the next line
// may be relative. Used by the reader of observations.jsonl.
#pragma once

#include "collector/observe/observations_ids.h"
#include "model/observation.h"

struct chain_link {
	const struct stack *stack;
	char *packed; // IDs
	size_t len;
};

// Zero it to begin.
struct chain {
	bool whole; // a line of changes can be applied
	uint32_t process;
	struct chain_link *links; // by key of stack
	uint32_t count;
};

// One group of a line as it was written.
struct chain_step {
	struct observed_group group; // `ids` are filled in by chain_apply
	struct str ids, born, gone; // data NULL: absent
};

// What a line gives is entered into the groups of its steps, which must be ordered by key and
// different: IDs from `ids` on a key line, else from the chain with born and gone. 0; -ENOMEM;
// 1: the chain is broken, and so is what the line says. IDs live in the arena.
int chain_apply(const struct chain *chain, struct chain_step *steps, uint32_t count, bool key,
	struct arena *arena);
// The chain after a line with these groups: its new links.
int chain_renew(
	struct chain *chain, const struct observed_group *groups, uint32_t count, uint32_t process);
void chain_break(struct chain *chain); // frees the links
