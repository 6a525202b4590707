// SPDX-License-Identifier: Apache-2.0
// Reports filled by hand, told in each form: what tests/golden/tell/*.txt was made from.
//
//	samples leak text | diff tests/golden/tell/leak.text -
//	samples leak text torture	# each allocation fails once
//
// Samples: leak, short, dump, healthy, backlog, queue, drained, hostile, many, one-unseen, blind,
// failed. Forms: text, colour, html, postmortem, folded.
#include "base/limits.h"
#include "collector/tell/folded.h"
#include "collector/tell/html.h"
#include "collector/tell/postmortem.h"
#include "collector/tell/summary.h"
#include "model/signs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS 1795230951123 // 2026-11-21T03:15:51.123Z
#define GROUPS_MAX 64

static struct stacks *table;
static struct arena arena;
static struct observed_group groups[GROUPS_MAX];
static uint32_t group_count;

static void must(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "samples: %s\n", what);
	exit(1);
}

static struct frame frame(const char *function, const char *file, uint32_t line)
{
	return (struct frame){.function = str_of(function), .file = str_of(file), .line = line};
}

static const struct stack *stack_of(const struct frame *frames, uint32_t count)
{
	const struct stack *stack = NULL;

	must(stacks_add_stack(table, frames, count, false, &stack) >= 0, "add a stack");
	return stack;
}

static uint16_t state(const char *name)
{
	uint16_t state = STATE_UNKNOWN;

	must(stacks_add_state(table, str_of(name), &state) >= 0, "add a state");
	return state;
}

static struct wait_count *waits(const char *name, uint32_t count)
{
	struct wait_count *one = arena_alloc(&arena, sizeof(*one));

	must(one != NULL, "memory");
	*one = (struct wait_count){.state = state(name), .count = count};
	return one;
}

static const struct stack *group(const char *wait, uint32_t count, uint32_t minutes,
	const struct frame *frames, uint32_t frame_count)
{
	const struct stack *stack = stack_of(frames, frame_count);

	must(group_count < GROUPS_MAX, "too many groups");
	groups[group_count++] = (struct observed_group){
		.stack = stack,
		.count = count,
		.has_waits = true,
		.wait_count = 1,
		.waits = waits(wait, count),
		.has_minutes = true,
		.minutes_max = minutes,
	};
	return stack;
}

#define FRAMES(...)                                                                                \
	(const struct frame[]){__VA_ARGS__},                                                       \
		sizeof((const struct frame[]){__VA_ARGS__}) / sizeof(struct frame)

#define SERVE                                                                                      \
	frame("net/http.HandlerFunc.ServeHTTP", "/usr/local/go/src/net/http/server.go", 2294),     \
		frame("net/http.(*ServeMux).ServeHTTP", "/usr/local/go/src/net/http/server.go",    \
			2822),                                                                     \
		frame("net/http.serverHandler.ServeHTTP", "/usr/local/go/src/net/http/server.go",  \
			3301),                                                                     \
		frame("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", 2102)

static const struct stack *add_service(uint32_t leaked)
{
	const struct stack *leak = group("chan send", leaked, 17,
		FRAMES(frame("example.com/shop/gateway.(*Gateway).fanout.func1",
			       "/src/shop/gateway/fanout.go", 88),
			frame("example.com/shop/gateway.(*Gateway).fanout",
				"/src/shop/gateway/fanout.go", 71),
			frame("example.com/shop/gateway.(*Gateway).ServeHTTP",
				"/src/shop/gateway/handler.go", 41),
			SERVE));

	group("IO wait", 212, 3,
		FRAMES(frame("internal/poll.(*FD).Read",
			       "/usr/local/go/src/internal/poll/fd_unix.go", 165),
			frame("net.(*netFD).Read", "/usr/local/go/src/net/fd_posix.go", 68),
			frame("net.(*conn).Read", "/usr/local/go/src/net/net.go", 196),
			frame("net/http.(*connReader).Read", "/usr/local/go/src/net/http/server.go",
				798),
			frame("bufio.(*Reader).Peek", "/usr/local/go/src/bufio/bufio.go", 148),
			frame("net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go",
				2137)));
	group("select", 96, 41,
		FRAMES(frame("net/http.(*persistConn).writeLoop",
			"/usr/local/go/src/net/http/transport.go", 2654)));
	group("sync.Mutex.Lock", 61, 0,
		FRAMES(frame("sync.(*Mutex).Lock", "/usr/local/go/src/sync/mutex.go", 46),
			frame("example.com/shop/cache.(*LRU).Get", "/src/shop/cache/lru.go", 133),
			frame("example.com/shop/gateway.(*Gateway).price",
				"/src/shop/gateway/price.go", 29),
			frame("example.com/shop/gateway.(*Gateway).ServeHTTP",
				"/src/shop/gateway/handler.go", 52),
			SERVE));
	group("chan receive", 32, 41,
		FRAMES(frame(
			"example.com/shop/worker.(*Pool).run", "/src/shop/worker/pool.go", 57)));
	group("select", 1, 41,
		FRAMES(frame("database/sql.(*DB).connectionOpener",
			"/usr/local/go/src/database/sql/sql.go", 1261)));
	group("running", 1, 0, FRAMES(frame("main.main", "/src/shop/main.go", 30)));
	return leak;
}

