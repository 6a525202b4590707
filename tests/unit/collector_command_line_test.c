// SPDX-License-Identifier: Apache-2.0
// The command line: every spelling of a flag, and mistakes that name what was meant.
#include "collector/commands/command_line.h"

#include "base/clock.h"
#include "collector/commands/flags.h"
#include "collector/commands/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MAX 12

struct parsed {
	struct arena arena;
	struct command_line line;
	struct error error;
	int result;
};

static void parse(struct parsed *parsed, const char *words)
{
	static char copy[500];
	const char *argv[WORDS_MAX + 1] = {"parkwatch"};
	size_t count = 1;

	memcpy(copy, words, strlen(words) + 1);
	for (char *word = copy; *word && count < WORDS_MAX;) {
		argv[count++] = word;
		word += strcspn(word, " ");
		if (*word)
			*word++ = '\0';
	}
	*parsed = (struct parsed){.arena = ARENA_INIT(0)};
	parsed->result = command_line_parse(&parsed->line, &parsed->arena, argv, &parsed->error);
}

static void every_spelling_of_a_flag_is_read(void **state)
{
	static const struct {
		const char *words, *flag, *value;
	} cases[] = {
		{"config print --interval 5s", "--interval", "5s"},
		{"config print --interval=5s", "--interval", "5s"},
		{"config --interval 5s print", "--interval", "5s"},
		{"config print --metrics-errors=a=b", "--metrics-errors", "a=b"},
		{"config print --metrics-errors=", "--metrics-errors", ""},
		{"config print -o x.tar", "--output", "x.tar"},
		{"config print -ox.tar", "--output", "x.tar"},
		{"config print -o -", "--output", "-"},
		{"config print --deep", "--deep", "true"},
		{"config print --deep=false", "--deep", "false"},
		{"config print --no-deep", "--deep", "false"},
		{"config print --no-redact-urls", "--redact-urls", "false"},
		{"--log-level debug config print", "--log-level", "debug"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parsed parsed;

		parse(&parsed, cases[i].words);
		if (parsed.result < 0)
			fail_msg("%s: %s", cases[i].words, parsed.error.text);
		assert_ptr_equal(parsed.line.command, &config_command);
		assert_non_null(parsed.line.settings);
		assert_string_equal(parsed.line.settings->flag, cases[i].flag);
		assert_string_equal(parsed.line.settings->text, cases[i].value);
		assert_int_equal(parsed.line.argument_count, 1);
		assert_string_equal(parsed.line.arguments[0], "print");
		assert_null(parsed.line.arguments[1]);
		arena_release(&parsed.arena);
	}
}

static void two_dashes_end_the_flags(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, "config -- --interval -");
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.line.argument_count, 2);
	assert_string_equal(parsed.line.arguments[0], "--interval");
	assert_string_equal(parsed.line.arguments[1], "-");
	arena_release(&parsed.arena);
}

static void help_and_version_need_nothing_else(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, "config --help");
	assert_true(parsed.result == 0 && parsed.line.help);
	arena_release(&parsed.arena);
	parse(&parsed, "-h");
	assert_true(parsed.result == 0 && parsed.line.help && !parsed.line.command);
	arena_release(&parsed.arena);
	parse(&parsed, "help config");
	assert_true(parsed.result == 0 && parsed.line.help);
	assert_ptr_equal(parsed.line.command, &config_command);
	arena_release(&parsed.arena);
	parse(&parsed, "--version");
	assert_true(parsed.result == 0 && parsed.line.version);
	arena_release(&parsed.arena);
	parse(&parsed, "-c x.yaml config print");
	assert_string_equal(parsed.line.config_path, "x.yaml");
	arena_release(&parsed.arena);
}

