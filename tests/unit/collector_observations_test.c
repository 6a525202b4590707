// SPDX-License-Identifier: Apache-2.0
// observations.jsonl: what is written is read back the same, and what is damaged costs itself
// alone.
#include "base/cleanup.h"
#include "collector/observe/observations.h"
#include "collector/observe/observations_ids.h"
#include "collector/observe/observe.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// A small generator, so that a failure repeats.
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1du;
}

static uint64_t below(uint64_t n)
{
	return (next_random() >> 11) % n;
}

static double random_number(void)
{
	switch (below(6)) {
	case 0:
		return NAN;
	case 1:
		return 0;
	case 2:
		return (double)below(1u << 30);
	case 3:
		return (double)next_random() * 1e-3;
	default:
		return (double)next_random() / 1.8446744073709552e19 *
		       pow(10, (double)below(30) - 15);
	}
}

#define STACKS 12
#define IDS_MAX 40
#define TARGETS 3

struct world {
	struct stacks *stacks;
	const struct stack *stack[STACKS];
	struct arena arena;
	uint64_t ids[TARGETS][STACKS][IDS_MAX]; // what lives now
	size_t id_count[TARGETS][STACKS];
	uint64_t last_id[TARGETS];
};

static struct str text_of(struct arena *arena, uint64_t number)
{
	struct buf text = BUF_INIT(200);
	struct str copy;

