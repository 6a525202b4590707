// SPDX-License-Identifier: Apache-2.0
// The table of signatures: made out of the frames of a trace, or brought back from observations.
#include "runtime/stack_table.h"

#include "runtime/signature.h"

#include <errno.h>

static bool same_signature(const struct stack *stack, const struct frame *frames, uint32_t count)
{
	if (stack->frame_count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		const struct frame *a = &stack->frames[i], *b = &frames[i];

		if (a->line != b->line || !str_equal(a->function, b->function) ||
			!str_equal(signature_file_name(a->file), signature_file_name(b->file)))
			return false;
	}
	return true;
}

// Gives the signature its keys, from stacks->signed_text and line_free_text, and its place in the
// tables.
static int enter_stack(struct stacks *stacks, struct stack *stack, uint64_t hash)
{
	size_t before = hash_held(&stacks->keys);
	int r = buf_failed(&stacks->signed_text);

	if (r == 0)
		r = buf_failed(&stacks->line_free_text);
	if (r == 0)
		r = signature_digest(stacks->digest, buf_str(&stacks->signed_text), &stack->key);
	if (r == 0)
		r = signature_digest(
			stacks->digest, buf_str(&stacks->line_free_text), &stack->line_free_key);
	if (r == 0)
		r = stacks_reserve(stacks, &stacks->stacks);
	if (r == 0)
		r = hash_reserve(&stacks->keys);
	if (r < 0)
		return r;
	stacks->array_bytes += hash_held(&stacks->keys) - before;
	stack->index = stacks->stacks.count++;
	stacks->stacks.items[stack->index] = stack;
	hash_add(&stacks->stacks.table, hash, stack->index);
	hash_add(&stacks->keys, stack->key, stack->index);
	return 0;
}

static const struct stack *find_stack(
	const struct stacks *stacks, const struct frame *frames, uint32_t count, uint64_t hash)
{
	uint32_t at = hash_start(&stacks->stacks.table, hash), index;

	while (hash_next(&stacks->stacks.table, hash, &at, &index)) {
		if (same_signature(stacks->stacks.items[index], frames, count))
			return stacks->stacks.items[index];
	}
	return NULL;
}

// `room` is for that many frames, of which the signature takes `count`.
static int add_stack(struct stacks *stacks, const struct frame *frames, uint32_t count,
	uint32_t room, bool truncated, uint64_t hash, struct stack **ret_stack)
{
	struct stack *stack = arena_alloc(&stacks->arena, sizeof(*stack) + room * sizeof(*frames));
	int r;

	if (!stack)
		return stacks_no_room(stacks);
	stack->frame_count = count;
	stack->truncated = truncated;
	for (uint32_t i = 0; i < count; i++)
		stack->frames[i] = frames[i];
	r = enter_stack(stacks, stack, hash);
	if (r < 0)
		return r;
	*ret_stack = stack;
	return 0;
}

int stacks_add_stack(struct stacks *stacks, const struct frame *frames, uint32_t frame_count,
	bool truncated, const struct stack **ret_stack)
{
	struct frame interned[STACK_FRAMES_MAX] = {0};
	uint64_t hash = stacks->seed;
	struct stack *stack;
	int r;

	if (frame_count > STACK_FRAMES_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < frame_count; i++) {
		r = stacks_add_str(stacks, frames[i].function, &interned[i].function);
		if (r == 0)
			r = stacks_add_str(stacks, frames[i].file, &interned[i].file);
		if (r < 0)
			return r;
		interned[i].line = frames[i].line;
		interned[i].offset = 0;
		hash = hash_mix(hash, stacks_site_hash(stacks, &interned[i]));
	}
	*ret_stack = find_stack(stacks, interned, frame_count, hash);
	if (*ret_stack)
		return 0;
	buf_clear(&stacks->signed_text);
	buf_clear(&stacks->line_free_text);
	for (uint32_t i = 0; i < frame_count; i++) {
		signature_add(&stacks->signed_text, &interned[i], true);
		signature_add(&stacks->line_free_text, &interned[i], false);
	}
	r = add_stack(stacks, interned, frame_count, frame_count, truncated, hash, &stack);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < frame_count; i++)
		stack->observer |= signature_is_observer(interned[i].function);
	*ret_stack = stack;
	return 0;
}

