// SPDX-License-Identifier: Apache-2.0
// Fuzz target: archives with state lines from anywhere. Whatever is restored can be judged by, goes
// on with the lines behind it, and is saved as a line that is restored without a word.
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "collector/observe/observations.h"

#include <assert.h>
#include <stdlib.h>

struct judged {
	struct stacks *stacks;
	struct judge *judge;
	struct observations_summary summary;
	struct observations_clock clock;
};

static int on_process(void *context, const struct process *process)
{
	return judge_process(context, process);
}

static int on_observation(void *context, const struct observation *observation)
{
	return judge_observe(context, observation);
}

static int on_state(void *context, const struct observed_state *state)
{
	return judge_restore(context, state->target, state->seq, state->io);
}

static void judge_all(struct judged *judged, struct str text)
{
	struct observations_handler handler = {on_process, on_observation, NULL, on_state};
	struct observations_reader *reader;
	struct error error;

	*judged = (struct judged){.stacks = stacks_new(MIB(64))};
	handler.context = judged->judge = judge_new(judged->stacks, NULL);
	reader = observations_reader_new(judged->stacks, &handler);
	if (observations_reader_feed(reader, text.data, text.len, &error) == 0)
		(void)observations_reader_finish(reader, &judged->summary, &error);
	judged->clock = observations_reader_clock(reader);
	observations_reader_free(&reader);
}

static void release(struct judged *judged)
{
	judge_free(&judged->judge);
	stacks_free(&judged->stacks);
}

static int append(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

static void save_all(const struct judged *judged, struct buf *text)
{
	struct observations_writer *writer =
		observations_writer_new(judged->stacks, (struct sink){append, text});
	struct error error;
	int r = observations_write_header(writer, "fuzz", 0, 0, &error);

	for (uint32_t i = 0; r == 0 && i < judge_target_count(judged->judge); i++)
		r = observations_write_state(writer, judged->judge, i, &judged->clock, &error);
	observations_writer_free(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct judged first, again;
	struct buf text = BUF_INIT(MIB(64));
	struct report report;
	struct error error;

	judge_all(&first, (struct str){(const char *)data, size});
	if (judge_report(first.judge, &report, &error) == 0)
		report_release(&report);
	save_all(&first, &text);
	judge_all(&again, buf_str(&text));
	assert(buf_failed(&text) || judge_target_count(again.judge) == again.summary.states);
	assert(buf_failed(&text) || again.summary.skipped == 0);
	release(&first);
	release(&again);
	buf_release(&text);
	return 0;
}