	buf_printf(&text, "name-%llu \"\\\xc3\xa4\x1b\n", (unsigned long long)number);
	copy = arena_str(arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

static void world_make(struct world *world)
{
	memset(world, 0, sizeof(*world));
	world->arena = ARENA_INIT(0);
	world->stacks = stacks_new(MIB(16));
	assert_non_null(world->stacks);
	for (uint32_t i = 0; i < STACKS; i++) {
		struct frame frames[2] = {{.function = text_of(&world->arena, i),
						  .file = STR("/src/a.go"),
						  .line = i},
			{.function = STR("main.main"), .file = STR_EMPTY}};

		assert_int_equal(stacks_add_stack(world->stacks, frames, i % 3 ? 2 : 1, i == 5,
					 &world->stack[i]),
			0);
	}
}

static void world_release(struct world *world)
{
	stacks_free(&world->stacks);
	arena_release(&world->arena);
}

// Goroutines are born and gone.
static void live(struct world *world, uint32_t target)
{
	for (size_t s = 0; s < STACKS; s++) {
		uint64_t *ids = world->ids[target][s];
		size_t *count = &world->id_count[target][s], kept = 0;

		for (size_t i = 0; i < *count; i++)
			if (below(4) > 0)
				ids[kept++] = ids[i];
		*count = kept;
		while (*count < IDS_MAX && below(3) > 0) {
			world->last_id[target] += 1 + below(3) * below(50);
			ids[(*count)++] = world->last_id[target];
		}
	}
}

static int by_key(const void *left, const void *right)
{
	const struct observed_group *a = left, *b = right;

	return (a->stack->key > b->stack->key) - (a->stack->key < b->stack->key);
}

static void random_waits(struct world *world, struct observed_group *group)
{
	struct wait_count *waits = arena_array(&world->arena, 2, sizeof(*waits));

	group->has_waits = below(4) > 0;
	if (!group->has_waits)
		return;
	group->waits = waits;
	group->wait_count = (uint32_t)below(3);
	assert_int_equal(stacks_add_state(world->stacks, STR("chan send"), &waits[0].state), 0);
	assert_int_equal(stacks_add_state(world->stacks, STR("never seen"), &waits[1].state), 0);
	waits[0].count = 3;
	waits[1].count = 1;
}

static void random_labels(struct world *world, struct observed_group *group)
{
	struct label_count *labels = arena_array(&world->arena, 3, sizeof(*labels));

	labels[0] = (struct label_count){STR("a"), STR("x"), 4};
	labels[1] = (struct label_count){STR("a"), STR("y"), 2};
	labels[2] = (struct label_count){STR("b"), STR(""), 1};
	group->labels = labels;
	group->label_count = (uint32_t)below(4);
}

static void random_groups(struct world *world, uint32_t target, struct observation *o, bool ids)
{
	struct observed_group *groups = arena_array(&world->arena, STACKS, sizeof(*groups));
	uint32_t n = 0;

	for (size_t s = 0; s < STACKS; s++) {
		struct observed_group *group = &groups[n];
		size_t count = world->id_count[target][s];
		uint64_t *copy = arena_array(&world->arena, IDS_MAX, sizeof(*copy));

		if (count == 0)
			continue;
		n++;
		memcpy(copy, world->ids[target][s], count * sizeof(*copy));
		group->stack = world->stack[s];
		group->count = (uint32_t)count;
		group->created_by.function = STR_EMPTY;
		group->created_by.file = STR_EMPTY;
		if (below(2))
			group->created_by = (struct frame){
				.function = STR("main.start"), .file = STR("m.go"), .line = 7};
		random_waits(world, group);
		random_labels(world, group);
		group->has_minutes = below(2);
		if (group->has_minutes) {
			group->minutes_min = 1;
			group->minutes_max = (uint32_t)below(1000);
			group->waited = (uint32_t)below(count + 1);
		}
		group->leaked = (uint32_t)below(2);
		group->has_ids = ids;
		group->ids = ids ? copy : NULL;
		group->id_count = ids ? (uint32_t)count : 0;
	}
	qsort(groups, n, sizeof(*groups), by_key);
	o->has_groups = true;
	o->groups = groups;
	o->group_count = n;
}

static void random_contention(struct world *world, struct observation *o)
{
	struct observed_contention *rows = arena_array(&world->arena, 2, sizeof(*rows));

	o->has_contention = below(2);
	if (!o->has_contention)
		return;
	rows[0] = (struct observed_contention){false, world->stack[0], 12, random_number()};
	rows[1] = (struct observed_contention){true, world->stack[1], 1e300, 0};
	o->contention = rows;
	o->contention_count = (uint32_t)below(3);
}

static struct observation random_observation(struct world *world, double mono_ms)
{
	static const char *const names[TARGETS] = {"shop/gateway-7f/app", "b", "localhost:6060"};
	uint32_t target = (uint32_t)below(TARGETS);
	struct observation o;
	uint64_t kind = below(10);

	observation_init(&o, str_of(names[target]));
	o.process = (uint32_t)(below(20) == 0 ? below(3) : 1);
	o.mono_ms = mono_ms;
	o.wall_ms = 1763694000123 + (int64_t)mono_ms;
	o.duration_ms = random_number();
	o.requests = random_number();
	o.requests_from = below(2) ? STR("http_requests_total") : STR_EMPTY;
	o.request_seconds = random_number();
	o.errors = random_number();
	o.in_flight = random_number();
	o.cpu_seconds = random_number();
	o.rss_bytes = random_number();
	o.heap_bytes = random_number();
	o.demand = random_number();
	o.goroutines = (int64_t)below(1000) - 1;
	o.goroutines_from = below(2) ? STR("metrics") : STR_EMPTY;
	o.stop_worst_ms = random_number();
	o.stop_method = below(2) ? STR("ttfb") : STR_EMPTY;
	o.max_id = world->last_id[target];
	random_contention(world, &o);
	live(world, target);
	if (kind < 6) {
		o.source = OBSERVED_DEBUG2;
		o.status = kind == 0 ? OBSERVED_CUT : OBSERVED_OK;
		random_groups(world, target, &o, true);
	} else if (kind == 6) {
		o.source = OBSERVED_DEBUG0;
		random_groups(world, target, &o, false);
	} else if (kind == 7) {
		o.source = OBSERVED_DEBUG2;
		o.status = OBSERVED_FAILED;
		o.error = text_of(&world->arena, 3);
	}
	assert_int_equal(observation_settle(&o, &world->arena), 0);
	return o;
}

static int append(void *context, const void *data, size_t len, struct error *error)
{
	(void)error;
	buf_append(context, data, len);
	return buf_failed(context);
}

// What was read, kept.
struct kept {
	struct arena arena;
	struct stacks *stacks;
	struct observation observations[400];
	size_t count;
	struct process processes[16];
	size_t process_count;
};

static int keep_process(void *context, const struct process *process)
{
	struct kept *kept = context;

	return process_copy(process, &kept->arena, &kept->processes[kept->process_count++]);
}

static int keep_observation(void *context, const struct observation *observation)
{
	struct kept *kept = context;

	return observation_copy(
		observation, true, &kept->arena, &kept->observations[kept->count++]);
}

static struct observations_summary read_all(struct str text, size_t piece, struct kept *kept)
{
	const struct observations_handler handler = {keep_process, keep_observation, kept};
	struct observations_reader *reader;
	struct observations_summary summary;
	struct error error = {0};

	memset(kept, 0, sizeof(*kept));
	kept->stacks = stacks_new(MIB(16));
	reader = observations_reader_new(kept->stacks, &handler);
	assert_non_null(reader);
	while (text.len > 0) {
		struct str part = str_head(text, piece);

		assert_int_equal(observations_reader_feed(reader, part.data, part.len, &error), 0);
		text = str_skip(text, part.len);
	}
	assert_int_equal(observations_reader_finish(reader, &summary, &error), 0);
	observations_reader_free(&reader);
	return summary;
}

static void kept_release(struct kept *kept)
{
	arena_release(&kept->arena);
	stacks_free(&kept->stacks);
}

static void assert_same_text(struct str a, struct str b)
{
	assert_true(str_equal(a, b));
}

static void assert_same_number(double a, double b)
{
	assert_memory_equal(&a, &b, isnan(a) && isnan(b) ? 0 : sizeof(a));
}

static void assert_same_frame(const struct frame *a, const struct frame *b)
{
	assert_same_text(a->function, b->function);
	assert_same_text(a->file, b->file);
	assert_int_equal(a->line, b->line);
}

static void assert_same_stack(const struct stack *a, const struct stack *b)
{
	assert_int_equal(a->key, b->key);
	assert_int_equal(a->line_free_key, b->line_free_key);
	assert_int_equal(a->frame_count, b->frame_count);
	assert_int_equal(a->truncated, b->truncated);
	assert_int_equal(a->observer, b->observer);
	for (uint32_t i = 0; i < a->frame_count; i++)
		assert_same_frame(&a->frames[i], &b->frames[i]);
}

static void assert_same_group(const struct stacks *ours, const struct stacks *theirs,
	const struct observed_group *a, const struct observed_group *b)
{
	assert_same_stack(a->stack, b->stack);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->has_waits, b->has_waits);
	assert_int_equal(a->wait_count, b->wait_count);
	for (uint32_t i = 0; i < a->wait_count; i++) {
		assert_same_text(stacks_state_name(ours, a->waits[i].state),
			stacks_state_name(theirs, b->waits[i].state));
		assert_int_equal(a->waits[i].count, b->waits[i].count);
	}
	assert_same_frame(&a->created_by, &b->created_by);
	assert_int_equal(a->has_minutes, b->has_minutes);
	assert_int_equal(a->minutes_min, b->minutes_min);
	assert_int_equal(a->minutes_max, b->minutes_max);
	assert_int_equal(a->waited, b->waited);
	assert_int_equal(a->leaked, b->leaked);
	assert_int_equal(a->label_count, b->label_count);
	for (uint32_t i = 0; i < a->label_count; i++) {
		assert_same_text(a->labels[i].key, b->labels[i].key);
		assert_same_text(a->labels[i].value, b->labels[i].value);
		assert_int_equal(a->labels[i].count, b->labels[i].count);
	}
	assert_int_equal(a->has_ids, b->has_ids);
	assert_int_equal(a->id_count, b->id_count);
	if (a->id_count > 0)
		assert_memory_equal(a->ids, b->ids, a->id_count * sizeof(*a->ids));
}

static void assert_same(const struct stacks *ours, const struct stacks *theirs,
	const struct observation *a, const struct observation *b)
{
	assert_same_text(a->target, b->target);
	assert_int_equal(a->process, b->process);
	assert_int_equal(a->seq, b->seq);
	assert_same_number(a->mono_ms, b->mono_ms);
	assert_int_equal(a->wall_ms, b->wall_ms);
	assert_same_number(a->duration_ms, b->duration_ms);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->status, b->status);
	assert_same_text(a->error, b->error);
	assert_int_equal(a->goroutines, b->goroutines);
	assert_same_text(a->goroutines_from, b->goroutines_from);
	assert_int_equal(a->dumped, b->dumped);
	assert_int_equal(a->skipped, b->skipped);
	assert_int_equal(a->max_id, b->max_id);
	assert_same_number(a->stop_worst_ms, b->stop_worst_ms);
	assert_same_number(a->stop_sum_ms, b->stop_sum_ms);
	assert_same_text(a->stop_method, b->stop_method);
	assert_same_number(a->requests, b->requests);
	assert_same_text(a->requests_from, b->requests_from);
	assert_same_number(a->request_seconds, b->request_seconds);
	assert_same_number(a->errors, b->errors);
	assert_same_number(a->in_flight, b->in_flight);
	assert_same_number(a->cpu_seconds, b->cpu_seconds);
	assert_same_number(a->rss_bytes, b->rss_bytes);
	assert_same_number(a->heap_bytes, b->heap_bytes);
	assert_same_number(a->demand, b->demand);
	assert_int_equal(a->has_groups, b->has_groups);
	assert_int_equal(a->group_count, b->group_count);
	for (uint32_t i = 0; i < a->group_count; i++)
		assert_same_group(ours, theirs, &a->groups[i], &b->groups[i]);
	assert_int_equal(a->has_contention, b->has_contention);
	assert_int_equal(a->contention_count, b->contention_count);
	for (uint32_t i = 0; i < a->contention_count; i++) {
		assert_same_stack(a->contention[i].stack, b->contention[i].stack);
		assert_int_equal(a->contention[i].mutex, b->contention[i].mutex);
		assert_same_number(a->contention[i].count, b->contention[i].count);
		assert_same_number(a->contention[i].delay_ns, b->contention[i].delay_ns);
	}
}

