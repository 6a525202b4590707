// SPDX-License-Identifier: Apache-2.0
// Profiles as text: every form, damage that costs itself, cuts that change nothing.
#include "base/buf.h"
#include "runtime/profile_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reading {
	struct stacks *stacks;
	struct snapshot_list list;
};

// Read `text` in pieces of `piece` bytes.
static struct reading read_in_pieces(struct str text, size_t piece)
{
	struct reading reading = {.stacks = stacks_new(MIB(16))};
	struct profile_text_reader *reader = profile_text_reader_new(reading.stacks);

	assert_non_null(reader);
	while (text.len > 0) {
		struct str head = str_head(text, piece);

		assert_int_equal(profile_text_reader_feed(reader, head.data, head.len), 0);
		text = str_skip(text, head.len);
	}
	assert_int_equal(profile_text_reader_finish(reader, &reading.list), 0);
	profile_text_reader_free(&reader);
	assert_null(reader);
	return reading;
}

static struct reading read_text(const char *text)
{
	return read_in_pieces(str_of(text), SIZE_MAX);
}

static void forget(struct reading *reading)
{
	snapshot_list_release(&reading->list);
	stacks_free(&reading->stacks);
}

static const struct snapshot *only(const struct reading *reading)
{
	assert_int_equal(reading->list.count, 1);
	return reading->list.items[0];
}

static const struct trace *trace_of(const struct snapshot *snapshot, uint32_t index)
{
	assert_true(index < snapshot->sample_count);
	return stacks_trace(snapshot->stacks, snapshot->samples[index].trace);
}

static void assert_str(struct str got, const char *wanted)
{
	if (!str_equal(got, str_of(wanted)))
		fail_msg("got \"%.*s\", wanted \"%s\"", STR_ARG(got), wanted);
}

#define GOROUTINES                                                                                 \
	"goroutine profile: total 6\n"                                                             \
	"3 @ 0x4375f6 0x40619b 0x405cd8 0x4b528a 0x4611c1\n"                                       \
	"# labels: {\"k\":\"v w\", \"tenant\":\"a\\\"b\"}\n"                                       \
	"#\t0x4b5289\tmain.(*G[...]).wait+0x29\t\tgotest/bm/main.go:5\n"                           \
	"#\t0x4611c0\tmain.main.func1+0x10\t\t\tgotest/bm/main.go:9\n"                             \
	"\n"                                                                                       \
	"2 @ 0x4375f6 0x40619b\n"                                                                  \
	"#\t0x4375f6\tsync.runtime_SemacquireMutex+0x24\truntime/sema.go:71\n"                     \
	"#\t0x40619b\tsync.(*Mutex).Lock+0x0\tsync/mutex.go:81\n"                                  \
	"\n"                                                                                       \
	"1 @ 0x1 0x2\n"                                                                            \
	"#\t0x1\tinternal/poll.runtime_pollWait+0x88\tC:/go/src/runtime/netpoll.go:351\n"          \
	"\n"

static void a_goroutine_profile_has_counts_frames_and_labels(void **state)
{
	struct reading reading = read_text(GOROUTINES);
	const struct snapshot *snapshot = only(&reading);
	const struct trace *trace = trace_of(snapshot, 0);
	struct label_set labels = stacks_labels(reading.stacks, snapshot->samples[0].labels);

	(void)state;
	assert_int_equal(snapshot->profile, PROFILE_GOROUTINE);
	assert_int_equal(snapshot->source, SOURCE_DEBUG1);
	assert_int_equal(snapshot->total, 6);
	assert_int_equal(snapshot->sample_count, 3);
	assert_false(snapshot->cut);
	assert_int_equal(snapshot->skipped, 0);
	assert_int_equal(snapshot->end_offset, strlen(GOROUTINES));
	assert_int_equal(snapshot->samples[0].count, 3);
	assert_int_equal(trace->frame_count, 2);
	assert_str(trace->frames[0].function, "main.(*G[...]).wait");
	assert_str(trace->frames[0].file, "gotest/bm/main.go");
	assert_int_equal(trace->frames[0].line, 5);
	assert_int_equal(trace->frames[0].offset, 0x29);
	assert_int_equal(labels.count, 2);
	assert_str(labels.labels[0].key, "k");
	assert_str(labels.labels[0].value, "v w");
	assert_str(labels.labels[1].value, "a\"b");
	assert_str(trace_of(snapshot, 2)->frames[0].file, "C:/go/src/runtime/netpoll.go");
	forget(&reading);
}

