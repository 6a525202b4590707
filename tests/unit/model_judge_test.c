// SPDX-License-Identifier: Apache-2.0
// The judge on a simulated process: what leaks is found with its rate, what does not is left alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "simulated_process.h"

#define WARM_UP_S 2400

enum { POOL, CONNECTION, REQUEST, SESSION, LEAK, HELPER };

// A healthy service of 40 requests a second; its sixth and seventh site are at the test's disposal.
static struct simulated_process service(void)
{
	return (struct simulated_process){
		.sites = {
			{.function = "main.worker",
				.creator = "main.main",
				.wait = "chan receive",
				.life_s = INFINITY,
				.at_start = 50},
			{.function = "net/http.(*conn).serve",
				.wait = "IO wait",
				.per_s = 1,
				.life_s = 120},
			{.function = "main.handle",
				.wait = "select",
				.per_s = 40,
				.life_s = 0.2,
				.request = true},
			{.function = "main.session", .wait = "select", .per_s = 0.3, .life_s = 400},
			{.function = "main.leak",
				.creator = "main.fanout",
				.wait = "chan send",
				.life_s = INFINITY},
			{.function = "main.helper",
				.creator = "main.fanout",
				.wait = "chan receive",
				.life_s = INFINITY},
		}};
}

static const struct look_options with_ids = {LOOK_IDS, true, false, 0};

struct run {
	struct stacks *stacks;
	struct judge *judge;
	struct simulated_process process;
	uint64_t born_before;
	double from_s;
};

// The leak begins with the collection; what is healthy has long settled.
static void begin_run(struct run *run, struct simulated_process process, uint64_t seed)
{
	const struct simulated_site leak = process.sites[LEAK];

	run->stacks = stacks_new(1 << 24);
	assert_non_null(run->stacks);
	run->process = process;
	run->process.sites[LEAK].per_s = run->process.sites[LEAK].per_request = 0;
	simulate(&run->process, run->stacks, seed);
	while (run->process.t_s < WARM_UP_S)
		advance(&run->process, 20);
	run->process.sites[LEAK].per_s = leak.per_s;
	run->process.sites[LEAK].per_request = leak.per_request;
	run->judge = judge_new(run->stacks, NULL);
	assert_non_null(run->judge);
	run->born_before = run->process.sites[LEAK].born;
	run->from_s = run->process.t_s;
}

static void observe_for(
	struct run *run, double seconds, double interval_s, const struct look_options *options)
{
	double until_s = run->process.t_s + seconds;

	if (run->process.seq == 0)
		assert_int_equal(look_at(&run->process, run->judge, options), 0);
	while (run->process.t_s + interval_s <= until_s + 1e-6) {
		advance(&run->process, interval_s);
		assert_int_equal(look_at(&run->process, run->judge, options), 0);
	}
}

static struct report report_of(struct run *run)
{
	struct report report;
	struct error error = {0};

	assert_int_equal(judge_report(run->judge, &report, &error), 0);
	return report;
}

static const struct finding *finding_at(const struct report *report, const struct stack *stack)
{
	for (uint32_t i = 0; i < report->finding_count; i++)
		if (report->findings[i].stack == stack)
			return &report->findings[i];
	return NULL;
}

static double true_rate(const struct run *run)
{
	return (double)(run->process.sites[LEAK].born - run->born_before) /
	       (run->process.t_s - run->from_s);
}

static void end_run(struct run *run)
{
	judge_free(&run->judge);
	stacks_free(&run->stacks);
	end_simulation(&run->process);
}

static bool holds(const struct estimate *estimate, double value)
{
	return estimate_known(estimate) && estimate->low <= value && value <= estimate->high;
}

