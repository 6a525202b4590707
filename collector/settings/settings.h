// SPDX-License-Identifier: Apache-2.0
// What the user can set, in one place: one table row a setting, from which come the settings file,
// the environment, flags, --help, man page, JSON Schema and `config print`.
//
// Layers, each over the one before: defaults, file (--config), environment
// (PARKWATCH_BUDGET_STOP=50ms), flags (--budget-stop 50ms). Every value remembers where it came
// from.
//
//	struct settings settings;
//	r = settings_init(&settings, error);			// defaults
//	r = settings_load_file(&settings, path, error);		// optional
//	r = settings_load_environment(&settings, environ, &warnings, error);
//	r = settings_set(&settings, row, "50ms", origin, error);	// one flag
//	r = settings_check(&settings, error);			// what several values must agree on
//	settings_release(&settings);				// always
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "runtime/snapshot.h"

#include <jansson.h>

#define SETTINGS_COUNT_MAX 64

// One fixed address. Strings are never NULL; "" where not given.
struct target_setting {
	const char *url; // http[s]://host:port[/debug/pprof]
	const char *metrics; // URL of its metrics page
	const char *name; // what it is called in reports; "" gives host:port
};

struct text_list {
	const char **items;
	size_t count;
};

enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };
enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

struct setting_origin {
	enum origin_kind kind;
	const char *place; // name of the file, the variable or the flag; "" for a default
	unsigned line, column; // of a file, from 1; else 0
};

// The effective settings. Strings live in the arena and are never NULL ("" is "not set").
struct settings {
	struct arena arena;
	struct setting_origin origins[SETTINGS_COUNT_MAX]; // by row of the table

	struct {
		struct target_setting *items;
		size_t count;
	} targets;
	struct {
		int64_t snapshots;
		double interval_s;
		uint64_t profiles; // bit 1 << enum profile
		double timeout_s; // of the whole collection; 0: computed from the rest
		bool deep; // one debug=2 above the budget is allowed
		uint64_t max_bytes; // of one body, after decompression
		const char
			*output; // FILE, DIR or "-"; "" is a name of our own in the current folder
		int fail_on; // enum verdict; VERDICT_NONE: never
	} collect;
	struct {
		double deadline_s; // of one fetch
		double connect_s;
		double first_byte_s; // from the request to the first byte of the answer
		double idle_s; // without a byte
	} fetch;
	struct {
		double stop_s; // worst single stop of the target's world
		double share; // of the time the target may be stopped, 0.001 is 0.1 %
	} budget;
	struct {
		struct text_list
			labels; // POSIX ERE, "(?i)" in front ignores case; matches label keys
		bool arguments; // values in stack frames
		bool urls; // user info and query values in URLs
	} redact;
	struct {
		const char *url; // for targets that name no metrics page themselves
		const char *requests; // names of metrics; "" tries the known ones
		const char *request_seconds;
		const char *errors;
		const char *in_flight;
	} metrics;
	struct {
		uint64_t memory_bytes; // of the target; 0: unknown
		int64_t goroutines; // 0: none
	} limits;
	struct {
		const char *bearer_file; // files, read when needed: secrets never stand in settings
		const char *basic_file; // user:password
		const char *ca_file;
		const char *cert_file;
		const char *key_file;
	} http;
	struct {
		int level; // enum log_level
		int format; // enum log_format
	} log;
	struct {
		int color; // enum color_choice
	} output;
};

enum setting_kind {
	SETTING_BOOL, // bool
	SETTING_INT, // int64_t
	SETTING_DURATION, // double, seconds
	SETTING_SIZE, // uint64_t, bytes
	SETTING_SHARE, // double; "0.1%" or "0.001"
	SETTING_STRING, // const char *
	SETTING_CHOICE, // int, one of `choices`
	SETTING_SET, // uint64_t, bits of `choices`
	SETTING_PATTERNS, // struct text_list of POSIX ERE; each flag given adds one
	SETTING_TARGETS, // targets; URLs with commas where there is no YAML
};

struct choice {
	const char *name; // NULL ends the list
	int value;
};

struct setting {
	const char *path; // "budget.stop"
	enum setting_kind kind;
	size_t offset; // in struct settings
	const char *fallback; // default, as it would be written
	double min, max; // of numbers, durations (s), sizes (bytes), shares
	const struct choice *choices;
	const char *flag; // "budget-stop"; NULL: none
	char letter; // 'o' for -o; 0: none
	const char *argument; // "DURATION", for help; NULL for bool
	const char *help; // one sentence without a full stop
	bool secret; // value never shown
};

extern const struct setting settings_table[];
extern const size_t settings_table_count;

// A row by path ("budget.stop"), or NULL.
const struct setting *setting_by_path(struct str path);
// "PARKWATCH_BUDGET_STOP"
void setting_variable(const struct setting *row, struct buf *out);

int settings_init(struct settings *settings, struct error *error);
void settings_release(struct settings *settings);
// -EINVAL with file:line:column and the nearest known key when a key is unknown or given twice, or
// a value is malformed or out of its range; "-" is standard input.
int settings_load_file(struct settings *settings, const char *path, struct error *error);
// `environment` as environ. Unknown PARKWATCH_ names are told in `warnings`, a line each (those
// that Kubernetes makes for a service called parkwatch are not).
int settings_load_environment(struct settings *settings, const char *const *environment,
	struct buf *warnings, struct error *error);
// `origin.place` is copied. The error names the place.
int settings_set(struct settings *settings, const struct setting *row, struct str value,
	struct setting_origin origin, struct error *error);
int settings_check(const struct settings *settings, struct error *error);

// A value as it would be written; "(secret)" where it is one.
void setting_format(const struct settings *settings, const struct setting *row, struct buf *out);
// "default", "parkwatch.yaml:12:3", "PARKWATCH_BUDGET_STOP", "--budget-stop"
void setting_format_origin(
	const struct settings *settings, const struct setting *row, struct buf *out);
// All of them as a settings file, each with a comment that says where it came from.
void settings_print(const struct settings *settings, struct buf *out);
// All of them for the manifest: paths as keys, values as written. New reference; NULL: no memory.
json_t *settings_json(const struct settings *settings);
// JSON Schema (2020-12) of the settings file. New reference; NULL: no memory.
json_t *settings_schema(void);
