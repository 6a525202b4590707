// SPDX-License-Identifier: Apache-2.0
// Writing observations.jsonl: lines, and per target what the next line is told relative to.
#include "base/cleanup.h"
#include "collector/observe/observations.h"
#include "collector/observe/observations_chain.h"
#include "collector/observe/observations_line.h"
#include "collector/observe/observations_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct known_process {
	uint32_t number;
	char *line; // as written last
};

struct writer_target {
	char *name;
	uint64_t next_seq;
	struct chain chain; // what the next line may be relative to
	uint32_t since_key;
	struct known_process *processes;
	size_t process_count;
};

struct observations_writer {
	const struct stacks *stacks;
	struct sink sink;
	struct writer_target **targets; // by name
	size_t target_count, target_capacity;
	uint8_t *described; // by index of stack
	size_t described_count;
	struct buf text; // lines of one call
};

struct observations_writer *observations_writer_new(const struct stacks *stacks, struct sink sink)
{
	struct observations_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return NULL;
	writer->stacks = stacks;
	writer->sink = sink;
	writer->text = BUF_INIT(2 * LIMIT_OBSERVATION_LINE);
	return writer;
}

static void target_free(struct writer_target *target)
{
	if (!target)
		return;
	chain_break(&target->chain);
	for (size_t i = 0; i < target->process_count; i++)
		free(target->processes[i].line);
	free(target->processes);
	free(target->name);
	free(target);
}

void observations_writer_free(struct observations_writer **writer)
{
	struct observations_writer *w = *writer;

	if (!w)
		return;
	for (size_t i = 0; i < w->target_count; i++)
		target_free(w->targets[i]);
	free(w->targets);
	free(w->described);
	buf_release(&w->text);
	free(w);
	*writer = NULL;
}

