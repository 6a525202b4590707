// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"
#include "base/limits.h"
#include "runtime/signature.h"
#include "runtime/stack.h"
#include "runtime/wait.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct frame frame(const char *function, const char *file, uint32_t line)
{
	return (struct frame){str_of(function), str_of(file), line, 0x1d};
}

static const struct trace *add(struct stacks *stacks, const struct frame *frames, uint32_t count)
{
	struct trace_draft draft = {.frames = frames, .frame_count = count};
	const struct trace *trace;

	assert_int_equal(stacks_add_trace(stacks, &draft, &trace), 0);
	return trace;
}

// The key as docs/signatures.md says it, made with the hash function alone.
static uint64_t key_of(const char *text)
{
	char hex[SHA256_HEX + 1];
	uint64_t key;

	assert_int_equal(sha256_hex_of(str_of(text), hex), 0);
	assert_true(stack_key_parse(str_head(str_of(hex), 16), &key));
	return key;
}

static void a_key_is_the_digest_of_functions_base_names_and_lines(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame frames[] = {
		frame("runtime.gopark", "/go/src/runtime/proc.go", 435),
		frame("runtime.chansend", "/go/src/runtime/chan.go", 283),
		frame("main.(*Pool[go.shape.int,go.shape.string]).put", "/src/pool.go", 12),
		frame("main.run.func1.2", "shop@v1.2.3/run.go", 7),
		frame("runtime.main", "/go/src/runtime/proc.go", 283),
		frame("runtime.goexit", "/go/src/runtime/asm_amd64.s", 1700),
	};
	const struct trace *trace = add(stacks, frames, 6);
	char text[STACK_KEY_TEXT];

	(void)state;
	assert_int_equal(trace->frame_count, 6);
	assert_int_equal(trace->stack->frame_count, 2);
	assert_true(trace->stack->key ==
		    key_of("main.(*Pool[...]).put\npool.go\n12\nmain.run.func1.2\nrun.go\n7\n"));
	assert_true(trace->stack->line_free_key ==
		    key_of("main.(*Pool[...]).put\npool.go\nmain.run\nrun.go\n"));
	stack_key_text(trace->stack->key, text);
	assert_int_equal(strlen(text), 16);
	assert_ptr_equal(stacks_find(stacks, trace->stack->key), trace->stack);
	assert_null(stacks_find(stacks, 1));
	stacks_free(&stacks);
}

static void sources_that_print_a_goroutine_differently_give_one_signature(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame text[] = {
		frame("panic", "/go/src/runtime/panic.go", 787),
		frame("main.F[...]", "/src/a.go", 3),
		frame("main.main", "/src/a.go", 9),
	};
	struct frame proto[] = {
		frame("runtime.gopark", "/go/src/runtime/proc.go", 435),
		frame("runtime.gopanic", "/go/src/runtime/panic.go", 787),
		frame("main.F[go.shape.struct { main.a int; F func() }]", "mod@v1/a.go", 3),
		frame("main.main", "C:\\src\\a.go", 9),
		frame("runtime.main", "/go/src/runtime/proc.go", 283),
	};

	(void)state;
	assert_ptr_equal(add(stacks, text, 3)->stack, add(stacks, proto, 5)->stack);
	assert_int_equal(stacks_count(stacks), 1);
	assert_int_equal(stacks_trace_count(stacks), 2);
	// The same from its normalised frames, as observations bring it back.
	struct frame plain[] = {frame("main.F[...]", "a.go", 3), frame("main.main", "a.go", 9)};
	const struct stack *stack;

	assert_int_equal(stacks_add_stack(stacks, plain, 2, false, &stack), 0);
	assert_ptr_equal(stack, stacks_stack(stacks, 0));
	assert_int_equal(stacks_add_stack(stacks, plain, 25, false, &stack), -EINVAL);
	stacks_free(&stacks);
}

static void a_signature_has_24_frames_however_deep_the_recursion(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame frames[200];
	struct trace_draft draft = {
		.frames = frames, .frame_count = 100, .elided = 100, .elided_at = 50};
	const struct trace *trace;

	(void)state;
	for (int i = 0; i < 200; i++)
		frames[i] = frame("main.f", "/a.go", 5);
	assert_int_equal(stacks_add_trace(stacks, &draft, &trace), 0);
	assert_int_equal(trace->stack->frame_count, STACK_FRAMES_MAX);
	assert_true(trace->stack->truncated);
	assert_ptr_equal(trace->stack, add(stacks, frames, 128)->stack);
	// Frames behind a gap are not adjacent to those before it.
	draft.elided_at = 3;
	assert_int_equal(stacks_add_trace(stacks, &draft, &trace), 0);
	assert_int_equal(trace->stack->frame_count, 3);
	assert_true(trace->stack->truncated);
	stacks_free(&stacks);
}

