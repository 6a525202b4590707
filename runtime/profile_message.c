// SPDX-License-Identifier: Apache-2.0
// One whole, uncompressed profile.proto message to a snapshot.
#include "runtime/profile_message.h"

#include "base/cleanup.h"
#include "runtime/profile.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_FRAMES_COUNT 8 // tell what a goroutine waits for
#define VALUE_NONE SIZE_MAX
#define LABEL_NUMBER_MAX 64
#define FRAME_TEXT_BYTES 32 // of a frame as text, beside its names

// The decoder's memory: one arena with a maximum, freed at once.
struct decoder {
	struct arena arena;
	bool failed; // an allocation did,
	bool full; // and it was the maximum, not the system, that refused
};

struct message {
	struct stacks *stacks;
	struct snapshot *snapshot;
	const Pprof__Profile *profile;
	const Pprof__Location **locations; // sorted by id
	const Pprof__Function **functions; // likewise
	size_t count_index, value_index; // of the sample's values
	uint64_t depth_limit; // frames; 0: not known
	uint64_t text_bytes; // that the frames of all samples would take as text
	struct frame frames[LIMIT_FRAMES_COUNT]; // of the sample at hand
	uint32_t frame_count;
	struct label labels[LIMIT_LABELS_COUNT];
	char numbers[LIMIT_LABELS_COUNT][LABEL_NUMBER_MAX]; // text of numeric labels
};

static void *decoder_alloc(void *data, size_t size)
{
	struct decoder *decoder = data;
	void *memory = arena_alloc(&decoder->arena, size);

	if (!memory) {
		decoder->failed = true;
		decoder->full = decoder->arena.held + size + KIB(4) > decoder->arena.max;
	}
	return memory;
}

static void decoder_free(void *data, void *memory)
{
	(void)data;
	(void)memory;
}

static struct str string_at(const struct message *message, int64_t index)
{
	const ProtobufCBinaryData *text;

	if (index <= 0 || (uint64_t)index >= message->profile->n_string_table)
		return STR_EMPTY;
	text = &message->profile->string_table[index];
	return text->len > 0 ? (struct str){(const char *)text->data, text->len} : STR_EMPTY;
}

static bool string_exists(const struct message *message, int64_t index)
{
	return index >= 0 && (uint64_t)index < message->profile->n_string_table;
}

static int location_order(const void *a, const void *b)
{
	const Pprof__Location *const *first = a, *const *second = b;

	return ((*first)->id > (*second)->id) - ((*first)->id < (*second)->id);
}

static int function_order(const void *a, const void *b)
{
	const Pprof__Function *const *first = a, *const *second = b;

	return ((*first)->id > (*second)->id) - ((*first)->id < (*second)->id);
}

static const Pprof__Location *find_location(const struct message *message, uint64_t id)
{
	Pprof__Location wanted = {.id = id};
	const Pprof__Location *key = &wanted, **found;

	if (message->profile->n_location == 0)
		return NULL;
	found = bsearch(
		&key, message->locations, message->profile->n_location, sizeof key, location_order);
	return found ? *found : NULL;
}

static const Pprof__Function *find_function(const struct message *message, uint64_t id)
{
	Pprof__Function wanted = {.id = id};
	const Pprof__Function *key = &wanted, **found;

	if (message->profile->n_function == 0)
		return NULL;
	found = bsearch(
		&key, message->functions, message->profile->n_function, sizeof key, function_order);
	return found ? *found : NULL;
}

static int sort_tables(struct message *message, struct arena *arena)
{
	const Pprof__Profile *profile = message->profile;

	message->locations =
		arena_array(arena, profile->n_location + 1, sizeof *message->locations);
	message->functions =
		arena_array(arena, profile->n_function + 1, sizeof *message->functions);
	if (!message->locations || !message->functions)
		return -ENOMEM;
	for (size_t i = 0; i < profile->n_location; i++)
		message->locations[i] = profile->location[i];
	for (size_t i = 0; i < profile->n_function; i++)
		message->functions[i] = profile->function[i];
	qsort(message->locations, profile->n_location, sizeof *message->locations, location_order);
	qsort(message->functions, profile->n_function, sizeof *message->functions, function_order);
	return 0;
}

// Index of the value with this name, or VALUE_NONE.
static size_t find_value(const struct message *message, const char *name)
{
	for (size_t i = 0; i < message->profile->n_sample_type; i++)
		if (str_equal(string_at(message, message->profile->sample_type[i]->type),
			    str_of(name)))
			return i;
	return VALUE_NONE;
}

// What the profile counts, by the names of its sample types; the first row that fits.
static enum profile choose_values(struct message *message)
{
	static const struct {
		const char *count, *value; // value: NULL when there is only a count
		enum profile profile;
	} kinds[] = {
		{"goroutine", NULL, PROFILE_GOROUTINE},
		{"goroutineleak", NULL, PROFILE_GOROUTINELEAK},
		{"threadcreate", NULL, PROFILE_THREADCREATE},
		{"contentions", "delay", PROFILE_BLOCK},
		{"inuse_objects", "inuse_space", PROFILE_HEAP},
	};
	bool allocs = str_equal(
		string_at(message, message->profile->default_sample_type), STR("alloc_space"));

