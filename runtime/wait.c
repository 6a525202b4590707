// SPDX-License-Identifier: Apache-2.0
// The statuses and wait reasons of Go 1.13 to 1.27, with the kind of waiting each one is, and the
// way from the leaf functions of a profile to the same names.
#include "runtime/wait.h"

struct known_state {
	struct str name;
	enum wait_kind kind;
};

#define STATE(text, wait)                                                                          \
	{                                                                                          \
		{.data = text, .len = sizeof(text) - 1}, wait                                      \
	}

// The index is the state: append only within a release; index 0 is "not said".
static const struct known_state known_states[] = {
	STATE("", WAIT_UNKNOWN),
	// Statuses.
	STATE("idle", WAIT_NONE),
	STATE("runnable", WAIT_NONE),
	STATE("running", WAIT_NONE),
	STATE("syscall", WAIT_SYSCALL),
	STATE("waiting", WAIT_UNKNOWN),
	STATE("dead", WAIT_NONE),
	STATE("copystack", WAIT_RUNTIME),
	STATE("preempted", WAIT_NONE),
	STATE("leaked", WAIT_UNKNOWN),
	STATE("waiting for cgo callback", WAIT_RUNTIME),
	STATE("???", WAIT_UNKNOWN),
	STATE("unknown wait reason", WAIT_UNKNOWN),
	// What programs wait for.
	STATE("chan receive", WAIT_CHAN_RECEIVE),
	STATE("chan send", WAIT_CHAN_SEND),
	STATE("select", WAIT_SELECT),
	STATE("IO wait", WAIT_IO),
	STATE("sleep", WAIT_SLEEP),
	STATE("semacquire", WAIT_SEMAPHORE),
	STATE("sync.Mutex.Lock", WAIT_MUTEX),
	STATE("sync.RWMutex.RLock", WAIT_RWMUTEX_READ),
	STATE("sync.RWMutex.Lock", WAIT_RWMUTEX_WRITE),
	STATE("sync.WaitGroup.Wait", WAIT_WAITGROUP),
	STATE("sync.Cond.Wait", WAIT_COND),
	STATE("chan receive (nil chan)", WAIT_CHAN_NIL),
	STATE("chan send (nil chan)", WAIT_CHAN_NIL),
	STATE("select (no cases)", WAIT_SELECT_EMPTY),
	STATE("coroutine", WAIT_COROUTINE),
	STATE("chan receive (durable)", WAIT_CHAN_RECEIVE),
	STATE("chan send (durable)", WAIT_CHAN_SEND),
	STATE("select (durable)", WAIT_SELECT),
	STATE("sync.WaitGroup.Wait (durable)", WAIT_WAITGROUP),
	STATE("chan receive (synctest)", WAIT_CHAN_RECEIVE),
	STATE("chan send (synctest)", WAIT_CHAN_SEND),
	STATE("select (synctest)", WAIT_SELECT),
	STATE("synctest.Run", WAIT_RUNTIME),
	STATE("synctest.Wait", WAIT_RUNTIME),
	STATE("panicwait", WAIT_RUNTIME),
	// The machinery.
	STATE("GC assist marking", WAIT_RUNTIME),
	STATE("GC assist wait", WAIT_RUNTIME),
	STATE("GC sweep wait", WAIT_RUNTIME),
	STATE("GC scavenge wait", WAIT_RUNTIME),
	STATE("GC worker (idle)", WAIT_RUNTIME),
	STATE("GC worker (active)", WAIT_RUNTIME),
	STATE("GC mark termination", WAIT_RUNTIME),
	STATE("GC weak to strong wait", WAIT_RUNTIME),
	STATE("GOMAXPROCS updater (idle)", WAIT_RUNTIME),
	STATE("cleanup wait", WAIT_RUNTIME),
	STATE("debug call", WAIT_RUNTIME),
	STATE("dumping heap", WAIT_RUNTIME),
	STATE("finalizer wait", WAIT_RUNTIME),
	STATE("flushing proc caches", WAIT_RUNTIME),
	STATE("force gc (idle)", WAIT_RUNTIME),
	STATE("garbage collection", WAIT_RUNTIME),
	STATE("garbage collection scan", WAIT_RUNTIME),
	STATE("page trace flush", WAIT_RUNTIME),
	STATE("stopping the world", WAIT_RUNTIME),
	STATE("timer goroutine (idle)", WAIT_RUNTIME),
	STATE("trace goroutine status", WAIT_RUNTIME),
	STATE("trace proc status", WAIT_RUNTIME),
	STATE("trace reader (blocked)", WAIT_RUNTIME),
	STATE("wait for GC cycle", WAIT_RUNTIME),
};

