// SPDX-License-Identifier: Apache-2.0
// Reading records by the literals of those already read.
#include "runtime/dump_fast.h"

#include "runtime/dump_fast_text.h"
#include "runtime/dump_line.h"

#include <stdlib.h>

#define NODES_MAX 32768
#define POOL_MAX MIB(1)
#define CREDIT_FIRST 64
#define CREDIT_MAX 256
#define CREDIT_PAUSE (-128)

static const struct str in_goroutine = {.data = " in goroutine ", .len = 14};

void dump_fast_start(struct dump_fast *fast, struct stacks *stacks)
{
	*fast = (struct dump_fast){
		.stacks = stacks,
		.running = state_find(STR("running")),
		.credit = CREDIT_FIRST,
		.frame_credit = CREDIT_FIRST,
	};
}

void dump_fast_release(struct dump_fast *fast)
{
	free(fast->nodes);
	free(fast->pool);
	hash_release(&fast->literals);
	hash_release(&fast->branches);
	free(fast->frames);
	free(fast->ids);
	hash_release(&fast->frame_table);
	*fast = (struct dump_fast){0};
}

static bool find_status(
	struct dump_fast *fast, const char *text, size_t len, struct goroutine *goroutine)
{
	for (uint32_t i = 0; i < fast->status_count; i++) {
		uint32_t index = i ? i - (i <= fast->status_last) : fast->status_last;
		const struct fast_status *status = &fast->statuses[index];

		if (status->length != len || memcmp(status->text, text, len) != 0)
			continue;
		fast->status_last = index;
		goroutine->state = status->state;
		goroutine->flags = status->flags;
		return true;
	}
	return false;
}

// "goroutine 7 [select, 3 minutes]:\n": to the line behind it, or NULL.
static const char *match_header(
	struct dump_fast *fast, const char *at, const char *end, struct goroutine *goroutine)
{
	const char *start;
	uint64_t minutes = 0;

	*goroutine = (struct goroutine){0};
	if (end - at < 64 || memcmp(at, "goroutine ", 10) != 0)
		return NULL;
	at = read_digits(at + 10, end, 18, &goroutine->id);
	if (!at || end - at < 48 || at[0] != ' ' || at[1] != '[')
		return NULL;
	start = at += 2;
	while (at - start < FAST_STATUS_MAX && *at != ']' && *at != ',' && *at != '\n')
		at++;
	if (!find_status(fast, start, (size_t)(at - start), goroutine))
		return NULL;
	if (*at == ',') {
		if (at[1] != ' ')
			return NULL;
		at = read_digits(at + 2, end, 9, &minutes);
		if (!at || end - at < 16 || memcmp(at, " minutes", 8) != 0)
			return NULL;
		at += 8;
	}
	goroutine->minutes = (uint32_t)minutes;
	return at[0] == ']' && at[1] == ':' && at[2] == '\n' ? at + 3 : NULL;
}

// What tells the children of a node apart: the text up to arguments, a parent's ID or the end.
static uint64_t branch_key(uint32_t parent, const char *start, const char *end)
{
	const char *at = start;

	for (; at < end; at++) {
		at = find_bracket(at, end);
		if (at + 1 >= end)
			break;
		if (*at == '(' && at[1] != '*')
			break;
		if (*at == '\n') {
			const char *digits = at;

			if (at[1] == '\n')
				break;
			while (digits > start && digits[-1] >= '0' && digits[-1] <= '9')
				digits--;
			if (digits < at && digits - start > (ptrdiff_t)in_goroutine.len &&
				memcmp(digits - in_goroutine.len, in_goroutine.data,
					in_goroutine.len) == 0) {
				at = digits;
				break;
			}
		}
	}
	return hash_bytes(start, (size_t)(at - start), parent);
}

static inline bool is_at(
	const struct dump_fast *fast, uint32_t index, const char *at, const char *end)
{
	const struct fast_node *node = &fast->nodes[index];

	return (size_t)(end - at) >= node->length &&
	       equal_bytes(fast->pool + node->literal, at, node->length);
}

