// SPDX-License-Identifier: Apache-2.0
// What an answer is worth: deadlines, caps, and the words for everything that can be wrong with it.
#include "collector/fetch/fetch_answer.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RETRY_AFTER_MAX_S 60.0

static const char *const reason_names[] = {
	[FETCH_OK] = "ok",
	[FETCH_REFUSED] = "refused",
	[FETCH_UNRESOLVED] = "unresolved",
	[FETCH_UNREACHABLE] = "unreachable",
	[FETCH_TLS] = "tls",
	[FETCH_TIMEOUT_CONNECT] = "timeout_connect",
	[FETCH_TIMEOUT_FIRST_BYTE] = "timeout_first_byte",
	[FETCH_TIMEOUT_IDLE] = "timeout_idle",
	[FETCH_TIMEOUT_TOTAL] = "timeout_total",
	[FETCH_TOO_BIG] = "too_big",
	[FETCH_HEADERS] = "headers_too_big",
	[FETCH_REDIRECT] = "redirect",
	[FETCH_UNAUTHORIZED] = "unauthorized",
	[FETCH_NO_PROFILE] = "no_profile",
	[FETCH_NOT_FOUND] = "not_found",
	[FETCH_BUSY] = "busy",
	[FETCH_HTTP_STATUS] = "http_status",
	[FETCH_RESET] = "reset",
	[FETCH_WRONG_LENGTH] = "wrong_length",
	[FETCH_DECODE] = "decode",
	[FETCH_NOT_HTTP] = "not_http",
	[FETCH_UNEXPECTED] = "unexpected",
	[FETCH_SINK] = "not_kept",
	[FETCH_CANCELLED] = "cancelled",
	[FETCH_OTHER] = "other",
};

const char *fetch_reason_name(enum fetch_reason reason)
{
	return reason_names[reason];
}

void fetch_answer_init(struct fetch_answer *answer, const struct fetch_request *request)
{
	*answer = (struct fetch_answer){
		.request = request, .connected_ms = NAN, .first_ms = NAN, .last_ms = NAN};
	answer->started_ms = clock_mono_ms();
}

void fetch_answer_connected(struct fetch_answer *answer)
{
	if (isnan(answer->connected_ms))
		answer->connected_ms = clock_mono_ms();
}

static bool header_value(struct str line, const char *name, struct str *value)
{
	size_t len = strlen(name);

	if (line.len <= len || line.data[len] != ':' || strncasecmp(line.data, name, len) != 0)
		return false;
	*value = str_trim(str_skip(line, len + 1));
	return true;
}

bool fetch_answer_header(struct fetch_answer *answer, struct str line)
{
	struct str value;

	answer->header_bytes += line.len;
	if (answer->header_bytes > LIMIT_HEADERS) {
		answer->stop = FETCH_HEADERS;
		return false;
	}
	if (header_value(line, "Location", &value))
		(void)snprintf(answer->location, sizeof(answer->location), "%.*s", STR_ARG(value));
	else if (header_value(line, "X-Go-Pprof", &value))
		answer->pprof = true;
	return true;
}

static bool looks_right(enum fetch_want want, enum looks looks)
{
	switch (want) {
	case FETCH_WANT_ANY:
		return true;
	case FETCH_WANT_DUMP:
		return looks == LOOKS_DUMP;
	case FETCH_WANT_PROTO:
		return looks == LOOKS_GZIP || looks == LOOKS_PROFILE_PROTO;
	case FETCH_WANT_METRICS:
		return looks == LOOKS_METRICS;
	}
	return false;
}

// Hands on what the sink may have, up to the cap.
static bool deliver(struct fetch_answer *answer, struct str piece)
{
	const struct fetch_request *request = answer->request;
	uint64_t room = request->max_bytes - answer->body_bytes;
	bool over = piece.len > room;

	if (over)
		piece = str_head(piece, room);
	answer->body_bytes += piece.len;
	if (piece.len > 0 && request->sink &&
		request->sink(request->context, piece.data, piece.len) < 0) {
		answer->stop = FETCH_SINK;
		return false;
	}
	if (over)
		answer->stop = FETCH_TOO_BIG;
	return !over;
}

