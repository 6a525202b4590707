// SPDX-License-Identifier: Apache-2.0
// What a detector remembers of a stack, field by field.
#include "model/state_parts.h"

void state_of_totals(struct state_io *io, const char *key, struct detector_totals *totals)
{
	state_open(io, key, STATE_ROW);
	STATE_FIELD(io, totals, inflow);
	STATE_FIELD(io, totals, outflow);
	STATE_FIELD(io, totals, seconds);
	STATE_FIELD(io, totals, load);
	state_close(io);
}

void state_of_bucket(struct state_io *io, struct detector_bucket *bucket)
{
	state_open(io, "buckets", STATE_ROW);
	STATE_FIELD(io, bucket, inflow);
	STATE_FIELD(io, bucket, load);
	STATE_FIELD(io, bucket, seconds);
	state_close(io);
}

void state_of_episode(struct state_io *io, struct episode *episode)
{
	STATE_FIELD(io, episode, start_s);
	STATE_FIELD(io, episode, born_from_s);
	STATE_FIELD(io, episode, rose_s);
	STATE_FIELD(io, episode, baseline);
	STATE_FIELD(io, episode, inflow);
	STATE_FIELD(io, episode, outflow);
	STATE_FIELD(io, episode, exposure_s);
	STATE_FIELDS(io, episode, siblings_left);
	STATE_FIELD(io, episode, silent_s);
	STATE_FIELD(io, episode, longest_silence_s);
	state_of_totals(io, "before", &episode->before);
	STATE_FIELD(io, episode, bucket_steps);
	STATE_FIELD(io, episode, bucket_fill);
	state_list(io, "buckets", &episode->bucket_count, DETECTOR_BUCKETS);
	for (uint32_t i = 0; i < episode->bucket_count; i++)
		state_of_bucket(io, &episode->buckets[i]);
	state_close(io);
	state_check(io, episode->bucket_fill < episode->bucket_steps, "bucket_fill");
	state_check(io, episode->bucket_fill == 0 || episode->bucket_count > 0, "buckets");
}

void state_of_age(struct state_io *io, struct detector_age *age)
{
	STATE_FIELD(io, age, c);
	STATE_FIELD(io, age, quick);
	STATE_FIELD(io, age, patient);
	STATE_FIELD(io, age, ewma);
	STATE_FIELD(io, age, deaths_memory);
	STATE_FIELD(io, age, usual_inflow);
	STATE_FIELD(io, age, usual_outflow);
	STATE_FIELD(io, age, usual_load);
	STATE_FIELD(io, age, usual_s);
	STATE_FIELD(io, age, usual_phi);
	state_of_totals(io, "totals", &age->totals);
	STATE_FIELD(io, age, born_from_s);
	if (!state_has(io, "episode", age->episode != NULL))
		return;
	if (io->restoring)
		age->episode = state_memory(io, 1, sizeof(*age->episode));
	if (!age->episode)
		return;
	state_open(io, "episode", STATE_OBJECT);
	state_of_episode(io, age->episode);
	state_close(io);
}

void state_of_detector(struct state_io *io, struct detector *detector)
{
	state_open(io, "age", STATE_ROW);
	for (int age = 0; age < TRACK_AGES; age++) {
		state_open(io, "age", STATE_OBJECT);
		state_of_age(io, &detector->age[age]);
		state_close(io);
	}
	state_close(io);
	state_verdict(io, "verdict", &detector->verdict);
	STATE_FIELD(io, detector, decided_age);
	STATE_FIELD(io, detector, counted_s);
	STATE_FIELD(io, detector, counted);
	STATE_FIELD(io, detector, counted_first);
	STATE_FIELD(io, detector, steps);
	STATE_FIELD(io, detector, mean);
	STATE_FIELD(io, detector, variance);
	STATE_FIELD(io, detector, hint_s);
	STATE_FIELD(io, detector, retained);
	STATE_FIELD(io, detector, retained_s);
	STATE_FIELD(io, detector, retained_deaths);
	state_check(io, detector->decided_age >= 0 && detector->decided_age < TRACK_AGES,
		"decided_age");
}

void state_of_detector_step(struct state_io *io, struct detector_step *step)
{
	STATE_FIELD(io, step, t_s);
	STATE_FIELD(io, step, step_s);
	STATE_FIELD(io, step, load);
	STATE_FIELD(io, step, load_memory);
	STATE_FIELD(io, step, time_memory_s);
	STATE_FIELDS(io, step, born_s);
	STATE_FIELDS(io, step, born_load);
	STATE_FIELDS(io, step, born_to_s);
	STATE_FIELDS(io, step, muted);
	STATE_FIELDS(io, step, blind);
	STATE_FIELD(io, step, surging);
	STATE_FIELD(io, step, index);
	STATE_FIELD(io, step, stack_count);
}
