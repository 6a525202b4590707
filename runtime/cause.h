// SPDX-License-Identifier: Apache-2.0
// From where and how a goroutine waits to what usually is the mistake: a table, data rather than
// code (runtime/cause_table.c).
#pragma once

#include "runtime/stack.h"
#include "runtime/wait.h"

#define CAUSE_CHECKS_MAX 4
#define CAUSE_TOOLS_MAX 4

struct cause {
	const char *id; // "chan-send-no-receiver": stable, stands in findings.json
	const char *title; // "send on an unbuffered channel nobody receives from"
	const char *usually; // a sentence: what it usually is
	const char *checks[CAUSE_CHECKS_MAX]; // what to look at; NULL-terminated when fewer
	const char *prevented_by[CAUSE_TOOLS_MAX]; // "goleak", "vet: lostcancel", "bodyclose"
};

// The first row that fits; never NULL (the last row is "unknown"). `created_by` may be NULL.
const struct cause *cause_find(
	enum wait_kind wait, const struct stack *stack, const struct frame *created_by);
const struct cause *cause_by_id(struct str id); // NULL: unknown
size_t cause_count(void);
const struct cause *cause_at(size_t index);
