// SPDX-License-Identifier: Apache-2.0
// Two sorted ID lists per stack, merged; what left one stack and turned up in another is matched
// over the few that changed.
#include "model/track.h"

#include "model/little.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const double track_age_s[TRACK_AGES] = {120, 600, 1800, 3600};

#define AWAY_KEPT 0.98 // from step to step
#define MATURE_TICKS 2 // at least, however far apart

// A goroutine that turned up in a stack, or left one.
struct change {
	uint64_t id;
	uint32_t stack : 31; // index of the tracked stack
	uint32_t gone : 1;
	union {
		uint32_t at; // born: position there
		struct {
			uint64_t first : 21, since : 21, home : 22;
		} was; // gone: its record
	};
};

// Of one dump; the first one's is all goroutines, so it is not kept.
struct changes {
	struct change *items;
	size_t count, capacity;
};

struct tracker *tracker_new(void)
{
	struct tracker *tracker = calloc(1, sizeof(*tracker));

	for (int age = 0; tracker && age < TRACK_AGES; age++)
		tracker->matured[age] = -1;
	return tracker;
}

void tracker_free(struct tracker **tracker)
{
	if (!*tracker)
		return;
	for (uint32_t i = 0; i < (*tracker)->stack_count; i++)
		free((*tracker)->stacks[i].goroutines);
	free((*tracker)->stacks);
	free((*tracker)->index_of);
	free((*tracker)->ticks);
	free((*tracker)->moves);
	free(*tracker);
	*tracker = NULL;
}

static int grow(void **items, uint32_t *capacity, uint32_t need, size_t size)
{
	uint32_t bigger = *capacity ? *capacity : 16;
	void *moved;

	if (need <= *capacity)
		return 0;
	while (bigger < need)
		bigger += bigger / 16 + 16;
	moved = reallocarray(*items, bigger, size);
	if (!moved)
		return -ENOMEM;
	memset((char *)moved + *capacity * size, 0, (bigger - *capacity) * size);
	*items = moved;
	*capacity = bigger;
	return 0;
}

static int stack_index(struct tracker *tracker, const struct stack *stack, uint32_t *index)
{
	int r = grow((void **)&tracker->index_of, &tracker->index_of_count, stack->index + 1,
		sizeof(*tracker->index_of));

	if (r < 0)
		return r;
	if (tracker->index_of[stack->index] == 0) {
		if (tracker->stack_count >= TRACK_STACKS_MAX - 1)
			return -EFBIG;
		r = grow((void **)&tracker->stacks, &tracker->stack_capacity,
			tracker->stack_count + 1, sizeof(*tracker->stacks));
		if (r < 0)
			return r;
		tracker->stacks[tracker->stack_count] = (struct tracked_stack){
			.stack = stack, .rests = stack_is_idle_connection(stack)};
		tracker->index_of[stack->index] = ++tracker->stack_count;
	}
	*index = tracker->index_of[stack->index] - 1;
	return 0;
}

const struct tracked_stack *tracker_find(const struct tracker *tracker, const struct stack *stack)
{
	uint32_t index =
		stack->index < tracker->index_of_count ? tracker->index_of[stack->index] : 0;

	return index ? &tracker->stacks[index - 1] : NULL;
}

double tracker_matured_s(const struct tracker *tracker, int age)
{
	int64_t tick = tracker->matured[age];

	return tick < 0 ? NAN : tracker->ticks[tick].t_s;
}

void tracker_clear_flows(struct tracker *tracker)
{
	for (uint32_t i = 0; i < tracker->stack_count; i++) {
		memset(tracker->stacks[i].inflow, 0, sizeof(tracker->stacks[i].inflow));
		memset(tracker->stacks[i].outflow, 0, sizeof(tracker->stacks[i].outflow));
	}
	for (uint32_t i = 0; i < tracker->move_count; i++)
		memset(tracker->moves[i].count, 0, sizeof(tracker->moves[i].count));
}

static struct track_move *find_move(struct tracker *tracker, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < tracker->move_count; i++)
		if (tracker->moves[i].from == from && tracker->moves[i].to == to)
			return &tracker->moves[i];
	return NULL;
}

