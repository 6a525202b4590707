// SPDX-License-Identifier: Apache-2.0
// model: whether the figures told fit together, said figure by figure, and what would repair them.
#include "base/cleanup.h"
#include "collector/commands/model.h"
#include "collector/tell/figures.h"

static enum ink fit_ink(enum fit fit)
{
	static const enum ink inks[] = {
		[FIT_UNKNOWN] = INK_PLAIN,
		[FIT_CONSISTENT] = INK_GOOD,
		[FIT_CLOSE] = INK_WARNING,
		[FIT_CONTRADICTION] = INK_BAD,
	};

	return inks[fit];
}

// The first contradiction in the order of how much it says.
static void say_contradiction(struct buf *text, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;
	const struct fit_check *time = &reading->time, *growth = &reading->growth;

	if (time->fit == FIT_CONTRADICTION && isinf(time->computed))
		SAY(text, "the QPS never falls to {s} of Q0.", reading->end_share);
	else if (time->fit == FIT_CONTRADICTION && time->factor > 1)
		SAY(text, "the time told is {x} times what they give.", time->factor);
	else if (time->fit == FIT_CONTRADICTION)
		SAY(text, "they give {x} times the time told.", 1 / time->factor);
	else if (reading->rest.fit == FIT_CONTRADICTION)
		SAY(text,
			c->told.qps > 0 ? "they give QPS {n} at the end."
					: "they give {c} leaked goroutines at the end.",
			reading->rest.computed);
	else if (growth->fit == FIT_CONTRADICTION && growth->factor < 1)
		SAY(text, "they give at least {c} leaked goroutines.", growth->computed);
	else if (growth->fit == FIT_CONTRADICTION)
		SAY(text, "they give at most {c} leaked goroutines.", growth->computed);
	else if (reading->decay.fit == FIT_CONTRADICTION)
		SAY(text, "{s} of Q0 needs {c} leaked goroutines.", reading->share,
			reading->decay.computed);
	else
		SAY(text, "the stacks alone take {b}.", reading->stack_bytes_min);
}

static double furthest(const struct incident_reading *reading)
{
	const double factors[] = {
		reading->time.factor, reading->rest.factor, reading->decay.factor};
	double off = 1;

	for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
		if (factors[i] > 0) // 0: not checked
			off = fmax(off, fmax(factors[i], 1 / factors[i])); // leaves out NAN
	return off;
}

// Bounds alone do not make a story fit.
static bool checks_time(const struct incident_reading *reading)
{
	return reading->time.fit != FIT_UNKNOWN || reading->rest.fit != FIT_UNKNOWN;
}

void model_text_headline(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct incident_reading *reading = &c->reading;
	enum ink ink = fit_ink(reading->fit);

	if (reading->fit == FIT_CONSISTENT && !checks_time(reading)) {
		buf_add_text(&text, "Nothing speaks against these figures, but they are too few to "
				    "check the time.");
		ink = INK_BOLD;
	} else if (reading->fit == FIT_CONSISTENT) {
		SAY(&text, "These figures fit together, within {s}.", c->tolerance);
	} else if (reading->fit == FIT_CLOSE) {
		SAY(&text, "These figures nearly fit together: off by a factor of {x} at most.",
			furthest(reading));
	} else if (reading->fit == FIT_CONTRADICTION) {
		buf_add_text(&text, "These figures contradict each other: ");
		say_contradiction(&text, c);
	}
	paragraph_write(p, "", 0, ink, part_str(p->out, &text));
	if (text.len > 0)
		paragraph_end(p);
}

static void write_check(
	struct paragraph *p, const char *label, const struct fit_check *check, struct buf *text)
{
	if (check->fit != FIT_UNKNOWN)
		paragraph_lead(p, label, MODEL_LABEL, fit_ink(check->fit),
			str_of(fit_name(check->fit)), part_str(p->out, text));
}

