// SPDX-License-Identifier: Apache-2.0
// analyze: bundles, dumps, observations to findings, as text, JSON, HTML or folded stacks.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/command.h"
#include "collector/form/version.h"
#include "collector/input/input.h"
#include "collector/tell/findings_json.h"
#include "collector/tell/folded.h"
#include "collector/tell/html.h"
#include "collector/tell/summary.h"

#include <errno.h>
#include <string.h>

#define OUTPUT_MAX MIB(1024)

struct analysis {
	struct invocation *invocation;
	struct input input;
	struct report report;
	struct arena arena;
};

static int tell(struct analysis *analysis, struct buf *out, struct error *error)
{
	const struct invocation *invocation = analysis->invocation;
	struct input *input = &analysis->input;
	struct str format = str_of(option_text(invocation, "format"));
	const struct findings_context context = input_context(input);
	const struct summary_style style = {
		.colour = invocation->color, .columns = (uint32_t)invocation->columns};
	const struct tell told = {
		.report = &analysis->report,
		.stacks = input->stacks,
		.last = tell_last(&analysis->report, input->observations, input->observation_count,
			&analysis->arena),
		.artifacts = input->evidence,
		.artifact_count = (uint32_t)input->evidence_count,
		.version = parkwatch_version(),
	};

	if (!told.last)
		return error_no_memory(error, "the report");
	if (str_equal(format, STR("json")))
		return findings_json(&analysis->report, &context, out, error);
	if (str_equal(format, STR("html")))
		html_write(out, &told);
	else if (str_equal(format, STR("folded")))
		folded_write(out, &told);
	else
		summary_write(out, &told, &style);
	return buf_failed(out) ? error_set(error, buf_failed(out), "write the report: %s",
					 strerror(-buf_failed(out)))
			       : 0;
}

static int read_input(struct analysis *analysis, struct error *error)
{
	const struct invocation *invocation = analysis->invocation;
	const struct judge_parameters judge = {
		.memory_limit_bytes = (double)invocation->settings->limits.memory_bytes,
		.goroutine_limit = (double)invocation->settings->limits.goroutines,
	};
	const struct input_options options = {
		.interval_s = option_duration(invocation, "interval"),
		.damaged = option_switch(invocation, "damaged"),
		.judge = &judge,
	};
	int r = input_read(&analysis->input, invocation->arguments,
		(size_t)invocation->argument_count, &options, error);

	for (uint32_t i = 0; i < analysis->input.warning_count; i++)
		command_warn(invocation, "%s", analysis->input.warnings[i]);
	return r < 0 ? r : input_report(&analysis->input, &analysis->report, error);
}

static int run(struct analysis *analysis)
{
	struct invocation *invocation = analysis->invocation;
	cleanup(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	struct error error = {0};
	int r = read_input(analysis, &error);

	if (r == 0)
		r = tell(analysis, &out, &error);
	if (r < 0)
		return command_fail(invocation, &error);
	(void)fwrite(out.data, 1, out.len, invocation->out);
	return command_finds(invocation, &analysis->report) ? EXIT_FINDINGS : EXIT_COMPLETE;
}

static int analyze_main(struct invocation *invocation)
{
	struct analysis analysis = {
		.invocation = invocation, .input = INPUT_INIT, .arena = ARENA_INIT(MIB(64))};
	int status = run(&analysis);

	report_release(&analysis.report);
	input_release(&analysis.input);
	arena_release(&analysis.arena);
	return status;
}

static const struct command_option options[] = {
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.fallback = "text",
		.choices = "text|json|html|folded",
		.help = "text for people, findings.json, one HTML file, or stacks for flame graph "
			"tools"},
	{.name = "interval",
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.fallback = "0s",
		.max = 1e8,
		.help = "time from one dump to the next, when neither their names nor timestamps "
			"in them tell"},
	{.name = "damaged",
		.kind = OPTION_SWITCH,
		.help = "read what is left of a bundle that does not verify"},
	{.name = NULL},
};

static const char *const settings[] = {
	"collect.fail_on", "limits.memory", "limits.goroutines", NULL};

const struct command analyze_command = {
	.name = "analyze",
	.usage = "INPUT...",
	.summary = "say what leaks, from bundles, dumps or observations",
	.description =
		"Runs the same engine as collect on a bundle, on goroutine dumps, profiles or logs "
		"in time order, on a folder of them, on observations.jsonl, or on standard input "
		"(-); any of it may be gzip. A bundle is verified first, and gives its own "
		"findings again, number for number.\n"
		"\n"
		"One dump gives groups, causes and a first rate; several give growth. The time "
		"between dumps comes from timestamps in them, from names like 20261121T031551Z, or "
		"from the files' modification times; --interval overrides all of these.",
	.examples =
		"parkwatch analyze bundle.tar # the answer again\n"
		"kubectl logs pod/gateway --previous | parkwatch analyze - # a crash dump\n"
		"parkwatch analyze --interval 30s 1.txt 2.txt 3.txt # dumps in time order\n"
		"parkwatch analyze --format json bundle.tar | jq '.findings[].site' # the sites",
	.options = options,
	.settings = settings,
	.arguments_min = 1,
	.arguments_max = -1,
	.run = analyze_main,
};
