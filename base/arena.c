// SPDX-License-Identifier: Apache-2.0
// Arena: objects are cut from blocks, blocks grow up to 1 MiB, large objects have their own.
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK ((size_t)4 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t size; // of data
	size_t used;
	alignas(max_align_t) char data[];
};

static size_t room_left(const struct arena *arena)
{
	return arena->max == 0 ? SIZE_MAX : arena->max - arena->held;
}

// A block that holds `size` bytes at least, and what is usual as far as the maximum allows it.
static struct arena_block *new_block(struct arena *arena, size_t size)
{
	size_t usual = arena->blocks ? 2 * arena->blocks->size : FIRST_BLOCK;
	size_t room = room_left(arena);
	struct arena_block *block;

	if (room < sizeof(*block) || size > room - sizeof(*block))
		return NULL;
	room -= sizeof(*block);
	if (usual > LARGEST_BLOCK)
		usual = LARGEST_BLOCK;
	if (usual > room)
		usual = room;
	if (size < usual)
		size = usual;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	arena->held += sizeof(*block) + size;
	return block;
}

// An object that fills its block goes behind the first one, whose room is still wanted.
static void link_block(struct arena *arena, struct arena_block *block, size_t size)
{
	struct arena_block *first = arena->blocks;

	if (first && block->size - size < first->size - first->used) {
		block->next = first->next;
		first->next = block;
	} else {
		block->next = first;
		arena->blocks = block;
	}
}

static void *take(struct arena *arena, size_t size, size_t alignment)
{
	struct arena_block *block = arena->blocks;
	size_t start = 0;

	if (block) {
		start = (block->used + alignment - 1) & ~(alignment - 1);
		if (start > block->size || size > block->size - start)
			block = NULL;
	}
	if (!block) {
		block = new_block(arena, size);
		if (!block)
			return NULL;
		link_block(arena, block, size);
		start = 0;
	}
	arena->used += start + size - block->used;
	block->used = start + size;
	return block->data + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return take(arena, size > 0 ? size : 1, alignof(max_align_t));
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return arena_alloc(arena, bytes);
}

char *arena_text(struct arena *arena, struct str text)
{
	char *copy = text.len < SIZE_MAX ? take(arena, text.len + 1, 1) : NULL;

	if (copy && text.len > 0)
		memcpy(copy, text.data, text.len);
	return copy; // the block was zeroed: the NUL is there
}

struct str arena_str(struct arena *arena, struct str text)
{
	const char *copy = arena_text(arena, text);

	return (struct str){.data = copy, .len = copy ? text.len : 0};
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	struct str text = {0};
	va_list again;
	char *data;
	int len;

	va_copy(again, arguments);
	len = vsnprintf(NULL, 0, format, arguments);
	data = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
	if (data) {
		(void)vsnprintf(data, (size_t)len + 1, format, again);
		text = (struct str){.data = data, .len = (size_t)len};
	}
	va_end(again);
	return text;
}

void arena_release(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
	*arena = ARENA_INIT(arena->max);
}
