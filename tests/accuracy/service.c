// SPDX-License-Identifier: Apache-2.0
// Births, lives and deaths of a simulated process.
#include "tests/accuracy/service.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16 // IDs that a P takes at once (runtime newproc1, _GoidCacheBatch)
#define STANDING_STEP 0.5 // of what a pool lacks, a minute

struct lives life_of(double mean_s)
{
	return life_capped(mean_s, INFINITY);
}

struct lives life_fixed(double seconds)
{
	return life_capped(INFINITY, seconds);
}

struct lives life_capped(double mean_s, double cap_s)
{
	return (struct lives){.parts = {{1, mean_s, cap_s}}, .count = 1};
}

static void *enlarged(void *items, uint32_t *capacity, uint32_t need, size_t size)
{
	if (need <= *capacity)
		return items;
	*capacity = need + need / 2 + 64;
	items = reallocarray(items, *capacity, size);
	if (!items)
		abort();
	return items;
}

int service_add_site(struct service *service, const char *function, const char *creator,
	const char *wait, unsigned line)
{
	struct site *site = &service->sites[service->site_count];
	struct frame frames[2] = {{str_of(function), STR("main.go"), line, 0},
		{STR("net/http.(*conn).serve"), STR("server.go"), 2102, 0}};
	bool handler = strstr(function, ".serve") != NULL;
	bool served = handler || strstr(function, "connReader") != NULL;

	if (service->site_count == SITES_MAX)
		abort();
	*site = (struct site){.function = function,
		.creator = creator,
		.wait = wait,
		.is_handler = handler,
		.standing = NAN,
		.lives = life_of(INFINITY),
		.dispersion = 1,
		.partner = -1,
		.borrows = -1};
	if (stacks_add_stack(service->stacks, frames, served ? 2 : 1, false, &site->stack) < 0)
		abort();
	return service->site_count++;
}

static void add_birth(struct service *service, struct birth birth)
{
	service->births = enlarged(service->births, &service->birth_capacity,
		service->birth_count + 1, sizeof(*service->births));
	service->births[service->birth_count++] = birth;
}

// One that lives at the end of the step, and what is born with it.
static void add_births(struct service *service, int site, double at, struct living goroutine)
{
	add_birth(service, (struct birth){at, goroutine, site});
	if (service->sites[site].partner >= 0)
		add_birth(service,
			(struct birth){at + 1e-9, goroutine, service->sites[site].partner});
}

// Mean sum of the lives that begin and end within a step, per arrival (arrivals are spread evenly).
static double short_life_s(const struct life_part *part, double step_s)
{
	double m = part->mean_s;

	if (isinf(m))
		return part->cap_s < step_s ? part->cap_s * (1 - part->cap_s / step_s) : 0;
	if (part->cap_s < step_s)
		return m * (1 - exp(-part->cap_s / m));
	return m - 2 * m * m / step_s * (1 - exp(-step_s / m)) + m * exp(-step_s / m);
}

static double age_of(struct random *random, double mean_s, double most_s)
{
	if (isinf(mean_s))
		return most_s * random_uniform(random);
	return -mean_s * log1p(-random_uniform(random) * -expm1(-most_s / mean_s));
}

// Arrivals of one kind of life: those alive at the end become goroutines, the others requests that
// are over.
static void arrive(struct service *service, int index, const struct life_part *part,
	double arrivals, double step_s)
{
	struct site *site = &service->sites[index];
	double most_s = fmin(step_s, part->cap_s), m = part->mean_s;
	double alive = isinf(m) ? most_s : m * -expm1(-most_s / m);
	uint32_t count =
		random_count(&service->random, arrivals * alive / step_s, site->dispersion);

	for (uint32_t i = 0; i < count; i++) {
		double age_s = age_of(&service->random, m, most_s);
		double left_s = fmin(random_exponential(&service->random, m), part->cap_s - age_s);

		add_births(service, index, 1 - age_s / step_s,
			(struct living){
				.born_s = service->t_s - age_s, .dies_s = service->t_s + left_s});
	}
	if (site->is_handler)
		service->request_seconds += arrivals * short_life_s(part, step_s);
}

static void leak(struct service *service, int index, double count)
{
	uint32_t leaked = random_poisson(&service->random, count);

	service->leaks_expected += count;
	for (uint32_t i = 0; i < leaked; i++)
		add_births(service, index, random_uniform(&service->random),
			(struct living){.dies_s = INFINITY, .leaked = true});
	service->sites[index].leaked += leaked;
	service->leaked += leaked;
}

