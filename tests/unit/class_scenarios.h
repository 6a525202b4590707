// SPDX-License-Identifier: Apache-2.0
// Simulated processes that show one class each, or a class's nearest neighbour: what the unit test
// of the classes judges, and what the golden file of their sentences is made from.
#pragma once

#include "simulated_process.h"

#define SETTLED_S 2400 // what is healthy has long settled

enum { POOL, CONNECTION, REQUEST, EXTRA, TWIN, SITES };

struct scenario {
	const char *name;
	void (*change)(struct simulated_process *process); // of the healthy service
	double seconds, interval_s; // how long it is looked at after SETTLED_S
	enum look look;
	bool blind; // no request counters
	double restart_s; // a second life begins so long after; 0: none
	void (*change_again)(struct simulated_process *process); // before it
	int site; // whose finding is asked for
	uint32_t minutes; // printed for goroutines that wait
	bool proven; // the runtime marks all of the site as leaked
	enum verdict verdict;
	enum finding_class class;
	const char *because; // must stand in it; NULL: nothing
};

static struct simulated_process healthy_service(void)
{
	return (struct simulated_process){
		.sites = {
			[POOL] = {.function = "main.worker",
				.creator = "main.main",
				.wait = "chan receive",
				.life_s = INFINITY,
				.at_start = 50},
			[CONNECTION] = {.function = "net/http.(*conn).serve",
				.wait = "IO wait",
				.per_request = 0.025,
				.life_s = 120},
			[REQUEST] = {.function = "main.handle",
				.outer = "net/http.(*conn).serve",
				.wait = "select",
				.per_s = 40,
				.life_s = 0.2,
				.request = true},
			[EXTRA] = {.function = "main.fanout.func1",
				.creator = "main.fanout",
				.wait = "chan send",
				.life_s = INFINITY},
			[TWIN] = {.function = "main.other", .wait = "select", .life_s = 1},
		}};
}

static double since_settled(double t_s)
{
	return t_s - SETTLED_S;
}

static double hundredfold_later(double t_s)
{
	return since_settled(t_s) > 120 ? 100 : 1;
}

static double rising_threefold(double t_s)
{
	return 1 + 2 * fmin(1, fmax(0, since_settled(t_s)) / 600);
}

static double eight_thousandfold_soon(double t_s)
{
	return since_settled(t_s) > 30 ? 8000 : 1;
}

static double trebling_soon(double t_s)
{
	return 1 + 2 * fmin(1, fmax(0, since_settled(t_s)) / 150);
}

static double rising_in_waves(double t_s)
{
	double s = fmax(0, since_settled(t_s));

	return 1 + s / 150 + 0.3 * sin(s / 90);
}

static double swinging_up(double t_s)
{
	return 1 + fmax(0, since_settled(t_s)) / 1800 +
	       0.4 * sin(fmax(0, since_settled(t_s)) / 300);
}

static double sixteenfold(double t_s)
{
	return 1 + 15 * fmax(0, since_settled(t_s)) / 600;
}

static double fading(double t_s)
{
	return exp(-fmax(0, since_settled(t_s)) / 150);
}

static double fading_slowly(double t_s)
{
	return exp(-fmax(0, since_settled(t_s)) / 900);
}

static double from_now_on(double t_s)
{
	return since_settled(t_s) >= 0;
}

static double first_minutes(double t_s)
{
	return since_settled(t_s) >= 0 && since_settled(t_s) < 600;
}

static double one_burst(double t_s)
{
	return since_settled(t_s) >= 1500 && since_settled(t_s) < 1560 ? 1 : 0.005;
}

static void leak(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 1;
	p->sites[EXTRA].rate = from_now_on;
}

static void leak_per_request(struct simulated_process *p)
{
	p->sites[EXTRA].per_request = 0.025;
	p->sites[EXTRA].rate = from_now_on;
	p->load = rising_threefold;
}

static void old_leak_in_rising_load(struct simulated_process *p)
{
	p->sites[EXTRA].at_start = 400;
	leak_per_request(p);
}

static void slow_dependency(struct simulated_process *p)
{
	p->sites[REQUEST].slower = hundredfold_later;
}

// None is seen until it becomes slow, early in a look that is long.
static void slow_dependency_from_nothing(struct simulated_process *p)
{
	p->sites[REQUEST].life_s = 0.001;
	p->sites[REQUEST].slower = eight_thousandfold_soon;
}

static void slow_dependency_and_leak(struct simulated_process *p)
{
	slow_dependency(p);
	leak(p);
}

static void requests_that_never_end(struct simulated_process *p)
{
	p->sites[EXTRA] = (struct simulated_site){.function = "main.handle",
		.outer = "net/http.(*conn).serve",
		.wait = "select",
		.per_s = 2,
		.rate = from_now_on,
		.life_s = INFINITY,
		.request = true};
}

