// SPDX-License-Identifier: Apache-2.0
// model: the calculation as JSON. What is not known is null; what never happens is null beside
// "never": true.
#include "collector/commands/model.h"
#include "collector/form/json_text.h"

struct member {
	const char *key;
	double value;
};

static void put_members(struct json_writer *json, const struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_put_key(json, members[i].key);
		json_put_rounded(json, members[i].value);
	}
}

#define MEMBERS(json, ...)                                                                         \
	put_members(json, (const struct member[]){__VA_ARGS__},                                    \
		sizeof((const struct member[]){__VA_ARGS__}) / sizeof(struct member))

static void put_time(struct json_writer *json, double seconds)
{
	json_put_key(json, "seconds");
	json_put_rounded(json, seconds);
	json_put_key(json, "never");
	json_put_bool(json, isinf(seconds));
}

static void open_object(struct json_writer *json, const char *key)
{
	json_put_key(json, key);
	json_put_open(json, '{');
}

static void put_told(struct json_writer *json, const struct incident *told)
{
	const struct member members[] = {{"lambda", told->lambda}, {"alpha", told->alpha},
		{"mu", told->mu}, {"q0", told->q0}, {"qps", told->qps},
		{"goroutines", told->goroutines}, {"seconds", told->seconds},
		{"memory_bytes", told->memory_bytes}};

	open_object(json, "told");
	// As they were given: a reader may compare them.
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_put_key(json, members[i].key);
		json_put_exact(json, members[i].value);
	}
	json_put_close(json, '}');
}

static void put_reach(
	struct json_writer *json, const char *key, double share, double seconds, double goroutines)
{
	open_object(json, key);
	MEMBERS(json, {"share", share});
	put_time(json, seconds);
	MEMBERS(json, {"goroutines", goroutines});
	json_put_close(json, '}');
}

static void put_point_members(struct json_writer *json, const struct leak_point *point, double q0)
{
	MEMBERS(json, {"seconds", point->t_s}, {"goroutines", point->goroutines},
		{"qps", point->qps}, {"share", point->qps / q0}, {"requests", point->requests});
}

static void put_law(struct json_writer *json, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;
	const struct rest_answer *rest = &c->answers.rest;

	open_object(json, "law");
	MEMBERS(json, {"lambda", reading->law.lambda}, {"alpha", reading->law.alpha});
	json_put_key(json, "lambda_implied");
	json_put_bool(json, reading->lambda_implied);
	json_put_key(json, "alpha_implied");
	json_put_bool(json, reading->alpha_implied);
	MEMBERS(json, {"goroutines_per_s_at_first", reading->first_growth_per_s});
	put_reach(json, "half", 0.5, reading->half_s, reading->half_goroutines);
	put_reach(json, "share_told", reading->share, reading->share_s, reading->share_goroutines);
	open_object(json, "at_the_end");
	put_point_members(json, &reading->end, c->told.q0);
	json_put_close(json, '}');
	open_object(json, "at_rest");
	MEMBERS(json, {"goroutines", rest->at.goroutines}, {"qps", rest->at.qps},
		{"share", rest->share}, {"settled_seconds", rest->settled_s},
		{"life_seconds", rest->life_s});
	json_put_close(json, '}');
	json_put_close(json, '}');
}

static void put_check(struct json_writer *json, const char *name, const struct fit_check *check)
{
	json_put_open(json, '{');
	json_put_key(json, "check");
	json_put_text(json, name);
	json_put_key(json, "fit");
	json_put_text(json, fit_name(check->fit));
	MEMBERS(json, {"told", check->told}, {"computed", check->computed},
		{"factor", check->factor});
	json_put_close(json, '}');
}

static void put_checks(struct json_writer *json, const struct incident_reading *reading)
{
	const struct {
		const char *name;
		const struct fit_check *check;
	} all[] = {{"time", &reading->time}, {"end", &reading->rest}, {"decay", &reading->decay},
		{"growth", &reading->growth}, {"memory", &reading->memory}};

	json_put_key(json, "checks");
	json_put_open(json, '[');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].check->fit != FIT_UNKNOWN)
			put_check(json, all[i].name, all[i].check);
	json_put_close(json, ']');
}

static void put_seen(struct json_writer *json, const struct incident_reading *reading)
{
	open_object(json, "seen");
	MEMBERS(json, {"share", reading->share}, {"requests", reading->requests},
		{"mean_qps", reading->mean_qps}, {"leak_per_request", reading->leak_per_request},
		{"goroutines_per_s", reading->growth_per_s},
		{"alpha", reading->alpha_for_goroutines},
		{"residence_seconds", reading->residence_s},
		{"bytes_per_goroutine", reading->bytes_per_goroutine},
		{"leaks_min", reading->leaks_min}, {"leaks_max", reading->leaks_max},
		{"stack_bytes_min", reading->stack_bytes_min});
	json_put_close(json, '}');
}

static void open_repair(struct json_writer *json, const char *name)
{
	json_put_open(json, '{');
	json_put_key(json, "repair");
	json_put_text(json, name);
}

