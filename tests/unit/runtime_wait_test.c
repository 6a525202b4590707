// SPDX-License-Identifier: Apache-2.0
#include "runtime/wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_name_of_the_runtime_has_its_kind(void **state)
{
	static const struct {
		const char *name;
		enum wait_kind kind;
	} cases[] = {
		{"running", WAIT_NONE},
		{"runnable", WAIT_NONE},
		{"idle", WAIT_NONE},
		{"dead", WAIT_NONE},
		{"syscall", WAIT_SYSCALL},
		{"copystack", WAIT_RUNTIME},
		{"preempted", WAIT_NONE},
		{"waiting for cgo callback", WAIT_RUNTIME},
		{"chan receive", WAIT_CHAN_RECEIVE},
		{"chan send", WAIT_CHAN_SEND},
		{"chan receive (durable)", WAIT_CHAN_RECEIVE},
		{"chan send (synctest)", WAIT_CHAN_SEND},
		{"select", WAIT_SELECT},
		{"select (no cases)", WAIT_SELECT_EMPTY},
		{"chan send (nil chan)", WAIT_CHAN_NIL},
		{"sync.Mutex.Lock", WAIT_MUTEX},
		{"sync.RWMutex.RLock", WAIT_RWMUTEX_READ},
		{"sync.RWMutex.Lock", WAIT_RWMUTEX_WRITE},
		{"sync.WaitGroup.Wait", WAIT_WAITGROUP},
		{"sync.Cond.Wait", WAIT_COND},
		{"semacquire", WAIT_SEMAPHORE},
		{"sleep", WAIT_SLEEP},
		{"IO wait", WAIT_IO},
		{"coroutine", WAIT_COROUTINE},
		{"GC worker (idle)", WAIT_RUNTIME},
		{"timer goroutine (idle)", WAIT_RUNTIME},
		{"GOMAXPROCS updater (idle)", WAIT_RUNTIME},
		{"trace reader (blocked)", WAIT_RUNTIME},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t found = state_find(str_of(cases[i].name));

		assert_int_not_equal(found, STATE_UNKNOWN);
		assert_int_equal(state_kind(found), cases[i].kind);
		assert_true(str_equal(state_known_name(found), str_of(cases[i].name)));
	}
	assert_int_equal(state_find(STR("no such reason")), STATE_UNKNOWN);
	assert_int_equal(state_find(STR("")), STATE_UNKNOWN);
	assert_int_equal(state_kind(UINT16_MAX), WAIT_UNKNOWN);
}

static void names_are_known_once(void **state)
{
	(void)state;
	for (uint16_t i = 1; i < state_known_count(); i++)
		assert_int_equal(state_find(state_known_name(i)), i);
}

static void only_some_kinds_can_last_for_ever(void **state)
{
	(void)state;
	assert_true(wait_kind_blocks(WAIT_CHAN_SEND));
	assert_true(wait_kind_blocks(WAIT_MUTEX));
	assert_true(wait_kind_blocks(WAIT_IO));
	assert_false(wait_kind_blocks(WAIT_NONE));
	assert_false(wait_kind_blocks(WAIT_RUNTIME));
	assert_false(wait_kind_blocks(WAIT_SYSCALL));
	for (int kind = WAIT_NONE; kind <= WAIT_UNKNOWN; kind++)
		assert_true(strlen(wait_kind_name((enum wait_kind)kind)) > 0);
}

#define FRAMES_MAX 8

static void leaf_functions_tell_what_a_goroutine_waits_for(void **state)
{
	static const struct {
		const char *functions[FRAMES_MAX];
		const char *state;
	} cases[] = {
		{{"runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f"},
			"chan receive"},
		{{"runtime.gopark", "runtime.chansend", "runtime.chansend1", "main.f"},
			"chan send"},
		{{"runtime.gopark", "runtime.selectgo", "main.f"}, "select"},
		{{"runtime.gopark", "runtime.block", "main.f"}, "select (no cases)"},
		{{"runtime.gopark", "runtime.netpollblock", "internal/poll.runtime_pollWait"},
			"IO wait"},
		{{"runtime.gopark", "time.Sleep", "main.f"}, "sleep"},
		{{"runtime.gopark", "runtime.goparkunlock", "sync.runtime_notifyListWait",
			 "sync.(*Cond).Wait"},
			"sync.Cond.Wait"},
		{{"runtime.gopark", "runtime.goparkunlock", "runtime.semacquire1",
			 "internal/sync.runtime_SemacquireMutex",
			 "internal/sync.(*Mutex).lockSlow"},
			"sync.Mutex.Lock"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireMutex",
			 "sync.(*Mutex).lockSlow"},
			"sync.Mutex.Lock"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireRWMutexR",
			 "sync.(*RWMutex).RLock"},
			"sync.RWMutex.RLock"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireMutex",
			 "sync.(*RWMutex).Lock"},
			"sync.RWMutex.Lock"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_SemacquireWaitGroup",
			 "sync.(*WaitGroup).Wait"},
			"sync.WaitGroup.Wait"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_Semacquire",
			 "sync.(*WaitGroup).Wait"},
			"sync.WaitGroup.Wait"},
		{{"runtime.gopark", "runtime.semacquire1", "sync.runtime_Semacquire", "main.f"},
			"semacquire"},
		{{"runtime.coroswitch_m", "runtime.mcall", "iter.Pull"}, "coroutine"},
		{{"syscall.Syscall", "syscall.read"}, "syscall"},
		{{"runtime.gopark", "runtime.gcBgMarkWorker"}, "GC worker (idle)"},
		{{"runtime.gopark", "main.f"}, ""},
		{{"main.f"}, ""},
		{{NULL}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str functions[FRAMES_MAX];
		size_t count = 0;
		uint16_t found;

		while (count < FRAMES_MAX && cases[i].functions[count]) {
			functions[count] = str_of(cases[i].functions[count]);
			count++;
		}
		found = state_from_frames(functions, count);
		assert_true(str_equal(state_known_name(found), str_of(cases[i].state)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_the_runtime_has_its_kind),
		cmocka_unit_test(names_are_known_once),
		cmocka_unit_test(only_some_kinds_can_last_for_ever),
		cmocka_unit_test(leaf_functions_tell_what_a_goroutine_waits_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
