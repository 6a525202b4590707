// SPDX-License-Identifier: Apache-2.0
// Simulated days through the judge: one line a day of what it said, and of what was true.
//
//	simulate --scenario steady --leak time --rate 1 --source ladder --baseline 300 --days 100
//	simulate --write FILE ...	the observations of the first day as well
//(observations.jsonl)
//
// Columns: seed, scenario, leak, rate, source, baseline; minutes from the leak's start (from the
// beginning of the day without one) to hint, suspect and confirmed at the leak's own site; the same
// of the first false ones and where; the last rate with its interval, the true one in its
// window; looks to hint and suspect; warnings about the data; minutes to cleared.
#include "base/arena.h"
#include "collector/observe/observations.h"
#include "collector/observe/observe.h"
#include "model/judge.h"
#include "tests/accuracy/watcher.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_0_MS 1763694000000.0
#define SETTLE_BYTES_MAX MIB(16)

struct run {
	struct plan plan;
	enum way way;
	double interval_s;
	struct mishaps mishaps;
	bool own_leak_time; // leak_from_s is drawn
	FILE *file; // where the day's observations go, or NULL
};

// Who hears of what was seen.
struct ears {
	struct judge *judge;
	struct observations_writer *writer; // NULL: nothing is written
};

#define LOOKS_MAX 20000

// When the looks were, to count how many a verdict took; and what had leaked by then.
struct looks {
	double minutes[LOOKS_MAX]; // since the beginning of the day
	double leaked[LOOKS_MAX]; // expected, not drawn
	uint32_t count;
};

struct told {
	double minutes[VERDICT_CLEARED + 1]; // first time of each; NAN
	char where[80];
};

static struct told told_nothing(void)
{
	struct told told;

	for (int i = 0; i <= VERDICT_CLEARED; i++)
		told.minutes[i] = NAN;
	(void)snprintf(told.where, sizeof(told.where), "-");
	return told;
}

static bool is_leak_site(const struct day *day, const struct finding *finding)
{
	if (!finding->stack)
		return day->leak_site_count > 0;
	for (int i = 0; i < day->leak_site_count; i++) {
		const struct site *site = &day->service.sites[day->leak_sites[i]];

		if (site->stack->line_free_key == finding->stack->line_free_key ||
			(site->other_stack &&
				site->other_stack->line_free_key == finding->stack->line_free_key))
			return true;
	}
	return false;
}

static void note(struct told *told, const struct finding *finding, double from_ms, bool later)
{
	for (uint32_t i = 0; i < finding->history_count; i++) {
		enum verdict verdict = finding->history[i].verdict;
		double minutes = ((double)finding->history[i].wall_ms - from_ms) / 60e3;

		if (later && minutes < 0)
			continue;
		if (!(told->minutes[verdict] <= minutes)) {
			told->minutes[verdict] = minutes;
			if (verdict >= VERDICT_SUSPECT && verdict != VERDICT_CLEARED)
				(void)snprintf(told->where, sizeof(told->where), "%.*s",
					finding->stack ? (int)finding->stack->frames[0].function.len
						       : 6,
					finding->stack ? finding->stack->frames[0].function.data
						       : "totals");
		}
	}
}

// How many intervals between looks a moment is after the leak began: "within four dumps" is up
// to 4.
static double looks_until(const struct looks *looks, double from_min, double minutes)
{
	uint32_t count = 0;
	double before = from_min, last = from_min;

	for (uint32_t i = 0; i < looks->count && looks->minutes[i] <= from_min + minutes + 1e-3;
		i++)
		if (looks->minutes[i] <= from_min)
			before = last = looks->minutes[i];
		else
			last = looks->minutes[i], count++;
	return minutes * count / fmax(1e-9, last - before);
}

// Expected leaks per second in the window of an estimate.
static double true_rate(const struct looks *looks, const struct estimate *rate)
{
	double from = NAN, to = NAN, from_min = NAN, to_min = NAN;

	for (uint32_t i = 0; i < looks->count && !isnan(rate->from_ms); i++) {
		double ms = WALL_0_MS + looks->minutes[i] * 60e3;

		if (ms <= rate->from_ms + 1 || isnan(from))
			from = looks->leaked[i], from_min = looks->minutes[i];
		if (ms <= rate->to_ms + 1)
			to = looks->leaked[i], to_min = looks->minutes[i];
	}
	return (to - from) / (to_min - from_min) / 60;
}

