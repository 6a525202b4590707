// SPDX-License-Identifier: Apache-2.0
// Counting by key: open addressing, doubled at three quarters.
#include "collector/observe/tally.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

static size_t place(const struct tally *tally, uint64_t key)
{
	size_t mask = tally->capacity - 1;
	size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & mask;

	while (tally->items[at].count > 0 && tally->items[at].key != key)
		at = (at + 1) & mask;
	return at;
}

static int grow(struct tally *tally)
{
	struct tally larger = {.capacity = tally->capacity ? 2 * tally->capacity : FIRST_CAPACITY};

	larger.items = calloc(larger.capacity, sizeof(*larger.items));
	if (!larger.items)
		return -ENOMEM;
	for (size_t i = 0; i < tally->capacity; i++)
		if (tally->items[i].count > 0)
			larger.items[place(&larger, tally->items[i].key)] = tally->items[i];
	larger.used = tally->used;
	free(tally->items);
	*tally = larger;
	return 0;
}

int tally_add(struct tally *tally, uint64_t key, uint64_t count)
{
	struct tally_item *item;

	if (count == 0)
		return 0;
	if (tally->used + 1 > tally->capacity / 4 * 3 && grow(tally) < 0)
		return -ENOMEM;
	item = &tally->items[place(tally, key)];
	if (item->count == 0) {
		item->key = key;
		tally->used++;
	}
	item->count = count > UINT64_MAX - item->count ? UINT64_MAX : item->count + count;
	return 0;
}

static int by_key(const void *left, const void *right)
{
	const struct tally_item *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

void tally_sort(struct tally *tally)
{
	size_t n = 0;

	for (size_t i = 0; i < tally->capacity; i++)
		if (tally->items[i].count > 0)
			tally->items[n++] = tally->items[i];
	if (n > 1)
		qsort(tally->items, n, sizeof(*tally->items), by_key);
}

void tally_release(struct tally *tally)
{
	free(tally->items);
	*tally = (struct tally){0};
}
