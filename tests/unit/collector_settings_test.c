// SPDX-License-Identifier: Apache-2.0
// Settings: one table, four layers, and mistakes told by line, column and nearest known name.
#include "collector/settings/settings.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "collector/commands/help.h"
#include "collector/settings/nearest.h"
#include "model/finding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char path[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/parkwatch-settings-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int load(struct settings *settings, const char *text, struct error *error)
{
	struct file file;

	assert_int_equal(file_create(&file, path, 0600, error), 0);
	assert_int_equal(file_write(&file, text, strlen(text), error), 0);
	assert_int_equal(file_commit(&file, error), 0);
	file_discard(&file);
	assert_int_equal(settings_init(settings, error), 0);
	return settings_load_file(settings, path, error);
}

static void assert_shown(const struct settings *settings, const char *name, const char *value)
{
	struct buf text = BUF_INIT(1000);
	const struct setting *row = setting_by_path(str_of(name));

	assert_non_null(row);
	setting_format(settings, row, &text);
	assert_string_equal(buf_text(&text), value);
	buf_release(&text);
}

static void defaults_are_those_of_the_design(void **state)
{
	struct settings settings;
	struct error error = {0};

	(void)state;
	assert_int_equal(settings_init(&settings, &error), 0);
	assert_int_equal(settings.collect.snapshots, 3);
	assert_true(settings.collect.interval_s == 10 && settings.budget.stop_s == 0.05);
	assert_true(settings.budget.share == 0.001 && settings.fetch.deadline_s == 30);
	assert_int_equal(settings.collect.max_bytes, 80 << 20);
	assert_int_equal(settings.collect.profiles,
		1 << PROFILE_GOROUTINE | 1 << PROFILE_BLOCK | 1 << PROFILE_MUTEX);
	assert_int_equal(settings.collect.fail_on, VERDICT_NONE);
	assert_true(settings.redact.arguments && settings.redact.urls);
	assert_string_equal(settings.redact.labels.items[0], "(?i)token|mail|user");
	assert_string_equal(settings.collect.output, "");
	assert_int_equal(settings_check(&settings, &error), 0);
	settings_release(&settings);
}

// A default that its own row refuses, or that is not shown as it was written, is a slip.
static void every_default_is_shown_as_written(void **state)
{
	struct settings settings;
	struct error error = {0};

	(void)state;
	assert_int_equal(settings_init(&settings, &error), 0);
	for (size_t i = 0; i < settings_table_count; i++) {
		const struct setting *row = &settings_table[i];
		bool zero = row->kind == SETTING_DURATION && strcmp(row->fallback, "0") == 0;

		assert_shown(&settings, row->path, zero ? "0s" : row->fallback);
		assert_true(row->help[strlen(row->help) - 1] != '.');
	}
	settings_release(&settings);
}