static void round_trip(uint64_t seed)
{
	static struct observation written[300];
	static struct kept kept;
	struct world world;
	struct buf text = BUF_INIT(MIB(64));
	struct observations_writer *writer;
	struct observations_summary summary;
	struct error error = {0};

	random_state = seed * 0x9e3779b97f4a7c15u + 1;
	world_make(&world);
	writer = observations_writer_new(world.stacks, (struct sink){append, &text});
	assert_int_equal(
		observations_write_header(writer, "parkwatch", 1763694000000, 5.25, &error), 0);
	for (size_t i = 0; i < 300; i++) {
		written[i] = random_observation(&world, 1000.125 * (double)i);
		assert_int_equal(observations_write_tick(writer, &written[i], &error), 0);
	}
	summary = read_all(buf_str(&text), 1 + below(4000), &kept);
	assert_int_equal(summary.skipped, 0);
	assert_int_equal(summary.broken_chains, 0);
	assert_int_equal(summary.gaps, 0);
	assert_int_equal(summary.unknown_keys, 0);
	assert_int_equal(kept.count, 300);
	for (size_t i = 0; i < 300; i++)
		assert_same(world.stacks, kept.stacks, &written[i], &kept.observations[i]);
	kept_release(&kept);
	observations_writer_free(&writer);
	buf_release(&text);
	world_release(&world);
}