	if (allocs) {
		message->count_index = find_value(message, "alloc_objects");
		message->value_index = find_value(message, "alloc_space");
		if (message->count_index != VALUE_NONE && message->value_index != VALUE_NONE)
			return PROFILE_ALLOCS;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		message->count_index = find_value(message, kinds[i].count);
		message->value_index =
			kinds[i].value ? find_value(message, kinds[i].value) : VALUE_NONE;
		if (message->count_index != VALUE_NONE &&
			(!kinds[i].value || message->value_index != VALUE_NONE))
			return kinds[i].profile;
	}
	message->count_index = 0;
	message->value_index = message->profile->n_sample_type > 1 ? 1 : VALUE_NONE;
	return PROFILE_OTHER;
}

static const char *add_line(struct message *message, const Pprof__Line *line)
{
	const Pprof__Function *function = find_function(message, line->function_id);
	struct frame *frame;

	if (!function)
		return "line without function";
	if (!string_exists(message, function->name) || !string_exists(message, function->filename))
		return "function without name";
	if (message->frame_count == LIMIT_FRAMES_COUNT)
		return "too many frames";
	frame = &message->frames[message->frame_count++];
	*frame = (struct frame){
		.function = string_at(message, function->name),
		.file = string_at(message, function->filename),
		.line = line->line > 0 && line->line <= UINT32_MAX ? (uint32_t)line->line : 0,
	};
	message->text_bytes += FRAME_TEXT_BYTES + frame->function.len + frame->file.len;
	return NULL;
}

// NULL, or what is wrong with the sample.
static const char *read_frames(struct message *message, const Pprof__Sample *sample)
{
	const char *wrong = NULL;

	message->frame_count = 0;
	for (size_t i = 0; i < sample->n_location_id && !wrong; i++) {
		const Pprof__Location *location = find_location(message, sample->location_id[i]);

		if (!location)
			return "sample without location";
		for (size_t j = 0; j < location->n_line && !wrong; j++)
			wrong = add_line(message, location->line[j]);
	}
	return wrong;
}

static struct str number_label(
	const struct message *message, const Pprof__Label *label, char text[LABEL_NUMBER_MAX])
{
	struct str unit = str_head(string_at(message, label->num_unit), 32);

	(void)snprintf(text, LABEL_NUMBER_MAX, "%lld%s%.*s", (long long)label->num,
		unit.len > 0 ? " " : "", STR_ARG(unit));
	return str_of(text);
}

static const char *read_labels(struct message *message, const Pprof__Sample *sample)
{
	if (sample->n_label > LIMIT_LABELS_COUNT)
		return "too many labels";
	for (size_t i = 0; i < sample->n_label; i++) {
		const Pprof__Label *label = sample->label[i];

		if (!string_exists(message, label->key) || !string_exists(message, label->str) ||
			!string_exists(message, label->num_unit))
			return "label without text";
		message->labels[i].key = string_at(message, label->key);
		message->labels[i].value =
			label->str != 0 || label->num == 0
				? string_at(message, label->str)
				: number_label(message, label, message->numbers[i]);
	}
	return NULL;
}

static uint16_t leaf_state(const struct message *message)
{
	struct str functions[LEAF_FRAMES_COUNT];
	size_t count = 0;

	while (count < message->frame_count && count < LEAF_FRAMES_COUNT) {
		functions[count] = message->frames[count].function;
		count++;
	}
	return state_from_frames(functions, count);
}

static bool counts_goroutines(enum profile profile)
{
	return profile == PROFILE_GOROUTINE || profile == PROFILE_GOROUTINELEAK;
}

static int add_sample(struct message *message, const Pprof__Sample *read)
{
	struct snapshot *snapshot = message->snapshot;
	struct trace_draft draft = {
		.frames = message->frames,
		.frame_count = message->frame_count,
		.root_cut =
			message->depth_limit > 0 && message->frame_count >= message->depth_limit,
	};
	struct sample sample = {.state = STATE_UNKNOWN};
	const struct trace *trace;
	int r;

	r = stacks_add_trace(message->stacks, &draft, &trace);
	if (r < 0)
		return r;
	r = stacks_add_labels(
		message->stacks, message->labels, (uint32_t)read->n_label, &sample.labels);
	if (r < 0)
		return r;
	sample.trace = trace->index;
	if (counts_goroutines(snapshot->profile))
		sample.state = leaf_state(message);
	sample.count = read->value[message->count_index];
	if (message->value_index != VALUE_NONE)
		sample.value = read->value[message->value_index];
	if (sample.count > 0)
		snapshot->total += (uint64_t)sample.count;
	return snapshot_add_sample(snapshot, &sample);
}