static int by_id(const void *a, const void *b)
{
	const struct living *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void put(struct site *site, struct living goroutine)
{
	site->goroutines = enlarged(
		site->goroutines, &site->capacity, site->count + 1, sizeof(*site->goroutines));
	site->disordered |= site->count > 0 && site->goroutines[site->count - 1].id > goroutine.id;
	site->goroutines[site->count++] = goroutine;
}

static struct living take(struct service *service, struct site *site)
{
	uint32_t at = (uint32_t)(random_uniform(&service->random) * site->count);
	struct living taken = site->goroutines[at];

	memmove(&site->goroutines[at], &site->goroutines[at + 1],
		(site->count - at - 1) * sizeof(taken));
	site->count--;
	return taken;
}

static void keep_standing(struct service *service, int index, double step_s)
{
	struct site *site = &service->sites[index];
	double lacks = round(site->standing) - site->count;
	uint32_t change =
		(uint32_t)ceil(fabs(lacks) * (1 - pow(1 - STANDING_STEP, step_s / 60)) - 1e-9);

	for (uint32_t i = 0; i < change && lacks > 0; i++)
		add_births(service, index, random_uniform(&service->random),
			(struct living){.dies_s = INFINITY});
	for (uint32_t i = 0; i < change && lacks < 0 && site->count > 0; i++)
		(void)take(service, site);
}

static void end_lives(struct service *service, int index)
{
	struct site *site = &service->sites[index];
	uint32_t kept = 0;

	for (uint32_t i = 0; i < site->count; i++) {
		struct living *g = &site->goroutines[i];

		if (g->dies_s > service->t_s) {
			site->goroutines[kept++] = *g;
			continue;
		}
		if (site->is_handler)
			service->request_seconds += g->dies_s - g->born_s;
		if (site->borrows >= 0 && g->then_s > service->t_s)
			put(&service->sites[site->borrows],
				(struct living){.id = g->id, .dies_s = g->then_s});
	}
	site->count = kept;
}

static int by_moment(const void *a, const void *b)
{
	const struct birth *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

// Births in order to IDs: Ps take turns, and each counts through a batch of its own.
static uint64_t id_of(const struct service *service, uint64_t nth)
{
	uint64_t round = (uint64_t)BATCH * service->procs, within = nth % round;

	return nth - within + within % service->procs * BATCH + within / service->procs + 1;
}

// A request that is run by its connection's goroutine has that one's ID.
static bool borrow(struct service *service, struct birth *birth)
{
	struct site *site = &service->sites[birth->site];
	struct site *owner = site->borrows >= 0 ? &service->sites[site->borrows] : NULL;
	struct living lent;

	if (!owner || owner->count == 0 || birth->goroutine.leaked)
		return false;
	lent = take(service, owner);
	birth->goroutine.id = lent.id;
	birth->goroutine.then_s = lent.dies_s;
	put(site, birth->goroutine);
	return true;
}

static void enter_births(struct service *service, double unseen)
{
	double room;
	uint64_t last = 0;

	if (service->birth_count > 1)
		qsort(service->births, service->birth_count, sizeof(*service->births), by_moment);
	room = floor(unseen);
	for (uint32_t i = 0; i < service->birth_count; i++) {
		struct birth *birth = &service->births[i];
		double at = fmin(fmax(birth->at, 0), 1);

		if (borrow(service, birth))
			continue;
		last = service->born + (uint64_t)(at * room) + i;
		birth->goroutine.id = id_of(service, last);
		put(&service->sites[birth->site], birth->goroutine);
	}
	service->born += (uint64_t)room + service->birth_count;
	service->birth_count = 0;
}

static void count_in_flight(struct service *service)
{
	service->in_flight = 0;
	for (int i = 0; i < service->site_count; i++)
		if (service->sites[i].is_handler)
			service->in_flight += service->sites[i].count;
}

void service_step(struct service *service, double step_s)
{
	double qps = service->demand_per_s * exp(-service->alpha * (double)service->leaked);
	double requests = random_poisson(&service->random, qps * step_s);
	double in_flight = service->in_flight, unseen = service->births_per_request * requests;

	service->t_s += step_s;
	for (int i = 0; i < service->site_count; i++) {
		struct site *site = &service->sites[i];
		double arrivals = site->per_s * step_s + site->per_request * requests;

		end_lives(service, i);
		for (int k = 0; k < site->lives.count; k++)
			arrive(service, i, &site->lives.parts[k],
				arrivals * site->lives.parts[k].share, step_s);
		leak(service, i, site->leaks_per_s * step_s + site->leaks_per_request * requests);
		if (!isnan(site->standing))
			keep_standing(service, i, step_s);
		unseen += arrivals;
	}
	enter_births(service, unseen);
	for (int i = 0; i < service->site_count; i++) {
		struct site *site = &service->sites[i];

		if (site->disordered)
			qsort(site->goroutines, site->count, sizeof(*site->goroutines), by_id);
		site->disordered = false;
	}
	count_in_flight(service);
	service->requests += fmax(0, requests - (service->in_flight - in_flight));
	service->attempts += random_poisson(&service->random, service->demand_per_s * step_s);
	service->cpu_s += requests * service->cpu_per_request_s *
			  exp(service->alpha * (double)service->leaked) *
			  (1 + 0.02 * random_normal(&service->random));
}

void service_restart(struct service *service)
{
	for (int i = 0; i < service->site_count; i++) {
		service->sites[i].count = 0;
		service->sites[i].leaked = 0;
	}
	service->number++;
	service->start_s = service->t_s;
	service->born = 60;
	service->leaked = 0;
	service->requests = service->request_seconds = service->cpu_s = service->attempts = 0;
	service->in_flight = 0;
}

void service_burst(struct service *service, int site, uint32_t count, double seconds)
{
	double at = random_uniform(&service->random);

	for (uint32_t i = 0; i < count; i++)
		add_births(service, site, at + 1e-7 * i,
			(struct living){
				.born_s = service->t_s, .dies_s = service->t_s + 60 + seconds});
}

uint64_t service_goroutines(const struct service *service)
{
	uint64_t count = 0;

	for (int i = 0; i < service->site_count; i++)
		count += service->sites[i].count;
	return count;
}

uint64_t service_largest_id(const struct service *service)
{
	uint64_t largest = 0;

	for (int i = 0; i < service->site_count; i++)
		for (uint32_t j = 0; j < service->sites[i].count; j++)
			if (service->sites[i].goroutines[j].id > largest)
				largest = service->sites[i].goroutines[j].id;
	return largest;
}

void service_release(struct service *service)
{
	for (int i = 0; i < service->site_count; i++)
		free(service->sites[i].goroutines);
	free(service->births);
	*service = (struct service){0};
}