static struct observation last = {.has_groups = true, .status = OBSERVED_OK};
static const struct observation empty_look = {.has_groups = true, .status = OBSERVED_OK};
static const struct observation *last_looks[32] = {&last}; // one for each target

static const struct cause *cause_for(const struct stack *stack)
{
	return cause_find(WAIT_CHAN_SEND, stack, NULL);
}

// A small generator of noise that is the same everywhere.
static double noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (double)(*seed >> 8) / 16777216.0 - 0.5;
}

static void add_course(struct target_report *target, uint32_t count, double lambda)
{
	double requests = 0, leaked = 0;
	uint32_t seed = 7;

	target->points = arena_array(&arena, count, sizeof(*target->points));
	must(target->points != NULL, "memory");
	target->point_count = count;
	for (uint32_t i = 0; i < count; i++) {
		double qps =
			(120 + 25 * sin(i / 9.0)) * exp(-leaked * 8.3e-6 * 3) + 6 * noise(&seed);
		bool leaking = i >= count / 10;

		if (i > 0) {
			requests += 60 * qps;
			leaked += leaking ? 60 * qps * lambda : 0;
		}
		target->points[i] = (struct target_point){
			.mono_ms = 60e3 * i,
			.wall_ms = START_MS + 60000LL * i,
			.goroutines = 404 + leaked + 30 * noise(&seed),
			.leaked = leaked * (1 + 0.04 * noise(&seed)),
			.qps = i ? qps : (double)NAN,
			.requests = requests,
			.fit = leaking ? leaked : (double)NAN,
			.fit_low = leaking ? leaked * 0.955 - 60 : (double)NAN,
			.fit_high = leaking ? leaked * 1.045 + 60 : (double)NAN,
			.stop_ms = 3.1,
		};
	}
}

static const struct parameter parameters[] = {
	{"survivor_age_s", 120},
	{"suspect_log10", 3},
	{"suspect_net", 15},
	{"confirm_log10", 6},
	{"stop_budget_ms", 50},
};

static void add_contention(struct target_report *target)
{
	static struct contention_rate rates[2];

	rates[0] = (struct contention_rate){
		.mutex = true,
		.stack = groups[3].stack,
		.events_per_s = estimate_of(412, 400, 424, 0.95, "differences", 59),
		.mean_wait_ms = estimate_of(148, 140, 156, 0.95, "differences", 59),
		.waiters = estimate_of(61, 58, 64, 0.95, "differences", 59),
	};
	rates[1] = (struct contention_rate){
		.kind = CONTENTION_CHANNEL,
		.stack = groups[4].stack,
		.events_per_s = estimate_of(91.4, 88, 95, 0.95, "differences", 59),
		.mean_wait_ms = estimate_of(211, 200, 222, 0.95, "differences", 59),
		.waiters = estimate_of(19.3, 18, 21, 0.95, "differences", 59),
	};
	target->contention = rates;
	target->contention_count = 2;
}

