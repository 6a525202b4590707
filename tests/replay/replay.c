// SPDX-License-Identifier: Apache-2.0
// A simulated day for tests of the real binary.
//
//	replay day SEED MINUTES CUTS FOLDER
//
// writes whole.jsonl, all lines; and at CUTS random minutes cut-N.jsonl, the archive that is closed
// then: header, state of the cut before, lines since. Prints for each N, minute, bytes of
// whole.jsonl until then.
//
//	replay state FILE
//
// reads observations.jsonl and prints the archive that would begin behind it.
#include "base/file.h"
#include "simulated_archive.h"

#define CUTS_MAX 1000

static int to_file(const char *folder, const char *name, struct str text, struct error *error)
{
	cleanup(buf_release) struct buf path = BUF_INIT(KIB(8));
	FILE *file;

	buf_printf(&path, "%s/%s", folder, name);
	file = buf_failed(&path) ? NULL : fopen(buf_text(&path), "we");
	if (!file || fwrite(text.data, 1, text.len, file) != text.len || fclose(file) != 0)
		return error_set(error, -EIO, "write %s", name);
	return 0;
}

static int by_minute(const void *left, const void *right)
{
	return (int)*(const uint32_t *)left - (int)*(const uint32_t *)right;
}

static int close_archive(
	struct archive *archive, const struct day *day, uint32_t number, const char *folder)
{
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "cut-%u.jsonl", number);
	r = to_file(folder, name, buf_str(&archive->part), &archive->error);
	printf("%u %u %zu\n", number, day->minute, archive->whole.len);
	return r < 0 ? r : archive_cut(archive);
}

static int make_day(uint64_t seed, uint32_t minutes, uint32_t cuts, const char *folder)
{
	struct archive archive;
	struct day day;
	uint32_t at[CUTS_MAX], next = 0;
	struct day_handler handler;
	int r = 0;

	archive_begin(&archive);
	handler = archive_handler(&archive);
	day_begin(&day, archive.stacks, seed, minutes);
	for (uint32_t i = 0; i < cuts; i++)
		at[i] = 1 + (uint32_t)(day_random(&day) * (minutes - 1));
	qsort(at, cuts, sizeof(*at), by_minute);
	while (r == 0 && day.minute < minutes) {
		r = day_tick(&day, &handler);
		for (; r == 0 && next < cuts && at[next] == day.minute; next++)
			r = close_archive(&archive, &day, next, folder);
	}
	if (r == 0)
		r = to_file(folder, "whole.jsonl", buf_str(&archive.whole), &archive.error);
	if (r < 0)
		fprintf(stderr, "replay: %s\n", archive.error.text);
	day_end(&day);
	archive_end(&archive);
	return r < 0;
}

static int judge_a_process(void *context, const struct process *process)
{
	return judge_process(context, process);
}

static int judge_an_observation(void *context, const struct observation *observation)
{
	return judge_observe(context, observation);
}

static int judge_a_state(void *context, const struct observed_state *state)
{
	return judge_restore(context, state->target, state->seq, state->io);
}

static int print(void *context, const void *data, size_t len, struct error *error)
{
	if (fwrite(data, 1, len, context) != len)
		return error_set(error, -EIO, "write: I/O error");
	return 0;
}

static int print_states(const struct stacks *stacks, const struct judge *judge,
	const struct observations_clock *clock, struct error *error)
{
	cleanup(observations_writer_free) struct observations_writer *writer =
		observations_writer_new(stacks, (struct sink){print, stdout});
	int r = writer ? observations_write_header(writer, "test", 0, 0, error)
		       : error_no_memory(error, "a writer");

	for (uint32_t i = 0; r == 0 && i < judge_target_count(judge); i++)
		r = observations_write_state(writer, judge, i, clock, error);
	return r;
}

static int read_and_print(const char *path, struct error *error)
{
	cleanup(buf_release) struct buf text = BUF_INIT(ARCHIVE_BYTES_MAX);
	cleanup(stacks_free) struct stacks *stacks = stacks_new(MIB(256));
	cleanup(judge_free) struct judge *judge = stacks ? judge_new(stacks, NULL) : NULL;
	const struct observations_handler handler = {
		judge_a_process, judge_an_observation, judge, judge_a_state};
	cleanup(observations_reader_free) struct observations_reader *reader =
		judge ? observations_reader_new(stacks, &handler) : NULL;
	struct observations_summary summary;
	struct observations_clock clock;
	int r = reader ? file_read(path, &text, error) : error_no_memory(error, "a reader");

	if (r == 0)
		r = observations_reader_feed(reader, text.data, text.len, error);
	if (r == 0)
		r = observations_reader_finish(reader, &summary, error);
	if (r < 0)
		return r;
	clock = observations_reader_clock(reader);
	return print_states(stacks, judge, &clock, error);
}

int main(int argc, char **argv)
{
	struct error error = {0};
	uint64_t seed, minutes, cuts;

	if (argc == 3 && strcmp(argv[1], "state") == 0) {
		int r = read_and_print(argv[2], &error);

		if (r < 0)
			fprintf(stderr, "replay: %s\n", error.text);
		return r < 0;
	}
	if (argc == 6 && strcmp(argv[1], "day") == 0 &&
		str_to_u64(str_of(argv[2]), UINT32_MAX, &seed) &&
		str_to_u64(str_of(argv[3]), UINT32_MAX, &minutes) && minutes > 1 &&
		str_to_u64(str_of(argv[4]), CUTS_MAX, &cuts))
		return make_day(seed, (uint32_t)minutes, (uint32_t)cuts, argv[5]);
	fprintf(stderr, "usage: replay day SEED MINUTES CUTS FOLDER | replay state FILE\n");
	return 2;
}
