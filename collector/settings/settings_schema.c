// SPDX-License-Identifier: Apache-2.0
// The settings as documents: the effective ones as YAML and JSON, and the JSON Schema of the file.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/json_text.h"
#include "collector/settings/settings.h"

#define TEXT_MAX MIB(1)
#define DURATION_PATTERN                                                                           \
	"^(0|([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?([0-9.]+(us|\\u00b5s))?([0-"  \
	"9.]+ns)?)$"
#define SIZE_PATTERN "^[0-9.]+((Ki|Mi|Gi|Ti)B?|[kMGT]B?|B)?$"
#define SHARE_PATTERN "^[0-9.]+%?$"

// JSON's quotes and escapes are valid YAML.
static void add_quoted(struct buf *out, const char *text)
{
	json_add_string(out, str_of(text));
}

static void print_targets(const struct settings *settings, struct buf *out)
{
	for (size_t i = 0; i < settings->targets.count; i++) {
		const struct target_setting *target = &settings->targets.items[i];

		buf_add_text(out, "\n  - {url: ");
		add_quoted(out, target->url);
		buf_add_text(out, ", metrics: ");
		add_quoted(out, target->metrics);
		buf_add_text(out, ", name: ");
		add_quoted(out, target->name);
		buf_add_byte(out, '}');
	}
}

static void print_items(const struct text_list *list, struct buf *out)
{
	buf_add_byte(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		buf_add_text(out, i > 0 ? ", " : "");
		add_quoted(out, list->items[i]);
	}
	buf_add_byte(out, ']');
}

static void print_formatted(const struct setting *row, const struct buf *value, struct buf *out)
{
	bool list = row->kind == SETTING_SET;

	if (row->kind == SETTING_STRING || row->kind == SETTING_SHARE) {
		if (buf_failed(value))
			buf_add_buf(out, value);
		else
			add_quoted(out, buf_text(value));
		return;
	}
	buf_add_text(out, list ? "[" : "");
	buf_add_buf(out, value);
	buf_add_text(out, list ? "]" : "");
}

static void print_value(const struct settings *settings, const struct setting *row, struct buf *out)
{
	cleanup(buf_release) struct buf value = BUF_INIT(TEXT_MAX);

	if (row->kind == SETTING_TARGETS && settings->targets.count > 0) {
		print_targets(settings, out);
	} else if (row->kind == SETTING_PATTERNS || row->kind == SETTING_TARGETS) {
		static const struct text_list empty;
		const void *list = (const char *)settings + row->offset;

		print_items(row->kind == SETTING_PATTERNS ? list : &empty, out);
	} else {
		setting_format(settings, row, &value);
		print_formatted(row, &value, out);
	}
}

void settings_print(const struct settings *settings, struct buf *out)
{
	struct str section = STR_EMPTY;

	for (size_t i = 0; i < settings_table_count; i++) {
		const struct setting *row = &settings_table[i];
		struct str name = str_of(row->path), first = STR_EMPTY;

		if (str_find_byte(name, '.') < name.len)
			first = str_cut(&name, '.');
		if (first.len > 0 && !str_equal(first, section))
			buf_printf(out, "%.*s:\n", STR_ARG(first));
		section = first;
		buf_add_text(out, first.len > 0 ? "  # " : "# ");
		setting_format_origin(settings, row, out);
		buf_printf(out, "\n%s%.*s: ", first.len > 0 ? "  " : "", STR_ARG(name));
		print_value(settings, row, out);
		buf_add_byte(out, '\n');
	}
}

