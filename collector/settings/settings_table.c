// SPDX-License-Identifier: Apache-2.0
// The table of settings: the one place that knows their names, ranges, defaults and help.
#include "base/limits.h"
#include "base/log.h"
#include "collector/settings/settings.h"
#include "model/finding.h"

#define AT(member) offsetof(struct settings, member)
#define DAY_S 86400
#define ANY_BYTES 9007199254740992.0

static const struct choice profile_choices[] = {
	{"goroutine", PROFILE_GOROUTINE},
	{"block", PROFILE_BLOCK},
	{"mutex", PROFILE_MUTEX},
	{"heap", PROFILE_HEAP},
	{"allocs", PROFILE_ALLOCS},
	{"threadcreate", PROFILE_THREADCREATE},
	{"goroutineleak", PROFILE_GOROUTINELEAK},
	{NULL, 0},
};

static const struct choice verdict_choices[] = {
	{"none", VERDICT_NONE},
	{"stuck", VERDICT_STUCK},
	{"growing", VERDICT_GROWING},
	{"hint", VERDICT_HINT},
	{"suspect", VERDICT_SUSPECT},
	{"confirmed", VERDICT_CONFIRMED},
	{NULL, 0},
};

static const struct choice level_choices[] = {
	{"debug", LOG_DEBUG},
	{"info", LOG_INFO},
	{"warn", LOG_WARN},
	{"error", LOG_ERROR},
	{NULL, 0},
};

static const struct choice format_choices[] = {
	{"logfmt", LOG_FORMAT_LOGFMT},
	{"json", LOG_FORMAT_JSON},
	{NULL, 0},
};

static const struct choice color_choices[] = {
	{"auto", COLOR_AUTO},
	{"always", COLOR_ALWAYS},
	{"never", COLOR_NEVER},
	{NULL, 0},
};

