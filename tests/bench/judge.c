// SPDX-License-Identifier: Apache-2.0
// What judging costs: a made-up service of so many goroutines in so many stacks, of which half the
// stacks keep theirs and half replace most of them between two looks, once a minute.
//
//	bench-judge ticks STACKS GOROUTINES MINUTES	judge it; prints one JSON line
//	bench-judge day STACKS GOROUTINES MINUTES	print its observations.jsonl
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/observe/observations.h"
#include "collector/observe/observe.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_S 60.0
#define STACKS_MAX 4096

struct service {
	struct stacks *stacks;
	struct observed_group groups[STACKS_MAX];
	struct wait_count waits[STACKS_MAX];
	uint64_t *ids[STACKS_MAX];
	uint32_t stack_count, per_stack;
	uint64_t next_id, random;
	double t_s, requests;
};

static uint64_t next_random(struct service *service)
{
	service->random ^= service->random << 13;
	service->random ^= service->random >> 7;
	service->random ^= service->random << 17;
	return service->random >> 11;
}

static int by_key(const void *left, const void *right)
{
	const struct observed_group *a = left, *b = right;

	return (a->stack->key > b->stack->key) - (a->stack->key < b->stack->key);
}

static int add_stack(struct service *service, uint32_t index)
{
	struct observed_group *group = &service->groups[index];
	struct frame frames[8];
	char names[8][64];

	for (uint32_t i = 0; i < 8; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "shop/gateway/internal.(*Part%u).call%u",
			i == 0 ? index : index % 7, i);
		frames[i] = (struct frame){
			str_of(names[i]), STR("/src/gateway/internal/part.go"), 10 + i, 0};
	}
	service->ids[index] = calloc(service->per_stack, sizeof(uint64_t));
	service->waits[index] =
		(struct wait_count){state_find(STR("chan receive")), service->per_stack};
	*group = (struct observed_group){.count = service->per_stack,
		.has_waits = true,
		.wait_count = 1,
		.waits = &service->waits[index],
		.created_by = {STR("shop/gateway.(*Server).start"), STR("/src/gateway/a.go"), 7, 0},
		.has_ids = true,
		.ids = service->ids[index],
		.id_count = service->per_stack};
	if (!service->ids[index])
		return -ENOMEM;
	return stacks_add_stack(service->stacks, frames, 8, false, &group->stack);
}

static int begin(struct service *service, uint32_t stacks, uint32_t goroutines)
{
	int r = 0;

	*service = (struct service){.stacks = stacks_new(MIB(64)),
		.stack_count = stacks,
		.per_stack = goroutines / stacks,
		.next_id = 1,
		.random = 88172645463325252u};
	for (uint32_t i = 0; service->stacks && r == 0 && i < stacks; i++)
		r = add_stack(service, i);
	if (r == 0)
		qsort(service->groups, stacks, sizeof(service->groups[0]), by_key);
	return service->stacks ? r : -ENOMEM;
}

static void end(struct service *service)
{
	for (uint32_t i = 0; i < service->stack_count; i++)
		free(service->ids[i]);
	stacks_free(&service->stacks);
}

// Some end, as many begin behind them.
static void replace(struct service *service, struct observed_group *group, bool busy)
{
	uint64_t *ids = (uint64_t *)group->ids;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < group->count; i++)
		if (ids[i] > 0 && (next_random(service) % 100) >= (busy ? 70 : 1))
			ids[kept++] = ids[i];
	for (; kept < group->count; kept++)
		ids[kept] = service->next_id += 1 + next_random(service) % 8;
}

static struct observation look(struct service *service)
{
	struct observation o;

