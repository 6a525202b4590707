// SPDX-License-Identifier: Apache-2.0
// Values of settings: from text, into their field, back to text, with where they came from.
#include "collector/settings/settings.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"
#include "collector/settings/pattern.h"
#include "collector/settings/settings_value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SETTINGS_ARENA MIB(8)
#define VALUE_TEXT_MAX KIB(64)

static int bad_value(struct error *error, struct str value, const char *expected)
{
	return error_set(
		error, -EINVAL, "\"%.*s\" is not %s", STR_ARG(str_head(value, 100)), expected);
}

static void *field(struct settings *settings, const struct setting *row)
{
	return (char *)settings + row->offset;
}

static const void *const_field(const struct settings *settings, const struct setting *row)
{
	return (const char *)settings + row->offset;
}

// As a value would be written: exact, unlike the words for people of base/clock.h.
static void format_duration(double seconds, struct buf *out)
{
	static const struct {
		double seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}, {1e-3, "ms"}};
	size_t unit = 0;

	while (unit < 3 && fmod(seconds, units[unit].seconds) != 0)
		unit++;
	if (seconds == 0)
		unit = 3;
	else if (seconds < 1)
		unit = 4;
	buf_printf(out, "%.10g%s", seconds / units[unit].seconds, units[unit].name);
}

static void format_size(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
	size_t unit = 0;

	for (; bytes > 0 && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0]);
		unit++)
		bytes /= 1024;
	buf_printf(out, "%" PRIu64 "%s", bytes, units[unit]);
}

static void format_number(enum setting_kind kind, double value, struct buf *out)
{
	if (kind == SETTING_SIZE)
		format_size((uint64_t)value, out);
	else if (kind == SETTING_DURATION)
		format_duration(value, out);
	else if (kind == SETTING_SHARE)
		buf_printf(out, "%.10g%%", 100 * value);
	else
		buf_printf(out, "%.0f", value);
}

static int check_range(
	const struct setting *row, struct str text, double value, struct error *error)
{
	cleanup(buf_release) struct buf range = BUF_INIT(128);

	if (value >= row->min && value <= row->max)
		return 0;
	format_number(row->kind, row->min, &range);
	buf_add_text(&range, " to ");
	format_number(row->kind, row->max, &range);
	return error_set(error, -ERANGE, "%.*s is out of range: from %s",
		STR_ARG(str_head(text, 100)), buf_text(&range));
}

static int set_bool(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	bool *value = field(settings, row);

	if (str_equal(text, STR("true")) || str_equal(text, STR("1")))
		*value = true;
	else if (str_equal(text, STR("false")) || str_equal(text, STR("0")))
		*value = false;
	else
		return bad_value(error, text, "true or false");
	return 0;
}

static int set_int(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	int64_t value;
	int r;

	if (!str_to_i64(text, &value))
		return bad_value(error, text, "a whole number");
	r = check_range(row, text, (double)value, error);
	if (r == 0)
		*(int64_t *)field(settings, row) = value;
	return r;
}

static int set_duration(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	double value;
	int r;

	if (!duration_parse(text, &value))
		return bad_value(error, text, "a duration such as 250ms, 10s or 1h30m");
	r = check_range(row, text, value, error);
	if (r == 0)
		*(double *)field(settings, row) = value;
	return r;
}

static int set_size(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	uint64_t value;
	int r;

	if (!size_parse(text, &value))
		return bad_value(error, text, "a size such as 4096, 512k or 64Mi");
	r = check_range(row, text, (double)value, error);
	if (r == 0)
		*(uint64_t *)field(settings, row) = value;
	return r;
}

static int set_share(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	double value;
	int r;

	if (!str_to_share(text, &value))
		return bad_value(error, text, "a share such as 0.1% or 0.001");
	r = check_range(row, text, value, error);
	if (r == 0)
		*(double *)field(settings, row) = value;
	return r;
}

static int set_string(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	const char *copy;

	for (size_t i = 0; i < text.len; i++)
		if (iscntrl((unsigned char)text.data[i]))
			return error_set(error, -EINVAL, "the value holds a control character");
	copy = arena_text(&settings->arena, text);
	if (!copy)
		return error_no_memory(error, "keep a setting");
	*(const char **)field(settings, row) = copy;
	return 0;
}

static const struct choice *find_choice(const struct setting *row, struct str name)
{
	for (const struct choice *choice = row->choices; choice->name; choice++)
		if (str_equal(str_of(choice->name), name))
			return choice;
	return NULL;
}

static int no_such_choice(const struct setting *row, struct str name, struct error *error)
{
	cleanup(buf_release) struct buf known = BUF_INIT(1000);

	for (const struct choice *choice = row->choices; choice->name; choice++)
		buf_printf(&known, "%s%s", choice == row->choices ? "" : ", ", choice->name);
	return error_set(error, -EINVAL, "\"%.*s\" is none of %s", STR_ARG(str_head(name, 100)),
		buf_text(&known));
}

