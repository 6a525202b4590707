// SPDX-License-Identifier: Apache-2.0
// Reading records whose frames are known, each by the text of its two lines.
#include "runtime/dump_fast.h"

#include "runtime/dump_fast_text.h"

#include <errno.h>
#include <stdlib.h>

#define FRAMES_MAX 16384

static const char creator_start[] = "created by ";
static const char in_goroutine[] = " in goroutine ";

// Two lines of a record: [name, name_end) without arguments or the parent's ID, and the position
// line from its tab to before its LF.
struct pair {
	const char *name, *name_end;
	const char *position, *position_end;
	uint64_t parent;
	bool is_creator;
};

// " in goroutine 7" off the end of a creator's line.
static void split_parent(struct pair *pair)
{
	const char *digits = pair->name_end;
	size_t len = sizeof(in_goroutine) - 1;

	while (digits > pair->name && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	if (digits == pair->name_end || pair->name_end - digits > 18 ||
		(size_t)(digits - pair->name) < len || memcmp(digits - len, in_goroutine, len) != 0)
		return;
	read_digits(digits, pair->name_end, 18, &pair->parent);
	pair->name_end = digits;
}

// The pair of lines at `at`; gives what is behind them, or NULL.
static const char *read_pair(const char *at, const char *end, struct pair *pair)
{
	const char *line_end;

	*pair = (struct pair){.name = at};
	if ((size_t)(end - at) < sizeof(creator_start))
		return NULL;
	pair->is_creator = memcmp(at, creator_start, sizeof(creator_start) - 1) == 0;
	if (pair->is_creator) {
		line_end = memchr(at, '\n', (size_t)(end - at));
		if (!line_end)
			return NULL;
		pair->name_end = line_end;
		split_parent(pair);
	} else {
		pair->name_end = skip_name(at, end);
		line_end = pair->name_end ? skip_arguments(pair->name_end + 1, end) : NULL;
		if (!line_end)
			return NULL;
		line_end++;
	}
	pair->position = line_end + 1;
	if (end - pair->position < 2 || *pair->position != '\t')
		return NULL;
	pair->position_end = memchr(pair->position, '\n', (size_t)(end - pair->position));
	return pair->position_end ? pair->position_end + 1 : NULL;
}

static struct str position_of(const struct pair *pair)
{
	return (struct str){pair->position, (size_t)(pair->position_end - pair->position)};
}

static uint64_t pair_hash(const struct pair *pair)
{
	uint64_t hash = hash_bytes(pair->name, (size_t)(pair->name_end - pair->name), 0);

	return hash_bytes(pair->position, (size_t)(pair->position_end - pair->position), hash);
}

static const struct fast_frame *find_frame(
	const struct dump_fast *fast, const struct pair *pair, uint64_t hash)
{
	size_t name = (size_t)(pair->name_end - pair->name);
	size_t position = (size_t)(pair->position_end - pair->position);
	uint32_t at = hash_start(&fast->frame_table, hash), index;

	while (hash_next(&fast->frame_table, hash, &at, &index)) {
		const struct fast_frame *frame = &fast->frames[index];
		const char *text = fast->pool + frame->text;

		if (frame->name_length == name && frame->position_length == position &&
			equal_bytes(text, pair->name, name) &&
			equal_bytes(text + name, pair->position, position))
			return frame;
	}
	return NULL;
}

static int result_of(
	struct dump_fast *fast, uint32_t count, uint32_t creator, struct dump_fast_result *result)
{
	const struct trace *trace;
	int r = stacks_add_trace_by_id(fast->stacks, fast->ids, count, creator, &trace);

	if (r < 0)
		return r;
	result->goroutine.trace = trace->index;
	return 1;
}

int fast_frames_match(struct dump_fast *fast, const char *at, const char *end,
	struct dump_fast_result *result, const char **behind)
{
	uint32_t count = 0, creator = fast->no_creator;
	const struct fast_frame *frame;
	struct pair pair;

	if (!fast->ids)
		return 0;
	result->lines = 2;
	while (at && at < end && *at != '\n') {
		if (count == FAST_FRAMES_MAX || creator != fast->no_creator)
			return 0;
		at = read_pair(at, end, &pair);
		frame = at ? find_frame(fast, &pair, pair_hash(&pair)) : NULL;
		if (!frame)
			return 0;
		if (pair.is_creator) {
			creator = frame->id;
			result->goroutine.parent = pair.parent;
		} else {
			fast->ids[count++] = frame->id;
		}
		result->lines += 2;
	}
	if (!at || at >= end || count == 0)
		return 0;
	*behind = at + 1;
	return result_of(fast, count, creator, result);
}

static bool reserve_frame(struct dump_fast *fast)
{
	uint32_t capacity = fast->frame_capacity ? 2 * fast->frame_capacity : 64;
	struct fast_frame *frames;

	if (hash_reserve(&fast->frame_table) < 0)
		return false;
	if (fast->frame_count < fast->frame_capacity)
		return true;
	if (fast->frame_count >= FRAMES_MAX)
		return false;
	frames = reallocarray(fast->frames, capacity, sizeof(*frames));
	if (!frames)
		return false;
	fast->frames = frames;
	fast->frame_capacity = capacity;
	return true;
}

static bool add_frame(
	struct dump_fast *fast, const struct pair *pair, uint64_t hash, const struct frame *frame)
{
	size_t name = (size_t)(pair->name_end - pair->name);
	size_t position = (size_t)(pair->position_end - pair->position);
	struct fast_frame *known;
	uint32_t id;
	char *text;

	if (!reserve_frame(fast) || stacks_add_frame(fast->stacks, frame, &id) < 0)
		return false;
	text = fast_pool_reserve(fast, name + position);
	if (!text)
		return false;
	memcpy(text, pair->name, name);
	memcpy(text + name, pair->position, position);
	known = &fast->frames[fast->frame_count];
	*known = (struct fast_frame){
		.text = (uint32_t)(text - fast->pool),
		.name_length = (uint32_t)name,
		.position_length = (uint32_t)position,
		.id = id,
	};
	fast->pool_used += (uint32_t)(name + position);
	hash_add(&fast->frame_table, hash, fast->frame_count++);
	return true;
}

// Whether the name as it is found here is what the exact way made of the line.
static bool is_name_of(const struct pair *pair, const struct frame *frame)
{
	struct str name = {.data = pair->name, .len = (size_t)(pair->name_end - pair->name)};

	if (pair->is_creator) {
		name = str_skip(name, sizeof(creator_start) - 1);
		if (str_ends(name, str_of(in_goroutine)))
			name.len -= sizeof(in_goroutine) - 1;
	}
	return name.len <= FAST_NAME_MAX && str_equal(name, frame->function);
}

static bool reserve_ids(struct dump_fast *fast)
{
	struct frame none = {.function = STR_EMPTY, .file = STR_EMPTY};

	if (fast->ids)
		return true;
	if (stacks_add_frame(fast->stacks, &none, &fast->no_creator) < 0)
		return false;
	fast->ids = calloc(FAST_FRAMES_MAX, sizeof(*fast->ids));
	return fast->ids != NULL;
}

void fast_frames_learn(struct dump_fast *fast, struct str body, const struct trace *trace)
{
	const char *at = body.data, *end = body.data + body.len;

	if (!reserve_ids(fast))
		return;
	for (uint32_t i = 0; i <= trace->frame_count && at < end && *at != '\n'; i++) {
		bool creator = i == trace->frame_count;
		const struct frame *frame = creator ? &trace->created_by : &trace->frames[i];
		struct pair pair;
		uint64_t hash;

		at = read_pair(at, end, &pair);
		if (!at || pair.is_creator != creator || !is_name_of(&pair, frame) ||
			!fast_is_position_of(position_of(&pair), frame))
			return;
		hash = pair_hash(&pair);
		if (!find_frame(fast, &pair, hash) && !add_frame(fast, &pair, hash, frame))
			return;
	}
}
