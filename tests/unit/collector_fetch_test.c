// SPDX-License-Identifier: Apache-2.0
// The fetcher against a server that answers word for word what a row says.
#include "collector/fetch/fetch.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REPEATED_TIMES 100
#define LATENCY_US 2000

// One answer for every request, on connections of its own thread each.
struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	const char *answer; // raw
	const char *repeated; // sent REPEATED_TIMES behind it; NULL: nothing
	bool hold; // keep the connection open, silent, when all is sent
	bool alive; // answer further requests on the same connection
};

struct served {
	struct server *server;
	int fd;
};

// Reads one request's head; false when the client is gone.
static bool read_request(int fd)
{
	char bytes[4096];
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, bytes + len, sizeof(bytes) - len - 1, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		bytes[len] = '\0';
		if (strstr(bytes, "\r\n\r\n"))
			return true;
	}
}

static void send_text(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void *serve_one(void *context)
{
	struct served *served = context;
	const struct server *server = served->server;
	char byte;

	do {
		if (!read_request(served->fd))
			break;
		usleep(LATENCY_US);
		send_text(served->fd, server->answer);
		for (int i = 0; i < REPEATED_TIMES && server->repeated; i++)
			send_text(served->fd, server->repeated);
	} while (server->alive);
	if (server->hold)
		(void)!recv(served->fd, &byte, 1, 0);
	close(served->fd);
	free(served);
	return NULL;
}

static void *serve(void *context)
{
	struct server *server = context;

	for (;;) {
		int fd = accept(server->fd, NULL, NULL);
		struct served *served;
		pthread_t thread;

		if (fd < 0)
			return NULL;
		served = malloc(sizeof(*served));
		assert_non_null(served);
		*served = (struct served){server, fd};
		assert_int_equal(pthread_create(&thread, NULL, serve_one, served), 0);
		(void)pthread_detach(thread);
	}
}

static void server_start(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(server->fd >= 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->fd, 512), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
	(void)shutdown(server->fd, SHUT_RDWR);
	(void)pthread_join(server->thread, NULL);
	close(server->fd);
	usleep(20000); // its threads end with their connections
}

struct got {
	struct fetch_result result;
	struct buf body;
	uint32_t answers;
	int refuse; // what the sink returns
	struct fetch_lane *lane; // asked again until `more` is used up
	struct fetch_request *request;
	uint32_t more;
};

static int on_data(void *context, const void *data, size_t len)
{
	struct got *got = context;

	buf_append(&got->body, data, len);
	return got->refuse;
}

static void on_done(void *context, const struct fetch_result *result)
{
	struct got *got = context;

	got->result = *result;
	got->answers++;
	if (got->more > 0) {
		got->more--;
		assert_int_equal(fetch_queue(got->lane, got->request), 0);
	}
}

static const struct fetch_deadlines patient = {2000, 2000, 2000, 5000};
static const struct fetch_deadlines hasty = {100, 100, 100, 200};

static struct fetch_request request_of(struct got *got, const char *url)
{
	return (struct fetch_request){
		.url = url,
		.max_bytes = KIB(64),
		.deadlines = patient,
		.sink = on_data,
		.done = on_done,
		.context = got,
	};
}

static struct fetcher *fetcher_open(uint32_t connections)
{
	struct fetch_options options = {.connections = connections};
	struct fetcher *fetcher = NULL;
	struct error error = {0};

	assert_int_equal(fetcher_new(&options, &fetcher, &error), 0);
	return fetcher;
}

static void run_all(struct fetcher *fetcher)
{
	struct error error = {0};

	while (fetcher_pending(fetcher) > 0)
		assert_int_equal(fetcher_turn(fetcher, 1000, NULL, 0, &error), 0);
}

static void address_of(const struct server *server, char url[static 64])
{
	(void)snprintf(url, 64, "http://127.0.0.1:%u/x", server->port);
}

struct row {
	const char *what;
	const char *answer;
	const char *repeated;
	enum fetch_want want;
	enum fetch_reason reason;
	const char *says; // part of the message
	const char *body; // what reached the sink; NULL: not looked at
	bool hold, hasty;
};

static const struct row rows[] = {
	{"an answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .reason = FETCH_OK,
		.says = "", .body = "ok"},
	{"an empty answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .reason = FETCH_OK,
		.says = "", .body = ""},
	{"a chunked answer",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		.reason = FETCH_OK, .says = "", .body = "ok"},
	{"a dump that is none", "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<html>login</h",
		.want = FETCH_WANT_DUMP, .reason = FETCH_UNEXPECTED, .says = "HTML", .body = ""},
	{"an empty dump", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .want = FETCH_WANT_DUMP,
		.reason = FETCH_UNEXPECTED, .says = "empty", .body = ""},
	{"a redirect",
		"HTTP/1.1 302 Found\r\nLocation: https://sso/login\r\nContent-Length: 0\r\n\r\n",
		.reason = FETCH_REDIRECT, .says = "https://sso/login", .body = ""},
	{"no credentials", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno!!",
		.reason = FETCH_UNAUTHORIZED, .says = "401", .body = ""},
	{"an unknown profile",
		"HTTP/1.1 404 Not Found\r\nX-Go-Pprof: 1\r\nContent-Length: 16\r\n\r\nUnknown "
		"profile\n",
		.reason = FETCH_NO_PROFILE, .says = "profile", .body = ""},
	{"an unknown path", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nwhat",
		.reason = FETCH_NOT_FOUND, .says = "404", .body = ""},
	{"an error of the server", "HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\nnil ma",
		.reason = FETCH_HTTP_STATUS, .says = "nil ma", .body = ""},
	{"plain HTTP where Go speaks TLS",
		"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS "
		"server.\n",
		.reason = FETCH_HTTP_STATUS, .says = "try https://127.0.0.1:", .body = ""},
	{"a bad request", "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno",
		.reason = FETCH_HTTP_STATUS, .says = "HTTP 400: no", .body = ""},
	{"a busy server", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
		.reason = FETCH_BUSY, .says = "503", .body = ""},
	{"less than promised", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
		.reason = FETCH_WRONG_LENGTH, .says = ""},
	{"a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
		.reason = FETCH_WRONG_LENGTH, .says = ""},
	{"nothing at all", "", .reason = FETCH_RESET, .says = "try https://127.0.0.1:"},
	{"something that is not HTTP", "220 mail.example ESMTP\r\n", .reason = FETCH_NOT_HTTP,
		.says = ""},
	{"compression that is none",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
		.reason = FETCH_DECODE, .says = ""},
	{"a body above the cap", "HTTP/1.1 200 OK\r\n\r\n",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		.reason = FETCH_TOO_BIG, .says = "65536"},
	{"headers without end", "HTTP/1.1 200 OK\r\n",
		"X-A: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"a"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaa\r\n",
		.reason = FETCH_HEADERS, .says = "65536"},
	{"silence", "", .reason = FETCH_TIMEOUT_FIRST_BYTE, .says = "no answer", .hold = true,
		.hasty = true},
	{"silence in the middle", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
		.reason = FETCH_TIMEOUT_IDLE, .says = "stopped", .hold = true, .hasty = true},
};

static void check_row(const struct row *row)
{
	struct server server = {
		.answer = row->answer, .repeated = row->repeated, .hold = row->hold};
	struct fetcher *fetcher = fetcher_open(0);
	struct got got = {.body = BUF_INIT(MIB(1))};
	struct fetch_request request;
	char url[64];

	server_start(&server);
	address_of(&server, url);
	request = request_of(&got, url);
	request.want = row->want;
	if (row->hasty)
		request.deadlines = hasty;
	assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	run_all(fetcher);
	if (got.answers != 1 || got.result.reason != row->reason ||
		!strstr(got.result.error, row->says))
		fail_msg("%s: %u answers, %s: %s", row->what, got.answers,
			fetch_reason_name(got.result.reason), got.result.error);
	if (row->body && strcmp(buf_text(&got.body), row->body) != 0)
		fail_msg("%s: the sink got \"%s\"", row->what, buf_text(&got.body));
	assert_int_equal(got.result.body_bytes, got.body.len);
	assert_true(got.body.len <= request.max_bytes);
	assert_int_equal(got.result.truncated, row->reason != FETCH_OK && got.body.len > 0);
	fetcher_free(&fetcher);
	server_stop(&server);
	buf_release(&got.body);
}

static void every_answer_is_called_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&rows[i]);
}

