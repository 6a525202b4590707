// SPDX-License-Identifier: Apache-2.0
// Drawing a day and living through it.
#include "tests/accuracy/scenario.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600.0
#define PI 3.14159265358979323846
#define UPTIME_S (3 * 86400.0) // before the day
#define LEAK_LASTS_S 3000.0

const char *const scenario_names[SCENARIO_COUNT] = {"steady", "diurnal", "bursts", "long-sessions",
	"slow-dependency", "restarts", "pool-step", "batch", "bounded-cache", "mix",
	"session-buildup", "retry-storms", "timeout-waves", "weekly", "deploys", "autoscaling"};
const char *const leak_names[LEAK_COUNT] = {"none", "time", "load", "bursty", "hidden", "polling",
	"several", "stops", "fixed", "decay"};

static bool is_foreign(const struct day *day)
{
	return day->plan.family == FAMILY_FOREIGN;
}

// A life of the family: one exponential, or a tail over two decades of the same mean.
static struct lives family_life(const struct day *day, double mean_s)
{
	if (!is_foreign(day))
		return life_of(mean_s);
	return (struct lives){
		.parts = {{0.70, 0.25 * mean_s, INFINITY}, {0.25, 1.3 * mean_s, INFINITY},
			{0.05, 10 * mean_s, INFINITY}},
		.count = 3};
}

static double family_dispersion(struct day *day)
{
	return is_foreign(day) ? random_between(&day->service.random, 1.5, 4) : 1;
}

static double between(struct day *day, double low, double high)
{
	return random_between(&day->service.random, low, high);
}

static double log_between(struct day *day, double low, double high)
{
	return random_log_between(&day->service.random, low, high);
}

static bool chance(struct day *day, double share)
{
	return random_uniform(&day->service.random) < share;
}

// Sites ---------------------------------------------------------------------------------------

static struct site *add(
	struct day *day, int *index, const char *function, const char *creator, const char *wait)
{
	unsigned line = 10 + 40 * (unsigned)day->service.site_count + day->build;

	*index = service_add_site(&day->service, function, creator, wait, line);
	return &day->service.sites[*index];
}

static void add_standing(struct day *day, const char *function, const char *wait, double size)
{
	int index;

	add(day, &index, function, "main.main", wait)->standing = size;
}

static void add_connections(struct day *day, double stock)
{
	double mean_s = log_between(day, 40, is_foreign(day) ? 1800 : 900);
	struct site *site = add(day, &day->connections, "net/http.(*connReader).Read",
		"net/http.(*Server).Serve", "IO wait");

	site->lives = family_life(day, mean_s);
	site->dispersion = family_dispersion(day);
	site->per_request = stock / mean_s / day->qps;
}

static void add_handlers(struct day *day)
{
	bool borrows = chance(day, 0.5);
	int fast;
	struct site *site =
		add(day, &fast, "main.(*Gateway).serveFast", "net/http.(*Server).Serve", "select");

	site->lives = life_of(log_between(day, 0.002, 0.1));
	site->per_request = 1;
	day->slow_mean_s = log_between(day, 0.3, is_foreign(day) ? 20 : 8);
	site = add(day, &day->slow_handlers, "main.(*Gateway).serveSlow",
		"net/http.(*Server).Serve", "select");
	site->lives = life_of(day->slow_mean_s);
	site->dispersion = family_dispersion(day);
	site->per_request = log_between(day, 0.01, 0.05);
	day->service.sites[fast].per_request -= site->per_request;
	if (borrows)
		site->borrows = day->service.sites[fast].borrows = day->connections;
}

// Connections to others: a reader and a writer each, idle ones close after 90 s.
static void add_clients(struct day *day, double stock)
{
	double mean_s = between(day, 60, 300);
	int writer;
	struct site *site = add(day, &day->clients, "net/http.(*persistConn).readLoop",
		"net/http.(*Transport).dialConn", "IO wait");

	site->lives = family_life(day, mean_s);
	site->per_request = stock / 2 / mean_s / day->qps;
	(void)add(day, &writer, "net/http.(*persistConn).writeLoop",
		"net/http.(*Transport).dialConn", "select");
	day->service.sites[day->clients].partner = writer;
}

