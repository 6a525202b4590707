// SPDX-License-Identifier: Apache-2.0
// A round with one target: which questions, in which order, and what each answer means.
#include "collector/collection/collection.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"
#include "collector/collection/collection_body.h"
#include "collector/fetch/profile_index.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_PAGE_MAX KIB(256)
struct asking {
	const char *profile; // NULL: the metrics
	const char *query;
	const char *name; // of the file in the bundle; NULL: not kept
	const char *source; // in the manifest
	enum body_form form;
	enum fetch_want want;
	uint64_t asked_by; // bit of enum profile; 0: always
};

#define PROTO_OF(profile_name, bit)                                                                \
	{                                                                                          \
		profile_name, "debug=0", profile_name, "debug0", BODY_PROTO, FETCH_WANT_PROTO,     \
			1u << (bit)                                                                \
	}

static const struct asking askings[] = {
	[ASK_METRICS] = {NULL, "", "metrics", "metrics", BODY_METRICS, FETCH_WANT_METRICS, 0},
	[ASK_INDEX] = {"", "", NULL, "index", BODY_DUMP, FETCH_WANT_ANY, 0},
	[ASK_COUNTS] = PROTO_OF("goroutine", PROFILE_GOROUTINE),
	[ASK_IDS] = {"goroutine", "debug=2", "goroutine", "debug2", BODY_DUMP, FETCH_WANT_DUMP,
		1u << PROFILE_GOROUTINE},
	[ASK_COUNTS_INSTEAD] = PROTO_OF("goroutine", PROFILE_GOROUTINE),
	[ASK_BLOCK] = PROTO_OF("block", PROFILE_BLOCK),
	[ASK_MUTEX] = PROTO_OF("mutex", PROFILE_MUTEX),
	[ASK_HEAP] = PROTO_OF("heap", PROFILE_HEAP),
	[ASK_ALLOCS] = PROTO_OF("allocs", PROFILE_ALLOCS),
	[ASK_THREADCREATE] = PROTO_OF("threadcreate", PROFILE_THREADCREATE),
	[ASK_LEAK] = PROTO_OF("goroutineleak", PROFILE_GOROUTINELEAK),
};

static void ask_next(struct collection_target *target);

static const struct settings *settings_of(const struct collection_target *target)
{
	return target->collection->plan->settings;
}

// Nobody there, too slow or too busy: further questions would only wait, or do harm.
static bool ends_round(enum fetch_reason reason)
{
	switch (reason) {
	case FETCH_REFUSED:
	case FETCH_UNRESOLVED:
	case FETCH_UNREACHABLE:
	case FETCH_TLS:
	case FETCH_NOT_HTTP:
	case FETCH_TIMEOUT_CONNECT:
	case FETCH_TIMEOUT_FIRST_BYTE:
	case FETCH_TIMEOUT_IDLE:
	case FETCH_TIMEOUT_TOTAL:
	case FETCH_BUSY:
	case FETCH_CANCELLED:
		return true;
	default:
		return false;
	}
}

// "goroutine?debug=2": how errors.jsonl and messages call it.
static const char *artifact_name(enum question question)
{
	switch (question) {
	case ASK_METRICS:
		return "metrics";
	case ASK_INDEX:
		return "index";
	case ASK_IDS:
		return "goroutine?debug=2";
	default:
		return askings[question].name;
	}
}

static void record_failure(struct collection_target *target, enum question question,
	const struct fetch_result *result, const char *reason, const char *text)
{
	struct round *round = &target->round;
	char told[ERROR_TEXT_MAX];

	(void)snprintf(told, sizeof(told), "%s: %s", artifact_name(question), text);
	round->failures++;
	if (!round->error[0])
		(void)snprintf(round->error, sizeof(round->error), "%s", told);
	collection_error(target, artifact_name(question), result, reason, text);
	if (!(target->told & 1u << question) && !(result && result->reason == FETCH_CANCELLED))
		collection_note(target, told);
	target->told |= 1u << question;
}