static void nobody_there_is_refused(void **state)
{
	struct server server = {.answer = ""};
	struct fetcher *fetcher = fetcher_open(0);
	struct got got = {.body = BUF_INIT(KIB(64))};
	struct fetch_request request;
	char url[64];

	(void)state;
	server_start(&server);
	address_of(&server, url);
	server_stop(&server);
	request = request_of(&got, url);
	assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	run_all(fetcher);
	assert_int_equal(got.result.reason, FETCH_REFUSED);
	fetcher_free(&fetcher);
	buf_release(&got.body);
}

static void a_sink_that_refuses_ends_it(void **state)
{
	struct server server = {.answer = rows[0].answer};
	struct fetcher *fetcher = fetcher_open(0);
	struct got got = {.body = BUF_INIT(KIB(64)), .refuse = -ENOSPC};
	struct fetch_request request;
	char url[64];

	(void)state;
	server_start(&server);
	address_of(&server, url);
	request = request_of(&got, url);
	assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	run_all(fetcher);
	assert_int_equal(got.result.reason, FETCH_SINK);
	fetcher_free(&fetcher);
	server_stop(&server);
	buf_release(&got.body);
}

static void cancelling_answers_everything(void **state)
{
	struct server server = {.answer = "", .hold = true};
	struct fetcher *fetcher = fetcher_open(2);
	struct got got = {.body = BUF_INIT(KIB(64))};
	struct fetch_request request;
	struct error error = {0};
	char url[64];

	(void)state;
	server_start(&server);
	address_of(&server, url);
	request = request_of(&got, url);
	for (int i = 0; i < 5; i++)
		assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	assert_int_equal(fetcher_turn(fetcher, 10, NULL, 0, &error), 0);
	fetcher_cancel(fetcher);
	assert_int_equal(got.answers, 5);
	assert_int_equal(got.result.reason, FETCH_CANCELLED);
	assert_int_equal(fetcher_pending(fetcher), 0);
	assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	fetcher_free(&fetcher);
	assert_int_equal(got.answers, 6);
	server_stop(&server);
	buf_release(&got.body);
}