static void add_sessions(struct day *day, double stock, double mean_s)
{
	int writer;
	struct site *site = add(
		day, &day->sessions, "main.(*Session).read", "main.(*Gateway).upgrade", "IO wait");

	site->lives = family_life(day, mean_s);
	site->dispersion = family_dispersion(day);
	site->per_request = stock / 2 / mean_s / day->qps;
	(void)add(day, &writer, "main.(*Session).write", "main.(*Gateway).upgrade", "select");
	day->service.sites[day->sessions].partner = writer;
}

// Loops that retry what failed, each on its own goroutine, until it works or they give up.
static void add_retries(struct day *day)
{
	struct site *site =
		add(day, &day->retries, "main.(*Client).retry", "main.(*Client).Do", "sleep");

	site->lives = life_of(20);
	site->per_request = day->retries_per_request = log_between(day, 1e-4, 1e-3);
}

static void add_leak_sites(struct day *day)
{
	static const char *const functions[] = {"main.(*Gateway).fanout.func1",
		"main.(*Gateway).watch.func1", "main.(*Gateway).notify.func2"};
	static const char *const waits[] = {"chan send", "select", "chan receive"};
	int count = day->plan.leak == LEAK_SEVERAL ? 3 : 1;

	if (day->plan.leak == LEAK_HIDDEN) {
		day->leak_sites[day->leak_site_count++] = day->connections;
		return;
	}
	for (int i = 0; i < count && day->plan.leak != LEAK_NONE; i++) {
		struct site *site = add(day, &day->leak_sites[day->leak_site_count++], functions[i],
			"main.(*Gateway).serveFast", waits[i]);
		struct frame frame = {STR("main.(*Gateway).poll"), STR("main.go"), 77, 0};

		if (day->plan.leak != LEAK_POLLING)
			continue;
		site->elsewhere = between(day, 0.05, 0.5);
		if (stacks_add_stack(day->service.stacks, &frame, 1, false, &site->other_stack) < 0)
			abort();
	}
}

// Small sites as every program has them: a few goroutines that come and go at their own pace.
static void add_others(struct day *day)
{
	static char names[SITES_MAX][40];
	int count = is_foreign(day) ? (int)between(day, 10, 50) : (int)between(day, 2, 8);

	for (int i = 0; i < count; i++) {
		double mean_s = log_between(day, 5, 4 * HOUR_S), stock = log_between(day, 0.5, 12);
		struct site *site;
		int index;

		(void)snprintf(names[i], sizeof(names[i]), "lib/worker%d.(*Task).run", i);
		site = add(day, &index, names[i], "lib.(*Scheduler).loop", "select");
		site->lives = family_life(day, mean_s);
		if (chance(day, 0.5))
			site->per_s = stock / mean_s;
		else
			site->per_request = stock / mean_s / day->qps;
	}
}

static bool needs_sessions(const struct day *day)
{
	return day->plan.scenario == SCENARIO_LONG_SESSIONS ||
	       day->plan.scenario == SCENARIO_SESSION_BUILDUP ||
	       day->plan.scenario == SCENARIO_WEEKLY;
}

static double session_mean_s(struct day *day)
{
	if (day->plan.scenario == SCENARIO_WEEKLY)
		return log_between(day, 1800, is_foreign(day) ? 6 * HOUR_S : 4 * HOUR_S);
	return log_between(day, 1800, 4 * HOUR_S);
}

