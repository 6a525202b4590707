// SPDX-License-Identifier: Apache-2.0
// Profiles as profile.proto: what the fields become, and what hostile bodies come to.
#include "runtime/profile_proto.h"

#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

// A writer of the wire format, as small as the tests need it.
static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_add_byte(out, (char)(value | 0x80));
	buf_add_byte(out, (char)value);
}

static void put(struct buf *out, unsigned field, uint64_t value)
{
	put_varint(out, field << 3);
	put_varint(out, value);
}

static void put_bytes(struct buf *out, unsigned field, struct str bytes)
{
	put_varint(out, field << 3 | 2);
	put_varint(out, bytes.len);
	buf_add(out, bytes);
}

static void put_message(struct buf *out, unsigned field, struct buf *message)
{
	put_bytes(out, field, buf_str(message));
	buf_release(message);
}

static void put_pair(struct buf *out, unsigned field, uint64_t first, uint64_t second)
{
	struct buf message = BUF_INIT(64);

	put(&message, 1, first);
	put(&message, 2, second);
	put_message(out, field, &message);
}

static void put_function(struct buf *out, uint64_t id, uint64_t name, uint64_t file)
{
	struct buf message = BUF_INIT(64);

	put(&message, 1, id);
	put(&message, 2, name);
	put(&message, 4, file);
	put_message(out, 5, &message);
}

// A location with up to two lines: function and line of each, innermost first; function 0: none.
static void put_location(
	struct buf *out, uint64_t id, uint64_t inner, uint64_t inner_line, uint64_t outer)
{
	struct buf message = BUF_INIT(128);

	put(&message, 1, id);
	if (inner)
		put_pair(&message, 4, inner, inner_line);
	if (outer)
		put_pair(&message, 4, outer, 100);
	put_message(out, 4, &message);
}

static void put_sample(struct buf *out, const uint64_t *locations, size_t count,
	const int64_t *values, size_t value_count, struct buf *labels)
{
	struct buf message = BUF_INIT(KIB(64));

	for (size_t i = 0; i < count; i++)
		put(&message, 1, locations[i]);
	for (size_t i = 0; i < value_count; i++)
		put(&message, 2, (uint64_t)values[i]);
	if (labels) {
		buf_add(&message, buf_str(labels));
		buf_release(labels);
	}
	put_message(out, 2, &message);
}

static void put_strings(struct buf *out, const char *const *strings)
{
	for (; *strings; strings++)
		put_bytes(out, 6, str_of(*strings));
}

static const char *const strings[] = {"", "goroutine", "count", "runtime.gopark", "runtime/proc.go",
	"runtime.chansend", "main.(*T[go.shape.int]).send", "m.go", "main.inlined", "tenant",
	"a\"b", "bytes", "size", NULL};

// Two samples: a blocked send with an inlined call and labels, and one goroutine more.
static struct buf goroutine_profile(void)
{
	struct buf out = BUF_INIT(KIB(64)), labels = BUF_INIT(256), label = BUF_INIT(64);
	const uint64_t stack[] = {1, 2, 3}, other[] = {3};
	const int64_t five[] = {5}, one[] = {1};

	put_pair(&out, 1, 1, 2);
	put(&label, 1, 9);
	put(&label, 2, 10);
	put_message(&labels, 3, &label);
	put(&label, 1, 12);
	put(&label, 3, 48);
	put(&label, 4, 11);
	put_message(&labels, 3, &label);
	put_sample(&out, stack, 3, five, 1, &labels);
	put_sample(&out, other, 1, one, 1, NULL);
	put_location(&out, 3, 4, 12, 3); // main.inlined into main.(*T).send
	put_location(&out, 1, 1, 382, 0);
	put_location(&out, 2, 2, 259, 0);
	put_function(&out, 1, 3, 4);
	put_function(&out, 2, 5, 4);
	put_function(&out, 3, 6, 7);
	put_function(&out, 4, 8, 7);
	put_strings(&out, strings);
	put(&out, 9, 1700000000123456789);
	return out;
}

struct reading {
	struct stacks *stacks;
	struct snapshot_list list;
	struct error error;
	int fed, finished;
};

static struct reading read_in_pieces(struct str text, size_t piece)
{
	struct reading reading = {.stacks = stacks_new(MIB(16))};
	struct profile_proto_reader *reader = profile_proto_reader_new(reading.stacks);

