// SPDX-License-Identifier: Apache-2.0
// Profiles as profile.proto: any bytes end in a snapshot or a reason.
#include "tests/fuzz/fuzz.h"

#include "runtime/profile_proto.h"

#include <errno.h>
#include <stdlib.h>

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_snapshot(const struct snapshot *snapshot)
{
	for (uint32_t i = 0; i < snapshot->sample_count; i++) {
		const struct sample *sample = &snapshot->samples[i];

		check(sample->trace < stacks_trace_count(snapshot->stacks));
		check(stacks_trace(snapshot->stacks, sample->trace)->stack->key != 0);
		(void)stacks_labels(snapshot->stacks, sample->labels);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct stacks *stacks = stacks_new(MIB(64));
	struct profile_proto_reader *reader = profile_proto_reader_new(stacks);
	struct snapshot_list list = {0};
	struct error error = {0};
	size_t first = len / 3;
	int r;

	check(reader != NULL);
	if (profile_proto_reader_feed(reader, data, first) == 0)
		(void)profile_proto_reader_feed(reader, data + first, len - first);
	r = profile_proto_reader_finish(reader, &list, &error);
	check(r == 0 ? list.count == 1 : list.count == 0 && error.text[0] != '\0');
	check(r == 0 || r == -EBADMSG || r == -EFBIG || r == -ENOMEM);
	if (r == 0)
		check_snapshot(list.items[0]);
	profile_proto_reader_free(&reader);
	snapshot_list_release(&list);
	stacks_free(&stacks);
	return 0;
}
