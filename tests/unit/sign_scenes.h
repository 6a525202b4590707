// SPDX-License-Identifier: Apache-2.0
// A simulated process whose goroutines, heap and waits each grow or do not: what the tests of the
// four signs look at. The heap goes up and down with its collections; a pool of workers and one of
// lock users keep their number, and wait for a larger share of their time where waits are to grow.
#pragma once

#include "simulated_process.h"

enum { SIGN_SITE_HANDLER, SIGN_SITE_LEAK, SIGN_SITE_WORKERS, SIGN_SITE_LOCK };

#define SIGN_WORKERS 40
#define SIGN_LOCK_USERS 20
#define SIGN_MIB 1048576.0

struct sign_scene {
	bool goroutines, heap, block, mutex; // grow
	bool no_profiles, no_block, no_heap;
	bool resident; // resident memory in place of the heap
	double seconds, interval_s;
	struct stacks *stacks;
	struct judge *judge;
	struct simulated_process process;
	struct report report;
};

static double share_waiting(bool grows, double part)
{
	return grows ? 0.2 + 0.6 * part : 0.3;
}

// Waits that ended within the step: of so many goroutines, each waits that share of the time.
static void wait_in(
	struct simulated_process *p, int site, uint32_t count, double share, double step_s)
{
	for (uint32_t i = 0; i < count; i++)
		if (uniform(p) < share) {
			p->sites[site].events++;
			p->sites[site].delay_s += step_s;
		}
}

static void begin_scene(struct sign_scene *scene, uint64_t seed)
{
	static const struct frame unlock[] = {{STR("sync.(*Mutex).Unlock"), STR("mutex.go"), 2},
		{STR("main.(*ledger).post"), STR("ledger.go"), 61}};
	struct simulated_process *p = &scene->process;

	scene->stacks = stacks_new(1 << 24);
	scene->judge = judge_new(scene->stacks, NULL);
	*p = (struct simulated_process){.load = p->load,
		.sites = {
			{.function = "main.handle",
				.wait = "select",
				.per_s = 20,
				.life_s = 5,
				.request = true},
			{.function = "main.fanout",
				.wait = "chan send",
				.per_s = scene->goroutines ? 0.5 : 0,
				.life_s = INFINITY},
			{.function = "main.worker",
				.wait = "chan receive",
				.life_s = INFINITY,
				.at_start = SIGN_WORKERS,
				.profiled = true},
			{.function = "main.(*ledger).post",
				.inner = "sync.(*Mutex).Lock",
				.wait = "sync.Mutex.Lock",
				.life_s = INFINITY,
				.at_start = SIGN_LOCK_USERS,
				.profiled = true},
		}};
	(void)stacks_add_stack(scene->stacks, unlock, 2, false, &p->sites[SIGN_SITE_LOCK].holder);
	simulate(p, scene->stacks, seed);
	advance(p, 60);
}

// Garbage gathers for a minute and is collected.
static void set_memory(struct sign_scene *scene, double part)
{
	struct simulated_process *p = &scene->process;
	double live = (80 + (scene->heap ? 60 * part : 0)) * SIGN_MIB;
	double bytes = live * (1 + 0.3 * fmod(p->t_s, 60) / 60 + 0.02 * (uniform(p) - 0.5));

	p->heap_bytes = scene->no_heap || scene->resident ? 0 : bytes;
	p->rss_bytes = scene->resident ? bytes : 0;
}

// 0, or -ENOMEM. Release with end_scene() in any case.
static int play_scene(struct sign_scene *scene, uint64_t seed)
{
	struct look_options options = {LOOK_IDS, true, true, 0, !scene->no_profiles};
	struct simulated_process *p = &scene->process;
	double part;
	int r = 0;

	begin_scene(scene, seed);
	for (uint32_t i = 0; i < p->site_count; i++)
		p->sites[i].profiled = p->sites[i].profiled && !scene->no_block;
	for (double s = 0; r == 0 && s < scene->seconds; s += scene->interval_s) {
		part = s / scene->seconds;
		advance(p, scene->interval_s);
		wait_in(p, SIGN_SITE_WORKERS, SIGN_WORKERS, share_waiting(scene->block, part),
			scene->interval_s);
		wait_in(p, SIGN_SITE_LOCK, SIGN_LOCK_USERS, share_waiting(scene->mutex, part),
			scene->interval_s);
		set_memory(scene, part);
		r = look_at(p, scene->judge, &options);
	}
	return r < 0 ? r : judge_report(scene->judge, &scene->report, NULL);
}

static void end_scene(struct sign_scene *scene)
{
	report_release(&scene->report);
	judge_free(&scene->judge);
	stacks_free(&scene->stacks);
	end_simulation(&scene->process);
}
