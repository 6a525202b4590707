// SPDX-License-Identifier: Apache-2.0
// `parkwatch model`: the calculator for the laws of growth and decay.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/command.h"
#include "collector/commands/model.h"

#include <string.h>

#define OUTPUT_MAX MIB(4)

static double size_or_nan(const struct invocation *invocation, const char *name)
{
	return option_given(invocation, name) ? (double)option_size(invocation, name) : NAN;
}

static struct incident read_told(const struct invocation *invocation)
{
	double mu = option_number(invocation, "mu");

	return (struct incident){
		.lambda = option_number(invocation, "lambda"),
		.alpha = option_number(invocation, "alpha"),
		.q0 = option_number(invocation, "q0"),
		.mu = isnan(mu) ? 0 : mu,
		.qps = option_number(invocation, "qps"),
		.goroutines = option_number(invocation, "goroutines"),
		.seconds = 60 * option_number(invocation, "minutes"),
		.memory_bytes = size_or_nan(invocation, "memory"),
	};
}

static struct what_if read_asked(const struct invocation *invocation)
{
	return (struct what_if){
		.share = option_number(invocation, "share"),
		.limit_goroutines = option_number(invocation, "goroutine-limit"),
		.limit_bytes = size_or_nan(invocation, "limit"),
		.goroutine_bytes = size_or_nan(invocation, "goroutine-bytes"),
		.fixed_lambda = option_number(invocation, "fixed-lambda"),
	};
}

bool model_missing(const struct calculation *c, size_t index, struct missing_figure *ret)
{
	const struct {
		double value;
		struct missing_figure figure;
	} figures[] = {
		{c->told.lambda, {"--lambda", "how fast it gathers, and until when"}},
		{c->told.alpha, {"--alpha", "when the QPS has fallen how far"}},
		{c->told.q0, {"--q0", "times, and what share of the QPS is left"}},
		{c->told.qps, {"--qps", "what share was left; whether the figures fit"}},
		{c->told.goroutines, {"--goroutines", "leak per request; whether the figures fit"}},
		{c->told.seconds, {"--minutes", "the state then; whether the figures fit"}},
		{c->told.memory_bytes, {"--memory", "bytes per goroutine; whether so many fit"}},
	};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		if (!isnan(figures[i].value) || index-- > 0)
			continue;
		*ret = figures[i].figure;
		return true;
	}
	return false;
}

struct leak_point model_row(const struct calculation *c, uint32_t row)
{
	return leak_after(&c->reading.law, c->horizon_s * row / c->rows);
}

// What single values cannot show: figures that speak against each other before any law does.
static int check_told(const struct invocation *invocation, const struct calculation *c)
{
	const char *qps = option_text(invocation, "qps"), *q0 = option_text(invocation, "q0");

	if (c->told.qps >= c->told.q0)
		return command_usage(invocation,
			"--qps %s is not below --q0 %s: the law is about throughput that falls",
			qps, q0);
	if (c->asked.fixed_lambda > c->told.lambda)
		return command_usage(invocation,
			"--fixed-lambda %s is above --lambda %s: a fix leaks less",
			option_text(invocation, "fixed-lambda"), option_text(invocation, "lambda"));
	if (option_given(invocation, "fixed-lambda") && option_given(invocation, "fix-share"))
		return command_usage(invocation,
			"--fixed-lambda and --fix-share say the same: give one of them");
	if (option_given(invocation, "goroutine-bytes") && !option_given(invocation, "limit"))
		return command_usage(
			invocation, "--goroutine-bytes says how many fit into --limit: give both");
	return EXIT_COMPLETE;
}

static bool is_told(const struct incident *told)
{
	const double figures[] = {told->lambda, told->alpha, told->q0, told->qps, told->goroutines,
		told->seconds, told->memory_bytes};

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		if (!isnan(figures[i]))
			return true;
	return told->mu > 0;
}

static void calculate(const struct invocation *invocation, struct calculation *c)
{
	double mended = option_number(invocation, "fix-share");

	incident_read(&c->told, c->tolerance, &c->reading);
	if (!isnan(mended))
		c->asked.fixed_lambda = c->reading.law.lambda * (1 - mended);
	what_if(&c->told, &c->reading, &c->asked, &c->answers);
	c->horizon_s = what_if_horizon_s(&c->told, &c->reading, &c->answers);
	c->rows = (uint32_t)option_int(invocation, "table");
}