static void put_lambda(struct json_writer *json, const struct lambda_repair *repair)
{
	if (!repair->possible)
		return;
	open_repair(json, "lambda");
	MEMBERS(json, {"factor", repair->factor}, {"lambda", repair->lambda},
		{"lambda_counted", repair->lambda_counted});
	json_put_close(json, '}');
}

static void put_replicas(struct json_writer *json, const struct replica_repair *repair)
{
	if (!repair->possible)
		return;
	open_repair(json, "replicas");
	json_put_key(json, "summed");
	json_put_text(json, repair->summed ? "q0" : "goroutines");
	MEMBERS(json, {"replicas", repair->replicas}, {"q0", repair->q0},
		{"goroutines", repair->goroutines});
	json_put_close(json, '}');
}

static void put_backlog(struct json_writer *json, const struct backlog_repair *repair)
{
	if (!repair->possible)
		return;
	open_repair(json, "backlog");
	MEMBERS(json, {"residence_seconds", repair->residence_s},
		{"residence_seconds_at_share", repair->residence_at_share_s}, {"mu", repair->mu},
		{"settled_seconds", repair->settled_s}, {"age_seconds", repair->age_s},
		{"older_in_leak", repair->older_in_leak},
		{"older_in_backlog", repair->older_in_backlog});
	json_put_close(json, '}');
}

static void put_repairs(struct json_writer *json, const struct incident_reading *reading)
{
	json_put_key(json, "repairs");
	json_put_open(json, '[');
	put_lambda(json, &reading->lambda);
	put_replicas(json, &reading->replicas);
	put_backlog(json, &reading->backlog);
	json_put_close(json, ']');
}

static void put_share(struct json_writer *json, const struct share_answer *share)
{
	if (isnan(share->share))
		return;
	open_object(json, "share");
	MEMBERS(json, {"share", share->share});
	put_time(json, share->seconds);
	MEMBERS(json, {"requests", share->requests}, {"goroutines", share->goroutines},
		{"mu_that_stops", share->mu_that_stops});
	json_put_close(json, '}');
}

static void put_limit(struct json_writer *json, const char *key, const struct limit_answer *limit)
{
	if (isnan(limit->goroutines))
		return;
	open_object(json, key);
	MEMBERS(json, {"bytes", limit->bytes}, {"goroutine_bytes", limit->goroutine_bytes},
		{"goroutines", limit->goroutines});
	put_time(json, limit->at.t_s);
	json_put_key(json, "soonest");
	json_put_bool(json, limit->soonest);
	MEMBERS(json, {"requests", limit->at.requests}, {"qps", limit->at.qps},
		{"seconds_from_told", limit->left_s},
		{"seconds_at_mean_growth", limit->at_growth_s});
	json_put_close(json, '}');
}

static void put_fix(struct json_writer *json, const struct calculation *c)
{
	const struct fix_answer *fix = &c->answers.fix;

	if (!c->fix_asked)
		return;
	open_object(json, "fix");
	MEMBERS(json, {"lambda", fix->lambda},
		{"goroutines_per_s_at_first", fix->first_after_per_s});
	put_reach(json, "before", fix->share, fix->before_s, fix->end_before.goroutines);
	put_reach(json, "after", fix->share, fix->after_s, fix->end_after.goroutines);
	json_put_close(json, '}');
}

static void put_answers(struct json_writer *json, const struct calculation *c)
{
	open_object(json, "what_if");
	put_share(json, &c->answers.share);
	put_limit(json, "goroutine_limit", &c->answers.goroutines);
	put_limit(json, "memory_limit", &c->answers.memory);
	put_fix(json, c);
	json_put_close(json, '}');
}

static void put_table(struct json_writer *json, const struct calculation *c)
{
	json_put_key(json, "table");
	json_put_open(json, '[');
	for (uint32_t row = 0; c->rows > 0 && row <= c->rows; row++) {
		struct leak_point point = model_row(c, row);

		json_put_open(json, '{');
		put_point_members(json, &point, c->told.q0);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void put_missing(struct json_writer *json, const struct calculation *c)
{
	struct missing_figure missing;

	json_put_key(json, "missing");
	json_put_open(json, '[');
	for (size_t i = 0; model_missing(c, i, &missing); i++) {
		json_put_open(json, '{');
		json_put_key(json, "flag");
		json_put_text(json, missing.flag);
		json_put_key(json, "for");
		json_put_text(json, missing.use);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

void model_json(struct buf *out, const struct calculation *c)
{
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "schema");
	json_put_text(&json, "parkwatch.model/1");
	put_told(&json, &c->told);
	json_put_key(&json, "fit");
	json_put_text(&json, fit_name(c->reading.fit));
	MEMBERS(&json, {"tolerance", c->tolerance});
	put_law(&json, c);
	put_checks(&json, &c->reading);
	put_seen(&json, &c->reading);
	put_repairs(&json, &c->reading);
	put_answers(&json, c);
	put_table(&json, c);
	put_missing(&json, c);
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}
