// SPDX-License-Identifier: Apache-2.0
// Reading observations.jsonl: lines, stacks, processes, and per target the chain of its ticks.
#include "base/buf.h"
#include "base/cleanup.h"
#include "collector/form/json_fields.h"
#include "collector/observe/observations.h"
#include "collector/observe/observations_state.h"
#include "collector/observe/observations_tick.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_ARENA_MAX MIB(512)

struct reader_target {
	char *name;
	uint64_t next_seq;
	struct chain chain;
};

// A stack whose key in the file is not the one its frames give here, or that was never described.
struct alias {
	uint64_t key;
	const struct stack *stack;
};

struct observations_reader {
	struct stacks *stacks;
	struct observations_handler handler;
	struct buf line; // the beginning of a line that came in pieces
	uint64_t offset; // of the line under way
	uint64_t fed;
	struct observations_summary summary;
	int handler_failed; // what it returned
	struct reader_target *targets;
	size_t target_count, last_target;
	struct alias *aliases;
	size_t alias_count;
	struct observations_clock clock;
};

struct observations_reader *observations_reader_new(
	struct stacks *stacks, const struct observations_handler *handler)
{
	struct observations_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->stacks = stacks;
	reader->handler = *handler;
	reader->line = BUF_INIT(LIMIT_OBSERVATION_LINE);
	return reader;
}

void observations_reader_free(struct observations_reader **reader)
{
	struct observations_reader *r = *reader;

	if (!r)
		return;
	for (size_t i = 0; i < r->target_count; i++) {
		chain_break(&r->targets[i].chain);
		free(r->targets[i].name);
	}
	free(r->targets);
	free(r->aliases);
	buf_release(&r->line);
	free(r);
	*reader = NULL;
}