static int set_choice(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	const struct choice *choice = find_choice(row, text);

	if (!choice)
		return no_such_choice(row, text, error);
	*(int *)field(settings, row) = choice->value;
	return 0;
}

static int set_bits(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	uint64_t bits = 0;

	while (text.len > 0) {
		struct str name = str_trim(str_cut(&text, ','));
		const struct choice *choice = find_choice(row, name);

		if (!choice)
			return no_such_choice(row, name, error);
		bits |= UINT64_C(1) << choice->value;
	}
	*(uint64_t *)field(settings, row) = bits;
	return 0;
}

int settings_add_pattern(
	struct settings *settings, const struct setting *row, struct str text, struct error *error)
{
	struct text_list *list = field(settings, row);
	const char *pattern = arena_text(&settings->arena, text);
	const char **items;
	int r;

	if (list->count >= (size_t)row->max)
		return error_set(error, -E2BIG, "more than %.0f patterns", row->max);
	items = arena_array(&settings->arena, list->count + 1, sizeof(*items));
	if (!pattern || !items)
		return error_no_memory(error, "keep a setting");
	r = pattern_check(pattern, error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list->count; i++)
		items[i] = list->items[i];
	items[list->count] = pattern;
	*list = (struct text_list){.items = items, .count = list->count + 1};
	return 0;
}

static int check_target_url(struct str url, struct error *error)
{
	struct str rest, host;

	if (str_starts(url, STR("http://")))
		rest = str_skip(url, strlen("http://"));
	else if (str_starts(url, STR("https://")))
		rest = str_skip(url, strlen("https://"));
	else
		return bad_value(error, url, "a URL that starts with http:// or https://");
	host = str_cut(&rest, '/');
	if (host.len == 0 || host.data[0] == ':')
		return bad_value(error, url, "a URL with a host");
	// It would be told in logs and kept in bundles.
	if (str_find_byte(host, '@') < host.len)
		return error_set(error, -EINVAL,
			"the URL holds a user name or password; put them in http.basic_file");
	return 0;
}

int settings_add_target(
	struct settings *settings, const struct target_setting *target, struct error *error)
{
	size_t count = settings->targets.count;
	struct target_setting *items = settings->targets.items;
	int r = check_target_url(str_of(target->url), error);

	if (r == 0 && target->metrics[0])
		r = check_target_url(str_of(target->metrics), error);
	if (r < 0)
		return r;
	if (count >= LIMIT_TARGETS_COUNT)
		return error_set(error, -E2BIG, "more than %d targets", LIMIT_TARGETS_COUNT);
	if ((count & (count - 1)) == 0) { // a power of two: full
		items = arena_array(&settings->arena, count ? 2 * count : 1, sizeof(*items));
		if (!items)
			return error_no_memory(error, "keep a target");
		for (size_t i = 0; i < count; i++)
			items[i] = settings->targets.items[i];
		settings->targets.items = items;
	}
	items[count] = *target;
	settings->targets.count++;
	return 0;
}

static int set_targets(struct settings *settings, struct str text, struct error *error)
{
	int r = 0;

	settings->targets.count = 0;
	settings->targets.items = NULL;
	while (r == 0 && text.len > 0) {
		struct target_setting target = {.metrics = "", .name = ""};

		target.url = arena_text(&settings->arena, str_trim(str_cut(&text, ',')));
		if (!target.url)
			return error_no_memory(error, "keep a target");
		r = settings_add_target(settings, &target, error);
	}
	return r;
}

static int set_patterns(struct settings *settings, const struct setting *row, struct str text,
	enum origin_kind kind, struct error *error)
{
	const struct setting_origin *before = &settings->origins[row - settings_table];
	struct text_list *list = field(settings, row);

	// A second flag adds to the first; a layer above replaces the one below.
	if (kind != ORIGIN_FLAG || before->kind != ORIGIN_FLAG)
		*list = (struct text_list){0};
	return text.len == 0 ? 0 : settings_add_pattern(settings, row, text, error);
}

static int set_value(struct settings *settings, const struct setting *row, struct str text,
	enum origin_kind kind, struct error *error)
{
	switch (row->kind) {
	case SETTING_BOOL:
		return set_bool(settings, row, text, error);
	case SETTING_INT:
		return set_int(settings, row, text, error);
	case SETTING_DURATION:
		return set_duration(settings, row, text, error);
	case SETTING_SIZE:
		return set_size(settings, row, text, error);
	case SETTING_SHARE:
		return set_share(settings, row, text, error);
	case SETTING_STRING:
		return set_string(settings, row, text, error);
	case SETTING_CHOICE:
		return set_choice(settings, row, text, error);
	case SETTING_SET:
		return set_bits(settings, row, text, error);
	case SETTING_PATTERNS:
		return set_patterns(settings, row, text, kind, error);
	case SETTING_TARGETS:
		return set_targets(settings, text, error);
	}
	return -EINVAL;
}