static bool wanted(const struct collection_target *target, enum question question)
{
	const struct round *round = &target->round;
	const struct asking *asking = &askings[question];

	if (asking->asked_by && !(settings_of(target)->collect.profiles & asking->asked_by))
		return false;
	switch (question) {
	case ASK_METRICS:
		return !target->no_metrics;
	case ASK_COUNTS:
		return round->probed || !round->want_ids;
	case ASK_IDS:
		return round->want_ids;
	case ASK_COUNTS_INSTEAD:
		return target->no_ids && round->want_ids && !round->goroutines;
	case ASK_LEAK:
		return round->index_lists_leak || !round->index_known;
	default:
		return true;
	}
}

static bool last_question(const struct collection_target *target)
{
	for (int next = (int)target->round.question + 1; next < ASK_END; next++)
		if (wanted(target, (enum question)next))
			return false;
	return target->round.question > ASK_INDEX;
}

static void take_goroutines(struct collection_target *target, const struct fetch_result *result,
	struct snapshot **snapshot)
{
	struct round *round = &target->round;

	snapshot_free(&round->goroutines);
	round->goroutines = steal(snapshot);
	round->mono_ms = result->mono_ms;
	round->observed_wall_ms = result->wall_ms;
	round->status = result->truncated || round->goroutines->cut ? OBSERVED_CUT : OBSERVED_OK;
	if (round->question == ASK_IDS)
		collection_learn_cost(target, result, round->goroutines);
	else if (!round->decided)
		collection_decide_by_counts(target, round->goroutines);
}

static void take_snapshot(
	struct collection_target *target, const struct fetch_result *result, struct body_read *read)
{
	struct round *round = &target->round;

	if (read->snapshots.count == 0)
		return;
	switch (round->question) {
	case ASK_COUNTS:
	case ASK_IDS:
	case ASK_COUNTS_INSTEAD:
		take_goroutines(target, result, &read->snapshots.items[0]);
		return;
	case ASK_BLOCK:
	case ASK_MUTEX:
		round->contention[round->contention_count++] = steal(&read->snapshots.items[0]);
		return;
	case ASK_LEAK:
		round->leak = steal(&read->snapshots.items[0]);
		round->leak_mono_ms = result->mono_ms;
		round->leak_wall_ms = result->wall_ms;
		return;
	default:
		return;
	}
}

static void take_metrics(struct collection_target *target, const struct fetch_result *result,
	const struct metrics *metrics)
{
	struct round *round = &target->round;

	// Sums over half of the series would be counters that fall.
	if (result->truncated)
		return;
	target->had_metrics = true;
	round->has_metrics = true;
	round->metrics = *metrics;
	if (!isnan(round->mono_ms))
		return;
	round->mono_ms = result->mono_ms;
	round->observed_wall_ms = result->wall_ms;
}

static struct artifact artifact_facts(
	const struct collection_target *target, const struct fetch_result *result)
{
	const struct asking *asking = &askings[target->round.question];
	bool ok = result->reason == FETCH_OK;

	return (struct artifact){
		.target = str_of(target->target->name),
		.kind = str_of(asking->name),
		.source = str_of(asking->source),
		.process = target->process.number,
		.wall_ms = result->wall_ms,
		.status = ok ? STR("ok") : STR("cut"),
		.http_status = result->http_status,
		.duration_ms = result->total_ms,
		.first_byte_ms = result->first_byte_ms,
		.truncated = result->truncated,
		.error = str_of(result->error),
	};
}

// What came of the body goes into the bundle, and what could be read of it into the round.
static void take_body(struct collection_target *target, const struct fetch_result *result)
{
	struct round *round = &target->round;
	struct artifact facts = artifact_facts(target, result);
	struct body_read read = {0};
	struct error error = {0};
	int r = body_finish(round->body, &facts, &read, &error);

	round->kept = read.kept;
	target->collection->artifact_count += read.kept;
	if (r == 0 && round->question == ASK_METRICS && read.kept)
		take_metrics(target, result, &read.metrics);
	else if (r == 0)
		take_snapshot(target, result, &read);
	else if (result->reason == FETCH_OK)
		record_failure(target, round->question, result, "not_read", error.text);
	snapshot_list_release(&read.snapshots);
}

