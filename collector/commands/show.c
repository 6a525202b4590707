// SPDX-License-Identifier: Apache-2.0
// `parkwatch show`: who sits where.
#include "collector/commands/show.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/command.h"

#include <errno.h>
#include <string.h>

#define IDS_MAX 1024
#define LABELS_MAX 16
#define OUTPUT_MAX MIB(256)

struct showing {
	const struct invocation *invocation;
	struct show show;
	struct input input;
	regex_t function, created_by;
	bool has_function, has_created_by;
	uint64_t ids[IDS_MAX];
	struct label labels[LABELS_MAX];
};

static int take_waits(struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	struct show_filter *filter = &showing->show.filter;
	struct str list = str_of(option_text(invocation, "wait"));

	while (list.len > 0) {
		struct str wait = str_trim(str_cut(&list, ','));

		if (wait.len == 0)
			continue;
		if (filter->wait_count == sizeof(filter->waits) / sizeof(filter->waits[0]))
			return command_usage(invocation, "--wait: more than %zu names",
				sizeof(filter->waits) / sizeof(filter->waits[0]));
		filter->waits[filter->wait_count++] = wait;
	}
	return 0;
}

static int take_ids(struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	struct show_filter *filter = &showing->show.filter;
	const struct option_value *at = NULL;
	const char *text;

	while ((text = option_list(invocation, "id", &at))) {
		struct str list = str_of(text);

		while (list.len > 0) {
			struct str id = str_trim(str_cut(&list, ','));

			if (filter->id_count == IDS_MAX)
				return command_usage(invocation, "--id: more than %d", IDS_MAX);
			if (!str_to_u64(id, UINT64_MAX, &showing->ids[filter->id_count]))
				return command_usage(invocation,
					"--id %s: \"%.*s\" is no number of a goroutine", text,
					STR_ARG(id));
			filter->id_count++;
		}
	}
	filter->ids = showing->ids;
	return 0;
}

static int take_labels(struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	struct show_filter *filter = &showing->show.filter;
	const struct option_value *at = NULL;
	const char *text;

	while ((text = option_list(invocation, "label", &at))) {
		struct label *label = &showing->labels[filter->label_count];
		struct str rest = str_of(text);

		if (filter->label_count == LABELS_MAX)
			return command_usage(invocation, "--label: more than %d", LABELS_MAX);
		if (!strchr(text, '='))
			return command_usage(invocation, "--label %s: is not KEY=VALUE", text);
		label->key = str_cut(&rest, '=');
		label->value = rest;
		filter->label_count++;
	}
	filter->labels = showing->labels;
	return 0;
}

// The pattern was compiled once when the command line was read, so that only memory can be missing.
static int take_pattern(struct showing *showing, const char *name, regex_t *pattern, bool *taken,
	const regex_t **ret_pattern)
{
	const char *text = option_text(showing->invocation, name);

	if (!text)
		return 0;
	if (regcomp(pattern, text, REG_EXTENDED | REG_NOSUB) != 0)
		return command_usage(
			showing->invocation, "--%s %s: cannot be compiled", name, text);
	*taken = true;
	*ret_pattern = pattern;
	return 0;
}

static enum group_by group_by_name(const char *name)
{
	return strcmp(name, "creator") == 0 ? GROUP_BY_CREATOR
	       : strcmp(name, "leaf") == 0  ? GROUP_BY_LEAF
	       : strcmp(name, "label") == 0 ? GROUP_BY_LABEL
					    : GROUP_BY_STACK;
}

static enum sort_by sort_by_name(const char *name)
{
	return strcmp(name, "growth") == 0 ? SORT_BY_GROWTH
	       : strcmp(name, "age") == 0  ? SORT_BY_AGE
					   : SORT_BY_COUNT;
}

static int take_filter(struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	struct show_filter *filter = &showing->show.filter;
	int r = take_waits(showing);

	if (r == 0)
		r = take_ids(showing);
	if (r == 0)
		r = take_labels(showing);
	if (r == 0)
		r = take_pattern(showing, "function", &showing->function, &showing->has_function,
			&filter->function);
	if (r == 0)
		r = take_pattern(showing, "created-by", &showing->created_by,
			&showing->has_created_by, &filter->created_by);
	filter->min_age_s = option_duration(invocation, "min-age");
	filter->user = option_switch(invocation, "user");
	showing->show.by = group_by_name(option_text(invocation, "group-by"));
	return r;
}