// Do other laws of decay that begin like the exponential take as long?
static void say_spread(struct buf *text, const struct calculation *c)
{
	const struct incident_reading *reading = &c->reading;
	double low = reading->spread.low * reading->end_s;
	double high = reading->spread.high * reading->end_s;

	if (c->told.mu > 0 || reading->time.fit == FIT_CONSISTENT || !isfinite(reading->end_s))
		return;
	SAY(text, " Other laws of decay that begin alike take {d} to {d}", low, high);
	buf_add_text(text, c->told.seconds < low || c->told.seconds > high
				   ? ": they do not explain it."
				   : ": one of them may explain it.");
}

static void write_time(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct fit_check *check = &c->reading.time;

	SAY(&text, ": {D} told", check->told);
	if (isnan(c->told.qps))
		SAY(&text, " until {t} goroutines have leaked", c->told.goroutines);
	buf_add_text(&text, ", ");
	if (isinf(check->computed))
		SAY(&text, "never computed: {s} of Q0 is not reached.", c->reading.end_share);
	else
		SAY(&text, "{D} computed: factor {x}.", check->computed, check->factor);
	say_spread(&text, c);
	write_check(p, "time", check, &text);
}

static void write_rest(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct fit_check *check = &c->reading.rest;

	SAY(&text,
		isnan(c->told.qps) ? ": {t} goroutines after {d} told, {n} computed."
				   : ": QPS {t} after {d} told, {n} computed.",
		check->told, c->told.seconds, check->computed);
	write_check(p, "end", check, &text);
}

static void write_decay(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct incident_reading *reading = &c->reading;

	SAY(&text, ": {t} goroutines told, {c} needed for {s} of Q0.", reading->decay.told,
		reading->decay.computed, reading->share);
	if (reading->decay.fit != FIT_CONSISTENT)
		SAY(&text, " {t} leave {s} (QPS {n}); with alpha {n} they leave {s}.",
			c->told.goroutines, reading->share_left, reading->qps_left,
			reading->alpha_for_goroutines, reading->share);
	write_check(p, "decay", &reading->decay, &text);
}

static void say_least(struct buf *text, const struct calculation *c)
{
	SAY(text,
		"never below QPS {t}, {d} bring at least {c} requests, and at this lambda {c} "
		"leaked goroutines ({b} of stacks, {b} each)",
		c->told.qps, c->told.seconds, c->told.qps * c->told.seconds, c->reading.leaks_min,
		c->reading.leaks_min * STACK_BYTES_MIN, STACK_BYTES_MIN);
}

static void write_growth(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct incident_reading *reading = &c->reading;
	const struct fit_check *check = &reading->growth;

	buf_add_text(&text, ": ");
	if (check->factor < 1) {
		say_least(&text, c);
		SAY(&text, "; {t} told.", check->told);
	} else if (check->factor > 1) {
		SAY(&text,
			"never above QPS {t}, {d} bring at most {c} leaked goroutines; {t} told.",
			c->told.q0, c->told.seconds, reading->leaks_max, check->told);
	} else if (isnan(reading->leaks_min) || isnan(reading->leaks_max)) {
		SAY(&text, "{t} goroutines told, ", check->told);
		SAY(&text,
			isnan(reading->leaks_min) ? "at most {c} computed."
						  : "at least {c} computed.",
			isnan(reading->leaks_min) ? reading->leaks_max : reading->leaks_min);
	} else {
		SAY(&text,
			"{t} goroutines told; at this lambda {c} to {c} leak, however the "
			"QPS falls.",
			check->told, reading->leaks_min, reading->leaks_max);
	}
	write_check(p, "growth", check, &text);
}

static void write_memory(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct incident_reading *reading = &c->reading;
	double stacks = reading->stack_bytes_min / STACK_BYTES_MIN;

	SAY(&text, ": {b} told; the stacks of {c} goroutines take at least {b} ({b} each).",
		c->told.memory_bytes, stacks, reading->stack_bytes_min, STACK_BYTES_MIN);
	write_check(p, "memory", &reading->memory, &text);
}

