// SPDX-License-Identifier: Apache-2.0
// Grouping: the goroutines of a snapshot by stack, with what they wait for, who created them, how
// long they have waited and their most frequent labels. Memory grows with what differs, plus eight
// bytes a goroutine for its ID.
#include "base/cleanup.h"
#include "collector/form/json_text.h"
#include "collector/observe/observe.h"
#include "collector/observe/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// One goroutine, or one row of a profile with counts.
struct row {
	uint64_t id;
	uint64_t count;
	uint32_t trace, labels, minutes;
	uint16_t state, flags;
};

struct grouping {
	const struct snapshot *snapshot;
	struct stacks *stacks;
	struct arena *arena;
	bool has_ids;
	uint32_t *group_of; // by index of stack
	uint32_t stack_count; // at the beginning: those that group_of knows
	struct observed_group *groups; // in the arena, by key
	uint32_t group_count;
	uint64_t **next_id; // where the next ID of each group goes
	// Keys are group << 32 | what is counted.
	struct tally stacks_seen, states, traces, labels;
};

static void grouping_release(struct grouping *by)
{
	free(by->group_of);
	free(by->next_id);
	tally_release(&by->stacks_seen);
	tally_release(&by->states);
	tally_release(&by->traces);
	tally_release(&by->labels);
}

typedef int row_visit(struct grouping *by, const struct row *row);

static int visit_goroutines(struct grouping *by, row_visit *visit)
{
	struct goroutine_iterator at = {0};
	const struct goroutine *g;
	int r;

	while ((g = snapshot_next(by->snapshot, &at))) {
		struct row row = {g->id, 1, g->trace, g->labels, g->minutes, g->state, g->flags};

		r = visit(by, &row);
		if (r < 0)
			return r;
	}
	return 0;
}

static int visit_rows(struct grouping *by, row_visit *visit)
{
	const struct snapshot *from = by->snapshot;
	uint16_t flags = from->profile == PROFILE_GOROUTINELEAK ? GOROUTINE_LEAKED : 0;
	int r;

	if (by->has_ids)
		return visit_goroutines(by, visit);
	for (uint32_t i = 0; i < from->sample_count; i++) {
		const struct sample *sample = &from->samples[i];
		struct row row = {0, (uint64_t)sample->count, sample->trace, sample->labels, 0,
			sample->state, flags};

		if (sample->count <= 0)
			continue;
		r = visit(by, &row);
		if (r < 0)
			return r;
	}
	return 0;
}

static int count_stack(struct grouping *by, const struct row *row)
{
	const struct stack *stack = stacks_trace(by->stacks, row->trace)->stack;

	return tally_add(&by->stacks_seen, stack->index, row->count);
}

static int by_stack_key(const void *left, const void *right)
{
	const struct observed_group *a = left, *b = right;

	return (a->stack->key > b->stack->key) - (a->stack->key < b->stack->key);
}

