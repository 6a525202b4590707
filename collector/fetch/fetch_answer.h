// SPDX-License-Identifier: Apache-2.0
// One answer as it arrives: its clock, its caps, its beginning, and what it came to. The part of
// the fetcher that knows what a good answer is; collector/fetch/fetch.c knows how to get one.
#pragma once

#include "collector/fetch/fetch.h"

#include <curl/curl.h>

#define ANSWER_TEXT_MAX 200

struct fetch_answer {
	const struct fetch_request *request;
	double started_ms, connected_ms, first_ms, last_ms; // monotonic; NAN: not yet
	int64_t first_wall_ms;
	int status; // of HTTP; 0: none yet
	size_t header_bytes;
	char location[ANSWER_TEXT_MAX]; // of a redirect
	bool pprof; // X-Go-Pprof: net/http/pprof itself says so
	char head[SNIFF_BYTES]; // the beginning of the body
	size_t head_len;
	bool flowing; // the beginning looked right: the sink gets everything
	uint64_t body_bytes;
	enum fetch_reason stop; // why a callback ended it; FETCH_OK: none did
	char curl_text[CURL_ERROR_SIZE];
};

void fetch_answer_init(struct fetch_answer *answer, const struct fetch_request *request);
void fetch_answer_connected(struct fetch_answer *answer);
// False ends the transfer; `stop` says why.
bool fetch_answer_header(struct fetch_answer *answer, struct str line);
bool fetch_answer_body(struct fetch_answer *answer, struct str piece);
// Milliseconds to the nearest deadline; 0 or less: over, and `stop` says which.
double fetch_answer_time_left(struct fetch_answer *answer, double now_ms);
void fetch_answer_finish(
	struct fetch_answer *answer, CURL *easy, CURLcode code, struct fetch_result *result);