static void read_index(struct round *round)
{
	struct str page = buf_str(&round->page);
	uint64_t count;

	round->index_known = profile_index_count(page, STR("goroutine"), &count);
	if (round->index_known)
		round->index_goroutines = (int64_t)count;
	round->index_lists_leak = profile_index_count(page, STR("goroutineleak"), &count);
}

static void leak_missing(struct collection_target *target)
{
	bool asked = settings_of(target)->collect.profiles & askings[ASK_LEAK].asked_by;
	struct round *round = &target->round;

	if (asked && round->index_known && !round->index_lists_leak && target->rounds == 0)
		record_failure(target, ASK_LEAK, NULL, fetch_reason_name(FETCH_NO_PROFILE),
			"the program does not have this profile: it came with Go 1.27");
}

// Is nothing to be had from this target now? Metrics may come from elsewhere, or be slow where
// pprof is not.
static bool is_over(const struct collection_target *target, const struct fetch_result *result)
{
	bool slow = result->reason == FETCH_TIMEOUT_FIRST_BYTE ||
		    result->reason == FETCH_TIMEOUT_IDLE || result->reason == FETCH_TIMEOUT_TOTAL;

	if (result->reason == FETCH_CANCELLED)
		return true;
	if (target->round.question == ASK_METRICS && (target->target->metrics_asked || slow))
		return false;
	return ends_round(result->reason);
}

// The index and metrics at the same origin are only tried: that there are none is no failure.
static bool only_tried(const struct collection_target *target, const struct fetch_result *result)
{
	bool metrics = target->round.question == ASK_METRICS && !target->target->metrics_asked;

	if (!metrics && target->round.question != ASK_INDEX)
		return false;
	return result->reason == FETCH_CANCELLED || !is_over(target, result);
}

static void take_failure(struct collection_target *target, const struct fetch_result *result)
{
	struct round *round = &target->round;
	const char *text = result->error;

	// A target that is away for a round may have metrics when it is back.
	if (round->question == ASK_METRICS && !target->target->metrics_asked &&
		!target->had_metrics && !ends_round(result->reason))
		target->no_metrics = true;
	// A dump that broke or took too long is not asked for again: it did harm enough.
	if (round->question == ASK_IDS)
		target->no_ids = true;
	if (only_tried(target, result))
		return;
	if (result->reason == FETCH_SINK)
		text = body_error(round->body)->text;
	record_failure(target, round->question, result, fetch_reason_name(result->reason), text);
}

static void finish_round(struct collection_target *target)
{
	struct error error = {0};
	double now = clock_mono_ms();

	if (collection_observe(target, &error) < 0)
		collection_fail(target->collection, &error);
	target->next_ms = fmax(now + target->round.retry_after_s * 1e3,
		target->round.started_ms + target->interval_s * 1e3);
	target->rounds++;
	target->busy = false;
	collection_round_release(&target->round);
}

static void on_answer(void *context, const struct fetch_result *result)
{
	struct collection_target *target = context;
	struct round *round = &target->round;
	bool ok = result->reason == FETCH_OK;
	bool over;

	round->kept = false;
	if (round->question == ASK_INDEX && ok)
		read_index(round);
	else if (round->body && (ok || result->truncated))
		take_body(target, result);
	if (!ok)
		take_failure(target, result);
	round->retry_after_s = result->retry_after_s;
	// The quickest answer of all is the way there and back: the stops are what a dump takes
	// more.
	target->latency_ms = fmin(target->latency_ms, result->first_byte_ms);
	over = is_over(target, result) || target->collection->fatal.code < 0;
	body_free(&round->body);
	if (over)
		finish_round(target);
	else
		ask_next(target);
}

static int on_index_page(void *context, const void *data, size_t len)
{
	struct collection_target *target = context;

	buf_append(&target->round.page, data, len);
	return buf_failed(&target->round.page);
}

static int on_body(void *context, const void *data, size_t len)
{
	struct collection_target *target = context;

	return body_feed(target->round.body, data, len);
}

static struct fetch_request request_for(struct collection_target *target)
{
	const struct settings *settings = settings_of(target);
	enum question question = target->round.question;