// The beginning is complete: does it look like what was asked for?
static bool begin_flow(struct fetch_answer *answer)
{
	struct str head = {answer->head, answer->head_len};

	if (answer->status != 200 || !looks_right(answer->request->want, sniff(head))) {
		answer->stop = answer->status == 200 ? FETCH_UNEXPECTED : FETCH_HTTP_STATUS;
		return false;
	}
	answer->flowing = true;
	return deliver(answer, head);
}

bool fetch_answer_body(struct fetch_answer *answer, struct str piece)
{
	size_t room = sizeof(answer->head) - answer->head_len;

	answer->last_ms = clock_mono_ms();
	if (isnan(answer->first_ms)) {
		answer->first_ms = answer->last_ms;
		answer->first_wall_ms = clock_wall_ms();
	}
	if (answer->flowing)
		return deliver(answer, piece);
	if (room > piece.len)
		room = piece.len;
	memcpy(answer->head + answer->head_len, piece.data, room);
	answer->head_len += room;
	if (answer->head_len < sizeof(answer->head))
		return true;
	if (!begin_flow(answer))
		return false;
	piece = str_skip(piece, room);
	return piece.len == 0 || deliver(answer, piece);
}

// The deadline that runs now besides the total one.
static double phase_end(const struct fetch_answer *answer, enum fetch_reason *reason)
{
	const struct fetch_deadlines *deadlines = &answer->request->deadlines;

	if (isnan(answer->connected_ms)) {
		*reason = FETCH_TIMEOUT_CONNECT;
		return answer->started_ms + deadlines->connect_ms;
	}
	if (isnan(answer->first_ms)) {
		*reason = FETCH_TIMEOUT_FIRST_BYTE;
		return answer->connected_ms + deadlines->first_byte_ms;
	}
	*reason = FETCH_TIMEOUT_IDLE;
	return answer->last_ms + deadlines->idle_ms;
}

double fetch_answer_time_left(struct fetch_answer *answer, double now_ms)
{
	enum fetch_reason reason;
	double end = phase_end(answer, &reason);
	double total = answer->started_ms + answer->request->deadlines.total_ms;

	if (total < end) {
		end = total;
		reason = FETCH_TIMEOUT_TOTAL;
	}
	if (end <= now_ms)
		answer->stop = reason;
	return end - now_ms;
}

static enum fetch_reason reason_of_connect(CURL *easy)
{
	long os_error = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
	return os_error == ECONNREFUSED ? FETCH_REFUSED : FETCH_UNREACHABLE;
}

static enum fetch_reason reason_of_code(CURL *easy, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return FETCH_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
		return FETCH_UNRESOLVED;
	case CURLE_COULDNT_CONNECT:
		return reason_of_connect(easy);
	case CURLE_OPERATION_TIMEDOUT:
		return FETCH_TIMEOUT_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return FETCH_TLS;
	case CURLE_PARTIAL_FILE:
		return FETCH_WRONG_LENGTH;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return FETCH_RESET;
	case CURLE_BAD_CONTENT_ENCODING:
		return FETCH_DECODE;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return FETCH_NOT_HTTP;
	default:
		return FETCH_OTHER;
	}
}

static enum fetch_reason reason_of_status(const struct fetch_answer *answer)
{
	struct str head = str_trim((struct str){answer->head, answer->head_len});