// A transfer that is started after polling began waits for the next wake-up: with a patient loop
// that was a second for each. What must hold is a ratio: a queue costs a small
// part of what waiting for wake-ups would, one after the other or side by side.
static void queued_requests_do_not_wait_for_wake_ups(void **state)
{
	enum { JOBS = 200 };
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	struct server server = {.answer = answer, .alive = true};
	struct fetcher *fetcher = fetcher_open(16);
	struct got got = {.body = BUF_INIT(KIB(64)), .more = JOBS - 1};
	struct fetch_request request;
	double started_ms, one_by_one_ms, side_by_side_ms;
	char url[64];

	(void)state;
	server_start(&server);
	address_of(&server, url);
	request = request_of(&got, url);
	got.lane = fetch_lane_new(fetcher);
	got.request = &request;
	started_ms = clock_mono_ms();
	assert_int_equal(fetch_queue(got.lane, &request), 0);
	run_all(fetcher);
	one_by_one_ms = clock_mono_ms() - started_ms;
	assert_int_equal(got.answers, JOBS);
	started_ms = clock_mono_ms();
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(fetch_queue(fetch_lane_new(fetcher), &request), 0);
	run_all(fetcher);
	side_by_side_ms = clock_mono_ms() - started_ms;
	assert_int_equal(got.answers, 2 * JOBS);
	// A wake-up is a second away: waiting for one in each job would take 200 s. A tenth of it
	// leaves a busy machine room.
	assert_true(one_by_one_ms < JOBS * 1000.0 / 10);
	assert_true(side_by_side_ms < JOBS * 1000.0 / 10);
	fetcher_free(&fetcher);
	server_stop(&server);
	buf_release(&got.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_called_by_its_name),
		cmocka_unit_test(nobody_there_is_refused),
		cmocka_unit_test(a_sink_that_refuses_ends_it),
		cmocka_unit_test(cancelling_answers_everything),
		cmocka_unit_test(queued_requests_do_not_wait_for_wake_ups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