static int print(const struct invocation *invocation, const struct calculation *c)
{
	cleanup(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	struct error error = {0};

	if (strcmp(option_text(invocation, "format"), "json") == 0)
		model_json(&out, c);
	else
		model_text(&out, c, invocation->color, (uint32_t)invocation->columns);
	if (buf_failed(&out) < 0) {
		(void)error_set(&error, buf_failed(&out), "write the calculation: %s",
			strerror(-buf_failed(&out)));
		return command_fail(invocation, &error);
	}
	(void)fwrite(buf_text(&out), 1, out.len, invocation->out);
	return EXIT_COMPLETE;
}

static int model_main(struct invocation *invocation)
{
	struct calculation c = {
		.told = read_told(invocation),
		.tolerance = option_number(invocation, "tolerance"),
		.asked = read_asked(invocation),
		.fix_asked = option_given(invocation, "fixed-lambda") ||
			     option_given(invocation, "fix-share"),
	};
	int status;

	if (!is_told(&c.told))
		return command_usage(invocation,
			"model needs figures: --lambda, --alpha and --q0 for what will be, --qps, "
			"--goroutines and --minutes for what was");
	status = check_told(invocation, &c);
	if (status != EXIT_COMPLETE)
		return status;
	calculate(invocation, &c);
	return print(invocation, &c);
}

static const struct command_option options[] = {
	{.name = "lambda",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.min = 1e-12,
		.max = 1e6,
		.help = "leaked goroutines per request"},
	{.name = "alpha",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.max = 1,
		.help = "share of the throughput that one leaked goroutine costs"},
	{.name = "q0",
		.kind = OPTION_NUMBER,
		.argument = "QPS",
		.min = 1e-6,
		.max = 1e9,
		.help = "requests per second without a leak, of one process"},
	{.name = "mu",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.max = 1e6,
		.help = "share of the leaked goroutines that ends, per second"},
	{.name = "qps",
		.kind = OPTION_NUMBER,
		.argument = "QPS",
		.min = 1e-6,
		.max = 1e9,
		.help = "requests per second at the end, as told"},
	{.name = "goroutines",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.min = 1,
		.max = 1e12,
		.help = "leaked goroutines at the end, as told"},
	{.name = "minutes",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.min = 1e-6,
		.max = 5259600,
		.help = "from the beginning to that end"},
	{.name = "memory",
		.kind = OPTION_SIZE,
		.argument = "SIZE",
		.min = 1,
		.help = "memory that those goroutines took: 4.2GB, 4Gi"},
	{.name = "share",
		.kind = OPTION_SHARE,
		.argument = "SHARE",
		.min = 1e-6,
		.max = 1,
		.help = "when has the QPS fallen to this share of Q0?"},
	{.name = "goroutine-limit",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.min = 1,
		.max = 1e12,
		.help = "when have so many leaked?"},
	{.name = "limit",
		.kind = OPTION_SIZE,
		.argument = "SIZE",
		.min = 1,
		.help = "when do the leaked take so much memory?"},
	{.name = "goroutine-bytes",
		.kind = OPTION_SIZE,
		.argument = "SIZE",
		.min = 2048,
		.help = "memory of one goroutine, for --limit; else --memory over --goroutines, "
			"else 2Ki"},
	{.name = "fixed-lambda",
		.kind = OPTION_NUMBER,
		.argument = "N",
		.max = 1e6,
		.help = "what changes with a fix that leaves this lambda?"},
	{.name = "fix-share",
		.kind = OPTION_SHARE,
		.argument = "SHARE",
		.max = 1,
		.help = "what changes with a fix of this share of the leaks?"},
	{.name = "table",
		.kind = OPTION_INT,
		.argument = "N",
		.bare = "10",
		.min = 1,
		.max = 1000,
		.help = "print the decay in N steps of time, 10 when not said"},
	{.name = "tolerance",
		.kind = OPTION_SHARE,
		.argument = "SHARE",
		.fallback = "10%",
		.min = 0,
		.max = 1,
		.help = "how far off is still consistent"},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.fallback = "text",
		.choices = "text|json",
		.help = "how to print it"},
	{.name = NULL},
};

const struct command model_command = {
	.name = "model",
	.usage = "",
	.summary = "the calculator: do an incident's figures fit together, and what if",
	.description =
		"Calculates with the law of leaks and throughput: dG/dt = lambda Q - mu G, Q = Q0 "
		"e^(-alpha G). G are the leaked goroutines, Q the requests per second.\n"
		"\n"
		"Give the figures that you have. With those of an incident's end (--qps, "
		"--goroutines, --minutes) it says whether they agree with lambda, alpha and Q0, "
		"and what would repair them. It names what is missing.",
	.examples =
		"parkwatch model --lambda 1.2 --alpha 8.3e-6 --q0 12000 --goroutines 180000 "
		"--qps 2040 --minutes 17 # do the figures of this incident fit together?\n"
		"parkwatch model --lambda 0.04 --alpha 8.3e-6 --q0 480 --share 50% --table # when "
		"is half of the throughput gone?\n"
		"parkwatch model --lambda 0.04 --q0 480 --limit 512Mi --goroutine-bytes 8Ki # when "
		"is the memory full?\n"
		"parkwatch model --lambda 0.04 --alpha 8.3e-6 --q0 480 --mu 0.001 # where does it "
		"settle when leaked goroutines end after 1,000 s?\n"
		"parkwatch model --lambda 0.04 --alpha 8.3e-6 --q0 480 --fix-share 90% # how much "
		"longer with nine of ten leaks mended?\n",
	.options = options,
	.arguments_max = 0,
	.run = model_main,
};
