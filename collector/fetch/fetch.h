// SPDX-License-Identifier: Apache-2.0
// Fetching over HTTP: many targets at once, one request at a time for each, in one thread.
//
//	r = fetcher_new(&options, &fetcher, error);
//	lane = fetch_lane_new(fetcher);			// one per target
//	r = fetch_queue(lane, &request);		// any number; answered in order
//	while (fetcher_pending(fetcher) > 0)
//		r = fetcher_turn(fetcher, timeout_ms, fds, count, error);
//	fetcher_free(&fetcher);
//
// A request ends with exactly one call of its `done`, whatever happens: an answer, a deadline, a
// cap, a cancellation. `done` may queue further requests. Bodies stream to `sink` as they arrive,
// decompressed; nothing reaches the sink before the first bytes look like what was asked for, so
// that a login page is never taken for a dump. Redirects are not followed, proxies are not used,
// and nothing but http and https is spoken.
#pragma once

#include "base/error.h"
#include "runtime/sniff.h"

#include <poll.h>

enum fetch_reason {
	FETCH_OK,
	FETCH_REFUSED, // nobody listens there
	FETCH_UNRESOLVED, // the name has no address
	FETCH_UNREACHABLE, // no route, network down
	FETCH_TLS, // certificate or handshake
	FETCH_TIMEOUT_CONNECT,
	FETCH_TIMEOUT_FIRST_BYTE,
	FETCH_TIMEOUT_IDLE,
	FETCH_TIMEOUT_TOTAL,
	FETCH_TOO_BIG, // the body reached its cap
	FETCH_HEADERS, // headers too long
	FETCH_REDIRECT,
	FETCH_UNAUTHORIZED, // 401, 403
	FETCH_NO_PROFILE, // 404 of net/http/pprof: "Unknown profile"
	FETCH_NOT_FOUND, // any other 404
	FETCH_BUSY, // 429, 503
	FETCH_HTTP_STATUS, // any other status that is not 200
	FETCH_RESET, // the connection broke
	FETCH_WRONG_LENGTH, // less than Content-Length or the last chunk promised
	FETCH_DECODE, // broken compression or chunks
	FETCH_NOT_HTTP, // something else answers there
	FETCH_UNEXPECTED, // 200, but not what was asked for (an HTML page, a JSON error)
	FETCH_SINK, // the sink refused: the error is ours
	FETCH_CANCELLED,
	FETCH_OTHER,
};

// "timeout_first_byte": in errors.jsonl and metrics. Stable.
const char *fetch_reason_name(enum fetch_reason reason);

// What the beginning of a body must look like.
enum fetch_want { FETCH_WANT_ANY, FETCH_WANT_DUMP, FETCH_WANT_PROTO, FETCH_WANT_METRICS };

struct fetch_deadlines {
	double connect_ms; // name, TCP and TLS together
	double first_byte_ms; // from the connection to the first byte of the body
	double idle_ms; // between two bytes of the body
	double total_ms;
};

struct fetch_result {
	enum fetch_reason reason;
	int http_status; // 0: no answer
	bool truncated; // a part of the body reached the sink, not all of it
	uint64_t wire_bytes; // of the body, as sent
	uint64_t body_bytes; // decompressed
	double connect_ms; // 0 on a connection that was open already
	double first_byte_ms; // from the connection to the first byte of the body; NAN: none came
	double total_ms;
	double mono_ms; // clock_mono_ms() at the first byte of the body, or at the end without one
	int64_t wall_ms; // the same moment for people
	double retry_after_s; // of a 429 or 503, at most a minute; 0: not said
	char error[ERROR_TEXT_MAX]; // "" when FETCH_OK; one line, may hold text of the target
};

struct fetch_request {
	const char *url; // copied
	enum fetch_want want;
	uint64_t max_bytes; // of the body, decompressed
	struct fetch_deadlines deadlines;
	bool last; // close the connection afterwards: nothing stays open in the target
	// 0, or a negative errno that ends the transfer (FETCH_SINK). May be NULL.
	int (*sink)(void *context, const void *data, size_t len);
	void (*done)(void *context, const struct fetch_result *result);
	void *context;
};

struct fetch_options {
	uint32_t connections; // at once; 0: 64
	const char *ca_file; // NULL: the system's
	// Credentials, read at the start of each request, for they are rotated. NULL: none.
	const char *bearer_file; // a token
	const char *basic_file; // user:password
	const char *cert_file, *key_file; // PEM, for mutual TLS
};

struct fetcher;
struct fetch_lane;

int fetcher_new(
	const struct fetch_options *options, struct fetcher **ret_fetcher, struct error *error);
// Cancels what is under way (each `done` is called), frees lanes and all.
void fetcher_free(struct fetcher **fetcher);

struct fetch_lane *fetch_lane_new(struct fetcher *fetcher); // owned by the fetcher; NULL: no memory
int fetch_queue(struct fetch_lane *lane, const struct fetch_request *request); // 0 or -ENOMEM

size_t fetcher_pending(const struct fetcher *fetcher); // requests queued or under way
// Starts what can start, waits until something happens or `timeout_ms` (the nearest deadline cuts
// it short) or one of `fds` (at most 8; revents are filled in) is ready, and reaps what ended.
int fetcher_turn(struct fetcher *fetcher, int timeout_ms, struct pollfd *fds, uint32_t fd_count,
	struct error *error);
// Ends all requests with FETCH_CANCELLED; later ones are cancelled at once.
void fetcher_cancel(struct fetcher *fetcher);
