// SPDX-License-Identifier: Apache-2.0
// A tick line of observations.jsonl as an observation. Used by its reader.
#pragma once

#include "base/arena.h"
#include "collector/observe/observations_chain.h"

#include <jansson.h>

// Where a key of a stack leads; never NULL but for want of memory.
struct stack_lookup {
	const struct stack *(*find)(void *context, uint64_t key);
	void *context;
};

struct tick {
	struct observation observation; // groups not yet entered; views into the JSON and the arena
	struct chain_step *steps; // by key of stack
	uint32_t step_count;
	bool has_ids; // on all groups: as IDs on a key line, as changes on others
	bool key;
	uint64_t unknown_keys;
};

// 0; -ENOMEM; 1: the line cannot be used, and `reason` says why (static text or a key).
int tick_parse(const json_t *line, struct stacks *stacks, struct stack_lookup lookup,
	struct arena *arena, struct tick *tick, const char **reason);