static void visible_leaves_tell_the_state_and_nothing_else_does(void **state)
{
	struct reading reading = read_text(GOROUTINES);
	const struct snapshot *snapshot = only(&reading);

	(void)state;
	assert_int_equal(snapshot->samples[0].state, STATE_UNKNOWN);
	assert_int_equal(state_kind(snapshot->samples[1].state), WAIT_MUTEX);
	assert_int_equal(state_kind(snapshot->samples[2].state), WAIT_IO);
	forget(&reading);
}

static bool same_samples(const struct snapshot *a, const struct snapshot *b)
{
	if (a->sample_count != b->sample_count || a->cut != b->cut || a->skipped != b->skipped ||
		a->total != b->total)
		return false;
	for (uint32_t i = 0; i < a->sample_count; i++)
		if (trace_of(a, i)->stack->key != trace_of(b, i)->stack->key ||
			a->samples[i].count != b->samples[i].count ||
			a->samples[i].labels != b->samples[i].labels)
			return false;
	return true;
}

static void pieces_change_nothing(void **state)
{
	static const char text[] = GOROUTINES "what is this\n" GOROUTINES;
	struct reading whole = read_text(text);

	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		struct reading cut = read_in_pieces(str_of(text), piece);

		assert_int_equal(cut.list.count, whole.list.count);
		for (size_t i = 0; i < whole.list.count; i++)
			assert_true(same_samples(cut.list.items[i], whole.list.items[i]));
		forget(&cut);
	}
	forget(&whole);
}

static void every_prefix_is_read_marked_cut_and_invents_no_stack(void **state)
{
	struct reading whole = read_text(GOROUTINES);
	const struct snapshot *full = only(&whole);
	size_t header = strlen("goroutine profile: total 6\n");

	(void)state;
	for (size_t len = 0; len < strlen(GOROUTINES); len++) {
		struct reading part = read_in_pieces(str_head(str_of(GOROUTINES), len), SIZE_MAX);

		for (size_t i = 0; i < part.list.count && len >= header; i++) {
			const struct snapshot *snapshot = part.list.items[i];
			int64_t sum = 0;

			for (uint32_t j = 0; j < snapshot->sample_count; j++)
				sum += snapshot->samples[j].count;
			assert_true(sum == 6 || snapshot->cut);
			for (uint32_t j = 0; j < snapshot->sample_count && !snapshot->cut; j++)
				// Nothing tells whether the very last number has lost digits.
				assert_int_equal(trace_of(snapshot, j)->stack->line_free_key,
					trace_of(full, j)->stack->line_free_key);
		}
		forget(&part);
	}
	forget(&whole);
}

static void a_final_line_feed_lost_by_an_editor_costs_nothing(void **state)
{
	struct reading reading = read_text("goroutine profile: total 3\n"
					   "2 @ 0x1 0x467ba1\n#\t0x1\tmain.f+0x1\tm.go:1\n\n"
					   "1 @ 0x467ba1");

	(void)state;
	assert_int_equal(only(&reading)->sample_count, 2);
	assert_false(only(&reading)->cut);
	forget(&reading);
	reading = read_text("goroutine profile: total 2\n2 @ 0x2 0x1234 0x9\n"
			    "#\t0x1233\tmain.f+0x1\tm.go:1");
	assert_int_equal(only(&reading)->sample_count, 1);
	assert_false(only(&reading)->cut);
	forget(&reading);
}

static void a_stack_that_ends_above_its_root_is_not_taken_for_whole(void **state)
{
	struct reading reading = read_text("goroutine profile: total 2\n2 @ 0x2 0x30 0x1234 0x9\n"
					   "#\t0x2f\tmain.g+0x1\tm.go:1");

	(void)state;
	assert_int_equal(only(&reading)->sample_count, 0);
	assert_int_equal(only(&reading)->skipped, 1);
	assert_true(only(&reading)->cut);
	forget(&reading);
}

