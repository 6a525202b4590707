// SPDX-License-Identifier: Apache-2.0
// A small simulated Go process for tests of the model: sites that start goroutines, which live for
// a while or for ever, IDs in batches of 16 per P, and observations made of it.
#pragma once

#include "model/judge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITES_MAX 16

struct simulated_site {
	const char *function;
	const char *creator; // NULL: net/http
	const char *wait;
	double per_s; // arrivals
	double per_request; // arrivals per request, besides
	double life_s; // mean; INFINITY: leaked
	uint32_t at_start;
	bool request; // each one is a request, which completes at its end
	bool in_pairs; // with each of the site before, one of this
	uint32_t pairs; // or so many; 0 is 1
	double pair_share; // each only with this probability; 0 is 1
	bool by_clock; // exactly even instead of Poisson
	double from_s, until_s; // only then; 0, 0: always
	double burst_at_s; // 0: none
	uint32_t burst; // so many at once
	double burst_life_s; // exactly
	const char *inner; // frame inside the function: "sync.(*Mutex).Lock"; NULL: none
	const char *outer; // frame around it: "net/http.(*conn).serve"; NULL: none
	double (*slower)(double t_s); // factor of the mean life; NULL is 1
	double (*rate)(double t_s); // factor of the arrivals; NULL is 1
	bool profiled; // waits that end are rows of the block profile
	const struct stack *holder; // and of the mutex profile, there; NULL: not
	double events, delay_s; // waits that ended
	const struct stack *stack; // filled in
	uint64_t born; // ground truth
	double carry;
};

struct simulated_goroutine {
	uint64_t id;
	double born_s, dies_s;
	uint32_t site;
};

struct simulated_process {
	struct stacks *stacks;
	uint64_t random;
	struct simulated_site sites[SITES_MAX];
	uint32_t site_count;
	struct simulated_goroutine *goroutines;
	size_t count, capacity;
	uint64_t next_batch, batch[4], left[4];
	double t_s, wall_0_s, start_s;
	double requests, request_seconds, in_flight;
	double heap_bytes, rss_bytes; // 0: not told
	double (*load)(double t_s); // factor; NULL is 1
	double born_s; // of the one that is being started; 0: now
	uint64_t seq;
	uint32_t number;
};