static void a_minute_tells_growth_and_its_rate(void **state)
{
	int covered = 0, runs = 100;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[LEAK].per_s = 2;
		begin_run(&run, process, (uint64_t)seed);
		observe_for(&run, 60, 5, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_true(report.short_collection);
		assert_non_null(finding);
		assert_int_equal(finding->verdict, VERDICT_GROWING);
		assert_string_equal(finding->site.function.data, "main.leak");
		assert_true(finding->needs_minutes >= 1);
		covered += holds(&finding->rate_per_s, 2) && holds(&finding->per_request, 2 / 40.0);
		report_release(&report);
		end_run(&run);
	}
	assert_true(covered >= 0.93 * runs);
}

static void a_leak_is_suspect_in_minutes_and_confirmed_in_35(void **state)
{
	static const double rates[] = {0.1, 1, 10};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[LEAK].per_s = rates[i];
		begin_run(&run, process, 7);
		observe_for(&run, (i < 2 ? 9 : 7) * 60, 60, &with_ids); // ten a second: soon sure
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_non_null(finding);
		assert_int_equal(finding->verdict, VERDICT_SUSPECT);
		report_release(&report);
		observe_for(&run, 26 * 60, 60, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_int_equal(finding->verdict, VERDICT_CONFIRMED);
		assert_int_equal(finding->class, CLASS_LEAK);
		assert_true(holds(&finding->rate_per_s, true_rate(&run)));
		assert_int_equal(finding->history_count, 2);
		assert_true(finding->started_wall_ms > 0);
		assert_int_equal(report.finding_count, 1);
		report_release(&report);
		end_run(&run);
	}
}

static void rate_intervals_hold_the_truth(void **state)
{
	int covered = 0, runs = 60;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[LEAK].per_request = 0.02;
		begin_run(&run, process, (uint64_t)seed + 1000);
		observe_for(&run, 600, 5, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_non_null(finding);
		assert_int_equal(finding->verdict, VERDICT_SUSPECT);
		covered += holds(&finding->rate_per_s, 0.8) && holds(&finding->per_request, 0.02) &&
			   holds(&report.targets[0].lambda, 0.02);
		report_release(&report);
		end_run(&run);
	}
	assert_true(covered >= 0.92 * runs);
}

static double swinging(double t_s)
{
	return 1 + 0.8 * sin(t_s / 90) + (fmod(t_s, 300) < 30 ? 4 : 0);
}

static void healthy_services_get_no_more_than_a_hint(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;

		process.load = seed % 2 ? swinging : NULL;
		begin_run(&run, process, seed);
		observe_for(&run, seed <= 6 ? 600 : 4 * 3600, seed <= 6 ? 5 : 60, &with_ids);
		report = report_of(&run);
		for (uint32_t i = 0; i < report.finding_count; i++)
			assert_true(report.findings[i].verdict <= VERDICT_HINT);
		assert_int_not_equal(report.targets[0].class, CLASS_LEAK);
		report_release(&report);
		end_run(&run);
	}
}

static void services_that_warm_up_get_no_more_than_a_hint(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct simulated_process process = service();
		struct run run = {.stacks = stacks_new(1 << 24)};
		struct look_options options = with_ids;
		struct report report;

		options.process_start = seed % 2;
		run.judge = judge_new(run.stacks, NULL);
		run.process = process;
		simulate(&run.process, run.stacks, seed);
		observe_for(&run, 600, 5, &options);
		report = report_of(&run);
		for (uint32_t i = 0; i < report.finding_count; i++)
			assert_true(report.findings[i].verdict <= VERDICT_HINT);
		report_release(&report);
		end_run(&run);
	}
}

