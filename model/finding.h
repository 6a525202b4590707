// SPDX-License-Identifier: Apache-2.0
// What the model concludes: the nouns of findings.json. Made by model/judge.h, told by collector/.
// All of a report lives in its own arena, and its stacks in the table the observations came with.
#pragma once

#include "base/arena.h"
#include "model/estimate.h"
#include "model/observation.h"
#include "runtime/cause.h"

enum verdict {
	VERDICT_NONE,
	VERDICT_UNDECIDABLE, // "not decidable yet": a short collection; see needs_minutes
	VERDICT_STUCK, // "stuck now": many of the same have waited for minutes
	VERDICT_GROWING, // "growing" over a short collection, with its interval
	VERDICT_HINT,
	VERDICT_SUSPECT,
	VERDICT_CONFIRMED,
	VERDICT_CLEARED,
};

enum finding_class {
	CLASS_UNKNOWN,
	CLASS_LEAK,
	CLASS_BACKLOG, // Little: waiting requests, will drain
	CLASS_SLOW_DEPENDENCY,
	CLASS_LOAD, // follows the load
	CLASS_CONTENTION,
	CLASS_FILLING, // a pool or cache: growing, bounded so far
	CLASS_PLATEAU,
};

// Words used in every output, in the order of the enums.
const char *verdict_name(enum verdict verdict);
const char *finding_class_name(enum finding_class class);
bool verdict_parse(struct str text, enum verdict *verdict);

struct verdict_change {
	enum verdict verdict;
	int64_t wall_ms;
};

struct limit_forecast {
	const char *limit; // "memory", "goroutines"
	double at; // bytes or goroutines
	struct estimate requests; // until then
	struct estimate seconds; // INFINITY: never
	const char *from; // who set it: "settings", "container limit", "GOMEMLIMIT"; NULL
};

struct share_forecast {
	double share; // QPS as a share of Q0
	struct estimate seconds;
};

// What the goroutines of a contention row waited for. A mutex profile speaks of locks only; a block
// profile also of channels, on which idle workers wait all day.
enum contention_kind {
	CONTENTION_LOCK,
	CONTENTION_WAITGROUP,
	CONTENTION_COND,
	CONTENTION_CHANNEL, // or select
};
const char *contention_kind_name(enum contention_kind kind); // "lock", "channel"

struct contention_rate {
	bool mutex; // who held the lock up; else who waited
	enum contention_kind kind;
	const struct stack *stack;
	struct estimate events_per_s;
	struct estimate mean_wait_ms;
	struct estimate waiters; // delay seconds per second: mean number of waiters
	int64_t waiting_now; // goroutines that wait in a lock at this place, at the last tick
};

#define FINDING_FORECASTS_MAX 4
#define FINDING_ADVICE_MAX 6
#define FINDING_MISSING_MAX 8
#define TARGET_WARNINGS_MAX 16
#define TARGET_CONTROLS_MAX 4
#define TARGET_LAWS_MAX 6

// Another stack of the same mistake: it leaves these behind as well. The finding's own counts and
// rates are those of its main stack.
struct finding_part {
	const struct stack *stack;
	int64_t goroutines; // at the last tick
	double ratio; // of these for each one of the main stack; NAN: another line of its functions
	uint16_t wait; // state of most of them, STATE_UNKNOWN: not told
	struct estimate rate_per_s;
};

struct finding {
	uint64_t id; // SHA-256(workload LF line-free key)
	struct str workload;
	struct str *targets; // owned by the arena
	uint32_t target_count;
	const struct stack *stack; // NULL: a finding on totals alone
	enum verdict verdict;
	enum finding_class class;
	bool open; // false: cleared or over
	const struct cause *cause;
	struct frame site; // function.len == 0: none
	struct frame created_by; // likewise
	struct wait_count *waits;
	uint32_t wait_count;
	int64_t goroutines_first, goroutines_last, goroutines_peak;
	int64_t proven; // how many the runtime itself says can never run again
	uint32_t minutes_max; // longest wait printed; 0: not said
	struct estimate rate_per_s;
	struct estimate per_request; // lambda of this stack alone
	struct verdict_change *history;
	uint32_t history_count;
	int64_t started_wall_ms; // -1: not dated
	double needs_minutes; // undecidable: how much longer; NAN
	struct limit_forecast forecast[FINDING_FORECASTS_MAX];
	uint32_t forecast_count;
	const char *missing[FINDING_MISSING_MAX]; // "process_start", "requests"
	uint32_t missing_count;
	struct str advice[FINDING_ADVICE_MAX]; // sentences, besides the checks of the cause
	uint32_t advice_count;
	struct str because; // what was seen, why this class and not its neighbour
	struct str decides; // what would decide it; empty: nothing is open
	struct frame holder; // of the lock they wait for; function.len == 0: none or not known
	struct finding_part *parts; // other stacks of the same mistake, most goroutines first
	uint32_t part_count;
};

