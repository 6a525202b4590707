// SPDX-License-Identifier: Apache-2.0
// The four signs of a target: goroutines, heap, block delay and mutex delay, each up, not up, or
// not known; and what the sixteen rows of them mean together.
//
// "Up" is a trend over the current life of the process: the Theil-Sen slope of at most SIGN_BLOCKS
// block medians has a 95 % interval above zero, and the line rises by a share of its beginning and
// by an amount worth the word. A trend describes and never accuses: every trend test alarms on days
// without a leak (leak-model 6), so verdicts come from elsewhere.
//
// Block delay is what the block profile says of channels, wait groups and conditions; mutex delay
// is what the mutex profile says of locks, or the lock rows of the block profile without it. Both
// are delay seconds per second: a mean number of waiters whose waits have ended.
#pragma once

#include "model/target.h"

#define SIGN_BLOCKS 32
#define SIGN_POINTS_MIN 6
#define SIGN_LEVEL 0.95
#define SIGN_GOROUTINES_SHARE 0.1
#define SIGN_GOROUTINES_LEAST 10.0
#define SIGN_HEAP_SHARE 0.1
#define SIGN_HEAP_LEAST 1048576.0 // bytes
#define SIGN_DELAY_SHARE 0.2
#define SIGN_DELAY_LEAST 0.05 // waiters
#define SIGN_ROWS 16
#define SIGN_FROM_RESIDENT "resident memory"

void signs_of(const struct target *target, struct signs *signs);

// Row of the table, 0 to 15: 8 goroutines, 4 heap, 2 block, 1 mutex delay. What is not known counts
// as not up; `whole` is false then.
unsigned signs_row(const struct signs *signs, bool *whole);
// What a row means, what to look at first, what it is not.
const char *signs_sentence(unsigned row);
// The sentence of the signs, with what is not known and why; empty when nothing is known. 0,
// -ENOMEM.
int signs_reading(const struct signs *signs, struct arena *arena, struct str *reading);

const char *sign_name(enum sign_kind kind); // "goroutines", "heap", "block delay", "mutex delay"
