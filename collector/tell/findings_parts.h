// SPDX-License-Identifier: Apache-2.0
// Parts of findings.json. Used by its writer, and where other JSON has the same parts.
#pragma once

#include "collector/form/json_text.h"
#include "collector/observe/observations.h"
#include "collector/tell/findings_json.h"

// With their key.
void put_time(struct json_writer *json, const char *key, int64_t wall_ms); // null below 0
void put_stack_key(struct json_writer *json, const char *key, const struct stack *stack);
// Without.
void put_frame(struct json_writer *json, const struct frame *frame); // null for NULL, or without
								     // function
void put_waits(struct json_writer *json, const struct stacks *stacks,
	const struct wait_count *waits, uint32_t count);
void put_target(struct json_writer *json, const struct target_report *target);
void put_finding(struct json_writer *json, const struct finding *finding,
	const struct findings_context *context);
