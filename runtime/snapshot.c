// SPDX-License-Identifier: Apache-2.0
// Snapshots: goroutines in blocks that never move, samples in an array, damage counted.
#include "runtime/snapshot.h"

#include <errno.h>
#include <stdlib.h>

// The first block is small, since many inputs hold one goroutine; the others stay below what malloc
// takes from the system for itself.
#define BLOCK_FIRST_COUNT 16
#define BLOCK_COUNT 1360

struct goroutine_block {
	struct goroutine_block *next;
	uint32_t count, capacity;
	struct goroutine goroutines[];
};

_Static_assert(sizeof(struct goroutine) <= 48, "memory grows with the goroutines of a dump");

struct snapshot *snapshot_new(enum profile profile, enum source source, struct stacks *stacks)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	snapshot->profile = profile;
	snapshot->source = source;
	snapshot->stacks = stacks;
	snapshot->sampling_period = -1;
	snapshot->wall_ms = -1;
	return snapshot;
}

void snapshot_free(struct snapshot **snapshot)
{
	struct goroutine_block *block;

	if (!*snapshot)
		return;
	block = (*snapshot)->first;
	while (block) {
		struct goroutine_block *next = block->next;

		free(block);
		block = next;
	}
	free((*snapshot)->samples);
	free(*snapshot);
	*snapshot = NULL;
}

static struct goroutine_block *add_block(struct snapshot *snapshot)
{
	uint32_t capacity = snapshot->first ? BLOCK_COUNT : BLOCK_FIRST_COUNT;
	struct goroutine_block *block =
		malloc(sizeof(*block) + capacity * sizeof(block->goroutines[0]));

	if (!block)
		return NULL;
	block->next = NULL;
	block->count = 0;
	block->capacity = capacity;
	if (snapshot->last)
		snapshot->last->next = block;
	else
		snapshot->first = block;
	snapshot->last = block;
	return block;
}

int snapshot_add_goroutine(struct snapshot *snapshot, const struct goroutine *goroutine)
{
	struct goroutine_block *block = snapshot->last;

	if (snapshot->goroutine_count >= LIMIT_GOROUTINES_COUNT)
		return -EFBIG;
	if (!block || block->count == block->capacity) {
		block = add_block(snapshot);
		if (!block)
			return -ENOMEM;
	}
	block->goroutines[block->count++] = *goroutine;
	snapshot->goroutine_count++;
	return 0;
}

int snapshot_add_sample(struct snapshot *snapshot, const struct sample *sample)
{
	if (snapshot->sample_count == snapshot->sample_capacity) {
		uint32_t capacity = snapshot->sample_capacity ? 2 * snapshot->sample_capacity : 16;
		struct sample *samples;

		if (snapshot->sample_count >= LIMIT_GOROUTINES_COUNT)
			return -EFBIG;
		samples = reallocarray(snapshot->samples, capacity, sizeof(*samples));
		if (!samples)
			return -ENOMEM;
		snapshot->samples = samples;
		snapshot->sample_capacity = capacity;
	}
	snapshot->samples[snapshot->sample_count++] = *sample;
	return 0;
}

void snapshot_add_damage(
	struct snapshot *snapshot, uint64_t offset, uint64_t line, const char *reason)
{
	snapshot->skipped++;
	if (snapshot->damage_count < LIMIT_DAMAGE_COUNT)
		snapshot->damage[snapshot->damage_count++] =
			(struct damage){.offset = offset, .line = line, .reason = reason};
}

bool snapshot_has_ids(const struct snapshot *snapshot)
{
	return snapshot->source == SOURCE_DEBUG2 || snapshot->source == SOURCE_LOG;
}

const struct goroutine *snapshot_next(
	const struct snapshot *snapshot, struct goroutine_iterator *at)
{
	if (!at->started) {
		at->started = true;
		at->block = snapshot->first;
	}
	while (at->block && at->index == at->block->count) {
		at->block = at->block->next;
		at->index = 0;
	}
	return at->block ? &at->block->goroutines[at->index++] : NULL;
}

int snapshot_list_add(struct snapshot_list *list, struct snapshot *snapshot)
{
	if (list->count >= LIMIT_SNAPSHOTS_COUNT)
		return -EFBIG;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 4;
		struct snapshot **items = reallocarray(list->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = snapshot;
	return 0;
}

void snapshot_list_release(struct snapshot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		snapshot_free(&list->items[i]);
	free(list->items);
	*list = (struct snapshot_list){0};
}