static void a_file_sets_values_and_remembers_where(void **state)
{
	static const char text[] = "# comment\n"
				   "targets:\n"
				   "  - {url: \"http://127.0.0.1:6060\", metrics: "
				   "\"http://127.0.0.1:8080/m\", name: gw}\n"
				   "  - https://[::1]:6060/debug/pprof\n"
				   "collect:\n"
				   "  interval: 1m30s\n"
				   "  profiles: [goroutine, heap]\n"
				   "  deep: true\n"
				   "  max_bytes: 65536\n"
				   "  fail_on: suspect\n"
				   "budget: {stop: 20ms, share: 0.5%}\n"
				   "fetch:\n"
				   "redact: {labels: [\"a{1,2}\", \"(?i)b\"]}\n";
	struct settings settings;
	struct error error = {0};
	struct buf origin = BUF_INIT(200);
	char expected[100];

	(void)state;
	if (load(&settings, text, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(settings.targets.count, 2);
	assert_string_equal(settings.targets.items[0].name, "gw");
	assert_string_equal(settings.targets.items[1].url, "https://[::1]:6060/debug/pprof");
	assert_string_equal(settings.targets.items[1].metrics, "");
	assert_true(settings.collect.interval_s == 90 && settings.collect.deep);
	assert_shown(&settings, "collect.profiles", "goroutine,heap");
	assert_shown(&settings, "budget.share", "0.5%");
	assert_shown(&settings, "collect.max_bytes", "64Ki");
	assert_int_equal(settings.collect.fail_on, VERDICT_SUSPECT);
	assert_int_equal(settings.redact.labels.count, 2);
	assert_string_equal(settings.redact.labels.items[0], "a{1,2}");
	setting_format_origin(&settings, setting_by_path(STR("budget.share")), &origin);
	(void)snprintf(expected, sizeof(expected), "%s:11:29", path);
	assert_string_equal(buf_text(&origin), expected);
	buf_release(&origin);
	settings_release(&settings);
}

static void mistakes_have_line_column_and_nearest(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"budget:\n  stpo: 50ms\n",
			":2:3: unknown key \"stpo\" in budget; nearest known: stop"},
		{"bugdet: {}\n", ":1:1: unknown key \"bugdet\"; nearest known: budget"},
		{"xyzzy: {}\n", ":1:1: unknown key \"xyzzy\""},
		{"budget:\n  stop: 1ms\n  stop: 2ms\n",
			":3:3: \"stop\" is given twice; first in line 2"},
		{"budget: {stop: 90m}\n",
			":1:16: budget.stop: 90m is out of range: from 0.1ms to 1m"},
		{"budget: {stop: soon}\n", ":1:16: budget.stop: \"soon\" is not a duration such as "
					   "250ms, 10s or 1h30m"},
		{"budget: {stop: }\n",
			":1:16: budget.stop has no value: give one or remove the key"},
		{"budget: 3\n", ":1:9: budget must be a mapping of keys to values"},
		{"[]\n", ":1:1: the file must be a mapping of keys to values"},
		{"budget: {stop: [1ms]}\n", ":1:16: budget.stop must be a single value"},
		{"budget: &b\n  stop: *b\n", ":1:9: budget.stop must be a single value"},
		{"? [1]\n: 2\n", ":1:3: a key must be a word"},
		{"budget.stop: 1ms\n", ":1:1: unknown key \"budget.stop\""},
		{"a: [\n", ":2:1: no valid YAML: did not find expected node content"},
		{"{}\n---\n{}\n", ":3:1: a second document: the file must hold one"},
		{"collect: {profiles: [heap, hepa]}\n", ":1:21: collect.profiles: \"hepa\" is none "
							"of goroutine, block, mutex, heap, "
							"allocs, threadcreate, goroutineleak"},
		{"collect: {snapshots: 1.5}\n",
			":1:22: collect.snapshots: \"1.5\" is not a whole number"},
		{"collect: {deep: yes}\n", ":1:17: collect.deep: \"yes\" is not true or false"},
		{"collect: {max_bytes: 64mi}\n", ":1:22: collect.max_bytes: \"64mi\" is not a size "
						 "such as 4096, 512k or 64Mi"},
		{"targets:\n- {ulr: x}\n",
			":2:4: unknown key \"ulr\" of a target; nearest known: url"},
		{"targets:\n- {name: x}\n",
			":2:3: \"\" is not a URL that starts with http:// or https://"},
		{"targets: [ftp://x]\n",
			":1:11: \"ftp://x\" is not a URL that starts with http:// or https://"},
		{"targets: [\"http://u:p@h\"]\n", ":1:11: the URL holds a user name or password; "
						  "put them in http.basic_file"},
		{"redact: {labels: [\"(\"]}\n",
			":1:19: \"(\" is no POSIX extended regular expression: Unmatched ( or \\("},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct settings settings;
		struct error error = {0};

		assert_true(load(&settings, cases[i].text, &error) < 0);
		if (strncmp(error.text, path, strlen(path)) != 0 ||
			strcmp(error.text + strlen(path), cases[i].expected) != 0)
			fail_msg("%s: %s", cases[i].text, error.text);
		settings_release(&settings);
	}
}

static void an_empty_file_is_fine(void **state)
{
	static const char *const texts[] = {
		"", "# only a comment\n", "---\n", "{}\n", "collect:\n"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct settings settings;
		struct error error = {0};

		assert_int_equal(load(&settings, texts[i], &error), 0);
		settings_release(&settings);
	}
}

