// SPDX-License-Identifier: Apache-2.0
// Looks at a simulated process, with what a look costs and what can go wrong.
#include "tests/accuracy/watcher.h"

#include "collector/observe/observe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_0_S 1763694000.0
#define BYTES_PER_FRAME 100.0

const char *const way_names[WAY_COUNT] = {"ladder", "ids", "handover", "counts", "metrics"};

bool mishap_set(const char *name, struct mishaps *mishaps)
{
	if (strcmp(name, "third-missing") == 0)
		mishaps->every_third = true;
	else if (strcmp(name, "tenth-cut") == 0)
		mishaps->cut = 0.1;
	else if (strcmp(name, "clock-steps") == 0)
		mishaps->clock_steps = true;
	else if (strcmp(name, "counter-resets") == 0)
		mishaps->counter_resets = true;
	else if (strcmp(name, "two-processes") == 0)
		mishaps->two_processes = true;
	else if (strcmp(name, "duplicate-ids") == 0)
		mishaps->duplicate_ids = true;
	else
		return false;
	return true;
}

void watcher_begin(struct watcher *watcher, enum way way, double interval_s,
	const struct mishaps *mishaps, const struct day *day)
{
	double around_s = day->plan.leak == LEAK_NONE ? 4 * 3600.0 : day->plan.leak_from_s;

	*watcher = (struct watcher){.way = way, .interval_s = interval_s};
	if (mishaps)
		watcher->mishaps = *mishaps;
	watcher->random = random_seeded(day->plan.seed, 77 + day->plan.scenario);
	watcher->frames = random_between(&watcher->random, 5, 11);
	watcher->us_per_frame = random_between(&watcher->random, 0.5, 0.8);
	watcher->handover_s = around_s + random_between(&watcher->random, -1800, 600);
	watcher->back_s = watcher->handover_s + random_between(&watcher->random, 3600, 7200);
	ladder_init(&watcher->ladder);
}

static struct ladder_cost true_cost(const struct watcher *watcher, double goroutines)
{
	struct ladder truth = watcher->ladder;

	truth.frames_per_goroutine = watcher->frames;
	truth.bytes_per_frame = BYTES_PER_FRAME;
	truth.us_per_frame = watcher->us_per_frame;
	return ladder_predict(&truth, goroutines);
}

static bool wants_ids(struct watcher *watcher, double t_s, double goroutines, double *next_s)
{
	const struct ladder_budget budget = {50, 0.001};
	struct ladder_decision decision;

	switch (watcher->way) {
	case WAY_IDS:
		return true;
	case WAY_HANDOVER:
		return t_s < watcher->handover_s || t_s > watcher->back_s;
	case WAY_COUNTS:
	case WAY_METRICS:
	case WAY_COUNT:
		return false;
	case WAY_LADDER:
		break;
	}
	ladder_know_frames(&watcher->ladder, watcher->frames);
	ladder_decide(&watcher->ladder, &budget, goroutines, watcher->interval_s, NAN, &decision);
	*next_s = fmax(watcher->interval_s, decision.interval_s);
	return decision.ids;
}

static void *enlarged_ids(struct watcher *watcher, size_t need)
{
	if (need > watcher->id_capacity) {
		watcher->id_capacity = 2 * need;
		free(watcher->ids);
		watcher->ids = calloc(watcher->id_capacity, sizeof(*watcher->ids));
		if (!watcher->ids)
			abort();
	}
	return watcher->ids;
}

static int by_key(const void *a, const void *b)
{
	const struct observed_group *x = a, *y = b;

	return (x->stack->key > y->stack->key) - (x->stack->key < y->stack->key);
}

static void add_group(struct watcher *watcher, uint32_t *count, const struct site *site,
	const struct stack *stack, uint64_t *ids, uint32_t size)
{
	struct observed_group *group = &watcher->groups[*count];

	watcher->waits[*count] = (struct wait_count){state_find(str_of(site->wait)), size};
	*group = (struct observed_group){.stack = stack,
		.count = size,
		.has_waits = true,
		.wait_count = 1,
		.waits = &watcher->waits[*count],
		.created_by = {.function = str_of(site->creator),
			.file = STR("main.go"),
			.line = 5},
		.has_ids = watcher->gives_ids,
		.id_count = watcher->gives_ids ? size : 0,
		.ids = ids};
	*count += size > 0;
}

// A site's goroutines at its stack, and those met elsewhere.
static size_t add_site_groups(
	struct watcher *watcher, const struct site *site, size_t at, uint32_t *count)
{
	uint64_t *here = &watcher->ids[at], *there = &watcher->ids[at + site->count];
	uint32_t stay = 0, away = 0;

	for (uint32_t i = 0; i < site->count; i++)
		if (site->elsewhere > 0 && random_uniform(&watcher->random) < site->elsewhere)
			there[away++] = site->goroutines[i].id;
		else
			here[stay++] = site->goroutines[i].id;
	add_group(watcher, count, site, site->stack, here, stay);
	if (away > 0)
		add_group(watcher, count, site, site->other_stack, there, away);
	return at + site->count + away;
}

static uint32_t fill_groups(struct watcher *watcher, const struct service *service)
{
	uint32_t count = 0;
	size_t at = 0;

	(void)enlarged_ids(watcher, 2 * service_goroutines(service) + 16);
	for (int i = 0; i < service->site_count; i++)
		at = add_site_groups(watcher, &service->sites[i], at, &count);
	if (count > 1)
		qsort(watcher->groups, count, sizeof(watcher->groups[0]), by_key);
	return count;
}