	assert_non_null(reader);
	while (text.len > 0 && reading.fed == 0) {
		struct str head = str_head(text, piece);

		reading.fed = profile_proto_reader_feed(reader, head.data, head.len);
		text = str_skip(text, head.len);
	}
	reading.finished = profile_proto_reader_finish(reader, &reading.list, &reading.error);
	profile_proto_reader_free(&reader);
	return reading;
}

static struct reading read_buf(struct buf *body)
{
	struct reading reading = read_in_pieces(buf_str(body), SIZE_MAX);

	buf_release(body);
	return reading;
}

static const struct snapshot *only(const struct reading *reading)
{
	if (reading->finished != 0)
		fail_msg("%s", reading->error.text);
	assert_int_equal(reading->list.count, 1);
	return reading->list.items[0];
}

static void forget(struct reading *reading)
{
	snapshot_list_release(&reading->list);
	stacks_free(&reading->stacks);
}

static void assert_str(struct str got, const char *wanted)
{
	if (!str_equal(got, str_of(wanted)))
		fail_msg("got \"%.*s\", wanted \"%s\"", STR_ARG(got), wanted);
}

static struct buf gzip(struct str text)
{
	struct buf out = BUF_INIT(MIB(2));
	z_stream stream = {.next_in = (z_const Bytef *)text.data, .avail_in = (uInt)text.len};
	unsigned char chunk[4096];
	int status;

	assert_int_equal(
		deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof chunk;
		status = deflate(&stream, Z_FINISH);
		buf_append(&out, chunk, sizeof chunk - stream.avail_out);
	} while (status == Z_OK);
	assert_int_equal(status, Z_STREAM_END);
	(void)deflateEnd(&stream);
	assert_int_equal(buf_failed(&out), 0);
	return out;
}

static void check_goroutine_profile(const struct snapshot *snapshot)
{
	const struct trace *trace = stacks_trace(snapshot->stacks, snapshot->samples[0].trace);
	struct label_set labels = stacks_labels(snapshot->stacks, snapshot->samples[0].labels);

	assert_int_equal(snapshot->profile, PROFILE_GOROUTINE);
	assert_int_equal(snapshot->source, SOURCE_DEBUG0);
	assert_int_equal(snapshot->sample_count, 2);
	assert_int_equal(snapshot->total, 6);
	assert_int_equal(snapshot->wall_ms, 1700000000123);
	assert_int_equal(snapshot->samples[0].count, 5);
	assert_int_equal(state_kind(snapshot->samples[0].state), WAIT_CHAN_SEND);
	assert_int_equal(snapshot->samples[1].state, STATE_UNKNOWN);
	assert_int_equal(trace->frame_count, 4);
	assert_str(trace->frames[0].function, "runtime.gopark");
	assert_str(trace->frames[2].function, "main.inlined");
	assert_int_equal(trace->frames[2].line, 12);
	assert_str(trace->frames[3].function, "main.(*T[go.shape.int]).send");
	assert_str(trace->frames[3].file, "m.go");
	assert_str(trace->stack->frames[1].function, "main.(*T[...]).send");
	assert_int_equal(labels.count, 2);
	assert_str(labels.labels[0].key, "size");
	assert_str(labels.labels[0].value, "48 bytes");
	assert_str(labels.labels[1].value, "a\"b");
}

static void a_goroutine_profile_has_counts_inlined_calls_labels_and_states(void **state)
{
	struct buf body = goroutine_profile();
	struct reading reading = read_buf(&body);

	(void)state;
	check_goroutine_profile(only(&reading));
	forget(&reading);
}

static void gzip_and_pieces_change_nothing(void **state)
{
	struct buf body = goroutine_profile(), packed = gzip(buf_str(&body));

	(void)state;
	for (size_t piece = 1; piece < 70; piece += 7) {
		struct reading plain = read_in_pieces(buf_str(&body), piece);
		struct reading unpacked = read_in_pieces(buf_str(&packed), piece);

		check_goroutine_profile(only(&plain));
		check_goroutine_profile(only(&unpacked));
		forget(&plain);
		forget(&unpacked);
	}
	buf_release(&body);
	buf_release(&packed);
}

