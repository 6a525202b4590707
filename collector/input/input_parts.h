// SPDX-License-Identifier: Apache-2.0
// Parts of reading inputs: files, streams of unknown content, dumps in time order, bundles.
#pragma once

#include "collector/bundle/bundle.h"
#include "collector/input/input.h"
#include "runtime/metrics.h"
#include "runtime/sniff.h"

// A dump and what was read with it: one tick.
struct moment {
	struct snapshot *goroutines;
	struct snapshot_list contention;
	struct metrics metrics;
	bool has_metrics, begun;
	int64_t wall_ms; // -1: not known
};

struct input_reading {
	struct input *input;
	struct input_options options;
	struct judge_parameters judge_parameters; // of a bundle; 0: not said
	bool snapshots_only; // members of a bundle: its observations were read already
	bool by_mtime; // modification times tell the time between the files
	// What is being read.
	struct str path; // for messages and snapshots
	struct str member_target; // snapshots_only
	int64_t file_wall_ms; // from its name or its modification time; -1
	// Dumps: one target, the name of the first file.
	struct moment moment;
	struct str target;
	struct process process;
	uint64_t ticks;
	uint64_t last_max_id;
	double last_mono_ms;
	int64_t first_wall_ms;
};

void input_warn(struct input *input, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Into the judge and the input's lists.
int input_take_process(struct input_reading *reading, const struct process *process);
int input_take_observation(struct input_reading *reading, const struct observation *observation);

// What the judge remembers of a target from before the file: judge_restore()'s results.
int input_take_state(struct input_reading *reading, const struct observed_state *state);

// Files in the order to read them.
struct input_file {
	char *path;
	bool explicit; // named by the user, not found in a folder
	int64_t name_ms; // time in its name; -1
	int64_t mtime_ms; // -1
};

struct input_files {
	struct input_file *files;
	size_t count, capacity;
	bool timed_by_name, timed_by_mtime; // all of them, in order
};

int input_files_add(struct input_files *files, const char *path, struct error *error);
// Orders by the times in the names when all have one, and says what can be relied on.
void input_files_settle(struct input_files *files);
void input_files_release(struct input_files *files);

// Bytes of unknown content, decompressed as needed.
//
// *ret_looks says what it was. -ENODATA: nothing for us in it, with a message.
int input_read_fd(
	struct input_reading *reading, int fd, enum looks *ret_looks, struct error *error);
int input_read_member(struct input_reading *reading, const struct bundle_file *file,
	const struct artifact *artifact, struct error *error);

// Dumps, profiles, metrics: takes the list's snapshots over.
int input_take_snapshots(struct input_reading *reading, struct snapshot_list *list);
int input_take_metrics(struct input_reading *reading, const struct metrics *metrics);
int input_end_moment(struct input_reading *reading);

// `fd` is taken over.
int input_read_bundle(struct input_reading *reading, int fd, struct error *error);
// An unpacked one, in a folder that has a manifest.json.
int input_read_unpacked(struct input_reading *reading, const char *folder, struct error *error);