static void print_day(const struct run *run, const struct day *day, const struct looks *looks,
	const struct report *report)
{
	double from_s = day->plan.leak == LEAK_NONE ? 0 : day->plan.leak_from_s;
	double from_ms = WALL_0_MS + from_s * 1e3;
	struct told right = told_nothing(), wrong = told_nothing();
	struct estimate rate = estimate_none("no");

	for (uint32_t i = 0; i < report->finding_count; i++) {
		const struct finding *finding = &report->findings[i];
		bool site = is_leak_site(day, finding);

		note(site ? &right : &wrong, finding, from_ms, site && !run->mishaps.clock_steps);
		if (site && !estimate_known(&rate))
			rate = finding->rate_per_s;
	}
	printf("%llu\t%s\t%s\t%g\t%s\t%g\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t%g\t%g\t%g\t%g\t%"
	       "g\t%g\t%u\t%.2f\n",
		(unsigned long long)day->plan.seed, scenario_names[day->plan.scenario],
		leak_names[day->plan.leak], day->plan.leak_per_s, way_names[run->way],
		day->plan.baseline, right.minutes[VERDICT_HINT], right.minutes[VERDICT_SUSPECT],
		right.minutes[VERDICT_CONFIRMED], wrong.minutes[VERDICT_HINT],
		wrong.minutes[VERDICT_SUSPECT], wrong.minutes[VERDICT_CONFIRMED], wrong.where,
		rate.value, rate.low, rate.high, true_rate(looks, &rate),
		looks_until(looks, from_s / 60, right.minutes[VERDICT_HINT]),
		looks_until(looks, from_s / 60, right.minutes[VERDICT_SUSPECT]),
		report->targets[0].warning_count, right.minutes[VERDICT_CLEARED]);
}

static int to_file(void *context, const void *data, size_t len, struct error *error)
{
	if (fwrite(data, 1, len, context) != len)
		return error_set(error, -EIO, "write: I/O error");
	return 0;
}

static int begin_writing(struct ears *ears, const struct stacks *stacks, FILE *file)
{
	struct error error = {0};

	if (!file)
		return 0;
	ears->writer = observations_writer_new(stacks, (struct sink){to_file, file});
	return ears->writer ? observations_write_header(
				      ears->writer, "simulate", (int64_t)WALL_0_MS, 0, &error)
			    : -ENOMEM;
}

// Copies are settled and numbered: the judge hears the same whether or not the day is written.
static int write_look(
	struct observations_writer *writer, const struct process *process, struct observation seen)
{
	struct arena arena = ARENA_INIT(SETTLE_BYTES_MAX);
	struct error error = {0};
	int r = 0;

	if (process) {
		struct process copy = *process;

		r = process_settle(&copy, &arena);
		if (r == 0)
			r = observations_write_process(writer, &copy, &error);
	}
	if (r == 0)
		r = observation_settle(&seen, &arena);
	if (r == 0)
		r = observations_write_tick(writer, &seen, &error);
	arena_release(&arena);
	return r;
}

// `number`: 0, or that of the second process behind the address.
static int look(struct day *day, struct watcher *watcher, const struct ears *ears, bool new_life,
	uint32_t number, double *next_s)
{
	struct observation observation;
	struct process process;
	int r = 0;

	*next_s = watcher_look(watcher, day, &observation);
	observation.process += number;
	watcher_process(day, &process);
	process.number += number;
	if (ears->writer)
		r = write_look(ears->writer, new_life ? &process : NULL, observation);
	if (r == 0 && new_life)
		r = judge_process(ears->judge, &process);
	return r < 0 ? r : judge_observe(ears->judge, &observation);
}

// A second process of the same service, looked at in between, a second later. NULL ends it.
static int other_process(const struct run *run, const struct day *day, const struct ears *ears)
{
	static struct day other;
	static struct watcher watcher;
	static bool is_there;
	double next_s;
	bool new_life = !is_there;

	if (!run) {
		if (is_there)
			watcher_end(&watcher), day_end(&other);
		is_there = false;
		return 0;
	}
	if (!is_there) {
		struct plan plan = run->plan;

		plan.seed += 1u << 20;
		day_begin(&other, &plan, day->service.stacks);
		watcher_begin(&watcher, run->way, run->interval_s, &run->mishaps, &other);
		is_there = true;
	}
	new_life |= day_step(&other, day->service.t_s - 1 - other.service.t_s);
	watcher.seq = day->service.number; // numbered by the judge's caller in real life
	return look(&other, &watcher, ears, new_life, 1000, &next_s);
}