static void add_sites(struct day *day)
{
	double g = day->plan.baseline;
	double sessions = needs_sessions(day) ? between(day, 0.3, 0.6) * g
			  : chance(day, 0.4)  ? between(day, 0.02, 0.1) * g
					      : 2;

	day->pool = day->pool_to = between(day, 0.1, 0.3) * g;
	add_standing(day, "main.(*Pool).worker", "chan receive", day->pool);
	day->pool_site = 0;
	add_standing(day, "main.(*Ticker).loop", "select", between(day, 10, 30));
	add_standing(day, "os/signal.loop", "syscall", 1);
	add_connections(day, fmax(10, between(day, 0.3, 0.6) * (g - sessions - day->pool)));
	add_handlers(day);
	add_clients(day, fmax(6, between(day, 0.1, 0.3) * (g - sessions - day->pool)));
	add_sessions(day, sessions, session_mean_s(day));
	add_retries(day);
	add(day, &day->batch_site, "main.(*Job).run", "main.(*Batch).start", "chan receive");
	add(day, &day->cache_site, "main.(*entry).refresh", "main.(*Cache).fill", "select")
		->standing = 0;
	add_others(day);
	add_leak_sites(day);
}

// What happens ----------------------------------------------------------------------------------

static void schedule(struct day *day, struct episode_plan *plan, double after_s)
{
	plan->from_s = after_s + random_exponential(&day->service.random, plan->every_s);
	plan->until_s = plan->from_s + log_between(day, plan->least_s, plan->most_s);
	plan->strength = log_between(day, plan->low, plan->high);
}

static void plan_episodes(struct day *day, struct episode_plan *plan, double every_s,
	double least_s, double most_s, double low, double high)
{
	*plan = (struct episode_plan){every_s, least_s, most_s, low, high, INFINITY, INFINITY, 1};
	schedule(day, plan, day->service.t_s);
}

// The strength of the episode that goes on now; 0: none.
static double episode_now(struct day *day, struct episode_plan *plan)
{
	if (!(plan->every_s > 0))
		return 0;
	if (day->service.t_s >= plan->until_s)
		schedule(day, plan, day->service.t_s);
	return day->service.t_s >= plan->from_s ? plan->strength : 0;
}

static void plan_restarts(struct day *day, int least, int most)
{
	day->stop_count = (uint32_t)between(day, least, most + 1);
	for (uint32_t i = 0; i < day->stop_count; i++)
		day->stops_at[i] = day->service.t_s + day->plan.seconds *
							      (i + between(day, 0.2, 0.9)) /
							      day->stop_count;
}

static void plan_pool_step(struct day *day)
{
	day->pool_to = day->pool + log_between(day, 50, 2000);
	day->pool_at_s = day->service.t_s + between(day, 1.5, 18) * HOUR_S;
	day->pool_ramp_s = log_between(day, 30, HOUR_S);
}

static void plan_cache(struct day *day)
{
	day->cache = log_between(day, 100, 3000);
	day->cache_fill_s = between(day, 0.5, 4) * HOUR_S;
	day->cache_from_s = day->service.t_s + between(day, 0.5, 4) * HOUR_S;
	if (chance(day, 0.5)) { // an earlier life had it full, and then comes a restart
		day->cache_from_s = -INFINITY;
		day->stop_count = 1;
		day->stops_at[0] = day->service.t_s + between(day, 6, 12) * HOUR_S;
	}
}

static void plan_weekly(struct day *day)
{
	day->weekly_low = between(day, 0.1, 0.4);
	day->weekly_from_s = day->service.t_s + between(day, 2, 8) * HOUR_S;
	day->weekly_ramp_s = between(day, 2, 5) * HOUR_S;
}

