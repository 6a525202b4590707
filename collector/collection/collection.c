// SPDX-License-Identifier: Apache-2.0
// The loop of a collection: which target is due, when to stop, and the members that grow with it.
#include "collector/collection/collection.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX MIB(2048)
#define PROGRESS_MS 200.0
#define IDLE_MS 1000.0
// Targets start a little apart, so that neither they nor we do everything in the same instant.
#define SPREAD_SHARE 0.1
#define SPREAD_MAX_MS 1000.0
#define SHARE_OF_QPS 0.5

static int write_observations(void *context, const void *data, size_t len, struct error *error)
{
	struct collection *collection = context;

	return bundle_entry_write(collection->observations_entry, data, len, error);
}

static int start_observations(struct collection *collection, struct error *error)
{
	const struct collection_plan *plan = collection->plan;
	int r;

	r = bundle_entry_open(plan->bundle, "observations.jsonl", BUNDLE_GZIP,
		&collection->observations_entry, error);
	if (r < 0)
		return r;
	collection->writer = observations_writer_new(
		collection->stacks, (struct sink){write_observations, collection});
	if (!collection->writer)
		return error_no_memory(error, "observations");
	return observations_write_header(collection->writer, plan->tool,
		collection->started_wall_ms, collection->started_ms, error);
}

static int start_fetcher(struct collection *collection, struct error *error)
{
	const struct settings *settings = collection->plan->settings;
	struct fetch_options options = {
		.ca_file = settings->http.ca_file,
		.bearer_file = settings->http.bearer_file,
		.basic_file = settings->http.basic_file,
		.cert_file = settings->http.cert_file,
		.key_file = settings->http.key_file,
	};

	return fetcher_new(&options, &collection->fetcher, error);
}

static int start_targets(struct collection *collection, struct error *error)
{
	const struct collection_plan *plan = collection->plan;
	double interval_ms = plan->settings->collect.interval_s * 1e3;
	double spread_ms = fmin(SPREAD_SHARE * interval_ms, SPREAD_MAX_MS);

	collection->targets = calloc(plan->target_count, sizeof(*collection->targets));
	if (!collection->targets)
		return error_no_memory(error, "the targets");
	collection->target_count = plan->target_count;
	for (size_t i = 0; i < plan->target_count; i++) {
		struct collection_target *target = &collection->targets[i];
		double phase = (double)i / (double)plan->target_count;

		target->collection = collection;
		target->target = &plan->targets[i];
		target->first_goroutines = target->last_goroutines = -1;
		target->latency_ms = INFINITY;
		target->interval_s = plan->settings->collect.interval_s;
		target->next_ms =
			collection->started_ms + (collection->rounds > 1 ? phase * spread_ms : 0);
		ladder_init(&target->ladder);
		target->lane = fetch_lane_new(collection->fetcher);
		if (!target->lane)
			return error_no_memory(error, "the targets");
	}
	return 0;
}

static int start_model(struct collection *collection, struct error *error)
{
	const struct settings *settings = collection->plan->settings;
	struct redact_rules rules = {
		.labels = settings->redact.labels.items,
		.label_count = settings->redact.labels.count,
		.arguments = settings->redact.arguments,
		.keep_urls = !settings->redact.urls,
	};

	collection->redact = redact_new(&rules, error);
	if (!collection->redact)
		return error->code ? error->code : -ENOMEM;
	collection->judge_parameters = (struct judge_parameters){
		.interval_s = settings->collect.interval_s,
		.memory_limit_bytes = (double)settings->limits.memory_bytes,
		.goroutine_limit = (double)settings->limits.goroutines,
		.share_of_qps = SHARE_OF_QPS,
	};
	collection->stacks = stacks_new(LIMIT_TRACE_TABLE);
	if (collection->stacks)
		collection->judge = judge_new(collection->stacks, &collection->judge_parameters);
	return collection->judge ? 0 : error_no_memory(error, "the model");
}

// Without a --timeout: what all rounds take when every interval stretches as far as it may and
// every question runs into its deadline. It only ends what can not be.
static double deadline_of(const struct collection *collection)
{
	const struct settings *settings = collection->plan->settings;
	double timeout_s = settings->collect.timeout_s;

	if (timeout_s <= 0)
		timeout_s = collection->rounds *
			    (LADDER_STRETCH_FACTOR * settings->collect.interval_s +
				    LADDER_STRETCH_LEAST_S + ASK_END * settings->fetch.deadline_s);
	return collection->started_ms + timeout_s * 1e3;
}

int collection_start(
	struct collection *collection, const struct collection_plan *plan, struct error *error)
{
	int r;

