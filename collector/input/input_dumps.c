// SPDX-License-Identifier: Apache-2.0
// Dumps in time order, with the profiles and metrics that were taken with them, as observations of
// one target.
#include "base/cleanup.h"
#include "collector/input/input_parts.h"
#include "collector/observe/observe.h"

#include <errno.h>
#include <stdlib.h>

#define OBSERVATION_ARENA_MAX MIB(512)
// Between dumps that do not say when they were taken: only so that there is an order.
#define PRESUMED_SPACING_MS 10000.0
// The largest ID can step back a little within one process: IDs come in batches of 16 per P.
#define ID_STEP_BACK 16384

static bool is_goroutines(const struct snapshot *snapshot)
{
	return snapshot->profile == PROFILE_GOROUTINE || snapshot->profile == PROFILE_GOROUTINELEAK;
}

static bool is_contention(const struct snapshot *snapshot)
{
	return snapshot->profile == PROFILE_BLOCK || snapshot->profile == PROFILE_MUTEX;
}

// Takes the snapshot over.
static int keep_snapshot(struct input_reading *reading, struct snapshot *snapshot, int64_t wall_ms)
{
	struct input *input = reading->input;
	struct input_snapshot *item;

	if (!reading->options.keep_snapshots) {
		snapshot_free(&snapshot);
		return 0;
	}
	if (input->snapshot_count == input->snapshot_capacity) {
		size_t capacity = input->snapshot_capacity ? 2 * input->snapshot_capacity : 16;
		struct input_snapshot *list =
			reallocarray(input->snapshots, capacity, sizeof(*input->snapshots));

		if (!list) {
			snapshot_free(&snapshot);
			return -ENOMEM;
		}
		input->snapshots = list;
		input->snapshot_capacity = capacity;
	}
	item = &input->snapshots[input->snapshot_count++];
	*item = (struct input_snapshot){
		.snapshot = snapshot,
		.target = arena_str(&input->arena,
			reading->snapshots_only ? reading->member_target : reading->target),
		.path = arena_str(&input->arena, reading->path),
		.wall_ms = wall_ms,
	};
	return item->target.data && item->path.data ? 0 : -ENOMEM;
}

static double moment_mono_ms(struct input_reading *reading)
{
	const struct moment *moment = &reading->moment;
	double mono_ms;

	if (reading->options.interval_s > 0)
		return (double)reading->ticks * reading->options.interval_s * 1e3;
	if (reading->ticks == 0) {
		reading->first_wall_ms = moment->wall_ms;
		return 0;
	}
	mono_ms = (double)(moment->wall_ms - reading->first_wall_ms);
	if (moment->wall_ms >= 0 && reading->first_wall_ms >= 0 && mono_ms > reading->last_mono_ms)
		return mono_ms;
	// Without a time between them there is no rate: they count as different lives.
	reading->input->times_known = false;
	reading->process.number++;
	return reading->last_mono_ms + PRESUMED_SPACING_MS;
}

// Another process: its IDs began again.
static void notice_restart(struct input_reading *reading, uint64_t max_id)
{
	if (max_id > 0 && max_id + ID_STEP_BACK < reading->last_max_id / 2) {
		reading->process.number++;
		reading->process.start_s = NAN;
	}
	if (max_id > 0)
		reading->last_max_id = max_id;
}

static int fill(struct input_reading *reading, struct arena *arena, struct observation *seen)
{
	struct moment *moment = &reading->moment;
	int r = 0;

	if (moment->has_metrics)
		observe_metrics(&moment->metrics, seen);
	if (moment->goroutines)
		r = observe_goroutines(moment->goroutines, arena, seen);
	if (r == 0)
		r = observe_contention(
			moment->contention.items, moment->contention.count, arena, seen);
	return r;
}