static void what_is_written_is_read_back_bit_for_bit(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		round_trip(seed);
}

static void processes_are_written_once_per_fact(void **state)
{
	static struct kept kept;
	struct stacks *stacks = stacks_new(MIB(1));
	struct buf text = BUF_INIT(MIB(1));
	struct observations_writer *writer =
		observations_writer_new(stacks, (struct sink){append, &text});
	struct process process = {.target = STR("t"),
		.number = 1,
		.workload = STR("w"),
		.start_s = 1763694000.12,
		.gomaxprocs = NAN,
		.memory_limit_bytes = 0,
		.gomemlimit_bytes = NAN};
	struct error error = {0};

	(void)state;
	assert_int_equal(observations_write_process(writer, &process, &error), 0);
	assert_int_equal(observations_write_process(writer, &process, &error), 0);
	process.go_version = STR("go1.26.8");
	process.gomemlimit_bytes = 536870912;
	assert_int_equal(observations_write_process(writer, &process, &error), 0);
	(void)read_all(buf_str(&text), 7, &kept);
	assert_int_equal(kept.process_count, 2);
	assert_same_text(kept.processes[1].go_version, STR("go1.26.8"));
	assert_same_number(kept.processes[1].start_s, 1763694000.12);
	assert_same_number(kept.processes[1].gomaxprocs, NAN);
	assert_same_number(kept.processes[1].memory_limit_bytes, 0);
	assert_same_number(kept.processes[0].gomemlimit_bytes, NAN);
	assert_same_number(kept.processes[1].gomemlimit_bytes, 536870912);
	kept_release(&kept);
	observations_writer_free(&writer);
	buf_release(&text);
	stacks_free(&stacks);
}

