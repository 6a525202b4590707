// SPDX-License-Identifier: Apache-2.0
// The stacks of a target: counts, waits, creators, and the history of their verdicts.
#pragma once

#include "model/target.h"

struct seen_stack seen_init(const struct stack *stack); // NULL: all goroutines together
void seen_release(struct seen_stack *seen);
void seen_free(struct seen_stack **seen);
// Counts of a tick, whole or cut (then they are lower bounds and only raise). 0 or -ENOMEM, -EFBIG.
int seen_count_groups(struct target *target, const struct observation *observation);
// The goroutineleak profile: what it lists is proven.
int seen_mark_leaked(struct target *target, const struct observation *observation);
// After a dump that was followed: the detectors' verdicts, with the time of each change.
int seen_take_verdicts(struct target *target);
// The floor ratchet of each stack. `alone`: the tick had counts and no IDs; only then it decides.
int seen_ratchet(struct target *target, bool alone);
// The same of the totals, which decide when there is nothing else.
int seen_ratchet_totals(struct target *target, bool alone);
// High-water marks go on only within one image.
void seen_begin_life(struct target *target, const struct life *next);
