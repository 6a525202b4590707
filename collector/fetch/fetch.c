// SPDX-License-Identifier: Apache-2.0
// The fetcher: lanes of requests over one libcurl multi handle.
//
// libcurl's own deadlines are not used: it knows none for the first byte, and one clock for all
// four makes clear which of them ran out. Transfers are started after reaping and before polling;
// started any later, they would wait for the next wake-up.
#include "collector/fetch/fetch.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "collector/fetch/fetch_answer.h"

#include <curl/curl.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#define DEFAULT_CONNECTIONS 64
#define RECEIVE_BUFFER_BYTES 65536L
#define WAIT_FDS_MAX 8
#define SECRET_MAX KIB(16)

struct fetch_job {
	struct fetch_request request; // url is `address`
	char *address;
	struct fetch_job *next;
};

struct fetch_lane {
	struct fetcher *fetcher;
	struct fetch_job *first, *last;
	bool busy; // a transfer of it is under way
	bool waiting; // in the fetcher's list of lanes that can start
	struct fetch_lane *next_waiting;
	struct fetch_lane *next; // all of them
};

// One easy handle and what it does now.
struct transfer {
	CURL *easy;
	struct curl_slist *headers;
	struct fetch_lane *lane;
	struct fetch_job *job;
	struct fetch_answer answer;
	struct transfer *next;
};

struct fetcher {
	CURLM *multi;
	uint32_t connections;
	char *ca_file, *bearer_file, *basic_file, *cert_file, *key_file;
	struct fetch_lane *lanes;
	struct fetch_lane *waiting_first, *waiting_last;
	struct transfer *active, *idle;
	uint32_t active_count;
	size_t pending;
	bool cancelled;
	bool answered; // a request, during this turn
};

static void job_free(struct fetch_job *job)
{
	if (job)
		free(job->address);
	free(job);
}

static void transfer_free(struct transfer *transfer)
{
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	free(transfer);
}

static bool copy_option(const char *text, char **copy)
{
	if (!text || !text[0])
		return true;
	*copy = strdup(text);
	return *copy != NULL;
}

static bool copy_options(struct fetcher *fetcher, const struct fetch_options *options)
{
	return copy_option(options->ca_file, &fetcher->ca_file) &&
	       copy_option(options->bearer_file, &fetcher->bearer_file) &&
	       copy_option(options->basic_file, &fetcher->basic_file) &&
	       copy_option(options->cert_file, &fetcher->cert_file) &&
	       copy_option(options->key_file, &fetcher->key_file);
}

int fetcher_new(
	const struct fetch_options *options, struct fetcher **ret_fetcher, struct error *error)
{
	struct fetcher *fetcher;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(error, -EIO, "start libcurl: it refused");
	fetcher = calloc(1, sizeof(*fetcher));
	if (!fetcher)
		return error_no_memory(error, "fetching");
	fetcher->connections = options->connections ? options->connections : DEFAULT_CONNECTIONS;
	fetcher->multi = curl_multi_init();
	if (!fetcher->multi || !copy_options(fetcher, options)) {
		fetcher_free(&fetcher);
		return error_no_memory(error, "fetching");
	}
	*ret_fetcher = fetcher;
	return 0;
}

struct fetch_lane *fetch_lane_new(struct fetcher *fetcher)
{
	struct fetch_lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		return NULL;
	lane->fetcher = fetcher;
	lane->next = fetcher->lanes;
	fetcher->lanes = lane;
	return lane;
}

// A lane waits when it has a request and none under way.
static void lane_wait(struct fetch_lane *lane)
{
	struct fetcher *fetcher = lane->fetcher;

	if (lane->waiting || lane->busy || !lane->first)
		return;
	lane->waiting = true;
	lane->next_waiting = NULL;
	if (fetcher->waiting_last)
		fetcher->waiting_last->next_waiting = lane;
	else
		fetcher->waiting_first = lane;
	fetcher->waiting_last = lane;
}

static struct fetch_lane *lane_next(struct fetcher *fetcher)
{
	struct fetch_lane *lane = fetcher->waiting_first;