static void note(struct observations_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note(struct observations_reader *reader, const char *format, ...)
{
	struct observations_summary *summary = &reader->summary;
	struct observations_damage *damage = &summary->damage[summary->damage_count];
	va_list arguments;

	if (summary->damage_count == LIMIT_DAMAGE_COUNT)
		return;
	summary->damage_count++;
	damage->line = summary->lines;
	damage->offset = reader->offset;
	va_start(arguments, format);
	(void)vsnprintf(damage->reason, sizeof(damage->reason), format, arguments);
	va_end(arguments);
}

static void skip(struct observations_reader *reader, const char *what, const char *reason)
{
	reader->summary.skipped++;
	note(reader, "%s: %s", what, reason ? reason : "");
}

static struct reader_target *find_target(struct observations_reader *reader, struct str name)
{
	struct reader_target *targets;

	// Ticks mostly come in rounds: the next target is likely the one behind the last.
	for (size_t i = 0; i < reader->target_count; i++) {
		size_t at = (reader->last_target + 1 + i) % reader->target_count;

		if (!str_equal(str_of(reader->targets[at].name), name))
			continue;
		reader->last_target = at;
		return &reader->targets[at];
	}
	targets = reallocarray(reader->targets, reader->target_count + 1, sizeof(*targets));
	if (!targets)
		return NULL;
	reader->targets = targets;
	targets[reader->target_count] =
		(struct reader_target){.name = strndup(name.data, name.len)};
	if (!targets[reader->target_count].name)
		return NULL;
	reader->last_target = reader->target_count;
	return &targets[reader->target_count++];
}

static int add_alias(struct observations_reader *reader, uint64_t key, const struct stack *stack)
{
	struct alias *aliases;

	for (size_t i = 0; i < reader->alias_count; i++) {
		if (reader->aliases[i].key == key) {
			reader->aliases[i].stack = stack;
			return 0;
		}
	}
	aliases = reallocarray(reader->aliases, reader->alias_count + 1, sizeof(*aliases));
	if (!aliases)
		return -ENOMEM;
	reader->aliases = aliases;
	aliases[reader->alias_count++] = (struct alias){key, stack};
	return 0;
}

// A stack whose line was lost still has goroutines: it gets a name made of its key.
static const struct stack *undescribed(struct observations_reader *reader, uint64_t key)
{
	struct frame frame = {.file = STR_EMPTY};
	const struct stack *stack;
	char name[32], text[STACK_KEY_TEXT];

	stack_key_text(key, text);
	(void)snprintf(name, sizeof(name), "unknown.stack_%s", text);
	frame.function = str_of(name);
	if (stacks_add_stack(reader->stacks, &frame, 1, false, &stack) < 0 ||
		add_alias(reader, key, stack) < 0)
		return NULL;
	note(reader, "stack %s was not described", text);
	return stack;
}

static const struct stack *find_stack(void *context, uint64_t key)
{
	struct observations_reader *reader = context;
	const struct stack *stack;

	for (size_t i = 0; i < reader->alias_count; i++)
		if (reader->aliases[i].key == key)
			return reader->aliases[i].stack;
	stack = stacks_find(reader->stacks, key);
	return stack ? stack : undescribed(reader, key);
}

static int read_header(struct observations_reader *reader, const json_t *line, struct error *error)
{
	struct json_fields fields = {.object = line};
	struct str schema = json_field_str(&fields, "schema");
	struct json_fields clock = {.object = json_field(&fields, "clock", JSON_OBJECT)};
	int64_t wall_ms = json_field_time(&clock, "wall");
	double mono_ms = json_field_number(&clock, "mono_ms");

	if (!str_equal(schema, STR(OBSERVATIONS_SCHEMA)))
		return error_set(error, -EPROTO,
			"observations have schema \"%.*s\"; this version reads %s",
			STR_ARG(str_head(schema, 64)), OBSERVATIONS_SCHEMA);
	if (isnan(mono_ms))
		mono_ms = 0;
	if (reader->summary.headers++ == 0)
		reader->clock = observations_clock_begin(wall_ms, mono_ms);
	else
		observations_clock_restart(&reader->clock, wall_ms, mono_ms);
	return 0;
}

static int read_process(struct observations_reader *reader, const json_t *line, struct error *error)
{
	struct json_fields fields = {.object = line};
	struct process process = {
		.target = json_field_str(&fields, "target"),
		.number = json_field_u32(&fields, "process"),
		.workload = json_field_str(&fields, "workload"),
		.pod_uid = json_field_str(&fields, "pod_uid"),
		.container_id = json_field_str(&fields, "container_id"),
		.image_digest = json_field_str(&fields, "image_digest"),
		.go_version = json_field_str(&fields, "go_version"),
		.start_s = json_field_number(&fields, "start"),
		.gomaxprocs = json_field_number(&fields, "gomaxprocs"),
		.memory_limit_bytes = json_field_number(&fields, "memory_limit_bytes"),
		.gomemlimit_bytes = json_field_number(&fields, "gomemlimit_bytes"),
	};
	int r;

	if (process.target.len == 0)
		fields.wrong = "target";
	if (process.number == 0)
		fields.wrong = "process";
	if (fields.wrong) {
		skip(reader, "process line", fields.wrong);
		return 0;
	}
	r = reader->handler.process(reader->handler.context, &process);
	reader->handler_failed = r;
	return r < 0 ? error_set(error, r, "take in a process: %s", strerror(-r)) : 0;
}

static bool read_frame(const json_t *item, struct frame *frame)
{
	struct json_fields fields = {.object = item};

	*frame = (struct frame){
		.function = json_field_str(&fields, "function"),
		.file = json_field_str(&fields, "file"),
		.line = json_field_u32(&fields, "line"),
	};
	return json_is_object(item) && !fields.wrong;
}

static int read_stack(struct observations_reader *reader, const json_t *line)
{
	struct json_fields fields = {.object = line};
	const json_t *list = json_field(&fields, "frames", JSON_ARRAY);
	bool truncated = json_field_bool(&fields, "truncated");
	struct frame frames[STACK_FRAMES_MAX];
	const struct stack *stack;
	uint64_t key;
	int r;

	if (!stack_key_parse(json_field_str(&fields, "stack"), &key) || !list || fields.wrong ||
		json_array_size(list) > STACK_FRAMES_MAX) {
		skip(reader, "stack line", "its key, frames or number of frames");
		return 0;
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!read_frame(json_array_get(list, i), &frames[i])) {
			skip(reader, "stack line", "a frame");
			return 0;
		}
	}
	r = stacks_add_stack(
		reader->stacks, frames, (uint32_t)json_array_size(list), truncated, &stack);
	if (r < 0)
		return r;
	return stack->key == key ? 0 : add_alias(reader, key, stack);
}