	if (answer->status == 200)
		return FETCH_OK;
	if (answer->status >= 300 && answer->status < 400)
		return FETCH_REDIRECT;
	if (answer->status == 401 || answer->status == 403)
		return FETCH_UNAUTHORIZED;
	if (answer->status == 404)
		return answer->pprof || str_starts(head, STR("Unknown profile")) ? FETCH_NO_PROFILE
										 : FETCH_NOT_FOUND;
	if (answer->status == 429 || answer->status == 503)
		return FETCH_BUSY;
	return FETCH_HTTP_STATUS;
}

// The first line of what the target said, for a message.
static struct str first_words(const struct fetch_answer *answer)
{
	struct str text = str_trim((struct str){answer->head, answer->head_len});
	struct str line = str_cut(&text, '\n');

	return str_head(str_trim(line), ANSWER_TEXT_MAX);
}

// The same address by the other protocol, for who mixed them up: "https://gateway:6060".
static void name_other(const struct fetch_request *request, char text[static ANSWER_TEXT_MAX])
{
	struct str rest = str_of(request->url);
	bool plain = str_starts(rest, STR("http://"));

	rest = str_skip(rest, plain ? strlen("http://") : strlen("https://"));
	(void)snprintf(text, ANSWER_TEXT_MAX, "%s%.*s", plain ? "https://" : "http://",
		STR_ARG(str_head(rest, str_find_byte(rest, '/'))));
}

static bool is_plain(const struct fetch_answer *answer)
{
	return str_starts(str_of(answer->request->url), STR("http://"));
}

static bool holds(struct str text, struct str words)
{
	return str_find(text, words) < text.len;
}

// What a TLS server says to plain HTTP: net/http's words, and nginx's.
static bool wants_tls(const struct fetch_answer *answer)
{
	struct str head = {answer->head, answer->head_len};

	return answer->status == 400 && is_plain(answer) &&
	       (holds(head, STR("HTTP request to an HTTPS server")) ||
		       holds(head, STR("HTTP request was sent to HTTPS port")));
}

// A mix-up of http and https; false when it does not look like one.
static bool explain_mixed_up(
	const struct fetch_answer *answer, enum fetch_reason reason, struct error *error)
{
	const char *said = answer->curl_text[0] ? answer->curl_text : "the connection broke";
	char other[ANSWER_TEXT_MAX];

	name_other(answer->request, other);
	if (reason == FETCH_TLS && holds(str_of(said), STR("wrong version number")))
		error_set(error, -EIO, "the target does not speak TLS there: try %s", other);
	else if (reason == FETCH_HTTP_STATUS && wants_tls(answer))
		error_set(error, -EIO, "HTTP 400: the target speaks TLS there: try %s", other);
	else if ((reason == FETCH_RESET || reason == FETCH_NOT_HTTP) && is_plain(answer) &&
		 answer->header_bytes == 0)
		error_set(error, -EIO, "%s; if the target speaks TLS there, try %s", said, other);
	else
		return false;
	return true;
}