	fetcher->waiting_first = lane->next_waiting;
	if (!fetcher->waiting_first)
		fetcher->waiting_last = NULL;
	lane->waiting = false;
	return lane;
}

int fetch_queue(struct fetch_lane *lane, const struct fetch_request *request)
{
	struct fetch_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->request = *request;
	job->address = strdup(request->url);
	if (!job->address) {
		free(job);
		return -ENOMEM;
	}
	job->request.url = job->address;
	if (lane->last)
		lane->last->next = job;
	else
		lane->first = job;
	lane->last = job;
	lane->fetcher->pending++;
	lane_wait(lane);
	return 0;
}

static struct fetch_job *lane_take(struct fetch_lane *lane)
{
	struct fetch_job *job = lane->first;

	lane->first = job->next;
	if (!lane->first)
		lane->last = NULL;
	return job;
}

size_t fetcher_pending(const struct fetcher *fetcher)
{
	return fetcher->pending;
}

// Tells the result. The callback may queue; it must not find the job still counted.
static void job_done(
	struct fetcher *fetcher, struct fetch_job *job, const struct fetch_result *result)
{
	fetcher->pending--;
	fetcher->answered = true;
	job->request.done(job->request.context, result);
	job_free(job);
}

static void job_refuse(
	struct fetcher *fetcher, struct fetch_job *job, enum fetch_reason reason, const char *text)
{
	struct fetch_result result = {.reason = reason, .first_byte_ms = NAN};

	result.mono_ms = clock_mono_ms();
	result.wall_ms = clock_wall_ms();
	(void)snprintf(result.error, sizeof(result.error), "%s", text);
	job_done(fetcher, job, &result);
}

// What stands in a file with a secret: one line, without what could end a header.
static int read_secret(const char *path, struct buf *file, struct str *secret, struct error *error)
{
	int r = file_read(path, file, error);

	if (r < 0)
		return r;
	*secret = str_trim(buf_str(file));
	for (size_t i = 0; i < secret->len; i++)
		if ((unsigned char)secret->data[i] < ' ' || secret->data[i] == 0x7f)
			return error_set(error, -EINVAL, "%s: more than one line", path);
	return secret->len > 0 ? 0 : error_set(error, -EINVAL, "%s: empty", path);
}

static int add_bearer(struct transfer *transfer, const char *path, struct error *error)
{
	cleanup(buf_release) struct buf file = BUF_INIT(SECRET_MAX);
	cleanup(buf_release) struct buf header = BUF_INIT(2 * SECRET_MAX);
	struct str token;
	int r = read_secret(path, &file, &token, error);

	if (r < 0)
		return r;
	buf_printf(&header, "Authorization: Bearer %.*s", STR_ARG(token));
	if (!buf_failed(&header))
		transfer->headers = curl_slist_append(NULL, buf_text(&header));
	return transfer->headers ? 0 : error_no_memory(error, path);
}

static int add_basic(struct transfer *transfer, const char *path, struct error *error)
{
	cleanup(buf_release) struct buf file = BUF_INIT(SECRET_MAX);
	cleanup(buf_release) struct buf pair = BUF_INIT(SECRET_MAX);
	struct str secret;
	int r = read_secret(path, &file, &secret, error);

	if (r < 0)
		return r;
	buf_add(&pair, secret);
	if (buf_failed(&pair) ||
		curl_easy_setopt(transfer->easy, CURLOPT_USERPWD, buf_text(&pair)) != CURLE_OK)
		return error_no_memory(error, path);
	return 0;
}

static int add_credentials(struct fetcher *fetcher, struct transfer *transfer, struct error *error)
{
	int r = 0;

	if (fetcher->bearer_file)
		r = add_bearer(transfer, fetcher->bearer_file, error);
	if (r == 0 && fetcher->basic_file)
		r = add_basic(transfer, fetcher->basic_file, error);
	return r;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;

	return fetch_answer_header(&transfer->answer, (struct str){data, len}) ? len : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = size * count;
	long status = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	transfer->answer.status = (int)status;
	return fetch_answer_body(&transfer->answer, (struct str){data, len}) ? len : 0;
}

