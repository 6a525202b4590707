// SPDX-License-Identifier: Apache-2.0
// What is remembered of one life of a process, field by field.
#include "model/state_parts.h"

void state_of_process(struct state_io *io, struct process *process)
{
	STATE_FIELD(io, process, target);
	STATE_FIELD(io, process, number);
	STATE_FIELD(io, process, workload);
	STATE_FIELD(io, process, pod_uid);
	STATE_FIELD(io, process, container_id);
	STATE_FIELD(io, process, image_digest);
	STATE_FIELD(io, process, go_version);
	STATE_FIELD(io, process, start_s);
	STATE_FIELD(io, process, gomaxprocs);
	STATE_FIELD(io, process, memory_limit_bytes);
	STATE_FIELD(io, process, gomemlimit_bytes);
}

static void state_of_detectors(struct state_io *io, struct life *life)
{
	life->detectors = state_items(io, "detectors", life->detectors, &life->detector_count,
		TRACK_STACKS_MAX, sizeof(*life->detectors));
	life->detector_capacity = io->restoring ? life->detector_count : life->detector_capacity;
	for (uint32_t i = 0; i < life->detector_count; i++) {
		state_open(io, "detectors", STATE_OBJECT);
		state_of_detector(io, &life->detectors[i]);
		state_close(io);
	}
	state_close(io);
}

static void state_of_followed(struct state_io *io, struct life *life)
{
	if (!state_has(io, "tracker", life->tracker != NULL))
		return;
	if (io->restoring)
		life->tracker = state_memory(io, 1, sizeof(*life->tracker));
	if (!life->tracker)
		return;
	state_open(io, "tracker", STATE_OBJECT);
	state_of_tracker(io, life->tracker);
	state_close(io);
	state_of_detectors(io, life);
	state_check(io, life->detector_count <= life->tracker->stack_count, "detectors");
	for (int age = 0; age < TRACK_AGES; age++)
		state_check(io,
			life->step_from_matured[age] >= -1 &&
				life->step_from_matured[age] < life->tracker->tick_count,
			"step_from_matured");
}

void state_of_life(struct state_io *io, struct life *life)
{
	state_open(io, "process", STATE_OBJECT);
	state_of_process(io, &life->process);
	state_close(io);
	STATE_FIELD(io, life, index);
	STATE_FIELD(io, life, first_t_s);
	STATE_FIELD(io, life, last_t_s);
	STATE_FIELD(io, life, first_wall_ms);
	STATE_FIELD(io, life, born_t_s);
	STATE_FIELD(io, life, load_is_requests);
	STATE_FIELD(io, life, load);
	STATE_FIELD(io, life, dump_t_s);
	STATE_FIELD(io, life, counts_since_dump);
	STATE_FIELD(io, life, tick_s);
	STATE_FIELD(io, life, step_count);
	STATE_FIELD(io, life, step_from_s);
	STATE_FIELD(io, life, step_from_load);
	STATE_FIELDS(io, life, step_from_matured);
	STATE_FIELD(io, life, load_memory);
	STATE_FIELD(io, life, time_memory_s);
	state_open(io, "step", STATE_OBJECT);
	state_of_detector_step(io, &life->step);
	state_close(io);
	STATE_FIELD(io, life, stepped);
	state_of_followed(io, life);
}