	collection->plan = plan;
	collection->arena = ARENA_INIT(ARENA_MAX);
	collection->rounds = (uint32_t)plan->settings->collect.snapshots;
	collection->started_ms = clock_mono_ms();
	collection->started_wall_ms = clock_wall_ms();
	collection->deadline_ms = deadline_of(collection);
	r = start_model(collection, error);
	if (r == 0)
		r = start_fetcher(collection, error);
	if (r == 0)
		r = start_targets(collection, error);
	if (r == 0)
		r = start_observations(collection, error);
	return r;
}

// Begins what is due; gives the time until the next round is, INFINITY when none is left, and
// whether everything is done.
static double begin_due(struct collection *collection, bool *ret_done)
{
	double now = clock_mono_ms(), nearest = INFINITY;
	bool done = true;

	for (size_t i = 0; i < collection->target_count; i++) {
		struct collection_target *target = &collection->targets[i];

		if (!target->busy && target->rounds < collection->rounds) {
			done = false;
			if (target->next_ms <= now)
				collection_round_begin(target);
			else
				nearest = fmin(nearest, target->next_ms - now);
		}
		done = done && !target->busy;
	}
	*ret_done = done;
	return nearest;
}

// No further rounds; what is under way ends with what has come.
static void stop(struct collection *collection, const char *reason)
{
	char text[ERROR_TEXT_MAX];

	for (size_t i = 0; i < collection->target_count; i++) {
		struct collection_target *target = &collection->targets[i];

		if (target->rounds >= collection->rounds)
			continue;
		(void)snprintf(text, sizeof(text), "ended after %u of %u snapshots", target->rounds,
			collection->rounds);
		collection_error(target, "snapshots", NULL, reason, text);
	}
	collection->stopped = true;
	fetcher_cancel(collection->fetcher);
}

static int turn(struct collection *collection, const struct collection_watch *watch, double wait_ms,
	struct error *error)
{
	struct pollfd signal = {.fd = watch->signal_fd, .events = POLLIN};
	uint32_t fd_count = watch->signal_fd >= 0;
	int r;

	wait_ms = fmin(fmin(wait_ms, collection->deadline_ms - clock_mono_ms()), IDLE_MS);
	if (watch->progress)
		wait_ms = fmin(wait_ms, PROGRESS_MS);
	r = fetcher_turn(
		collection->fetcher, (int)ceil(fmax(wait_ms, 0)), &signal, fd_count, error);
	if (r < 0)
		return r;
	if (watch->signal)
		collection->signal = watch->signal(watch->context);
	return 0;
}

int collection_run(
	struct collection *collection, const struct collection_watch *watch, struct error *error)
{
	double shown_ms = -INFINITY;
	bool done = false;
	int r;

	for (;;) {
		double wait_ms = begin_due(collection, &done);

		if (done || collection->fatal.code < 0)
			break;
		r = turn(collection, watch, wait_ms, error);
		if (r < 0)
			return r;
		collection->timed_out = clock_mono_ms() >= collection->deadline_ms;
		if (collection->signal > 0 || collection->timed_out)
			break;
		if (watch->progress && clock_mono_ms() - shown_ms >= PROGRESS_MS) {
			watch->progress(watch->context, collection);
			shown_ms = clock_mono_ms();
		}
	}
	if (!done)
		stop(collection, collection->timed_out ? "timeout_collection" : "cancelled");
	if (collection->fatal.code < 0) {
		*error = collection->fatal;
		return error->code;
	}
	return 0;
}

int collection_close(struct collection *collection, struct error *error)
{
	int r;

	observations_writer_free(&collection->writer);
	r = bundle_entry_close(&collection->observations_entry, NULL, error);
	if (r < 0)
		return error_wrap(error, "observations.jsonl");
	r = buf_failed(&collection->errors);
	if (r < 0)
		return error_set(error, r, "errors.jsonl: %s", strerror(-r));
	return bundle_add(collection->plan->bundle, "errors.jsonl", 0, buf_str(&collection->errors),
		NULL, error);
}

void collection_release(struct collection *collection)
{
	// First: it ends what is under way, into the targets.
	fetcher_free(&collection->fetcher);
	for (size_t i = 0; i < collection->target_count; i++)
		collection_round_release(&collection->targets[i].round);
	free(collection->targets);
	free(collection->observations);
	observations_writer_free(&collection->writer);
	bundle_entry_drop(&collection->observations_entry);
	judge_free(&collection->judge);
	redact_free(&collection->redact);
	arena_release(&collection->arena);
	buf_release(&collection->errors);
	stacks_free(&collection->stacks);
	*collection = COLLECTION_INIT;
}
