// SPDX-License-Identifier: Apache-2.0
// Fuzz target: observations.jsonl from anywhere, whole and in pieces. Both ways must tell the same.
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "collector/observe/observations.h"

#include <assert.h>
#include <stdlib.h>

static int ignore_process(void *context, const struct process *process)
{
	(void)process;
	++*(uint64_t *)context;
	return 0;
}

// What the judge relies on: groups in order, as many IDs as counted, ascending.
static int check_observation(void *context, const struct observation *observation)
{
	++*(uint64_t *)context;
	for (uint32_t i = 0; i < observation->group_count; i++) {
		const struct observed_group *group = &observation->groups[i];

		assert(i == 0 || group[-1].stack->key < group->stack->key);
		assert(!group->has_ids || group->id_count == group->count);
		for (uint32_t k = 1; k < group->id_count; k++)
			assert(group->ids[k - 1] < group->ids[k]);
	}
	return 0;
}

static struct observations_summary read_all(struct str text, size_t piece, uint64_t *seen)
{
	const struct observations_handler handler = {ignore_process, check_observation, seen};
	struct stacks *stacks = stacks_new(MIB(64));
	struct observations_reader *reader = observations_reader_new(stacks, &handler);
	struct observations_summary summary = {0};
	struct error error;
	int r = 0;

	while (text.len > 0 && r == 0) {
		struct str part = str_head(text, piece);

		r = observations_reader_feed(reader, part.data, part.len, &error);
		text = str_skip(text, part.len);
	}
	if (r == 0)
		(void)observations_reader_finish(reader, &summary, &error);
	observations_reader_free(&reader);
	stacks_free(&stacks);
	return summary;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	uint64_t whole = 0, cut = 0;
	struct observations_summary a = read_all(text, size + 1, &whole);
	struct observations_summary b = read_all(text, 7, &cut);

	assert(whole == cut && a.lines == b.lines && a.skipped == b.skipped);
	return 0;
}