#define STATE_COUNT (sizeof(known_states) / sizeof(known_states[0]))

uint16_t state_find(struct str name)
{
	for (uint16_t i = 1; i < STATE_COUNT; i++) {
		if (str_equal(known_states[i].name, name))
			return i;
	}
	return STATE_UNKNOWN;
}

uint16_t state_known_count(void)
{
	return STATE_COUNT;
}

struct str state_known_name(uint16_t state)
{
	return state < STATE_COUNT ? known_states[state].name : known_states[0].name;
}

enum wait_kind state_kind(uint16_t state)
{
	return state < STATE_COUNT ? known_states[state].kind : WAIT_UNKNOWN;
}

const char *wait_kind_name(enum wait_kind kind)
{
	static const char *const names[] = {
		[WAIT_NONE] = "running",
		[WAIT_CHAN_RECEIVE] = "chan receive",
		[WAIT_CHAN_SEND] = "chan send",
		[WAIT_CHAN_NIL] = "nil chan",
		[WAIT_SELECT] = "select",
		[WAIT_SELECT_EMPTY] = "select (no cases)",
		[WAIT_MUTEX] = "sync.Mutex.Lock",
		[WAIT_RWMUTEX_READ] = "sync.RWMutex.RLock",
		[WAIT_RWMUTEX_WRITE] = "sync.RWMutex.Lock",
		[WAIT_WAITGROUP] = "sync.WaitGroup.Wait",
		[WAIT_COND] = "sync.Cond.Wait",
		[WAIT_SEMAPHORE] = "semacquire",
		[WAIT_SLEEP] = "sleep",
		[WAIT_IO] = "IO wait",
		[WAIT_SYSCALL] = "syscall",
		[WAIT_COROUTINE] = "coroutine",
		[WAIT_RUNTIME] = "runtime",
		[WAIT_UNKNOWN] = "unknown",
	};

	return names[(unsigned)kind <= WAIT_UNKNOWN ? kind : WAIT_UNKNOWN];
}

bool wait_kind_blocks(enum wait_kind kind)
{
	switch (kind) {
	case WAIT_NONE:
	case WAIT_SYSCALL:
	case WAIT_RUNTIME:
		return false;
	default:
		return true;
	}
}

// A leaf function and what its goroutine waits for. A row without a name is looked through: its
// caller decides.
struct leaf {
	struct str function;
	struct str state;
};

#define LEAF(name, text)                                                                           \
	{                                                                                          \
		{.data = name, .len = sizeof(name) - 1},                                           \
		{                                                                                  \
			.data = text, .len = sizeof(text) - 1                                      \
		}                                                                                  \
	}

