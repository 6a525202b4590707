// SPDX-License-Identifier: Apache-2.0
// The table of frames, traces and signatures.
#include "runtime/stack_table.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "runtime/signature.h"

#include <errno.h>
#include <stdlib.h>

#define ARRAY_FIRST_COUNT 16

size_t stacks_bytes(const struct stacks *stacks)
{
	return sizeof(*stacks) + stacks->arena.held + stacks->array_bytes;
}

int stacks_no_room(const struct stacks *stacks)
{
	// The arena does not say why: near its maximum it is the maximum.
	return stacks->arena.max - stacks->arena.held <= MIB(2) ? -EFBIG : -ENOMEM;
}

int stacks_grow(struct stacks *stacks, struct hash_table *table, void **items, uint32_t count,
	uint32_t *capacity, size_t size)
{
	uint32_t larger = *capacity ? *capacity + *capacity / 2 : ARRAY_FIRST_COUNT;
	size_t before = hash_held(table), added = (larger - *capacity) * size;
	int r = hash_reserve(table);
	void *moved;

	if (r < 0)
		return r;
	stacks->array_bytes += hash_held(table) - before;
	if (count < *capacity)
		return 0;
	if (stacks_bytes(stacks) + added > stacks->max_bytes)
		return -EFBIG;
	moved = reallocarray(*items, larger, size);
	if (!moved)
		return -ENOMEM;
	*items = moved;
	*capacity = larger;
	stacks->array_bytes += added;
	return 0;
}

struct stacks *stacks_new(size_t max_bytes)
{
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (!stacks)
		return NULL;
	stacks->max_bytes = max_bytes;
	stacks->arena = ARENA_INIT(max_bytes);
	stacks->signed_text = BUF_INIT(STACK_FRAMES_MAX * (2 * LIMIT_LINE + 16));
	stacks->line_free_text = BUF_INIT(STACK_FRAMES_MAX * (2 * LIMIT_LINE + 16));
	// An address is hard to guess from outside: nobody can make all hashes collide.
	stacks->seed = (uint64_t)(uintptr_t)stacks * HASH_SEED;
	stacks->digest = sha256_new();
	if (!stacks->digest || stacks_reserve(stacks, &stacks->labels) < 0) {
		stacks_free(&stacks);
		return NULL;
	}
	stacks->labels.items[stacks->labels.count++] = (struct label_set){0};
	return stacks;
}

void stacks_free(struct stacks **stacks)
{
	struct stacks *table = *stacks;

	if (!table)
		return;
	hash_release(&table->strings.table);
	hash_release(&table->frames.table);
	hash_release(&table->traces.table);
	hash_release(&table->stacks.table);
	hash_release(&table->keys);
	hash_release(&table->labels.table);
	hash_release(&table->states.table);
	free(table->strings.items);
	free(table->frames.items);
	free(table->traces.items);
	free(table->stacks.items);
	free(table->labels.items);
	free(table->states.items);
	sha256_free(&table->digest);
	buf_release(&table->signed_text);
	buf_release(&table->line_free_text);
	free(table->ids);
	arena_release(&table->arena);
	free(table);
	*stacks = NULL;
}

uint64_t stacks_site_hash(const struct stacks *stacks, const struct frame *frame)
{
	struct str file = signature_file_name(frame->file);
	uint64_t hash = hash_bytes(frame->function.data, frame->function.len, stacks->seed);

	return hash_mix(hash_bytes(file.data, file.len, hash), frame->line);
}

// The function with its type arguments shortened.
static int normalise(struct stacks *stacks, struct str function, struct str *ret_function)
{
	cleanup(buf_release) struct buf text = BUF_INIT(function.len + 5);
	size_t start, end;

	*ret_function = function;
	if (!signature_type_arguments(function, &start, &end))
		return 0;
	buf_add(&text, str_head(function, start));
	buf_add_text(&text, "[...]");
	buf_add(&text, str_skip(function, end));
	if (buf_failed(&text) < 0)
		return buf_failed(&text);
	return stacks_add_str(stacks, buf_str(&text), ret_function);
}