static void rising_load(struct simulated_process *p)
{
	p->load = trebling_soon;
}

static void rising_load_for_long(struct simulated_process *p)
{
	p->load = rising_threefold;
}

static void rising_load_in_waves(struct simulated_process *p)
{
	p->load = rising_in_waves;
	p->sites[CONNECTION].per_request = 0.3;
	p->sites[CONNECTION].life_s = 10;
}

static void leak_by_swings(struct simulated_process *p)
{
	leak(p);
	p->load = swinging_up;
}

static void queue_for_lock(struct simulated_process *p)
{
	static const struct frame give_back[] = {{STR("sync.(*Mutex).Unlock"), STR("mutex.go"), 2},
		{STR("main.(*ledger).post"), STR("ledger.go"), 61}};

	p->sites[EXTRA] = (struct simulated_site){.function = "main.(*ledger).post",
		.inner = "sync.(*Mutex).Lock",
		.wait = "sync.Mutex.Lock",
		.per_s = 10,
		.life_s = 0.5,
		.profiled = true,
		.slower = sixteenfold};
	(void)stacks_add_stack(p->stacks, give_back, 2, false, &p->sites[EXTRA].holder);
}

static void steady_queue_for_lock(struct simulated_process *p)
{
	queue_for_lock(p);
	p->sites[EXTRA].life_s = 5;
	p->sites[EXTRA].slower = NULL;
}

static void lock_never_given_back(struct simulated_process *p)
{
	queue_for_lock(p); // elsewhere, another is fought for
	p->sites[TWIN] = p->sites[EXTRA];
	p->sites[EXTRA] = (struct simulated_site){.function = "main.(*entry).audit",
		.inner = "sync.(*Mutex).Lock",
		.wait = "sync.Mutex.Lock",
		.per_s = 0.5,
		.rate = from_now_on,
		.profiled = true,
		.life_s = INFINITY};
}

static void cache_that_fills(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 3;
	p->sites[EXTRA].rate = fading;
	p->sites[EXTRA].from_s = SETTLED_S;
	p->sites[EXTRA].until_s = 1e9;
	p->sites[EXTRA].wait = "select";
}

static void cache_that_fills_slowly(struct simulated_process *p)
{
	cache_that_fills(p);
	p->sites[EXTRA].per_s = 1;
	p->sites[EXTRA].rate = fading_slowly;
}

static void pool_of_three_hundred(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 0.5;
	p->sites[EXTRA].rate = first_minutes;
	p->sites[EXTRA].wait = "select";
}

static void leak_slowly(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 0.15;
	p->sites[EXTRA].rate = from_now_on;
	p->sites[EXTRA].wait = "select";
}

static void ten_thousand_wait(struct simulated_process *p)
{
	p->sites[REQUEST].per_s = 2;
	p->sites[EXTRA] = (struct simulated_site){.function = "main.ask",
		.life_s = 1,
		.wait = "select",
		.request = true,
		.burst = 10000,
		.burst_at_s = SETTLED_S + 60,
		.burst_life_s = 400};
}

static void leak_that_stops(struct simulated_process *p)
{
	leak(p);
	p->sites[EXTRA].rate = first_minutes;
}

static void burst_of_arrivals(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 1;
	p->sites[EXTRA].rate = one_burst;
	p->sites[EXTRA].at_start = 3;
	p->sites[EXTRA].life_s = 3000;
	p->sites[EXTRA].wait = "select";
}

static void senders_from_the_start(struct simulated_process *p)
{
	p->sites[EXTRA].at_start = 30;
}

static void sessions_since_the_start(struct simulated_process *p)
{
	p->sites[EXTRA].per_s = 0.3;
	p->sites[EXTRA].wait = "select";
}

static void leak_while_load_rises(struct simulated_process *p)
{
	leak(p);
	p->load = trebling_soon;
}

static void waiting_since_before(struct simulated_process *p)
{
	ten_thousand_wait(p);
	p->sites[EXTRA].burst_at_s = SETTLED_S - 30;
}