json_t *settings_json(const struct settings *settings)
{
	cleanup(buf_release) struct buf value = BUF_INIT(TEXT_MAX);
	json_t *object = json_object();

	for (size_t i = 0; object && i < settings_table_count; i++) {
		buf_clear(&value);
		setting_format(settings, &settings_table[i], &value);
		if (buf_failed(&value) || json_object_set_new(object, settings_table[i].path,
						  json_string(buf_text(&value))) < 0) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

// NULL members make json_pack fail, so that a lack of memory anywhere ends as NULL.
static json_t *choice_names(const struct setting *row)
{
	json_t *names = json_array();

	for (const struct choice *choice = row->choices; names && choice->name; choice++) {
		if (json_array_append_new(names, json_string(choice->name)) < 0) {
			json_decref(names);
			return NULL;
		}
	}
	return names;
}

static json_t *target_schema(void)
{
	return json_pack(
		"{s:s, s:i, s:{s:[{s:s}, {s:s, s:b, s:[s], s:{s:{s:s}, s:{s:s}, s:{s:s}}}]}}",
		"type", "array", "maxItems", LIMIT_TARGETS_COUNT, "items", "oneOf", "type",
		"string", "type", "object", "additionalProperties", 0, "required", "url",
		"properties", "url", "type", "string", "metrics", "type", "string", "name", "type",
		"string");
}

static json_t *kind_schema(const struct setting *row)
{
	switch (row->kind) {
	case SETTING_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case SETTING_INT:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
			(json_int_t)row->min, "maximum", (json_int_t)row->max);
	case SETTING_DURATION:
		return json_pack("{s:[s, s], s:s}", "type", "string", "integer", "pattern",
			DURATION_PATTERN);
	case SETTING_SIZE:
		return json_pack(
			"{s:[s, s], s:s}", "type", "string", "integer", "pattern", SIZE_PATTERN);
	case SETTING_SHARE:
		return json_pack(
			"{s:[s, s], s:s}", "type", "string", "number", "pattern", SHARE_PATTERN);
	case SETTING_STRING:
		return json_pack("{s:s}", "type", "string");
	case SETTING_CHOICE:
		return json_pack("{s:o}", "enum", choice_names(row));
	case SETTING_SET:
		return json_pack(
			"{s:s, s:{s:o}}", "type", "array", "items", "enum", choice_names(row));
	case SETTING_PATTERNS:
		return json_pack("{s:s, s:i, s:{s:s, s:s}}", "type", "array", "maxItems",
			(int)row->max, "items", "type", "string", "format", "regex");
	case SETTING_TARGETS:
		return target_schema();
	}
	return NULL;
}

static json_t *list_default(const struct setting *row)
{
	struct str rest = str_of(row->fallback);
	json_t *list = json_array();

	while (list && rest.len > 0) {
		struct str item = row->kind == SETTING_SET ? str_cut(&rest, ',') : rest;

		if (row->kind != SETTING_SET)
			rest = STR_EMPTY;
		if (json_array_append_new(list, json_stringn(item.data, item.len)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *default_value(const struct setting *row)
{
	int64_t number = 0;

	switch (row->kind) {
	case SETTING_BOOL:
		return json_boolean(str_equal(str_of(row->fallback), STR("true")));
	case SETTING_INT:
		(void)str_to_i64(str_of(row->fallback), &number);
		return json_integer(number);
	case SETTING_SET:
	case SETTING_PATTERNS:
	case SETTING_TARGETS:
		return list_default(row);
	default:
		return json_string(row->fallback);
	}
}

static json_t *row_schema(const struct setting *row)
{
	json_t *schema = kind_schema(row);

	if (!schema)
		return NULL;
	if (json_object_set_new(schema, "description", json_string(row->help)) < 0 ||
		json_object_set_new(schema, "default", default_value(row)) < 0) {
		json_decref(schema);
		return NULL;
	}
	return schema;
}

static json_t *object_schema(void)
{
	return json_pack(
		"{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0, "properties");
}

// The properties of the section that a path is in; made when missing, borrowed.
static json_t *section_properties(json_t *root, struct str *path)
{
	json_t *properties = json_object_get(root, "properties");

	while (properties && str_find_byte(*path, '.') < path->len) {
		struct str name = str_cut(path, '.');
		json_t *section = json_object_getn(properties, name.data, name.len);

		if (!section) {
			section = object_schema();
			if (json_object_setn_new(properties, name.data, name.len, section) < 0)
				return NULL;
		}
		properties = json_object_get(section, "properties");
	}
	return properties;
}

json_t *settings_schema(void)
{
	json_t *root = object_schema();

	if (!root)
		return NULL;
	if (json_object_set_new(root, "$schema",
		    json_string("https://json-schema.org/draft/2020-12/schema")) < 0 ||
		json_object_set_new(root, "title", json_string("parkwatch settings")) < 0)
		goto fail;
	for (size_t i = 0; i < settings_table_count; i++) {
		struct str path = str_of(settings_table[i].path);
		json_t *properties = section_properties(root, &path);

		if (!properties || json_object_setn_new(properties, path.data, path.len,
					   row_schema(&settings_table[i])) < 0)
			goto fail;
	}
	return root;
fail:
	json_decref(root);
	return NULL;
}