static int on_connected(void *context, char *to, char *from, int to_port, int from_port)
{
	struct transfer *transfer = context;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	fetch_answer_connected(&transfer->answer);
	return CURL_PREREQFUNC_OK;
}

static void set_options(struct fetcher *fetcher, struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	// None of these can fail but for memory, and then the transfer says so itself.
	curl_easy_setopt(easy, CURLOPT_URL, transfer->job->address);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "parkwatch");
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, transfer->job->request.last ? 1L : 0L);
	if (fetcher->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, fetcher->ca_file);
	if (fetcher->cert_file)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, fetcher->cert_file);
	if (fetcher->key_file)
		curl_easy_setopt(easy, CURLOPT_SSLKEY, fetcher->key_file);
	if (transfer->headers)
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->answer.curl_text);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
}

static struct transfer *transfer_get(struct fetcher *fetcher)
{
	struct transfer *transfer = fetcher->idle;

	if (transfer) {
		fetcher->idle = transfer->next;
		return transfer;
	}
	transfer = calloc(1, sizeof(*transfer));
	if (!transfer)
		return NULL;
	transfer->easy = curl_easy_init();
	if (!transfer->easy) {
		free(transfer);
		return NULL;
	}
	return transfer;
}

// Keeps the handle for the next request: a new one costs more than most answers.
static void transfer_put(struct fetcher *fetcher, struct transfer *transfer)
{
	curl_easy_reset(transfer->easy);
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	transfer->job = NULL;
	transfer->lane = NULL;
	transfer->next = fetcher->idle;
	fetcher->idle = transfer;
}

static int transfer_begin(struct fetcher *fetcher, struct transfer *transfer, struct error *error)
{
	int r = add_credentials(fetcher, transfer, error);

	if (r < 0)
		return r;
	fetch_answer_init(&transfer->answer, &transfer->job->request);
	set_options(fetcher, transfer);
	if (curl_multi_add_handle(fetcher->multi, transfer->easy) != CURLM_OK)
		return error_set(error, -EIO, "libcurl does not take the request");
	transfer->next = fetcher->active;
	fetcher->active = transfer;
	fetcher->active_count++;
	transfer->lane->busy = true;
	return 0;
}

static void start_one(struct fetcher *fetcher, struct fetch_lane *lane)
{
	struct fetch_job *job = lane_take(lane);
	struct transfer *transfer = NULL;
	struct error error = {0};

	if (fetcher->cancelled) {
		job_refuse(fetcher, job, FETCH_CANCELLED, "cancelled");
	} else if (!(transfer = transfer_get(fetcher))) {
		job_refuse(fetcher, job, FETCH_OTHER, "out of memory");
	} else {
		transfer->lane = lane;
		transfer->job = job;
		if (transfer_begin(fetcher, transfer, &error) == 0)
			return;
		transfer_put(fetcher, transfer);
		job_refuse(fetcher, job, FETCH_OTHER, error.text);
	}
	lane_wait(lane);
}

static void start_waiting(struct fetcher *fetcher)
{
	while (fetcher->waiting_first && fetcher->active_count < fetcher->connections)
		start_one(fetcher, lane_next(fetcher));
}

static void unlink_active(struct fetcher *fetcher, struct transfer *transfer)
{
	struct transfer **at = &fetcher->active;

	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	fetcher->active_count--;
}

static void transfer_finish(struct fetcher *fetcher, struct transfer *transfer, CURLcode code)
{
	struct fetch_lane *lane = transfer->lane;
	struct fetch_job *job = transfer->job;
	struct fetch_result result;

	fetch_answer_finish(&transfer->answer, transfer->easy, code, &result);
	(void)curl_multi_remove_handle(fetcher->multi, transfer->easy);
	unlink_active(fetcher, transfer);
	transfer_put(fetcher, transfer);
	lane->busy = false;
	job_done(fetcher, job, &result);
	lane_wait(lane);
}

static void reap(struct fetcher *fetcher)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(fetcher->multi, &left))) {
		void *transfer = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer_finish(fetcher, transfer, message->data.result);
	}
}