static void plan_one(struct day *day, enum scenario scenario)
{
	bool foreign = is_foreign(day);

	switch (scenario) {
	case SCENARIO_DIURNAL:
		day->diurnal = between(day, 0.3, 0.9);
		break;
	case SCENARIO_BURSTS:
		plan_episodes(day, &day->bursts, between(day, 1, 4) * HOUR_S, 60, 1800, 2, 8);
		break;
	case SCENARIO_SLOW_DEPENDENCY:
		plan_episodes(day, &day->slow, between(day, 3, 8) * HOUR_S, 120, 2400, 3, 20);
		day->slow_cap_s = between(day, 30, foreign ? 180 : 120);
		break;
	case SCENARIO_RESTARTS:
		plan_restarts(day, 1, foreign ? 6 : 4);
		break;
	case SCENARIO_POOL_STEP:
		plan_pool_step(day);
		break;
	case SCENARIO_BATCH:
		plan_episodes(
			day, &day->batches, between(day, 3, 8) * HOUR_S, 1200, 5400, 100, 3000);
		break;
	case SCENARIO_BOUNDED_CACHE:
		plan_cache(day);
		break;
	case SCENARIO_SESSION_BUILDUP:
		plan_restarts(day, 1, 2);
		break;
	case SCENARIO_RETRY_STORMS:
		plan_episodes(day, &day->storms, between(day, 4, 12) * HOUR_S, 120, 1200, 30,
			foreign ? 900 : 600);
		break;
	case SCENARIO_TIMEOUT_WAVES:
		plan_episodes(day, &day->waves, between(day, 600, 5400), 30, foreign ? 600 : 300,
			50, 1000);
		break;
	case SCENARIO_WEEKLY:
		plan_weekly(day);
		break;
	case SCENARIO_DEPLOYS:
		plan_restarts(day, 2, foreign ? 6 : 5);
		day->deploys = true;
		break;
	case SCENARIO_AUTOSCALING:
		plan_episodes(day, &day->scaling, HOUR_S, 600, 7200, 0.4, 2.5);
		day->diurnal = between(day, 0.2, 0.6);
		break;
	case SCENARIO_STEADY:
	case SCENARIO_LONG_SESSIONS:
	case SCENARIO_MIX:
	case SCENARIO_COUNT:
		break;
	}
}

static void plan_scenario(struct day *day)
{
	static const enum scenario parts[] = {SCENARIO_DIURNAL, SCENARIO_BURSTS,
		SCENARIO_SLOW_DEPENDENCY, SCENARIO_RESTARTS, SCENARIO_POOL_STEP, SCENARIO_BATCH,
		SCENARIO_RETRY_STORMS, SCENARIO_TIMEOUT_WAVES};

	plan_one(day, day->plan.scenario);
	if (day->plan.scenario != SCENARIO_MIX)
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (chance(day, 0.4))
			plan_one(day, parts[i]);
}

static void draw_load(struct day *day)
{
	day->qps = is_foreign(day) ? log_between(day, 5, 3000) : log_between(day, 20, 2000);
	day->load_memory_s = between(day, 600, 1800);
	day->load_spread = is_foreign(day) ? between(day, 0.1, 0.35) : between(day, 0.05, 0.15);
	day->phase_s = between(day, 0, 86400);
	day->regime = 1;
	day->service.births_per_request = between(day, 0, 3);
	day->service.cpu_per_request_s = log_between(day, 2e-4, 5e-3);
	day->warm_s = between(day, 60, 900);
	// What services have, by what we have seen of them: most tell all, some nothing.
	day->has_requests = chance(day, 0.85) || day->plan.tells_load;
	day->has_in_flight = day->has_requests && chance(day, 0.7);
	day->has_start = chance(day, 0.9);
}

static double noise(struct day *day, double step_s)
{
	double kept = exp(-step_s / day->load_memory_s);

	if (is_foreign(day) && chance(day, step_s / 2400)) // another regime
		day->regime = exp(0.3 * random_normal(&day->service.random));
	day->load_noise = kept * day->load_noise + sqrt(1 - kept * kept) * day->load_spread *
							   random_normal(&day->service.random);
	return exp(day->load_noise) * day->regime;
}