static int keep_signed_text(
	struct stacks *stacks, const struct frame *normalised, struct known_frame *known)
{
	int r;

	buf_clear(&stacks->signed_text);
	buf_clear(&stacks->line_free_text);
	signature_add(&stacks->signed_text, normalised, true);
	signature_add(&stacks->line_free_text, normalised, false);
	r = buf_failed(&stacks->signed_text);
	if (r == 0)
		r = buf_failed(&stacks->line_free_text);
	if (r < 0)
		return r;
	known->signed_text = arena_str(&stacks->arena, buf_str(&stacks->signed_text));
	if (str_starts(known->signed_text, buf_str(&stacks->line_free_text)))
		known->line_free_text = str_head(known->signed_text, stacks->line_free_text.len);
	else
		known->line_free_text = arena_str(&stacks->arena, buf_str(&stacks->line_free_text));
	return known->signed_text.data && known->line_free_text.data ? 0 : stacks_no_room(stacks);
}

static int fill_frame(struct stacks *stacks, const struct frame *frame, struct known_frame *known)
{
	struct frame normalised;
	int r;

	*known = (struct known_frame){.frame = *frame};
	r = stacks_add_str(stacks, frame->function, &known->frame.function);
	if (r == 0)
		r = stacks_add_str(stacks, frame->file, &known->frame.file);
	if (r == 0)
		r = normalise(stacks, known->frame.function, &known->function);
	if (r < 0)
		return r;
	normalised = known->frame;
	normalised.function = known->function;
	known->signature_hash = stacks_site_hash(stacks, &normalised);
	r = keep_signed_text(stacks, &normalised, known);
	known->shows = signature_shows(frame->function);
	known->observer = signature_is_observer(frame->function);
	return r;
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && a->offset == b->offset &&
	       str_equal(a->function, b->function) && str_equal(a->file, b->file);
}

int stacks_add_frame(struct stacks *stacks, const struct frame *frame, uint32_t *ret_id)
{
	uint64_t hash = hash_bytes(frame->function.data, frame->function.len, stacks->seed);
	uint32_t at;
	int r;

	hash = hash_bytes(frame->file.data, frame->file.len, hash);
	hash = hash_mix(hash, (uint64_t)frame->line << 32 | frame->offset);
	at = hash_start(&stacks->frames.table, hash);
	while (hash_next(&stacks->frames.table, hash, &at, ret_id)) {
		if (same_frame(&stacks->frames.items[*ret_id].frame, frame))
			return 0;
	}
	r = stacks_reserve(stacks, &stacks->frames);
	if (r == 0)
		r = fill_frame(stacks, frame, &stacks->frames.items[stacks->frames.count]);
	if (r < 0)
		return r;
	hash_add(&stacks->frames.table, hash, stacks->frames.count);
	*ret_id = stacks->frames.count++;
	return 0;
}

