// SPDX-License-Identifier: Apache-2.0
// Hashing and hash tables of dense indexes, for the tables of runtime/stack.c and the memory of
// runtime/dump.c. The hash is for tables in memory only: it differs between machines.
#pragma once

#include "base/str.h"

#include <string.h>

#define HASH_SEED UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)(a ^ HASH_SEED) * (b ^ 0xd6e8feb86659fd93u);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_word(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

// Sixteen bytes a step; the tail by a last overlapping step or, below that, byte by byte.
static inline uint64_t hash_bytes(const char *data, size_t len, uint64_t seed)
{
	uint64_t hash = seed ^ len;
	size_t at = 0;

	for (; at + 16 <= len; at += 16)
		hash = hash_mix(hash ^ hash_word(data + at), hash_word(data + at + 8));
	if (at < len && len >= 16)
		return hash_mix(hash ^ hash_word(data + len - 16), hash_word(data + len - 8));
	if (at < len) {
		char tail[16] = {0};

		memcpy(tail, data + at, len - at);
		hash = hash_mix(hash ^ hash_word(tail), hash_word(tail + 8));
	}
	return hash;
}

struct hash_slot {
	uint32_t hash;
	uint32_t index_plus_1; // 0: empty
};

// Open addressing; the items live elsewhere and are told apart by the caller.
struct hash_table {
	struct hash_slot *slots;
	uint32_t capacity; // power of two, or 0
	uint32_t count;
};

// Calling sequence of a look-up:
//	uint32_t at = hash_start(&table, hash);
//	while (hash_next(&table, hash, &at, &index))
//		if (items[index] is the one)
//			...
// hash_next gives the indexes of the items whose hash is the same, and false after the last.
static inline uint32_t hash_start(const struct hash_table *table, uint64_t hash)
{
	return table->capacity ? (uint32_t)hash & (table->capacity - 1) : 0;
}

static inline bool hash_next(
	const struct hash_table *table, uint64_t hash, uint32_t *at, uint32_t *index)
{
	if (table->capacity == 0)
		return false;
	for (;;) {
		const struct hash_slot *slot = &table->slots[*at];

		if (slot->index_plus_1 == 0)
			return false;
		*at = (*at + 1) & (table->capacity - 1);
		if (slot->hash == (uint32_t)hash) {
			*index = slot->index_plus_1 - 1;
			return true;
		}
	}
}

// Room for one more item: -ENOMEM. Call it before the item is made, then hash_add cannot fail.
int hash_reserve(struct hash_table *table);
void hash_add(struct hash_table *table, uint64_t hash, uint32_t index);
size_t hash_held(const struct hash_table *table); // bytes
void hash_release(struct hash_table *table);
