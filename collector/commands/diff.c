// SPDX-License-Identifier: Apache-2.0
// `parkwatch diff`: before and after.
#include "collector/commands/diff.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/command.h"
#include "collector/input/input_tell.h"

#include <errno.h>
#include <string.h>

#define OUTPUT_MAX MIB(256)

struct side {
	struct input input;
	struct report report;
	struct tell tell;
	struct counted_stack *counts;
	uint32_t count;
};

static int count_stacks(struct side *side, struct error *error)
{
	cleanup(free_pointer) struct tell_group *groups = NULL;
	size_t count = 0;

	if (tell_groups(&side->tell, &groups, &count) < 0)
		return error_no_memory(error, "the stacks");
	side->counts = calloc(count + 1, sizeof(*side->counts));
	if (!side->counts)
		return error_no_memory(error, "the stacks");
	for (size_t i = 0; i < count; i++)
		side->counts[i] = (struct counted_stack){
			.stack = groups[i].stack,
			.count = (int64_t)groups[i].count,
		};
	side->count = (uint32_t)count;
	return 0;
}

static int read_side(
	struct side *side, const struct invocation *invocation, int argument, struct error *error)
{
	const struct input_options options = {.damaged = option_switch(invocation, "damaged")};
	int r = input_read(&side->input, &invocation->arguments[argument], 1, &options, error);

	for (uint32_t i = 0; i < side->input.warning_count; i++)
		command_warn(invocation, "%s: %s", invocation->arguments[argument],
			side->input.warnings[i]);
	if (r == 0)
		r = input_tell(&side->input, &side->report, &side->tell, error);
	return r < 0 ? r : count_stacks(side, error);
}

static void release_side(struct side *side)
{
	free(side->counts);
	report_release(&side->report);
	input_release(&side->input);
}

// Several looks on both sides give rates; a single one gives counts only.
static bool has_rates(const struct side *side)
{
	return side->report.ticks > side->report.target_count;
}

static int compare(struct side sides[static 2], struct comparison *comparison, struct error *error)
{
	int r = compare_counts(sides[0].counts, sides[0].count, sides[1].counts, sides[1].count,
		comparison, error);

	if (r == 0 && has_rates(&sides[0]) && has_rates(&sides[1]))
		r = compare_reports(&sides[0].report, &sides[1].report, comparison, error);
	return r;
}

static int print(const struct invocation *invocation, const struct difference *difference)
{
	const char *format = option_text(invocation, "format");
	cleanup(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	struct error error = {0};
	int r = 0;

	if (strcmp(format, "json") == 0)
		diff_json(&out, difference);
	else if (strcmp(format, "junit") == 0)
		r = diff_junit(&out, difference);
	else
		diff_text(&out, difference, invocation->color, (uint32_t)invocation->columns);
	if (r == 0)
		r = buf_failed(&out);
	if (r < 0) {
		error_set(&error, r, "write the difference: %s", strerror(-r));
		return command_fail(invocation, &error);
	}
	(void)fwrite(buf_text(&out), 1, out.len, invocation->out);
	return diff_passes(difference) ? EXIT_COMPLETE : EXIT_FINDINGS;
}

static int run(const struct invocation *invocation, struct side sides[static 2],
	struct comparison *comparison)
{
	struct difference difference = {
		.comparison = comparison,
		.gated = option_given(invocation, "max-growth"),
		.max_growth = option_int(invocation, "max-growth"),
		.before = invocation->arguments[0],
		.after = invocation->arguments[1],
	};
	struct error error = {0};
	int r = read_side(&sides[0], invocation, 0, &error);

	if (r == 0)
		r = read_side(&sides[1], invocation, 1, &error);
	if (r == 0)
		r = compare(sides, comparison, &error);
	if (r < 0)
		return command_fail(invocation, &error);
	return print(invocation, &difference);
}

static int diff_main(struct invocation *invocation)
{
	struct side sides[2] = {{.input = INPUT_INIT}, {.input = INPUT_INIT}};
	struct comparison comparison = {0};
	int status;

	if (strcmp(invocation->arguments[0], "-") == 0 &&
		strcmp(invocation->arguments[1], "-") == 0)
		return command_usage(invocation, "only one of the two can be standard input");
	status = run(invocation, sides, &comparison);
	comparison_release(&comparison);
	release_side(&sides[0]);
	release_side(&sides[1]);
	return status;
}

static const struct command_option options[] = {
	{.name = "max-growth",
		.kind = OPTION_INT,
		.argument = "N",
		.min = -1e9,
		.max = 1e9,
		.help = "exit with status 4 when there are more than N goroutines more than "
			"before"},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.fallback = "text",
		.choices = "text|json|junit",
		.help = "how to print it"},
	{.name = "damaged",
		.kind = OPTION_SWITCH,
		.help = "read what is still right in a damaged bundle"},
	{.name = NULL},
};

const struct command diff_command = {
	.name = "diff",
	.usage = "BEFORE AFTER",
	.summary = "what is new, grown, better or fixed between two dumps or bundles",
	.description =
		"Compares the last look of BEFORE with the last look of AFTER, stack by stack. "
		"Stacks "
		"are joined without line numbers, so that a rebuilt program joins with its former "
		"self. Between two bundles (or several looks on each side) it also says of each "
		"finding whether it is fixed, better, the same, worse or new, by the intervals of "
		"their rates.\n"
		"\n"
		"Each of the two is whatever `parkwatch analyze` reads.",
	.examples = "parkwatch diff before.txt after.txt # two dumps\n"
		    "parkwatch diff --max-growth 5 before.txt after.txt # a gate for CI: exit "
		    "status 4\n"
		    "parkwatch diff --max-growth 5 --format junit a.txt b.txt > leaks.xml # for CI "
		    "to show\n"
		    "parkwatch diff monday.tar tuesday.tar # was the leak fixed?",
	.options = options,
	.arguments_min = 2,
	.arguments_max = 2,
	.run = diff_main,
};
