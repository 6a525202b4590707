// SPDX-License-Identifier: Apache-2.0
// A day of two simulated processes as a collector sees it, tick by tick: a leak begins, is
// confirmed and stops; one clears; a restart with the same image; dumps that are missed or cut; two
// hours of counts; contention; proofs; another process behind the address; the collector starts
// anew.
//
//	day_begin(&day, stacks, seed, minutes);
//	while (day.minute < day.minutes)
//		r = day_tick(&day, &handler);
//	day_end(&day);
#pragma once

#include "collector/observe/observe.h"
#include "simulated_process.h"

#define DAY_TICK_S 60.0
#define DAY_MINUTES 1440

struct day_handler {
	int (*header)(void *context, int64_t wall_ms, double mono_ms);
	int (*process)(void *context, const struct process *process);
	int (*observation)(void *context, struct observation *observation);
	void *context;
};

struct day {
	struct stacks *stacks;
	struct simulated_process service, worker;
	uint32_t minute, minutes;
	double mono_from_s; // of the collector's clock, which restarts
	uint64_t random;
	const struct stack *locks[3];
	double lock_count[3], lock_delay_ns[3]; // since the process began
	uint32_t life; // of the service, in which they were counted
	uint16_t strange_wait;
};

enum { DAY_POOL, DAY_CONNECTION, DAY_REQUEST, DAY_SESSION, DAY_LEAK, DAY_HELPER, DAY_BURST };

static double day_random(struct day *day)
{
	day->random ^= day->random << 13;
	day->random ^= day->random >> 7;
	day->random ^= day->random << 17;
	return ((double)(day->random >> 11) + 0.5) / 9007199254740992.0;
}

static double day_load(double t_s)
{
	return 1 + 0.5 * sin(t_s / 86400 * 6.283185307179586);
}

// Times of the day as shares of its length, so that a short one has all of it.
static double day_at(const struct day *day, double share)
{
	return share * day->minutes * DAY_TICK_S;
}

static struct simulated_process day_service(const struct day *day)
{
	return (struct simulated_process){.load = day_load,
		.sites = {
			{.function = "main.worker",
				.creator = "main.main",
				.wait = "chan receive",
				.life_s = INFINITY,
				.at_start = 40},
			{.function = "net/http.(*conn).serve",
				.wait = "IO wait",
				.per_s = 0.5,
				.life_s = 120},
			{.function = "main.handle",
				.wait = "select",
				.per_s = 8,
				.life_s = 0.5,
				.request = true},
			{.function = "main.session", .wait = "select", .per_s = 0.2, .life_s = 400},
			{.function = "main.leak",
				.creator = "main.fanout",
				.wait = "chan send",
				.life_s = INFINITY,
				.per_request = 0.02,
				.from_s = day_at(day, 0.1),
				.until_s = day_at(day, 0.35)},
			{.function = "main.helper",
				.creator = "main.fanout",
				.wait = "chan receive",
				.life_s = INFINITY,
				.in_pairs = true},
			{.function = "main.refresh",
				.creator = "main.main",
				.wait = "semacquire",
				.life_s = 900,
				.burst_at_s = day_at(day, 0.5),
				.burst = 300,
				.burst_life_s = day_at(day, 0.1)},
		}};
}

static struct simulated_process day_worker(void)
{
	return (struct simulated_process){.sites = {
						  {.function = "main.consume",
							  .creator = "main.main",
							  .wait = "chan receive",
							  .life_s = INFINITY,
							  .at_start = 12},
						  {.function = "main.trickle",
							  .creator = "main.main",
							  .wait = "sleep",
							  .per_s = 0.01,
							  .life_s = INFINITY},
					  }};
}

static void day_begin(struct day *day, struct stacks *stacks, uint64_t seed, uint32_t minutes)
{
	static const char *const locks[] = {
		"sync.(*Mutex).Lock", "main.(*queue).next", "main.(*cache).get"};

	*day = (struct day){.stacks = stacks, .minutes = minutes, .random = seed * 77 + 5};
	day->service = day_service(day);
	day->worker = day_worker();
	simulate(&day->service, stacks, seed);
	simulate(&day->worker, stacks, seed + 1);
	for (size_t i = 0; i < 3; i++) {
		struct frame frame = {str_of(locks[i]), STR("lock.go"), (uint32_t)i + 1, 0};
		int r = stacks_add_stack(stacks, &frame, 1, false, &day->locks[i]);

		assert(r == 0);
		(void)r;
	}
	(void)stacks_add_state(stacks, STR("a wait of the future"), &day->strange_wait);
}