static void layers_go_over_one_another(void **state)
{
	const char *const environment[] = {"PARKWATCH_BUDGET_STOP=30ms",
		"PARKWATCH_BUDGET_SHARE=1%", "PARKWATCH_REDACT_LABELS=c|d", "HOME=/", NULL};
	struct setting_origin flag = {.kind = ORIGIN_FLAG, .place = "--x"};
	struct settings settings;
	struct error error = {0};
	struct buf warnings = BUF_INIT(1000);

	(void)state;
	assert_int_equal(
		load(&settings, "budget: {stop: 20ms}\nredact: {labels: [a, b]}\n", &error), 0);
	assert_true(settings.budget.stop_s == 0.02);
	assert_int_equal(settings_load_environment(&settings, environment, &warnings, &error), 0);
	assert_string_equal(buf_text(&warnings), "");
	assert_true(settings.budget.stop_s == 0.03 && settings.budget.share == 0.01);
	assert_shown(&settings, "redact.labels", "c|d");
	assert_int_equal(settings_set(&settings, setting_by_path(STR("budget.stop")), STR("40ms"),
				 flag, &error),
		0);
	assert_true(settings.budget.stop_s == 0.04);
	for (int i = 0; i < 2; i++)
		assert_int_equal(settings_set(&settings, setting_by_path(STR("redact.labels")),
					 i ? STR("f") : STR("e"), flag, &error),
			0);
	assert_shown(&settings, "redact.labels", "e,f");
	buf_release(&warnings);
	settings_release(&settings);
}

static void unknown_variables_warn_but_not_those_of_kubernetes(void **state)
{
	const char *environment[] = {"PARKWATCH_SERVICE_HOST=10.0.0.1", "PARKWATCH_PORT=tcp://x",
		"PARKWATCH_PORT_9497_TCP=x", "PARKWATCH_SERVICE_PORT_HTTP=1",
		"PARKWATCH_WEB_PORT_80_TCP_ADDR=x", "PARKWATCH_CONFIG=/x",
		"PARKWATCH_BUDGET_STPO=1ms", "CORO_SAMPLING_RATE=0.1", NULL};
	struct settings settings;
	struct error error = {0};
	struct buf warnings = BUF_INIT(1000);
	struct str text, line;

	(void)state;
	assert_int_equal(settings_init(&settings, &error), 0);
	assert_int_equal(settings_load_environment(&settings, environment, &warnings, &error), 0);
	text = buf_str(&warnings);
	assert_true(str_next_line(&text, &line));
	assert_true(str_equal(line,
		STR("PARKWATCH_BUDGET_STPO is set, but there is no such setting; nearest known: "
		    "PARKWATCH_BUDGET_STOP")));
	assert_true(str_next_line(&text, &line));
	assert_true(str_starts(line, STR("CORO_SAMPLING_RATE is accepted and has no effect")));
	assert_int_equal(text.len, 0);
	environment[0] = "PARKWATCH_BUDGET_STOP=soon";
	assert_true(settings_load_environment(&settings, environment, &warnings, &error) < 0);
	assert_true(str_starts(str_of(error.text), STR("PARKWATCH_BUDGET_STOP: \"soon\"")));
	buf_release(&warnings);
	settings_release(&settings);
}

static void values_that_contradict_are_told(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"fetch: {deadline: 1s}\n", "fetch.connect is longer"},
		{"collect: {timeout: 20s}\n", "collect.timeout would end before the last snapshot"},
		{"http: {cert_file: a}\n", "http.cert_file and http.key_file go together"},
		{"http: {bearer_file: a, basic_file: b}\n", "http.bearer_file and http.basic_file"},
		{"metrics: {url: x}\n", "metrics.url: \"x\" is not a URL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct settings settings;
		struct error error = {0};

		assert_int_equal(load(&settings, cases[i].text, &error), 0);
		assert_int_equal(settings_check(&settings, &error), -EINVAL);
		if (!str_starts(str_of(error.text), str_of(cases[i].expected)))
			fail_msg("%s: %s", cases[i].text, error.text);
		settings_release(&settings);
	}
}