static uint32_t find_group(const struct grouping *by, uint64_t key)
{
	uint32_t low = 0, high = by->group_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (by->groups[middle].stack->key <= key)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uint32_t saturated(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

// One group per stack, ordered by key; two stacks that became equal when cleaned are one.
static int make_groups(struct grouping *by)
{
	struct tally *seen = &by->stacks_seen;
	uint32_t n = 0;
	int r;

	tally_sort(seen);
	by->groups = arena_array(by->arena, seen->used + 1, sizeof(*by->groups));
	by->group_of = calloc((size_t)by->stack_count + 1, sizeof(*by->group_of));
	if (!by->groups || !by->group_of)
		return -ENOMEM;
	for (size_t i = 0; i < seen->used; i++) {
		const struct stack *stack = stacks_stack(by->stacks, (uint32_t)seen->items[i].key);

		r = stack_settle(by->stacks, by->arena, stack, &by->groups[i].stack);
		if (r < 0)
			return r;
	}
	if (seen->used > 1)
		qsort(by->groups, seen->used, sizeof(*by->groups), by_stack_key);
	for (size_t i = 0; i < seen->used; i++)
		if (n == 0 || by->groups[n - 1].stack->key != by->groups[i].stack->key)
			by->groups[n++] = by->groups[i];
	by->group_count = n;
	for (size_t i = 0; i < seen->used; i++) {
		const struct stack *stack = stacks_stack(by->stacks, (uint32_t)seen->items[i].key);
		uint32_t group;

		r = stack_settle(by->stacks, by->arena, stack, &stack);
		if (r < 0)
			return r;
		group = find_group(by, stack->key);
		by->group_of[seen->items[i].key] = group;
		by->groups[group].count =
			saturated((uint64_t)by->groups[group].count + seen->items[i].count);
	}
	return 0;
}

static int make_room_for_ids(struct grouping *by)
{
	by->next_id = calloc((size_t)by->group_count + 1, sizeof(*by->next_id));
	if (!by->next_id)
		return -ENOMEM;
	for (uint32_t i = 0; i < by->group_count; i++) {
		struct observed_group *group = &by->groups[i];

		by->next_id[i] = arena_array(by->arena, (size_t)group->count + 1, sizeof(uint64_t));
		if (!by->next_id[i])
			return -ENOMEM;
		group->ids = by->next_id[i];
		group->has_ids = true;
	}
	return 0;
}

static void note_minutes(struct observed_group *group, uint32_t minutes)
{
	if (!group->has_minutes || minutes < group->minutes_min)
		group->minutes_min = minutes;
	if (minutes > group->minutes_max)
		group->minutes_max = minutes;
	group->has_minutes = true;
	if (minutes > 0)
		group->waited++;
}

static int enter(struct grouping *by, const struct row *row)
{
	const struct stack *stack = stacks_trace(by->stacks, row->trace)->stack;
	uint64_t index = by->group_of[stack->index];
	struct observed_group *group = &by->groups[index];

	if (row->flags & GOROUTINE_LEAKED)
		group->leaked = saturated(group->leaked + row->count);
	if (by->has_ids) {
		*by->next_id[index]++ = row->id;
		note_minutes(group, row->minutes);
	}
	// A state that the source does not tell is not counted.
	if (tally_add(&by->states, index << 32 | row->state,
		    row->state == STATE_UNKNOWN ? 0 : row->count) < 0 ||
		tally_add(&by->traces, index << 32 | row->trace, row->count) < 0 ||
		tally_add(&by->labels, index << 32 | row->labels, row->labels ? row->count : 0) < 0)
		return -ENOMEM;
	return 0;
}

static int ascending(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

// In a crash dump goroutine 0 stands once a thread, and the crashing one twice: one ID counts once.
static void sort_ids(struct observed_group *group)
{
	uint64_t *ids = (uint64_t *)group->ids;
	uint32_t n = 0;

	qsort(ids, group->count, sizeof(*ids), ascending);
	for (uint32_t i = 0; i < group->count; i++)
		if (n == 0 || ids[n - 1] != ids[i])
			ids[n++] = ids[i];
	group->id_count = n;
	group->count = n;
}

// The items of one group in a sorted tally, which are taken off its beginning.
static struct tally items_of(struct tally *rest, uint32_t group)
{
	struct tally part = {.items = rest->items};

	while (part.used < rest->used && rest->items[part.used].key >> 32 == group)
		part.used++;
	rest->items += part.used;
	rest->used -= part.used;
	return part;
}

// Names, not indexes, decide the order: indexes depend on what was read before.
static int by_wait(const void *left, const void *right, void *context)
{
	const struct wait_count *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return str_compare(
		stacks_state_name(context, a->state), stacks_state_name(context, b->state));
}

static int clean_state(struct grouping *by, uint16_t *state)
{
	struct str name = stacks_state_name(by->stacks, *state);

	if (utf8_valid(name))
		return 0;
	name = utf8_clean(by->arena, name);
	return name.data ? stacks_add_state(by->stacks, name, state) : -ENOMEM;
}

static int by_state(const void *left, const void *right)
{
	const struct wait_count *a = left, *b = right;

	return (a->state > b->state) - (a->state < b->state);
}

// Two states that became equal when cleaned are one.
static uint32_t merge_states(struct wait_count *waits, size_t count)
{
	uint32_t n = 0;

	qsort(waits, count, sizeof(*waits), by_state);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && waits[n - 1].state == waits[i].state)
			waits[n - 1].count =
				saturated((uint64_t)waits[n - 1].count + waits[i].count);
		else
			waits[n++] = waits[i];
	}
	return n;
}

static int fill_waits(struct grouping *by, struct observed_group *group, struct tally part)
{
	struct wait_count *waits;
	int r;

	if (part.used == 0)
		return 0;
	waits = arena_array(by->arena, part.used, sizeof(*waits));
	if (!waits)
		return -ENOMEM;
	for (size_t i = 0; i < part.used; i++) {
		waits[i].state = (uint16_t)part.items[i].key;
		waits[i].count = saturated(part.items[i].count);
		r = clean_state(by, &waits[i].state);
		if (r < 0)
			return r;
	}
	group->wait_count = merge_states(waits, part.used);
	qsort_r(waits, group->wait_count, sizeof(*waits), by_wait, by->stacks);
	group->has_waits = true;
	group->waits = waits;
	return 0;
}

struct creator {
	const struct frame *frame;
	uint64_t count;
};

static int by_creator(const void *left, const void *right)
{
	const struct frame *a = ((const struct creator *)left)->frame;
	const struct frame *b = ((const struct creator *)right)->frame;
	int order = str_compare(a->function, b->function);

	if (order == 0)
		order = str_compare(a->file, b->file);
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

// Who created most of them; the first by name among equals.
static int fill_creator(struct grouping *by, struct observed_group *group, struct tally part)
{
	cleanup(free_pointer) struct creator *creators = calloc(part.used + 1, sizeof(*creators));
	const struct creator *most = NULL;
	size_t n = 0;

	if (!creators)
		return -ENOMEM;
	for (size_t i = 0; i < part.used; i++) {
		const struct trace *trace = stacks_trace(by->stacks, (uint32_t)part.items[i].key);

		if (trace->created_by.function.len > 0)
			creators[n++] = (struct creator){&trace->created_by, part.items[i].count};
	}
	if (n > 1)
		qsort(creators, n, sizeof(*creators), by_creator);
	for (size_t i = 1; i < n; i++) {
		if (by_creator(&creators[i - 1], &creators[i]) == 0)
			creators[i].count += creators[i - 1].count;
	}
	for (size_t i = 0; i < n; i++)
		if (!most || creators[i].count > most->count)
			most = &creators[i];
	if (!most)
		return 0;
	group->created_by.line = most->frame->line;
	return frame_settle(most->frame, by->arena, &group->created_by);
}

static int by_label(const void *left, const void *right)
{
	const struct label_count *a = left, *b = right;
	int order = str_compare(a->key, b->key);

	return order ? order : str_compare(a->value, b->value);
}

static int by_frequency(const void *left, const void *right)
{
	const struct label_count *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return by_label(left, right);
}

static int clean_label(
	struct arena *arena, const struct label *label, uint64_t count, struct label_count *clean)
{
	clean->key = utf8_clean(arena, label->key);
	clean->value = utf8_clean(arena, label->value);
	clean->count = saturated(count);
	return clean->key.data && clean->value.data ? 0 : -ENOMEM;
}

// Every pair of the group's label sets, equal ones together.
static int gather_labels(
	struct grouping *by, struct tally part, struct label_count **ret, size_t *ret_count)
{
	size_t total = 0, n = 0, unique = 0;
	struct label_count *all;
	int r;

	for (size_t i = 0; i < part.used; i++)
		total += stacks_labels(by->stacks, (uint32_t)part.items[i].key).count;
	*ret = all = calloc(total + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < part.used; i++) {
		struct label_set set = stacks_labels(by->stacks, (uint32_t)part.items[i].key);

		for (uint32_t k = 0; k < set.count; k++) {
			r = clean_label(by->arena, &set.labels[k], part.items[i].count, &all[n++]);
			if (r < 0)
				return r;
		}
	}
	qsort(all, n, sizeof(*all), by_label);
	for (size_t i = 0; i < n; i++) {
		if (unique > 0 && by_label(&all[unique - 1], &all[i]) == 0)
			all[unique - 1].count =
				saturated((uint64_t)all[unique - 1].count + all[i].count);
		else
			all[unique++] = all[i];
	}
	*ret_count = unique;
	return 0;
}

// The most frequent ones, by key and value.
static int fill_labels(struct grouping *by, struct observed_group *group, struct tally part)
{
	cleanup(free_pointer) struct label_count *all = NULL;
	struct label_count *kept;
	size_t n = 0;
	int r;

	if (part.used == 0)
		return 0;
	r = gather_labels(by, part, &all, &n);
	if (r < 0)
		return r;
	qsort(all, n, sizeof(*all), by_frequency);
	if (n > OBSERVED_LABELS_MAX)
		n = OBSERVED_LABELS_MAX;
	qsort(all, n, sizeof(*all), by_label);
	kept = arena_array(by->arena, n + 1, sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	memcpy(kept, all, n * sizeof(*kept));
	group->labels = kept;
	group->label_count = (uint32_t)n;
	return 0;
}

static int fill_groups(struct grouping *by)
{
	struct tally states, traces, labels;
	int r = 0;

	tally_sort(&by->states);
	tally_sort(&by->traces);
	tally_sort(&by->labels);
	states = by->states;
	traces = by->traces;
	labels = by->labels;
	for (uint32_t i = 0; i < by->group_count && r == 0; i++) {
		struct observed_group *group = &by->groups[i];

		if (by->has_ids)
			sort_ids(group);
		r = fill_waits(by, group, items_of(&states, i));
		if (r == 0)
			r = fill_creator(by, group, items_of(&traces, i));
		if (r == 0)
			r = fill_labels(by, group, items_of(&labels, i));
	}
	return r;
}

static int group(struct grouping *by)
{
	int r = visit_rows(by, count_stack);

	if (r == 0)
		r = make_groups(by);
	if (r == 0 && by->has_ids)
		r = make_room_for_ids(by);
	if (r == 0)
		r = visit_rows(by, enter);
	return r < 0 ? r : fill_groups(by);
}

static enum observation_source observed_source(const struct snapshot *snapshot)
{
	if (snapshot->profile == PROFILE_GOROUTINELEAK)
		return OBSERVED_LEAK;
	switch (snapshot->source) {
	case SOURCE_DEBUG2:
		return OBSERVED_DEBUG2;
	case SOURCE_LOG:
		return OBSERVED_LOG;
	case SOURCE_DEBUG1:
		return OBSERVED_DEBUG1;
	case SOURCE_DEBUG0:
		break;
	}
	return OBSERVED_DEBUG0;
}

static void describe(const struct grouping *by, struct observation *observation)
{
	const struct snapshot *snapshot = by->snapshot;
	struct goroutine_iterator at = {0};
	const struct goroutine *g;
	uint64_t total = 0;

	while ((g = snapshot_next(snapshot, &at)))
		if (g->id > observation->max_id)
			observation->max_id = g->id;
	for (uint32_t i = 0; i < snapshot->sample_count; i++)
		if (snapshot->samples[i].count > 0)
			total += (uint64_t)snapshot->samples[i].count;
	observation->dumped = (int64_t)(by->has_ids ? snapshot->goroutine_count : total);
	observation->source = observed_source(snapshot);
	observation->status = snapshot->cut ? OBSERVED_CUT : OBSERVED_OK;
	observation->skipped += snapshot->skipped;
	if (observation->goroutines >= 0 || snapshot->cut || observation->source == OBSERVED_LEAK)
		return;
	observation->goroutines = observation->dumped;
	observation->goroutines_from = STR("dump");
}

int observe_goroutines(
	const struct snapshot *snapshot, struct arena *arena, struct observation *observation)
{
	cleanup(grouping_release) struct grouping by = {
		.snapshot = snapshot,
		.stacks = snapshot->stacks,
		.arena = arena,
		.has_ids = snapshot_has_ids(snapshot),
		.stack_count = stacks_count(snapshot->stacks),
	};
	int r = group(&by);

	if (r < 0)
		return r;
	describe(&by, observation);
	observation->has_groups = true;
	observation->groups = by.groups;
	observation->group_count = by.group_count;
	return 0;
}