static struct target_report *add_targets(struct report *report, uint32_t count)
{
	report->targets = arena_array(&arena, count, sizeof(*report->targets));
	must(report->targets != NULL, "memory");
	report->target_count = count;
	for (uint32_t i = 0; i < count; i++) {
		char name[64];

		snprintf(name, sizeof(name), "shop/gateway-7f%02u/app", i);
		report->targets[i] = (struct target_report){
			.target = arena_str(&arena, str_of(name)),
			.workload = STR("shop/Deployment/gateway"),
			.go_version = STR("go1.26.8"),
			.ticks = 1,
			.lives = 1,
			.goroutines_first = 404 + i,
			.goroutines_last = 404 + i,
			.class_text = "no leak",
			.method = "survivors",
			.lambda = estimate_none("no request counter"),
			.alpha = estimate_none("no request counter"),
			.qps = {.first = NAN, .last = NAN},
			.stop_worst_ms = NAN,
			.stop_sum_ms = NAN,
		};
	}
	last.target = report->targets[0].target;
	return &report->targets[0];
}

static struct finding *add_finding(struct report *report, const struct stack *stack)
{
	struct finding *finding = arena_alloc(&arena, sizeof(*finding));

	must(finding != NULL, "memory");
	*finding = (struct finding){
		.id = 0x9f86d081884c7d65,
		.workload = STR("shop/Deployment/gateway"),
		.stack = stack,
		.site = stack->frames[0],
		.open = true,
		.class = CLASS_LEAK,
		.cause = cause_for(stack),
		.started_wall_ms = -1,
		.rate_per_s = estimate_none("one look only: needs the process start"),
		.per_request = estimate_none("no request counter"),
		.needs_minutes = NAN,
		.targets = &report->targets[0].target,
		.target_count = 1,
	};
	report->findings = finding;
	report->finding_count = 1;
	return finding;
}

static void sample_leak(struct report *report)
{
	static struct verdict_change history[] = {
		{VERDICT_HINT, START_MS + 480000},
		{VERDICT_SUSPECT, START_MS + 660000},
		{VERDICT_CONFIRMED, START_MS + 2280000},
	};
	const struct stack *leak = add_service(17800);
	struct target_report *target = add_targets(report, 1);
	struct finding *finding = add_finding(report, leak);

	report->ticks = 60;
	report->missed = 1;
	report->first_wall_ms = START_MS;
	report->last_wall_ms = START_MS + 59 * 60000;
	report->parameters = parameters;
	report->parameter_count = 5;
	target->ticks = 60;
	target->goroutines_last = 18203;
	target->class_text = "load-driven";
	target->lambda = estimate_of(0.0412, 0.0391, 0.0433, 0.95, "least squares on requests", 59);
	target->alpha = estimate_of(2.4e-5, 1.1e-5, 3.7e-5, 0.95, "CPU control", 59);
	target->qps.q0 = estimate_of(128, 121, 135, 0.95, "least squares", 59);
	target->qps.first = 121;
	target->qps.last = 84;
	target->qps.source = STR("http_requests_total");
	target->forecast_qps[0] =
		(struct share_forecast){0.5, estimate_of(5220, 4100, 7600, 0.95, "law", 59)};
	target->forecast_qps_count = 1;
	target->warnings[0] = STR("1 snapshot of 61 was missed: connection refused at 03:41:51.");
	target->warning_count = 1;
	target->stop_worst_ms = 111;
	add_course(target, 60, 0.0412);
	add_contention(target);
	finding->verdict = VERDICT_CONFIRMED;
	finding->waits = waits("chan send", 17800);
	finding->wait_count = 1;
	finding->created_by = frame(
		"example.com/shop/gateway.(*Gateway).fanout", "/src/shop/gateway/fanout.go", 86);
	finding->goroutines_last = 17800;
	finding->minutes_max = 17;
	finding->rate_per_s = estimate_of(4.91, 4.72, 5.1, 0.95, "survivors", 59);
	finding->per_request = estimate_of(0.0412, 0.0391, 0.0433, 0.95, "survivors", 59);
	finding->started_wall_ms = START_MS + 6 * 60000;
	finding->history = history;
	finding->history_count = 3;
	finding->forecast[0] = (struct limit_forecast){"memory", 536870912,
		estimate_of(152000, 128000, 177000, 0.95, "line", 59),
		estimate_of(1270, 1020, 1510, 0.95, "line", 59)};
	finding->forecast_count = 1;
	finding->because =
		STR("Of 17,800 goroutines first seen here since 03:21, none has ended, at any "
		    "load. A backlog would shrink when requests pause; this one did not at 03:52.");
	finding->advice[0] =
		STR("Give the channel a buffer of one, or select on ctx.Done() as well.");
	finding->advice_count = 1;
	finding->missing[0] = "cpu_seconds";
	finding->missing_count = 1;
}

