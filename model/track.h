// SPDX-License-Identifier: Apache-2.0
// Following goroutines by ID through the dumps of one life of a process.
//
// A goroutine's age counts from the dump in which its ID was first seen, whatever it does since. It
// *matures* at each age of track_age_s[] (and not before its second dump after); from the youngest
// on it has a *home*: the stack it is accounted to. It changes home only by staying elsewhere for
// the youngest age, so that a goroutine which wakes now and then does not count as leaving, and a
// worker or a connection that gets stuck counts as arriving where it is stuck.
//
// Goroutines of the first dump have an unknown age: they mature like the others, but never count as
// arrivals. Dumps that were cut, or lost records, are never fed: what is missing in them would look
// dead (leak-model 5.1). Memory: 16 bytes a goroutine and about 150 a stack; time per dump: linear
// in the goroutines.
#pragma once

#include "model/observation.h"

#define TRACK_AGES 4
#define TRACK_SETTLE 2
#define TRACK_TICKS_MAX (1u << 21) // of one life; then the follower must begin anew
#define TRACK_STACKS_MAX ((1u << 22) - 1)
#define TRACK_NO_HOME TRACK_STACKS_MAX

extern const double track_age_s[TRACK_AGES]; // 120, 600, 1800, 3600

// Ticks are numbered from 0, dumps with IDs only.
struct tracked_goroutine {
	uint64_t id;
	uint64_t first : 21; // tick at which the ID was first seen
	uint64_t since : 21; // tick at which it was first seen in this stack, this time
	uint64_t home : 22; // index of a tracked stack, or TRACK_NO_HOME
};

struct tracked_stack {
	const struct stack *stack;
	bool rests; // a server's connections without a request: they come from handlers all day
	struct tracked_goroutine *goroutines; // by id
	uint32_t count, capacity;
	uint32_t stock[TRACK_AGES]; // mature ones at home here
	// Since the last track_clear_flows():
	uint32_t inflow[TRACK_AGES]; // matured here, or came home
	uint32_t outflow[TRACK_AGES]; // mature ones gone, dead or to another home
	// Since the first dump. A goroutine has settled when it is still in this stack one (index
	// 0) or two (index 1) dumps after it was first seen there.
	uint64_t settled[TRACK_SETTLE]; // arrived after the first dump, and settled
	uint64_t unsettled[TRACK_SETTLE]; // settled ones that left again
	uint64_t born, died; // IDs new to the process first seen here; IDs last seen here
};

// Goroutines that changed home, by pair of stacks.
struct track_move {
	uint32_t from, to; // indexes of tracked stacks
	uint32_t count[TRACK_AGES]; // since the last tracker_clear_flows()
	double away[TRACK_AGES]; // before, and not come back; with a memory of some dozen steps
};
#define TRACK_MOVES_MAX 1024 // pairs; further ones count as leaving and arriving

struct track_tick {
	double t_s; // of the dump, on the target's clock
	double load; // cumulative, whatever the caller counts
	uint32_t born, died; // in the whole process
	bool after_gap; // nobody had looked for long: its cohort is of many ages
};

struct tracker {
	struct tracked_stack *stacks;
	uint32_t stack_count, stack_capacity;
	uint32_t *index_of; // stack->index to index + 1
	uint32_t index_of_count;
	struct track_tick *ticks;
	uint32_t tick_count, tick_capacity;
	struct track_move *moves;
	uint32_t move_count, move_capacity;
	int64_t matured[TRACK_AGES]; // last tick whose cohort has this age; -1: none
	uint64_t goroutines; // tracked now
	uint64_t duplicates; // IDs that two stacks of one dump had
};

struct tracker *tracker_new(void); // NULL: no memory
void tracker_free(struct tracker **tracker);

// One whole dump with IDs; `t_s` never falls. Groups of the collector itself are left out. 0;
// -ENOMEM, or -EFBIG at a limit: after either the tracker can only be freed.
int tracker_observe(struct tracker *tracker, double t_s, double load,
	const struct observed_group *groups, uint32_t group_count);
void tracker_clear_flows(struct tracker *tracker);
// Takes off the flows what two stacks exchanged: goroutines that go to and fro between them (a loop
// that polls) neither leave the one nor arrive at the other, and those that come back to where they
// had been (a connection whose request hung) do not arrive.
void tracker_net_moves(struct tracker *tracker);
const struct tracked_stack *tracker_find(const struct tracker *tracker, const struct stack *stack);

// When the cohort that reached age `age` last was first seen; NAN when none has.
double tracker_matured_s(const struct tracker *tracker, int age);