static void crlf_and_spaces_for_tabs_are_understood(void **state)
{
	struct reading reading = read_text("goroutine profile: total 3\r\n"
					   "2 @ 0x1 0x2\r\n"
					   "#\t0x1\tmain.f+0x1\tD:/a b/m.go:7\r\n\r\n"
					   "1 @ 0x3\r\n"
					   "#       0x3     main.G[go.shape.struct { A int }]+0x2f"
					   "      /a b/m.go:8\r\n\r\n");
	const struct snapshot *snapshot = only(&reading);

	(void)state;
	assert_int_equal(snapshot->skipped, 0);
	assert_str(trace_of(snapshot, 0)->frames[0].file, "D:/a b/m.go");
	assert_str(trace_of(snapshot, 1)->frames[0].function, "main.G[go.shape.struct { A int }]");
	assert_str(trace_of(snapshot, 1)->frames[0].file, "/a b/m.go");
	assert_int_equal(trace_of(snapshot, 1)->frames[0].line, 8);
	forget(&reading);
}

static void threads_without_addresses_or_names_are_rows(void **state)
{
	struct reading reading = read_text("threadcreate profile: total 7\n5 @\n#\t0x0\n\n"
					   "1 @ 0x44cb3 0x45045\n1 @ 0x440e2\n");
	const struct snapshot *snapshot = only(&reading);

	(void)state;
	assert_int_equal(snapshot->profile, PROFILE_THREADCREATE);
	assert_int_equal(snapshot->sample_count, 3);
	assert_int_equal(snapshot->samples[0].count, 5);
	assert_int_equal(trace_of(snapshot, 0)->frame_count, 0);
	assert_false(snapshot->cut);
	forget(&reading);
}

static void a_goroutineleak_profile_may_be_empty(void **state)
{
	struct reading reading = read_text("goroutineleak profile: total 0\nfurther text\n");

	(void)state;
	assert_int_equal(only(&reading)->profile, PROFILE_GOROUTINELEAK);
	assert_int_equal(only(&reading)->sample_count, 0);
	assert_int_equal(only(&reading)->skipped, 0);
	assert_false(only(&reading)->cut);
	forget(&reading);
}

static void contention_cycles_become_nanoseconds(void **state)
{
	struct reading reading =
		read_text("--- contention:\ncycles/second=2000000000\n"
			  "4000 2 @ 0x1\n#\t0x1\tsync.(*Mutex).Lock+0x5\tsync/mutex.go:81\n\n"
			  "--- mutex:\ncycles/second=1000000000\nsampling period=5\n"
			  "77 1 @ 0x1\n#\t0x1\tsync.(*Mutex).Unlock+0x5\tsync/mutex.go:190\n\n"
			  "--- mutex:\nsampling period=0\n12 1 @ 0x1\n\n");

	(void)state;
	assert_int_equal(reading.list.count, 3);
	assert_int_equal(reading.list.items[0]->profile, PROFILE_BLOCK);
	assert_int_equal(reading.list.items[0]->samples[0].count, 2);
	assert_int_equal(reading.list.items[0]->samples[0].value, 2000);
	assert_int_equal(reading.list.items[0]->sampling_period, -1);
	assert_int_equal(reading.list.items[1]->profile, PROFILE_MUTEX);
	assert_int_equal(reading.list.items[1]->samples[0].value, 77);
	assert_int_equal(reading.list.items[1]->sampling_period, 5);
	assert_true(reading.list.items[2]->cycles_per_s == 0);
	assert_int_equal(reading.list.items[2]->samples[0].value, 12);
	assert_int_equal(reading.list.items[2]->sampling_period, 0);
	forget(&reading);
}

static void a_contention_profile_of_another_language_keeps_its_rows(void **state)
{
	struct reading reading =
		read_text("--- contentionz 1 ---\ncycles/second = 3201000000\n"
			  "sampling period = 100\nms since reset = 16502830\n"
			  "  3201       27 @ 0xbccc97 0xc61202\n       768        1 @ 0xbccc97\n"
			  "--- Memory map: ---\n  00400000-00fcb000: server_main\n");
	const struct snapshot *snapshot = only(&reading);

	(void)state;
	assert_int_equal(snapshot->profile, PROFILE_OTHER);
	assert_int_equal(snapshot->sample_count, 2);
	assert_int_equal(snapshot->samples[0].count, 27);
	assert_int_equal(snapshot->samples[0].value, 1000);
	assert_int_equal(snapshot->sampling_period, 100);
	assert_int_equal(snapshot->skipped, 0);
	forget(&reading);
}

