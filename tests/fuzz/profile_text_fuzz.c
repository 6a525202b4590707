// SPDX-License-Identifier: Apache-2.0
// Profiles as text: any bytes, whole and in pieces, must read alike and within bounds.
#include "tests/fuzz/fuzz.h"

#include "runtime/profile_text.h"

#include <stdlib.h>

struct reading {
	struct stacks *stacks;
	struct snapshot_list list;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct reading read_in_pieces(const uint8_t *data, size_t len, size_t piece)
{
	struct reading reading = {.stacks = stacks_new(MIB(64))};
	struct profile_text_reader *reader = profile_text_reader_new(reading.stacks);
	int r = 0;

	check(reader != NULL);
	while (len > 0 && r == 0) {
		size_t head = len < piece ? len : piece;

		r = profile_text_reader_feed(reader, data, head);
		data += head;
		len -= head;
	}
	check(profile_text_reader_finish(reader, &reading.list) == 0);
	profile_text_reader_free(&reader);
	return reading;
}

static void check_same(const struct snapshot *a, const struct snapshot *b)
{
	check(a->sample_count == b->sample_count && a->skipped == b->skipped);
	check(a->profile == b->profile && a->cut == b->cut && a->total == b->total);
	check(a->offset == b->offset && a->end_offset == b->end_offset);
	for (uint32_t i = 0; i < a->sample_count; i++) {
		const struct sample *first = &a->samples[i], *second = &b->samples[i];

		check(first->count == second->count && first->value == second->value);
		check(first->trace == second->trace && first->labels == second->labels);
		check(first->state == second->state);
		check(stacks_trace(a->stacks, first->trace)->stack->key ==
			stacks_trace(b->stacks, second->trace)->stack->key);
	}
	for (uint32_t i = 0; i < a->damage_count; i++)
		check(a->damage[i].offset == b->damage[i].offset &&
			a->damage[i].line == b->damage[i].line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reading whole, cut;

	if (len == 0)
		return 0;
	whole = read_in_pieces(data + 1, len - 1, SIZE_MAX);
	cut = read_in_pieces(data + 1, len - 1, (size_t)data[0] + 1);
	check(whole.list.count == cut.list.count);
	for (size_t i = 0; i < whole.list.count; i++)
		check_same(whole.list.items[i], cut.list.items[i]);
	snapshot_list_release(&whole.list);
	snapshot_list_release(&cut.list);
	stacks_free(&whole.stacks);
	stacks_free(&cut.stacks);
	return 0;
}
