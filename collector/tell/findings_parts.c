// SPDX-License-Identifier: Apache-2.0
// Targets and findings in findings.json.
#include "collector/tell/findings_parts.h"

#include <stdio.h>

// Evidence per finding: first and last artifact of its first targets; the manifest has them all.
#define EVIDENCE_TARGETS 8

static void put_text(struct json_writer *json, const char *key, const char *text)
{
	json_put_key(json, key);
	json_put_text(json, text);
}

static void put_str(struct json_writer *json, const char *key, struct str text)
{
	json_put_key(json, key);
	json_put_str_or_null(json, text);
}

static void put_number(struct json_writer *json, const char *key, double number)
{
	json_put_key(json, key);
	json_put_rounded(json, number);
}

static void put_u64(struct json_writer *json, const char *key, uint64_t number)
{
	json_put_key(json, key);
	json_put_u64(json, number);
}

static void put_window(struct json_writer *json, const struct estimate *estimate)
{
	if (isnan(estimate->from_ms) || isnan(estimate->to_ms))
		return;
	json_put_key(json, "window");
	json_put_open(json, '{');
	put_time(json, "start", (int64_t)estimate->from_ms);
	put_time(json, "end", (int64_t)estimate->to_ms);
	json_put_close(json, '}');
}

// A bound that is null is open. `control` is NULL but for alpha.
static void put_estimate_with(struct json_writer *json, const char *key,
	const struct estimate *estimate, const char *control)
{
	json_put_key(json, key);
	json_put_open(json, '{');
	put_number(json, "value", estimate->value);
	if (!isfinite(estimate->value))
		put_text(json, "why", estimate_known(estimate) ? "never" : estimate->why);
	if (estimate_known(estimate)) {
		put_number(json, "low", estimate->low);
		put_number(json, "high", estimate->high);
		put_number(json, "level", estimate->level);
		put_text(json, "method", estimate->method);
		put_u64(json, "n", estimate->n);
		put_window(json, estimate);
	}
	if (control)
		put_text(json, "control", control);
	json_put_close(json, '}');
}

static void put_estimate(struct json_writer *json, const char *key, const struct estimate *estimate)
{
	put_estimate_with(json, key, estimate, NULL);
}

static void put_range(struct json_writer *json, const char *key, int64_t first, int64_t last)
{
	json_put_key(json, key);
	json_put_open(json, '{');
	json_put_key(json, "first");
	json_put_count(json, first);
	json_put_key(json, "last");
	json_put_count(json, last);
	json_put_close(json, '}');
}

static void put_forecast(
	struct json_writer *json, const struct limit_forecast *forecast, uint32_t count)
{
	json_put_key(json, "forecast");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < count; i++) {
		json_put_open(json, '{');
		put_text(json, "limit", forecast[i].limit);
		put_number(json, "at", forecast[i].at);
		put_estimate(json, "requests", &forecast[i].requests);
		put_estimate(json, "seconds", &forecast[i].seconds);
		put_text(json, "from", forecast[i].from);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void put_controls(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "controls");
	json_put_open(json, '{');
	for (uint32_t i = 0; i < target->control_count; i++)
		put_estimate(json, target->controls[i].name, &target->controls[i].alpha);
	json_put_close(json, '}');
}

static void put_law(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "law");
	json_put_open(json, '{');
	put_text(json, "name", target->law_count ? target->laws[0] : NULL);
	json_put_key(json, "separable");
	json_put_bool(json, target->law_count == 1);
	json_put_key(json, "not_excluded");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < target->law_count; i++)
		json_put_text(json, target->laws[i]);
	json_put_close(json, ']');
	json_put_close(json, '}');
}

static void put_model(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "model");
	json_put_open(json, '{');
	put_estimate(json, "lambda", &target->lambda);
	put_estimate(json, "mu", &target->mu);
	put_estimate_with(json, "alpha", &target->alpha, target->alpha_control);
	put_controls(json, target);
	put_law(json, target);
	put_estimate(json, "half_life_s", &target->half_life_s);
	put_estimate(json, "birth_rate_per_s", &target->birth_rate_per_s);
	put_estimate(json, "bytes_per_goroutine", &target->bytes_per_goroutine);
	put_text(json, "growth", target->growth);
	json_put_close(json, '}');
}

// Plain figures first, as most readers want them; their intervals beside.
static void put_qps(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "qps");
	json_put_open(json, '{');
	put_number(json, "q0", target->qps.q0.value);
	put_number(json, "first", target->qps.first);
	put_number(json, "last", target->qps.last);
	put_number(json, "decay_share", target->qps.decay_share.value);
	put_number(json, "demand_adjusted_share", target->qps.demand_adjusted_share.value);
	put_str(json, "source", target->qps.source);
	put_text(json, "scope", target->qps.scope);
	json_put_key(json, "estimates");
	json_put_open(json, '{');
	put_estimate(json, "q0", &target->qps.q0);
	put_estimate(json, "decay_share", &target->qps.decay_share);
	put_estimate(json, "demand_adjusted_share", &target->qps.demand_adjusted_share);
	json_put_close(json, '}');
	json_put_close(json, '}');
}

