// SPDX-License-Identifier: Apache-2.0
// What a collector that never stops does with a simulated day: one judge, one file of all lines,
// and now and then an archive that is closed and a new one begun, with the state of that moment.
#pragma once

#include "base/cleanup.h"
#include "collector/observe/observations.h"
#include "simulated_day.h"

#define ARCHIVE_BYTES_MAX MIB(256)

struct archive {
	struct stacks *stacks;
	struct judge *judge;
	struct observations_clock clock;
	int64_t header_wall_ms; // a moment of the present clock
	double header_mono_ms;
	struct observations_writer *whole_writer, *part_writer;
	struct buf whole, part; // lines since the beginning, since the last cut
	bool has_header;
	struct error error;
};

static int archive_sink(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

static void archive_begin(struct archive *archive)
{
	*archive = (struct archive){
		.whole = BUF_INIT(ARCHIVE_BYTES_MAX), .part = BUF_INIT(ARCHIVE_BYTES_MAX)};
	archive->stacks = stacks_new(MIB(64));
	archive->judge = judge_new(archive->stacks, NULL);
	archive->whole_writer = observations_writer_new(
		archive->stacks, (struct sink){archive_sink, &archive->whole});
	archive->part_writer = observations_writer_new(
		archive->stacks, (struct sink){archive_sink, &archive->part});
	assert(archive->stacks && archive->judge && archive->whole_writer && archive->part_writer);
}

static void archive_end(struct archive *archive)
{
	observations_writer_free(&archive->whole_writer);
	observations_writer_free(&archive->part_writer);
	judge_free(&archive->judge);
	stacks_free(&archive->stacks);
	buf_release(&archive->whole);
	buf_release(&archive->part);
}

static int archive_header(void *context, int64_t wall_ms, double mono_ms)
{
	struct archive *archive = context;
	int r;

	if (archive->has_header)
		observations_clock_restart(&archive->clock, wall_ms, mono_ms);
	else
		archive->clock = observations_clock_begin(wall_ms, mono_ms);
	archive->has_header = true;
	archive->header_wall_ms = wall_ms;
	archive->header_mono_ms = mono_ms;
	r = observations_write_header(
		archive->whole_writer, "test", wall_ms, mono_ms, &archive->error);
	return r < 0 ? r
		     : observations_write_header(
			       archive->part_writer, "test", wall_ms, mono_ms, &archive->error);
}

static int archive_process(void *context, const struct process *process)
{
	struct archive *archive = context;
	int r = observations_write_process(archive->whole_writer, process, &archive->error);

	if (r == 0)
		r = observations_write_process(archive->part_writer, process, &archive->error);
	return r < 0 ? r : judge_process(archive->judge, process);
}

static int archive_observation(void *context, struct observation *o)
{
	struct archive *archive = context;
	int r = observations_write_tick(archive->part_writer, o, &archive->error);
	uint64_t seq = o->seq;

	if (r == 0)
		r = observations_write_tick(archive->whole_writer, o, &archive->error);
	if (r < 0)
		return r;
	assert(o->seq == seq); // the archive goes on where the last one ended
	o->mono_ms += archive->clock.shift_ms;
	archive->clock.last_mono_ms = fmax(archive->clock.last_mono_ms, o->mono_ms);
	return judge_observe(archive->judge, o);
}

static struct day_handler archive_handler(struct archive *archive)
{
	return (struct day_handler){archive_header, archive_process, archive_observation, archive};
}

// A new archive: its header tells the present clock, and then what is remembered.
static int archive_cut(struct archive *archive)
{
	int r;

	buf_clear(&archive->part);
	observations_writer_free(&archive->part_writer);
	archive->part_writer = observations_writer_new(
		archive->stacks, (struct sink){archive_sink, &archive->part});
	assert(archive->part_writer);
	// Some other moment of it: the two clocks have drifted apart since.
	r = observations_write_header(archive->part_writer, "test", archive->header_wall_ms + 60123,
		archive->header_mono_ms + 60000, &archive->error);
	for (uint32_t i = 0; r == 0 && i < judge_target_count(archive->judge); i++)
		r = observations_write_state(
			archive->part_writer, archive->judge, i, &archive->clock, &archive->error);
	return r;
}
