// SPDX-License-Identifier: Apache-2.0
// From wait and stack to what usually is the mistake.
#include "runtime/cause.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES_MAX 12

struct example {
	enum wait_kind wait;
	const char *functions[FRAMES_MAX]; // innermost first
	const char *created_by; // NULL: not known
	const char *id;
};

static const char *find(const struct example *example)
{
	struct stacks *stacks = stacks_new(MIB(1));
	struct frame frames[FRAMES_MAX] = {0}, created_by = {0};
	const struct stack *stack;
	const struct cause *cause;
	uint32_t count = 0;

	for (; count < FRAMES_MAX && example->functions[count]; count++)
		frames[count] = (struct frame){.function = str_of(example->functions[count]),
			.file = STR("f.go"),
			.line = 1};
	assert_int_equal(stacks_add_stack(stacks, frames, count, false, &stack), 0);
	created_by.function = str_of(example->created_by);
	cause = cause_find(example->wait, stack, example->created_by ? &created_by : NULL);
	stacks_free(&stacks);
	return cause->id;
}

static const struct example examples[] = {
	{WAIT_CHAN_SEND, {"main.(*Gateway).fanout.func1"}, "main.(*Gateway).fanout",
		"chan-send-no-receiver"},
	{WAIT_CHAN_RECEIVE, {"main.worker"}, NULL, "chan-receive-never-closed"},
	{WAIT_SELECT, {"main.(*Poller).run"}, NULL, "select-no-way-out"},
	{WAIT_SELECT_EMPTY, {"main.forever"}, NULL, "select-empty"},
	{WAIT_CHAN_NIL, {"main.f"}, NULL, "nil-channel"},
	{WAIT_CHAN_RECEIVE, {"main.main"}, NULL, "main-waits"},
	{WAIT_CHAN_RECEIVE, {"main.main.func1"}, "main.main", "chan-receive-never-closed"},
	{WAIT_CHAN_RECEIVE,
		{"main.handle", "net/http.HandlerFunc.ServeHTTP", "net/http.(*conn).serve"}, NULL,
		"http-handler-waits"},
	{WAIT_CHAN_SEND,
		{"main.handle", "net/http.HandlerFunc.ServeHTTP", "net/http.(*conn).serve"}, NULL,
		"chan-send-no-receiver"},
	{WAIT_MUTEX, {"sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow", "main.f"}, NULL,
		"mutex-held"},
	// Go before 1.20, and text profiles, where the state is no more than the function.
	{WAIT_SEMAPHORE,
		{"sync.runtime_SemacquireMutex", "sync.(*Mutex).lockSlow", "sync.(*Mutex).Lock",
			"main.f"},
		NULL, "mutex-held"},
	{WAIT_SEMAPHORE, {"sync.runtime_Semacquire", "sync.(*WaitGroup).Wait", "main.f"}, NULL,
		"waitgroup-short"},
	{WAIT_UNKNOWN, {"sync.runtime_SemacquireRWMutexR", "sync.(*RWMutex).RLock", "main.f"}, NULL,
		"rwmutex-read-blocked"},
	{WAIT_UNKNOWN, {"main.f"}, NULL, "unknown"},
	{WAIT_UNKNOWN, {NULL}, NULL, "unknown"},
	{WAIT_RWMUTEX_WRITE, {"sync.(*RWMutex).Lock", "main.f"}, NULL, "rwmutex-write-blocked"},
	{WAIT_WAITGROUP, {"sync.(*WaitGroup).Wait", "main.f"}, NULL, "waitgroup-short"},
	{WAIT_COND, {"sync.runtime_notifyListWait", "sync.(*Cond).Wait", "main.f"}, NULL,
		"cond-never-signalled"},
	{WAIT_MUTEX, {"sync.(*Mutex).Lock", "sync.(*Once).doSlow", "sync.(*Once).Do", "main.f"},
		NULL, "once-not-finished"},
	{WAIT_MUTEX, {"sync.(*Mutex).Lock", "log.(*Logger).output", "log.Printf", "main.f"}, NULL,
		"log-blocked"},
	{WAIT_SEMAPHORE,
		{"internal/poll.runtime_Semacquire", "internal/poll.(*fdMutex).rwlock",
			"internal/poll.(*FD).Write", "os.(*File).Write"},
		NULL, "descriptor-busy"},
	{WAIT_SLEEP, {"time.Sleep", "main.(*Poller).run"}, NULL, "sleep-loop"},
	{WAIT_CHAN_RECEIVE, {"main.tick"}, "time.goFunc", "timer-function-blocked"},
	{WAIT_SELECT, {"net/http.(*persistConn).readLoop"}, "net/http.(*Transport).dialConn",
		"http-body-unclosed"},
	{WAIT_UNKNOWN, {"net/http.(*persistConn).readLoop"}, NULL, "http-body-unclosed"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "net.(*conn).Read",
			"net/http.(*persistConn).Read", "bufio.(*Reader).Peek",
			"net/http.(*persistConn).readLoop"},
		NULL, "http-client-idle"},
	{WAIT_SELECT, {"net/http.(*persistConn).writeLoop"}, NULL, "http-client-connection"},
	{WAIT_SELECT,
		{"net/http.(*persistConn).roundTrip", "net/http.(*Transport).roundTrip",
			"net/http.(*Client).do", "main.call"},
		NULL, "http-request-no-deadline"},
	{WAIT_SELECT, {"net/http.(*Transport).getConn", "net/http.(*Transport).roundTrip"}, NULL,
		"http-no-connection"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "net.(*conn).Read",
			"net/http.(*connReader).Read", "bufio.(*Reader).Peek",
			"net/http.(*conn).serve"},
		NULL, "http-server-idle"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "net.(*conn).Read",
			"net/http.(*connReader).Read", "net/http.(*body).Read", "io.ReadAll",
			"main.upload", "net/http.HandlerFunc.ServeHTTP", "net/http.(*conn).serve"},
		NULL, "http-upload-stalled"},
	{WAIT_IO, {"net.(*conn).Read", "net/http.(*connReader).backgroundRead"}, NULL,
		"http-handler-companion"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "internal/poll.(*FD).Accept",
			"net.(*netFD).accept", "net.(*TCPListener).Accept", "main.main"},
		NULL, "accept-loop"},
	{WAIT_IO, {"internal/poll.runtime_pollWait", "net.(*conn).Read", "main.session"}, NULL,
		"read-no-deadline"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "net.(*netFD).connect",
			"net.(*sysDialer).dialTCP", "net.(*Dialer).DialContext", "main.f"},
		NULL, "dial-no-deadline"},
	{WAIT_IO,
		{"net.(*conn).Read", "crypto/tls.(*Conn).readHandshake",
			"crypto/tls.(*Conn).handshakeContext", "net/http.(*conn).serve"},
		NULL, "tls-handshake-no-deadline"},
	{WAIT_SELECT, {"database/sql.(*DB).connectionOpener"}, "database/sql.OpenDB",
		"sql-db-not-closed"},
	{WAIT_SELECT, {"database/sql.(*Rows).awaitDone"}, NULL, "sql-rows-unclosed"},
	{WAIT_SELECT, {"database/sql.(*DB).conn", "database/sql.(*DB).query", "main.f"}, NULL,
		"sql-pool-exhausted"},
	{WAIT_SELECT, {"google.golang.org/grpc.newClientStreamWithParams.func4"}, NULL,
		"grpc-stream-abandoned"},
	{WAIT_SELECT,
		{"google.golang.org/grpc/internal/transport.(*controlBuffer).get",
			"google.golang.org/grpc/internal/transport.(*loopyWriter).run"},
		NULL, "grpc-connection"},
	{WAIT_IO,
		{"internal/poll.runtime_pollWait", "net.(*conn).Read",
			"golang.org/x/net/http2.(*Framer).ReadFrame",
			"google.golang.org/grpc/internal/transport.(*http2Client).reader"},
		NULL, "grpc-connection"},
	{WAIT_SELECT,
		{"google.golang.org/grpc/internal/transport.(*http2Client).NewStream",
			"google.golang.org/grpc.invoke", "main.call"},
		NULL, "grpc-not-connected"},
	{WAIT_SELECT, {"net/http.(*http2serverConn).serve", "net/http.(*conn).serve"}, NULL,
		"http-server-idle"},
	{WAIT_NONE, {"main.tick"}, "time.goFunc", "running"},
	{WAIT_CHAN_SEND, {"golang.org/x/sync/errgroup.(*Group).Go", "main.f"}, NULL,
		"errgroup-limit"},
	{WAIT_CHAN_SEND, {"main.f.func1", "golang.org/x/sync/errgroup.(*Group).Go.func1"}, NULL,
		"errgroup-sender-blocked"},
	{WAIT_SELECT, {"golang.org/x/sync/semaphore.(*Weighted).Acquire", "main.f"}, NULL,
		"semaphore-exhausted"},
	{WAIT_SELECT, {"github.com/IBM/sarama.(*Broker).responseReceiver"}, NULL, "kafka-client"},
	// The program's own code inside a library's callback is not the library's.
	{WAIT_CHAN_SEND, {"main.consume", "github.com/IBM/sarama.(*consumerGroupSession).consume"},
		NULL, "chan-send-no-receiver"},
	{WAIT_CHAN_RECEIVE, {"k8s.io/client-go/tools/cache.(*processorListener).pop"}, NULL,
		"informer"},
	{WAIT_SELECT, {"context.(*cancelCtx).propagateCancel.func2"}, NULL,
		"context-never-cancelled"},
	{WAIT_SELECT, {"io.(*pipe).read", "io.(*PipeReader).Read", "main.f"}, NULL,
		"io-pipe-other-end"},
	{WAIT_SYSCALL, {"os/signal.signal_recv", "os/signal.loop"}, NULL, "signal-loop"},
	{WAIT_SYSCALL, {"syscall.Syscall", "syscall.Flock", "main.f"}, NULL, "file-lock"},
	{WAIT_SYSCALL, {"main._Cfunc_sleep", "main.f"}, NULL, "cgo-call"},
	{WAIT_SYSCALL, {"syscall.Syscall", "syscall.read", "os.(*File).Read"}, NULL,
		"syscall-blocked"},
	{WAIT_COROUTINE, {"iter.Pull[...].func1"}, NULL, "iterator-not-stopped"},
	{WAIT_NONE, {"main.spin"}, NULL, "running"},
};