// Ten thousand requests at once meet a dependency that does not answer, and drain when it does.
static void a_backlog_is_called_one_and_never_a_leak(void **state)
{
	(void)state;
	for (int waiting_s = 120; waiting_s <= 600; waiting_s += 240) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[REQUEST].per_s = 2;
		process.sites[HELPER] = (struct simulated_site){.function = "main.ask",
			.life_s = 1,
			.wait = "select",
			.request = true,
			.burst = 10000,
			.burst_at_s = WARM_UP_S + 60,
			.burst_life_s = waiting_s};
		begin_run(&run, process, 3);
		observe_for(&run, 100, 5, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[HELPER].stack);
		assert_non_null(finding);
		assert_int_equal(finding->class, CLASS_BACKLOG);
		assert_int_equal(report.targets[0].class, CLASS_BACKLOG);
		report_release(&report);
		observe_for(&run, 500, 5, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[HELPER].stack);
		assert_non_null(finding);
		assert_int_equal(finding->class, CLASS_BACKLOG);
		assert_int_equal(finding->open, waiting_s >= 540);
		for (uint32_t i = 0; i < report.finding_count; i++)
			assert_int_not_equal(report.findings[i].class, CLASS_LEAK);
		report_release(&report);
		end_run(&run);
	}
}

static void idle_workers_are_not_stuck_and_blocked_senders_are(void **state)
{
	const struct look_options options = {LOOK_IDS, true, false, 5};
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].at_start = 30;
	begin_run(&run, process, 5);
	observe_for(&run, 20, 10, &options);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_non_null(finding);
	assert_int_equal(finding->verdict, VERDICT_STUCK);
	assert_int_equal(finding->minutes_max, 5);
	assert_null(finding_at(&report, run.process.sites[POOL].stack));
	report_release(&report);
	end_run(&run);
}

static void stacks_filled_by_the_same_events_are_one_finding(void **state)
{
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 1;
	process.sites[HELPER].in_pairs = true;
	begin_run(&run, process, 11);
	observe_for(&run, 120, 5, &with_ids);
	report = report_of(&run);
	assert_int_equal(report.finding_count, 1);
	finding = &report.findings[0];
	assert_int_equal(finding->part_count, 1);
	assert_true(holds(&finding->rate_per_s, true_rate(&run)));
	report_release(&report);
	end_run(&run);
}

static void leaks_that_are_independent_stay_apart(void **state)
{
	struct simulated_process process = service();
	struct run run;
	struct report report;

	(void)state;
	process.sites[LEAK].per_s = process.sites[HELPER].per_s = 1;
	begin_run(&run, process, 12);
	observe_for(&run, 120, 5, &with_ids);
	report = report_of(&run);
	assert_int_equal(report.finding_count, 2);
	report_release(&report);
	end_run(&run);
}

static void one_dump_gives_a_rate_per_birth_and_per_second(void **state)
{
	int covered = 0, found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct look_options options = {LOOK_IDS, false, true, 0};
		struct simulated_process process = service();
		struct run run = {.stacks = stacks_new(1 << 24)};
		struct report report;
		const struct finding *finding;

		process.sites[LEAK].per_s = 0.5;
		run.judge = judge_new(run.stacks, NULL);
		run.process = process;
		simulate(&run.process, run.stacks, seed);
		while (run.process.t_s < 1800)
			advance(&run.process, 20);
		observe_for(&run, 0, 1, &options);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		found += finding && finding->verdict == VERDICT_UNDECIDABLE;
		covered += finding && holds(&finding->rate_per_s, 0.5);
		assert_null(finding_at(&report, run.process.sites[POOL].stack));
		report_release(&report);
		end_run(&run);
	}
	assert_true(found >= 38); // evenness is rejected by chance in one of a thousand
	assert_true(covered >= 36);
}

static void counts_alone_end_at_suspect(void **state)
{
	const struct look_options counts = {LOOK_COUNTS, true, false, 0};
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 1;
	begin_run(&run, process, 9);
	observe_for(&run, 4200, 60, &counts);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_non_null(finding);
	assert_int_equal(finding->verdict, VERDICT_SUSPECT);
	assert_true(holds(&finding->rate_per_s, true_rate(&run)));
	assert_string_equal(report.targets[0].method, "counts");
	report_release(&report);
	end_run(&run);
}

