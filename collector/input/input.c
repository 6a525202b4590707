// SPDX-License-Identifier: Apache-2.0
// Inputs of analyze, show and diff: everything that was given goes through one judge.
#include "collector/input/input.h"

#include "base/cleanup.h"
#include "collector/input/input_parts.h"
#include "collector/observe/observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_ARENA_MAX MIB(2048)

void input_warn(struct input *input, const char *format, ...)
{
	va_list arguments;

	if (input->warning_count == INPUT_WARNINGS_MAX)
		return;
	va_start(arguments, format);
	(void)vsnprintf(
		input->warnings[input->warning_count++], INPUT_WARNING_TEXT, format, arguments);
	va_end(arguments);
}

static double choose(double asked, double told)
{
	return asked > 0 ? asked : told;
}

// The judge begins with the first thing it is told: by then a bundle has said its parameters.
static int ensure_judge(struct input_reading *reading)
{
	static const struct judge_parameters none;
	const struct judge_parameters *asked =
		reading->options.judge ? reading->options.judge : &none;
	const struct judge_parameters *told = &reading->judge_parameters;
	struct judge_parameters merged = {
		.interval_s = choose(asked->interval_s, told->interval_s),
		.memory_limit_bytes = choose(asked->memory_limit_bytes, told->memory_limit_bytes),
		.goroutine_limit = choose(asked->goroutine_limit, told->goroutine_limit),
		.share_of_qps = choose(asked->share_of_qps, told->share_of_qps),
	};

	if (reading->input->judge)
		return 0;
	reading->input->judge = judge_new(reading->input->stacks, &merged);
	return reading->input->judge ? 0 : -ENOMEM;
}

static int note_process(struct input *input, const struct process *process)
{
	for (size_t i = 0; i < input->process_count; i++) {
		struct process *known = &input->processes[i];

		if (known->number == process->number && str_equal(known->target, process->target))
			return process_copy(process, &input->arena, known);
	}
	if (input->process_count == input->process_capacity) {
		size_t capacity = input->process_capacity ? 2 * input->process_capacity : 8;
		struct process *list =
			reallocarray(input->processes, capacity, sizeof(*input->processes));

		if (!list)
			return -ENOMEM;
		input->processes = list;
		input->process_capacity = capacity;
	}
	return process_copy(process, &input->arena, &input->processes[input->process_count++]);
}

int input_take_process(struct input_reading *reading, const struct process *process)
{
	int r = ensure_judge(reading);

	if (r == 0)
		r = judge_process(reading->input->judge, process);
	return r < 0 ? r : note_process(reading->input, process);
}

int input_take_observation(struct input_reading *reading, const struct observation *observation)
{
	struct input *input = reading->input;
	int r = ensure_judge(reading);

	if (r == 0)
		r = judge_observe(input->judge, observation);
	if (r < 0)
		return r;
	if (input->observation_count == input->observation_capacity) {
		size_t capacity =
			input->observation_capacity ? 2 * input->observation_capacity : 64;
		struct observation *list =
			reallocarray(input->observations, capacity, sizeof(*input->observations));

		if (!list)
			return -ENOMEM;
		input->observations = list;
		input->observation_capacity = capacity;
	}
	return observation_copy(observation, false, &input->arena,
		&input->observations[input->observation_count++]);
}

int input_take_state(struct input_reading *reading, const struct observed_state *state)
{
	int r = ensure_judge(reading);

	if (r == 0)
		r = judge_restore(reading->input->judge, state->target, state->seq, state->io);
	if (r == 0)
		reading->input->states++;
	return r;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool begins_like_bundle(int fd)
{
	char head[SNIFF_BYTES];
	ssize_t got = pread(fd, head, sizeof(head), 0);

	return got > 0 && sniff((struct str){head, (size_t)got}) == LOOKS_TAR;
}

static int read_path(struct input_reading *reading, const char *path, struct error *error)
{
	cleanup(close_fd) int fd = -1;
	enum looks looks;
	int r;

	if (strcmp(path, "-") == 0)
		return input_read_fd(reading, STDIN_FILENO, &looks, error);
	if (is_folder(path))
		return input_read_unpacked(reading, path, error);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, -errno, "open %s: %s", path, strerror(errno));
	if (begins_like_bundle(fd)) {
		r = fd;
		fd = -1;
		return input_read_bundle(reading, r, error);
	}
	return input_read_fd(reading, fd, &looks, error);
}

static int read_file(
	struct input_reading *reading, const struct input_file *file, struct error *error)
{
	struct error problem = {0};
	int r;

