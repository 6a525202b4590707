// SPDX-License-Identifier: Apache-2.0
// show: the first and the last look of each target, as goroutines one by one where the input has
// them, else as what its observations counted.
#include "collector/commands/show.h"

#include <errno.h>

static int add_goroutines(struct show *show, const struct snapshot *snapshot, bool last)
{
	struct goroutine_iterator at = {0};
	const struct goroutine *goroutine;
	int r = 0;

	while (r == 0 && (goroutine = snapshot_next(snapshot, &at))) {
		const struct trace *trace = stacks_trace(show->stacks, goroutine->trace);

		r = show_add(show,
			&(struct sitter){
				.stack = trace->stack,
				.frames = trace->frames,
				.frame_count = trace->frame_count,
				.created_by = &trace->created_by,
				.place = trace->index,
				.labels = goroutine->labels,
				.state = goroutine->state,
				.minutes = goroutine->minutes,
				.id = goroutine->id,
				.count = 1,
			},
			last);
	}
	return r;
}

static int add_samples(struct show *show, const struct snapshot *snapshot, bool last)
{
	int r = 0;

	for (uint32_t i = 0; i < snapshot->sample_count && r == 0; i++) {
		const struct sample *sample = &snapshot->samples[i];
		const struct trace *trace = stacks_trace(show->stacks, sample->trace);

		r = show_add(show,
			&(struct sitter){
				.stack = trace->stack,
				.frames = trace->frames,
				.frame_count = trace->frame_count,
				.created_by = &trace->created_by,
				.place = trace->index,
				.labels = sample->labels,
				.state = sample->state,
				.count = sample->count,
			},
			last);
	}
	return r;
}

static int add_snapshot(struct show *show, const struct snapshot *snapshot, bool last)
{
	int r = add_goroutines(show, snapshot, last);

	show->looks++;
	return r < 0 ? r : add_samples(show, snapshot, last);
}

static int add_group(struct show *show, const struct observed_group *group, bool last)
{
	struct sitter sitter = {
		.stack = group->stack,
		.frames = group->stack->frames,
		.frame_count = group->stack->frame_count,
		.created_by = &group->created_by,
		.place = group->stack->index,
		.minutes = group->has_minutes ? group->minutes_max : 0,
		.count = group->count,
	};
	int r = 0;

	if (!group->has_waits || group->wait_count == 0)
		return show_add(show, &sitter, last);
	for (uint32_t i = 0; i < group->wait_count && r == 0; i++) {
		sitter.state = group->waits[i].state;
		sitter.count = group->waits[i].count;
		r = show_add(show, &sitter, last);
	}
	return r;
}

static int add_observation(struct show *show, const struct observation *observation, bool last)
{
	int r = 0;

	show->looks++;
	for (uint32_t i = 0; i < observation->group_count && r == 0; i++)
		r = add_group(show, &observation->groups[i], last);
	return r;
}

static bool is_goroutines(const struct input_snapshot *item)
{
	return item->snapshot->profile == PROFILE_GOROUTINE;
}

// Looks of one target are found by walking: inputs have few targets, or few looks of each.
static bool seen_before(const struct input *input, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (is_goroutines(&input->snapshots[i]) &&
			str_equal(input->snapshots[i].target, input->snapshots[at].target))
			return true;
	}
	return false;
}

static bool seen_behind(const struct input *input, size_t at)
{
	for (size_t i = at + 1; i < input->snapshot_count; i++) {
		if (is_goroutines(&input->snapshots[i]) &&
			str_equal(input->snapshots[i].target, input->snapshots[at].target))
			return true;
	}
	return false;
}

static int show_snapshots(struct show *show, const struct input *input)
{
	int r = 0;

	for (size_t i = 0; i < input->snapshot_count && r == 0; i++) {
		const struct input_snapshot *item = &input->snapshots[i];
		bool first, last;

		if (!is_goroutines(item))
			continue;
		first = !seen_before(input, i);
		last = !seen_behind(input, i);
		if (first && !last)
			r = add_snapshot(show, item->snapshot, false);
		if (last && r == 0)
			r = add_snapshot(show, item->snapshot, true);
		show->targets += last;
	}
	return r;
}

static bool observed_before(const struct input *input, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (input->observations[i].has_groups &&
			str_equal(input->observations[i].target, input->observations[at].target))
			return true;
	}
	return false;
}

static bool observed_behind(const struct input *input, size_t at)
{
	for (size_t i = at + 1; i < input->observation_count; i++) {
		if (input->observations[i].has_groups &&
			str_equal(input->observations[i].target, input->observations[at].target))
			return true;
	}
	return false;
}

static int show_observations(struct show *show, const struct input *input)
{
	int r = 0;

	for (size_t i = 0; i < input->observation_count && r == 0; i++) {
		bool first, last;

		if (!input->observations[i].has_groups)
			continue;
		first = !observed_before(input, i);
		last = !observed_behind(input, i);
		if (first && !last)
			r = add_observation(show, &input->observations[i], false);
		if (last && r == 0)
			r = add_observation(show, &input->observations[i], true);
		show->targets += last;
	}
	return r;
}

static bool has_snapshots(const struct input *input)
{
	for (size_t i = 0; i < input->snapshot_count; i++) {
		if (is_goroutines(&input->snapshots[i]))
			return true;
	}
	return false;
}

int show_input(struct show *show, const struct input *input, struct error *error)
{
	bool whole = has_snapshots(input);
	int r;

	if (!whole &&
		(show->filter.id_count || show->filter.label_count || show->by == GROUP_BY_LABEL))
		return error_set(error, -ENODATA,
			"--id, --label and --group-by label need the dumps themselves; this input "
			"holds what was counted in them");
	show->stacks = input->stacks;
	r = whole ? show_snapshots(show, input) : show_observations(show, input);
	return r < 0 ? error_no_memory(error, "the groups") : 0;
}