static void counts_take_over_where_ids_are_given_up(void **state)
{
	const struct look_options counts = {LOOK_COUNTS, true, false, 0};
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 1;
	begin_run(&run, process, 4);
	observe_for(&run, 20, 5, &with_ids);
	observe_for(&run, 240, 5, &counts);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_non_null(finding);
	assert_int_equal(finding->verdict, VERDICT_GROWING);
	assert_string_equal(finding->rate_per_s.method, "counts");
	assert_true(holds(&finding->rate_per_s, 1));
	assert_string_equal(report.targets[0].method, "survivors+counts");
	report_release(&report);
	end_run(&run);
}

static void totals_alone_give_lambda(void **state)
{
	const struct look_options totals = {LOOK_METRICS, true, false, 0};
	int covered = 0, leaks = 0, named = 0, runs = 40;

	(void)state;
	for (int seed = 1; seed <= runs; seed++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;

		process.load = swinging;
		process.sites[LEAK].per_request = 0.05;
		begin_run(&run, process, (uint64_t)seed);
		observe_for(&run, 3600, 60, &totals);
		report = report_of(&run);
		covered += holds(&report.targets[0].lambda, 0.05);
		leaks += report.targets[0].class == CLASS_LEAK;
		named += strcmp(report.targets[0].class_text, "load-driven") == 0;
		report_release(&report);
		end_run(&run);
	}
	assert_true(covered >= 0.92 * runs);
	assert_true(leaks >= 0.95 * runs);
	assert_true(named >= 0.9 * runs);
}

static void cut_and_missed_dumps_change_no_rate(void **state)
{
	const struct look_options cut = {LOOK_CUT, true, false, 0}, failed = {.look = LOOK_FAILED};
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 1;
	begin_run(&run, process, 21);
	for (int i = 0; i < 20; i++) {
		observe_for(&run, 60, 30, &with_ids);
		observe_for(&run, 30, 30, i % 2 ? &cut : &failed);
	}
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_true(holds(&finding->rate_per_s, true_rate(&run)));
	assert_int_equal(report.cut, 10);
	assert_int_equal(report.missed, 10);
	assert_int_equal(report.targets[0].warning_count, 2);
	report_release(&report);
	end_run(&run);
}

static void a_restart_cuts_the_series_and_keeps_the_finding(void **state)
{
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 1;
	begin_run(&run, process, 22);
	observe_for(&run, 2400, 60, &with_ids);
	begin_life(&run.process);
	observe_for(&run, 300, 60, &with_ids);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_int_equal(finding->verdict, VERDICT_CONFIRMED);
	assert_int_equal(report.targets[0].lives, 2);
	report_release(&report);
	run.process.sites[LEAK].per_s = 0; // the restart brought a fix
	observe_for(&run, 3000, 60, &with_ids);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_int_equal(finding->verdict, VERDICT_CLEARED);
	assert_false(finding->open);
	report_release(&report);
	end_run(&run);
}

// The fields that say everything, as text.
static bool says(const struct finding *finding, const char *text)
{
	return strstr(finding->because.data, text) != NULL; // the arena ends its texts with NUL
}