static void mistakes_name_what_was_meant(void **state)
{
	static const struct {
		const char *words, *expected;
	} cases[] = {
		{"confg", "unknown command \"confg\"; nearest known: config"},
		{"xyzzy", "unknown command \"xyzzy\""},
		{"config print --intervall 5s",
			"unknown flag --intervall; nearest known: --interval"},
		{"config print --zzz", "unknown flag --zzz"},
		{"--interval 5s config", "unknown flag --interval before the command"},
		{"config print -z", "unknown flag -z"},
		{"config print --interval", "--interval needs a value"},
		{"config print -o", "-o needs a value"},
		{"config print --help=1", "--help takes no value"},
		{"config print --no-deep=true", "--deep takes no value"},
		{"config print --no-interval 5s", "unknown flag --no-interval"},
		{"model --lambda nan", "--lambda: \"nan\" is not a number"},
		{"model --lambda inf", "--lambda: \"inf\" is not a number"},
		{"model --lambda 1e999", "--lambda: \"1e999\" is not a number"},
		{"model --lambda 0x10", "--lambda: \"0x10\" is not a number"},
		{"model --lambda -1", "--lambda: -1 is out of range: from "},
		{"model --share 1.2", "--share: 1.2 is out of range: from "},
		{"model --share 17%%", "--share: \"17%%\" is not a share"},
		{"model --table zero", "model: \"zero\" is one argument too many"},
		{"model --lamda 1", "unknown flag --lamda; nearest known: --lambda"},
		{"config", "config needs check FILE|print|schema|man"},
		{"config a b c", "config: \"c\" is one argument too many"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parsed parsed;

		parse(&parsed, cases[i].words);
		assert_true(parsed.result < 0);
		if (!str_starts(str_of(parsed.error.text), str_of(cases[i].expected)))
			fail_msg("%s: %s", cases[i].words, parsed.error.text);
		arena_release(&parsed.arena);
	}
}

static void a_flag_that_may_stand_alone_takes_a_number_only(void **state)
{
	static const struct {
		const char *words, *value;
	} cases[] = {
		{"model --table", "10"},
		{"model --table 20", "20"},
		{"model --table=30", "30"},
		{"model --table --lambda 1", "10"},
		{"model --lambda 1 --table", "10"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct option_value *value;
		struct parsed parsed;

		parse(&parsed, cases[i].words);
		if (parsed.result < 0)
			fail_msg("%s: %s", cases[i].words, parsed.error.text);
		value = parsed.line.options;
		while (strcmp(value->option->name, "table") != 0)
			value = value->next;
		assert_string_equal(value->text, cases[i].value);
		arena_release(&parsed.arena);
	}
}

static int run_nothing(struct invocation *invocation)
{
	(void)invocation;
	return 0;
}

static const struct command_option own_options[] = {
	{.name = "top",
		.letter = 't',
		.kind = OPTION_INT,
		.argument = "N",
		.fallback = "20",
		.min = 1,
		.max = 100,
		.help = "groups to print"},
	{.name = "user", .letter = 'u', .kind = OPTION_SWITCH, .help = "own code only"},
	{.name = "format",
		.kind = OPTION_CHOICE,
		.argument = "FORMAT",
		.fallback = "text",
		.choices = "text|json",
		.help = "form of the output"},
	{.name = "label", .kind = OPTION_TEXT, .argument = "K=V", .repeats = true, .help = "label"},
	{.name = "min-age", .kind = OPTION_DURATION, .argument = "DURATION", .help = "least age"},
	{.name = "function", .kind = OPTION_PATTERN, .argument = "REGEX", .help = "function"},
	{.name = "loss", .kind = OPTION_NUMBER, .argument = "N", .help = "loss"},
	{.name = "left",
		.kind = OPTION_SHARE,
		.argument = "SHARE",
		.fallback = "10%",
		.help = "left"},
	{.name = NULL},
};

static const struct command own_command = {.name = "own",
	.usage = "",
	.summary = "own",
	.options = own_options,
	.arguments_max = -1,
	.run = run_nothing};

static void own_options_are_found_beside_settings(void **state)
{
	static const char *const names[] = {"top", "user", "format", "label", "min-age", "function",
		"loss", "left", "log-level", "log-format", "color", "config", "help"};
	struct flag_choices room;
	struct flag flag;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(flag_at(&own_command, i, &flag, &room));
		assert_string_equal(flag.name, names[i]);
	}
	assert_false(flag_at(&own_command, COUNT(names), &flag, &room));
	assert_true(flag_find(&own_command, STR_EMPTY, 'u', &flag));
	assert_string_equal(flag.name, "user");
	assert_false(flag_find(&own_command, STR("interval"), 0, &flag));
}

static void options_of_an_invocation_have_values_and_defaults(void **state)
{
	struct option_value second = {.option = &own_options[3], .text = "b=2"};
	struct option_value first = {.option = &own_options[3], .text = "a=1", .next = &second};
	struct option_value loss = {.option = &own_options[6], .text = "8.3e-6", .next = &first};
	struct option_value age = {.option = &own_options[4], .text = "5m", .next = &loss};
	struct invocation invocation = {.command = &own_command, .options = &age, .signal_fd = -1};
	const struct option_value *at = NULL;

	(void)state;
	assert_int_equal(option_int(&invocation, "top"), 20);
	assert_string_equal(option_text(&invocation, "format"), "text");
	assert_null(option_text(&invocation, "function"));
	assert_false(option_switch(&invocation, "user"));
	assert_true(option_given(&invocation, "min-age"));
	assert_true(option_duration(&invocation, "min-age") == 300);
	assert_true(option_number(&invocation, "loss") == 8.3e-6);
	assert_true(option_number(&invocation, "left") == 0.1);
	assert_string_equal(option_list(&invocation, "label", &at), "a=1");
	assert_string_equal(option_list(&invocation, "label", &at), "b=2");
	assert_null(option_list(&invocation, "label", &at));
	assert_int_equal(invocation_signal(&invocation), 0);
}

static void no_line_of_help_is_wider_than_a_terminal(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	struct str rest, line;

	(void)state;
	help_program(&text);
	for (const struct command *const *command = commands; *command; command++) {
		help_command(*command, &text);
		assert_true((*command)->summary[strlen((*command)->summary) - 1] != '.');
		assert_non_null((*command)->run);
		assert_non_null((*command)->examples);
	}
	assert_int_equal(buf_failed(&text), 0);
	rest = buf_str(&text);
	while (str_next_line(&rest, &line))
		if (line.len > 80 && !str_starts(line, STR("  parkwatch ")))
			fail_msg("%.*s", STR_ARG(line));
	buf_release(&text);
}

static void a_hash_inside_an_example_is_no_comment(void **state)
{
	static const struct command linked = {
		.name = "linked",
		.usage = "",
		.summary = "links",
		.examples = "parkwatch report --source-url 'x#L{line}' b.tar # with "
			    "links\nparkwatch x\n",
		.run = run_nothing,
	};
	struct buf help = BUF_INIT(1 << 20);

	(void)state;
	help_command(&linked, &help);
	assert_non_null(strstr(buf_text(&help),
		"Examples:\n  # with links\n  parkwatch report --source-url 'x#L{line}' b.tar\n"
		"  parkwatch x\n"));
	buf_release(&help);
}

static void every_flag_of_a_command_is_in_its_help_and_unique(void **state)
{
	(void)state;
	for (const struct command *const *command = commands; *command; command++) {
		struct buf help = BUF_INIT(1 << 20), man = BUF_INIT(1 << 20);
		struct flag_choices room;
		struct flag flag, other;

		help_command(*command, &help);
		help_man_page(&man);
		for (size_t i = 0; flag_at(*command, i, &flag, &room); i++) {
			assert_non_null(strstr(buf_text(&help), flag.name));
			for (size_t j = 0; j < i && flag_at(*command, j, &other, &room); j++) {
				assert_string_not_equal(flag.name, other.name);
				assert_true(!flag.letter || flag.letter != other.letter);
			}
		}
		buf_release(&help);
		buf_release(&man);
	}
}

// A default is never parsed with an error in sight: what option_int() gives must be right.
static void defaults_of_options_can_be_read(void **state)
{
	(void)state;
	for (const struct command *const *command = commands; *command; command++) {
		const struct command_option *option = (*command)->options;

		for (; option && option->name; option++) {
			struct str text = str_of(option->fallback);
			int64_t number;
			double seconds;
			uint64_t bytes;

			assert_non_null(option->help);
			assert_true(option->kind == OPTION_SWITCH || option->argument);
			if (!option->fallback)
				continue;
			if (option->kind == OPTION_INT)
				assert_true(str_to_i64(text, &number));
			else if (option->kind == OPTION_DURATION)
				assert_true(duration_parse(text, &seconds));
			else if (option->kind == OPTION_SIZE)
				assert_true(size_parse(text, &bytes));
			else if (option->kind == OPTION_NUMBER)
				assert_true(str_to_double(text, &seconds));
			else if (option->kind == OPTION_SHARE)
				assert_true(str_to_share(text, &seconds));
			else if (option->kind == OPTION_CHOICE)
				assert_non_null(strstr(option->choices, option->fallback));
		}
	}
}

static void config_takes_every_setting(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_table_count; i++)
		if (settings_table[i].flag)
			assert_true(command_takes(&config_command, &settings_table[i]));
}