static void put_little(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "little");
	json_put_open(json, '{');
	put_estimate(json, "in_flight", &target->little.in_flight);
	put_estimate(json, "residence_s", &target->little.residence_s);
	put_estimate(json, "excess", &target->little.excess);
	json_put_close(json, '}');
}

static void put_contention(struct json_writer *json, const struct contention_rate *rate)
{
	json_put_open(json, '{');
	put_text(json, "profile", rate->mutex ? "mutex" : "block");
	put_text(json, "kind", contention_kind_name(rate->kind));
	put_stack_key(json, "stack", rate->stack);
	put_number(json, "events_per_s", rate->events_per_s.value);
	put_number(json, "mean_wait_ms", rate->mean_wait_ms.value);
	put_number(json, "waiters", rate->waiters.value);
	json_put_key(json, "estimates");
	json_put_open(json, '{');
	put_estimate(json, "events_per_s", &rate->events_per_s);
	put_estimate(json, "mean_wait_ms", &rate->mean_wait_ms);
	put_estimate(json, "waiters", &rate->waiters);
	json_put_close(json, '}');
	json_put_close(json, '}');
}

static void put_forecast_qps(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "forecast_qps");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < target->forecast_qps_count; i++) {
		json_put_open(json, '{');
		put_number(json, "share", target->forecast_qps[i].share);
		put_estimate(json, "seconds", &target->forecast_qps[i].seconds);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void put_sign(struct json_writer *json, const char *key, const struct sign *sign)
{
	json_put_key(json, key);
	json_put_open(json, '{');
	put_text(json, "state", sign_state_name(sign->state));
	put_number(json, "first", sign->first);
	put_number(json, "last", sign->last);
	put_estimate(json, "per_hour", &sign->per_h);
	put_str(json, "from", sign->from ? str_of(sign->from) : STR_EMPTY);
	put_str(json, "why",
		sign->state == SIGN_NOT_KNOWN && sign->why ? str_of(sign->why) : STR_EMPTY);
	json_put_close(json, '}');
}

static void put_signs(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "signs");
	json_put_open(json, '{');
	put_sign(json, "goroutines", &target->signs.sign[SIGN_GOROUTINES]);
	put_sign(json, "heap", &target->signs.sign[SIGN_HEAP]);
	put_sign(json, "block_delay", &target->signs.sign[SIGN_BLOCK]);
	put_sign(json, "mutex_delay", &target->signs.sign[SIGN_MUTEX]);
	json_put_close(json, '}');
	put_str(json, "reading", target->reading);
}

static void put_stop(struct json_writer *json, const struct target_report *target)
{
	json_put_key(json, "stop_ms");
	json_put_open(json, '{');
	put_number(json, "worst", target->stop_worst_ms);
	put_number(json, "sum", target->stop_sum_ms);
	json_put_close(json, '}');
}

void put_target(struct json_writer *json, const struct target_report *target)
{
	json_put_open(json, '{');
	put_str(json, "target", target->target);
	put_str(json, "workload", target->workload);
	put_str(json, "image_digest", target->image_digest);
	put_str(json, "go_version", target->go_version);
	put_u64(json, "ticks", target->ticks);
	put_u64(json, "missed", target->missed);
	put_u64(json, "cut", target->cut);
	put_u64(json, "lives", target->lives);
	put_range(json, "goroutines", target->goroutines_first, target->goroutines_last);
	put_text(json, "class",
		target->class_text ? target->class_text : finding_class_name(target->class));
	put_text(json, "method", target->method);
	put_model(json, target);
	put_qps(json, target);
	put_little(json, target);
	put_forecast_qps(json, target);
	put_forecast(json, target->forecast, target->forecast_count);
	json_put_key(json, "contention");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < target->contention_count; i++)
		put_contention(json, &target->contention[i]);
	json_put_close(json, ']');
	put_signs(json, target);
	put_stop(json, target);
	json_put_key(json, "warnings");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < target->warning_count; i++)
		json_put_str(json, target->warnings[i]);
	if (target->note.len > 0)
		json_put_str(json, target->note);
	json_put_close(json, ']');
	json_put_close(json, '}');
}