static double season(const struct day *day)
{
	double t_s = day->service.t_s, shape = 1;

	shape += day->diurnal * sin(2 * PI * (t_s + day->phase_s) / 86400);
	if (is_foreign(day) && day->diurnal > 0) // a second peak
		shape += 0.4 * day->diurnal * sin(4 * PI * (t_s + 1.7 * day->phase_s) / 86400);
	if (day->weekly_ramp_s > 0) {
		double risen = (t_s - day->weekly_from_s) / day->weekly_ramp_s;
		double eased = fmin(1, fmax(0, risen));

		shape *= day->weekly_low + (1 - day->weekly_low) * eased * eased * (3 - 2 * eased);
	}
	return fmax(0.05, shape);
}

static void set_demand(struct day *day, double step_s)
{
	double burst = episode_now(day, &day->bursts), scale = episode_now(day, &day->scaling);

	day->service.demand_per_s = day->qps * season(day) * noise(day, step_s) *
				    (burst > 0 ? burst : 1) * (scale > 0 ? scale : 1);
}

static void set_slow(struct day *day)
{
	double slow = episode_now(day, &day->slow), storm = episode_now(day, &day->storms);
	struct site *handlers = &day->service.sites[day->slow_handlers];
	struct site *retries = &day->service.sites[day->retries];

	handlers->lives = life_of(day->slow_mean_s);
	retries->lives = life_of(20);
	retries->per_request = day->retries_per_request;
	if (slow > 0)
		handlers->lives = life_capped(day->slow_mean_s * slow, day->slow_cap_s);
	if (storm > 0) { // nobody answers: each waits for its time-out, clients try again
		double amplified = 1 + 2 * fmin(1, storm / 200);

		handlers->lives = life_fixed(fmin(storm, 180));
		retries->lives = life_capped(2 * storm, 2.5 * storm);
		day->service.demand_per_s *= 1 + (amplified - 1) * 0.5;
		retries->per_request = 0.3 * handlers->per_request;
	}
}

static void set_waves(struct day *day, double step_s)
{
	double wave = episode_now(day, &day->waves);

	if (wave > 0 && day->service.t_s < day->waves.from_s + step_s)
		service_burst(&day->service, day->slow_handlers, (uint32_t)wave,
			day->waves.until_s - day->waves.from_s);
}

static void set_batch(struct day *day, double step_s)
{
	double size = episode_now(day, &day->batches), t_s = day->service.t_s;
	double length_s = day->batches.until_s - day->batches.from_s;

	if (size > 0 && t_s < day->batches.from_s + step_s) // all tasks at once, done one by one
		for (uint32_t i = 0; i < (uint32_t)size; i++)
			service_burst(&day->service, day->batch_site, 1, between(day, 0, length_s));
}

static void set_standing(struct day *day)
{
	double t_s = day->service.t_s, up_s = t_s - day->service.start_s;
	double warm = fmin(1, up_s / day->warm_s);
	double stepped = day->pool;

	if (day->pool_ramp_s > 0)
		stepped += (day->pool_to - day->pool) *
			   fmin(1, fmax(0, (t_s - day->pool_at_s) / day->pool_ramp_s));
	day->service.sites[day->pool_site].standing = stepped * warm;
	if (day->cache > 0) {
		double filling_s = t_s - fmax(day->cache_from_s, day->service.start_s);
		double share = filling_s > 0 ? 1 - exp(-3 * filling_s / day->cache_fill_s) : 0;

		day->service.sites[day->cache_site].standing = day->cache * share;
	}
}

static double duty(const struct day *day)
{
	double t_s = day->service.t_s - day->plan.leak_from_s;

	if (day->plan.leak != LEAK_BURSTY)
		return 1;
	return fmod(fmax(0, t_s), 600) < 120 ? 5 : 0;
}

// Of the step that begins now.
static bool leak_is_on(const struct day *day, double step_s)
{
	double since_s = day->service.t_s + step_s - day->plan.leak_from_s;
	bool ends = day->plan.leak == LEAK_STOPS || day->plan.leak == LEAK_FIXED;

	return day->plan.leak != LEAK_NONE && since_s >= 0 && !day->is_fixed &&
	       !(ends && since_s > LEAK_LASTS_S);
}