static void what_is_printed_can_be_loaded_again(void **state)
{
	static const char text[] =
		"targets:\n  - {url: \"http://a:1\", name: \"x \\\" y\"}\n"
		"collect: {interval: 1h30m, timeout: 2d, output: \"a: #b\", profiles: [heap]}\n"
		"budget: {stop: 0.5ms, share: 12.5%}\nredact: {labels: [\"\\\\d\", b], urls: "
		"false}\n"
		"limits: {memory: 1536Mi}\n";
	struct settings first, second;
	struct error error = {0};
	struct buf printed = BUF_INIT(100000);
	cleanup(free_pointer) char *a = NULL;
	cleanup(free_pointer) char *b = NULL;
	json_t *json;

	(void)state;
	if (load(&first, text, &error) < 0)
		fail_msg("%s", error.text);
	settings_print(&first, &printed);
	if (load(&second, buf_text(&printed), &error) < 0)
		fail_msg("%s\n%s", error.text, buf_text(&printed));
	json = settings_json(&first);
	a = json_dumps(json, JSON_SORT_KEYS);
	json_decref(json);
	json = settings_json(&second);
	b = json_dumps(json, JSON_SORT_KEYS);
	json_decref(json);
	assert_string_equal(a, b);
	assert_string_equal(second.targets.items[0].name, "x \" y");
	assert_true(second.collect.interval_s == 5400 && second.budget.stop_s == 0.0005);
	assert_int_equal(second.redact.labels.count, 2);
	buf_release(&printed);
	settings_release(&first);
	settings_release(&second);
}

// Whatever the table gains must be found in everything made from it.
static void every_row_is_in_schema_man_page_and_environment(void **state)
{
	struct buf man = BUF_INIT(1 << 20), name = BUF_INIT(200);
	json_t *schema = settings_schema();

	(void)state;
	assert_non_null(schema);
	help_man_page(&man);
	for (size_t i = 0; i < settings_table_count; i++) {
		struct str rest = str_of(settings_table[i].path);
		const json_t *node = schema;

		while (rest.len > 0) {
			struct str part = str_cut(&rest, '.');

			node = json_object_getn(
				json_object_get(node, "properties"), part.data, part.len);
		}
		assert_non_null(json_object_get(node, "description"));
		assert_non_null(json_object_get(node, "default"));
		buf_clear(&name);
		setting_variable(&settings_table[i], &name);
		assert_non_null(strstr(buf_text(&man), buf_text(&name)));
		// Kubernetes' service variables must never be taken for settings.
		assert_null(strstr(buf_text(&name), "_PORT"));
		assert_null(strstr(buf_text(&name), "_SERVICE_"));
	}
	json_decref(schema);
	buf_release(&man);
	buf_release(&name);
}

static void flags_and_letters_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_table_count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct setting *a = &settings_table[i], *b = &settings_table[j];

			assert_string_not_equal(a->path, b->path);
			if (a->flag && b->flag)
				assert_string_not_equal(a->flag, b->flag);
			assert_true(!a->letter || a->letter != b->letter);
		}
	}
}

static void the_nearest_name_is_near(void **state)
{
	static const struct {
		const char *wanted, *candidates[4], *expected;
	} cases[] = {
		{"intervall", {"interval", "internal"}, "interval"},
		{"snap", {"show", "snapshots"}, "snapshots"},
		{"stpo", {"share", "stop"}, "stop"},
		{"colect", {"config", "collect"}, "collect"},
		{"xyzzy", {"config", "collect"}, ""},
		{"", {"a"}, ""},
		{"o", {"output"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nearest nearest = {.wanted = str_of(cases[i].wanted)};

		for (size_t j = 0; cases[i].candidates[j]; j++)
			nearest_try(&nearest, str_of(cases[i].candidates[j]));
		assert_string_equal(nearest.best, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(every_default_is_shown_as_written),
		cmocka_unit_test(a_file_sets_values_and_remembers_where),
		cmocka_unit_test(mistakes_have_line_column_and_nearest),
		cmocka_unit_test(an_empty_file_is_fine),
		cmocka_unit_test(layers_go_over_one_another),
		cmocka_unit_test(unknown_variables_warn_but_not_those_of_kubernetes),
		cmocka_unit_test(values_that_contradict_are_told),
		cmocka_unit_test(what_is_printed_can_be_loaded_again),
		cmocka_unit_test(every_row_is_in_schema_man_page_and_environment),
		cmocka_unit_test(flags_and_letters_are_unique),
		cmocka_unit_test(the_nearest_name_is_near),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