const struct setting settings_table[] = {
	{"targets", SETTING_TARGETS, AT(targets), .fallback = "", .max = LIMIT_TARGETS_COUNT,
		.help = "addresses to collect from when the command line names none: a list of "
			"{url, metrics, name}"},

	{"collect.snapshots", SETTING_INT, AT(collect.snapshots), .fallback = "3", .min = 1,
		.max = LIMIT_SNAPSHOTS_COUNT, .flag = "snapshots", .argument = "N",
		.help = "snapshots to take of each target"},
	{"collect.interval", SETTING_DURATION, AT(collect.interval_s), .fallback = "10s",
		.min = 0.1, .max = DAY_S, .flag = "interval", .argument = "DURATION",
		.help = "time from one snapshot to the next"},
	{"collect.profiles", SETTING_SET, AT(collect.profiles), .fallback = "goroutine,block,mutex",
		.choices = profile_choices, .flag = "profiles", .argument = "LIST",
		.help = "profiles to fetch with each snapshot"},
	{"collect.timeout", SETTING_DURATION, AT(collect.timeout_s), .fallback = "0",
		.max = 30 * DAY_S, .flag = "timeout", .argument = "DURATION",
		.help = "end the whole collection after this time and keep what is complete; 0 is "
			"computed from the snapshots and the fetch deadline"},
	{"collect.deep", SETTING_BOOL, AT(collect.deep), .fallback = "false", .flag = "deep",
		.help = "allow one full goroutine dump a target even when its predicted cost is "
			"above the budget"},
	{"collect.max_bytes", SETTING_SIZE, AT(collect.max_bytes), .fallback = "80Mi",
		.min = KIB(64), .max = MIB(4096), .flag = "max-bytes", .argument = "SIZE",
		.help = "cut one answer of a target here, counted after decompression"},
	{"collect.output", SETTING_STRING, AT(collect.output), .fallback = "", .flag = "output",
		.letter = 'o', .argument = "FILE|DIR|-",
		.help = "where the bundle goes; - is standard output; without it, a file in the "
			"current folder"},
	{"collect.fail_on", SETTING_CHOICE, AT(collect.fail_on), .fallback = "none",
		.choices = verdict_choices, .flag = "fail-on", .argument = "VERDICT",
		.help = "exit with status 4 when a finding is at this verdict or above"},

	{"fetch.deadline", SETTING_DURATION, AT(fetch.deadline_s), .fallback = "30s", .min = 0.1,
		.max = 3600, .flag = "fetch-deadline", .argument = "DURATION",
		.help = "give up one fetch after this time"},
	{"fetch.connect", SETTING_DURATION, AT(fetch.connect_s), .fallback = "5s", .min = 0.1,
		.max = 3600, .flag = "fetch-connect", .argument = "DURATION",
		.help = "give up connecting after this time"},
	{"fetch.first_byte", SETTING_DURATION, AT(fetch.first_byte_s), .fallback = "20s",
		.min = 0.1, .max = 3600, .flag = "fetch-first-byte", .argument = "DURATION",
		.help = "give up when an answer has not begun after this time"},
	{"fetch.idle", SETTING_DURATION, AT(fetch.idle_s), .fallback = "10s", .min = 0.1,
		.max = 3600, .flag = "fetch-idle", .argument = "DURATION",
		.help = "give up when an answer pauses for this time"},

	{"budget.stop", SETTING_DURATION, AT(budget.stop_s), .fallback = "50ms", .min = 0.0001,
		.max = 60, .flag = "budget-stop", .argument = "DURATION",
		.help = "longest predicted stop of the target that a goroutine dump may cause"},
	{"budget.share", SETTING_SHARE, AT(budget.share), .fallback = "0.1%", .min = 0.000001,
		.max = 1, .flag = "budget-share", .argument = "SHARE",
		.help = "share of the time that a target may be stopped by goroutine dumps"},

	{"redact.labels", SETTING_PATTERNS, AT(redact.labels), .fallback = "(?i)token|mail|user",
		.max = 64, .flag = "redact-labels", .argument = "REGEX",
		.help = "replace the values of goroutine labels whose key matches; (?i) ignores "
			"case; "
			"repeat for more, empty for none"},
	{"redact.arguments", SETTING_BOOL, AT(redact.arguments), .fallback = "true",
		.flag = "redact-arguments", .help = "remove argument values from stack frames"},
	{"redact.urls", SETTING_BOOL, AT(redact.urls), .fallback = "true", .flag = "redact-urls",
		.help = "remove user information and query values from URLs"},

	{"metrics.url", SETTING_STRING, AT(metrics.url), .fallback = "", .flag = "metrics",
		.argument = "URL", .help = "metrics page of targets that name none themselves"},
	{"metrics.requests", SETTING_STRING, AT(metrics.requests), .fallback = "",
		.flag = "metrics-requests", .argument = "NAME",
		.help = "counter of requests; without it, well-known names are tried"},
	{"metrics.request_seconds", SETTING_STRING, AT(metrics.request_seconds), .fallback = "",
		.flag = "metrics-request-seconds", .argument = "NAME",
		.help = "histogram or summary of request durations"},
	{"metrics.errors", SETTING_STRING, AT(metrics.errors), .fallback = "",
		.flag = "metrics-errors", .argument = "NAME", .help = "counter of failed requests"},
	{"metrics.in_flight", SETTING_STRING, AT(metrics.in_flight), .fallback = "",
		.flag = "metrics-in-flight", .argument = "NAME",
		.help = "gauge of requests being served"},

	{"limits.memory", SETTING_SIZE, AT(limits.memory_bytes), .fallback = "0", .max = ANY_BYTES,
		.flag = "memory-limit", .argument = "SIZE",
		.help = "memory limit of the target, for forecasts; 0 is unknown"},
	{"limits.goroutines", SETTING_INT, AT(limits.goroutines), .fallback = "0", .max = ANY_BYTES,
		.flag = "goroutine-limit", .argument = "N",
		.help = "number of goroutines to forecast to; 0 is none"},

	{"http.bearer_file", SETTING_STRING, AT(http.bearer_file), .fallback = "",
		.flag = "bearer-file", .argument = "FILE",
		.help = "file with a bearer token for the targets"},
	{"http.basic_file", SETTING_STRING, AT(http.basic_file), .fallback = "",
		.flag = "basic-file", .argument = "FILE",
		.help = "file with user:password for the targets"},
	{"http.ca_file", SETTING_STRING, AT(http.ca_file), .fallback = "", .flag = "ca-file",
		.argument = "FILE",
		.help = "PEM file of the authorities that targets are trusted by"},
	{"http.cert_file", SETTING_STRING, AT(http.cert_file), .fallback = "", .flag = "cert-file",
		.argument = "FILE", .help = "PEM file of our own certificate"},
	{"http.key_file", SETTING_STRING, AT(http.key_file), .fallback = "", .flag = "key-file",
		.argument = "FILE", .help = "PEM file of the key of our own certificate"},

	{"log.level", SETTING_CHOICE, AT(log.level), .fallback = "info", .choices = level_choices,
		.flag = "log-level", .argument = "LEVEL", .help = "least level that is logged"},
	{"log.format", SETTING_CHOICE, AT(log.format), .fallback = "logfmt",
		.choices = format_choices, .flag = "log-format", .argument = "FORMAT",
		.help = "form of log lines"},
	{"output.color", SETTING_CHOICE, AT(output.color), .fallback = "auto",
		.choices = color_choices, .flag = "color", .argument = "WHEN",
		.help = "colours on a terminal; NO_COLOR in the environment turns auto off"},
};

const size_t settings_table_count = sizeof(settings_table) / sizeof(settings_table[0]);

_Static_assert(sizeof(settings_table) / sizeof(settings_table[0]) <= SETTINGS_COUNT_MAX,
	"struct settings has an origin for each row");

const struct setting *setting_by_path(struct str path)
{
	for (size_t i = 0; i < settings_table_count; i++)
		if (str_equal(str_of(settings_table[i].path), path))
			return &settings_table[i];
	return NULL;
}