// The four signs of a target (model/signs.h).
enum sign_kind {
	SIGN_GOROUTINES,
	SIGN_HEAP,
	SIGN_BLOCK, // delay in channels, wait groups, conditions
	SIGN_MUTEX, // delay in locks
	SIGNS,
};

enum sign_state {
	SIGN_NOT_KNOWN,
	SIGN_LEVEL_OR_DOWN,
	SIGN_UP,
};

struct sign {
	enum sign_state state;
	double first, last; // its line at both ends: goroutines, bytes, waiters; NAN
	struct estimate per_h; // its slope
	const char *from; // "Go heap", "resident memory"; NULL: nothing told it
	const char *why; // when not known
};

struct signs {
	struct sign sign[SIGNS];
};
const char *sign_state_name(enum sign_state state); // "not known", "not up", "up"

// A point of a target's history, for plots and tables.
struct target_point {
	double mono_ms;
	int64_t wall_ms;
	double goroutines; // NAN
	double leaked; // survivors of the open findings, fitted; NAN
	double qps; // over the interval that ends here; NAN
	double requests; // since the first tick; NAN
	double fit, fit_low, fit_high; // lambda's line and its band at this point; NAN
	double stop_ms; // what the tick cost the target; NAN
};

struct target_report {
	struct str target, workload, image_digest, go_version;
	uint32_t ticks, missed, cut;
	uint32_t lives; // processes seen
	int64_t goroutines_first, goroutines_last; // -1
	enum finding_class class;
	const char *class_text; // "load-driven", "time-driven", "backlog", "no leak", ...
	const char *method; // "survivors", "counts", "totals"
	struct estimate lambda, mu, alpha, half_life_s;
	const char *alpha_control; // "demand", "restart", "panel", "cpu", NULL
	struct {
		const char *name;
		struct estimate alpha;
	} controls[TARGET_CONTROLS_MAX]; // what each control says, most trusted first
	uint32_t control_count;
	const char *growth; // kind of the total's growth: "load", "saturating"; NULL
	const char *laws[TARGET_LAWS_MAX]; // of capacity, not excluded by the data; the best first
	uint32_t law_count; // 0: no law told, 1: separable
	struct estimate bytes_per_goroutine; // of resident memory
	struct estimate birth_rate_per_s; // goroutines started, from the IDs
	struct {
		struct estimate q0;
		double first, last; // per second; NAN
		struct estimate decay_share, demand_adjusted_share;
		struct str source; // name of the metric, or "goroutine births"
		const char *scope; // "pod"
	} qps;
	struct {
		struct estimate in_flight; // L = mean number of requests in service
		struct estimate residence_s; // (G - B) / Q: what the goroutines imply
		struct estimate excess; // X = G - B - kL
	} little;
	struct share_forecast forecast_qps[3];
	uint32_t forecast_qps_count;
	struct limit_forecast forecast[FINDING_FORECASTS_MAX];
	uint32_t forecast_count;
	struct signs signs;
	struct str reading; // what they mean together; empty: nothing is known
	struct contention_rate *contention; // locks first, then most waiters
	uint32_t contention_count;
	struct str warnings[TARGET_WARNINGS_MAX];
	uint32_t warning_count;
	struct str
		note; // what a setting of the program would tell besides, said last; empty: nothing
	struct target_point *points;
	uint32_t point_count;
	double stop_sum_ms, stop_worst_ms; // over the collection; NAN
};

struct parameter {
	const char *name;
	double value;
};

struct report {
	struct arena arena;
	int64_t first_wall_ms, last_wall_ms; // -1: no tick
	uint64_t ticks, missed, cut, lines_skipped;
	uint64_t leak_profiles; // the runtime's own, not among the ticks
	bool short_collection; // too short for hint, suspect and confirmed
	const struct parameter *parameters; // every threshold used
	uint32_t parameter_count;
	struct target_report *targets; // by name
	uint32_t target_count;
	struct finding *findings; // most urgent first
	uint32_t finding_count;
};

void report_release(struct report *report);
