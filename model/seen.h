// SPDX-License-Identifier: Apache-2.0
// The stacks of a target: counts, waits, creators, and the history of their verdicts.
#pragma once

#include "model/target.h"

void seen_free(struct seen_stack **seen);
// Counts of a tick, whole or cut (then they are lower bounds and only raise). 0 or -ENOMEM, -EFBIG.
int seen_count_groups(struct target *target, const struct observation *observation);
// The goroutineleak profile: what it lists is proven.
int seen_mark_leaked(struct target *target, const struct observation *observation);
// After a dump that was followed: the detectors' verdicts, with the time of each change.
int seen_take_verdicts(struct target *target);
// After a tick with counts alone: the floor ratchet of each stack.
int seen_ratchet(struct target *target);
// High-water marks go on only within one image.
void seen_begin_life(struct target *target, const struct life *next);