static void id_lists_have_their_text_form(void **state)
{
	static const struct {
		const char *text;
		uint64_t ids[6];
		size_t count;
	} cases[] = {
		{"", {0}, 0},
		{"17", {17}, 1},
		{"0", {0}, 1},
		{"17,1041+2,5", {17, 1058, 1059, 1060, 1065}, 5},
		{"1+3,18446744073709551611", {1, 2, 3, 4, UINT64_MAX}, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT(100), packed = BUF_INIT(100);
		struct id_list list = {0}, unpacked = {0};

		ids_format(cases[i].ids, cases[i].count, &text);
		assert_string_equal(buf_text(&text), cases[i].text);
		assert_int_equal(ids_parse(str_of(cases[i].text), 5, &list), 0);
		assert_int_equal(list.count, cases[i].count);
		for (size_t k = 0; k < list.count; k++)
			assert_true(list.ids[k] == cases[i].ids[k]);
		ids_pack(list.ids, list.count, &packed);
		assert_int_equal(ids_unpack(buf_str(&packed), &unpacked), 0);
		assert_int_equal(unpacked.count, list.count);
		for (size_t k = 0; k < list.count; k++)
			assert_true(list.ids[k] == unpacked.ids[k]);
		id_list_release(&list);
		id_list_release(&unpacked);
		buf_release(&packed);
		buf_release(&text);
	}
}

static void wrong_id_lists_are_refused(void **state)
{
	static const char *const wrong[] = {"x", ",", "1,", ",1", "1,,2", "1,0", "1+", "+1", "1+0",
		"1-2", " 1", "18446744073709551616", "1,18446744073709551615",
		"18446744073709551615+1", "1+5", "1,1,1,1,1,1"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct id_list list = {0};

		assert_int_equal(ids_parse(str_of(wrong[i]), 5, &list), -EINVAL);
		assert_int_equal(list.count, 0);
		id_list_release(&list);
	}
}

#define STACK_LINE                                                                                 \
	"{\"type\":\"stack\",\"stack\":\"00000000000000aa\",\"frames\":[{\"function\":\"main.f\"," \
	"\"file\":\"f.go\",\"line\":3}],\"truncated\":false}\n"
#define TICK(seq, mono, key, count, lists)                                                         \
	"{\"type\":\"tick\",\"target\":\"t\",\"process\":1,\"seq\":" #seq ",\"mono_ms\":" #mono    \
	",\"time\":\"2026-11-21T03:15:51Z\",\"source\":\"debug2\",\"status\":\"ok\",\"key\":" key  \
	",\"groups\":[{\"stack\":\"00000000000000aa\",\"waits\":null,\"count\":" #count            \
	",\"created\":null," lists "}]}\n"

static void a_bad_line_costs_that_line(void **state)
{
	static const char *const bad[] = {"{\n", "[1]\n", "\"x\"\n", "{\"type\":\"tick\"}\n",
		"{\"type\":\"tick\",\"target\":\"t\",\"seq\":-1,\"mono_ms\":0}\n",
		"{\"type\":\"stack\",\"stack\":\"zz\",\"frames\":[]}\n",
		"{\"type\":\"process\",\"target\":\"t\"}\n", "\xff\xfe\n",
		("{\"type\":\"tick\",\"target\":\"t\",\"seq\":0,\"mono_ms\":0,"
		 "\"source\":\"debug2\",\"status\":\"ok\",\"groups\":[3]}\n")};
	static struct kept kept;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf text = BUF_INIT(10000);
		struct observations_summary summary;

		buf_printf(&text, "%s%s%s", STACK_LINE, bad[i],
			TICK(0, 1, "true", 2, "\"ids\":\"4,3\""));
		summary = read_all(buf_str(&text), 13, &kept);
		assert_int_equal(summary.lines, 3);
		assert_int_equal(summary.skipped, 1);
		assert_int_equal(summary.damage[0].line, 2);
		assert_int_equal(summary.damage[0].offset, sizeof(STACK_LINE) - 1);
		assert_int_equal(kept.count, 1);
		assert_int_equal(kept.observations[0].groups[0].ids[1], 7);
		kept_release(&kept);
		buf_release(&text);
	}
}