static const struct leaf leaves[] = {
	LEAF("runtime.gopark", ""),
	LEAF("runtime.goparkunlock", ""),
	LEAF("runtime.goparkunlock1", ""),
	LEAF("runtime.mcall", ""),
	LEAF("runtime.systemstack", ""),
	LEAF("runtime.systemstack_switch", ""),
	LEAF("runtime.semacquire", ""),
	LEAF("runtime.semacquire1", ""),
	LEAF("runtime.notetsleepg", ""),
	LEAF("runtime.netpollblock", "IO wait"),
	LEAF("internal/poll.runtime_pollWait", "IO wait"),
	LEAF("net.runtime_pollWait", "IO wait"),
	LEAF("runtime.chanrecv", "chan receive"),
	LEAF("runtime.chanrecv1", "chan receive"),
	LEAF("runtime.chanrecv2", "chan receive"),
	LEAF("runtime.chansend", "chan send"),
	LEAF("runtime.chansend1", "chan send"),
	LEAF("runtime.selectgo", "select"),
	LEAF("runtime.block", "select (no cases)"),
	LEAF("time.Sleep", "sleep"),
	LEAF("sync.runtime_notifyListWait", "sync.Cond.Wait"),
	LEAF("sync.runtime_SemacquireWaitGroup", "sync.WaitGroup.Wait"),
	LEAF("sync.runtime_SemacquireRWMutexR", "sync.RWMutex.RLock"),
	LEAF("sync.runtime_SemacquireRWMutex", "sync.RWMutex.Lock"),
	LEAF("sync.runtime_SemacquireMutex", ""),
	LEAF("internal/sync.runtime_SemacquireMutex", ""),
	LEAF("sync.runtime_Semacquire", ""),
	LEAF("sync.(*WaitGroup).Wait", "sync.WaitGroup.Wait"),
	LEAF("sync.(*Mutex).Lock", "sync.Mutex.Lock"),
	LEAF("sync.(*Mutex).lockSlow", "sync.Mutex.Lock"),
	LEAF("internal/sync.(*Mutex).Lock", "sync.Mutex.Lock"),
	LEAF("internal/sync.(*Mutex).lockSlow", "sync.Mutex.Lock"),
	LEAF("sync.(*RWMutex).RLock", "sync.RWMutex.RLock"),
	LEAF("sync.(*RWMutex).Lock", "sync.RWMutex.Lock"),
	LEAF("internal/poll.runtime_Semacquire", "semacquire"),
	LEAF("runtime.coroswitch", "coroutine"),
	LEAF("runtime.coroswitch_m", "coroutine"),
	LEAF("runtime.corostart", "coroutine"),
	LEAF("runtime.entersyscall", "syscall"),
	LEAF("runtime.cgocall", "syscall"),
	LEAF("runtime.asmcgocall", "syscall"),
	LEAF("os/signal.signal_recv", "syscall"),
	LEAF("syscall.Syscall", "syscall"),
	LEAF("syscall.Syscall6", "syscall"),
	LEAF("syscall.RawSyscall6", "syscall"),
	LEAF("syscall.syscall", "syscall"),
	LEAF("internal/runtime/syscall.Syscall6", "syscall"),
	LEAF("internal/runtime/syscall/linux.Syscall6", "syscall"),
	LEAF("runtime/internal/syscall.Syscall6", "syscall"),
	LEAF("runtime.goschedImpl", "runnable"),
	LEAF("runtime.gosched_m", "runnable"),
	LEAF("runtime.Gosched", "runnable"),
	LEAF("runtime.asyncPreempt", "runnable"),
	LEAF("runtime.asyncPreempt2", "runnable"),
	LEAF("runtime.bgsweep", "GC sweep wait"),
	LEAF("runtime.bgscavenge", "GC scavenge wait"),
	LEAF("runtime.(*scavengerState).park", "GC scavenge wait"),
	LEAF("runtime.(*scavengerState).sleep", "sleep"),
	LEAF("runtime.forcegchelper", "force gc (idle)"),
	LEAF("runtime.gcBgMarkWorker", "GC worker (idle)"),
	LEAF("runtime.runfinq", "finalizer wait"),
	LEAF("runtime.runFinalizers", "finalizer wait"),
	LEAF("runtime.runCleanups", "cleanup wait"),
	LEAF("runtime.(*cleanupQueue).dequeue", "cleanup wait"),
	LEAF("runtime.updateMaxProcsGoroutine", "GOMAXPROCS updater (idle)"),
	LEAF("runtime/trace.runtime_readTrace", "trace reader (blocked)"),
	LEAF("runtime.ReadTrace", "trace reader (blocked)"),
	LEAF("runtime.readTrace0", "trace reader (blocked)"),
	LEAF("runtime.timerproc", "timer goroutine (idle)"),
};

static const struct leaf *find_leaf(struct str function)
{
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		if (str_equal(leaves[i].function, function))
			return &leaves[i];
	}
	return NULL;
}

uint16_t state_from_frames(const struct str *functions, size_t count)
{
	bool semaphore = false;

	for (size_t i = 0; i < count; i++) {
		const struct leaf *leaf = find_leaf(functions[i]);

		if (leaf && leaf->state.len > 0)
			return state_find(leaf->state);
		if (!leaf && !semaphore)
			return STATE_UNKNOWN;
		if (!leaf)
			break;
		if (str_find(functions[i], STR("emacquire")) < functions[i].len)
			semaphore = true;
	}
	return semaphore ? state_find(STR("semacquire")) : STATE_UNKNOWN;
}