// Where the target is or would be.
static size_t target_place(const struct observations_writer *writer, struct str name, bool *found)
{
	size_t low = 0, high = writer->target_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = str_compare(str_of(writer->targets[middle]->name), name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = false;
	return low;
}

static struct writer_target *target_new(struct str name)
{
	struct writer_target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	target->name = strndup(name.data, name.len);
	if (!target->name) {
		target_free(target);
		return NULL;
	}
	return target;
}

static struct writer_target *find_target(struct observations_writer *writer, struct str name)
{
	struct writer_target *target;
	bool found;
	size_t at = target_place(writer, name, &found);

	if (found)
		return writer->targets[at];
	if (writer->target_count == writer->target_capacity) {
		size_t capacity = writer->target_capacity ? 2 * writer->target_capacity : 8;
		struct writer_target **targets =
			reallocarray(writer->targets, capacity, sizeof(struct writer_target *));

		if (!targets)
			return NULL;
		writer->targets = targets;
		writer->target_capacity = capacity;
	}
	target = target_new(name);
	if (!target)
		return NULL;
	memmove(writer->targets + at + 1, writer->targets + at,
		(writer->target_count - at) * sizeof(struct writer_target *));
	writer->targets[at] = target;
	writer->target_count++;
	return target;
}

// Hand the gathered lines over.
static int flush(struct observations_writer *writer, struct error *error)
{
	if (buf_failed(&writer->text) == -EFBIG)
		return error_set(error, -EFBIG, "write observations: a line is too long");
	if (buf_failed(&writer->text))
		return error_no_memory(error, "a line of observations");
	return writer->sink.write(writer->sink.context, writer->text.data, writer->text.len, error);
}

int observations_write_header(struct observations_writer *writer, const char *tool, int64_t wall_ms,
	double mono_ms, struct error *error)
{
	buf_clear(&writer->text);
	line_header(&writer->text, tool, wall_ms, mono_ms);
	return flush(writer, error);
}

static struct known_process *find_process(struct writer_target *target, uint32_t number)
{
	struct known_process *processes;

	for (size_t i = target->process_count; i-- > 0;)
		if (target->processes[i].number == number)
			return &target->processes[i];
	processes = reallocarray(target->processes, target->process_count + 1, sizeof(*processes));
	if (!processes)
		return NULL;
	target->processes = processes;
	processes[target->process_count] = (struct known_process){.number = number};
	return &processes[target->process_count++];
}

int observations_write_process(
	struct observations_writer *writer, const struct process *process, struct error *error)
{
	struct writer_target *target = find_target(writer, process->target);
	struct known_process *known = target ? find_process(target, process->number) : NULL;
	char *line;
	int r;

	if (!known)
		return error_no_memory(error, "a process");
	buf_clear(&writer->text);
	line_process(&writer->text, process);
	if (known->line && str_equal(str_of(known->line), buf_str(&writer->text)))
		return 0;
	line = strdup(buf_text(&writer->text));
	if (!line)
		return error_no_memory(error, "a process");
	r = flush(writer, error);
	if (r < 0) {
		free(line);
		return r;
	}
	free(known->line);
	known->line = line;
	return 0;
}

static bool is_described(const struct observations_writer *writer, const struct stack *stack)
{
	return stack->index < writer->described_count && writer->described[stack->index];
}

static int describe(struct observations_writer *writer, const struct stack *stack)
{
	if (is_described(writer, stack))
		return 0;
	if (stack->index >= writer->described_count) {
		size_t count = 2 * ((size_t)stack->index + 32);
		uint8_t *described = realloc(writer->described, count);

		if (!described)
			return -ENOMEM;
		memset(described + writer->described_count, 0, count - writer->described_count);
		writer->described = described;
		writer->described_count = count;
	}
	line_stack(&writer->text, stack);
	// 2: in the lines under way, which may still fail.
	writer->described[stack->index] = 2;
	return 0;
}

static void settle_described(
	struct observations_writer *writer, const struct observation *observation, bool written)
{
	for (uint32_t i = 0; i < observation->group_count + observation->contention_count; i++) {
		const struct stack *stack =
			i < observation->group_count
				? observation->groups[i].stack
				: observation->contention[i - observation->group_count].stack;

		if (is_described(writer, stack) && writer->described[stack->index] == 2)
			writer->described[stack->index] = written;
	}
}

// A dump with nothing in it gives IDs as well: none.
static bool gives_ids(const struct observation *observation)
{
	if (!observation->has_groups || observation->status == OBSERVED_FAILED)
		return false;
	if (observation->group_count == 0)
		return observation->source == OBSERVED_DEBUG2 ||
		       observation->source == OBSERVED_LOG;
	return observation->groups[0].has_ids;
}

static enum line_kind line_kind(
	const struct writer_target *target, const struct observation *observation)
{
	if (!gives_ids(observation))
		return LINE_PLAIN;
	if (!target->chain.whole || target->chain.process != observation->process ||
		target->since_key + 1 >= OBSERVATIONS_KEY_TICKS ||
		observation->status == OBSERVED_CUT)
		return LINE_KEY;
	return LINE_CHANGE;
}

// What the next line of this target can lean on. Takes `next` over.
static void remember(struct writer_target *target, const struct observation *observation,
	enum line_kind kind, struct chain *next)
{
	target->next_seq++;
	if (kind == LINE_PLAIN) {
		if (observation->has_groups || observation->status != OBSERVED_OK)
			target->chain.whole = false;
		return;
	}
	chain_break(&target->chain);
	target->chain = *next;
	target->chain.whole = observation->status == OBSERVED_OK;
	*next = (struct chain){0};
	target->since_key = kind == LINE_KEY ? 0 : target->since_key + 1;
}

static int describe_stacks(
	struct observations_writer *writer, const struct observation *observation)
{
	int r = 0;

	for (uint32_t i = 0; i < observation->group_count && r == 0; i++)
		r = describe(writer, observation->groups[i].stack);
	for (uint32_t i = 0; i < observation->contention_count && r == 0; i++)
		r = describe(writer, observation->contention[i].stack);
	return r;
}

int observations_write_tick(
	struct observations_writer *writer, struct observation *observation, struct error *error)
{
	struct writer_target *target = find_target(writer, observation->target);
	cleanup(chain_break) struct chain next = {0};
	enum line_kind kind;
	int r;

	if (!target)
		return error_no_memory(error, "a target");
	observation->seq = target->next_seq;
	kind = line_kind(target, observation);
	if (kind != LINE_PLAIN && chain_renew(&next, observation->groups, observation->group_count,
					  observation->process) < 0)
		return error_no_memory(error, "goroutine IDs");
	buf_clear(&writer->text);
	r = describe_stacks(writer, observation);
	if (r == 0)
		r = line_tick(&writer->text, writer->stacks, observation, kind, &target->chain);
	r = r < 0 ? error_no_memory(error, "a line of observations") : flush(writer, error);
	settle_described(writer, observation, r == 0);
	if (r == 0)
		remember(target, observation, kind, &next);
	return r;
}

static int describe_for_state(void *context, const struct stack *stack)
{
	return describe(context, stack);
}

static int write_memory(struct observations_writer *writer, const struct judge *judge,
	uint32_t index, const struct observations_clock *clock, struct buf *line)
{
	struct state_writer memory = {
		.json = JSON_WRITER_INIT(line), .describe = describe_for_state, .context = writer};
	struct state_io io = state_saving(&state_writing, &memory, writer->stacks);
	int r;

	line_state(&memory.json, judge_target_name(judge, index), judge_target_seq(judge, index),
		clock);
	json_put_open(&memory.json, '{');
	r = judge_save(judge, index, &io);
	json_put_close(&memory.json, '}');
	json_put_close(&memory.json, '}');
	buf_add_byte(line, '\n');
	return r;
}

// After a call that described stacks: written, or to be written again.
static void settle_all_described(struct observations_writer *writer, bool written)
{
	for (size_t i = 0; i < writer->described_count; i++)
		if (writer->described[i] == 2)
			writer->described[i] = written;
}

int observations_write_state(struct observations_writer *writer, const struct judge *judge,
	uint32_t index, const struct observations_clock *clock, struct error *error)
{
	struct writer_target *target = find_target(writer, judge_target_name(judge, index));
	cleanup(buf_release) struct buf line = BUF_INIT(LIMIT_OBSERVATION_LINE);
	int r;

	if (!target)
		return error_no_memory(error, "a target");
	buf_clear(&writer->text);
	r = write_memory(writer, judge, index, clock, &line);
	buf_add_buf(&writer->text, &line);
	r = r < 0 ? error_no_memory(error, "a state") : flush(writer, error);
	settle_all_described(writer, r == 0);
	if (r < 0)
		return r;
	target->next_seq = judge_target_seq(judge, index);
	target->chain.whole = false;
	return 0;
}