static void a_body_cut_anywhere_is_refused_with_a_reason(void **state)
{
	struct buf body = goroutine_profile(), packed = gzip(buf_str(&body));

	(void)state;
	for (size_t len = 0; len < packed.len; len++) {
		struct reading reading = read_in_pieces(str_head(buf_str(&packed), len), SIZE_MAX);

		assert_int_equal(reading.finished, -EBADMSG);
		assert_true(strlen(reading.error.text) > 0);
		assert_int_equal(reading.list.count, 0);
		forget(&reading);
	}
	for (size_t len = 0; len < body.len; len++) {
		struct reading reading = read_in_pieces(str_head(buf_str(&body), len), SIZE_MAX);

		assert_true(reading.finished == 0 || reading.finished == -EBADMSG);
		forget(&reading);
	}
	buf_release(&body);
	buf_release(&packed);
}

static void flipped_bits_do_no_harm(void **state)
{
	struct buf body = goroutine_profile();

	(void)state;
	for (size_t bit = 0; bit < body.len * 8; bit++) {
		struct reading reading;

		body.data[bit / 8] = (char)(body.data[bit / 8] ^ (1 << bit % 8));
		reading = read_in_pieces(buf_str(&body), SIZE_MAX);
		assert_true(reading.finished == 0 || reading.finished == -EBADMSG ||
			    reading.finished == -EFBIG);
		forget(&reading);
		body.data[bit / 8] = (char)(body.data[bit / 8] ^ (1 << bit % 8));
	}
	buf_release(&body);
}

static void what_is_no_profile_is_named(void **state)
{
	static const char *const bodies[] = {"", "<html>login</html>", "\x1f\x8b junk", "{}"};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct reading reading = read_in_pieces(str_of(bodies[i]), SIZE_MAX);

		assert_int_equal(reading.finished, -EBADMSG);
		assert_true(strlen(reading.error.text) > 10);
		forget(&reading);
	}
}

// Each sample but the first points to something that is not there.
static void a_bad_sample_costs_itself(void **state)
{
	struct buf out = BUF_INIT(KIB(64)), labels = BUF_INIT(256);
	const uint64_t good[] = {1}, no_location[] = {77}, no_function[] = {2}, no_name[] = {3};
	const int64_t values[] = {3, 4};
	struct reading reading;
	static const char *const reasons[] = {"sample without location", "line without function",
		"function without name", "sample without its values", "label without text"};

	(void)state;
	put_pair(&out, 1, 1, 2);
	put_sample(&out, good, 1, values, 1, NULL);
	put_sample(&out, no_location, 1, values, 1, NULL);
	put_sample(&out, no_function, 1, values, 1, NULL);
	put_sample(&out, no_name, 1, values, 1, NULL);
	put_sample(&out, good, 1, values, 2, NULL);
	put_pair(&labels, 3, 999, 1);
	put_sample(&out, good, 1, values, 1, &labels);
	put_location(&out, 1, 1, 5, 0);
	put_location(&out, 2, 88, 5, 0);
	put_location(&out, 3, 2, 5, 0);
	put_function(&out, 1, 3, 4);
	put_function(&out, 2, (uint64_t)-1, 4);
	put_strings(&out, strings);
	reading = read_buf(&out);
	assert_int_equal(only(&reading)->sample_count, 1);
	assert_int_equal(only(&reading)->skipped, 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_string_equal(only(&reading)->damage[i].reason, reasons[i]);
		assert_int_equal(only(&reading)->damage[i].line, i + 2);
	}
	forget(&reading);
}

// A profile with one sample and the given sample types (by string) and default.
static struct reading read_types(const char *const *types, const char *leaf, const char *preferred)
{
	struct buf out = BUF_INIT(KIB(64));
	const uint64_t stack[] = {1};
	int64_t values[4];
	size_t count = 0;

	for (; types[count]; count++) {
		put_pair(&out, 1, 3 + count, 0);
		values[count] = (int64_t)(10 * (count + 1));
	}
	put_sample(&out, stack, 1, values, count, NULL);
	put_location(&out, 1, 1, 5, 0);
	put_function(&out, 1, 1, 0);
	put_bytes(&out, 6, STR_EMPTY);
	put_bytes(&out, 6, str_of(leaf));
	put_bytes(&out, 6, str_of(preferred));
	put_strings(&out, types);
	put(&out, 14, 2);
	return read_buf(&out);
}