// The child of `parent` whose literal stands at `at`; 0: none.
static uint32_t find_child(
	const struct dump_fast *fast, uint32_t parent, const char *at, const char *end)
{
	uint32_t child = fast->nodes[parent].child, slot, found;
	uint64_t key;

	if (fast->nodes[parent].child_count <= 3) {
		while (child && !is_at(fast, child, at, end))
			child = fast->nodes[child].sibling;
		return child;
	}
	key = branch_key(parent, at, end);
	slot = hash_start(&fast->branches, key);
	while (hash_next(&fast->branches, key, &slot, &found)) {
		if (is_at(fast, found, at, end))
			return found;
	}
	return 0;
}

static const char *match_body(
	struct dump_fast *fast, const char *at, const char *end, struct dump_fast_result *result)
{
	uint32_t index = 0;

	for (;;) {
		const struct fast_node *node;

		index = find_child(fast, index, at, end);
		if (index == 0)
			return NULL;
		node = &fast->nodes[index];
		at += node->length;
		if (node->kind == FAST_END) {
			result->goroutine.trace = node->trace;
			result->lines = node->lines;
			return at;
		}
		if (node->kind == FAST_ARGUMENTS)
			at = skip_arguments(at, end);
		else
			at = read_digits(at, end, 18, &result->goroutine.parent);
		if (!at)
			return NULL;
	}
}

// One more try, hit or missed. Where most tries miss, nothing is tried for a while.
static void settle(int *credit, bool hit)
{
	if (hit && *credit < CREDIT_MAX)
		++*credit;
	else if (!hit && --*credit < 0)
		*credit = CREDIT_PAUSE;
}

static bool may_try(int *credit)
{
	return *credit >= 0 || ++*credit >= 0;
}

static void learn_tree(struct dump_fast *fast, const char *body, const char *end, uint32_t index);

// The record behind its header, by the tree or by its frames: where the next one begins.
static int match_any(struct dump_fast *fast, const char *body, const char *end,
	struct dump_fast_result *result, const char **behind)
{
	uint32_t traces = stacks_trace_count(fast->stacks);
	int r;

	if (fast->node_count > 0 && may_try(&fast->credit)) {
		*behind = match_body(fast, body, end, result);
		settle(&fast->credit, *behind != NULL);
		if (*behind)
			return 1;
	}
	if (!may_try(&fast->frame_credit))
		return 0;
	r = fast_frames_match(fast, body, end, result, behind);
	settle(&fast->frame_credit, r > 0);
	if (r > 0 && result->goroutine.trace < traces)
		learn_tree(fast, body, *behind, result->goroutine.trace);
	return r;
}

int dump_fast_match(struct dump_fast *fast, struct str text, struct dump_fast_result *result)
{
	const char *end = text.data + text.len, *body, *behind;
	int r;

	if (fast->off)
		return 0;
	body = match_header(fast, text.data, end, &result->goroutine);
	if (!body)
		return 0;
	r = match_any(fast, body, end, result, &behind);
	if (r > 0)
		result->length = (size_t)(behind - text.data);
	return r;
}

char *fast_pool_reserve(struct dump_fast *fast, size_t len)
{
	size_t capacity = fast->pool_capacity ? fast->pool_capacity : KIB(16);
	char *pool;

	if (fast->pool_used + len > POOL_MAX)
		return NULL;
	while (capacity < fast->pool_used + len)
		capacity *= 2;
	if (capacity > fast->pool_capacity) {
		pool = realloc(fast->pool, capacity);
		if (!pool)
			return NULL;
		fast->pool = pool;
		fast->pool_capacity = (uint32_t)capacity;
	}
	return fast->pool + fast->pool_used;
}