static int note_move(struct tracker *tracker, uint32_t from, uint32_t to, int age)
{
	struct track_move *move = find_move(tracker, from, to);
	int r = 0;

	if (!move && tracker->move_count < TRACK_MOVES_MAX) {
		r = grow((void **)&tracker->moves, &tracker->move_capacity, tracker->move_count + 1,
			sizeof(*tracker->moves));
		if (r < 0)
			return r;
		move = &tracker->moves[tracker->move_count++];
		*move = (struct track_move){.from = from, .to = to};
	}
	if (move)
		move->count[age]++;
	return 0;
}

// Arrivals at stacks that rest were not counted.
static void take_off(uint32_t *flow, uint32_t count)
{
	*flow -= count < *flow ? count : *flow;
}

static void net_exchange(
	struct tracker *tracker, struct track_move *there, struct track_move *back, int age)
{
	uint32_t both = there->count[age] < back->count[age] ? there->count[age] : back->count[age];

	tracker->stacks[there->from].outflow[age] -= both;
	take_off(&tracker->stacks[there->to].inflow[age], both);
	tracker->stacks[there->to].outflow[age] -= both;
	take_off(&tracker->stacks[there->from].inflow[age], both);
	there->count[age] -= both;
	back->count[age] -= both;
}

static void net_return(
	struct tracker *tracker, struct track_move *move, struct track_move *before, int age)
{
	double returned = before ? fmin(move->count[age], floor(before->away[age])) : 0;

	take_off(&tracker->stacks[move->to].inflow[age], (uint32_t)returned);
	if (before)
		before->away[age] -= returned;
	move->away[age] = AWAY_KEPT * move->away[age] + move->count[age] - returned;
}

static bool is_over(const struct track_move *move)
{
	for (int age = 0; age < TRACK_AGES; age++)
		if (move->away[age] >= 1)
			return false;
	return true;
}

static void forget_moves(struct tracker *tracker)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < tracker->move_count; i++)
		if (!is_over(&tracker->moves[i]))
			tracker->moves[kept++] = tracker->moves[i];
	tracker->move_count = kept;
}

void tracker_net_moves(struct tracker *tracker)
{
	for (uint32_t i = 0; i < tracker->move_count; i++) {
		struct track_move *there = &tracker->moves[i];
		struct track_move *back = find_move(tracker, there->to, there->from);

		for (int age = 0; back && age < TRACK_AGES; age++)
			net_exchange(tracker, there, back, age);
	}
	for (uint32_t i = 0; i < tracker->move_count; i++) {
		struct track_move *move = &tracker->moves[i];
		struct track_move *before = find_move(tracker, move->to, move->from);

		for (int age = 0; age < TRACK_AGES; age++)
			net_return(tracker, move, before, age);
	}
	forget_moves(tracker);
}

static int add_change(struct changes *changes, struct change change)
{
	if (changes->count == changes->capacity) {
		size_t bigger = changes->capacity ? 2 * changes->capacity : 256;
		struct change *moved = reallocarray(changes->items, bigger, sizeof(*moved));

		if (!moved)
			return -ENOMEM;
		changes->items = moved;
		changes->capacity = bigger;
	}
	changes->items[changes->count++] = change;
	return 0;
}

static int add_gone(struct changes *changes, uint32_t stack, const struct tracked_goroutine *gone)
{
	return add_change(changes, (struct change){.id = gone->id,
					   .stack = stack & TRACK_STACKS_MAX,
					   .gone = true,
					   .was = {gone->first, gone->since, gone->home}});
}

static int add_born(struct changes *changes, uint32_t stack, uint64_t id, uint32_t at)
{
	return add_change(
		changes, (struct change){.id = id, .stack = stack & TRACK_STACKS_MAX, .at = at});
}