static double uniform(struct simulated_process *p)
{
	p->random ^= p->random << 13;
	p->random ^= p->random >> 7;
	p->random ^= p->random << 17;
	return ((double)(p->random >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t poisson(struct simulated_process *p, double mean)
{
	uint32_t n = 0;

	for (double sum = -log(uniform(p)); sum < mean; n++)
		sum -= log(uniform(p));
	return n;
}

static uint64_t next_id(struct simulated_process *p)
{
	unsigned at = (unsigned)(uniform(p) * 4);

	if (p->left[at] == 0) {
		p->batch[at] = p->next_batch;
		p->next_batch += 16;
		p->left[at] = 16;
	}
	p->left[at]--;
	return p->batch[at]++;
}

static void start(struct simulated_process *p, uint32_t site, double dies_s);

static void start_pairs(struct simulated_process *p, uint32_t site, double dies_s)
{
	uint32_t pairs = p->sites[site].pairs ? p->sites[site].pairs : 1;

	for (uint32_t i = 0; i < pairs; i++)
		if (!(p->sites[site].pair_share > 0) || uniform(p) < p->sites[site].pair_share)
			start(p, site, dies_s);
}

static void start(struct simulated_process *p, uint32_t site, double dies_s)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity ? 2 * p->capacity : 1024;
		p->goroutines = realloc(p->goroutines, p->capacity * sizeof(*p->goroutines));
		assert(p->goroutines);
	}
	p->goroutines[p->count++] = (struct simulated_goroutine){
		next_id(p), p->born_s > 0 ? p->born_s : p->t_s, dies_s, site};
	p->sites[site].born++;
	if (site + 1 < p->site_count && p->sites[site + 1].in_pairs)
		start_pairs(p, site + 1, dies_s);
}

static void begin_life(struct simulated_process *p)
{
	p->count = 0;
	p->next_batch = 1;
	memset(p->left, 0, sizeof(p->left));
	p->number++;
	p->start_s = p->t_s;
	p->requests = p->request_seconds = p->in_flight = 0;
	for (uint32_t i = 0; i < p->site_count; i++)
		for (uint32_t j = 0; j < p->sites[i].at_start; j++)
			start(p, i, INFINITY);
}

static void simulate(struct simulated_process *p, struct stacks *stacks, uint64_t seed)
{
	p->stacks = stacks;
	p->random = seed * 0x9e3779b97f4a7c15u + 1;
	p->wall_0_s = 1763694000;
	while (p->site_count < SITES_MAX && p->sites[p->site_count].function)
		p->site_count++;
	for (uint32_t i = 0; i < p->site_count; i++) {
		const struct simulated_site *site = &p->sites[i];
		struct frame frames[3];
		uint32_t count = 0;
		int r;

		if (site->inner)
			frames[count++] =
				(struct frame){str_of(site->inner), STR("mutex.go"), 1, 0};
		frames[count++] = (struct frame){str_of(site->function), STR("main.go"), 10 + i, 0};
		if (site->outer)
			frames[count++] =
				(struct frame){str_of(site->outer), STR("server.go"), 1, 0};
		r = stacks_add_stack(stacks, frames, count, false, &p->sites[i].stack);

		assert(r == 0);
		(void)r;
	}
	begin_life(p);
}

static double exponential(struct simulated_process *p, double mean)
{
	return isinf(mean) ? INFINITY : -mean * log(uniform(p));
}

struct arrival {
	double t_s;
	uint32_t site;
};

static int by_time(const void *a, const void *b)
{
	double x = ((const struct arrival *)a)->t_s, y = ((const struct arrival *)b)->t_s;

	return (x > y) - (x < y);
}

static size_t add_arrivals(struct simulated_process *p, double step_s, struct arrival *arrivals)
{
	double load = p->load ? p->load(p->t_s) : 1, requests = 0;
	size_t count = 0;

	for (uint32_t i = 0; i < p->site_count; i++)
		requests += p->sites[i].request ? p->sites[i].per_s * load : 0;
	for (uint32_t i = 0; i < p->site_count; i++) {
		struct simulated_site *site = &p->sites[i];
		double rate =
			site->per_s * (site->request ? load : 1) + site->per_request * requests;
		uint32_t n;

		rate *= site->rate ? site->rate(p->t_s) : 1;
		if (site->until_s > 0 && (p->t_s < site->from_s || p->t_s >= site->until_s))
			continue;
		site->carry += rate * step_s;
		n = site->by_clock ? (uint32_t)site->carry : poisson(p, rate * step_s);
		site->carry -= site->by_clock ? n : site->carry;
		for (uint32_t j = 0; j < n && count < 200000; j++)
			arrivals[count++] = (struct arrival){p->t_s + uniform(p) * step_s, i};
	}
	return count;
}

static void end_one(struct simulated_process *p, const struct simulated_goroutine *goroutine)
{
	struct simulated_site *site = &p->sites[goroutine->site];
	double lived_s = goroutine->dies_s - goroutine->born_s;

	site->events++;
	site->delay_s += lived_s;
	p->requests += site->request;
	p->request_seconds += site->request ? lived_s : 0;
}

static void end_goroutines(struct simulated_process *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->goroutines[i].dies_s > p->t_s)
			p->goroutines[kept++] = p->goroutines[i];
		else
			end_one(p, &p->goroutines[i]);
	p->count = kept;
}

static void start_at(struct simulated_process *p, uint32_t site, double born_s, double life_s)
{
	p->born_s = born_s;
	start(p, site, born_s + life_s);
	p->born_s = 0;
}

static void advance(struct simulated_process *p, double step_s)
{
	static struct arrival arrivals[200000];
	size_t count = add_arrivals(p, step_s, arrivals);

	qsort(arrivals, count, sizeof(*arrivals), by_time);
	for (size_t i = 0; i < count; i++) {
		struct simulated_site *site = &p->sites[arrivals[i].site];
		double life_s = exponential(p, site->life_s);

		life_s *= site->slower ? site->slower(arrivals[i].t_s) : 1;
		p->born_s = arrivals[i].t_s;
		start(p, arrivals[i].site, arrivals[i].t_s + life_s);
	}
	p->born_s = 0;
	for (uint32_t i = 0; i < p->site_count; i++)
		if (p->sites[i].burst_at_s > p->t_s && p->sites[i].burst_at_s <= p->t_s + step_s)
			for (uint32_t j = 0; j < p->sites[i].burst; j++)
				start_at(p, i, p->sites[i].burst_at_s, p->sites[i].burst_life_s);
	p->t_s += step_s;
	end_goroutines(p);
	p->in_flight = 0;
	for (size_t i = 0; i < p->count; i++)
		p->in_flight += p->sites[p->goroutines[i].site].request;
}