	return (struct fetch_request){
		.want = askings[question].want,
		.max_bytes = question == ASK_INDEX ? INDEX_PAGE_MAX : settings->collect.max_bytes,
		.deadlines =
			{
				.connect_ms = settings->fetch.connect_s * 1e3,
				.first_byte_ms = settings->fetch.first_byte_s * 1e3,
				.idle_ms = settings->fetch.idle_s * 1e3,
				.total_ms = settings->fetch.deadline_s * 1e3,
			},
		.last = last_question(target) ||
			(question == ASK_METRICS && target->target->metrics_asked),
		.sink = question == ASK_INDEX ? on_index_page : on_body,
		.done = on_answer,
		.context = target,
	};
}

static int open_body(struct collection_target *target, struct error *error)
{
	struct collection *collection = target->collection;
	const struct asking *asking = &askings[target->round.question];
	const struct settings *settings = settings_of(target);
	struct metrics_names names = {
		.requests = str_of(settings->metrics.requests),
		.request_seconds = str_of(settings->metrics.request_seconds),
		.errors = str_of(settings->metrics.errors),
		.in_flight = str_of(settings->metrics.in_flight),
	};
	struct body_options options = {
		.bundle = collection->plan->bundle,
		.redact = collection->redact,
		.stacks = collection->stacks,
		.names = &names,
		.form = asking->form,
		.folder = target->round.folder,
		.name = asking->name,
	};

	return body_new(&target->round.body, &options, error);
}

static int ask(struct collection_target *target, struct error *error)
{
	const struct asking *asking = &askings[target->round.question];
	struct fetch_request request = request_for(target);
	cleanup(free_pointer) char *url =
		asking->profile ? target_url(target->target, asking->profile, asking->query)
				: strdup(target->target->metrics);
	int r = 0;

	if (!url)
		return error_no_memory(error, "a fetch");
	if (asking->name)
		r = open_body(target, error);
	if (r < 0)
		return r;
	request.url = url;
	r = fetch_queue(target->lane, &request);
	return r < 0 ? error_no_memory(error, "a fetch") : 0;
}

static void ask_next(struct collection_target *target)
{
	struct round *round = &target->round;
	struct error error = {0};

	do {
		if (round->question == ASK_INDEX) {
			collection_decide(target);
			leak_missing(target);
		}
		round->question++;
	} while (round->question < ASK_END && !wanted(target, round->question));
	if (round->question < ASK_END && ask(target, &error) < 0) {
		collection_fail(target->collection, &error);
		round->question = ASK_END;
	}
	if (round->question == ASK_END)
		finish_round(target);
}

static int round_folder(struct collection_target *target, struct error *error)
{
	struct round *round = &target->round;
	struct buf folder = BUF_INIT(KIB(1));
	char when[CLOCK_TEXT_MAX];

	clock_format_compact(round->wall_ms, when);
	buf_printf(&folder, "targets/%s/%s/%s/%04u-%s", target->target->namespace,
		target->target->pod, target->target->container, target->rounds, when);
	round->folder = buf_take(&folder);
	return round->folder ? 0 : error_no_memory(error, "a round");
}

void collection_round_begin(struct collection_target *target)
{
	struct round *round = &target->round;
	struct error error = {0};

	*round = (struct round){
		.started_ms = clock_mono_ms(),
		.wall_ms = clock_wall_ms(),
		.page = BUF_INIT(INDEX_PAGE_MAX),
		.index_goroutines = -1,
		.mono_ms = NAN,
		.stop_sum_ms = NAN,
		.status = OBSERVED_OK,
	};
	target->busy = true;
	if (round_folder(target, &error) < 0) {
		collection_fail(target->collection, &error);
		target->busy = false;
		return;
	}
	if (wanted(target, ASK_METRICS) && ask(target, &error) < 0) {
		collection_fail(target->collection, &error);
		finish_round(target);
	} else if (!wanted(target, ASK_METRICS)) {
		ask_next(target);
	}
}

void collection_round_release(struct round *round)
{
	free(round->folder);
	body_free(&round->body);
	buf_release(&round->page);
	snapshot_free(&round->goroutines);
	snapshot_free(&round->leak);
	for (uint32_t i = 0; i < round->contention_count; i++)
		snapshot_free(&round->contention[i]);
	*round = (struct round){.page = BUF_INIT(INDEX_PAGE_MAX)};
}
