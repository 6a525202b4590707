// SPDX-License-Identifier: Apache-2.0
// A simulated Go process, from the outside as a collector could see it: sites that start
// goroutines, how long those live, IDs as the runtime hands them out, and the counters of /metrics.
//
// Only goroutines that are alive at some look exist one by one; those that come and go between two
// looks are counts (they use up IDs and complete requests). Time goes in steps from look to look.
#pragma once

#include "runtime/stack.h"
#include "tests/accuracy/random.h"

#include <stdbool.h>

#define SITES_MAX 96
#define PARTS_MAX 4

// A mixture of exponential lives, each cut off at a time-out. A mean of INFINITY with a cap is a
// fixed life; without one it is for ever.
struct life_part {
	double share, mean_s, cap_s;
};

struct lives {
	struct life_part parts[PARTS_MAX];
	int count;
};

struct living {
	uint64_t id;
	double born_s;
	double dies_s; // when it ends, or gives the borrowed goroutine back
	double then_s; // borrowed: when the owner itself ends; else 0
	bool leaked;
};

struct site {
	const char *function, *creator, *wait;
	bool is_handler; // each is a request in flight
	double per_s, per_request; // arrivals
	double standing; // a pool that is kept at this size; NAN: none
	struct lives lives;
	double dispersion; // of the arrivals in a step; 1 is Poisson
	int partner; // site of which one is born and dies with each of this; -1
	int borrows; // site whose goroutine runs it meanwhile (HTTP/1: the connection's); -1
	double elsewhere; // share of looks at which a goroutine is met at `other_stack`
	double leaks_per_s, leaks_per_request; // arrivals that stay for ever
	const struct stack *stack, *other_stack;
	struct living *goroutines; // by id
	uint32_t count, capacity;
	uint64_t leaked; // ever, in this life of the process
	bool disordered;
};

struct birth {
	double at; // 0 to 1 within the step
	struct living goroutine;
	int site;
};

struct service {
	struct random random;
	struct stacks *stacks;
	struct site sites[SITES_MAX];
	int site_count;
	double t_s, start_s; // of the process
	uint32_t number; // of its life
	unsigned procs; // P
	uint64_t born; // goroutines so far: the ID axis before it is cut into batches
	double births_per_request; // that nobody ever sees
	double demand_per_s, alpha; // Q = demand e^(-alpha leaked)
	double cpu_per_request_s;
	double requests, request_seconds, cpu_s, attempts; // counters
	double in_flight;
	uint64_t leaked; // alive
	double leaks_expected; // ever, at the first leaking site
	struct birth *births; // scratch
	uint32_t birth_count, birth_capacity;
};

struct lives life_of(double mean_s);
struct lives life_fixed(double seconds);
struct lives life_capped(double mean_s, double cap_s);

// A site with its stack interned; `line` moves with a build. Returns its index.
int service_add_site(struct service *service, const char *function, const char *creator,
	const char *wait, unsigned line);
// Time passes; then everything is as a look at that moment would find it.
void service_step(struct service *service, double step_s);
// The process ends, and a new one has nothing but what `standing` says.
void service_restart(struct service *service);
// `count` at once, at a random moment of the next step, for `seconds` each.
void service_burst(struct service *service, int site, uint32_t count, double seconds);
uint64_t service_goroutines(const struct service *service);
uint64_t service_largest_id(const struct service *service);
void service_release(struct service *service);
