// SPDX-License-Identifier: Apache-2.0
// One line of observations.jsonl as text, with its LF. Used by its writer.
#pragma once

#include "collector/form/json_text.h"
#include "collector/observe/observations.h"
#include "collector/observe/observations_chain.h"

enum line_kind {
	LINE_PLAIN, // without IDs
	LINE_KEY,
	LINE_CHANGE,
};

void line_header(struct buf *out, const char *tool, int64_t wall_ms, double mono_ms);
void line_process(struct buf *out, const struct process *process);
// A state line up to its memory, the value of its last key; the caller closes the object.
void line_state(struct json_writer *json, struct str target, uint64_t seq,
	const struct observations_clock *clock);
void line_stack(struct buf *out, const struct stack *stack);
// `chain` is what a line of changes is relative to. 0 or -ENOMEM; the buffer fails on its own.
int line_tick(struct buf *out, const struct stacks *stacks, const struct observation *observation,
	enum line_kind kind, const struct chain *chain);
// The key "labels" and its object, {} without any; findings.json has the same.
void line_labels(struct json_writer *json, const struct observed_group *group);