// A path that the table of settings does not have would silently take nothing.
static void commands_name_settings_that_exist(void **state)
{
	(void)state;
	for (const struct command *const *command = commands; *command; command++) {
		for (const char *const *path = (*command)->settings; path && *path; path++) {
			struct str wanted = str_of(*path);
			bool known = false;

			for (size_t i = 0; i < settings_table_count; i++)
				known |=
					str_ends(wanted, STR("."))
						? str_starts(str_of(settings_table[i].path), wanted)
						: str_equal(str_of(settings_table[i].path), wanted);
			if (!known)
				fail_msg("%s: %s", (*command)->name, *path);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_a_flag_is_read),
		cmocka_unit_test(two_dashes_end_the_flags),
		cmocka_unit_test(help_and_version_need_nothing_else),
		cmocka_unit_test(mistakes_name_what_was_meant),
		cmocka_unit_test(a_flag_that_may_stand_alone_takes_a_number_only),
		cmocka_unit_test(own_options_are_found_beside_settings),
		cmocka_unit_test(options_of_an_invocation_have_values_and_defaults),
		cmocka_unit_test(no_line_of_help_is_wider_than_a_terminal),
		cmocka_unit_test(a_hash_inside_an_example_is_no_comment),
		cmocka_unit_test(every_flag_of_a_command_is_in_its_help_and_unique),
		cmocka_unit_test(defaults_of_options_can_be_read),
		cmocka_unit_test(config_takes_every_setting),
		cmocka_unit_test(commands_name_settings_that_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