// The literal's place in the pool, where it stands once.
static bool add_literal(struct dump_fast *fast, struct str literal, uint64_t hash, uint32_t *place)
{
	uint32_t at = hash_start(&fast->literals, hash), index;
	char *text;

	while (hash_next(&fast->literals, hash, &at, &index)) {
		const struct fast_node *node = &fast->nodes[index];

		if (node->length == literal.len &&
			memcmp(fast->pool + node->literal, literal.data, literal.len) == 0) {
			*place = node->literal;
			return true;
		}
	}
	text = fast_pool_reserve(fast, literal.len);
	if (!text || hash_reserve(&fast->literals) < 0)
		return false;
	memcpy(text, literal.data, literal.len);
	*place = fast->pool_used;
	fast->pool_used += (uint32_t)literal.len;
	hash_add(&fast->literals, hash, fast->node_count);
	return true;
}

static bool reserve_node(struct dump_fast *fast)
{
	uint32_t capacity = fast->node_capacity ? 2 * fast->node_capacity : 64;
	struct fast_node *nodes;

	if (fast->node_count < fast->node_capacity)
		return true;
	if (fast->node_count >= NODES_MAX)
		return false;
	nodes = reallocarray(fast->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return false;
	fast->nodes = nodes;
	fast->node_capacity = capacity;
	return true;
}

static bool same_literal(const struct dump_fast *fast, const struct fast_node *node,
	struct str literal, enum fast_kind kind)
{
	return node->kind == kind && node->length == literal.len &&
	       memcmp(fast->pool + node->literal, literal.data, literal.len) == 0;
}

// The child of `parent` with this literal, made if there is none; 0: no room. `behind` is where the
// text goes on, for the key.
static uint32_t add_child(struct dump_fast *fast, uint32_t parent, struct str literal,
	const char *behind, enum fast_kind kind)
{
	uint64_t hash = hash_bytes(literal.data, literal.len, 0);
	uint32_t index = fast->nodes[parent].child, place;

	while (index && !same_literal(fast, &fast->nodes[index], literal, kind))
		index = fast->nodes[index].sibling;
	if (index)
		return index;
	if (!reserve_node(fast) || hash_reserve(&fast->branches) < 0 ||
		!add_literal(fast, literal, hash, &place)) {
		fast->full = true;
		return 0;
	}
	index = fast->node_count++;
	fast->nodes[index] = (struct fast_node){
		.literal = place,
		.length = (uint32_t)literal.len,
		.sibling = fast->nodes[parent].child,
		.kind = kind,
	};
	fast->nodes[parent].child = index;
	fast->nodes[parent].child_count++;
	hash_add(&fast->branches, branch_key(parent, literal.data, behind), index);
	return index;
}

// The way of a record down the tree while it is learned.
struct path {
	struct dump_fast *fast;
	const char *literal; // where the next literal begins
	const char *at, *end;
	uint32_t node;
	uint32_t lines;
};

// The literal ends here.
static bool close_literal(struct path *path, enum fast_kind kind)
{
	struct str literal = {.data = path->literal, .len = (size_t)(path->at - path->literal)};

	path->node = add_child(path->fast, path->node, literal, path->end, kind);
	return path->node != 0;
}

static bool pass_text(struct path *path, struct str text)
{
	if ((size_t)(path->end - path->at) < text.len || memcmp(path->at, text.data, text.len) != 0)
		return false;
	path->at += text.len;
	return true;
}

bool fast_is_position_of(struct str line, const struct frame *frame)
{
	struct dump_position position;

	return line.len <= FAST_NAME_MAX && line.len > 0 && line.data[0] == '\t' &&
	       line.data[line.len - 1] != '\r' && str_find_byte(line, '"') == line.len &&
	       dump_position_parse(line, &position) && str_equal(position.file, frame->file) &&
	       position.line == frame->line && position.offset == frame->offset;
}

static bool pass_position(struct path *path, const struct frame *frame)
{
	struct str line;

	if (!pass_text(path, STR("\n")))
		return false;
	line = (struct str){.data = path->at, .len = (size_t)(path->end - path->at)};
	line = str_head(line, str_find_byte(line, '\n'));
	path->at += line.len;
	path->lines += 2;
	return path->at < path->end && fast_is_position_of(line, frame);
}

static bool learn_frame(struct path *path, const struct frame *frame, bool first)
{
	if (!first && !pass_text(path, STR("\n")))
		return false;
	if (frame->function.len > FAST_NAME_MAX || !pass_text(path, frame->function) ||
		!pass_text(path, STR("(")) || !close_literal(path, FAST_ARGUMENTS))
		return false;
	path->at = skip_arguments(path->at, path->end);
	if (!path->at)
		return false;
	path->literal = path->at;
	return pass_text(path, STR(")")) && pass_position(path, frame);
}

static bool learn_creator(struct path *path, const struct frame *creator)
{
	uint64_t parent;

	if (creator->function.len == 0)
		return true;
	if (creator->function.len > FAST_NAME_MAX || !pass_text(path, STR("\ncreated by ")) ||
		!pass_text(path, creator->function))
		return false;
	if (pass_text(path, in_goroutine)) {
		if (!close_literal(path, FAST_PARENT))
			return false;
		path->literal = path->at = read_digits(path->at, path->end, 18, &parent);
		if (!path->at)
			return false;
	}
	return pass_position(path, creator);
}

static void learn_status(struct dump_fast *fast, const struct dump_header *header, struct str text,
	const struct goroutine *goroutine)
{
	struct goroutine known = {0};
	struct fast_status *status;

	if (text.len >= FAST_STATUS_MAX || fast->status_count == FAST_STATUS_COUNT ||
		find_status(fast, text.data, text.len, &known))
		return;
	status = &fast->statuses[fast->status_count++];
	memcpy(status->text, text.data, text.len);
	status->length = text.len;
	status->state = goroutine->state;
	status->flags = header->flags & (GOROUTINE_LEAKED | GOROUTINE_SCAN | GOROUTINE_DURABLE);
}

// The header line of a record, without labels and attributes other than minutes.
static bool learn_header(struct dump_fast *fast, struct str record,
	const struct goroutine *goroutine, size_t *length)
{
	struct dump_header header;
	struct str line = str_head(record, str_find_byte(record, '\n'));
	size_t open = str_find_byte(line, '['), end;

	*length = line.len + 1;
	if (!dump_header_parse(line, &header) || header.labels.len > 0 || header.bubble != 0 ||
		goroutine->labels != 0 || goroutine->state == fast->running ||
		header.flags & (GOROUTINE_LOCKED | GOROUTINE_BUBBLE | GOROUTINE_CRASH))
		return false;
	line = str_skip(line, open + 1);
	end = str_find(line, STR(", "));
	if (end == line.len)
		end = str_find_byte(line, ']');
	if (str_find_byte(str_head(line, end), ',') < end)
		return false;
	learn_status(fast, &header, str_head(line, end), goroutine);
	return true;
}

static void learn_tree(struct dump_fast *fast, const char *body, const char *end, uint32_t index)
{
	const struct trace *trace = stacks_trace(fast->stacks, index);
	struct path path = {.fast = fast, .literal = body, .at = body, .end = end, .lines = 2};

	if (fast->full)
		return;
	if (fast->node_count == 0) {
		if (!reserve_node(fast))
			return;
		fast->nodes[fast->node_count++] = (struct fast_node){0};
	}
	for (uint32_t i = 0; i < trace->frame_count; i++) {
		if (!learn_frame(&path, &trace->frames[i], i == 0))
			return;
	}
	if (!learn_creator(&path, &trace->created_by) || !pass_text(&path, STR("\n\n")) ||
		path.at != path.end || !close_literal(&path, FAST_END))
		return;
	fast->nodes[path.node].trace = index;
	fast->nodes[path.node].lines = path.lines;
}

void dump_fast_learn(
	struct dump_fast *fast, struct str record, const struct goroutine *goroutine, bool repeated)
{
	const struct trace *trace = stacks_trace(fast->stacks, goroutine->trace);
	struct str body;
	size_t header;

	if (fast->off || trace->elided || trace->ancestor_count || trace->unavailable ||
		trace->frame_count == 0 || !learn_header(fast, record, goroutine, &header))
		return;
	body = str_skip(record, header);
	fast_frames_learn(fast, body, trace);
	if (repeated)
		learn_tree(fast, body.data, body.data + body.len, goroutine->trace);
}