static const struct scenario scenarios[] = {
	{"leak: half an hour", leak, 2400, 60, .site = EXTRA, .verdict = VERDICT_CONFIRMED,
		.class = CLASS_LEAK, .because = "no backlog"},
	{"leak: ten minutes", leak, 600, 30, .site = EXTRA, .verdict = VERDICT_SUSPECT,
		.class = CLASS_LEAK, .because = "stayed"},
	{"leak: one minute", leak, 60, 5, .site = EXTRA, .verdict = VERDICT_GROWING,
		.class = CLASS_UNKNOWN, .because = "Too short"},
	{"leak: a minute of counts", leak, 90, 5, LOOK_COUNTS, .site = EXTRA,
		.verdict = VERDICT_GROWING, .class = CLASS_UNKNOWN, .because = "Counts rose"},
	{"leak: an hour of counts", leak, 4200, 60, LOOK_COUNTS, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK, .because = "lowest count"},
	{"leak: requests that never end", requests_that_never_end, 2400, 30, .site = EXTRA,
		.verdict = VERDICT_CONFIRMED, .class = CLASS_LEAK, .because = "never end"},
	{"leak: beside a slow dependency", slow_dependency_and_leak, 900, 10, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"leak: in rising load", leak_per_request, 600, 10, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"leak: an old one in rising load", old_leak_in_rising_load, 600, 10, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"leak: counts in swinging load", leak_by_swings, 4200, 60, LOOK_COUNTS, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"leak: a lock never given back", lock_never_given_back, 600, 10, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"leak: after a restart that cut it", leak, 1500, 30, .restart_s = 1200, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_LEAK},
	{"backlog: a dependency stuck", ten_thousand_wait, 200, 5, .site = EXTRA,
		.verdict = VERDICT_STUCK, .class = CLASS_BACKLOG, .because = "did not come back"},
	{"backlog: without counters", ten_thousand_wait, 200, 5, .blind = true, .site = EXTRA,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_UNKNOWN},
	{"backlog: drained", ten_thousand_wait, 600, 5, .site = EXTRA, .verdict = VERDICT_CLEARED,
		.class = CLASS_BACKLOG, .because = "drained"},
	{"slow dependency", slow_dependency, 900, 10, .site = REQUEST, .verdict = VERDICT_STUCK,
		.class = CLASS_SLOW_DEPENDENCY, .because = "come back"},
	{"slow dependency: from nothing", slow_dependency_from_nothing, 180, 5, .site = REQUEST,
		.verdict = VERDICT_STUCK, .class = CLASS_SLOW_DEPENDENCY, .because = "come back"},
	{"load: connections in rising load", rising_load, 200, 5, .site = CONNECTION,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_LOAD,
		.because = "no more per request"},
	{"load: counts in waves of load", rising_load_in_waves, 600, 10, LOOK_COUNTS,
		.site = CONNECTION, .verdict = VERDICT_UNDECIDABLE, .class = CLASS_LOAD},
	{"load: ten minutes, nothing to ask", rising_load_for_long, 600, 10, .site = CONNECTION,
		.verdict = VERDICT_NONE},
	{"contention: a lock held longer and longer", queue_for_lock, 600, 10, .site = EXTRA,
		.verdict = VERDICT_STUCK, .class = CLASS_CONTENTION,
		.because = "held by main.(*ledger).post"},
	{"contention: no longer than before", steady_queue_for_lock, 600, 10, .site = EXTRA,
		.verdict = VERDICT_NONE},
	{"filling: a cache in ten minutes", cache_that_fills, 250, 10, .site = EXTRA,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_FILLING, .because = "more slowly"},
	{"filling: a cache in an hour", cache_that_fills_slowly, 2700, 60, .site = EXTRA,
		.verdict = VERDICT_SUSPECT, .class = CLASS_FILLING, .because = "more slowly"},
	{"plateau: below the size before", pool_of_three_hundred, 4500, 30, .restart_s = 3000,
		.change_again = leak_slowly, .site = EXTRA, .verdict = VERDICT_CLEARED,
		.class = CLASS_PLATEAU, .because = "has stopped"},
	{"leak: above the size before", pool_of_three_hundred, 3000 + 5400, 60, .restart_s = 3000,
		.change_again = leak_slowly, .site = EXTRA, .verdict = VERDICT_CONFIRMED,
		.class = CLASS_LEAK},
	{"plateau: it has stopped", leak_that_stops, 3000, 60, .site = EXTRA,
		.verdict = VERDICT_CLEARED, .class = CLASS_PLATEAU, .because = "has stopped"},
	{"unknown: one burst", burst_of_arrivals, 1800, 30, .site = EXTRA, .verdict = VERDICT_HINT,
		.class = CLASS_UNKNOWN, .because = "burst"},
	{"unknown: senders that wait", senders_from_the_start, 20, 10, .site = EXTRA, .minutes = 5,
		.verdict = VERDICT_STUCK, .class = CLASS_UNKNOWN, .because = "no idle worker"},
	{"leak: one minute, proven", leak, 60, 5, .site = EXTRA, .proven = true,
		.verdict = VERDICT_GROWING, .class = CLASS_LEAK, .because = "The runtime proves"},
	{"leak: ten minutes, proven", leak, 600, 30, .site = EXTRA, .proven = true,
		.verdict = VERDICT_CONFIRMED, .class = CLASS_LEAK, .because = "The runtime proves"},
	{"leak: three senders, proven", senders_from_the_start, 20, 10, .site = EXTRA,
		.proven = true, .verdict = VERDICT_STUCK, .class = CLASS_LEAK,
		.because = "The runtime proves"},
	{"backlog: since before the first look", waiting_since_before, 60, 5, .site = EXTRA,
		.verdict = VERDICT_STUCK, .class = CLASS_BACKLOG, .because = "own gauge"},
	{"unknown: one dump of sessions", sessions_since_the_start, 0, 5, .site = EXTRA,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_UNKNOWN, .because = "spread evenly"},
	{"unknown: one dump of sessions that wait", sessions_since_the_start, 0, 5, .site = EXTRA,
		.minutes = 30, .verdict = VERDICT_STUCK, .class = CLASS_UNKNOWN,
		.because = "born evenly"},
	{"unknown: a leak while the load rises", leak_while_load_rises, 200, 5, .site = EXTRA,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_UNKNOWN,
		.because = "while the load rose"},
	{"unknown: handlers in a short look", requests_that_never_end, 60, 5, .site = EXTRA,
		.verdict = VERDICT_UNDECIDABLE, .class = CLASS_UNKNOWN, .because = "in flight"},
};

