// SPDX-License-Identifier: Apache-2.0
// What a profile says, line by line, for golden tests of the profile readers.
//
//	profile-summary FILE		print the summary
//	profile-summary FILE EXPECTED	compare it with a file
//	profile-summary --same A B	the samples of two forms of one profile must agree
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "runtime/profile_proto.h"
#include "runtime/profile_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void fail(const char *file, const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", file, what);
	exit(1);
}

static void read_text(
	const char *path, struct str body, struct stacks *stacks, struct snapshot_list *list)
{
	struct profile_text_reader *reader = profile_text_reader_new(stacks);

	if (!reader || profile_text_reader_feed(reader, body.data, body.len) < 0 ||
		profile_text_reader_finish(reader, list) < 0)
		fail(path, "the text does not read");
	profile_text_reader_free(&reader);
}

static void read_proto(
	const char *path, struct str body, struct stacks *stacks, struct snapshot_list *list)
{
	struct profile_proto_reader *reader = profile_proto_reader_new(stacks);
	struct error error = {0};

	if (!reader || profile_proto_reader_feed(reader, body.data, body.len) < 0 ||
		profile_proto_reader_finish(reader, list, &error) < 0)
		fail(path, error.text);
	profile_proto_reader_free(&reader);
}

static void read_profile(const char *path, struct stacks *stacks, struct snapshot_list *list)
{
	cleanup(buf_release) struct buf body = BUF_INIT(MIB(1));
	struct error error = {0};

	if (!stacks || file_read(path, &body, &error) < 0)
		fail(path, error.text);
	if (str_ends(str_of(path), STR(".txt")))
		read_text(path, buf_str(&body), stacks, list);
	else
		read_proto(path, buf_str(&body), stacks, list);
}

static void add_labels(struct buf *out, struct label_set labels)
{
	for (uint32_t i = 0; i < labels.count; i++)
		buf_printf(out, " {%.*s: %.*s}", STR_ARG(labels.labels[i].key),
			STR_ARG(labels.labels[i].value));
}

static void add_frames(struct buf *out, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->frame_count; i++)
		buf_printf(out, "\t%.*s %.*s:%u\n", STR_ARG(stack->frames[i].function),
			STR_ARG(str_basename(stack->frames[i].file)), stack->frames[i].line);
	if (stack->truncated)
		buf_add_text(out, "\t(truncated)\n");
}

static void add_sample(
	struct buf *out, const struct snapshot *snapshot, const struct sample *sample)
{
	const struct stack *stack = stacks_trace(snapshot->stacks, sample->trace)->stack;
	char key[STACK_KEY_TEXT];

	stack_key_text(stack->key, key);
	buf_printf(out, "%" PRId64 " %" PRId64 " %s [%.*s]", sample->count, sample->value, key,
		STR_ARG(stacks_state_name(snapshot->stacks, sample->state)));
	add_labels(out, stacks_labels(snapshot->stacks, sample->labels));
	buf_add_byte(out, '\n');
	add_frames(out, stack);
}

static void add_snapshot(struct buf *out, const struct snapshot *snapshot)
{
	static const char *const names[] = {"goroutine", "goroutineleak", "threadcreate", "heap",
		"allocs", "block", "mutex", "other"};

	buf_printf(out,
		"%s total %" PRIu64 " samples %u cut %d skipped %" PRIu64
		" cycles/s %.0f period %" PRId64 "\n",
		names[snapshot->profile], snapshot->total, snapshot->sample_count, snapshot->cut,
		snapshot->skipped, snapshot->cycles_per_s, snapshot->sampling_period);
	for (uint32_t i = 0; i < snapshot->sample_count; i++)
		add_sample(out, snapshot, &snapshot->samples[i]);
}

static void summarise(const char *path, struct buf *out)
{
	struct stacks *stacks = stacks_new(MIB(64));
	struct snapshot_list list = {0};

	read_profile(path, stacks, &list);
	for (size_t i = 0; i < list.count; i++)
		add_snapshot(out, list.items[i]);
	if (buf_failed(out) < 0)
		fail(path, "the summary is too long");
	snapshot_list_release(&list);
	stacks_free(&stacks);
}

static int compare(const char *path, struct str got, const char *expected_path)
{
	cleanup(buf_release) struct buf expected = BUF_INIT(MIB(4));
	struct error error = {0};
	struct str wanted, got_line, wanted_line;

	if (file_read(expected_path, &expected, &error) < 0)
		fail(expected_path, error.text);
	wanted = buf_str(&expected);
	for (unsigned number = 1; got.len > 0 || wanted.len > 0; number++) {
		got_line = str_cut(&got, '\n');
		wanted_line = str_cut(&wanted, '\n');
		if (str_equal(got_line, wanted_line))
			continue;
		(void)fprintf(stderr, "%s, line %u:\n  got    %.*s\n  wanted %.*s\n", path, number,
			STR_ARG(got_line), STR_ARG(wanted_line));
		return 1;
	}
	return 0;
}

// The goroutines, events or threads at one stack, over all label sets.
static int64_t count_at(const struct snapshot *snapshot, uint64_t key)
{
	int64_t count = 0;

	for (uint32_t i = 0; i < snapshot->sample_count; i++)
		if (stacks_trace(snapshot->stacks, snapshot->samples[i].trace)->stack->key == key)
			count += snapshot->samples[i].count;
	return count;
}

static int same_counts(const struct snapshot *a, const struct snapshot *b)
{
	int different = 0;

	for (uint32_t i = 0; i < a->sample_count; i++) {
		const struct stack *stack = stacks_trace(a->stacks, a->samples[i].trace)->stack;
		int64_t first = count_at(a, stack->key), second = count_at(b, stack->key);

		if (first == second)
			continue;
		different = 1;
		(void)fprintf(stderr, "%" PRId64 " against %" PRId64 " at %.*s\n", first, second,
			STR_ARG(stack->frame_count ? stack->frames[0].function : STR("?")));
	}
	return different;
}

static int check_same(const char *first, const char *second)
{
	struct stacks *stacks = stacks_new(MIB(64));
	struct snapshot_list a = {0}, b = {0};
	int different;

	read_profile(first, stacks, &a);
	read_profile(second, stacks, &b);
	if (a.count != 1 || b.count != 1 || a.items[0]->profile != b.items[0]->profile)
		fail(second, "not the same profile");
	different = same_counts(a.items[0], b.items[0]) | same_counts(b.items[0], a.items[0]);
	snapshot_list_release(&a);
	snapshot_list_release(&b);
	stacks_free(&stacks);
	return different;
}

int main(int argc, char **argv)
{
	cleanup(buf_release) struct buf summary = BUF_INIT(MIB(4));

	if (argc == 4 && strcmp(argv[1], "--same") == 0)
		return check_same(argv[2], argv[3]);
	if (argc != 2 && argc != 3)
		fail("usage", "profile-summary [--same] FILE [EXPECTED]");
	summarise(argv[1], &summary);
	if (argc == 3)
		return compare(argv[1], buf_str(&summary), argv[2]);
	return fwrite(summary.data, 1, summary.len, stdout) == summary.len ? 0 : 1;
}