static void examples_find_their_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		const char *id = find(&examples[i]);

		if (strcmp(id, examples[i].id) != 0)
			fail_msg("%s at %s: %s, wanted %s", wait_kind_name(examples[i].wait),
				examples[i].functions[0], id, examples[i].id);
	}
}

static void every_wait_has_a_cause_without_knowing_any_function(void **state)
{
	(void)state;
	for (int wait = 0; wait < WAIT_UNKNOWN; wait++) {
		struct example example = {.wait = (enum wait_kind)wait, .functions = {"main.f"}};

		assert_string_not_equal(find(&example), "unknown");
	}
}

static void rows_are_told_apart_by_their_id_and_speak(void **state)
{
	(void)state;
	for (size_t i = 0; i < cause_count(); i++) {
		const struct cause *cause = cause_at(i);

		assert_ptr_equal(cause_by_id(str_of(cause->id)), cause);
		assert_non_null(cause->title);
		assert_true(strlen(cause->usually) > 10);
		assert_int_equal(cause->usually[strlen(cause->usually) - 1], '.');
	}
	assert_null(cause_by_id(STR("no-such-cause")));
	assert_null(cause_at(cause_count()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_find_their_cause),
		cmocka_unit_test(every_wait_has_a_cause_without_knowing_any_function),
		cmocka_unit_test(rows_are_told_apart_by_their_id_and_speak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
