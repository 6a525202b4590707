// SPDX-License-Identifier: Apache-2.0
// Causes in the language and its standard library, from special to general.
#include "runtime/cause_table.h"

const struct cause_rule cause_rules[] = {
	{
		.functions = {"testing.(*T).Run", "testing.(*B).run", "testing.(*M).Run",
			"testing.(*T).Parallel", "testing.tRunner.func1"},
		.waits = WAITS_CHANNEL,
		.cause = {"test-waits", "test that waits for its subtests",
			"Normal while a test runs; the test that hangs is another goroutine.",
			{"look at the goroutines created by testing.(*T).Run"}},
	},
	{
		.functions = {"os/signal.signal_recv", "os/signal.loop"},
		.cause = {"signal-loop", "receiver of signals",
			"Normal: one per process that uses os/signal."},
	},
	{
		.functions = {"os/signal.NotifyContext.func%"},
		.waits = WAITS_CHANNEL,
		.cause = {"notify-context-not-stopped", "signal context never stopped",
			"signal.NotifyContext was called again and again without calling its stop.",
			{"call the returned stop function, usually by defer",
				"call NotifyContext once, in main"},
			{"goleak"}},
	},
	{
		.functions = {"context.(*cancelCtx).propagateCancel.func%",
			"context.propagateCancel.func%",
			"context.(*cancelCtx).propagateCancel.gowrap%"},
		.cause = {"context-never-cancelled", "context derived and never cancelled",
			"context.WithCancel, WithTimeout or WithDeadline was called and its cancel "
			"function was not; the parent lives on.",
			{"defer cancel() right behind the call that returns it",
				"every path that returns early must cancel as well"},
			{"vet: lostcancel", "goleak"}},
	},
	{
		.functions = {"io.(*pipe).read", "io.(*pipe).Read", "io.(*pipe).write",
			"io.(*pipe).Write"},
		.cause = {"io-pipe-other-end", "io.Pipe whose other end is gone",
			"The reader or writer at the other end returned without closing it.",
			{"close both ends on every path, with CloseWithError after an error",
				"the goroutine at the other end: did it return early?"},
			{"goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.functions = {"os/exec.(*Cmd).writerDescriptor.func%", "os/exec.(*Cmd).stdin.func%",
			"os/exec.(*Cmd).awaitGoroutines"},
		.cause = {"exec-pipe-held", "pipe of a child process held open",
			"A process that the child started still holds its standard output or "
			"input, so that copying never ends.",
			{"set Cmd.WaitDelay", "start children in a process group and end the group",
				"give files instead of buffers as Stdout and Stderr"}},
	},
	{
		.functions = {"os/exec.(*Cmd).Wait", "os.(*Process).Wait", "os.(*Process).wait",
			"os.(*Process).pidfdWait", "os.(*Process).blockUntilWaitable"},
		.cause = {"exec-wait", "child process that does not end",
			"A command was started without a deadline and does not exit.",
			{"exec.CommandContext with a deadline", "what the child process waits for: "
								"input, a lock, the network"},
			{"noctx"}},
	},
	{
		.functions = {"net/http/httptest.(*Server).Close", "net/http.(*Server).Shutdown"},
		.cause = {"server-shutdown-waits", "server that waits for its last requests",
			"A handler has not returned, or a client keeps its connection in use.",
			{"the goroutines that are inside ServeHTTP",
				"close response bodies in the test's client",
				"give Shutdown a context with a deadline"}},
	},
	{
		.functions = {"crypto/tls.(*Conn).Handshake", "crypto/tls.(*Conn).HandshakeContext",
			"crypto/tls.(*Conn).handshakeContext"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"tls-handshake-no-deadline", "TLS handshake without a deadline",
			"The peer accepted the connection and says nothing more.",
			{"SetDeadline before the handshake, or HandshakeContext with a deadline",
				"Server.ReadHeaderTimeout; Transport.TLSHandshakeTimeout"},
			{"gosec: G112"}},
	},
	{
		.functions = {"net.(*netFD).connect", "net.(*netFD).dial", "net.socket"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"dial-no-deadline", "connect without a deadline",
			"The address does not answer (wrong address, firewall that drops), and "
			"nothing ends the attempt before the kernel does, after minutes.",
			{"net.Dialer.Timeout, or DialContext with a deadline",
				"whether the address is reachable from this pod"},
			{"noctx"}},
	},
	{
		.functions = {"net.(*Resolver).%", "net.doBlockingWithCtx[...]", "net.cgoLookup%",
			"net._C_getaddrinfo", "net.(*resolverConfig).%"},
		.cause = {"dns-slow", "name lookup that does not answer",
			"The name server is slow or unreachable; lookups without a deadline pile "
			"up.",
			{"a context with a deadline",
				"name server and search domains of the pod "
				"(ndots: each name may cost several queries)",
				"caching of the result"}},
	},
	{
		.functions = {"net.(*netFD).accept", "internal/poll.(*FD).Accept"},
		.waits = WAIT_BIT(WAIT_IO) | WAIT_BIT(WAIT_SYSCALL),
		.cause = {"accept-loop", "listener that waits for connections",
			"Normal: one per listener. Many of them are listeners that were opened and "
			"never closed.",
			{"close the listener when its server ends"}, {"goleak"}},
	},
	{
		.functions = {"net.(*conn).Read", "net.(*UDPConn).%", "net.(*IPConn).%",
			"net.(*UnixConn).%"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"read-no-deadline", "read from a connection without a deadline",
			"The peer is silent or gone without a word, and the read waits for ever.",
			{"SetReadDeadline before each read",
				"TCP keep-alive finds peers that are gone",
				"close the connection to end the read at shutdown"},
			{"goleak"}},
	},
	{
		.functions = {"net.(*conn).Write", "net.(*Buffers).WriteTo", "net.(*netFD).Write"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"write-no-deadline", "write to a connection without a deadline",
			"The peer does not read, its window is full, and the write waits for ever.",
			{"SetWriteDeadline before each write",
				"a slow reader must cost its own connection only"},
			{"goleak"}},
	},
	{
		.functions = {"internal/poll.(*fdMutex).%"},
		.waits = WAIT_BIT(WAIT_SEMAPHORE),
		.cause = {"descriptor-busy", "several goroutines at one descriptor",
			"One of them is inside a write (or read) that does not end; the others "
			"queue "
			"behind it.",
			{"the one goroutine inside Write or Read of the same file",
				"whether anybody reads the other end (a log pipe?)"}},
	},
	{
		.functions = {"os.(*File).Read", "os.(*File).Write", "os.(*File).ReadFrom"},
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"pipe-other-end", "pipe or terminal whose other end is silent",
			"Reading waits for data or for the other end to be closed; writing for "
			"room.",
			{"close the descriptor to end it", "who holds the other end open"},
			{"goleak"}},
	},
	{
		.functions = {"log.(*Logger).%", "log/slog.(*commonHandler).%",
			"log/slog.(*lockedWriter).%"},
		.waits = WAITS_MUTEX | WAIT_BIT(WAIT_SEMAPHORE),
		.cause = {"log-blocked", "logging that waits for its output",
			"One goroutine writes a line to an output that does not take it (a full "
			"pipe, "
			"a slow disk) and holds the logger's lock.",
			{"the goroutine inside Write below the same logger",
				"who reads standard output or error"}},
	},
	{
		.functions = {"sync.(*Once).doSlow", "sync.(*Once).Do"},
		.waits = WAITS_MUTEX,
		.cause = {"once-not-finished", "sync.Once whose first call has not returned",
			"The function given to Do blocks, or calls Do of the same Once again.",
			{"the goroutine inside Once.Do that does not wait for a mutex",
				"whether the function reaches its own Once"},
			{"goleak"}},
	},
	{
		.waits = WAIT_BIT(WAIT_RWMUTEX_READ),
		.cause = {"rwmutex-read-blocked", "read lock behind a writer",
			"A writer holds the lock or waits for it. A goroutine that holds the read "
			"lock "
			"and takes it again stops for ever as soon as a writer waits between.",
			{"the goroutine of the same package that does not wait for the lock: it "
			 "holds it",
				"read locks taken twice on one path (a stack cannot show this)",
				"blocking calls while the lock is held"},
			{"go-deadlock", "goleak"}},
	},
	{
		.waits = WAIT_BIT(WAIT_RWMUTEX_WRITE),
		.cause = {"rwmutex-write-blocked", "write lock behind readers",
			"A reader has not unlocked; every new reader now waits as well.",
			{"a return without RUnlock",
				"the goroutine of the same package that does not wait for the lock",
				"blocking calls while the lock is held"},
			{"go-deadlock", "goleak"}},
	},
	{
		.waits = WAIT_BIT(WAIT_MUTEX),
		.cause = {"mutex-held", "mutex that its holder does not give back",
			"A path returns or panics without Unlock, the holder itself is blocked, "
			"two "
			"locks are taken in different order, or one goroutine locks twice (its "
			"stack "
			"cannot show that).",
			{"the goroutine of the same package that does not wait for this lock: it "
			 "holds "
			 "it",
				"defer Unlock right behind Lock",
				"channel and network calls while locked",
				"a mutex copied while locked"},
			{"vet: copylocks", "staticcheck: SA2003", "go-deadlock",
				"goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_WAITGROUP),
		.cause = {"waitgroup-short", "WaitGroup that lacks a Done",
			"Add counted more than Done was called: an early return or panic before "
			"Done, "
			"a goroutine that is itself blocked, or a WaitGroup passed by value.",
			{"defer Done as the first statement of the goroutine (or WaitGroup.Go, Go "
			 "1.25)",
				"the goroutines it waits for: are they in this dump?",
				"pass *sync.WaitGroup"},
			{"vet: copylocks", "goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_COND),
		.cause = {"cond-never-signalled", "Cond that nobody signals",
			"The signal came before the wait, went to one of several (Signal for "
			"Broadcast), or its sender is gone.",
			{"change the condition and signal under the same lock",
				"Broadcast when several wait, and at shutdown",
				"wait in a loop that also looks for the end"},
			{"goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_SEMAPHORE),
		.cause = {"semaphore-wait", "wait at a lock of package sync",
			"Before Go 1.20 mutexes, and before Go 1.25 WaitGroups, say no more than "
			"this; "
			"the function above tells which it is.",
			{"the frames above: Lock, RLock, Wait"}},
	},
	{
		.functions = {"time.Sleep"},
		.waits = WAIT_BIT(WAIT_SLEEP) | WAIT_BIT(WAIT_UNKNOWN),
		.cause = {"sleep-loop", "polling goroutine that is never told to stop",
			"A loop around time.Sleep without a way out; it never looks old, since it "
			"wakes "
			"all the time.",
			{"wait by select on a timer and ctx.Done() instead of Sleep",
				"who starts it, and how often"},
			{"goleak"}},
	},
	{
		.waits = WAIT_BIT(WAIT_SLEEP),
		.cause = {"sleep", "goroutine that sleeps",
			"Normal, unless their number grows: then they are started and not ended.",
			{"who starts it, and how often"}},
	},
	{
		.created = "time.goFunc",
		.waits = WAITS_BLOCKED,
		.cause = {"timer-function-blocked", "time.AfterFunc whose function blocks",
			"Each firing has a goroutine of its own; the function does not return, and "
			"the "
			"timer is set again.",
			{"what the function waits for", "Stop the timer when its owner ends"},
			{"goleak"}},
	},
	{
		.functions = {"main.main"},
		.waits = WAITS_CHANNEL | WAIT_BIT(WAIT_SELECT_EMPTY) | WAIT_BIT(WAIT_UNKNOWN),
		.cause = {"main-waits", "main that waits for the end of the program",
			"Normal: the main goroutine waits while others work."},
	},
	{
		.waits = WAIT_BIT(WAIT_CHAN_NIL),
		.cause = {"nil-channel", "nil channel",
			"The channel was never made, or the wrong variable is used: it blocks for "
			"ever.",
			{"where the channel variable is set; a struct made without its constructor",
				"a nil channel on purpose belongs into a select"},
			{"goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_SELECT_EMPTY),
		.cause = {"select-empty", "select without cases",
			"Blocks for ever on purpose; in a goroutine that is started often it is a "
			"leak.",
			{"who starts it, and how often"}, {"goleak", "goroutineleak profile"}},
	},
	{
		.functions = {"net/http.HandlerFunc.ServeHTTP", "net/http.(*ServeMux).ServeHTTP",
			"net/http.serverHandler.ServeHTTP"},
		.waits = WAIT_BIT(WAIT_CHAN_RECEIVE) | WAIT_BIT(WAIT_SELECT),
		.cause = {"http-handler-waits", "HTTP handler that does not return",
			"The handler waits for a result that does not come and does not watch the "
			"request's context; such requests are in no count of finished ones.",
			{"select on r.Context().Done() beside the result",
				"a deadline: http.TimeoutHandler, context.WithTimeout",
				"who was to send: is it in this dump?"}},
	},
	{
		.waits = WAIT_BIT(WAIT_CHAN_SEND),
		.cause = {"chan-send-no-receiver", "send to a channel nobody receives from",
			"The receiver returned early (a timeout, an error, the first of several "
			"answers), or two values are sent where one is taken.",
			{"give the channel room for every sender, or select on ctx.Done() as well",
				"the receiver: a return before it has taken all",
				"a return missing behind the first send"},
			{"goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_CHAN_RECEIVE),
		.cause = {"chan-receive-never-closed", "receive from a channel never closed",
			"A range over a channel or a receive whose sender returned without sending "
			"or "
			"closing; or a worker whose Stop or Close is never called.",
			{"close the channel on every path of the sender (defer close)",
				"call Stop or Close of what started this goroutine",
				"select on ctx.Done() as well"},
			{"goleak", "testing/synctest", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_SELECT),
		.cause = {"select-no-way-out", "select none of whose cases becomes ready",
			"No case for a timeout or the end, or the context in it is never cancelled "
			"(context.Background, cancel not called); or a loop with a ticker that is "
			"never "
			"told to stop.",
			{"a case for ctx.Done(), with a context that ends",
				"cancel called on every path", "Stop or Close of what started it"},
			{"vet: lostcancel", "contextcheck", "goleak", "goroutineleak profile"}},
	},
	{
		.waits = WAIT_BIT(WAIT_COROUTINE),
		.cause = {"iterator-not-stopped", "iter.Pull without stop",
			"An iterator was pulled from and left before its end.",
			{"defer the stop function that iter.Pull returns"}, {"goleak"}},
	},
	{
		.waits = WAIT_BIT(WAIT_IO),
		.cause = {"io-wait", "wait for the network or a pipe",
			"Nothing arrives and no deadline ends it.",
			{"a deadline on the connection", "who is at the other end"}, {"goleak"}},
	},
	{
		.functions = {"syscall.Flock", "syscall.FcntlFlock", "%unix.Flock",
			"%unix.FcntlFlock", "cmd/go/internal/lockedfile/%"},
		.cause = {"file-lock", "file lock held by another process",
			"flock waits without an end.",
			{"who holds it: /proc/locks", "LOCK_NB with a deadline"}},
	},
	{
		.functions = {"%._Cfunc_%", "runtime.cgocall"},
		.cause = {"cgo-call", "call into C that does not return",
			"The C code blocks; the goroutine keeps a thread of its own.",
			{"what the C library waits for (a native stack trace of the process)",
				"number of threads of the process"}},
	},
	{
		.waits = WAIT_BIT(WAIT_SYSCALL),
		.cause = {"syscall-blocked", "system call that does not return",
			"A file system (network storage), a terminal, a device or a lock does not "
			"answer; each one keeps a thread.",
			{"/proc/PID/task/*/wchan and /syscall", "state of mounted volumes"}},
	},
	{
		.waits = WAIT_BIT(WAIT_RUNTIME),
		.cause = {"runtime-worker", "goroutine of the runtime itself",
			"Normal: garbage collector, finalizers, tracer."},
	},
	{
		.waits = WAIT_BIT(WAIT_NONE),
		.cause = {"running", "running or ready to run",
			"Not blocked. Many that stay so are a loop that spins, such as a select "
			"with "
			"default, or too little CPU.",
			{"a CPU profile", "CPU throttling of the container"}},
	},
	{
		.waits = WAITS_NEVER,
		.cause = {"lock-contended", "lock that is held for too long, or by too many",
			"Each holder gives it back, and more come than get it.",
			{"what the holder does under the lock: calls, loops, allocation",
				"one lock for what could have several",
				"readers that could take a read lock"}},
	},
	{
		.waits = WAITS_NEVER,
		.cause = {"dependency-slow", "requests that wait for what they call",
			"A dependency, its connection pool or a limit answers slowly or not at "
			"all.",
			{"latency and errors of what they call",
				"a deadline on the call bounds what piles up",
				"the size of the pool, and who holds its connections"}},
	},
	{
		.cause = {"unknown", "wait of unknown kind",
			"The source does not say what these goroutines wait for.",
			{"goroutine?debug=2 or debug=0 tells the wait"}},
	},
};

const size_t cause_rule_count = sizeof cause_rules / sizeof *cause_rules;
