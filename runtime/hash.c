// SPDX-License-Identifier: Apache-2.0
// Hash tables of dense indexes: growing and adding.
#include "runtime/hash.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_FIRST 16

static uint32_t place(const struct hash_table *table, uint32_t hash)
{
	return hash & (table->capacity - 1);
}

int hash_reserve(struct hash_table *table)
{
	struct hash_table larger = {.count = table->count};

	if (4 * ((uint64_t)table->count + 1) <= 3 * (uint64_t)table->capacity)
		return 0;
	if (table->capacity > UINT32_MAX / 4)
		return -EFBIG;
	larger.capacity = table->capacity ? 2 * table->capacity : SLOTS_FIRST;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < table->capacity; i++) {
		uint32_t at;

		if (table->slots[i].index_plus_1 == 0)
			continue;
		at = place(&larger, table->slots[i].hash);
		while (larger.slots[at].index_plus_1)
			at = (at + 1) & (larger.capacity - 1);
		larger.slots[at] = table->slots[i];
	}
	free(table->slots);
	*table = larger;
	return 0;
}

void hash_add(struct hash_table *table, uint64_t hash, uint32_t index)
{
	uint32_t at = place(table, (uint32_t)hash);

	while (table->slots[at].index_plus_1)
		at = (at + 1) & (table->capacity - 1);
	table->slots[at] = (struct hash_slot){.hash = (uint32_t)hash, .index_plus_1 = index + 1};
	table->count++;
}

size_t hash_held(const struct hash_table *table)
{
	return table->capacity * sizeof(*table->slots);
}

void hash_release(struct hash_table *table)
{
	free(table->slots);
	*table = (struct hash_table){0};
}