#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

struct scene {
	struct stacks *stacks;
	struct judge *judge;
	struct simulated_process process;
	struct report report;
};

static bool scene_look(struct scene *scene, const struct scenario *scenario, double until_s)
{
	const struct look_options options = {
		scenario->look, !scenario->blind, true, scenario->minutes, true};
	bool fine = true;

	while (fine && scene->process.t_s + scenario->interval_s <= until_s + 1e-6) {
		advance(&scene->process, scenario->interval_s);
		fine = look_at(&scene->process, scene->judge, &options) == 0;
	}
	return fine;
}

// What the goroutineleak profile lists: all goroutines of the site.
static bool scene_prove(struct scene *scene, int site)
{
	struct simulated_process *p = &scene->process;
	const struct observed_group group = {
		.stack = p->sites[site].stack, .count = (uint32_t)p->sites[site].born};
	const struct observation o = {
		.target = STR("shop/gateway/app"),
		.process = p->number,
		.seq = p->seq++,
		.mono_ms = p->t_s * 1e3 + 1,
		.wall_ms = (int64_t)((p->wall_0_s + p->t_s) * 1e3) + 1,
		.source = OBSERVED_LEAK,
		.goroutines = -1,
		.dumped = group.count,
		.stop_worst_ms = NAN,
		.stop_sum_ms = NAN,
		.requests = NAN,
		.request_seconds = NAN,
		.in_flight = NAN,
		.errors = NAN,
		.cpu_seconds = NAN,
		.rss_bytes = NAN,
		.heap_bytes = NAN,
		.demand = NAN,
		.has_groups = true,
		.group_count = 1,
		.groups = &group,
	};

	return judge_observe(scene->judge, &o) == 0;
}

// Looks at the scenario from its settled state on; the report is made at the end.
static inline bool scene_play(struct scene *scene, const struct scenario *scenario, uint64_t seed)
{
	const struct look_options options = {
		scenario->look, !scenario->blind, true, scenario->minutes, true};
	bool fine;

	*scene = (struct scene){.stacks = stacks_new(1 << 24), .process = healthy_service()};
	scene->judge = judge_new(scene->stacks, NULL);
	if (!scene->judge)
		return false;
	scene->process.stacks = scene->stacks;
	scenario->change(&scene->process);
	simulate(&scene->process, scene->stacks, seed);
	while (scene->process.t_s < SETTLED_S)
		advance(&scene->process, 20);
	fine = look_at(&scene->process, scene->judge, &options) == 0;
	if (scenario->restart_s > 0) {
		fine = fine && scene_look(scene, scenario, SETTLED_S + scenario->restart_s);
		if (scenario->change_again)
			scenario->change_again(&scene->process);
		begin_life(&scene->process);
	}
	fine = fine && scene_look(scene, scenario, SETTLED_S + scenario->seconds);
	if (fine && scenario->proven)
		fine = scene_prove(scene, scenario->site);
	return fine && judge_report(scene->judge, &scene->report, NULL) == 0;
}

// The finding that was asked for, or NULL. A site that shares the stack of another is that one.
static inline const struct finding *scene_finding(
	const struct scene *scene, const struct scenario *scenario)
{
	for (uint32_t i = 0; i < scene->report.finding_count; i++)
		if (scene->report.findings[i].stack == scene->process.sites[scenario->site].stack)
			return &scene->report.findings[i];
	return NULL;
}

static void scene_end(struct scene *scene)
{
	report_release(&scene->report);
	judge_free(&scene->judge);
	stacks_free(&scene->stacks);
	end_simulation(&scene->process);
}