	for (uint32_t i = 0; i < service->stack_count; i++)
		replace(service, &service->groups[i], i % 2);
	service->t_s += TICK_S;
	service->requests += 40 * TICK_S;
	observation_init(&o, STR("shop/gateway-7f/app"));
	o.process = 1;
	o.source = OBSERVED_DEBUG2;
	o.mono_ms = service->t_s * 1e3;
	o.wall_ms = 1763694000000 + (int64_t)o.mono_ms;
	o.duration_ms = 8.5;
	o.goroutines = o.dumped = service->stack_count * service->per_stack;
	o.goroutines_from = STR("metrics");
	o.max_id = service->next_id;
	o.requests = service->requests;
	o.requests_from = STR("http_requests_total");
	o.in_flight = 12;
	o.cpu_seconds = service->requests / 80;
	o.rss_bytes = 1e8;
	o.has_groups = true;
	o.group_count = service->stack_count;
	o.groups = service->groups;
	return o;
}

static size_t held(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static int by_size(const void *left, const void *right)
{
	return (*(const double *)left > *(const double *)right) -
	       (*(const double *)left < *(const double *)right);
}

static int count_bytes(void *context, const void *data, size_t len, struct error *error)
{
	(void)data, (void)error;
	*(size_t *)context += len;
	return 0;
}

// Of one state line with its stacks.
static size_t state_bytes(const struct judge *judge, const struct stacks *stacks)
{
	size_t bytes = 0;
	struct observations_clock clock = {0};
	struct error error;
	struct observations_writer *writer =
		observations_writer_new(stacks, (struct sink){count_bytes, &bytes});

	if (!writer || observations_write_state(writer, judge, 0, &clock, &error) < 0)
		bytes = 0;
	observations_writer_free(&writer);
	return bytes;
}

static int judge_ticks(struct service *service, uint32_t minutes)
{
	cleanup(free_pointer) double *ms = calloc(minutes, sizeof(*ms));
	size_t before = held();
	struct judge *judge = judge_new(service->stacks, NULL);
	int r = judge && ms ? 0 : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < minutes; i++) {
		struct observation o = look(service);
		double begun = clock_mono_ms();

		r = judge_observe(judge, &o);
		ms[i] = clock_mono_ms() - begun;
	}
	if (r == 0) {
		size_t bytes = held() - before;

		qsort(ms, minutes, sizeof(*ms), by_size);
		printf("{\"goroutines\":%u,\"stacks\":%u,\"ms\":%.4f,\"ms_worst\":%.4f,"
		       "\"bytes\":%zu,\"state_bytes\":%zu}\n",
			service->stack_count * service->per_stack, service->stack_count,
			ms[minutes / 2], ms[minutes - 1], bytes,
			state_bytes(judge, service->stacks));
	}
	judge_free(&judge);
	return r;
}

static int print(void *context, const void *data, size_t len, struct error *error)
{
	if (fwrite(data, 1, len, context) != len)
		return error_set(error, -EIO, "write: I/O error");
	return 0;
}

static int write_day(struct service *service, uint32_t minutes)
{
	struct error error = {0};
	struct observations_writer *writer =
		observations_writer_new(service->stacks, (struct sink){print, stdout});
	int r = writer ? observations_write_header(writer, "bench", 1763694000000, 0, &error)
		       : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < minutes; i++) {
		struct observation o = look(service);

		r = observations_write_tick(writer, &o, &error);
	}
	observations_writer_free(&writer);
	return r;
}

int main(int argc, char **argv)
{
	struct service service;
	uint64_t stacks, goroutines, minutes;
	int r;

	if (argc != 5 || !str_to_u64(str_of(argv[2]), STACKS_MAX, &stacks) || stacks == 0 ||
		!str_to_u64(str_of(argv[3]), 10000000, &goroutines) || goroutines < stacks ||
		!str_to_u64(str_of(argv[4]), 100000, &minutes) || minutes == 0) {
		fprintf(stderr, "usage: bench-judge ticks|day STACKS GOROUTINES MINUTES\n");
		return 2;
	}
	r = begin(&service, (uint32_t)stacks, (uint32_t)goroutines);
	if (r == 0 && strcmp(argv[1], "day") == 0)
		r = write_day(&service, (uint32_t)minutes);
	else if (r == 0)
		r = judge_ticks(&service, (uint32_t)minutes);
	end(&service);
	if (r < 0)
		fprintf(stderr, "bench-judge: %s\n", strerror(-r));
	return r < 0;
}