static void sample_short(struct report *report)
{
	const struct stack *leak = add_service(412);
	struct target_report *target = add_targets(report, 1);
	struct finding *finding = add_finding(report, leak);

	report->ticks = 3;
	report->short_collection = true;
	report->first_wall_ms = START_MS;
	report->last_wall_ms = START_MS + 20000;
	target->ticks = 3;
	target->goroutines_last = 815;
	add_course(target, 3, 0.05);
	finding->verdict = VERDICT_GROWING;
	finding->goroutines_first = 310;
	finding->goroutines_last = 412;
	finding->waits = waits("chan send", 412);
	finding->wait_count = 1;
	finding->rate_per_s = estimate_of(5.1, 4.16, 6.19, 0.95, "survivors", 2);
	finding->needs_minutes = 33;
	finding->because = STR("102 goroutines were born here in 20 s and none of them has ended.");
}

static void sample_dump(struct report *report)
{
	const struct stack *leak = add_service(17800);
	struct finding *finding;

	add_targets(report, 1)->goroutines_last = 18203;
	finding = add_finding(report, leak);
	report->ticks = 1;
	report->short_collection = true;
	report->first_wall_ms = report->last_wall_ms = START_MS;
	finding->verdict = VERDICT_STUCK;
	finding->goroutines_first = finding->goroutines_last = 17800;
	finding->minutes_max = 17;
	finding->waits = waits("chan send", 17800);
	finding->wait_count = 1;
}

static void sample_healthy(struct report *report)
{
	struct target_report *target;

	add_service(4);
	target = add_targets(report, 1);
	report->ticks = 60;
	report->first_wall_ms = START_MS;
	report->last_wall_ms = START_MS + 59 * 60000;
	report->parameters = parameters;
	report->parameter_count = 5;
	target->ticks = 60;
	target->qps.first = 121;
	target->qps.last = 119;
	target->note =
		STR("No lock profile: SetBlockProfileRate, SetMutexProfileFraction are not set");
	add_course(target, 60, 0);
	for (uint32_t i = 0; i < 60; i++)
		target->points[i].leaked = target->points[i].fit = NAN;
}

static void sample_backlog(struct report *report)
{
	sample_leak(report);
	report->findings[0].class = CLASS_BACKLOG;
	report->findings[0].verdict = VERDICT_HINT;
	report->findings[0].because =
		STR("The goroutines are requests in service: 17,800 at 88 s each "
		    "is what Little's law gives for 202 requests per second.");
}

static struct sign sign_up(double begin, double end, const char *from)
{
	return (struct sign){SIGN_UP, begin, end,
		estimate_of(end - begin, end - begin, end - begin, 0.95, "line", 59), from, NULL};
}

static void add_signs(struct target_report *target)
{
	target->signs.sign[SIGN_GOROUTINES] = sign_up(512, 18321, "goroutines");
	target->signs.sign[SIGN_HEAP] = (struct sign){SIGN_LEVEL_OR_DOWN, 9e7, 9.1e7,
		estimate_of(1e6, 0, 2e6, 0.95, "line", 59), "Go heap", NULL};
	target->signs.sign[SIGN_BLOCK] = (struct sign){SIGN_NOT_KNOWN, NAN, NAN,
		estimate_none("none"), NULL, "the profile is empty: its rate is not set"};
	target->signs.sign[SIGN_MUTEX] = sign_up(0.3, 61.2, "mutex profile");
	must(signs_reading(&target->signs, &arena, &target->reading) == 0, "memory");
}

