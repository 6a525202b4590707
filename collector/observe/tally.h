// SPDX-License-Identifier: Apache-2.0
// Counting by key: memory grows with the number of different keys.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tally_item {
	uint64_t key;
	uint64_t count; // saturates
};

// Zero it to begin.
struct tally {
	struct tally_item *items; // hash table until sorted; count 0 is a free place
	size_t used, capacity;
};

int tally_add(
	struct tally *tally, uint64_t key, uint64_t count); // 0 or -ENOMEM; count 0 is nothing
// The items by key, tally->used of them, at the beginning of tally->items. Nothing may be added
// afterwards.
void tally_sort(struct tally *tally);
void tally_release(struct tally *tally);