// Replace the goroutines of one stack by `ids`; stayers keep their record.
static int merge_stack(struct tracker *tracker, uint32_t index, const uint64_t *ids, uint32_t count,
	uint32_t now, struct changes *changes)
{
	struct tracked_stack *stack = &tracker->stacks[index];
	struct tracked_goroutine *merged = count ? calloc(count, sizeof(*merged)) : NULL;
	uint32_t old = 0;
	int r = count && !merged ? -ENOMEM : 0;

	for (uint32_t i = 0; r == 0 && i < count; i++) {
		for (; r == 0 && old < stack->count && stack->goroutines[old].id < ids[i]; old++)
			r = add_gone(changes, index, &stack->goroutines[old]);
		if (old < stack->count && stack->goroutines[old].id == ids[i]) {
			merged[i] = stack->goroutines[old++];
			continue;
		}
		merged[i] = (struct tracked_goroutine){ids[i], now & (TRACK_TICKS_MAX - 1),
			now & (TRACK_TICKS_MAX - 1), TRACK_NO_HOME};
		if (r == 0)
			r = add_born(changes, index, ids[i], i);
	}
	for (; r == 0 && old < stack->count; old++)
		r = add_gone(changes, index, &stack->goroutines[old]);
	if (r < 0) {
		free(merged);
		return r;
	}
	free(stack->goroutines);
	stack->goroutines = merged;
	stack->count = count;
	return 0;
}

// The byte of the ID at `shift`; below 0: gone before born.
static unsigned byte_of(const struct change *change, int shift)
{
	return shift < 0 ? !change->gone : (unsigned)(change->id >> shift) & 0xff;
}

// One pass of a radix sort, which keeps the order of equals.
static void sort_by_byte(const struct changes *from, struct change *to, int shift)
{
	size_t begin[257] = {0};

	for (size_t i = 0; i < from->count; i++)
		begin[byte_of(&from->items[i], shift) + 1]++;
	for (size_t i = 1; i < 257; i++)
		begin[i] += begin[i - 1];
	for (size_t i = 0; i < from->count; i++)
		to[begin[byte_of(&from->items[i], shift)]++] = from->items[i];
}

// By ID, gone before born. Linear: only the bytes in which the IDs differ take a pass.
static int sort_changes(struct changes *changes)
{
	struct change *other = reallocarray(NULL, changes->count + 1, sizeof(*other));
	uint64_t differ = 0;

	if (!other)
		return -ENOMEM;
	for (size_t i = 1; i < changes->count; i++)
		differ |= changes->items[i].id ^ changes->items[0].id;
	for (int shift = -8; shift < 64; shift += 8) {
		struct change *sorted = other;

		if (shift >= 0 && !(differ >> shift & 0xff))
			continue;
		sort_by_byte(changes, sorted, shift);
		other = changes->items;
		changes->items = sorted;
		changes->capacity = changes->count + 1;
	}
	free(other);
	return 0;
}

static bool was_mature(const struct tracker *tracker, const struct tracked_goroutine *g, int age)
{
	return (int64_t)g->first <= tracker->matured[age];
}

static void leave_home(struct tracker *tracker, const struct tracked_goroutine *g)
{
	for (int age = 0; g->home != TRACK_NO_HOME && age < TRACK_AGES; age++)
		if (was_mature(tracker, g, age)) {
			tracker->stacks[g->home].outflow[age]++;
			tracker->stacks[g->home].stock[age]--;
		}
}

static void count_leaving(struct tracker *tracker, const struct change *gone, uint32_t now)
{
	for (uint32_t settle = 0; settle < TRACK_SETTLE; settle++)
		if (now - 1 - gone->was.since >= settle + 1)
			tracker->stacks[gone->stack].unsettled[settle]++;
}

// Which of the changes are moves, births and deaths. Called before ages advance.
static void match_changes(struct tracker *tracker, const struct changes *changes,
	struct track_tick *tick, uint32_t now)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		const struct change *next = i + 1 < changes->count ? change + 1 : NULL;

		if (!change->gone) {
			tracker->duplicates += next && next->id == change->id && !next->gone;
			tracker->stacks[change->stack].born++;
			tick->born++;
			continue;
		}
		count_leaving(tracker, change, now);
		if (next && next->id == change->id && !next->gone) {
			struct tracked_goroutine *moved =
				&tracker->stacks[next->stack].goroutines[next->at];

			moved->first = change->was.first;
			moved->home = change->was.home;
			i++;
			continue;
		}
		leave_home(tracker, &(struct tracked_goroutine){change->id, change->was.first,
					    change->was.since, change->was.home});
		tracker->stacks[change->stack].died++;
		tick->died++;
	}
}