// A lock that is fought for, what else it leaves behind, and the signs of its target.
static void sample_queue(struct report *report)
{
	static struct finding_part parts[2];
	struct finding *finding;

	sample_leak(report);
	finding = &report->findings[0];
	finding->class = CLASS_CONTENTION;
	finding->verdict = VERDICT_STUCK;
	finding->because =
		STR("99 goroutines wait for a lock here. They get it, after 4.11 s on average, and "
		    "more and more wait: 5.4 on average at first, 76 now. It is held by "
		    "main.(*ledger).post. A lock that is never given back would show no waits that "
		    "end.");
	finding->decides = STR("What the holder does while it has the lock. When no wait ends any "
			       "more, the lock is never given back: a leak.");
	finding->holder =
		frame("example.com/shop/cache.(*LRU).evict", "/src/shop/cache/lru.go", 201);
	parts[0] = (struct finding_part){groups[3].stack, 35600, 2, state("select"),
		estimate_of(9.8, 9.5, 10.1, 0.95, "survivors", 59)};
	parts[1] = (struct finding_part){
		groups[4].stack, 17790, NAN, STATE_UNKNOWN, estimate_none("counts")};
	finding->parts = parts;
	finding->part_count = 2;
	add_signs(&report->targets[0]);
}

static void sample_drained(struct report *report)
{
	sample_leak(report);
	report->findings[0].class = CLASS_BACKLOG;
	report->findings[0].verdict = VERDICT_CLEARED;
	report->findings[0].open = false;
	report->findings[0].goroutines_peak = 17800;
	report->findings[0].goroutines_last = 3;
	report->findings[0].because =
		STR("Up to 17800 goroutines were requests in flight, by the target's own gauge. "
		    "It has drained.");
	report->findings[0].forecast_count = 0;
	report->targets[0].forecast_qps_count = 0;
}

static void sample_hostile(struct report *report)
{
	const struct stack *stack = group("chan \x1b[31msend]]>", 20, 17,
		FRAMES(frame("main.\x1b]0;owned\x07</script><script>alert(1)</script>",
			       "/src/\xe2\x80\xae]]><b>`x`|[a](javascript:1)\n# heading.go", 1),
			frame("main.\xff\xfe;with spaces and ;semicolons", "?", 0)));
	struct finding *finding;

	add_targets(report, 1);
	report->targets[0].target = last.target = STR("evil\"><img src=x onerror=1>\x1b[2J/pod|x");
	report->targets[0].warnings[0] =
		STR("error: <svg onload=1> \x1b[1m]]> | `code` ![i](http://x)");
	report->targets[0].warning_count = 1;
	finding = add_finding(report, stack);
	report->ticks = 60;
	report->first_wall_ms = START_MS;
	report->last_wall_ms = START_MS + 59 * 60000;
	finding->verdict = VERDICT_CONFIRMED;
	finding->goroutines_last = 20;
	finding->waits = waits("chan \x1b[31msend]]>", 20);
	finding->wait_count = 1;
	finding->because = STR("because \xe2\x80\xae </p> *stars* _under_");
}

static void sample_many(struct report *report)
{
	struct finding *first, *many;

	sample_leak(report);
	first = report->findings;
	many = arena_array(&arena, 3, sizeof(*many));
	must(many != NULL, "memory");
	for (uint32_t i = 0; i < 3; i++) {
		many[i] = *first;
		many[i].stack = groups[i == 0 ? 0 : i + 2].stack;
		many[i].site = *stack_site(many[i].stack);
		many[i].goroutines_last = first->goroutines_last / (1 + 100 * i);
		many[i].verdict = i == 0 ? VERDICT_CONFIRMED : VERDICT_SUSPECT;
	}
	many[2].class = CLASS_FILLING;
	report->findings = many;
	report->finding_count = 3;
	{
		struct target_report one = report->targets[0];
		struct target_report *targets = add_targets(report, 30);

		for (uint32_t i = 0; i < 10; i++) {
			struct str name = targets[3 * i].target;

			targets[3 * i] = one;
			targets[3 * i].target = name;
		}
		for (uint32_t i = 0; i < 3; i++)
			many[i].targets = &targets[3 * i].target;
		for (uint32_t i = 1; i < 30; i++)
			last_looks[i] = &empty_look;
	}
}

