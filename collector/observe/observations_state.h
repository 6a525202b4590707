// SPDX-License-Identifier: Apache-2.0
// The memory of the judge as JSON: the forms of model/state.h for a state line of
// observations.jsonl. Used by its writer and its reader.
#pragma once

#include "collector/form/json_text.h"
#include "collector/observe/observations_tick.h"
#include "model/state.h"

#define STATE_DEPTH_MAX 16

extern const struct state_form state_writing; // context: struct state_writer
extern const struct state_form state_reading; // context: struct state_reader

struct state_writer {
	struct json_writer json;
	bool in_row[STATE_DEPTH_MAX + 1]; // by depth of the writer below
	unsigned depth;
	// Called with each stack that is referred to. 0 or -ENOMEM.
	int (*describe)(void *context, const struct stack *stack);
	void *context;
};

struct state_reader {
	struct stack_lookup lookup;
	struct {
		const json_t *value;
		size_t next; // of a row
	} open[STATE_DEPTH_MAX + 1];
	unsigned depth;
};

// The object's `key`, which is where restoring begins.
struct state_reader state_reader_at(
	const json_t *object, const char *key, struct stack_lookup lookup);