// A signature in the making, out of the frames in stacks->ids.
struct signing {
	const struct known_frame *shown[STACK_FRAMES_MAX];
	struct frame frames[STACK_FRAMES_MAX];
	uint64_t hash;
	uint32_t count;
	bool truncated;
};

// Frames behind a gap are not adjacent to those before it: the signature ends there.
static void choose_frames(
	const struct stacks *stacks, const struct trace_draft *draft, struct signing *signing)
{
	uint32_t end = draft->frame_count, count = 0;

	if (draft->elided > 0 && draft->elided_at < end)
		end = draft->elided_at;
	signing->truncated = draft->root_cut || draft->elided > 0;
	signing->hash = stacks->seed;
	for (uint32_t i = 0; i < end; i++) {
		const struct known_frame *known = &stacks->frames.items[stacks->ids[i]];

		if (!known->shows)
			continue;
		if (count == STACK_FRAMES_MAX) {
			signing->truncated = true;
			break;
		}
		signing->shown[count] = known;
		signing->frames[count] = known->frame;
		signing->frames[count].function = known->function;
		signing->frames[count++].offset = 0;
		signing->hash = hash_mix(signing->hash, known->signature_hash);
	}
	signing->count = count;
}

// Whether the frames of the trace are those of its signature, and more behind them.
static bool is_plain(const struct stacks *stacks, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct known_frame *known = &stacks->frames.items[stacks->ids[i]];

		if (!known->shows || known->function.data != known->frame.function.data)
			return false;
	}
	return true;
}

static struct str text_of(const struct known_frame *frame, bool lines)
{
	return lines ? frame->signed_text : frame->line_free_text;
}

// What is digested, put together from what each frame adds.
static void gather(struct buf *text, const struct signing *signing, bool lines)
{
	size_t len = 0;
	char *at;

	for (uint32_t i = 0; i < signing->count; i++)
		len += text_of(signing->shown[i], lines).len;
	buf_clear(text);
	at = buf_reserve(text, len);
	for (uint32_t i = 0; at && i < signing->count; i++) {
		struct str part = text_of(signing->shown[i], lines);

		memcpy(at, part.data, part.len);
		at += part.len;
	}
	if (at)
		buf_grown(text, len);
}

// A new signature. Most of those read from text can hold the frames of their trace as well.
static int sign_new(struct stacks *stacks, struct trace *trace, const struct signing *signing)
{
	bool shared = trace->frame_count >= signing->count && is_plain(stacks, trace->frame_count);
	struct stack *stack;
	int r;

	gather(&stacks->signed_text, signing, true);
	gather(&stacks->line_free_text, signing, false);
	r = add_stack(stacks, signing->frames, signing->count,
		shared ? trace->frame_count : signing->count, signing->truncated, signing->hash,
		&stack);
	if (r < 0)
		return r;
	trace->stack = stack;
	for (uint32_t i = 0; i < signing->count; i++)
		stack->observer |= signing->shown[i]->observer;
	for (uint32_t i = 0; shared && i < trace->frame_count; i++)
		stack->frames[i] = stacks->frames.items[stacks->ids[i]].frame;
	if (shared)
		trace->frames = stack->frames;
	return 0;
}

int stacks_sign(struct stacks *stacks, const struct trace_draft *draft, struct trace *trace)
{
	struct signing signing;

	choose_frames(stacks, draft, &signing);
	trace->stack = find_stack(stacks, signing.frames, signing.count, signing.hash);
	return trace->stack ? 0 : sign_new(stacks, trace, &signing);
}
