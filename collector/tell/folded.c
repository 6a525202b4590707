// SPDX-License-Identifier: Apache-2.0
// Folded stacks.
#include "collector/tell/folded.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"

#include <stdlib.h>

static void add_name(struct buf *out, struct str function)
{
	cleanup(buf_release) struct buf name = BUF_INIT(LIMIT_LINE * 8);

	escape_terminal(&name, function);
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];

		buf_add_byte(out, byte == ';' ? ':' : byte == ' ' ? '_' : byte);
	}
	if (buf_failed(&name) < 0 && !out->failed)
		out->failed = buf_failed(&name);
}

void folded_stack(struct buf *out, const struct stack *stack, uint64_t count)
{
	if (stack->frame_count == 0)
		buf_add_text(out, "(no_frames)");
	for (uint32_t i = stack->frame_count; i > 0; i--) {
		add_name(out, stack->frames[i - 1].function);
		if (i > 1)
			buf_add_byte(out, ';');
	}
	buf_printf(out, " %llu\n", (unsigned long long)count);
}

static int compare_frames(const void *left, const void *right)
{
	const struct stack *a = ((const struct tell_group *)left)->stack;
	const struct stack *b = ((const struct tell_group *)right)->stack;

	for (uint32_t i = 0; i < a->frame_count && i < b->frame_count; i++) {
		int order = str_compare(a->frames[a->frame_count - 1 - i].function,
			b->frames[b->frame_count - 1 - i].function);

		if (order != 0)
			return order;
	}
	if (a->frame_count != b->frame_count)
		return a->frame_count < b->frame_count ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static bool same_functions(const struct stack *a, const struct stack *b)
{
	if (a->frame_count != b->frame_count)
		return false;
	for (uint32_t i = 0; i < a->frame_count; i++) {
		if (!str_equal(a->frames[i].function, b->frames[i].function))
			return false;
	}
	return true;
}

void folded_write(struct buf *out, const struct tell *tell)
{
	cleanup(free_pointer) struct tell_group *groups = NULL;
	size_t count = 0;
	int r = tell_groups(tell, &groups, &count);

	if (r < 0) {
		out->failed = out->failed ? out->failed : r;
		return;
	}
	qsort(groups, count, sizeof(*groups), compare_frames);
	for (size_t i = 0; i < count; i++) {
		uint64_t total = groups[i].count;

		// Lines are not in it: stacks that differ in lines only are one.
		while (i + 1 < count && same_functions(groups[i].stack, groups[i + 1].stack))
			total += groups[++i].count;
		folded_stack(out, groups[i].stack, total);
	}
}