static int print(const struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	const char *format = option_text(invocation, "format");
	cleanup(buf_release) struct buf out = BUF_INIT(OUTPUT_MAX);
	uint32_t top = (uint32_t)option_int(invocation, "top");
	struct error error = {0};

	if (strcmp(format, "json") == 0)
		show_json(&out, &showing->show, top);
	else if (strcmp(format, "folded") == 0)
		show_folded(&out, &showing->show);
	else
		show_text(&out, &showing->show,
			&(struct show_style){
				.colour = invocation->color,
				.columns = (uint32_t)invocation->columns,
				.top = top,
			});
	if (buf_failed(&out) < 0) {
		error_set(&error, buf_failed(&out), "write the groups: %s",
			strerror(-buf_failed(&out)));
		return command_fail(invocation, &error);
	}
	(void)fwrite(buf_text(&out), 1, out.len, invocation->out);
	return EXIT_COMPLETE;
}

static int run(struct showing *showing)
{
	const struct invocation *invocation = showing->invocation;
	const struct input_options options = {
		.keep_snapshots = true,
		.damaged = option_switch(invocation, "damaged"),
	};
	struct error error = {0};
	int r = take_filter(showing);

	if (r != 0)
		return r;
	r = input_read(&showing->input, invocation->arguments, (size_t)invocation->argument_count,
		&options, &error);
	for (uint32_t i = 0; i < showing->input.warning_count; i++)
		command_warn(invocation, "%s", showing->input.warnings[i]);
	if (r == 0)
		r = show_input(&showing->show, &showing->input, &error);
	if (r < 0)
		return command_fail(invocation, &error);
	show_sort(&showing->show, sort_by_name(option_text(invocation, "sort")));
	return print(showing);
}

static int show_main(struct invocation *invocation)
{
	struct showing *showing = calloc(1, sizeof(*showing));
	struct error error = {0};
	int status;

	if (!showing) {
		error_no_memory(&error, "the filter");
		return command_fail(invocation, &error);
	}
	showing->invocation = invocation;
	status = run(showing);
	show_release(&showing->show);
	input_release(&showing->input);
	if (showing->has_function)
		regfree(&showing->function);
	if (showing->has_created_by)
		regfree(&showing->created_by);
	free(showing);
	return status;
}

static const struct command_option options[] = {
	{.name = "wait",
		.kind = OPTION_TEXT,
		.argument = "NAMES",
		.help = "only those waiting in one of these, as dumps say it: 'chan send,select'"},
	{.name = "function",
		.kind = OPTION_PATTERN,
		.argument = "REGEX",
		.help = "only those with such a function in their stack"},
	{.name = "created-by",
		.kind = OPTION_PATTERN,
		.argument = "REGEX",
		.help = "only those started by such a function"},
	{.name = "min-age",
		.kind = OPTION_DURATION,
		.argument = "DURATION",
		.help = "only those that have waited at least so long",
		.max = 1e9},
	{.name = "id",
		.kind = OPTION_TEXT,
		.argument = "N",
		.repeats = true,
		.help = "only these goroutines; several with commas"},
	{.name = "label",
		.kind = OPTION_TEXT,
		.argument = "KEY=VALUE",
		.repeats = true,
		.help = "only those with this profiler label"},
	{.name = "user",
		.kind = OPTION_SWITCH,
		.help = "own code only: leave out the standard library, and goroutines within it"},
	{.name = "group-by",
		.kind = OPTION_CHOICE,
		.argument = "WHAT",
		.fallback = "stack",
		.choices = "stack|creator|leaf|label",
		.help = "what makes one group"},
	{.name = "sort",
		.kind = OPTION_CHOICE,
		.argument = "BY",
		.fallback = "count",
		.choices = "count|growth|age",
		.help = "which groups come first"},
	{.name = "top",
		.kind = OPTION_INT,
		.argument = "N",
		.fallback = "20",
		.min = 1,
		.max = 1e6,
		.help = "how many groups to print"},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.fallback = "text",
		.choices = "text|json|folded",
		.help = "how to print them"},
	{.name = "damaged",
		.kind = OPTION_SWITCH,
		.help = "read what is still right in a damaged bundle"},
	{.name = NULL},
};

const struct command show_command = {
	.name = "show",
	.usage = "INPUT...",
	.summary = "who sits where: goroutines by stack, creator, function or label",
	.description =
		"Reads bundles, dumps, logs that hold dumps, profiles, observations.jsonl, or "
		"standard input (-), and prints the goroutines of each target's last look in "
		"groups. With several looks, growth is the difference to the first.\n"
		"\n"
		"--wait takes the names that dumps use, without minutes; \"chan receive\" means "
		"\"chan receive (nil chan)\" as well.",
	.examples =
		"parkwatch show dump.txt # all, the largest groups first\n"
		"parkwatch show --wait 'chan send,select' --min-age 5m bundle.tar # stuck ones\n"
		"parkwatch show --function 'net\\.\\(\\*conn\\)\\.Read' --user dump.txt # who "
		"reads, from which of my lines\n"
		"parkwatch show --format folded dump.txt | flamegraph.pl > stacks.svg # a flame "
		"graph",
	.options = options,
	.arguments_min = 1,
	.arguments_max = -1,
	.run = show_main,
};