static void fill_metrics(const struct day *day, struct observation *o)
{
	const struct service *service = &day->service;

	o->goroutines = (int64_t)service_goroutines(service);
	o->goroutines_from = STR("metrics");
	o->cpu_seconds = service->cpu_s;
	o->rss_bytes = 6e7 + 18e3 * (double)o->goroutines;
	if (day->has_requests) {
		o->requests = service->requests;
		o->request_seconds = service->request_seconds;
		o->requests_from = STR("http_requests_total");
	}
	if (day->has_in_flight)
		o->in_flight = service->in_flight;
}

static void charge(struct watcher *watcher, double goroutines, struct observation *o)
{
	struct ladder_cost cost = true_cost(watcher, goroutines);
	double sum_ms = cost.sum_ms * (1 + 0.2 * random_uniform(&watcher->random));

	o->stop_sum_ms = sum_ms;
	o->stop_worst_ms = cost.worst_ms;
	o->stop_method = STR("ttfb");
	ladder_learn(&watcher->ladder, goroutines, goroutines * watcher->frames, cost.bytes, sum_ms,
		false);
}

// The newest goroutines are missing in a dump that was cut.
static void cut(struct observation *o, struct observed_group *groups)
{
	o->status = OBSERVED_CUT;
	for (uint32_t i = 0; i < o->group_count; i++) {
		groups[i].count = (groups[i].count * 3 + 3) / 4;
		groups[i].id_count = groups[i].has_ids ? groups[i].count : 0;
	}
}

static void fail(struct observation *o)
{
	struct observation failed;

	observation_init(&failed, o->target);
	failed.process = o->process;
	failed.seq = o->seq;
	failed.mono_ms = o->mono_ms;
	failed.wall_ms = o->wall_ms;
	failed.status = OBSERVED_FAILED;
	failed.error = STR("timed out");
	*o = failed;
}

static void reset_counters(struct watcher *watcher, struct observation *o)
{
	if (random_uniform(&watcher->random) < 0.01) {
		watcher->requests_before = o->requests;
		watcher->seconds_before = o->request_seconds;
	}
	if (o->requests < watcher->requests_before) // a new process
		watcher->requests_before = watcher->seconds_before = 0;
	o->requests -= watcher->requests_before;
	o->request_seconds = fmax(0, o->request_seconds - watcher->seconds_before);
}

// One ID of a group stands in the next one as well, where order allows.
static void duplicate(struct observation *o, struct observed_group *groups)
{
	for (uint32_t i = 1; i < o->group_count; i++) {
		uint64_t *ids = (uint64_t *)groups[i].ids, id;

		if (!groups[i].has_ids || groups[i].id_count < 2 || groups[i - 1].id_count == 0)
			continue;
		id = groups[i - 1].ids[0];
		if (id < ids[1])
			ids[0] = id;
	}
}

static void spoil(struct watcher *watcher, struct observation *o)
{
	const struct mishaps *mishaps = &watcher->mishaps;

	if (mishaps->clock_steps && random_uniform(&watcher->random) < 0.01)
		watcher->wall_shift_s = random_between(&watcher->random, -3600, 3600);
	o->wall_ms += (int64_t)(watcher->wall_shift_s * 1e3);
	if (mishaps->counter_resets)
		reset_counters(watcher, o);
	if (mishaps->duplicate_ids && random_uniform(&watcher->random) < 0.05)
		duplicate(o, watcher->groups);
	if (random_uniform(&watcher->random) < mishaps->missed ||
		(mishaps->every_third && o->seq % 3 == 2))
		fail(o);
	else if (random_uniform(&watcher->random) < mishaps->cut && o->has_groups)
		cut(o, watcher->groups);
}

double watcher_look(struct watcher *watcher, const struct day *day, struct observation *observation)
{
	const struct service *service = &day->service;
	double goroutines = (double)service_goroutines(service), next_s = watcher->interval_s;
	struct observation *o = observation;

	observation_init(o, STR("shop/gateway-1/app"));
	o->process = service->number;
	o->seq = watcher->seq++;
	o->mono_ms = service->t_s * 1e3;
	o->wall_ms = (int64_t)((WALL_0_S + service->t_s) * 1e3);
	o->duration_ms = 12;
	fill_metrics(day, o);
	watcher->gives_ids = wants_ids(watcher, service->t_s, goroutines, &next_s);
	o->source = watcher->gives_ids            ? OBSERVED_DEBUG2
		    : watcher->way == WAY_METRICS ? OBSERVED_METRICS
						  : OBSERVED_DEBUG0;
	o->has_groups = o->source != OBSERVED_METRICS;
	if (o->has_groups) {
		o->group_count = fill_groups(watcher, service);
		o->groups = watcher->groups;
		o->dumped = o->goroutines;
	}
	if (watcher->gives_ids) {
		o->max_id = service_largest_id(service);
		charge(watcher, goroutines, o);
	}
	spoil(watcher, o);
	return next_s;
}

void watcher_process(const struct day *day, struct process *process)
{
	static const char *const images[] = {"sha256:a", "sha256:b", "sha256:c", "sha256:d",
		"sha256:e", "sha256:f", "sha256:g", "sha256:h"};

	*process = (struct process){.target = STR("shop/gateway-1/app"),
		.number = day->service.number,
		.workload = STR("shop/Deployment/gateway"),
		.image_digest = str_of(images[day->build / 3 % 8]),
		.start_s = day->has_start ? WALL_0_S + day->service.start_s : NAN,
		.gomaxprocs = day->service.procs,
		.memory_limit_bytes = 2e9,
		.gomemlimit_bytes = NAN};
}

void watcher_end(struct watcher *watcher)
{
	free(watcher->ids);
	watcher->ids = NULL;
}