static void which_frames_show(void **state)
{
	static const struct {
		const char *function;
		bool shows;
	} cases[] = {
		{"main.main", true},
		{"runtime.Gosched", true},
		{"runtime.(*Func).Name", true},
		{"runtime.gopark", false},
		{"runtime.(*mheap).alloc", false},
		{"runtime.(*mheap).Alloc", false},
		{"runtime.goexit", false},
		{"runtime.corostart", false},
		{"runtime.gopanic", false},
		{"panic", false},
		{"runtime/pprof.writeGoroutineStacks", true},
		{"runtime/debug.Stack", true},
		{"internal/runtime/maps.(*Map).Get", true},
		{"non-Go function", false},
		{"pthread_cond_wait", false},
		{"runtime.", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(signature_shows(str_of(cases[i].function)), cases[i].shows);
}

static void function_literals_belong_to_the_function_they_stand_in(void **state)
{
	static const struct {
		const char *function, *declared;
	} cases[] = {
		{"main.f", "main.f"},
		{"main.f.func1", "main.f"},
		{"main.f.func1.2", "main.f"},
		{"main.f.func1.func2.3", "main.f"},
		{"main.f.gowrap2", "main.f"},
		{"main.f.func1.deferwrap1", "main.f"},
		{"main.f-range1", "main.f"},
		{"main.(*T).m-fm", "main.(*T).m"},
		{"main.F[...].func1", "main.F[...]"},
		{"main.init.0.func1", "main.init.0"},
		{"main.functional", "main.functional"},
		{"a.func1/b.f", "a.func1/b.f"},
		{"main.f-fmt", "main.f-fmt"},
		{"main.T.m.func1", "main.T.m"},
		{"main.init.0", "main.init.0"},
		{"main.glob..func1", "main.glob."},
		{"a%2eb/c%2ed.(*T).m.func1.2", "a%2eb/c%2ed.(*T).m"},
		// Inlined literals, as Go names them up to 1.26, beside its names since 1.27.
		{"main.init.1.genericClosure[...].func6", "main.genericClosure[...]"},
		{"main.genericClosure[...].func1", "main.genericClosure[...]"},
		{"main.init.4.func1.nested.1", "main.nested"},
		{"main.nested.1.1.1", "main.nested"},
		{"main.overNested.numbers.overNested-range1-range3", "main.overNested"},
		{"main.overNested-range1-range1", "main.overNested"},
		{"main.a.b.(*T).m.func1", "main.(*T).m"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf found = BUF_INIT(KIB(1));
		struct str package, name;

		signature_declared(str_of(cases[i].function), &package, &name);
		buf_add(&found, package);
		buf_add(&found, name);
		assert_string_equal(buf_text(&found), cases[i].declared);
		buf_release(&found);
	}
}

static void observers_and_goroutines_that_did_not_start_are_known(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame observer[] = {frame("runtime/pprof.writeGoroutineStacks", "/p.go", 1),
		frame("main.f", "/a.go", 1)};
	struct frame wrapper[] = {frame("main.f.gowrap12", "/a.go", 1)};

	(void)state;
	assert_true(add(stacks, observer, 2)->stack->observer);
	assert_false(add(stacks, observer + 1, 1)->stack->observer);
	assert_true(add(stacks, wrapper, 1)->not_started);
	assert_false(add(stacks, observer, 2)->not_started);
	assert_int_equal(add(stacks, NULL, 0)->stack->frame_count, 0);
	stacks_free(&stacks);
}

static void equal_traces_are_one_and_each_fact_makes_another(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame frames[] = {frame("main.f", "/a.go", 1), frame("main.g", "/a.go", 2)};
	struct ancestor ancestor = {.id = 5, .frame_count = 1, .frames = frames};
	struct trace_draft draft = {.frames = frames, .frame_count = 2};
	const struct trace *first, *again, *other;

	(void)state;
	assert_int_equal(stacks_add_trace(stacks, &draft, &first), 0);
	assert_int_equal(stacks_add_trace(stacks, &draft, &again), 0);
	assert_ptr_equal(first, again);
	assert_ptr_equal(stacks_trace(stacks, first->index), first);
	draft.created_by = frame("main.h", "/a.go", 3);
	assert_int_equal(stacks_add_trace(stacks, &draft, &other), 0);
	assert_ptr_not_equal(first, other);
	assert_ptr_equal(first->stack, other->stack);
	draft.ancestors = &ancestor;
	draft.ancestor_count = 1;
	assert_int_equal(stacks_add_trace(stacks, &draft, &again), 0);
	assert_ptr_not_equal(other, again);
	assert_int_equal(again->ancestors[0].id, 5);
	frames[0].offset++;
	assert_int_equal(stacks_add_trace(stacks, &draft, &other), 0);
	assert_ptr_not_equal(other, again);
	assert_ptr_equal(first->stack, other->stack);
	assert_null(stacks_trace(stacks, stacks_trace_count(stacks)));
	stacks_free(&stacks);
}

static void labels_are_a_set(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct label one[] = {{STR("b"), STR("2")}, {STR("a"), STR("1")}};
	struct label two[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
	uint32_t first, second, none;

	(void)state;
	assert_int_equal(stacks_add_labels(stacks, one, 2, &first), 0);
	assert_int_equal(stacks_add_labels(stacks, two, 2, &second), 0);
	assert_int_equal(stacks_add_labels(stacks, NULL, 0, &none), 0);
	assert_int_equal(first, second);
	assert_int_equal(none, 0);
	assert_true(str_equal(stacks_labels(stacks, first).labels[0].key, STR("a")));
	assert_int_equal(stacks_labels(stacks, 0).count, 0);
	stacks_free(&stacks);
}

static void unknown_states_are_kept_by_name(void **state)
{
	struct stacks *stacks = stacks_new(MIB(4));
	uint16_t known, odd, again, many = 0;
	char name[32];

	(void)state;
	assert_int_equal(stacks_add_state(stacks, STR("chan send"), &known), 0);
	assert_int_equal(known, state_find(STR("chan send")));
	assert_int_equal(stacks_add_state(stacks, STR("odd"), &odd), 0);
	assert_int_equal(stacks_add_state(stacks, STR("odd"), &again), 0);
	assert_int_equal(odd, again);
	assert_true(odd >= state_known_count());
	assert_true(str_equal(stacks_state_name(stacks, odd), STR("odd")));
	assert_int_equal(state_kind(odd), WAIT_UNKNOWN);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "odd %d", i);
		assert_int_equal(stacks_add_state(stacks, str_of(name), &many), 0);
	}
	assert_int_equal(many, STATE_UNKNOWN);
	stacks_free(&stacks);
}

static void a_table_has_a_maximum(void **state)
{
	struct stacks *stacks = stacks_new(KIB(32));
	const struct trace *trace;
	char name[32];
	int r = 0;

	(void)state;
	for (int i = 0; i < 10000 && r == 0; i++) {
		struct frame one;
		struct trace_draft draft = {.frames = &one, .frame_count = 1};

		snprintf(name, sizeof(name), "main.f%d", i);
		one = frame(name, "/a.go", 1);
		r = stacks_add_trace(stacks, &draft, &trace);
		assert_true(stacks_bytes(stacks) <= KIB(64));
	}
	assert_int_equal(r, -EFBIG);
	stacks_free(&stacks);
}

static void many_traces_are_found_again(void **state)
{
	struct stacks *stacks = stacks_new(MIB(64));
	char name[32];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			struct frame frames[2] = {frame("main.g", "/a.go", i % 7)};

			snprintf(name, sizeof(name), "main.f%u", i / 7);
			frames[1] = frame(name, "/b.go", 1);
			assert_int_equal(add(stacks, frames, 2)->index, i);
		}
	}
	assert_int_equal(stacks_count(stacks), 5000);
	stacks_free(&stacks);
}

