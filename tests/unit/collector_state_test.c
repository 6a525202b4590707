// SPDX-License-Identifier: Apache-2.0
// State lines: a day that is cut anywhere ends in the same report and the same memory, and what is
// wrong with such a line costs that line alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/observe/observations_ids.h"
#include "collector/tell/findings_json.h"
#include "simulated_archive.h"

#define CUTS 20

// A judge that was made of a file alone.
struct reading {
	struct stacks *stacks;
	struct judge *judge;
	struct observations_clock clock;
	struct observations_summary summary;
	int state_result; // of the last state line
};

static int read_process(void *context, const struct process *process)
{
	return judge_process(((struct reading *)context)->judge, process);
}

static int read_observation(void *context, const struct observation *observation)
{
	return judge_observe(((struct reading *)context)->judge, observation);
}

static int read_state(void *context, const struct observed_state *state)
{
	struct reading *reading = context;

	reading->state_result = judge_restore(reading->judge, state->target, state->seq, state->io);
	return reading->state_result;
}

static void read_text(struct reading *reading, struct str text)
{
	const struct observations_handler handler = {
		read_process, read_observation, reading, read_state};
	struct observations_reader *reader;
	struct error error = {0};

	*reading = (struct reading){.stacks = stacks_new(MIB(64)), .state_result = -1};
	reading->judge = judge_new(reading->stacks, NULL);
	reader = observations_reader_new(reading->stacks, &handler);
	assert_non_null(reader);
	assert_int_equal(observations_reader_feed(reader, text.data, text.len, &error), 0);
	assert_int_equal(observations_reader_finish(reader, &reading->summary, &error), 0);
	reading->clock = observations_reader_clock(reader);
	observations_reader_free(&reader);
}

static void reading_release(struct reading *reading)
{
	judge_free(&reading->judge);
	stacks_free(&reading->stacks);
}

static void findings_of(struct judge *judge, const struct stacks *stacks, struct buf *out)
{
	const struct findings_context context = {.stacks = stacks};
	struct report report;
	struct error error = {0};

	*out = BUF_INIT(MIB(16));
	assert_int_equal(judge_report(judge, &report, &error), 0);
	assert_int_equal(findings_json(&report, &context, out, &error), 0);
	report_release(&report);
}

// All state lines of a judge, with the stacks they need.
static void states_of(const struct judge *judge, const struct stacks *stacks,
	const struct observations_clock *clock, struct buf *out)
{
	struct observations_writer *writer;
	struct error error = {0};

	*out = BUF_INIT(MIB(64));
	writer = observations_writer_new(stacks, (struct sink){archive_sink, out});
	assert_non_null(writer);
	for (uint32_t i = 0; i < judge_target_count(judge); i++)
		assert_int_equal(observations_write_state(writer, judge, i, clock, &error), 0);
	observations_writer_free(&writer);
}

static void assert_same_bytes(const struct buf *a, const struct buf *b, const char *what)
{
	size_t at = 0;

	while (at < a->len && at < b->len && a->data[at] == b->data[at])
		at++;
	if (at < a->len || at < b->len)
		fail_msg("%s differ at %zu of %zu and %zu:\n%.*s\n%.*s", what, at, a->len, b->len,
			(int)(a->len - at < 300 ? a->len - at : 300), a->data + at,
			(int)(b->len - at < 300 ? b->len - at : 300), b->data + at);
}

static void run_until(struct archive *archive, struct day *day, uint32_t minute)
{
	const struct day_handler handler = archive_handler(archive);

	while (day->minute < minute)
		assert_int_equal(day_tick(day, &handler), 0);
}

// What was restored from the archive, and what never stopped, say and remember the same.
static void compare(struct archive *archive)
{
	struct buf live, read, live_states, read_states;
	struct reading reading;

	read_text(&reading, buf_str(&archive->part));
	assert_int_equal(reading.summary.skipped, 0);
	assert_int_equal(reading.summary.gaps, 0);
	assert_int_equal(reading.summary.broken_chains, 0);
	findings_of(archive->judge, archive->stacks, &live);
	findings_of(reading.judge, reading.stacks, &read);
	assert_same_bytes(&live, &read, "findings");
	states_of(archive->judge, archive->stacks, &archive->clock, &live_states);
	states_of(reading.judge, reading.stacks, &reading.clock, &read_states);
	assert_same_bytes(&live_states, &read_states, "states");
	buf_release(&live);
	buf_release(&read);
	buf_release(&live_states);
	buf_release(&read_states);
	reading_release(&reading);
}

