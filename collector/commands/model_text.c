// SPDX-License-Identifier: Apache-2.0
// model: the calculation as text, from what was told to what is missing.
#include "base/cleanup.h"
#include "collector/commands/model.h"
#include "collector/tell/figures.h"

// "QPS 2,040 (17 % of Q0, -83 %), 180,000 leaked goroutines"
static void add_end(struct buf *text, const struct calculation *c)
{
	const struct incident *told = &c->told;
	const char *comma = "";

	if (!isnan(told->qps)) {
		SAY(text, "QPS {t}", told->qps);
		if (!isnan(c->reading.share))
			SAY(text, " ({s} of Q0, -{s})", c->reading.share, 1 - c->reading.share);
		comma = ", ";
	}
	if (!isnan(told->goroutines)) {
		buf_add_text(text, comma);
		SAY(text, "{t} leaked goroutines", told->goroutines);
		comma = ", ";
	}
	if (!isnan(told->memory_bytes)) {
		buf_add_text(text, comma);
		SAY(text, "{b} of memory", told->memory_bytes);
	}
}

static void add_named(struct buf *text, const char *name, double value)
{
	if (isnan(value))
		return;
	buf_printf(text, "%s%s ", text->len > 0 ? ", " : "", name);
	SAY(text, "{t}", value);
}

static void write_told(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX),
					end = BUF_INIT(MODEL_TEXT_MAX);

	add_named(&text, "lambda", c->told.lambda);
	add_named(&text, "alpha", c->told.alpha);
	add_named(&text, "mu", c->told.mu > 0 ? c->told.mu : NAN);
	add_named(&text, "Q0", c->told.q0);
	add_end(&end, c);
	if (text.len > 0 && (end.len > 0 || !isnan(c->told.seconds)))
		buf_add_text(&text, "; ");
	if (!isnan(c->told.seconds))
		SAY(&text, "after {D}", c->told.seconds);
	if (!isnan(c->told.seconds) && end.len > 0)
		buf_add_text(&text, ": ");
	buf_add(&text, part_str(p->out, &end));
	paragraph_write(p, "told", MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
}

static void write_law(struct paragraph *p, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;

	paragraph_write(p, "law", MODEL_LABEL, INK_PLAIN,
		c->told.mu > 0
			? STR("dG/dt = lambda Q - mu G, Q = Q0 e^(-alpha G)")
			: STR("dG/dt = lambda Q - mu G, Q = Q0 e^(-alpha G), mu = 0 (none ends)"));
	if (reading->alpha_implied)
		LINE(p, "", "alpha {n} is what goroutines and QPS imply", reading->law.alpha);
	if (reading->lambda_implied)
		LINE(p, "", "lambda {n} is what goroutines and requests imply",
			reading->law.lambda);
}

static void write_half(struct paragraph *p, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;

	if (isinf(reading->half_s))
		LINE(p, "half", "never: the QPS does not fall to half of Q0");
	else if (!isnan(reading->half_s) && c->told.mu > 0)
		LINE(p, "half", "after {d}, at {c} goroutines", reading->half_s,
			reading->half_goroutines);
	else if (!isnan(reading->half_s))
		LINE(p, "half",
			"after {d}, at {c} goroutines (other laws of decay that begin alike: {d} "
			"to {d})",
			reading->half_s, reading->half_goroutines,
			reading->half_s * DECAY_SPREAD_LOW, reading->half_s * DECAY_SPREAD_HIGH);
	else if (!isnan(reading->half_goroutines))
		LINE(p, "half", "at {c} goroutines", reading->half_goroutines);
}

// The share that was told.
static void write_share(struct paragraph *p, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;
	cleanup(buf_release) struct buf label = BUF_INIT(64);

	SAY(&label, "{s}", reading->share);
	if (isinf(reading->share_s))
		LINE(p, buf_text(&label), "never");
	else if (!isnan(reading->share_s))
		LINE(p, buf_text(&label), "after {D}, at {c} goroutines", reading->share_s,
			reading->share_goroutines);
	else if (!isnan(reading->share_goroutines))
		LINE(p, buf_text(&label), "at {c} goroutines", reading->share_goroutines);
}

static void write_end(struct paragraph *p, const struct calculation *c)
{
	const struct leak_point *end = &c->reading.end;
	cleanup(buf_release) struct buf label = BUF_INIT(64);

	SAY(&label, "{d}", c->told.seconds);
	if (!isnan(end->goroutines))
		LINE(p, buf_text(&label),
			"{c} goroutines, QPS {n} ({s} of Q0), {c} requests so far", end->goroutines,
			end->qps, end->qps / c->told.q0, end->requests);
	else if (!isnan(c->reading.leaks_max))
		LINE(p, buf_text(&label), "at most {c} goroutines, as if the QPS stayed at Q0",
			c->reading.leaks_max);
}

static void write_rest(struct paragraph *p, const struct calculation *c)
{
	const struct rest_answer *rest = &c->answers.rest;

	if (!isnan(rest->at.goroutines))
		LINE(p, "at rest",
			"{c} goroutines, QPS {n} ({s} of Q0): as many end as leak; a difference is "
			"gone but for 5 % after {d}",
			rest->at.goroutines, rest->at.qps, rest->share, rest->settled_s);
	if (!isnan(rest->life_s))
		LINE(p, "life", "{d} on average until a leaked goroutine ends", rest->life_s);
}

static void write_first(struct paragraph *p, const struct calculation *c)
{
	if (!isnan(c->reading.first_growth_per_s))
		LINE(p, "at first", "{n} leaked goroutines per second",
			c->reading.first_growth_per_s);
	else if (!isnan(c->told.lambda) && isnan(c->reading.residence_s))
		LINE(p, "leak", "{n} goroutines per request", c->told.lambda);
}

