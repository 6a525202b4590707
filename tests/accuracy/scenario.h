// SPDX-License-Identifier: Apache-2.0
// Days of services: what happens to them (scenario), what leaks (leak), and from which of two
// families of distributions they are drawn. Parameters of the detector were chosen on TUNING only;
// FOREIGN is another world: heavier tails, other loads, more stacks.
#pragma once

#include "tests/accuracy/service.h"

enum family { FAMILY_TUNING, FAMILY_FOREIGN };

enum scenario {
	SCENARIO_STEADY,
	SCENARIO_DIURNAL,
	SCENARIO_BURSTS,
	SCENARIO_LONG_SESSIONS,
	SCENARIO_SLOW_DEPENDENCY,
	SCENARIO_RESTARTS,
	SCENARIO_POOL_STEP,
	SCENARIO_BATCH,
	SCENARIO_BOUNDED_CACHE,
	SCENARIO_MIX,
	SCENARIO_SESSION_BUILDUP,
	SCENARIO_RETRY_STORMS,
	SCENARIO_TIMEOUT_WAVES,
	SCENARIO_WEEKLY,
	SCENARIO_DEPLOYS,
	SCENARIO_AUTOSCALING,
	SCENARIO_COUNT,
};

enum leak {
	LEAK_NONE,
	LEAK_TIME,
	LEAK_LOAD,
	LEAK_BURSTY, // a fifth of the time, at five times the rate
	LEAK_HIDDEN, // in the stack of the server's connections
	LEAK_POLLING, // wakes and sleeps: never looks old
	LEAK_SEVERAL, // three sites
	LEAK_STOPS, // after 50 minutes
	LEAK_FIXED, // a deploy ends it after 50 minutes
	LEAK_DECAY, // QPS falls with it, CPU stays flat
	LEAK_COUNT,
};

extern const char *const scenario_names[SCENARIO_COUNT];
extern const char *const leak_names[LEAK_COUNT];

struct plan {
	enum scenario scenario;
	enum family family;
	enum leak leak;
	double leak_per_s, leak_from_s;
	double baseline; // goroutines, about
	bool tells_load; // request metrics for certain; else as services have them
	double seconds; // of the day
	uint64_t seed;
};

// Something that comes, stays a while, and goes.
struct episode_plan {
	double every_s, least_s, most_s; // mean distance, length
	double low, high; // strength
	double from_s, until_s, strength; // the present or the next one
};

struct day {
	struct plan plan;
	struct service service;
	uint32_t build; // image
	double stops_at[8]; // restarts
	uint32_t stop_count;
	bool deploys; // a restart brings a new image
	double qps, load_noise, load_memory_s, load_spread, regime;
	double diurnal, phase_s, weekly_low, weekly_from_s, weekly_ramp_s;
	struct episode_plan bursts, slow, storms, waves, batches, scaling;
	double pool, pool_to, pool_at_s, pool_ramp_s;
	double cache, cache_fill_s, cache_from_s;
	double slow_mean_s, slow_cap_s;
	double warm_s; // pools grow for so long after a start
	double retries_per_request;
	int connections, slow_handlers, pool_site, sessions, batch_site, cache_site, clients,
		retries;
	int leak_sites[3], leak_site_count;
	bool has_requests, has_in_flight, has_start; // what its metrics tell
	bool is_fixed;
};

void day_begin(struct day *day, const struct plan *plan, struct stacks *stacks);
// To the next look. True when the process was started anew meanwhile.
bool day_step(struct day *day, double step_s);
void day_end(struct day *day);