static int simulate(const struct run *run)
{
	static struct day day;
	static struct watcher watcher;
	static struct looks looks;
	struct stacks *stacks = stacks_new(64u << 20);
	struct judge_parameters parameters = {.interval_s = run->interval_s};
	struct judge *judge = judge_new(stacks, &parameters);
	struct ears ears = {.judge = judge};
	struct error error = {0};
	struct report report;
	bool new_life = true;
	double next_s = 0;
	int r = stacks && judge ? begin_writing(&ears, stacks, run->file) : -ENOMEM;

	looks.count = 0;
	day_begin(&day, &run->plan, stacks);
	watcher_begin(&watcher, run->way, run->interval_s, &run->mishaps, &day);
	while (r == 0 && day.service.t_s < run->plan.seconds) {
		if (looks.count < LOOKS_MAX) {
			looks.minutes[looks.count] = day.service.t_s / 60;
			looks.leaked[looks.count++] = day.service.leaks_expected;
		}
		r = look(&day, &watcher, &ears, new_life, 0, &next_s);
		new_life = day_step(&day, next_s);
		if (r == 0 && run->mishaps.two_processes)
			r = other_process(run, &day, &ears);
	}
	(void)other_process(NULL, NULL, NULL);
	if (r == 0)
		r = judge_report(judge, &report, &error);
	if (r == 0) {
		print_day(run, &day, &looks, &report);
		report_release(&report);
	}
	watcher_end(&watcher);
	day_end(&day);
	observations_writer_free(&ears.writer);
	judge_free(&judge);
	stacks_free(&stacks);
	return r;
}

// A file for the first day. Closed by the caller.
static FILE *opened(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		fprintf(stderr, "simulate: create %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return file;
}

static int word(const char *const *words, int count, const char *text)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	fprintf(stderr, "simulate: no such word: %s\n", text);
	exit(1);
}

static double number(const char *text)
{
	double value;

	if (!str_to_double(str_of(text), &value)) {
		fprintf(stderr, "simulate: no number: %s\n", text);
		exit(1);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"scenario", 1, NULL, 's'}, {"leak", 1, NULL, 'l'},
		{"rate", 1, NULL, 'r'}, {"source", 1, NULL, 'o'}, {"baseline", 1, NULL, 'b'},
		{"days", 1, NULL, 'd'}, {"seed", 1, NULL, 'e'}, {"interval", 1, NULL, 'i'},
		{"hours", 1, NULL, 'h'}, {"foreign", 0, NULL, 'f'}, {"from", 1, NULL, 'F'},
		{"tells-load", 0, NULL, 't'}, {"mishap", 1, NULL, 'm'}, {"write", 1, NULL, 'w'},
		{0}};
	struct run run = {.plan = {.baseline = 300,
				  .seconds = 86400,
				  .leak_per_s = 1,
				  .leak_from_s = 3 * 3600,
				  .seed = 1},
		.interval_s = 60};
	int days = 1, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (option) {
		case 's':
			run.plan.scenario =
				(enum scenario)word(scenario_names, SCENARIO_COUNT, optarg);
			break;
		case 'l':
			run.plan.leak = (enum leak)word(leak_names, LEAK_COUNT, optarg);
			break;
		case 'o':
			run.way = (enum way)word(way_names, WAY_COUNT, optarg);
			break;
		case 'r':
			run.plan.leak_per_s = number(optarg);
			break;
		case 'b':
			run.plan.baseline = number(optarg);
			break;
		case 'd':
			days = (int)number(optarg);
			break;
		case 'e':
			run.plan.seed = (uint64_t)number(optarg);
			break;
		case 'i':
			run.interval_s = number(optarg);
			break;
		case 'h':
			run.plan.seconds = number(optarg) * 3600;
			break;
		case 'F':
			run.plan.leak_from_s = number(optarg) * 3600;
			break;
		case 'm':
			if (!mishap_set(optarg, &run.mishaps)) {
				fprintf(stderr, "simulate: no such mishap: %s\n", optarg);
				return 1;
			}
			break;
		case 'w':
			run.file = opened(optarg);
			break;
		case 't':
			run.plan.tells_load = true;
			break;
		case 'f':
			run.plan.family = FAMILY_FOREIGN;
			break;
		default:
			return 1;
		}
	for (int i = 0; i < days; i++, run.plan.seed++) {
		int r = simulate(&run);

		if (run.file && fclose(run.file) != 0 && r == 0)
			r = -EIO;
		run.file = NULL;
		if (r < 0) {
			fprintf(stderr, "simulate: %s\n", strerror(-r));
			return 1;
		}
	}
	return 0;
}