// The last tick whose cohort has reached the age by now.
static int64_t matured_tick(const struct tracker *tracker, int age, uint32_t now)
{
	int64_t tick = tracker->matured[age];

	while (tick + 1 + MATURE_TICKS <= now &&
		tracker->ticks[now].t_s - tracker->ticks[tick + 1].t_s >= track_age_s[age])
		tick++;
	return tick;
}

// Maturing and changing home of one goroutine that is in stack `index` now.
static int age_goroutine(struct tracker *tracker, uint32_t index, struct tracked_goroutine *g,
	const int64_t matured[static TRACK_AGES])
{
	int r = 0;

	if (g->home != TRACK_NO_HOME && g->home != index && (int64_t)g->since <= matured[0]) {
		leave_home(tracker, g);
		for (int age = 0; r == 0 && age < TRACK_AGES; age++)
			if (was_mature(tracker, g, age)) {
				tracker->stacks[index].inflow[age] += !tracker->stacks[index].rests;
				tracker->stacks[index].stock[age]++;
				r = note_move(tracker, g->home, index, age);
			}
		g->home = index & TRACK_STACKS_MAX;
	}
	for (int age = 0; age < TRACK_AGES; age++) {
		if ((int64_t)g->first > matured[age] || was_mature(tracker, g, age))
			continue;
		if (g->home == TRACK_NO_HOME)
			g->home = index & TRACK_STACKS_MAX;
		tracker->stacks[g->home].stock[age]++;
		if (g->first > 0)
			tracker->stacks[g->home].inflow[age]++;
	}
	return r;
}

static int age_all(struct tracker *tracker, uint32_t now)
{
	int64_t matured[TRACK_AGES];
	int r = 0;

	for (int age = 0; age < TRACK_AGES; age++)
		matured[age] = matured_tick(tracker, age, now);
	for (uint32_t i = 0; i < tracker->stack_count; i++) {
		struct tracked_stack *stack = &tracker->stacks[i];

		for (uint32_t j = 0; r == 0 && j < stack->count; j++) {
			struct tracked_goroutine *g = &stack->goroutines[j];

			r = age_goroutine(tracker, i, g, matured);
			for (uint32_t settle = 0; settle < TRACK_SETTLE; settle++)
				if (g->since > 0 && (uint32_t)g->since + settle + 1 == now)
					stack->settled[settle]++;
		}
	}
	memcpy(tracker->matured, matured, sizeof(matured));
	return r;
}

// Merge what the groups hold, and empty the stacks that no group speaks of.
static int merge_groups(struct tracker *tracker, const struct observed_group *groups,
	uint32_t group_count, uint32_t now, struct changes *changes)
{
	uint32_t index, known = tracker->stack_count;
	bool *told = calloc(known + group_count + 1u, sizeof(*told));
	int r = told ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < group_count; i++) {
		if (groups[i].stack->observer)
			continue;
		r = stack_index(tracker, groups[i].stack, &index);
		if (r == 0 && !told[index])
			r = merge_stack(
				tracker, index, groups[i].ids, groups[i].id_count, now, changes);
		if (r == 0)
			told[index] = true;
	}
	for (index = 0; r == 0 && index < known; index++)
		if (!told[index] && tracker->stacks[index].count > 0)
			r = merge_stack(tracker, index, NULL, 0, now, changes);
	free(told);
	return r;
}

int tracker_observe(struct tracker *tracker, double t_s, double load,
	const struct observed_group *groups, uint32_t group_count)
{
	uint32_t now = tracker->tick_count;
	struct changes changes = {0};
	int r;

	if (now + 1 >= TRACK_TICKS_MAX)
		return -EFBIG;
	r = grow((void **)&tracker->ticks, &tracker->tick_capacity, now + 1,
		sizeof(*tracker->ticks));
	if (r < 0)
		return r;
	tracker->ticks[now] = (struct track_tick){.t_s = t_s, .load = load};
	r = merge_groups(tracker, groups, group_count, now, &changes);
	if (r == 0)
		r = sort_changes(&changes);
	if (r == 0)
		match_changes(tracker, &changes, &tracker->ticks[now], now);
	free(changes.items);
	if (r < 0)
		return r;
	tracker->tick_count = now + 1;
	r = age_all(tracker, now);
	tracker->goroutines = 0;
	for (uint32_t i = 0; i < tracker->stack_count; i++)
		tracker->goroutines += tracker->stacks[i].count;
	return r;
}
