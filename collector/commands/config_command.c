// SPDX-License-Identifier: Apache-2.0
// `parkwatch config`: check a settings file, print the effective settings, print the schema.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/commands/command.h"
#include "collector/commands/help.h"

#include <errno.h>
#include <string.h>

#define OUTPUT_MAX MIB(16)

static int write_text(struct invocation *invocation, const struct buf *text)
{
	struct error error = {0};

	if (buf_failed(text)) {
		(void)error_set(&error, buf_failed(text), "print: %s", strerror(-buf_failed(text)));
		return command_fail(invocation, &error);
	}
	(void)fwrite(buf_text(text), 1, text->len, invocation->out);
	return EXIT_COMPLETE;
}

// The environment and flags are left out: it is the file that is asked about.
static int check_file(struct invocation *invocation, const char *path)
{
	struct settings settings;
	struct error error = {0};
	int r;

	if (!path)
		return command_usage(invocation, "config check needs a file: `parkwatch config "
						 "check FILE`, or --config FILE");
	r = settings_init(&settings, &error);
	if (r == 0)
		r = settings_load_file(&settings, path, &error);
	if (r == 0) {
		r = settings_check(&settings, &error);
		if (r < 0)
			error_wrap(&error, "%s", path);
	}
	settings_release(&settings);
	if (r < 0)
		return command_fail(invocation, &error);
	(void)fprintf(
		invocation->out, "%s: fine\n", strcmp(path, "-") == 0 ? "standard input" : path);
	return EXIT_COMPLETE;
}

static int print_settings(struct invocation *invocation)
{
	cleanup(buf_release) struct buf text = BUF_INIT(OUTPUT_MAX);

	settings_print(invocation->settings, &text);
	return write_text(invocation, &text);
}

// json_dumps() of jansson 2.14 drops a key when it has no memory, and reports success.
static int append(const char *data, size_t len, void *text)
{
	buf_append(text, data, len);
	return buf_failed(text);
}

static int print_schema(struct invocation *invocation)
{
	cleanup(buf_release) struct buf text = BUF_INIT(OUTPUT_MAX);
	json_t *schema = settings_schema();

	if (!schema || json_dump_callback(schema, append, &text, JSON_INDENT(2)) < 0)
		text.failed = text.failed ? text.failed : -ENOMEM;
	json_decref(schema);
	buf_add_byte(&text, '\n');
	return write_text(invocation, &text);
}

static int print_man_page(struct invocation *invocation)
{
	cleanup(buf_release) struct buf text = BUF_INIT(OUTPUT_MAX);

	help_man_page(&text);
	return write_text(invocation, &text);
}

static int config_main(struct invocation *invocation)
{
	const char *action = invocation->arguments[0], *file = invocation->arguments[1];

	if (strcmp(action, "check") == 0)
		return check_file(invocation, file ? file : invocation->config_path);
	if (file)
		return command_usage(invocation, "config %s takes no further argument", action);
	if (strcmp(action, "print") == 0)
		return print_settings(invocation);
	if (strcmp(action, "schema") == 0)
		return print_schema(invocation);
	if (strcmp(action, "man") == 0)
		return print_man_page(invocation);
	return command_usage(invocation,
		"config does not know \"%s\"; it knows check, print, schema and man", action);
}

static const char *const all_settings[] = {
	"collect.", "fetch.", "budget.", "redact.", "metrics.", "limits.", "http.", NULL};

const struct command config_command = {
	.name = "config",
	.usage = "check FILE|print|schema|man",
	.summary = "check a settings file, print the effective settings or their schema",
	.description =
		"check reads a settings file and names the first mistake by line and column. print "
		"shows every setting with its value and where that came from: a default, a line of "
		"the file, the environment or a flag. schema prints the JSON Schema of the file, "
		"for "
		"editors. man prints the man page.",
	.examples =
		"parkwatch config check parkwatch.yaml # is the file right?\n"
		"PARKWATCH_BUDGET_STOP=20ms parkwatch config print # what would be used, and why\n"
		"parkwatch config schema > parkwatch.schema.json # completion in editors\n",
	.settings = all_settings,
	.arguments_min = 1,
	.arguments_max = 2,
	.run = config_main,
};