static void heap_rows_are_scaled_and_memstats_are_passed_over(void **state)
{
	struct reading reading =
		read_text("heap profile: 3: 1048608 [10: 8192] @ heap/1048576\n"
			  "1: 1048576 [1: 1048576] @ 0x1\n#\t0x1\tmain.big+0x1\tm.go:1\n\n"
			  "2: 32 [9: 144] @ 0x2\n#\t0x2\tmain.small+0x1\tm.go:2\n\n"
			  "\n# runtime.MemStats\n# Alloc = 1234\n# PauseNs = [0 0]\n");
	const struct snapshot *snapshot = only(&reading);

	(void)state;
	assert_int_equal(snapshot->profile, PROFILE_HEAP);
	assert_int_equal(snapshot->sample_count, 2);
	// 1 / (1 - e^-2) and 1 / (1 - e^(-16 / 524288)), as profile.proto would have it
	assert_int_equal(snapshot->samples[0].count, 1);
	assert_int_equal(snapshot->samples[0].value, 1212696);
	assert_int_equal(snapshot->samples[1].count, 65537);
	assert_int_equal(snapshot->samples[1].value, 1048592);
	assert_int_equal(snapshot->skipped, 0);
	assert_false(snapshot->cut);
	forget(&reading);
}

// Each: one damaged record between two good ones.
static void damage_costs_its_own_record_only(void **state)
{
	static const struct {
		const char *record, *reason;
	} cases[] = {
		{"2 @ 0xzz\n#\t0x1\tmain.f+0x1\tm.go:1\n\n", "row that does not parse"},
		{"x2 @ 0x1\n#\t0x1\tmain.f+0x1\tm.go:1\n\n", "line that belongs to no profile"},
		{"2 @ 0x1\n#\tmain.f+0x1\tm.go:1\n\n", "frame without address"},
		{"2 @ 0x1\n#\t0x1\tmain.f\tm.go:1\n\n", "frame without offset"},
		{"2 @ 0x1\n#\t0x1\tmain.f+0x1\tm.go\n\n", "frame without position"},
		{"2 @ 0x1\n#\t0x1\tmain.f+0x1\n\n", "frame without position"},
		{"2 @ 0x1\n# labels: {\"a\":\n#\t0x1\tmain.f+0x1\tm.go:1\n\n",
			"labels that do not parse"},
		{"2 @ 0x1\n# labels: {\"a\":\"\\q\"}\n\n", "labels that do not parse"},
		{"2 @ 0x1\n2026/11/21 a line of the log\n#\t0x1\tmain.f+0x1\tm.go:1\n\n",
			"line that belongs to no profile"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = BUF_INIT(KIB(64));
		struct reading reading;
		size_t offset;

		buf_add_text(&text, "goroutine profile: total 4\n"
				    "1 @ 0x9\n#\t0x9\tmain.a+0x1\tm.go:1\n\n");
		offset = text.len;
		buf_add_text(&text, cases[i].record);
		buf_add_text(&text, "1 @ 0x8\n#\t0x8\tmain.b+0x1\tm.go:2\n\n");
		reading = read_text(buf_text(&text));
		assert_int_equal(only(&reading)->sample_count, 2);
		assert_int_equal(only(&reading)->skipped, 1);
		assert_int_equal(only(&reading)->damage_count, 1);
		assert_string_equal(only(&reading)->damage[0].reason, cases[i].reason);
		assert_int_equal(only(&reading)->damage[0].offset, offset);
		assert_int_equal(only(&reading)->damage[0].line, 5);
		forget(&reading);
		buf_release(&text);
	}
}

static void a_line_beyond_the_limit_is_damage(void **state)
{
	struct buf text = BUF_INIT(MIB(1));
	struct reading reading;

	(void)state;
	buf_add_text(&text, "goroutine profile: total 3\n1 @ 0x1\n#\t0x1\tmain.");
	for (size_t i = 0; i < LIMIT_LINE; i++)
		buf_add_byte(&text, 'f');
	buf_add_text(&text, "+0x1\tm.go:1\n\n2 @ 0x8\n#\t0x8\tmain.b+0x1\tm.go:2\n\n");
	reading = read_text(buf_text(&text));
	assert_int_equal(only(&reading)->skipped, 1);
	assert_int_equal(only(&reading)->sample_count, 1);
	assert_int_equal(only(&reading)->samples[0].count, 2);
	forget(&reading);
	buf_release(&text);
}

static void text_around_whole_profiles_is_passed_over(void **state)
{
	struct reading reading =
		read_text("HTTP/1.1 200 OK\n\n" GOROUTINES "some log line\nanother\n"
			  "custom profile: total 1\n1 @ 0x1\n\n");

	(void)state;
	assert_int_equal(reading.list.count, 2);
	assert_int_equal(reading.list.items[0]->skipped, 0);
	assert_int_equal(reading.list.items[0]->offset, 17);
	assert_int_equal(reading.list.items[1]->profile, PROFILE_OTHER);
	assert_int_equal(reading.list.items[1]->samples[0].count, 1);
	forget(&reading);
}

static void text_without_profiles_gives_none(void **state)
{
	struct reading reading = read_text("<html>login</html>\n");

	(void)state;
	assert_int_equal(reading.list.count, 0);
	forget(&reading);
	reading = read_text("");
	assert_int_equal(reading.list.count, 0);
	forget(&reading);
}

// A stack of exactly 32 addresses, with or without runtime.goexit at its end.
static struct reading read_deep(bool whole)
{
	struct buf text = BUF_INIT(KIB(64));
	struct reading reading;

	buf_add_text(&text, "goroutine profile: total 1\n1 @");
	for (int i = 0; i < 31; i++)
		buf_printf(&text, " 0x%x", 0x100 + i);
	buf_printf(&text, " 0x%x\n", whole ? 0x467ba1 : 0x100 + 31);
	for (int i = 0; i < (whole ? 31 : 32); i++)
		buf_printf(&text, "#\t0x%x\tmain.f%d+0x1\tm.go:%d\n", 0x100 + i - 1, i, i + 1);
	buf_add_text(&text, "\n");
	reading = read_text(buf_text(&text));
	buf_release(&text);
	return reading;
}

static void a_stack_at_the_depth_limit_has_lost_its_root_unless_goexit_shows(void **state)
{
	struct reading cut = read_deep(false), whole = read_deep(true);

	(void)state;
	assert_int_equal(trace_of(only(&cut), 0)->frame_count, 32);
	assert_int_equal(trace_of(only(&whole), 0)->frame_count, 31);
	assert_true(trace_of(only(&cut), 0)->stack->truncated);
	forget(&cut);
	forget(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_goroutine_profile_has_counts_frames_and_labels),
		cmocka_unit_test(visible_leaves_tell_the_state_and_nothing_else_does),
		cmocka_unit_test(pieces_change_nothing),
		cmocka_unit_test(every_prefix_is_read_marked_cut_and_invents_no_stack),
		cmocka_unit_test(a_final_line_feed_lost_by_an_editor_costs_nothing),
		cmocka_unit_test(a_stack_that_ends_above_its_root_is_not_taken_for_whole),
		cmocka_unit_test(crlf_and_spaces_for_tabs_are_understood),
		cmocka_unit_test(threads_without_addresses_or_names_are_rows),
		cmocka_unit_test(a_goroutineleak_profile_may_be_empty),
		cmocka_unit_test(contention_cycles_become_nanoseconds),
		cmocka_unit_test(a_contention_profile_of_another_language_keeps_its_rows),
		cmocka_unit_test(heap_rows_are_scaled_and_memstats_are_passed_over),
		cmocka_unit_test(damage_costs_its_own_record_only),
		cmocka_unit_test(a_line_beyond_the_limit_is_damage),
		cmocka_unit_test(text_around_whole_profiles_is_passed_over),
		cmocka_unit_test(text_without_profiles_gives_none),
		cmocka_unit_test(a_stack_at_the_depth_limit_has_lost_its_root_unless_goexit_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