static void the_site_is_the_innermost_frame_of_ones_own_code(void **state)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame frames[] = {frame("internal/poll.(*FD).Read", "/p.go", 1),
		frame("net/http.(*conn).serve", "/h.go", 2),
		frame("example.org/a%2eb/c%2ed.(*T).m", "/m.go", 3),
		frame("main.main", "/a.go", 4)};

	(void)state;
	assert_int_equal(stack_site(add(stacks, frames, 4)->stack)->line, 3);
	assert_int_equal(stack_site(add(stacks, frames, 2)->stack)->line, 1);
	assert_null(stack_site(add(stacks, NULL, 0)->stack));
	assert_true(str_equal(function_package(frames[1].function), STR("net/http")));
	assert_true(
		str_equal(function_package(frames[2].function), STR("example.org/a%2eb/c%2ed")));
	assert_true(str_equal(function_package(STR("main.F[a/b.T]")), STR("main")));
	assert_true(package_is_standard(STR("net/http")));
	assert_true(package_is_standard(STR("vendor/golang.org/x/net/http2")));
	assert_false(package_is_standard(STR("github.com/a/b")));
	assert_false(package_is_standard(STR("main")));
	stacks_free(&stacks);
}

static void keys_are_16_hex_digits(void **state)
{
	uint64_t key;

	(void)state;
	assert_true(stack_key_parse(STR("9f86d081884c7d65"), &key));
	assert_true(key == 0x9f86d081884c7d65u);
	assert_false(stack_key_parse(STR("9f86d081884c7d6"), &key));
	assert_false(stack_key_parse(STR("9f86d081884c7d6x"), &key));
	assert_false(stack_key_parse(STR("0000000000000000"), &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_the_digest_of_functions_base_names_and_lines),
		cmocka_unit_test(sources_that_print_a_goroutine_differently_give_one_signature),
		cmocka_unit_test(a_signature_has_24_frames_however_deep_the_recursion),
		cmocka_unit_test(which_frames_show),
		cmocka_unit_test(function_literals_belong_to_the_function_they_stand_in),
		cmocka_unit_test(observers_and_goroutines_that_did_not_start_are_known),
		cmocka_unit_test(equal_traces_are_one_and_each_fact_makes_another),
		cmocka_unit_test(labels_are_a_set),
		cmocka_unit_test(unknown_states_are_kept_by_name),
		cmocka_unit_test(a_table_has_a_maximum),
		cmocka_unit_test(many_traces_are_found_again),
		cmocka_unit_test(the_site_is_the_innermost_frame_of_ones_own_code),
		cmocka_unit_test(keys_are_16_hex_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
