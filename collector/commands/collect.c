// SPDX-License-Identifier: Apache-2.0
// `parkwatch collect`: one bundle now, and what it says on the terminal.
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/collection/collection.h"
#include "collector/collection/collection_tell.h"
#include "collector/commands/command.h"
#include "collector/commands/progress.h"
#include "collector/form/version.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define PROGRESS_TEXT_MAX KIB(4)
#define PATH_TEXT_MAX KIB(8)
#define NOTES_MAX 40

struct collecting {
	struct invocation *invocation;
	struct target *targets;
	size_t target_count;
	struct buf output; // path of the bundle, or "-"
	struct bundle *bundle;
	struct collection_plan plan;
	struct collection collection;
	struct told told;
	struct bundle_result result;
	uint32_t notes;
};

static int add_target(struct collecting *collecting, const char *text, const char *metrics,
	const char *name, struct error *error)
{
	const char *fallback = collecting->invocation->settings->metrics.url;
	struct target *target = &collecting->targets[collecting->target_count];
	int r;

	r = target_parse(target, text, metrics[0] ? metrics : fallback, name, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < collecting->target_count; i++) {
		if (!target_same(&collecting->targets[i], target))
			continue;
		command_warn(collecting->invocation, "%s is named twice; it is asked once",
			target->name);
		target_release(target);
		return 0;
	}
	collecting->target_count++;
	return 0;
}

// Addresses on the command line, or else those of the settings.
static int find_targets(struct collecting *collecting, struct error *error)
{
	const struct invocation *invocation = collecting->invocation;
	const struct settings *settings = invocation->settings;
	bool given = invocation->argument_count > 0;
	size_t count = given ? (size_t)invocation->argument_count : settings->targets.count;
	int r = 0;

	if (count == 0)
		return error_set(
			error, -EINVAL, "no target; name one, for example http://localhost:6060");
	if (count > LIMIT_TARGETS_COUNT)
		return error_set(error, -EINVAL, "%zu targets are more than the %d that are taken",
			count, LIMIT_TARGETS_COUNT);
	collecting->targets = calloc(count, sizeof(*collecting->targets));
	if (!collecting->targets)
		return error_no_memory(error, "the targets");
	for (size_t i = 0; i < count && r == 0; i++) {
		if (given)
			r = add_target(collecting, invocation->arguments[i], "", "", error);
		else
			r = add_target(collecting, settings->targets.items[i].url,
				settings->targets.items[i].metrics, settings->targets.items[i].name,
				error);
	}
	return r;
}

static bool is_folder(const char *path)
{
	struct stat facts;

	return str_ends(str_of(path), STR("/")) ||
	       (stat(path, &facts) == 0 && S_ISDIR(facts.st_mode));
}

static void add_own_name(struct collecting *collecting)
{
	char when[CLOCK_TEXT_MAX];

	clock_format_compact(clock_wall_ms(), when);
	if (collecting->target_count == 1)
		buf_printf(&collecting->output, "parkwatch-%s-%s.tar", collecting->targets[0].pod,
			when);
	else
		buf_printf(&collecting->output, "parkwatch-%zu-targets-%s.tar",
			collecting->target_count, when);
}

static int name_output(struct collecting *collecting, struct error *error)
{
	const char *asked = collecting->invocation->settings->collect.output;
	struct buf *output = &collecting->output;

	if (strcmp(asked, "-") == 0 && collecting->invocation->out_is_terminal)
		return error_set(error, -EINVAL,
			"a bundle is no text for a terminal; write \"-o FILE\", or redirect the "
			"output");
	buf_add_text(output, asked);
	if (!asked[0]) {
		add_own_name(collecting);
	} else if (strcmp(asked, "-") != 0 && is_folder(asked)) {
		if (!str_ends(buf_str(output), STR("/")))
			buf_add_byte(output, '/');
		add_own_name(collecting);
	}
	return buf_failed(output) < 0 ? error_no_memory(error, "the name of the bundle") : 0;
}

