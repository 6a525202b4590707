// SPDX-License-Identifier: Apache-2.0
// observations.jsonl (parkwatch.observations/1): enough to run the model again, from the first line
// to the findings. docs/observations.md has the format; this is its writer and its reader.
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "collector/form/sink.h"
#include "model/judge.h"

#define OBSERVATIONS_SCHEMA "parkwatch.observations/1"
#define OBSERVATIONS_KEY_TICKS 60 // a key line at least that often

// How mono_ms of lines becomes the clock of the judge, which goes on over headers.
struct observations_clock {
	int64_t first_wall_ms; // of the first header; -1
	double first_mono_ms;
	double shift_ms; // added to mono_ms of lines under the present header
	double last_mono_ms; // the latest that the judge saw
};

struct observations_clock observations_clock_begin(int64_t wall_ms, double mono_ms);
// A further header: the collector was started anew and its monotonic clock with it.
void observations_clock_restart(struct observations_clock *clock, int64_t wall_ms, double mono_ms);

// Writing
//
//	writer = observations_writer_new(stacks, sink);
//	r = observations_write_header(writer, "parkwatch 0.1.0", wall_ms, mono_ms, error);
//	r = observations_write_state(writer, judge, i, &clock, error);	// of each target, or none
//	r = observations_write_process(writer, &process, error);	// when it changed
//	r = observations_write_tick(writer, &observation, error);
//	observations_writer_free(&writer);
//
// It remembers per target the number of its next line and the IDs of its last one (as differences:
// one to three bytes a goroutine), and which stacks have been described. A write that failed leaves
// it in the state before, except for stack lines that are simply written again.
struct observations_writer;

struct observations_writer *observations_writer_new(const struct stacks *stacks, struct sink sink);
int observations_write_header(struct observations_writer *writer, const char *tool, int64_t wall_ms,
	double mono_ms, struct error *error);
// Writes nothing when the same facts were written before.
int observations_write_process(
	struct observations_writer *writer, const struct process *process, struct error *error);
// Sets observation->seq. The observation must be settled (collector/observe/observe.h).
int observations_write_tick(
	struct observations_writer *writer, struct observation *observation, struct error *error);
// What `judge` remembers of its `index`-th target, for a file that begins in the middle: behind the
// header, before the target's first tick, whose seq goes on from there. Stacks it refers to are
// described first. `clock` is that of the observations the judge has seen, whose lines so far were
// under the same header as those that follow. -EFBIG when the line would exceed
// LIMIT_OBSERVATION_LINE: nothing is written, and the file can be used without it.
int observations_write_state(struct observations_writer *writer, const struct judge *judge,
	uint32_t index, const struct observations_clock *clock, struct error *error);
void observations_writer_free(struct observations_writer **writer);

// Reading
//
// Tolerant: what it does not know it skips and counts; a line that does not parse costs that line;
// a chain of differences that breaks costs the groups of that target until its next key line. A
// further header restarts mono_ms: the reader goes on from the wall clock, so that mono_ms of the
// observations never falls back.
// What was remembered before the file began; valid during the call.
struct observed_state {
	struct str target;
	uint64_t seq; // of the target's next line
	struct state_io *io; // for judge_restore()
};

struct observations_handler {
	int (*process)(void *context, const struct process *process);
	// Valid during the call (stacks: as long as their table); see observation_copy().
	int (*observation)(void *context, const struct observation *observation);
	void *context;
	// NULL: state lines are skipped. What judge_restore() gives; damage costs the line.
	int (*state)(void *context, const struct observed_state *state);
};

struct observations_damage {
	uint64_t line; // from 1
	uint64_t offset; // bytes from the start
	char reason[96];
};

struct observations_summary {
	uint64_t lines;
	uint64_t ticks;
	uint64_t skipped; // lines that could not be used
	uint64_t unknown_types, unknown_keys;
	uint64_t broken_chains; // ticks whose groups were given up
	uint64_t gaps; // places where a target's seq jumps
	uint64_t headers;
	uint64_t states; // that were used, or said nothing new
	bool cut; // the last line has no end
	uint32_t damage_count; // remembered ones
	struct observations_damage damage[LIMIT_DAMAGE_COUNT];
};

// Words of the format, and back; false when unknown.
const char *observation_source_name(enum observation_source source);
const char *observation_status_name(enum observation_status status);
bool observation_source_parse(struct str text, enum observation_source *source);
bool observation_status_parse(struct str text, enum observation_status *status);

struct observations_reader;

struct observations_reader *observations_reader_new(
	struct stacks *stacks, const struct observations_handler *handler);
// Pieces of any size, decompressed. 0, -ENOMEM, or what a handler returned.
int observations_reader_feed(
	struct observations_reader *reader, const void *data, size_t len, struct error *error);
// As of the last line, to go on writing where this file ends.
struct observations_clock observations_reader_clock(const struct observations_reader *reader);
int observations_reader_finish(struct observations_reader *reader,
	struct observations_summary *summary, struct error *error);
void observations_reader_free(struct observations_reader **reader);