static void day_end(struct day *day)
{
	end_simulation(&day->service);
	end_simulation(&day->worker);
}

static int by_key(const void *left, const void *right)
{
	const struct observed_group *a = left, *b = right;

	return (a->stack->key > b->stack->key) - (a->stack->key < b->stack->key);
}

static enum look day_look(struct day *day)
{
	double share = (double)day->minute / day->minutes, chance = day_random(day);

	if (chance < 0.01)
		return LOOK_FAILED;
	if (chance < 0.02)
		return LOOK_CUT;
	if (chance < 0.05)
		return LOOK_METRICS;
	return share > 0.65 && share < 0.75 ? LOOK_COUNTS : LOOK_IDS;
}

static void day_contention(
	struct day *day, struct observation *o, struct observed_contention rows[static 3])
{
	bool anew = day->life != day->service.number;

	day->life = day->service.number;
	for (int i = 0; i < 3; i++) {
		double events = floor(day_random(day) * 100 * i);

		day->lock_count[i] = (anew ? 0 : day->lock_count[i]) + events;
		day->lock_delay_ns[i] =
			(anew ? 0 : day->lock_delay_ns[i]) + events * day_random(day) * 1e7;
		rows[i] = (struct observed_contention){
			i == 2, day->locks[i], day->lock_count[i], floor(day->lock_delay_ns[i])};
	}
	o->has_contention = true;
	o->contention = rows;
	o->contention_count = 3;
}

static void day_totals(const struct simulated_process *p, struct observation *o)
{
	o->goroutines = (int64_t)p->count;
	o->goroutines_from = STR("metrics");
	o->requests = p->requests;
	o->requests_from = STR("http_requests_total");
	o->request_seconds = p->request_seconds;
	o->in_flight = p->in_flight;
	o->cpu_seconds = p->requests * 0.0125;
	o->rss_bytes = 5e7 + 9000 * (double)p->count;
	o->errors = floor(p->requests / 1000);
	o->demand = p->requests * 1.01;
}

static void day_groups(struct day *day, struct simulated_process *p, enum look look,
	struct observation *o, uint64_t *ids, struct observed_group *groups,
	struct wait_count *waits)
{
	const struct look_options options = {.look = look, .minutes = 3};
	uint32_t count = fill_groups(p, &options, ids, groups, waits);

	o->source = look == LOOK_COUNTS ? OBSERVED_DEBUG0 : OBSERVED_DEBUG2;
	o->status = look == LOOK_CUT ? OBSERVED_CUT : OBSERVED_OK;
	o->has_groups = true;
	o->group_count = count;
	o->groups = groups;
	o->dumped = (int64_t)p->count;
	o->max_id = look == LOOK_COUNTS ? 0 : p->next_batch - 1;
	o->stop_sum_ms = 3 + day_random(day);
	o->stop_worst_ms = 2;
	o->stop_method = STR("ttfb");
	for (uint32_t i = 0; i < count; i++)
		if (groups[i].stack == p->sites[DAY_SESSION].stack && day->minute % 2)
			waits[i].state = day->strange_wait;
	qsort(groups, count, sizeof(*groups), by_key);
}

static struct observation day_empty(const struct day *day, const struct simulated_process *p)
{
	struct observation o;

	observation_init(&o, p == &day->service ? STR("shop/gateway/app") : STR("shop/worker/app"));
	o.process = p->number;
	// For some minutes another process answers behind the address, and then this one again.
	if (p == &day->service && day->minute % 97 > 90)
		o.process += 100 * (day->minute % 2);
	o.mono_ms = (p->t_s - day->mono_from_s) * 1e3;
	// The wall clock goes a little faster.
	o.wall_ms = 1763694000000 + (int64_t)(p->t_s * 1000.01);
	o.duration_ms = 5;
	return o;
}