static int by_site_and_id(const void *a, const void *b)
{
	const struct simulated_goroutine *x = a, *y = b;

	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

enum look { LOOK_IDS, LOOK_COUNTS, LOOK_METRICS, LOOK_FAILED, LOOK_CUT };

struct look_options {
	enum look look;
	bool requests; // the process tells request counters
	bool process_start;
	uint32_t minutes; // printed for goroutines that wait; 0: none
	bool profiles; // block and mutex profiles are fetched
};

static uint32_t fill_groups(struct simulated_process *p, const struct look_options *options,
	uint64_t *ids, struct observed_group *groups, struct wait_count *waits)
{
	uint32_t count = 0;

	qsort(p->goroutines, p->count, sizeof(*p->goroutines), by_site_and_id);
	for (size_t i = 0; i < p->count; i++) {
		const struct simulated_site *site = &p->sites[p->goroutines[i].site];
		struct observed_group *group = count ? &groups[count - 1] : NULL;

		ids[i] = p->goroutines[i].id;
		if (!group || group->stack != site->stack) {
			group = &groups[count];
			waits[count] = (struct wait_count){state_find(str_of(site->wait)), 0};
			*group = (struct observed_group){.stack = site->stack,
				.has_waits = site->wait != NULL,
				.wait_count = site->wait != NULL,
				.waits = &waits[count],
				.created_by = {.function = str_of(
						       site->creator ? site->creator
								     : "net/http.(*Server).Serve"),
					.file = STR("server.go"),
					.line = 1},
				.has_ids = options->look == LOOK_IDS,
				.ids = &ids[i],
				.has_minutes = options->minutes > 0,
				.minutes_max = options->minutes};
			count++;
		}
		group->count++;
		group->id_count += group->has_ids;
		group->waited += options->minutes > 0;
		waits[count - 1].count++;
	}
	return count;
}

static uint32_t fill_contention(
	const struct simulated_process *p, struct observed_contention rows[2 * SITES_MAX])
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->site_count; i++) {
		const struct simulated_site *site = &p->sites[i];

		if (site->profiled && site->events > 0)
			rows[count++] = (struct observed_contention){
				false, site->stack, site->events, site->delay_s * 1e9};
		if (site->holder && site->events > 0)
			rows[count++] = (struct observed_contention){
				true, site->holder, site->events, site->delay_s * 1e9};
	}
	return count;
}

static int tell_process(
	struct judge *judge, const struct simulated_process *p, const struct look_options *options)
{
	const struct process process = {
		.target = STR("shop/gateway/app"),
		.number = p->number,
		.workload = STR("shop/Deployment/gateway"),
		.image_digest = STR("sha256:1"),
		.start_s = options->process_start ? p->wall_0_s + p->start_s : NAN,
		.gomaxprocs = 4,
		.memory_limit_bytes = NAN,
		.gomemlimit_bytes = NAN,
	};

	return judge_process(judge, &process);
}

// One tick, as the collector would make it.
static int look_at(
	struct simulated_process *p, struct judge *judge, const struct look_options *options)
{
	uint64_t *ids = calloc(p->count + 1, sizeof(*ids));
	struct observed_group groups[SITES_MAX];
	struct wait_count waits[SITES_MAX];
	struct observed_contention rows[2 * SITES_MAX];
	bool told = options->look != LOOK_FAILED, totals = options->look == LOOK_METRICS;
	uint32_t count = ids ? fill_groups(p, options, ids, groups, waits) : 0;
	struct observation o = {
		.target = STR("shop/gateway/app"),
		.process = p->number,
		.seq = p->seq++,
		.mono_ms = p->t_s * 1e3,
		.wall_ms = (int64_t)((p->wall_0_s + p->t_s) * 1e3),
		.duration_ms = 5,
		.source = options->look == LOOK_IDS || options->look == LOOK_CUT ? OBSERVED_DEBUG2
			  : options->look == LOOK_COUNTS                         ? OBSERVED_DEBUG0
										 : OBSERVED_METRICS,
		.status = !told                       ? OBSERVED_FAILED
			  : options->look == LOOK_CUT ? OBSERVED_CUT
						      : OBSERVED_OK,
		.goroutines = told ? (int64_t)p->count : -1,
		.dumped = told && !totals ? (int64_t)p->count : -1,
		.max_id = options->look == LOOK_IDS ? p->next_batch - 1 : 0,
		.stop_worst_ms = NAN,
		.stop_sum_ms = NAN,
		.requests = options->requests && told ? p->requests : NAN,
		.request_seconds = options->requests && told ? p->request_seconds : NAN,
		.in_flight = options->requests && told ? p->in_flight : NAN,
		.errors = NAN,
		.cpu_seconds = NAN,
		.rss_bytes = told && p->rss_bytes > 0 ? p->rss_bytes : NAN,
		.heap_bytes = told && p->heap_bytes > 0 ? p->heap_bytes : NAN,
		.has_contention = told && options->profiles,
		.contention_count = told && options->profiles ? fill_contention(p, rows) : 0,
		.contention = rows,
		.demand = NAN,
		.has_groups = told && !totals,
		.group_count = told && !totals ? count : 0,
		.groups = groups,
	};
	int r = ids ? tell_process(judge, p, options) : -ENOMEM;

	if (r == 0)
		r = judge_observe(judge, &o);
	free(ids);
	return r;
}

static void end_simulation(struct simulated_process *p)
{
	free(p->goroutines);
	p->goroutines = NULL;
}
