// SPDX-License-Identifier: Apache-2.0
// model: the answers to what if.
#include "base/cleanup.h"
#include "collector/commands/model.h"
#include "collector/tell/figures.h"

// "needs --alpha, --q0": what of the law is neither told nor implied; `alpha`: is it needed?
static void write_needs(
	struct paragraph *p, const char *label, const struct leak_law *law, bool alpha)
{
	cleanup(buf_release) struct buf text = BUF_INIT(128);
	const struct {
		double value;
		const char *flag;
	} parts[] = {
		{law->lambda, "--lambda"}, {alpha ? law->alpha : 0, "--alpha"}, {law->q0, "--q0"}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (isnan(parts[i].value))
			buf_printf(&text, "%s%s", text.len > 0 ? ", " : "needs ", parts[i].flag);
	paragraph_write(p, label, MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
}

static void write_share(struct paragraph *p, const struct calculation *c)
{
	const struct share_answer *share = &c->answers.share;
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);

	if (isnan(c->asked.share))
		return;
	SAY(&text, "{s} of Q0: ", share->share);
	if (isinf(share->seconds) && c->told.mu > 0)
		SAY(&text,
			"never. The leaked end faster than they gather: mu {t} is above {n} per "
			"second, the most with which the QPS falls so far.",
			c->told.mu, share->mu_that_stops);
	else if (isinf(share->seconds))
		buf_add_text(&text, "never: the leaked cost no throughput");
	else if (!isnan(share->seconds))
		SAY(&text, "after {d}, {c} requests, at {c} leaked goroutines", share->seconds,
			share->requests, share->goroutines);
	else if (!isnan(share->requests))
		SAY(&text, "after {c} requests, at {c} leaked goroutines", share->requests,
			share->goroutines);
	else if (!isnan(share->goroutines))
		SAY(&text, "at {c} leaked goroutines", share->goroutines);
	else
		buf_add_text(&text, "needs --alpha");
	paragraph_write(p, "share", MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
	if (isnan(share->seconds) && !isnan(share->goroutines))
		write_needs(p, "", &c->reading.law, true);
}

static void say_limit(struct buf *text, const struct limit_answer *limit)
{
	if (!isnan(limit->bytes))
		SAY(text,
			limit->bytes_least ? "{b} at {b} each, the least a goroutine takes: at "
					     "most {c} goroutines"
					   : "{b} at {b} each: {c} goroutines",
			limit->bytes, limit->goroutine_bytes, limit->goroutines);
	else
		SAY(text, "{t} goroutines", limit->goroutines);
}

static void say_when(
	struct buf *text, const struct calculation *c, const struct limit_answer *limit)
{
	const struct leak_point *at = &limit->at;

	if (isinf(at->t_s)) {
		buf_add_text(text, "never: as many end as leak before that");
		return;
	}
	SAY(text, "after {d}", at->t_s);
	if (limit->bytes_least && !limit->soonest)
		buf_add_text(text, " at the latest");
	else if (limit->soonest)
		buf_add_text(text, limit->bytes_least
					   ? " as if the QPS stayed at Q0"
					   : " at the soonest, as if the QPS stayed at Q0");
	if (!isnan(at->requests))
		SAY(text, ", {c} requests", at->requests);
	if (!isnan(at->qps))
		SAY(text, "; QPS then {n} ({s} of Q0)", at->qps, at->qps / c->told.q0);
	if (!isnan(limit->left_s))
		SAY(text, "; {d} from {t} goroutines on", limit->left_s, c->told.goroutines);
}

static void write_limit(struct paragraph *p, const struct calculation *c, const char *label,
	const struct limit_answer *limit)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);

	if (isnan(limit->goroutines))
		return;
	say_limit(&text, limit);
	buf_add_text(&text, ": ");
	if (!isnan(limit->at.t_s))
		say_when(&text, c, limit);
	else if (!isnan(limit->at.requests))
		SAY(&text, "after {c} requests", limit->at.requests);
	else
		buf_truncate(&text, text.len - 2);
	paragraph_write(p, label, MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
	if (!isnan(limit->at.t_s))
		return;
	if (!isnan(limit->at_growth_s))
		LINE(p, "", "after {d} at the mean growth told", limit->at_growth_s);
	write_needs(p, "", &c->reading.law, false);
}

static void say_stretch(struct buf *text, const struct fix_answer *fix)
{
	if (isinf(fix->before_s))
		buf_add_text(text, "never, with it or without");
	else if (isinf(fix->after_s))
		SAY(text, "after {d} without the fix, never with it", fix->before_s);
	else
		SAY(text, "after {d} without the fix, {d} with it: {x} times as long",
			fix->before_s, fix->after_s, fix->after_s / fix->before_s);
}

static void write_fix_times(struct paragraph *p, const struct calculation *c)
{
	const struct fix_answer *fix = &c->answers.fix;
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);

	if (isnan(fix->before_s)) {
		write_needs(p, "", &c->reading.law, true);
		return;
	}
	SAY(&text, "{s} of Q0: ", fix->share);
	say_stretch(&text, fix);
	paragraph_write(p, "", MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
	if (!isnan(fix->end_after.goroutines))
		LINE(p, "",
			"after {d}: {c} goroutines, QPS {n} without; {c} goroutines, QPS {n} with "
			"it",
			c->told.seconds, fix->end_before.goroutines, fix->end_before.qps,
			fix->end_after.goroutines, fix->end_after.qps);
}

static void write_fix(struct paragraph *p, const struct calculation *c)
{
	const struct fix_answer *fix = &c->answers.fix;

	if (!c->fix_asked)
		return;
	if (isnan(c->reading.law.lambda)) {
		write_needs(p, "fix", &c->reading.law, true);
		return;
	}
	if (isnan(fix->first_before_per_s))
		LINE(p, "fix", "lambda {n} becomes {n}", c->reading.law.lambda, fix->lambda);
	else
		LINE(p, "fix",
			"lambda {n} becomes {n}: at first {n} leaked goroutines per second, not "
			"{n}",
			c->reading.law.lambda, fix->lambda, fix->first_after_per_s,
			fix->first_before_per_s);
	write_fix_times(p, c);
}

void model_text_answers(struct paragraph *p, const struct calculation *c)
{
	write_share(p, c);
	write_limit(p, c, "limit", &c->answers.goroutines);
	write_limit(p, c, "memory", &c->answers.memory);
	write_fix(p, c);
}