static int day_settle(const struct day_handler *handler, struct arena *arena, struct observation *o)
{
	int r = observation_settle(o, arena);

	return r < 0 ? r : handler->observation(handler->context, o);
}

// What the runtime's own profile lists.
static int day_proof(struct day *day, const struct day_handler *handler, struct arena *arena)
{
	struct simulated_process *p = &day->service;
	struct observation o = day_empty(day, p);
	struct observed_group group = {
		.stack = p->sites[DAY_LEAK].stack, .created_by = {STR_EMPTY}};

	for (size_t i = 0; i < p->count; i++)
		group.count += p->goroutines[i].site == DAY_LEAK;
	o.source = OBSERVED_LEAK;
	o.has_groups = true;
	o.groups = &group;
	o.group_count = group.count > 0;
	return day_settle(handler, arena, &o);
}

static int day_look_at(struct day *day, struct simulated_process *p,
	const struct day_handler *handler, struct arena *arena)
{
	uint64_t *ids = calloc(p->count + 1, sizeof(*ids));
	struct observed_group groups[SITES_MAX];
	struct observed_contention rows[3];
	struct wait_count waits[SITES_MAX];
	struct observation o = day_empty(day, p);
	enum look look = day_look(day);
	int r;

	if (!ids)
		return -ENOMEM;
	if (look == LOOK_FAILED) {
		o.status = OBSERVED_FAILED;
		o.error = STR("timed out");
	} else {
		day_totals(p, &o);
	}
	if (look != LOOK_FAILED && look != LOOK_METRICS)
		day_groups(day, p, look, &o, ids, groups, waits);
	if (look != LOOK_FAILED && p == &day->service)
		day_contention(day, &o, rows);
	r = day_settle(handler, arena, &o);
	free(ids);
	return r;
}

static int day_tell_process(struct day *day, const struct simulated_process *p,
	const struct day_handler *handler, struct arena *arena)
{
	bool is_service = p == &day->service;
	struct process process = {
		.target = is_service ? STR("shop/gateway/app") : STR("shop/worker/app"),
		.number = p->number,
		.workload =
			is_service ? STR("shop/Deployment/gateway") : STR("shop/Deployment/worker"),
		.image_digest = STR("sha256:1"),
		// Becomes known later.
		.go_version = day->minute > 30 ? STR("go1.26.8") : STR_EMPTY,
		.pod_uid = STR_EMPTY,
		.container_id = STR_EMPTY,
		.start_s = is_service ? 1763694000 + p->start_s - 7 : NAN,
		.gomaxprocs = 4,
		.memory_limit_bytes = is_service ? 1 << 28 : NAN,
		.gomemlimit_bytes = NAN,
	};
	int r = process_settle(&process, arena);

	return r < 0 ? r : handler->process(handler->context, &process);
}

static int day_headers(struct day *day, const struct day_handler *handler)
{
	bool starts_anew = day->minute == (uint32_t)(day->minutes * 0.55) ||
			   day->minute == (uint32_t)(day->minutes * 0.9);

	if (day->minute > 0 && !starts_anew)
		return 0;
	day->mono_from_s = day->service.t_s - 0.25;
	return handler->header(
		handler->context, 1763694000000 + (int64_t)(day->service.t_s * 1000.01) - 200, 50);
}

static int day_tick(struct day *day, const struct day_handler *handler)
{
	struct simulated_process *processes[] = {&day->service, &day->worker};
	struct arena arena = ARENA_INIT(0);
	int r = day_headers(day, handler);

	for (size_t i = 0; i < 2 && r == 0; i++) {
		r = day_tell_process(day, processes[i], handler, &arena);
		if (r == 0)
			r = day_look_at(day, processes[i], handler, &arena);
	}
	if (r == 0 && day->minute % 50 == 49)
		r = day_proof(day, handler, &arena);
	arena_release(&arena);
	day->minute++;
	if (day->minute == (uint32_t)(day->minutes * 0.42))
		begin_life(&day->service);
	for (size_t i = 0; i < 2; i++)
		advance(processes[i], DAY_TICK_S);
	(void)look_at;
	return r;
}