static void sample_one_unseen(struct report *report)
{
	sample_healthy(report);
	add_targets(report, 2);
	report->targets[1].goroutines_first = report->targets[1].goroutines_last = -1;
}

// Metrics alone: totals, and not one goroutine.
static void sample_blind(struct report *report)
{
	sample_healthy(report);
	report->short_collection = true;
	last_looks[0] = NULL;
}

static void sample_failed(struct report *report)
{
	sample_blind(report);
	report->missed = report->ticks;
	report->targets[0].goroutines_first = report->targets[0].goroutines_last = -1;
}

static const struct {
	const char *name;
	void (*fill)(struct report *report);
} samples[] = {
	{"leak", sample_leak},
	{"short", sample_short},
	{"dump", sample_dump},
	{"healthy", sample_healthy},
	{"backlog", sample_backlog},
	{"queue", sample_queue},
	{"drained", sample_drained},
	{"hostile", sample_hostile},
	{"many", sample_many},
	{"one-unseen", sample_one_unseen},
	{"blind", sample_blind},
	{"failed", sample_failed},
};

static const struct source_links links = {
	.url = "https://git.example/shop/blob/main/{file}#L{line}",
	.root = "/src/shop/",
};

static void tell_as(struct buf *out, const struct tell *tell, const char *form)
{
	if (strcmp(form, "html") == 0)
		html_write(out, tell);
	else if (strcmp(form, "postmortem") == 0)
		postmortem_write(out, tell, &links);
	else if (strcmp(form, "folded") == 0)
		folded_write(out, tell);
	else
		summary_write(
			out, tell, &(struct summary_style){.colour = strcmp(form, "colour") == 0});
}

// Allocations that still succeed; below 0: all.
static long allocations_left = -1;

static bool allocation_fails(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left == 0 || allocations_left-- == 0;
}

// Given to the linker in place of the C library's (--wrap).
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(old, size);
}

// Whatever allocation fails: the buffer says so, or the text is whole.
static void torture(const struct tell *tell, const char *form)
{
	struct buf whole = BUF_INIT(HTML_REPORT_MAX);
	bool done = false;

	tell_as(&whole, tell, form);
	for (long n = 0; !done; n++) {
		struct buf out = BUF_INIT(HTML_REPORT_MAX);

		allocations_left = n;
		tell_as(&out, tell, form);
		done = allocations_left > 0;
		allocations_left = -1;
		if (buf_failed(&out) == 0 && !str_equal(buf_str(&out), buf_str(&whole))) {
			fprintf(stderr, "samples: %s: allocation %ld failed unnoticed\n", form, n);
			exit(1);
		}
		buf_release(&out);
	}
	buf_release(&whole);
}

int main(int argc, char **argv)
{
	static const struct tell_artifact artifacts[] = {
		{STR("shop/gateway-7f00/app"),
			STR("targets/shop/gateway-7f00/app/0059-20261121T041451Z/goroutine.txt.gz"),
			STR("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")},
	};
	struct report report = {.first_wall_ms = -1, .last_wall_ms = -1};
	struct tell tell = {.report = &report,
		.last = last_looks,
		.version = "0.1.0",
		.artifacts = artifacts,
		.artifact_count = 1};
	struct buf out = BUF_INIT(HTML_REPORT_MAX);
	size_t at = 0;

	must(argc == 3 || argc == 4, "usage: samples SAMPLE FORM [torture]");
	table = stacks_new(MIB(16));
	arena = ARENA_INIT(MIB(16));
	must(table != NULL, "memory");
	while (at < sizeof(samples) / sizeof(samples[0]) && strcmp(samples[at].name, argv[1]) != 0)
		at++;
	must(at < sizeof(samples) / sizeof(samples[0]), "no such sample");
	samples[at].fill(&report);
	last.groups = groups;
	last.group_count = group_count;
	tell.stacks = table;
	if (argc == 4)
		torture(&tell, argv[2]);
	else
		tell_as(&out, &tell, argv[2]);
	must(buf_failed(&out) == 0, "out of memory");
	fwrite(buf_text(&out), 1, out.len, stdout);
	buf_release(&out);
	arena_release(&arena);
	stacks_free(&table);
	return 0;
}