static int read_sample(struct message *message, size_t index)
{
	const Pprof__Sample *sample = message->profile->sample[index];
	const char *wrong = NULL;

	if (message->text_bytes > LIMIT_PROFILE_TEXT)
		return -EFBIG;
	if (sample->n_value != message->profile->n_sample_type)
		wrong = "sample without its values";
	if (!wrong)
		wrong = read_frames(message, sample);
	if (!wrong)
		wrong = read_labels(message, sample);
	if (!wrong)
		return add_sample(message, sample);
	snapshot_add_damage(message->snapshot, 0, index + 1, wrong);
	return 0;
}

static uint64_t sample_depth(const struct message *message, const Pprof__Sample *sample)
{
	uint64_t depth = 0;

	for (size_t i = 0; i < sample->n_location_id; i++) {
		const Pprof__Location *location = find_location(message, sample->location_id[i]);

		depth += location ? location->n_line : 0;
	}
	return depth;
}

// Profiles do not say their depth limit; the deepest stack does, when it is just that deep.
static uint64_t find_depth_limit(const struct message *message)
{
	uint64_t deepest = 0;

	for (size_t i = 0; i < message->profile->n_sample; i++) {
		uint64_t depth = sample_depth(message, message->profile->sample[i]);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest == 32 || deepest == 128 ? deepest : 0;
}

// Mutex profiles are recorded by who unlocks.
static bool shows_unlocking(const struct message *message)
{
	static const char *const unlocking[] = {"sync.(*Mutex).Unlock", "sync.(*RWMutex).Unlock",
		"sync.(*RWMutex).RUnlock", "internal/sync.(*Mutex).Unlock", "runtime.unlock",
		"runtime.unlock2", "runtime.unlockWithRank", "runtime._LostContendedRuntimeLock"};
	struct snapshot *snapshot = message->snapshot;

	for (uint32_t i = 0; i < snapshot->sample_count; i++) {
		const struct trace *trace =
			stacks_trace(message->stacks, snapshot->samples[i].trace);

		for (size_t j = 0; j < sizeof unlocking / sizeof *unlocking; j++)
			if (trace->frame_count > 0 &&
				str_equal(trace->frames[0].function, str_of(unlocking[j])))
				return true;
	}
	return false;
}

static int read_samples(struct message *message)
{
	int r = 0;

	for (size_t i = 0; i < message->profile->n_sample && r == 0; i++)
		r = read_sample(message, i);
	if (r == -EFBIG) {
		message->snapshot->cut = true;
		r = 0;
	}
	if (message->snapshot->profile == PROFILE_BLOCK && shows_unlocking(message))
		message->snapshot->profile = PROFILE_MUTEX;
	return r;
}

static int begin_snapshot(struct message *message)
{
	struct snapshot *snapshot =
		snapshot_new(choose_values(message), SOURCE_DEBUG0, message->stacks);

	if (!snapshot)
		return -ENOMEM;
	snapshot->sampling_period = -1;
	snapshot->wall_ms =
		message->profile->time_nanos > 0 ? message->profile->time_nanos / 1000000 : -1;
	message->snapshot = snapshot;
	return 0;
}

static int read_profile(struct message *message, struct arena *arena, struct error *error)
{
	int r;

	if (message->profile->n_sample_type == 0 || message->profile->n_string_table == 0 ||
		message->profile->string_table[0].len != 0)
		return error_set(
			error, -EBADMSG, "not a profile: it does not say what its samples count");
	r = sort_tables(message, arena);
	if (r == 0)
		r = begin_snapshot(message);
	if (r == 0 && message->snapshot->profile != PROFILE_OTHER)
		message->depth_limit = find_depth_limit(message);
	if (r == 0)
		r = read_samples(message);
	return r < 0 ? error_no_memory(error, "the profile") : 0;
}

static int decode_failed(const struct decoder *decoder, size_t len, struct error *error)
{
	if (decoder->full)
		return error_set(error, -EFBIG,
			"the profile of %zu bytes needs more than %zu MiB to decode", len,
			LIMIT_PROFILE_MESSAGE >> 20);
	if (decoder->failed)
		return error_no_memory(error, "the profile");
	return error_set(error, -EBADMSG,
		"not a profile: %zu bytes that do not decode as profile.proto", len);
}

int profile_message_read(
	struct str text, struct stacks *stacks, struct snapshot **ret_snapshot, struct error *error)
{
	struct decoder decoder = {.arena = ARENA_INIT(LIMIT_PROFILE_MESSAGE)};
	ProtobufCAllocator allocator = {decoder_alloc, decoder_free, &decoder};
	struct message *message = calloc(1, sizeof *message);
	int r;

	if (!message)
		return error_no_memory(error, "the profile");
	message->stacks = stacks;
	message->profile = pprof__profile__unpack(&allocator, text.len, (const uint8_t *)text.data);
	if (message->profile)
		r = read_profile(message, &decoder.arena, error);
	else
		r = decode_failed(&decoder, text.len, error);
	if (r == 0)
		*ret_snapshot = steal(&message->snapshot);
	snapshot_free(&message->snapshot);
	arena_release(&decoder.arena);
	free(message);
	return r;
}