// The groups of the steps, without emptied stacks.
static int enter_groups(struct tick *tick, struct arena *arena)
{
	struct observation *observation = &tick->observation;
	struct observed_group *groups =
		arena_array(arena, (size_t)tick->step_count + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	for (uint32_t i = 0; i < tick->step_count; i++)
		if (tick->steps[i].group.count > 0)
			groups[observation->group_count++] = tick->steps[i].group;
	observation->groups = groups;
	return 0;
}

static void give_groups_up(struct observations_reader *reader, struct reader_target *target,
	struct observation *observation)
{
	chain_break(&target->chain);
	observation->has_groups = false;
	reader->summary.broken_chains++;
	note(reader, "goroutine IDs do not follow from the line before: groups are left out until "
		     "the next key line");
}

static int follow_chain(struct observations_reader *reader, struct reader_target *target,
	struct tick *tick, struct arena *arena)
{
	struct observation *observation = &tick->observation;
	int r;

	if (!tick->has_ids) {
		if (observation->has_groups || observation->status != OBSERVED_OK)
			target->chain.whole = false;
		return observation->has_groups ? enter_groups(tick, arena) : 0;
	}
	if (target->chain.process != observation->process)
		target->chain.whole = false;
	r = chain_apply(&target->chain, tick->steps, tick->step_count, tick->key, arena);
	if (r > 0) {
		give_groups_up(reader, target, observation);
		return 0;
	}
	if (r == 0)
		r = enter_groups(tick, arena);
	if (r == 0)
		r = chain_renew(&target->chain, observation->groups, observation->group_count,
			observation->process);
	if (observation->status != OBSERVED_OK)
		target->chain.whole = false;
	return r;
}

static void follow_seq(
	struct observations_reader *reader, struct reader_target *target, uint64_t seq)
{
	if (seq != target->next_seq) {
		// The first line of a file that begins in the middle of a series is no gap.
		if (target->next_seq > 0) {
			reader->summary.gaps++;
			note(reader, "lines of %.40s are missing or doubled before seq %llu",
				target->name, (unsigned long long)seq);
		}
		target->chain.whole = false;
	}
	target->next_seq = seq + 1;
}

static int use_tick(struct observations_reader *reader, struct tick *tick, struct arena *arena,
	struct error *error)
{
	struct observation *observation = &tick->observation;
	struct reader_target *target = find_target(reader, observation->target);
	int r;

	if (!target)
		return -ENOMEM;
	follow_seq(reader, target, observation->seq);
	r = follow_chain(reader, target, tick, arena);
	if (r < 0)
		return r;
	observation->mono_ms += reader->clock.shift_ms;
	reader->clock.last_mono_ms = fmax(reader->clock.last_mono_ms, observation->mono_ms);
	reader->summary.ticks++;
	r = reader->handler.observation(reader->handler.context, observation);
	reader->handler_failed = r;
	return r < 0 ? error_set(error, r, "take in an observation: %s", strerror(-r)) : 0;
}

static int read_tick(struct observations_reader *reader, const json_t *line, struct error *error)
{
	cleanup(arena_release) struct arena arena = ARENA_INIT(LINE_ARENA_MAX);
	const char *reason = NULL;
	struct tick tick;
	int r = tick_parse(line, reader->stacks, (struct stack_lookup){find_stack, reader}, &arena,
		&tick, &reason);

	reader->summary.unknown_keys += tick.unknown_keys;
	if (r > 0) {
		skip(reader, "tick line", reason);
		return 0;
	}
	return r < 0 ? r : use_tick(reader, &tick, &arena, error);
}

// The clock that the memory goes by; false: not to be used.
static bool read_clock(struct json_fields *fields, struct observations_clock *clock)
{
	struct json_fields clock_fields = {.object = json_field(fields, "clock", JSON_OBJECT)};

	*clock = (struct observations_clock){
		.first_wall_ms = json_field_time(&clock_fields, "first_wall"),
		.first_mono_ms = json_field_number(&clock_fields, "first_mono_ms"),
		.shift_ms = json_field_number(&clock_fields, "shift_ms"),
		.last_mono_ms = json_field_number(&clock_fields, "last_mono_ms"),
	};
	return !clock_fields.wrong && isfinite(clock->first_mono_ms) && isfinite(clock->shift_ms) &&
	       isfinite(clock->last_mono_ms);
}

static void lose_state(struct observations_reader *reader, struct str target, const char *reason)
{
	reader->summary.skipped++;
	note(reader, "state of %.*s: %s: it starts fresh", STR_ARG(str_head(target, 24)), reason);
}

// The target goes on from its memory: its next line is one of IDs.
static int go_on(struct observations_reader *reader, const struct observed_state *state,
	const struct observations_clock *clock)
{
	struct reader_target *target = find_target(reader, state->target);
	double last_mono_ms = reader->clock.last_mono_ms;

	if (!target)
		return -ENOMEM;
	target->next_seq = state->seq > target->next_seq ? state->seq : target->next_seq;
	target->chain.whole = false;
	reader->clock = *clock;
	reader->clock.last_mono_ms = fmax(last_mono_ms, clock->last_mono_ms);
	reader->summary.states++;
	return 0;
}

static int use_state(struct observations_reader *reader, const json_t *line,
	const struct observations_clock *clock, struct observed_state *state, struct error *error)
{
	struct state_reader memory =
		state_reader_at(line, "memory", (struct stack_lookup){find_stack, reader});
	struct state_io io = state_restoring(&state_reading, &memory, reader->stacks);
	int r;

	state->io = &io;
	r = reader->handler.state(reader->handler.context, state);
	if (r < 0) {
		reader->handler_failed = r;
		return error_set(error, r, "take in a state: %s", strerror(-r));
	}
	if (r == STATE_DAMAGED) {
		lose_state(reader, state->target, io.wrong ? io.wrong : "damaged");
		return 0;
	}
	return go_on(reader, state, clock);
}

static int read_state(struct observations_reader *reader, const json_t *line, struct error *error)
{
	struct json_fields fields = {.object = line};
	struct observed_state state = {.target = json_field_str(&fields, "target")};
	int64_t version = json_field_count(&fields, "version");
	int64_t seq = json_field_count(&fields, "seq");
	struct observations_clock clock;

	if (!reader->handler.state) {
		reader->summary.unknown_types++;
		return 0;
	}
	if (version != STATE_VERSION) {
		lose_state(reader, state.target, "another version's");
		return 0;
	}
	if (!read_clock(&fields, &clock) || fields.wrong || seq < 0 || state.target.len == 0) {
		lose_state(reader, state.target, "its target, seq or clock");
		return 0;
	}
	state.seq = (uint64_t)seq;
	return use_state(reader, line, &clock, &state, error);
}

static int read_object(struct observations_reader *reader, const json_t *line, struct error *error)
{
	struct json_fields fields = {.object = line};
	struct str type = json_field_str(&fields, "type");

	if (str_equal(type, STR("tick")))
		return read_tick(reader, line, error);
	if (str_equal(type, STR("stack")))
		return read_stack(reader, line);
	if (str_equal(type, STR("process")))
		return read_process(reader, line, error);
	if (str_equal(type, STR("state")))
		return read_state(reader, line, error);
	if (str_equal(type, STR("header")))
		return read_header(reader, line, error);
	reader->summary.unknown_types++;
	return 0;
}

static void free_json(json_t **json)
{
	json_decref(*json);
}

static bool says_no_memory(const json_error_t *problem)
{
	return json_error_code(problem) == json_error_out_of_memory;
}

static int read_line(struct observations_reader *reader, struct str line, struct error *error)
{
	cleanup(free_json) json_t *object = NULL;
	json_error_t problem;
	int r;

	reader->summary.lines++;
	if (str_trim(line).len == 0)
		return 0;
	object = json_loadb(line.data, line.len, 0, &problem);
	if (!object && says_no_memory(&problem))
		return error_no_memory(error, "a line of observations");
	if (!json_is_object(object)) {
		skip(reader, "no JSON object", object ? "another value" : problem.text);
		return 0;
	}
	r = read_object(reader, object, error);
	if (reader->handler_failed)
		return r;
	if (r == -ENOMEM)
		return error_no_memory(error, "observations");
	// A line that would not fit any limit costs itself.
	if (r == -EFBIG || r == -EINVAL) {
		skip(reader, "line", "more than this version takes in");
		return 0;
	}
	return r;
}

static int end_line(struct observations_reader *reader, struct error *error)
{
	int r = 0;

	if (buf_failed(&reader->line) == -ENOMEM)
		return error_no_memory(error, "a line of observations");
	if (buf_failed(&reader->line)) {
		reader->summary.lines++;
		skip(reader, "line", "too long");
	} else {
		r = read_line(reader, buf_str(&reader->line), error);
	}
	buf_clear(&reader->line);
	return r;
}

int observations_reader_feed(
	struct observations_reader *reader, const void *data, size_t len, struct error *error)
{
	struct str rest = {data, len};
	int r = 0;

	while (rest.len > 0 && r == 0) {
		size_t end = str_find_byte(rest, '\n');
		bool whole = end < rest.len;

		if (whole && reader->line.len == 0 && !buf_failed(&reader->line)) {
			r = read_line(reader, str_head(rest, end), error);
		} else {
			buf_add(&reader->line, str_head(rest, end));
			if (whole)
				r = end_line(reader, error);
		}
		reader->fed += whole ? end + 1 : end;
		if (whole)
			reader->offset = reader->fed;
		rest = str_skip(rest, whole ? end + 1 : end);
	}
	return r;
}

struct observations_clock observations_reader_clock(const struct observations_reader *reader)
{
	return reader->clock;
}

int observations_reader_finish(struct observations_reader *reader,
	struct observations_summary *summary, struct error *error)
{
	uint64_t skipped = reader->summary.skipped;
	int r = 0;

	if (reader->line.len > 0 || buf_failed(&reader->line)) {
		r = end_line(reader, error);
		reader->summary.cut = reader->summary.skipped > skipped;
	}
	*summary = reader->summary;
	return r;
}