// What the goroutineleak profile would list of the leak.
static void prove(struct run *run, uint32_t count)
{
	const struct observed_group group = {
		.stack = run->process.sites[LEAK].stack, .count = count};
	struct observation o = {
		.target = STR("shop/gateway/app"),
		.process = run->process.number,
		.seq = run->process.seq++,
		.mono_ms = run->process.t_s * 1e3 + 1,
		.wall_ms = (int64_t)((run->process.wall_0_s + run->process.t_s) * 1e3) + 1,
		.source = OBSERVED_LEAK,
		.goroutines = -1,
		.dumped = count,
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

	assert_int_equal(judge_observe(run->judge, &o), 0);
}

static void the_runtimes_proof_makes_a_leak_of_what_grows_or_is_stuck(void **state)
{
	static const struct {
		double per_s, seconds;
		enum verdict without, with;
	} cases[] = {
		{1, 60, VERDICT_GROWING, VERDICT_GROWING},
		{0, 60, VERDICT_NONE, VERDICT_STUCK},
		{1, 720, VERDICT_SUSPECT, VERDICT_CONFIRMED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[LEAK].per_s = cases[i].per_s;
		process.sites[LEAK].at_start = 3;
		begin_run(&run, process, 31 + i);
		observe_for(&run, cases[i].seconds, 10, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_int_equal(finding ? finding->verdict : VERDICT_NONE, cases[i].without);
		assert_int_equal(
			report.targets[0].class == CLASS_LEAK, cases[i].without == VERDICT_SUSPECT);
		report_release(&report);
		prove(&run, 3);
		observe_for(&run, 10, 10, &with_ids); // a dump without marks takes nothing back
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_non_null(finding);
		assert_int_equal(finding->verdict, cases[i].with);
		assert_int_equal(finding->class, CLASS_LEAK);
		assert_int_equal(finding->proven, 3);
		assert_true(says(finding, "The runtime proves that 3 of them"));
		assert_int_equal(report.targets[0].class, CLASS_LEAK);
		assert_int_equal(report.leak_profiles, 1);
		assert_int_equal(report.ticks, cases[i].seconds / 10 + 2);
		report_release(&report);
		end_run(&run);
	}
}

static void a_goroutineleak_profile_alone_is_enough(void **state)
{
	struct run run;
	struct report report;

	(void)state;
	begin_run(&run, service(), 3);
	prove(&run, 1);
	report = report_of(&run);
	assert_int_equal(report.finding_count, 1);
	assert_int_equal(report.findings[0].verdict, VERDICT_STUCK);
	assert_int_equal(report.findings[0].class, CLASS_LEAK);
	assert_int_equal(report.findings[0].goroutines_last, 1);
	assert_int_equal(report.ticks, 0);
	report_release(&report);
	end_run(&run);
}

// Handlers that do not return: load, long requests or a leak. Nobody waits long for a lock on
// purpose, though.
static void what_grows_with_the_requests_in_flight_is_not_decidable(void **state)
{
	static const struct {
		const char *wait;
		enum verdict verdict;
	} cases[] = {
		{"select", VERDICT_UNDECIDABLE},
		{"sync.Mutex.Lock", VERDICT_GROWING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;
		const struct finding *finding;

		process.sites[LEAK] = (struct simulated_site){.function = "net/http.(*conn).serve",
			.wait = cases[i].wait,
			.per_s = 1,
			.life_s = INFINITY,
			.request = true};
		begin_run(&run, process, 41);
		observe_for(&run, 60, 5, &with_ids);
		report = report_of(&run);
		finding = finding_at(&report, run.process.sites[LEAK].stack);
		assert_non_null(finding);
		assert_int_equal(finding->verdict, cases[i].verdict);
		assert_int_equal(finding->class, CLASS_UNKNOWN);
		assert_int_equal(report.targets[0].class, CLASS_UNKNOWN);
		assert_int_equal(says(finding, "requests in flight grew by as much"), i == 0);
		report_release(&report);
		end_run(&run);
	}
}

static void what_has_stopped_growing_is_not_growing(void **state)
{
	struct simulated_process process = service();
	struct run run;
	struct report report;
	const struct finding *finding;

	(void)state;
	process.sites[LEAK].per_s = 3;
	process.sites[LEAK].wait = "select";
	process.sites[LEAK].from_s = WARM_UP_S;
	process.sites[LEAK].until_s = WARM_UP_S + 25;
	begin_run(&run, process, 43);
	observe_for(&run, 80, 5, &with_ids);
	report = report_of(&run);
	finding = finding_at(&report, run.process.sites[LEAK].stack);
	assert_non_null(finding);
	assert_int_equal(finding->goroutines_last, run.process.sites[LEAK].born);
	assert_int_equal(finding->verdict, VERDICT_UNDECIDABLE);
	report_release(&report);
	end_run(&run);
}

static void write_down(const struct report *report, char *text, size_t size)
{
	size_t at = 0;

	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct finding *f = &report->findings[i];

		at += (size_t)snprintf(text + at, size - at,
			"%llx %d %d %.17g %.17g %.17g %u %lld\n", (unsigned long long)f->id,
			f->verdict, f->class, f->rate_per_s.value, f->rate_per_s.low,
			f->per_request.high, f->history_count, (long long)f->started_wall_ms);
	}
	for (uint32_t i = 0; i < report->target_count; i++)
		at += (size_t)snprintf(text + at, size - at, "%.17g %.17g %s %u\n",
			report->targets[i].lambda.value, report->targets[i].qps.last,
			report->targets[i].class_text, report->targets[i].point_count);
	assert_true(at < size);
}

static void reports_on_the_way_change_nothing_and_runs_repeat(void **state)
{
	char texts[2][4096];

	(void)state;
	for (int often = 0; often < 2; often++) {
		struct simulated_process process = service();
		struct run run;
		struct report report;

		process.sites[LEAK].per_s = 0.5;
		begin_run(&run, process, 33);
		for (int i = 0; i < 60; i++) {
			observe_for(&run, 30, 15, &with_ids);
			if (often) {
				report = report_of(&run);
				report_release(&report);
			}
		}
		report = report_of(&run);
		write_down(&report, texts[often], sizeof(texts[often]));
		report_release(&report);
		end_run(&run);
	}
	assert_string_equal(texts[0], texts[1]);
}

static void nothing_observed_is_a_report_too(void **state)
{
	struct stacks *stacks = stacks_new(1 << 20);
	struct judge *judge = judge_new(stacks, NULL);
	const struct observation failed = {.target = STR("a"),
		.mono_ms = NAN,
		.wall_ms = -1,
		.status = OBSERVED_FAILED,
		.goroutines = -1,
		.dumped = -1,
		.requests = NAN};
	struct report report;

	(void)state;
	assert_int_equal(judge_report(judge, &report, NULL), 0);
	assert_int_equal(report.finding_count, 0);
	report_release(&report);
	assert_int_equal(judge_observe(judge, &failed), 0);
	assert_int_equal(judge_report(judge, &report, NULL), 0);
	assert_int_equal(report.target_count, 1);
	assert_int_equal(report.missed, 1);
	assert_false(estimate_known(&report.targets[0].lambda));
	report_release(&report);
	judge_free(&judge);
	stacks_free(&stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_tells_growth_and_its_rate),
		cmocka_unit_test(a_leak_is_suspect_in_minutes_and_confirmed_in_35),
		cmocka_unit_test(rate_intervals_hold_the_truth),
		cmocka_unit_test(healthy_services_get_no_more_than_a_hint),
		cmocka_unit_test(services_that_warm_up_get_no_more_than_a_hint),
		cmocka_unit_test(a_backlog_is_called_one_and_never_a_leak),
		cmocka_unit_test(idle_workers_are_not_stuck_and_blocked_senders_are),
		cmocka_unit_test(stacks_filled_by_the_same_events_are_one_finding),
		cmocka_unit_test(leaks_that_are_independent_stay_apart),
		cmocka_unit_test(one_dump_gives_a_rate_per_birth_and_per_second),
		cmocka_unit_test(counts_alone_end_at_suspect),
		cmocka_unit_test(counts_take_over_where_ids_are_given_up),
		cmocka_unit_test(totals_alone_give_lambda),
		cmocka_unit_test(cut_and_missed_dumps_change_no_rate),
		cmocka_unit_test(a_restart_cuts_the_series_and_keeps_the_finding),
		cmocka_unit_test(reports_on_the_way_change_nothing_and_runs_repeat),
		cmocka_unit_test(the_runtimes_proof_makes_a_leak_of_what_grows_or_is_stuck),
		cmocka_unit_test(a_goroutineleak_profile_alone_is_enough),
		cmocka_unit_test(what_grows_with_the_requests_in_flight_is_not_decidable),
		cmocka_unit_test(what_has_stopped_growing_is_not_growing),
		cmocka_unit_test(nothing_observed_is_a_report_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