static int tell_judge(struct input_reading *reading, struct observation *seen, struct arena *arena)
{
	struct moment *moment = &reading->moment;
	int r = 0;

	notice_restart(reading, seen->max_id);
	if (moment->has_metrics)
		r = observe_process(&moment->metrics, &reading->input->arena, &reading->process);
	seen->seq = reading->ticks;
	seen->wall_ms = moment->wall_ms;
	seen->mono_ms = moment_mono_ms(reading);
	seen->process = reading->process.number;
	if (r == 0)
		r = process_settle(&reading->process, &reading->input->arena);
	if (r == 0)
		r = input_take_process(reading, &reading->process);
	if (r == 0)
		r = observation_settle(seen, arena);
	if (r < 0)
		return r;
	reading->ticks++;
	reading->last_mono_ms = seen->mono_ms;
	reading->input->skipped += seen->skipped;
	return input_take_observation(reading, seen);
}

static int keep_all(struct input_reading *reading)
{
	struct moment *moment = &reading->moment;
	struct snapshot *goroutines = steal(&moment->goroutines);
	int r = 0;

	if (goroutines)
		r = keep_snapshot(reading, goroutines, moment->wall_ms);
	for (size_t i = 0; i < moment->contention.count; i++) {
		struct snapshot *snapshot = moment->contention.items[i];

		moment->contention.items[i] = NULL;
		if (r == 0)
			r = keep_snapshot(reading, snapshot, moment->wall_ms);
		else
			snapshot_free(&snapshot);
	}
	snapshot_list_release(&moment->contention);
	*moment = (struct moment){.wall_ms = -1};
	return r;
}

int input_end_moment(struct input_reading *reading)
{
	cleanup(arena_release) struct arena arena = ARENA_INIT(OBSERVATION_ARENA_MAX);
	struct observation seen;
	int r = 0;

	if (!reading->moment.begun)
		return 0;
	if (reading->moment.goroutines || reading->moment.contention.count > 0) {
		observation_init(&seen, reading->target);
		r = fill(reading, &arena, &seen);
		if (r == 0 && !reading->snapshots_only)
			r = tell_judge(reading, &seen, &arena);
	}
	return r < 0 ? r : keep_all(reading);
}

static bool holds_profile(const struct moment *moment, enum profile profile)
{
	for (size_t i = 0; i < moment->contention.count; i++)
		if (moment->contention.items[i]->profile == profile)
			return true;
	return false;
}

// The moment under way, or a new one when it has what now comes.
static int begin_moment(struct input_reading *reading, bool has_already)
{
	int r = has_already ? input_end_moment(reading) : 0;

	reading->moment.begun = true;
	return r;
}

static int64_t time_of(const struct input_reading *reading, const struct snapshot *snapshot)
{
	return snapshot->wall_ms >= 0 ? snapshot->wall_ms : reading->file_wall_ms;
}

// Takes the snapshot over.
static int take_snapshot(struct input_reading *reading, struct snapshot *snapshot)
{
	struct moment *moment = &reading->moment;
	bool goroutines = is_goroutines(snapshot);
	int r;

	if (!goroutines && !is_contention(snapshot))
		return keep_snapshot(reading, snapshot, time_of(reading, snapshot));
	r = begin_moment(reading,
		goroutines ? moment->goroutines != NULL : holds_profile(moment, snapshot->profile));
	if (r == 0 && !goroutines)
		r = snapshot_list_add(&moment->contention, snapshot);
	if (r < 0) {
		// What the moment holds stays there: the end of the reading frees it.
		snapshot_free(&snapshot);
		return r;
	}
	if (goroutines)
		moment->goroutines = snapshot;
	if (goroutines || moment->wall_ms < 0)
		moment->wall_ms = time_of(reading, snapshot);
	return 0;
}

int input_take_snapshots(struct input_reading *reading, struct snapshot_list *list)
{
	int r = 0;

	// Several dumps in one stream do not share the time of its file.
	if (list->count > 1)
		reading->file_wall_ms = -1;
	for (size_t i = 0; i < list->count && r == 0; i++) {
		r = take_snapshot(reading, list->items[i]);
		list->items[i] = NULL;
	}
	return r;
}

int input_take_metrics(struct input_reading *reading, const struct metrics *metrics)
{
	int r = begin_moment(reading, reading->moment.has_metrics);

	reading->moment.metrics = *metrics;
	reading->moment.has_metrics = true;
	return r;
}
