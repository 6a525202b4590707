// SPDX-License-Identifier: Apache-2.0
// The program: prepares the process, parses the command line, gathers the settings, runs a command.
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "collector/commands/command_line.h"
#include "collector/commands/help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#define HELP_MAX MIB(1)
#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST 20

// What was got for one run; in this order it is released.
struct program {
	struct arena arena;
	struct command_line line;
	struct settings settings;
	struct invocation invocation;
};

// A closed standard descriptor would be given to the next file that is opened, which then takes
// every message. It is opened the wrong way round, so that using it is an error and not silence.
static bool open_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

// Bundles, tokens and dumps in memory are secrets: no core files, no reading by other processes of
// the same user. A reader that goes away is an error of write(), not the end.
static void protect_process(void)
{
	const struct rlimit no_core = {0};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int terminal_columns(void)
{
	struct winsize size;
	const char *text = getenv("COLUMNS");
	uint64_t columns;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_LEAST)
		return size.ws_col;
	if (text && str_to_u64(str_of(text), 10000, &columns) && columns >= COLUMNS_LEAST)
		return (int)columns;
	return COLUMNS_DEFAULT;
}

static bool use_color(const struct settings *settings, bool is_terminal)
{
	const char *terminal = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (settings->output.color != COLOR_AUTO)
		return settings->output.color == COLOR_ALWAYS;
	return is_terminal && !(no_color && no_color[0]) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

static int catch_signals(struct error *error)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(error, -errno, "block signals: %s", strerror(errno));
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return error_set(error, -errno, "catch signals: %s", strerror(errno));
	return fd;
}

static int apply_flags(struct program *program, struct error *error)
{
	for (const struct given_setting *given = program->line.settings; given;
		given = given->next) {
		struct setting_origin origin = {.kind = ORIGIN_FLAG, .place = given->flag};
		int r = settings_set(
			&program->settings, given->row, str_of(given->text), origin, error);

		if (r < 0)
			return r;
	}
	return 0;
}

static void tell_warnings(const struct invocation *invocation, struct str text)
{
	struct str line;

	while (str_next_line(&text, &line))
		command_warn(invocation, "%.*s", STR_ARG(line));
}

// Defaults, file, environment, flags. `config check` reads its file itself, and says more about it.
static int load_settings(struct program *program, struct error *error)
{
	cleanup(buf_release) struct buf warnings = BUF_INIT(KIB(64));
	bool load = program->line.config_path && program->line.config_path[0];
	int r = settings_init(&program->settings, error);

	if (r == 0 && load)
		r = settings_load_file(&program->settings, program->line.config_path, error);
	if (r == 0)
		r = settings_load_environment(
			&program->settings, (const char *const *)environ, &warnings, error);
	tell_warnings(&program->invocation, buf_str(&warnings));
	if (r == 0)
		r = apply_flags(program, error);
	return r < 0 ? r : settings_check(&program->settings, error);
}

static int prepare(struct program *program, struct error *error)
{
	struct invocation *invocation = &program->invocation;
	int r;

	if (!program->line.config_path)
		program->line.config_path = getenv("PARKWATCH_CONFIG");
	invocation->command = program->line.command;
	invocation->config_path = program->line.config_path;
	invocation->options = program->line.options;
	invocation->arguments = program->line.arguments;
	invocation->argument_count = program->line.argument_count;
	r = load_settings(program, error);
	if (r < 0)
		return r;
	log_configure((enum log_level)program->settings.log.level,
		program->settings.log.format == LOG_FORMAT_JSON);
	invocation->settings = &program->settings;
	invocation->color = use_color(&program->settings, invocation->out_is_terminal);
	if (!program->line.command->catches_signals)
		return 0;
	invocation->signal_fd = catch_signals(error);
	return invocation->signal_fd < 0 ? invocation->signal_fd : 0;
}

static int print_help(const struct program *program, FILE *out)
{
	cleanup(buf_release) struct buf text = BUF_INIT(HELP_MAX);
	struct error error = {0};

	if (program->line.command)
		help_command(program->line.command, &text);
	else
		help_program(&text);
	if (buf_failed(&text)) {
		(void)error_no_memory(&error, "print the help");
		return command_fail(&program->invocation, &error);
	}
	(void)fputs(buf_text(&text), out);
	return EXIT_COMPLETE;
}

static int run_command(struct program *program)
{
	struct error error = {0};

	if (prepare(program, &error) < 0)
		return command_fail(&program->invocation, &error);
	return program->line.command->run(&program->invocation);
}

static int run(struct program *program, const char *const *argv)
{
	struct error error = {0};

	if (command_line_parse(&program->line, &program->arena, argv, &error) < 0) {
		program->invocation.command = program->line.command;
		return command_usage(&program->invocation, "%s", error.text);
	}
	if (program->line.help)
		return print_help(program, stdout);
	if (program->line.version) {
		program->line.command = &version_command;
		return run_command(program);
	}
	if (!program->line.command) {
		(void)print_help(program, stderr);
		return EXIT_FATAL;
	}
	return run_command(program);
}

// What a command has printed counts only when it arrived. A reader that has seen enough (head) is
// told by the status alone, as a signal would.
static int finish_output(const struct invocation *invocation, int status)
{
	struct error error = {0};
	bool failed = ferror(stdout) != 0;

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return status;
	if (errno == EPIPE)
		return EXIT_SIGNAL + SIGPIPE;
	(void)error_set(&error, -EIO, "write standard output: %s",
		errno ? strerror(errno) : "an earlier write failed");
	return command_fail(invocation, &error);
}

int main(int argc, char **argv)
{
	struct program program = {.arena = ARENA_INIT(MIB(16))};
	int status;

	(void)argc;
	if (!open_standard_descriptors())
		return EXIT_FATAL;
	protect_process();
	program.invocation = (struct invocation){
		.out = stdout,
		.err = stderr,
		.out_is_terminal = isatty(STDOUT_FILENO) == 1,
		.err_is_terminal = isatty(STDERR_FILENO) == 1,
		.columns = terminal_columns(),
		.signal_fd = -1,
	};
	status = finish_output(&program.invocation, run(&program, (const char *const *)argv));
	close_fd(&program.invocation.signal_fd);
	settings_release(&program.settings);
	arena_release(&program.arena);
	return status;
}