static void on_note(void *context, const struct target *target, const char *text)
{
	struct collecting *collecting = context;

	collecting->notes++;
	if (collecting->notes > NOTES_MAX)
		return;
	command_progress(collecting->invocation, NULL);
	command_warn(collecting->invocation, "%s: %s", target->name, text);
	if (collecting->notes == NOTES_MAX)
		command_warn(
			collecting->invocation, "further messages stand in errors.jsonl alone");
}

static int on_signal(void *context)
{
	struct collecting *collecting = context;

	return invocation_signal(collecting->invocation);
}

static void on_progress(void *context, const struct collection *collection)
{
	struct collecting *collecting = context;
	cleanup(buf_release) struct buf line = BUF_INIT(PROGRESS_TEXT_MAX);

	progress_write(&line, collection, clock_mono_ms());
	command_progress(collecting->invocation, "%s", buf_text(&line));
}

// The first signal ends the collection and keeps what is complete; from here on another one ends
// the program at once, whatever it does.
static void let_signals_kill(void)
{
	const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction action = {.sa_handler = SIG_DFL};

		(void)sigaction(numbers[i], &action, NULL);
		sigaddset(&set, numbers[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int gather(struct collecting *collecting, struct error *error)
{
	struct collection *collection = &collecting->collection;
	const struct collection_watch watch = {
		.signal_fd = collecting->invocation->signal_fd,
		.signal = on_signal,
		.progress = collecting->invocation->err_is_terminal ? on_progress : NULL,
		.context = collecting,
	};
	int r;

	collecting->plan = (struct collection_plan){
		.settings = collecting->invocation->settings,
		.targets = collecting->targets,
		.target_count = collecting->target_count,
		.bundle = collecting->bundle,
		.tool = "parkwatch " PARKWATCH_VERSION,
		.note = on_note,
		.note_context = collecting,
	};
	r = collection_start(collection, &collecting->plan, error);
	if (r == 0)
		r = collection_run(collection, &watch, error);
	command_progress(collecting->invocation, NULL);
	if (r == 0 && collection->signal > 0)
		let_signals_kill();
	if (r == 0)
		r = collection_close(collection, error);
	if (r == 0)
		r = collection_tell(collection, parkwatch_version(), &collecting->told, error);
	if (r == 0)
		r = bundle_finish(
			collecting->bundle, collecting->told.head, &collecting->result, error);
	return r;
}

static void summarise(const struct collecting *collecting)
{
	const struct invocation *invocation = collecting->invocation;
	cleanup(buf_release) struct buf text = BUF_INIT(MIB(4));
	bool to_out = strcmp(buf_text(&collecting->output), "-") != 0;
	struct summary_style style = {
		.colour = to_out && invocation->color,
		.columns = (uint32_t)invocation->columns,
	};

	summary_write(&text, &collecting->told.tell, &style);
	if (buf_failed(&text))
		command_warn(invocation, "no summary: %s; report.txt in the bundle has it",
			strerror(-buf_failed(&text)));
	else
		(void)fwrite(text.data, 1, text.len, to_out ? invocation->out : invocation->err);
}

static void tell_bundle(const struct collecting *collecting)
{
	const struct collection *collection = &collecting->collection;
	const char *path = buf_text(&collecting->output);
	char size[CLOCK_TEXT_MAX];

	size_format(collecting->result.size, size);
	fprintf(collecting->invocation->err, "%s: %s (%llu bytes), sha256 %s\n",
		strcmp(path, "-") == 0 ? "bundle on standard output" : path, size,
		(unsigned long long)collecting->result.size, collecting->result.sha256);
	if (collection->error_count > 0)
		fprintf(collecting->invocation->err,
			"%u %s not collected: errors.jsonl in the bundle says which and why\n",
			collection->error_count,
			collection->error_count == 1 ? "item was" : "items were");
}

static int status_of(const struct collecting *collecting)
{
	const struct collection *collection = &collecting->collection;

	if (collection->signal > 0)
		return EXIT_SIGNAL + collection->signal;
	if (collection->artifact_count == 0)
		return EXIT_NOTHING;
	if (command_finds(collecting->invocation, &collecting->told.report))
		return EXIT_FINDINGS;
	return collection->error_count > 0 ? EXIT_PARTIAL : EXIT_COMPLETE;
}

static int collect(struct collecting *collecting, struct error *error)
{
	int r;

	r = find_targets(collecting, error);
	if (r == 0)
		r = name_output(collecting, error);
	if (r == 0)
		r = bundle_create(
			&collecting->bundle, buf_text(&collecting->output), clock_wall_ms(), error);
	if (r == 0)
		r = gather(collecting, error);
	if (r < 0)
		return command_fail(collecting->invocation, error);
	if (collecting->collection.artifact_count > 0)
		summarise(collecting);
	else
		command_warn(collecting->invocation, "nothing collected");
	tell_bundle(collecting);
	return status_of(collecting);
}

static void collecting_release(struct collecting *collecting)
{
	told_release(&collecting->told);
	collection_release(&collecting->collection);
	bundle_free(&collecting->bundle);
	buf_release(&collecting->output);
	for (size_t i = 0; i < collecting->target_count; i++)
		target_release(&collecting->targets[i]);
	free(collecting->targets);
}

static int collect_main(struct invocation *invocation)
{
	struct collecting collecting = {
		.invocation = invocation,
		.output = BUF_INIT(PATH_TEXT_MAX),
		.collection = COLLECTION_INIT,
	};
	struct error error = {0};
	int status;

	if (option_given(invocation, "namespace") || option_given(invocation, "selector") ||
		option_switch(invocation, "all-namespaces"))
		return command_usage(invocation,
			"-n, -l and -A choose pods through the Kubernetes API, which is not asked "
			"yet; "
			"run \"kubectl port-forward POD 6060\" and collect http://localhost:6060");
	status = collect(&collecting, &error);
	collecting_release(&collecting);
	return status;
}

static const struct command_option collect_options[] = {
	{.name = "namespace",
		.letter = 'n',
		.kind = OPTION_TEXT,
		.argument = "NAMESPACE",
		.help = "namespace of the pods"},
	{.name = "selector",
		.letter = 'l',
		.kind = OPTION_TEXT,
		.argument = "SELECTOR",
		.help = "labels of the pods"},
	{.name = "all-namespaces",
		.letter = 'A',
		.kind = OPTION_SWITCH,
		.help = "pods of all namespaces"},
	{.name = NULL},
};

static const char *const collect_settings[] = {
	"collect.",
	"fetch.",
	"budget.",
	"redact.",
	"metrics.",
	"limits.",
	"http.",
	NULL,
};

const struct command collect_command = {
	.name = "collect",
	.usage = "[TARGET...]",
	.summary = "take snapshots of Go processes into one bundle, and say what leaks",
	.description = "Asks each TARGET, http[s]://HOST:PORT[/debug/pprof], for its goroutines, "
		       "block and "
		       "mutex profiles and metrics, some seconds apart, and writes one bundle: the "
		       "evidence, "
		       "what it says (report.html, findings.json), and what is missing and why "
		       "(errors.jsonl).\n\n"
		       "Goroutines are taken with their IDs while that stops the program for no "
		       "longer than "
		       "the budget allows. Above it the interval stretches, up to six times or a "
		       "minute, and "
		       "then counts by stack are taken; --deep takes the IDs all the same.\n\n"
		       "A pod is reached by \"kubectl port-forward POD 6060\".",
	.examples = "parkwatch collect http://localhost:6060 # three snapshots, ten seconds apart\n"
		    "parkwatch collect --snapshots 12 --interval 5s localhost:6060 # a minute: a "
		    "better "
		    "answer\n"
		    "parkwatch collect -o - http://10.0.0.7:6060 > bundle.tar # over a pipe\n",
	.options = collect_options,
	.settings = collect_settings,
	.arguments_min = 0,
	.arguments_max = -1,
	.catches_signals = true,
	.run = collect_main,
};