int settings_remember_origin(struct settings *settings, const struct setting *row,
	struct setting_origin origin, struct error *error)
{
	origin.place = arena_text(&settings->arena, str_of(origin.place));
	if (!origin.place)
		return error_no_memory(error, "keep where a setting came from");
	settings->origins[row - settings_table] = origin;
	return 0;
}

int settings_set(struct settings *settings, const struct setting *row, struct str value,
	struct setting_origin origin, struct error *error)
{
	int r = set_value(settings, row, value, origin.kind, error);

	if (r == 0)
		return settings_remember_origin(settings, row, origin, error);
	if (origin.kind == ORIGIN_FILE)
		error_wrap(
			error, "%s:%u:%u: %s", origin.place, origin.line, origin.column, row->path);
	else
		error_wrap(error, "%s", origin.place[0] ? origin.place : row->path);
	return r;
}

int settings_init(struct settings *settings, struct error *error)
{
	struct setting_origin origin = {.kind = ORIGIN_DEFAULT, .place = ""};

	*settings = (struct settings){.arena = ARENA_INIT(SETTINGS_ARENA)};
	for (size_t i = 0; i < settings_table_count; i++) {
		const struct setting *row = &settings_table[i];
		int r = settings_set(settings, row, str_of(row->fallback), origin, error);

		if (r < 0) {
			settings_release(settings);
			return r;
		}
	}
	return 0;
}

void settings_release(struct settings *settings)
{
	arena_release(&settings->arena);
	*settings = (struct settings){.arena = ARENA_INIT(SETTINGS_ARENA)};
}

static int check_deadlines(const struct settings *settings, struct error *error)
{
	double least_s = (double)(settings->collect.snapshots - 1) * settings->collect.interval_s;
	char least[CLOCK_TEXT_MAX];

	if (settings->fetch.connect_s > settings->fetch.deadline_s)
		return error_set(error, -EINVAL,
			"fetch.connect is longer than fetch.deadline: raise the deadline");
	if (settings->collect.timeout_s > 0 && settings->collect.timeout_s <= least_s) {
		duration_format(least_s, least);
		return error_set(error, -EINVAL,
			"collect.timeout would end before the last snapshot, which begins after "
			"%s: "
			"raise it, or take fewer snapshots",
			least);
	}
	return 0;
}

int settings_check(const struct settings *settings, struct error *error)
{
	int r = check_deadlines(settings, error);

	if (r < 0)
		return r;
	if ((settings->http.cert_file[0] == '\0') != (settings->http.key_file[0] == '\0'))
		return error_set(error, -EINVAL,
			"http.cert_file and http.key_file go together: set both or none");
	if (settings->http.bearer_file[0] && settings->http.basic_file[0])
		return error_set(error, -EINVAL,
			"http.bearer_file and http.basic_file exclude each other: set one");
	if (settings->metrics.url[0]) {
		r = check_target_url(str_of(settings->metrics.url), error);
		if (r < 0)
			return error_wrap(error, "metrics.url");
	}
	return 0;
}

static void format_choices(const struct setting *row, uint64_t bits, struct buf *out)
{
	const char *comma = "";

	for (const struct choice *choice = row->choices; choice->name; choice++) {
		if (!(bits >> choice->value & 1))
			continue;
		buf_printf(out, "%s%s", comma, choice->name);
		comma = ",";
	}
}

static void format_list(const struct text_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", list->items[i]);
}

void setting_format(const struct settings *settings, const struct setting *row, struct buf *out)
{
	const void *value = const_field(settings, row);

	switch (row->kind) {
	case SETTING_BOOL:
		buf_add_text(out, *(const bool *)value ? "true" : "false");
		break;
	case SETTING_INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)value);
		break;
	case SETTING_DURATION:
		format_duration(*(const double *)value, out);
		break;
	case SETTING_SIZE:
		format_size(*(const uint64_t *)value, out);
		break;
	case SETTING_SHARE:
		format_number(row->kind, *(const double *)value, out);
		break;
	case SETTING_STRING:
		buf_add_text(out, row->secret ? "(secret)" : *(const char *const *)value);
		break;
	case SETTING_CHOICE:
		format_choices(row, UINT64_C(1) << *(const int *)value, out);
		break;
	case SETTING_SET:
		format_choices(row, *(const uint64_t *)value, out);
		break;
	case SETTING_PATTERNS:
		format_list(value, out);
		break;
	case SETTING_TARGETS:
		for (size_t i = 0; i < settings->targets.count; i++)
			buf_printf(out, "%s%s", i > 0 ? "," : "", settings->targets.items[i].url);
		break;
	}
}

void setting_format_origin(
	const struct settings *settings, const struct setting *row, struct buf *out)
{
	const struct setting_origin *origin = &settings->origins[row - settings_table];

	if (origin->kind == ORIGIN_DEFAULT)
		buf_add_text(out, "default");
	else if (origin->kind == ORIGIN_FILE)
		buf_printf(out, "%s:%u:%u", origin->place, origin->line, origin->column);
	else
		buf_add_text(out, origin->place);
}
