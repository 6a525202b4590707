// SPDX-License-Identifier: Apache-2.0
// What a goroutine waits for: statuses and wait reasons as the runtime prints them, Go 1.13
// to 1.27.
//
// A *state* is an index: below STATE_KNOWN it is one of the table here, above it a name first seen
// in a dump and kept by its table of stacks (runtime/stack.h).
#pragma once

#include "base/str.h"

// What kind of waiting it is: what detectors and causes reason about.
enum wait_kind {
	WAIT_NONE, // running, runnable, dead, idle
	WAIT_CHAN_RECEIVE,
	WAIT_CHAN_SEND,
	WAIT_CHAN_NIL, // send or receive on a nil channel: for ever
	WAIT_SELECT,
	WAIT_SELECT_EMPTY, // select {}: for ever
	WAIT_MUTEX,
	WAIT_RWMUTEX_READ,
	WAIT_RWMUTEX_WRITE,
	WAIT_WAITGROUP,
	WAIT_COND,
	WAIT_SEMAPHORE, // semacquire that is not one of the above
	WAIT_SLEEP,
	WAIT_IO, // netpoll
	WAIT_SYSCALL,
	WAIT_COROUTINE,
	WAIT_RUNTIME, // the garbage collector, tracer and other machinery
	WAIT_UNKNOWN,
};

#define STATE_UNKNOWN 0 // the source does not say

// Index of a known name, or 0.
uint16_t state_find(struct str name);
// Number of known states; indexes 1 to state_known_count() - 1 are valid.
uint16_t state_known_count(void);
struct str state_known_name(uint16_t state);
enum wait_kind state_kind(uint16_t state); // WAIT_UNKNOWN for names not in the table
const char *wait_kind_name(enum wait_kind kind); // "chan send", as the runtime would say it
bool wait_kind_blocks(enum wait_kind kind); // can last for ever: neither none, runtime nor syscall

// The wait reason that a goroutine with these leaf functions has (innermost first, as profile.proto
// and debug=1's address list give them: runtime.gopark, runtime.chanrecv, ...); STATE_UNKNOWN when
// they do not tell. Source: goroutine-dumps facts 2.5.
uint16_t state_from_frames(const struct str *functions, size_t count);