static void write_requests(struct paragraph *p, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;

	if (!isnan(reading->requests))
		LINE(p, "requests", "{c} in {d}, {c} per second on average", reading->requests,
			c->told.seconds, reading->mean_qps);
	if (isnan(reading->leak_per_request))
		return;
	if (reading->leak_per_request <= 0.5)
		LINE(p, "leak", "{n} goroutines per request: one request in {n}",
			reading->leak_per_request, round(1 / reading->leak_per_request));
	else
		LINE(p, "leak", "{n} goroutines per request", reading->leak_per_request);
}

static void write_growth(struct paragraph *p, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;
	double first = reading->leak_per_request * c->told.q0;

	if (!isnan(first))
		LINE(p, "growth", "{n} goroutines per second on average, {n} at first",
			reading->growth_per_s, first);
	else if (!isnan(reading->growth_per_s))
		LINE(p, "growth", "{n} goroutines per second on average", reading->growth_per_s);
	if (!isnan(reading->residence_s) && !(reading->residence_s >= c->told.seconds) &&
		!reading->backlog.possible)
		LINE(p, "residence",
			"{d} for each goroutine, by Little's law, if as many end as start",
			reading->residence_s);
}

// Beyond this, a goroutine's stack and what hangs on it are not the whole of it.
#define GOROUTINE_BYTES_MUCH 262144.0

static void write_bytes(struct paragraph *p, const struct calculation *c)
{
	double bytes = c->reading.bytes_per_goroutine;

	if (isnan(bytes) && !isnan(c->told.goroutines))
		LINE(p, "memory", "at least {b} for the stacks alone, {b} each",
			c->told.goroutines * STACK_BYTES_MIN, STACK_BYTES_MIN);
	else if (bytes < STACK_BYTES_MIN)
		LINE(p, "memory", "{b} per goroutine: impossible, a stack takes {b}", bytes,
			STACK_BYTES_MIN);
	else if (bytes > GOROUTINE_BYTES_MUCH)
		LINE(p, "memory", "{b} per goroutine: much; other memory than stacks may be in it",
			bytes);
	else if (!isnan(bytes))
		LINE(p, "memory",
			"{b} per goroutine: plausible, a stack takes {b} or more and holds "
			"on to other memory",
			bytes, STACK_BYTES_MIN);
}

static void write_table(struct paragraph *p, const struct calculation *c)
{
	static const int widths[] = {10, 12, 10, 8, 16};

	buf_printf(p->out, "%*s %*s %*s %*s %*s\n", widths[0], "time", widths[1], "goroutines",
		widths[2], "QPS", widths[3], "share", widths[4], "requests");
	p->lines++;
	for (uint32_t row = 0; row <= c->rows; row++) {
		struct leak_point point = model_row(c, row);
		const double values[] = {point.t_s, point.goroutines, point.qps,
			point.qps / c->told.q0, point.requests};
		static const char *const formats[] = {"{d}", "{c}", "{n}", "{s}", "{c}"};

		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			cleanup(buf_release) struct buf cell = BUF_INIT(64);

			model_say(&cell, formats[i], &values[i], 1);
			buf_printf(p->out, "%s%*s", i > 0 ? " " : "", widths[i], buf_text(&cell));
		}
		paragraph_end(p);
	}
}

static void write_decay(struct paragraph *p, const struct calculation *c)
{
	if (c->rows == 0)
		return;
	if (isnan(model_row(c, c->rows).goroutines))
		LINE(p, "", "A table needs --lambda, --alpha and --q0.");
	else
		write_table(p, c);
}

static void write_missing(struct paragraph *p, const struct calculation *c)
{
	struct missing_figure missing;

	for (size_t i = 0; model_missing(c, i, &missing); i++)
		paragraph_write(p, missing.flag, MODEL_LABEL + 2, INK_PLAIN, str_of(missing.use));
}

typedef void write_part(struct paragraph *p, const struct calculation *c);

// A heading goes again when nothing came under it.
static void section(struct paragraph *p, const char *heading, const struct calculation *c,
	write_part *const *write)
{
	size_t len = p->out->len;
	uint32_t lines = p->lines, heading_lines;

	model_heading(p, heading);
	heading_lines = p->lines;
	for (; *write; write++)
		(*write)(p, c);
	if (p->lines == heading_lines) {
		buf_truncate(p->out, len);
		p->lines = lines;
	}
}

void model_text(struct buf *out, const struct calculation *c, bool colour, uint32_t columns)
{
	static write_part *const gives[] = {
		write_first, write_half, write_share, write_end, write_rest, NULL};
	static write_part *const seen[] = {write_requests, write_growth, write_bytes, NULL};
	static write_part *const checks[] = {model_text_checks, NULL};
	static write_part *const repairs[] = {model_text_repairs, NULL};
	static write_part *const answers[] = {model_text_answers, NULL};
	static write_part *const decay[] = {write_decay, NULL};
	static write_part *const missing[] = {write_missing, NULL};
	struct paragraph p = {.out = out, .columns = columns ? columns : 80, .colour = colour};

	model_text_headline(&p, c);
	write_told(&p, c);
	write_law(&p, c);
	section(&p, "Told against computed", c, checks);
	section(&p, "What the law gives with the figures told", c, gives);
	section(&p, "What was seen, for itself", c, seen);
	section(&p, "What would repair it, each for itself", c, repairs);
	section(&p, "What if", c, answers);
	section(&p, "Decay over time", c, decay);
	section(&p, "Not told, and what it would be good for", c, missing);
}
