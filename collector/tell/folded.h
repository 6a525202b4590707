// SPDX-License-Identifier: Apache-2.0
// Folded stacks, as flame graph tools read them: "outermost;...;innermost count", one line per
// stack, sorted. ';' in a name becomes ':', a space '_'; control characters are shown as \x1b.
#pragma once

#include "collector/tell/tell.h"

// Goroutines of each target's last observation, summed over targets.
void folded_write(struct buf *out, const struct tell *tell);
// One line.
void folded_stack(struct buf *out, const struct stack *stack, uint64_t count);