static void a_broken_chain_lasts_until_the_next_key_line(void **state)
{
	static const struct {
		const char *change;
		bool whole;
	} cases[] = {
		{TICK(1, 2, "false", 3, "\"born\":\"9\",\"gone\":\"\""), true},
		{TICK(1, 2, "false", 4, "\"born\":\"9\",\"gone\":\"\""), false}, // count
		{TICK(1, 2, "false", 3, "\"born\":\"4\",\"gone\":\"\""), false}, // lives already
		{TICK(1, 2, "false", 1, "\"born\":\"\",\"gone\":\"5\""), false}, // never lived
		{TICK(2, 2, "false", 3, "\"born\":\"9\",\"gone\":\"\""),
			false}, // a line is missing
		{TICK(1, 2, "false", 3, "\"born\":\"x\",\"gone\":\"\""), false},
	};
	static struct kept kept;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf text = BUF_INIT(10000);
		struct observations_summary summary;

		buf_printf(&text, "%s%s%s%s%s", STACK_LINE,
			TICK(0, 1, "true", 2, "\"ids\":\"4,3\""), cases[i].change,
			TICK(2, 3, "false", 4, "\"born\":\"11\",\"gone\":\"\""),
			TICK(3, 4, "true", 1, "\"ids\":\"4\""));
		summary = read_all(buf_str(&text), 4096, &kept);
		assert_int_equal(kept.count, 4);
		assert_int_equal(kept.observations[1].has_groups, cases[i].whole);
		assert_int_equal(kept.observations[2].has_groups, cases[i].whole);
		assert_true(kept.observations[3].has_groups);
		assert_int_equal(summary.broken_chains, cases[i].whole ? 0 : 2);
		kept_release(&kept);
		buf_release(&text);
	}
}

static void unknown_types_keys_and_stacks_are_counted_and_cost_nothing(void **state)
{
	static struct kept kept;
	struct observations_summary summary;
	struct buf text = BUF_INIT(10000);

	(void)state;
	buf_printf(&text, "%s%s", "{\"type\":\"weather\",\"rain\":1}\n",
		TICK(5, 1, "true", 2, "\"ids\":\"4,3\",\"colour\":\"blue\""));
	summary = read_all(buf_str(&text), 4096, &kept);
	assert_int_equal(summary.unknown_types, 1);
	assert_int_equal(summary.unknown_keys, 1);
	assert_int_equal(summary.skipped, 0);
	assert_int_equal(summary.gaps, 0); // a file may begin in the middle of a series
	assert_int_equal(kept.count, 1);
	assert_int_equal(kept.observations[0].groups[0].count, 2);
	assert_same_text(kept.observations[0].groups[0].stack->frames[0].function,
		STR("unknown.stack_00000000000000aa"));
	kept_release(&kept);
	buf_release(&text);
}