static void sample_types_say_what_is_counted(void **state)
{
	static const struct {
		const char *types[5];
		const char *leaf, *preferred;
		enum profile profile;
		int64_t count, value;
	} cases[] = {
		{{"goroutine"}, "main.f", "", PROFILE_GOROUTINE, 10, 0},
		{{"goroutineleak"}, "main.f", "", PROFILE_GOROUTINELEAK, 10, 0},
		{{"threadcreate"}, "main.f", "", PROFILE_THREADCREATE, 10, 0},
		{{"contentions", "delay"}, "sync.(*Mutex).Lock", "", PROFILE_BLOCK, 10, 20},
		{{"contentions", "delay"}, "sync.(*Mutex).Unlock", "", PROFILE_MUTEX, 10, 20},
		{{"contentions", "delay"}, "runtime.unlock", "", PROFILE_MUTEX, 10, 20},
		{{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, "main.f",
			"inuse_space", PROFILE_HEAP, 30, 40},
		{{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}, "main.f",
			"alloc_space", PROFILE_ALLOCS, 10, 20},
		{{"samples", "cpu"}, "main.f", "", PROFILE_OTHER, 10, 20},
		{{"anything"}, "main.f", "", PROFILE_OTHER, 10, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reading reading =
			read_types(cases[i].types, cases[i].leaf, cases[i].preferred);

		assert_int_equal(only(&reading)->profile, cases[i].profile);
		assert_int_equal(only(&reading)->samples[0].count, cases[i].count);
		assert_int_equal(only(&reading)->samples[0].value, cases[i].value);
		forget(&reading);
	}
}

// One sample of `depth` frames.
static bool truncated_at(size_t depth)
{
	struct buf out = BUF_INIT(KIB(64));
	uint64_t stack[200];
	const int64_t one[] = {1};
	struct reading reading;
	bool truncated;

	put_pair(&out, 1, 1, 2);
	for (size_t i = 0; i < depth; i++)
		stack[i] = 1;
	put_sample(&out, stack, depth, one, 1, NULL);
	put_location(&out, 1, 1, 5, 0);
	put_function(&out, 1, 6, 7);
	put_strings(&out, strings);
	reading = read_buf(&out);
	assert_int_equal(only(&reading)->sample_count, 1);
	truncated =
		stacks_trace(reading.stacks, only(&reading)->samples[0].trace)->stack->truncated;
	forget(&reading);
	return truncated;
}

static void the_depth_limit_shows_in_the_deepest_stack(void **state)
{
	(void)state;
	assert_false(truncated_at(20));
	assert_true(truncated_at(32)); // more than 24 frames in any case
	assert_true(truncated_at(128));
}

static void a_gzip_bomb_ends_at_the_limit(void **state)
{
	static char zeros[MIB(1)];
	struct buf member = gzip((struct str){zeros, sizeof zeros});
	struct stacks *stacks = stacks_new(MIB(1));
	struct profile_proto_reader *reader = profile_proto_reader_new(stacks);
	struct snapshot_list list = {0};
	struct error error = {0};
	int r = 0, members = 0;

	(void)state;
	while (r == 0 && members++ < 1000) // each gzip member is a megabyte
		r = profile_proto_reader_feed(reader, member.data, member.len);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(members, (LIMIT_PROFILE_PROTO >> 20) + 1);
	assert_int_equal(profile_proto_reader_finish(reader, &list, &error), -EFBIG);
	assert_int_equal(list.count, 0);
	profile_proto_reader_free(&reader);
	stacks_free(&stacks);
	buf_release(&member);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_goroutine_profile_has_counts_inlined_calls_labels_and_states),
		cmocka_unit_test(gzip_and_pieces_change_nothing),
		cmocka_unit_test(a_body_cut_anywhere_is_refused_with_a_reason),
		cmocka_unit_test(flipped_bits_do_no_harm),
		cmocka_unit_test(what_is_no_profile_is_named),
		cmocka_unit_test(a_bad_sample_costs_itself),
		cmocka_unit_test(sample_types_say_what_is_counted),
		cmocka_unit_test(the_depth_limit_shows_in_the_deepest_stack),
		cmocka_unit_test(a_gzip_bomb_ends_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