// Ends what is over its deadline; gives the time to the nearest one that is left.
static double expire(struct fetcher *fetcher)
{
	struct transfer *next;
	double now = clock_mono_ms(), nearest = INFINITY;

	for (struct transfer *transfer = fetcher->active; transfer; transfer = next) {
		double left = fetch_answer_time_left(&transfer->answer, now);

		next = transfer->next;
		if (left <= 0)
			transfer_finish(fetcher, transfer, CURLE_OPERATION_TIMEDOUT);
		else if (left < nearest)
			nearest = left;
	}
	return nearest;
}

static int perform(struct fetcher *fetcher, struct error *error)
{
	int running;
	CURLMcode code = curl_multi_perform(fetcher->multi, &running);

	if (code != CURLM_OK)
		return error_set(error, -EIO, "fetch: %s", curl_multi_strerror(code));
	reap(fetcher);
	return 0;
}

static int wait_for_any(struct fetcher *fetcher, int timeout_ms, struct pollfd *fds,
	uint32_t fd_count, struct error *error)
{
	struct curl_waitfd wait[WAIT_FDS_MAX];
	CURLMcode code;

	for (uint32_t i = 0; i < fd_count; i++)
		wait[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};
	code = curl_multi_poll(fetcher->multi, wait, fd_count, timeout_ms, NULL);
	if (code != CURLM_OK)
		return error_set(error, -EIO, "fetch: %s", curl_multi_strerror(code));
	for (uint32_t i = 0; i < fd_count; i++)
		fds[i].revents = wait[i].revents ? POLLIN : 0;
	return 0;
}

int fetcher_turn(struct fetcher *fetcher, int timeout_ms, struct pollfd *fds, uint32_t fd_count,
	struct error *error)
{
	double nearest;
	int r;

	if (fd_count > WAIT_FDS_MAX)
		return error_set(error, -EINVAL, "fetch: too many descriptors to wait for");
	fetcher->answered = false;
	start_waiting(fetcher);
	r = perform(fetcher, error);
	if (r < 0)
		return r;
	nearest = expire(fetcher);
	start_waiting(fetcher);
	// What has just been started or can start is performed at the next turn, and who was
	// answered may be done: do not wait now.
	if (fetcher->answered ||
		(fetcher->waiting_first && fetcher->active_count < fetcher->connections))
		timeout_ms = 0;
	if (nearest < timeout_ms)
		timeout_ms = (int)ceil(nearest);
	r = wait_for_any(fetcher, timeout_ms, fds, fd_count, error);
	if (r < 0)
		return r;
	r = perform(fetcher, error);
	if (r < 0)
		return r;
	(void)expire(fetcher);
	return 0;
}

void fetcher_cancel(struct fetcher *fetcher)
{
	fetcher->cancelled = true;
	while (fetcher->active) {
		fetcher->active->answer.stop = FETCH_CANCELLED;
		transfer_finish(fetcher, fetcher->active, CURLE_ABORTED_BY_CALLBACK);
	}
	while (fetcher->waiting_first)
		start_one(fetcher, lane_next(fetcher));
}

static void lanes_free(struct fetch_lane *lane)
{
	struct fetch_lane *next;

	for (; lane; lane = next) {
		next = lane->next;
		free(lane);
	}
}

void fetcher_free(struct fetcher **fetcher_variable)
{
	struct fetcher *fetcher = *fetcher_variable;
	struct transfer *next;

	*fetcher_variable = NULL;
	if (!fetcher)
		return;
	fetcher_cancel(fetcher);
	for (struct transfer *transfer = fetcher->idle; transfer; transfer = next) {
		next = transfer->next;
		transfer_free(transfer);
	}
	lanes_free(fetcher->lanes);
	(void)curl_multi_cleanup(fetcher->multi);
	free(fetcher->ca_file);
	free(fetcher->bearer_file);
	free(fetcher->basic_file);
	free(fetcher->cert_file);
	free(fetcher->key_file);
	free(fetcher);
	curl_global_cleanup();
}