static void set_leak(struct day *day, double step_s)
{
	double before_s = fmax(0, day->plan.leak_from_s - day->service.t_s);
	bool by_load = day->plan.leak == LEAK_LOAD || day->plan.leak == LEAK_DECAY;
	double share = fmax(0, 1 - before_s / step_s);
	double rate = leak_is_on(day, step_s) ? share * day->plan.leak_per_s * duty(day) : 0;

	for (int i = 0; i < day->leak_site_count; i++) {
		struct site *site = &day->service.sites[day->leak_sites[i]];

		site->leaks_per_s = by_load ? 0 : rate;
		site->leaks_per_request = by_load ? rate / day->qps : 0;
	}
}

// A new build: the same functions a few lines on, and a baseline that has grown.
static void deploy(struct day *day)
{
	double grown = between(day, 1.0, 1.35);

	day->build += 3;
	day->pool *= grown;
	day->pool_to *= grown;
	for (int i = 0; i < day->service.site_count; i++) {
		struct site *site = &day->service.sites[i];
		struct stack *old = (struct stack *)site->stack;
		struct frame frames[2] = {old->frames[0]};

		if (old->frame_count > 1)
			frames[1] = old->frames[1];
		frames[0].line += 3;
		if (!isnan(site->standing) && i != day->pool_site)
			site->standing *= i == day->cache_site ? 1 : grown;
		if (stacks_add_stack(
			    day->service.stacks, frames, old->frame_count, false, &site->stack) < 0)
			abort();
	}
}

static bool restart_if_due(struct day *day)
{
	bool due = false;
	double t_s = day->service.t_s;

	for (uint32_t i = 0; i < day->stop_count; i++)
		if (t_s >= day->stops_at[i]) {
			due = true;
			day->stops_at[i] = INFINITY;
		}
	if (day->plan.leak == LEAK_FIXED && !day->is_fixed &&
		t_s - day->plan.leak_from_s > LEAK_LASTS_S) {
		due = day->is_fixed = true;
		deploy(day);
	}
	if (!due)
		return false;
	if (day->deploys)
		deploy(day);
	service_restart(&day->service);
	return true;
}

void day_begin(struct day *day, const struct plan *plan, struct stacks *stacks)
{
	*day = (struct day){.plan = *plan};
	day->service = (struct service){.stacks = stacks,
		.random = random_seeded(plan->seed, (uint64_t)plan->scenario << 16 |
							    (uint64_t)plan->leak << 8 |
							    (uint64_t)plan->family << 4),
		.number = 1,
		.born = 60};
	day->plan.leak_from_s += between(day, 0, 60); // looks come at any moment
	draw_load(day);
	day->service.procs = 1u << (unsigned)between(day, 0, 4.99);
	add_sites(day);
	day->service.demand_per_s = day->qps * season(day);
	plan_scenario(day);
	if (plan->leak == LEAK_DECAY)
		day->service.alpha = 8.3e-6 * between(day, 1, 10);
	day->service.demand_per_s = day->qps * season(day);
	day->service.start_s = -UPTIME_S;
	set_standing(day);
	service_step(&day->service, UPTIME_S); // what is there when the day begins
	day->service.t_s = 0;
	for (int i = 0; i < day->service.site_count; i++)
		for (uint32_t j = 0; j < day->service.sites[i].count; j++) {
			day->service.sites[i].goroutines[j].dies_s -= UPTIME_S;
			day->service.sites[i].goroutines[j].born_s -= UPTIME_S;
			day->service.sites[i].goroutines[j].then_s -= UPTIME_S;
		}
}

bool day_step(struct day *day, double step_s)
{
	bool restarted = restart_if_due(day);

	set_demand(day, step_s);
	set_slow(day);
	set_waves(day, step_s);
	set_batch(day, step_s);
	set_standing(day);
	set_leak(day, step_s);
	service_step(&day->service, step_s);
	return restarted;
}

void day_end(struct day *day)
{
	service_release(&day->service);
}