static void a_day_cut_anywhere_ends_in_the_same_report(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= CUTS; seed++) {
		struct archive archive;
		struct day day;
		uint32_t cut;

		archive_begin(&archive);
		day_begin(&day, archive.stacks, seed, 300);
		cut = 1 + (uint32_t)(day_random(&day) * (day.minutes - 2));
		run_until(&archive, &day, cut);
		assert_int_equal(archive_cut(&archive), 0);
		compare(&archive);
		run_until(&archive, &day, cut + 1);
		compare(&archive);
		run_until(&archive, &day, cut + 1 + (day.minutes - cut) / 2);
		compare(&archive);
		run_until(&archive, &day, day.minutes);
		compare(&archive);
		day_end(&day);
		archive_end(&archive);
	}
}

static void short_archive(struct archive *archive, struct day *day)
{
	archive_begin(archive);
	day_begin(day, archive->stacks, 3, 60);
	run_until(archive, day, 40);
	assert_int_equal(archive_cut(archive), 0);
}

static void a_state_of_another_version_or_kind_costs_itself(void **state)
{
	static const struct {
		const char *from, *to, *reason;
	} cases[] = {
		{"\"version\":1,", "\"version\":2,", "another version's"},
		{"\"seq\":", "\"sec\":", "its target, seq or clock"},
		{"\"shift_ms\":", "\"shift_ms\":true,\"\":", "its target, seq or clock"},
		{"\"ticks\":40,", "\"ticks\":-1,", "ticks"},
		{"\"missed\":", "\"mussed\":", "missed"},
		{"\"stride\":1,", "\"stride\":0,", "stride"},
		{"\"decided_age\":0,", "\"decided_age\":4,", "decided_age"},
		{"\"verdict\":\"none\"", "\"verdict\":\"nine\"", "verdict"},
		{"\"born\":", "\"bore\":", "born"},
		{"\"stock\":[", "\"stock\":[7,", "more than there should be"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct archive archive;
		struct reading reading;
		struct day day;
		char *at;

		short_archive(&archive, &day);
		at = strstr(buf_text(&archive.part), cases[i].from);
		if (!at)
			fail_msg("no %s", cases[i].from);
		if (strlen(cases[i].to) == strlen(cases[i].from)) {
			memcpy(at, cases[i].to, strlen(cases[i].to));
			read_text(&reading, buf_str(&archive.part));
		} else {
			struct buf text = BUF_INIT(ARCHIVE_BYTES_MAX);
			const char *rest = at + strlen(cases[i].from);

			buf_append(&text, archive.part.data, (size_t)(at - archive.part.data));
			buf_add_text(&text, cases[i].to);
			buf_append(
				&text, rest, (size_t)(archive.part.data + archive.part.len - rest));
			read_text(&reading, buf_str(&text));
			buf_release(&text);
		}
		assert_int_equal(reading.summary.skipped, 1);
		assert_int_equal(reading.summary.states, 1); // the other target's
		assert_non_null(strstr(reading.summary.damage[0].reason, cases[i].reason));
		assert_non_null(strstr(reading.summary.damage[0].reason, "shop/gateway/app"));
		assert_int_equal(judge_target_count(reading.judge), 1);
		reading_release(&reading);
		day_end(&day);
		archive_end(&archive);
	}
}

static void a_damaged_line_never_crashes_and_the_target_starts_fresh(void **state)
{
	struct archive archive;
	struct day day;
	uint64_t random = 99;

	(void)state;
	short_archive(&archive, &day);
	run_until(&archive, &day, 45);
	for (int i = 0; i < 400; i++) {
		struct buf text = BUF_INIT(ARCHIVE_BYTES_MAX), findings;
		struct reading reading;

		buf_add(&text, buf_str(&archive.part));
		for (int k = 0; k < 1 + i % 3; k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			text.data[(random >> 20) % text.len] =
				"0123456789,[]{}\"-:+*e.an"[(random >> 32) % 24];
		}
		read_text(&reading, buf_str(&text));
		findings_of(reading.judge, reading.stacks, &findings);
		buf_release(&findings);
		buf_release(&text);
		reading_release(&reading);
	}
	day_end(&day);
	archive_end(&archive);
}

static void what_the_judge_knows_already_is_not_restored(void **state)
{
	struct buf whole = BUF_INIT(ARCHIVE_BYTES_MAX), live, read;
	struct archive archive;
	struct reading reading;
	struct day day;

	(void)state;
	archive_begin(&archive);
	day_begin(&day, archive.stacks, 4, 200);
	run_until(&archive, &day, 50);
	buf_add(&whole, buf_str(&archive.part));
	assert_int_equal(archive_cut(&archive), 0);
	run_until(&archive, &day, 100);
	buf_add(&whole, buf_str(&archive.part));
	// Two archives one behind the other are one story.
	read_text(&reading, buf_str(&whole));
	assert_int_equal(reading.state_result, STATE_KNOWN);
	assert_int_equal(reading.summary.skipped, 0);
	assert_int_equal(reading.summary.gaps, 0);
	findings_of(archive.judge, archive.stacks, &live);
	findings_of(reading.judge, reading.stacks, &read);
	assert_same_bytes(&live, &read, "findings");
	buf_release(&live);
	buf_release(&read);
	reading_release(&reading);
	// With a hole between them the later memory is the better one.
	buf_clear(&whole);
	archive_end(&archive);
	day_end(&day);
	archive_begin(&archive);
	day_begin(&day, archive.stacks, 4, 200);
	run_until(&archive, &day, 20);
	buf_add(&whole, buf_str(&archive.part));
	run_until(&archive, &day, 50);
	assert_int_equal(archive_cut(&archive), 0);
	run_until(&archive, &day, 100);
	buf_add(&whole, buf_str(&archive.part));
	read_text(&reading, buf_str(&whole));
	assert_int_equal(reading.state_result, 0);
	assert_int_equal(reading.summary.states, 2);
	findings_of(archive.judge, archive.stacks, &live);
	findings_of(reading.judge, reading.stacks, &read);
	assert_same_bytes(&live, &read, "findings");
	buf_release(&live);
	buf_release(&read);
	buf_release(&whole);
	reading_release(&reading);
	day_end(&day);
	archive_end(&archive);
}

static void a_handler_without_states_skips_them(void **state)
{
	const struct observations_handler handler = {read_process, read_observation, NULL, NULL};
	struct observations_summary summary;
	struct observations_reader *reader;
	struct archive archive;
	struct error error = {0};
	struct day day;
	struct stacks *stacks = stacks_new(MIB(16));

	(void)state;
	short_archive(&archive, &day);
	reader = observations_reader_new(stacks, &handler);
	assert_int_equal(
		observations_reader_feed(reader, archive.part.data, archive.part.len, &error), 0);
	assert_int_equal(observations_reader_finish(reader, &summary, &error), 0);
	assert_int_equal(summary.unknown_types, 2);
	assert_int_equal(summary.skipped, 0);
	observations_reader_free(&reader);
	stacks_free(&stacks);
	day_end(&day);
	archive_end(&archive);
}

// A leak of 1,000 a minute to 100,000, beside which as many ended.
static void a_hundred_thousand_goroutines_take_six_bytes_each(void **state)
{
	const struct frame frame = {STR("main.leak"), STR("leak.go"), 1, 0};
	struct stacks *stacks = stacks_new(MIB(16));
	struct judge *judge = judge_new(stacks, NULL);
	const struct observations_clock clock = {0};
	struct buf text;
	uint64_t *ids = calloc(100000, sizeof(*ids)), random = 1, id = 1;
	struct observed_group group = {.created_by = {STR_EMPTY}, .has_ids = true, .ids = ids};

	(void)state;
	assert_int_equal(stacks_add_stack(stacks, &frame, 1, false, &group.stack), 0);
	for (int minute = 0; minute < 100; minute++) {
		struct observation o;

		for (int i = 0; i < 1000; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			ids[group.count++] = id += 1 + (random >> 60) % 3;
		}
		group.id_count = group.count;
		observation_init(&o, STR("a"));
		o.process = 1;
		o.source = OBSERVED_DEBUG2;
		o.mono_ms = minute * 6e4;
		o.has_groups = true;
		o.groups = &group;
		o.group_count = 1;
		assert_int_equal(judge_observe(judge, &o), 0);
	}
	states_of(judge, stacks, &clock, &text);
	assert_true(text.len < 600000);
	buf_release(&text);
	free(ids);
	judge_free(&judge);
	stacks_free(&stacks);
}

static void lists_of_runs_are_read_back_and_others_refused(void **state)
{
	static const char *const wrong[] = {"1", "1*4", "1*3,", "1*2,-2", "1*0,1*3", "1*,1,1",
		"1,1,x", "-1*3", "1,1,1,1", "1*4294967297", "9007199254740993*3", "*3", ""};
	const uint64_t numbers[] = {7, 7, 7, 5, 6, 6, 0, 9007199254740992u};
	uint64_t read[8] = {0};
	struct buf text = BUF_INIT(200);

	(void)state;
	runs_format(numbers, 8, &text);
	assert_string_equal(buf_text(&text), "7*3,-2,1*2,-6,9007199254740992");
	assert_int_equal(runs_parse(buf_str(&text), read, 8), 0);
	assert_memory_equal(read, numbers, sizeof(numbers));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (runs_parse(str_of(wrong[i]), read, 3) != -EINVAL)
			fail_msg("%s was read", wrong[i]);
	assert_int_equal(runs_parse(STR_EMPTY, read, 0), 0);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_cut_anywhere_ends_in_the_same_report),
		cmocka_unit_test(a_state_of_another_version_or_kind_costs_itself),
		cmocka_unit_test(a_damaged_line_never_crashes_and_the_target_starts_fresh),
		cmocka_unit_test(what_the_judge_knows_already_is_not_restored),
		cmocka_unit_test(a_handler_without_states_skips_them),
		cmocka_unit_test(a_hundred_thousand_goroutines_take_six_bytes_each),
		cmocka_unit_test(lists_of_runs_are_read_back_and_others_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