static void time_goes_on_over_a_further_header(void **state)
{
	static struct kept kept;
	struct buf text = BUF_INIT(10000);

	(void)state;
	buf_printf(&text, "%s%s%s%s%s",
		"{\"type\":\"header\",\"schema\":\"parkwatch.observations/1\",\"clock\":"
		"{\"wall\":\"2026-11-21T03:00:00Z\",\"mono_ms\":1000}}\n",
		STACK_LINE, TICK(0, 2000, "true", 1, "\"ids\":\"4\""),
		"{\"type\":\"header\",\"schema\":\"parkwatch.observations/1\",\"clock\":"
		"{\"wall\":\"2026-11-21T03:01:00Z\",\"mono_ms\":50}}\n",
		TICK(1, 60, "true", 1, "\"ids\":\"4\""));
	(void)read_all(buf_str(&text), 4096, &kept);
	assert_true(kept.observations[0].mono_ms == 2000);
	assert_true(kept.observations[1].mono_ms == 61010);
	kept_release(&kept);
	buf_release(&text);
}

static void a_cut_file_says_so(void **state)
{
	static struct kept kept;
	struct observations_summary summary;
	struct buf text = BUF_INIT(10000);

	(void)state;
	buf_printf(&text, "%s%s", STACK_LINE, TICK(0, 1, "true", 2, "\"ids\":\"4,3\""));
	for (size_t len = sizeof(STACK_LINE); len < text.len - 2; len++) {
		summary = read_all(str_head(buf_str(&text), len), 4096, &kept);
		assert_true(summary.cut);
		assert_int_equal(kept.count, 0);
		kept_release(&kept);
	}
	// Without its line feed only, the last line is whole.
	summary = read_all(str_head(buf_str(&text), text.len - 1), 4096, &kept);
	assert_false(summary.cut);
	assert_int_equal(kept.count, 1);
	kept_release(&kept);
	buf_release(&text);
}

static void a_failed_write_leaves_the_series_whole(void **state)
{
	static struct kept kept;
	struct world world;
	struct buf text = BUF_INIT(MIB(4));
	struct sink sink = {append, &text};
	struct observations_writer *writer;
	struct observations_summary summary;
	struct error error = {0};

	(void)state;
	random_state = 99;
	world_make(&world);
	writer = observations_writer_new(world.stacks, sink);
	for (size_t i = 0; i < 100; i++) {
		struct observation o = random_observation(&world, (double)i);
		size_t before = text.len;

		if (below(3) == 0) {
			text.max = text.len; // the medium is full
			assert_int_equal(observations_write_tick(writer, &o, &error), -EFBIG);
			text.failed = 0;
			text.max = MIB(4);
			assert_int_equal(text.len, before);
			continue;
		}
		assert_int_equal(observations_write_tick(writer, &o, &error), 0);
	}
	summary = read_all(buf_str(&text), 4096, &kept);
	assert_int_equal(summary.gaps, 0);
	assert_int_equal(summary.broken_chains, 0);
	assert_int_equal(summary.damage_count, 0);
	kept_release(&kept);
	observations_writer_free(&writer);
	buf_release(&text);
	world_release(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back_bit_for_bit),
		cmocka_unit_test(processes_are_written_once_per_fact),
		cmocka_unit_test(id_lists_have_their_text_form),
		cmocka_unit_test(wrong_id_lists_are_refused),
		cmocka_unit_test(a_bad_line_costs_that_line),
		cmocka_unit_test(a_broken_chain_lasts_until_the_next_key_line),
		cmocka_unit_test(unknown_types_keys_and_stacks_are_counted_and_cost_nothing),
		cmocka_unit_test(time_goes_on_over_a_further_header),
		cmocka_unit_test(a_cut_file_says_so),
		cmocka_unit_test(a_failed_write_leaves_the_series_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