static void put_history(struct json_writer *json, const struct finding *finding)
{
	json_put_key(json, "history");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < finding->history_count; i++) {
		json_put_open(json, '{');
		put_text(json, "verdict", verdict_name(finding->history[i].verdict));
		put_time(json, "time", finding->history[i].wall_ms);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void put_artifact(struct json_writer *json, const struct tell_artifact *artifact)
{
	json_put_open(json, '{');
	put_str(json, "artifact", artifact->path);
	put_str(json, "sha256", artifact->sha256);
	json_put_close(json, '}');
}

static void put_evidence_of(
	struct json_writer *json, struct str target, const struct findings_context *context)
{
	const struct tell_artifact *first = NULL, *last = NULL;

	for (size_t i = 0; i < context->evidence_count; i++) {
		if (!str_equal(context->evidence[i].target, target))
			continue;
		last = &context->evidence[i];
		if (!first)
			first = last;
	}
	if (first)
		put_artifact(json, first);
	if (last != first)
		put_artifact(json, last);
}

static void put_strings(
	struct json_writer *json, const char *key, const char *const *strings, uint32_t max)
{
	json_put_key(json, key);
	json_put_open(json, '[');
	for (uint32_t i = 0; i < max && strings[i]; i++)
		json_put_text(json, strings[i]);
	json_put_close(json, ']');
}

static void put_str_list(
	struct json_writer *json, const char *key, const struct str *list, uint32_t count)
{
	json_put_key(json, key);
	json_put_open(json, '[');
	for (uint32_t i = 0; i < count; i++)
		json_put_str(json, list[i]);
	json_put_close(json, ']');
}

static void put_parts(struct json_writer *json, const struct finding *finding)
{
	char key[STACK_KEY_TEXT];

	json_put_key(json, "parts");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < finding->part_count; i++) {
		stack_key_text(finding->parts[i].stack->key, key);
		json_put_text(json, key);
	}
	json_put_close(json, ']');
}

// What the keys in `parts` stand for.
static void put_together(
	struct json_writer *json, const struct finding *finding, const struct stacks *stacks)
{
	json_put_key(json, "together");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < finding->part_count; i++) {
		const struct finding_part *part = &finding->parts[i];

		json_put_open(json, '{');
		put_stack_key(json, "stack", part->stack);
		put_u64(json, "goroutines", (uint64_t)part->goroutines);
		put_number(json, "ratio", part->ratio);
		put_str(json, "wait",
			part->wait == STATE_UNKNOWN ? STR_EMPTY
						    : stacks_state_name(stacks, part->wait));
		put_estimate(json, "rate_per_s", &part->rate_per_s);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void put_identity(struct json_writer *json, const struct finding *finding)
{
	char id[STACK_KEY_TEXT];

	stack_key_text(finding->id, id);
	put_text(json, "id", id);
	put_str(json, "workload", finding->workload);
	put_str_list(json, "targets", finding->targets, finding->target_count);
	put_stack_key(json, "stack", finding->stack);
	put_text(json, "verdict", verdict_name(finding->verdict));
	put_text(json, "class", finding_class_name(finding->class));
	put_text(json, "state", finding->open ? "open" : "over");
	put_text(json, "cause", finding->cause ? finding->cause->id : NULL);
	json_put_key(json, "site");
	put_frame(json, &finding->site);
	json_put_key(json, "created_by");
	put_frame(json, &finding->created_by);
	put_parts(json, finding);
}

void put_finding(struct json_writer *json, const struct finding *finding,
	const struct findings_context *context)
{
	static const char *const nothing[] = {NULL};

	json_put_open(json, '{');
	put_identity(json, finding);
	json_put_key(json, "waits");
	put_waits(json, context->stacks, finding->waits, finding->wait_count);
	put_range(json, "goroutines", finding->goroutines_first, finding->goroutines_last);
	put_u64(json, "peak", (uint64_t)finding->goroutines_peak);
	put_u64(json, "proven", (uint64_t)finding->proven);
	put_u64(json, "minutes_max", finding->minutes_max);
	put_estimate(json, "rate_per_s", &finding->rate_per_s);
	put_estimate(json, "per_request", &finding->per_request);
	put_history(json, finding);
	put_time(json, "started", finding->started_wall_ms);
	put_number(json, "needs_minutes", finding->needs_minutes);
	put_forecast(json, finding->forecast, finding->forecast_count);
	put_strings(json, "missing", finding->missing, finding->missing_count);
	put_str(json, "because", finding->because);
	put_str(json, "decides", finding->decides);
	json_put_key(json, "holder");
	put_frame(json, &finding->holder);
	put_together(json, finding, context->stacks);
	json_put_key(json, "evidence");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < finding->target_count && i < EVIDENCE_TARGETS; i++)
		put_evidence_of(json, finding->targets[i], context);
	json_put_close(json, ']');
	put_strings(json, "checks", finding->cause ? finding->cause->checks : nothing,
		finding->cause ? CAUSE_CHECKS_MAX : 0);
	put_str_list(json, "advice", finding->advice, finding->advice_count);
	put_strings(json, "prevented_by", finding->cause ? finding->cause->prevented_by : nothing,
		finding->cause ? CAUSE_TOOLS_MAX : 0);
	json_put_close(json, '}');
}