	reading->path = strcmp(file->path, "-") == 0 ? STR("standard input") : str_of(file->path);
	reading->file_wall_ms = file->name_ms;
	if (file->name_ms < 0 && reading->by_mtime)
		reading->file_wall_ms = file->mtime_ms;
	r = read_path(reading, file->path, &problem);
	// A folder may hold other files as well.
	if (r == -ENODATA && !file->explicit) {
		input_warn(reading->input, "%s", problem.text);
		return 0;
	}
	return r < 0 ? error_set(error, r, "%s", problem.text) : 0;
}

static int name_target(struct input_reading *reading, const struct input_files *files)
{
	struct str name = str_basename(str_of(files->files[0].path));

	if (str_equal(name, STR("-")))
		name = STR("standard input");
	reading->target = arena_str(&reading->input->arena, name);
	reading->process = (struct process){.target = reading->target,
		.number = 1,
		.workload = reading->target,
		.pod_uid = STR_EMPTY,
		.container_id = STR_EMPTY,
		.image_digest = STR_EMPTY,
		.go_version = STR_EMPTY,
		.start_s = NAN,
		.gomaxprocs = NAN,
		.memory_limit_bytes = NAN,
		.gomemlimit_bytes = NAN};
	return reading->target.data ? 0 : -ENOMEM;
}

static int read_files(struct input_reading *reading, struct input_files *files, struct error *error)
{
	int r = 0;

	input_files_settle(files);
	reading->by_mtime = files->timed_by_mtime && !files->timed_by_name;
	if (name_target(reading, files) < 0)
		return error_no_memory(error, "an input");
	for (size_t i = 0; i < files->count && r == 0; i++)
		r = read_file(reading, &files->files[i], error);
	if (r < 0)
		return r;
	r = input_end_moment(reading);
	if (r < 0)
		return error_set(error, r, "take in a dump: %s", strerror(-r));
	if (!reading->input->times_known)
		input_warn(reading->input,
			"the time between the dumps is not known, so each is looked at on its own: "
			"give --interval DURATION to compare them");
	if (reading->ticks > 1 && reading->by_mtime && reading->options.interval_s <= 0 &&
		reading->input->times_known)
		input_warn(reading->input, "the times of the dumps are the modification times of "
					   "their files; --interval overrides them");
	return 0;
}

static void moment_release(struct moment *moment)
{
	snapshot_free(&moment->goroutines);
	snapshot_list_release(&moment->contention);
}

static int begin(struct input *input, struct error *error)
{
	input->stacks = stacks_new(LIMIT_TRACE_TABLE);
	input->arena = ARENA_INIT(INPUT_ARENA_MAX);
	input->times_known = true;
	return input->stacks ? 0 : error_no_memory(error, "an input");
}

int input_read(struct input *input, const char *const *paths, size_t count,
	const struct input_options *options, struct error *error)
{
	cleanup(input_files_release) struct input_files files = {0};
	struct input_reading reading = {
		.input = input, .options = *options, .moment = {.wall_ms = -1}};
	int r = begin(input, error);

	if (reading.options.max_bytes == 0)
		reading.options.max_bytes = LIMIT_INPUT;
	for (size_t i = 0; i < count && r == 0; i++)
		r = input_files_add(&files, paths[i], error);
	if (r == 0 && files.count > 0)
		r = read_files(&reading, &files, error);
	moment_release(&reading.moment);
	if (r == 0 && input->observation_count == 0 && input->states == 0)
		return error_set(error, -ENODATA,
			"nothing in %s tells of goroutines: give a bundle, goroutine dumps or "
			"profiles, logs that hold dumps, or observations.jsonl",
			count == 1 ? paths[0] : "these files");
	return r;
}

int input_report(struct input *input, struct report *report, struct error *error)
{
	int r = judge_report(input->judge, report, error);

	if (r == 0)
		report->lines_skipped = input->lines_skipped;
	return r;
}

struct findings_context input_context(const struct input *input)
{
	return (struct findings_context){
		.stacks = input->stacks,
		.observations = input->observations,
		.observation_count = input->observation_count,
		.evidence = input->evidence,
		.evidence_count = input->evidence_count,
	};
}

void input_release(struct input *input)
{
	judge_free(&input->judge);
	for (size_t i = 0; i < input->snapshot_count; i++)
		snapshot_free(&input->snapshots[i].snapshot);
	free(input->snapshots);
	free(input->observations);
	free(input->processes);
	json_decref(input->head);
	arena_release(&input->arena);
	stacks_free(&input->stacks);
	*input = INPUT_INIT;
}
