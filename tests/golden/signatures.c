// SPDX-License-Identifier: Apache-2.0
// Prints the signatures that the readers find in one file, for the checks that compare the three
// forms of one moment (tests/golden/check_signatures.py): per stack its key, its line-free key, how
// many goroutines have it, and its functions, innermost first.
//
//	dump-signatures FILE
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "runtime/dump.h"
#include "runtime/profile_proto.h"
#include "runtime/profile_text.h"
#include "runtime/sniff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int read_dump(
	struct stacks *stacks, enum source source, struct str data, struct snapshot_list *list)
{
	cleanup(dump_reader_free) struct dump_reader *reader = dump_reader_new(stacks, source);
	int r = reader ? dump_reader_feed(reader, data.data, data.len) : -ENOMEM;

	return r < 0 ? r : dump_reader_finish(reader, list);
}

static int read_text(struct stacks *stacks, struct str data, struct snapshot_list *list)
{
	cleanup(profile_text_reader_free) struct profile_text_reader *reader =
		profile_text_reader_new(stacks);
	int r = reader ? profile_text_reader_feed(reader, data.data, data.len) : -ENOMEM;

	return r < 0 ? r : profile_text_reader_finish(reader, list);
}

static int read_proto(struct stacks *stacks, struct str data, struct snapshot_list *list)
{
	cleanup(profile_proto_reader_free) struct profile_proto_reader *reader =
		profile_proto_reader_new(stacks);
	int r = reader ? profile_proto_reader_feed(reader, data.data, data.len) : -ENOMEM;

	return r < 0 ? r : profile_proto_reader_finish(reader, list, NULL);
}

static int read_any(struct stacks *stacks, struct str data, struct snapshot_list *list)
{
	switch (sniff(str_head(data, SNIFF_BYTES))) {
	case LOOKS_PROFILE_TEXT:
		return read_text(stacks, data, list);
	case LOOKS_PROFILE_PROTO:
	case LOOKS_GZIP:
		return read_proto(stacks, data, list);
	case LOOKS_DUMP:
		return read_dump(stacks, SOURCE_DEBUG2, data, list);
	default:
		return read_dump(stacks, SOURCE_LOG, data, list);
	}
}

static void count(const struct snapshot *snapshot, int64_t *counts)
{
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;

	while ((goroutine = snapshot_next(snapshot, &at)))
		counts[stacks_trace(snapshot->stacks, goroutine->trace)->stack->index]++;
	for (uint32_t i = 0; i < snapshot->sample_count; i++) {
		const struct sample *sample = &snapshot->samples[i];

		counts[stacks_trace(snapshot->stacks, sample->trace)->stack->index] +=
			sample->count;
	}
}

static void print(const struct stack *stack, int64_t goroutines)
{
	printf("%016" PRIx64 "\t%016" PRIx64 "\t%" PRId64 "\t%s\t", stack->key,
		stack->line_free_key, goroutines, stack->observer ? "observer" : "-");
	for (uint32_t i = 0; i < stack->frame_count; i++)
		printf("%s%.*s:%" PRIu32, i ? " < " : "", STR_ARG(stack->frames[i].function),
			stack->frames[i].line);
	putchar('\n');
}

int main(int argc, char **argv)
{
	cleanup(buf_release) struct buf data = BUF_INIT(LIMIT_BODY);
	cleanup(stacks_free) struct stacks *stacks = stacks_new(LIMIT_TRACE_TABLE);
	cleanup(snapshot_list_release) struct snapshot_list list = {0};
	cleanup(free_pointer) int64_t *counts = NULL;
	struct error error = {0};

	if (argc != 2 || !stacks || file_read(argv[1], &data, &error) < 0) {
		fprintf(stderr, "dump-signatures: %s\n", argc != 2 ? "name one file" : error.text);
		return 1;
	}
	if (read_any(stacks, buf_str(&data), &list) < 0)
		return 1;
	counts = calloc(stacks_count(stacks) + 1, sizeof(*counts));
	if (!counts)
		return 1;
	for (size_t i = 0; i < list.count; i++)
		count(list.items[i], counts);
	for (uint32_t i = 0; i < stacks_count(stacks); i++)
		if (counts[i])
			print(stacks_stack(stacks, i), counts[i]);
	return 0;
}