void model_text_checks(struct paragraph *p, const struct calculation *c)
{
	if (c->reading.fit == FIT_UNKNOWN)
		return;
	write_time(p, c);
	write_rest(p, c);
	write_decay(p, c);
	write_growth(p, c);
	write_memory(p, c);
}

// " One request in 21 to 25 leaks." `counted` may be NAN.
static void say_one_in(struct buf *text, double lambda, double counted)
{
	double few = round(1 / fmax(lambda, counted)), many = round(1 / fmin(lambda, counted));

	if (few < 2)
		return;
	SAY(text, " One request in {c}", few);
	if (many > few)
		SAY(text, " to {c}", many);
	buf_add_text(text, " leaks.");
}

static void write_lambda(struct paragraph *p, const struct calculation *c)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);
	const struct lambda_repair *repair = &c->reading.lambda;

	if (!repair->possible)
		return;
	SAY(&text, repair->factor > 1 ? "is {x} times too large" : "is {x} times too small",
		fmax(repair->factor, 1 / repair->factor));
	SAY(&text, ": with {n} the QPS is at {s} after {d}.", repair->lambda, c->reading.end_share,
		c->told.seconds);
	if (!isnan(repair->lambda_counted))
		SAY(&text, " Goroutines over requests, as told, give {n}.", repair->lambda_counted);
	say_one_in(&text, repair->lambda, repair->lambda_counted);
	paragraph_write(p, "1 lambda", MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
}

static void write_replicas(struct paragraph *p, const struct calculation *c)
{
	const struct replica_repair *repair = &c->reading.replicas;

	if (!repair->possible)
		return;
	if (repair->summed)
		LINE(p, "2 Q0",
			"is a sum over {n} replicas, {n} requests per second each, and goroutines "
			"and time are those of one process: then lambda, alpha and {d} agree, at "
			"{c} goroutines.",
			round(repair->replicas), c->told.q0 / round(repair->replicas),
			c->told.seconds, repair->goroutines);
	else
		LINE(p, "2 Q0",
			"is that of one of {n} replicas, and the goroutines are those of all: {n} "
			"requests per second together.",
			round(repair->replicas), c->told.q0 * round(repair->replicas));
}

static void write_dump(struct paragraph *p, const struct calculation *c)
{
	const struct backlog_repair *repair = &c->reading.backlog;
	cleanup(buf_release) struct buf command = BUF_INIT(128);

	if (isnan(repair->age_s)) {
		LINE(p, "",
			"Ages in a dump cannot decide: {d} are not much longer than a residence.",
			c->told.seconds);
		return;
	}
	LINE(p, "",
		"One dump decides. Goroutines older than {d}: {s} of them if it leaks, {s} if it "
		"is a backlog, and none where a timeout ends them.",
		repair->age_s, repair->older_in_leak, repair->older_in_backlog);
	buf_printf(&command, "parkwatch show --min-age %.0fm dump.txt", repair->age_s / 60);
	paragraph_write(p, "", MODEL_LABEL, INK_PLAIN, part_str(p->out, &command));
}

static void write_backlog(struct paragraph *p, const struct calculation *c)
{
	const struct backlog_repair *repair = &c->reading.backlog;

	if (!repair->possible)
		return;
	LINE(p, "3 mu > 0",
		"it is no leak but a backlog. By Little's law QPS {t} at lambda {t} holds {t} "
		"goroutines when each stays for {d} (mu {n} per second): a slow dependency or a "
		"timeout would do it. All is in balance after {d}.",
		c->told.qps, c->told.lambda, c->told.goroutines, repair->residence_s, repair->mu,
		repair->settled_s);
	write_dump(p, c);
}

void model_text_repairs(struct paragraph *p, const struct calculation *c)
{
	write_lambda(p, c);
	write_replicas(p, c);
	write_backlog(p, c);
}