static int reserve_ids(struct stacks *stacks, uint32_t count)
{
	uint32_t *ids;

	if (count <= stacks->ids_capacity)
		return 0;
	if (count > LIMIT_FRAMES_COUNT * (LIMIT_ANCESTORS_COUNT + 2))
		return -EFBIG;
	count = count < 64 ? 64 : count;
	ids = reallocarray(stacks->ids, count, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	stacks->array_bytes += (count - stacks->ids_capacity) * sizeof(*ids);
	stacks->ids = ids;
	stacks->ids_capacity = count;
	return 0;
}

static uint32_t ids_of_draft(const struct trace_draft *draft)
{
	uint32_t count = draft->frame_count + 1;

	for (uint32_t i = 0; i < draft->ancestor_count; i++)
		count += draft->ancestors[i].frame_count + 1;
	return count;
}

static int add_ids(struct stacks *stacks, const struct frame *frames, uint32_t count,
	const struct frame *created_by, uint32_t *at)
{
	int r = 0;

	for (uint32_t i = 0; i < count && r == 0; i++)
		r = stacks_add_frame(stacks, &frames[i], &stacks->ids[(*at)++]);
	if (r == 0)
		r = stacks_add_frame(stacks, created_by, &stacks->ids[(*at)++]);
	return r;
}

// Frames of the goroutine, its creator; then the same of each ancestor.
static int intern_frames(struct stacks *stacks, const struct trace_draft *draft, uint64_t *hash)
{
	uint32_t at = 0;
	int r = reserve_ids(stacks, ids_of_draft(draft));

	if (r == 0)
		r = add_ids(stacks, draft->frames, draft->frame_count, &draft->created_by, &at);
	*hash = hash_mix(stacks->seed, (uint64_t)draft->elided << 32 | draft->elided_at);
	*hash ^= draft->unavailable;
	for (uint32_t i = 0; i < draft->ancestor_count && r == 0; i++) {
		const struct ancestor *ancestor = &draft->ancestors[i];

		*hash = hash_mix(*hash, ancestor->id);
		r = add_ids(stacks, ancestor->frames, ancestor->frame_count, &ancestor->created_by,
			&at);
	}
	for (uint32_t i = 0; i < at; i++)
		*hash = hash_mix(*hash, stacks->ids[i]);
	return r;
}

static bool same_frames(const struct stacks *stacks, const struct frame *frames, uint32_t count,
	const struct frame *created_by, uint32_t *at)
{
	for (uint32_t i = 0; i <= count; i++) {
		const struct frame *a = &stacks->frames.items[stacks->ids[(*at)++]].frame;
		const struct frame *b = i < count ? &frames[i] : created_by;

		if (a->function.data != b->function.data || a->file.data != b->file.data ||
			a->line != b->line || a->offset != b->offset)
			return false;
	}
	return true;
}

static bool same_trace(
	const struct stacks *stacks, const struct trace *trace, const struct trace_draft *draft)
{
	uint32_t at = 0;

	if (trace->frame_count != draft->frame_count || trace->elided != draft->elided ||
		trace->elided_at != draft->elided_at || trace->unavailable != draft->unavailable ||
		trace->ancestor_count != draft->ancestor_count ||
		!same_frames(stacks, trace->frames, trace->frame_count, &trace->created_by, &at))
		return false;
	for (uint32_t i = 0; i < trace->ancestor_count; i++) {
		const struct ancestor *ancestor = &trace->ancestors[i];

		if (ancestor->id != draft->ancestors[i].id ||
			ancestor->frame_count != draft->ancestors[i].frame_count ||
			!same_frames(stacks, ancestor->frames, ancestor->frame_count,
				&ancestor->created_by, &at))
			return false;
	}
	return true;
}

// Copies of `count` frames from stacks->ids[at] on, and of the creator behind them. No copies are
// made when *ret_frames are there already.
static int copy_frames(struct stacks *stacks, uint32_t count, const struct frame **ret_frames,
	struct frame *created_by, uint32_t *at)
{
	struct frame *frames;

	if (!*ret_frames) {
		frames = arena_array(&stacks->arena, count, sizeof(*frames));
		if (!frames)
			return stacks_no_room(stacks);
		for (uint32_t i = 0; i < count; i++)
			frames[i] = stacks->frames.items[stacks->ids[*at + i]].frame;
		*ret_frames = frames;
	}
	*at += count;
	*created_by = stacks->frames.items[stacks->ids[(*at)++]].frame;
	return 0;
}

static int copy_ancestors(struct stacks *stacks, const struct trace_draft *draft,
	const struct ancestor **ret_ancestors, uint32_t *at)
{
	struct ancestor *ancestors;
	int r = 0;

	if (draft->ancestor_count == 0)
		return 0;
	ancestors = arena_array(&stacks->arena, draft->ancestor_count, sizeof(*ancestors));
	if (!ancestors)
		return stacks_no_room(stacks);
	for (uint32_t i = 0; i < draft->ancestor_count && r == 0; i++) {
		ancestors[i] = draft->ancestors[i];
		ancestors[i].frames = NULL;
		r = copy_frames(stacks, ancestors[i].frame_count, &ancestors[i].frames,
			&ancestors[i].created_by, at);
	}
	*ret_ancestors = ancestors;
	return r;
}

static int new_trace(
	struct stacks *stacks, const struct trace_draft *draft, const struct trace **ret_trace)
{
	struct trace *trace = arena_alloc(&stacks->arena, sizeof(*trace));
	uint32_t at = 0;
	int r;

	if (!trace)
		return stacks_no_room(stacks);
	trace->frame_count = draft->frame_count;
	trace->elided = draft->elided;
	trace->elided_at = draft->elided_at;
	trace->unavailable = draft->unavailable;
	trace->ancestor_count = draft->ancestor_count;
	trace->not_started =
		draft->frame_count == 1 &&
		signature_is_go_wrapper(stacks->frames.items[stacks->ids[0]].frame.function);
	r = stacks_sign(stacks, draft, trace);
	if (r == 0)
		r = copy_frames(
			stacks, trace->frame_count, &trace->frames, &trace->created_by, &at);
	if (r == 0)
		r = copy_ancestors(stacks, draft, &trace->ancestors, &at);
	if (r == 0)
		r = stacks_reserve(stacks, &stacks->traces);
	if (r < 0)
		return r;
	trace->index = stacks->traces.count++;
	stacks->traces.items[trace->index] = trace;
	*ret_trace = trace;
	return 0;
}

// The frames are in stacks->ids, with the creator behind them.
static int find_or_add_trace(struct stacks *stacks, const struct trace_draft *draft, uint64_t hash,
	const struct trace **ret_trace)
{
	uint32_t at = hash_start(&stacks->traces.table, hash), index;
	int r;

	while (hash_next(&stacks->traces.table, hash, &at, &index)) {
		*ret_trace = stacks->traces.items[index];
		if (same_trace(stacks, *ret_trace, draft))
			return 0;
	}
	if (stacks->traces.count == LIMIT_TRACES_COUNT)
		return -EFBIG;
	r = new_trace(stacks, draft, ret_trace);
	if (r == 0)
		hash_add(&stacks->traces.table, hash, (*ret_trace)->index);
	return r;
}

int stacks_add_trace(
	struct stacks *stacks, const struct trace_draft *draft, const struct trace **ret_trace)
{
	uint64_t hash;
	int r = intern_frames(stacks, draft, &hash);

	return r < 0 ? r : find_or_add_trace(stacks, draft, hash, ret_trace);
}

int stacks_add_trace_by_id(struct stacks *stacks, const uint32_t *ids, uint32_t count,
	uint32_t creator, const struct trace **ret_trace)
{
	struct trace_draft draft = {.frame_count = count};
	uint64_t hash = hash_mix(stacks->seed, 0);
	int r = reserve_ids(stacks, count + 1);

	if (r < 0)
		return r;
	memcpy(stacks->ids, ids, count * sizeof(*ids));
	stacks->ids[count] = creator;
	for (uint32_t i = 0; i <= count; i++)
		hash = hash_mix(hash, stacks->ids[i]);
	return find_or_add_trace(stacks, &draft, hash, ret_trace);
}

uint32_t stacks_trace_count(const struct stacks *stacks)
{
	return stacks->traces.count;
}

const struct trace *stacks_trace(const struct stacks *stacks, uint32_t index)
{
	return index < stacks->traces.count ? stacks->traces.items[index] : NULL;
}

uint32_t stacks_count(const struct stacks *stacks)
{
	return stacks->stacks.count;
}

const struct stack *stacks_stack(const struct stacks *stacks, uint32_t index)
{
	return index < stacks->stacks.count ? stacks->stacks.items[index] : NULL;
}

const struct stack *stacks_find(const struct stacks *stacks, uint64_t key)
{
	uint32_t at = hash_start(&stacks->keys, key);
	uint32_t index;

	while (hash_next(&stacks->keys, key, &at, &index)) {
		if (stacks->stacks.items[index]->key == key)
			return stacks->stacks.items[index];
	}
	return NULL;
}