static void explain(
	const struct fetch_answer *answer, enum fetch_reason reason, struct error *error)
{
	const struct fetch_deadlines *deadlines = &answer->request->deadlines;
	struct str head = {answer->head, answer->head_len};
	struct str words = first_words(answer);
	enum looks looks = sniff(head);

	if (explain_mixed_up(answer, reason, error))
		return;
	switch (reason) {
	case FETCH_TIMEOUT_CONNECT:
		error_set(error, -ETIMEDOUT, "no connection within %.3g s (--fetch-connect)",
			deadlines->connect_ms / 1e3);
		return;
	case FETCH_TIMEOUT_FIRST_BYTE:
		error_set(error, -ETIMEDOUT,
			"connected, but no answer within %.3g s (--fetch-first-byte)",
			deadlines->first_byte_ms / 1e3);
		return;
	case FETCH_TIMEOUT_IDLE:
		error_set(error, -ETIMEDOUT,
			"stopped sending for %.3g s after %llu bytes (--fetch-idle)",
			deadlines->idle_ms / 1e3, (unsigned long long)answer->body_bytes);
		return;
	case FETCH_TIMEOUT_TOTAL:
		error_set(error, -ETIMEDOUT, "not complete within %.3g s (--fetch-deadline)",
			deadlines->total_ms / 1e3);
		return;
	case FETCH_TOO_BIG:
		error_set(error, -EFBIG, "larger than %llu bytes (--max-bytes)",
			(unsigned long long)answer->request->max_bytes);
		return;
	case FETCH_HEADERS:
		error_set(error, -EFBIG, "headers larger than %zu bytes", LIMIT_HEADERS);
		return;
	case FETCH_REDIRECT:
		error_set(error, -ELOOP,
			"HTTP %d points to %s: redirects are not followed; name that "
			"address if it is right",
			answer->status, answer->location[0] ? answer->location : "nowhere");
		return;
	case FETCH_UNAUTHORIZED:
		error_set(error, -EACCES, "HTTP %d: the target wants credentials (--bearer-file?)",
			answer->status);
		return;
	case FETCH_NO_PROFILE:
		error_set(error, -ENOENT, "the program does not have this profile (HTTP 404)");
		return;
	case FETCH_NOT_FOUND:
		error_set(error, -ENOENT, "HTTP 404: no net/http/pprof at this path?");
		return;
	case FETCH_BUSY:
	case FETCH_HTTP_STATUS:
		error_set(error, -EIO, "HTTP %d: %.*s", answer->status,
			STR_ARG(looks == LOOKS_HTML ? str_of(looks_name(looks)) : words));
		return;
	case FETCH_UNEXPECTED:
		error_set(error, -EBADMSG, "not what was asked for: it looks like %s",
			looks_name(looks));
		return;
	case FETCH_CANCELLED:
		error_set(error, -ECANCELED, "cancelled");
		return;
	case FETCH_SINK:
		error_set(error, -EIO, "could not be kept");
		return;
	default:
		error_set(error, -EIO, "%s", answer->curl_text[0] ? answer->curl_text : "failed");
		return;
	}
}

// What it came to, whichever of us ended it: the callbacks, libcurl, or the answer itself.
static enum fetch_reason settle(struct fetch_answer *answer, CURL *easy, CURLcode code)
{
	if (answer->stop == FETCH_HTTP_STATUS)
		return reason_of_status(answer);
	if (answer->stop != FETCH_OK)
		return answer->stop;
	if (code != CURLE_OK)
		return reason_of_code(easy, code);
	if (answer->status != 200)
		return reason_of_status(answer);
	// A body shorter than what sniffing wants: now its beginning is all there is.
	if (!answer->flowing && !begin_flow(answer))
		return answer->stop;
	return FETCH_OK;
}

void fetch_answer_finish(
	struct fetch_answer *answer, CURL *easy, CURLcode code, struct fetch_result *result)
{
	double now = clock_mono_ms();
	double connected = isnan(answer->connected_ms) ? now : answer->connected_ms;
	struct error error = {0};
	curl_off_t wire = 0, retry = 0;
	long status = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	(void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry);
	answer->status = (int)status;
	*result = (struct fetch_result){
		.reason = settle(answer, easy, code),
		.http_status = answer->status,
		.wire_bytes = (uint64_t)wire,
		.body_bytes = answer->body_bytes,
		.connect_ms = connected - answer->started_ms,
		.first_byte_ms = answer->first_ms - connected,
		.total_ms = now - answer->started_ms,
		.mono_ms = isnan(answer->first_ms) ? now : answer->first_ms,
		.wall_ms = isnan(answer->first_ms) ? clock_wall_ms() : answer->first_wall_ms,
		.retry_after_s = fmin((double)retry, RETRY_AFTER_MAX_S),
	};
	if (result->reason == FETCH_OK)
		return;
	result->truncated = answer->body_bytes > 0;
	explain(answer, result->reason, &error);
	(void)snprintf(result->error, sizeof(result->error), "%s", error.text);
}
