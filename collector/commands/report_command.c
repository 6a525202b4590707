// SPDX-License-Identifier: Apache-2.0
// `parkwatch report`: the page, the summary or a postmortem of what was collected.
#include "base/cleanup.h"
#include "base/file.h"
#include "collector/commands/command.h"
#include "collector/input/input_tell.h"
#include "collector/tell/html.h"
#include "collector/tell/postmortem.h"
#include "collector/tell/summary.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum form { FORM_HTML, FORM_TEXT, FORM_MARKDOWN };

static enum form form_of(const struct invocation *invocation)
{
	const char *format = option_text(invocation, "format");

	if (!format)
		return option_given(invocation, "template") ? FORM_MARKDOWN : FORM_HTML;
	return strcmp(format, "text") == 0   ? FORM_TEXT
	       : strcmp(format, "html") == 0 ? FORM_HTML
					     : FORM_MARKDOWN;
}

static const char *output_of(const struct invocation *invocation)
{
	const char *output = option_text(invocation, "output");

	return output ? output : "-";
}

static void write_form(
	struct buf *out, const struct invocation *invocation, const struct tell *tell)
{
	bool to_stdout = strcmp(output_of(invocation), "-") == 0;

	switch (form_of(invocation)) {
	case FORM_HTML:
		html_write(out, tell);
		break;
	case FORM_TEXT:
		summary_write(out, tell,
			&(struct summary_style){
				.colour = to_stdout && invocation->color,
				.columns = to_stdout ? (uint32_t)invocation->columns : 0,
			});
		break;
	case FORM_MARKDOWN:
		postmortem_write(out, tell,
			&(struct source_links){
				.url = option_text(invocation, "source-url"),
				.root = option_text(invocation, "source-root"),
			});
		break;
	}
}

// Evidence is not overwritten by what is told about it.
static int spare_inputs(const struct invocation *invocation, struct error *error)
{
	const char *output = output_of(invocation);
	struct stat out, in;

	if (strcmp(output, "-") == 0 || stat(output, &out) < 0)
		return 0;
	for (int i = 0; i < invocation->argument_count; i++) {
		if (stat(invocation->arguments[i], &in) == 0 && in.st_dev == out.st_dev &&
			in.st_ino == out.st_ino)
			return error_set(error, -EEXIST,
				"write the report: %s is what it is made from; give -o another "
				"name",
				output);
	}
	return 0;
}

static int save(const struct buf *out, const char *path, struct error *error)
{
	cleanup(file_discard) struct file file = FILE_INIT;
	int r = file_create(&file, path, 0600, error);

	if (r == 0)
		r = file_write(&file, buf_text(out), out->len, error);
	return r < 0 ? r : file_commit(&file, error);
}

static int put(const struct buf *out, const struct invocation *invocation, struct error *error)
{
	const char *output = output_of(invocation);

	if (buf_failed(out) < 0)
		return error_set(
			error, buf_failed(out), "write the report: %s", strerror(-buf_failed(out)));
	if (strcmp(output, "-") != 0)
		return save(out, output, error);
	(void)fwrite(buf_text(out), 1, out->len, invocation->out);
	return 0;
}

static int tell_input(const struct invocation *invocation, struct input *input,
	struct report *report, struct error *error)
{
	const struct input_options options = {.damaged = option_switch(invocation, "damaged")};
	cleanup(buf_release) struct buf out = BUF_INIT(HTML_REPORT_MAX);
	struct tell tell;
	int r = input_read(
		input, invocation->arguments, (size_t)invocation->argument_count, &options, error);

	for (uint32_t i = 0; i < input->warning_count; i++)
		command_warn(invocation, "%s", input->warnings[i]);
	if (r == 0)
		r = input_tell(input, report, &tell, error);
	if (r < 0)
		return r;
	write_form(&out, invocation, &tell);
	return put(&out, invocation, error);
}

static int report_main(struct invocation *invocation)
{
	const char *source_url = option_text(invocation, "source-url");
	struct input input = INPUT_INIT;
	struct report report = {0};
	struct error error = {0};
	int r;

	if (form_of(invocation) == FORM_HTML && strcmp(output_of(invocation), "-") == 0 &&
		invocation->out_is_terminal)
		return command_usage(invocation, "a page is no text for a terminal; write \"-o "
						 "report.html\", or --format text");
	if ((source_url && source_url_check(source_url, &error) < 0) ||
		spare_inputs(invocation, &error) < 0)
		return command_fail(invocation, &error);
	r = tell_input(invocation, &input, &report, &error);
	report_release(&report);
	input_release(&input);
	return r < 0 ? command_fail(invocation, &error) : EXIT_COMPLETE;
}

static const struct command_option options[] = {
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.choices = "html|text|markdown",
		.help = "html unless --template says otherwise"},
	{.name = "template",
		.kind = OPTION_CHOICE,
		.argument = "NAME",
		.choices = "postmortem",
		.help = "a document to fill in, as Markdown: impact, timeline, site, evidence, "
			"cause, "
			"fix, before and after"},
	{.name = "source-url",
		.kind = OPTION_TEXT,
		.argument = "URL",
		.help = "links to the source, e.g. https://host/blob/main/{file}#L{line}"},
	{.name = "source-root",
		.kind = OPTION_TEXT,
		.argument = "PATH",
		.help = "leading part of the paths in stacks that is left out of {file}"},
	{.name = "output",
		.letter = 'o',
		.kind = OPTION_TEXT,
		.argument = "FILE",
		.help = "write there instead of standard output"},
	{.name = "damaged",
		.kind = OPTION_SWITCH,
		.help = "read what is still right in a damaged bundle"},
	{.name = NULL},
};

const struct command report_command = {
	.name = "report",
	.usage = "BUNDLE...",
	.summary = "a page, a summary or a postmortem of what was collected",
	.description =
		"Reads what `parkwatch analyze` reads, and tells it for people. The page is one "
		"file that needs nothing else: it can be mailed, printed, and read on a phone.",
	.examples =
		"parkwatch report -o report.html bundle.tar # the page\n"
		"parkwatch report --template postmortem bundle.tar > postmortem.md # to fill in\n"
		"parkwatch report --template postmortem "
		"--source-url 'https://host/blob/main/{file}#L{line}' bundle.tar # with links",
	.options = options,
	.arguments_min = 1,
	.arguments_max = -1,
	.run = report_main,
};
