// SPDX-License-Identifier: Apache-2.0
// The settings file: YAML by libyaml's document API, whose nodes know their line and column.
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "collector/settings/nearest.h"
#include "collector/settings/settings_value.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#define PATH_MAX_BYTES 128

// One load of one file.
struct load {
	struct settings *settings;
	yaml_document_t *document;
	const char *name; // of the file, for messages
	struct error *error;
};

static struct str scalar(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE)
		return STR_EMPTY;
	return (struct str){(const char *)node->data.scalar.value, node->data.scalar.length};
}

static bool is_null(const yaml_node_t *node)
{
	struct str text = scalar(node);

	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (text.len == 0 || str_equal(text, STR("~")) || str_equal(text, STR("null")));
}

// Put the place before the error that has just been set.
static int at(struct load *load, const yaml_node_t *node, int code)
{
	error_wrap(load->error, "%s:%zu:%zu", load->name, node->start_mark.line + 1,
		node->start_mark.column + 1);
	return code;
}

static struct setting_origin origin_of(const struct load *load, const yaml_node_t *node)
{
	return (struct setting_origin){
		.kind = ORIGIN_FILE,
		.place = load->name,
		.line = (unsigned)node->start_mark.line + 1,
		.column = (unsigned)node->start_mark.column + 1,
	};
}

static int unknown_key(struct load *load, const yaml_node_t *key, struct str prefix)
{
	struct nearest nearest = {.wanted = scalar(key)};
	struct str section = str_head(prefix, prefix.len ? prefix.len - 1 : 0);

	// "collect.snapshots" below "collect." is "snapshots"; below "" it is "collect".
	for (size_t i = 0; i < settings_table_count; i++) {
		struct str path = str_of(settings_table[i].path), rest;

		rest = str_skip(path, prefix.len);
		if (str_starts(path, prefix))
			nearest_try(&nearest, str_cut(&rest, '.'));
	}
	return at(load, key,
		error_set(load->error, -EINVAL, "unknown key \"%.*s\"%s%.*s%s%s",
			STR_ARG(str_head(scalar(key), 100)), section.len ? " in " : "",
			STR_ARG(section), nearest.best[0] ? "; nearest known: " : "",
			nearest.best));
}

static int check_duplicates(struct load *load, const yaml_node_t *mapping)
{
	const yaml_node_pair_t *pairs = mapping->data.mapping.pairs.start;
	size_t count = (size_t)(mapping->data.mapping.pairs.top - pairs);

	// Few pairs are valid, so a long list ends at an unknown key; quadratic until there.
	for (size_t i = 0; i < count && i < 2 * SETTINGS_COUNT_MAX; i++) {
		const yaml_node_t *key = yaml_document_get_node(load->document, pairs[i].key);

		if (key->type != YAML_SCALAR_NODE)
			return at(
				load, key, error_set(load->error, -EINVAL, "a key must be a word"));
		for (size_t j = 0; j < i; j++) {
			const yaml_node_t *other =
				yaml_document_get_node(load->document, pairs[j].key);

			if (str_equal(scalar(key), scalar(other)))
				return at(load, key,
					error_set(load->error, -EINVAL,
						"\"%.*s\" is given twice; first in line %zu",
						STR_ARG(str_head(scalar(key), 100)),
						other->start_mark.line + 1));
		}
	}
	return 0;
}

static int set_target_field(struct load *load, struct target_setting *target,
	const yaml_node_t *key, const yaml_node_t *value)
{
	struct {
		const char *name;
		const char **place;
	} fields[] = {
		{"url", &target->url}, {"metrics", &target->metrics}, {"name", &target->name}};
	struct nearest nearest = {.wanted = scalar(key)};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		nearest_try(&nearest, str_of(fields[i].name));
		if (!str_equal(scalar(key), str_of(fields[i].name)))
			continue;
		if (value->type != YAML_SCALAR_NODE ||
			strlen((const char *)value->data.scalar.value) != value->data.scalar.length)
			return at(load, value, error_set(load->error, -EINVAL, "must be a text"));
		*fields[i].place = arena_text(&load->settings->arena, scalar(value));
		return *fields[i].place ? 0 : error_no_memory(load->error, "keep a target");
	}
	return at(load, key,
		error_set(load->error, -EINVAL, "unknown key \"%.*s\" of a target%s%s",
			STR_ARG(str_head(scalar(key), 100)),
			nearest.best[0] ? "; nearest known: " : "", nearest.best));
}

static int load_target(struct load *load, const yaml_node_t *node)
{
	struct target_setting target = {.url = "", .metrics = "", .name = ""};
	int r = 0;

	if (node->type == YAML_SCALAR_NODE) {
		target.url = arena_text(&load->settings->arena, scalar(node));
		if (!target.url)
			return error_no_memory(load->error, "keep a target");
	} else if (node->type == YAML_MAPPING_NODE) {
		r = check_duplicates(load, node);
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
			r == 0 && pair < node->data.mapping.pairs.top; pair++)
			r = set_target_field(load, &target,
				yaml_document_get_node(load->document, pair->key),
				yaml_document_get_node(load->document, pair->value));
	} else {
		return at(load, node,
			error_set(load->error, -EINVAL,
				"a target is a URL or {url: ..., metrics: ..., name: ...}"));
	}
	if (r < 0)
		return r;
	r = settings_add_target(load->settings, &target, load->error);
	return r < 0 ? at(load, node, r) : 0;
}

// A list of scalars as the text that a flag would have: "goroutine,block".
static int load_joined(struct load *load, const struct setting *row, const yaml_node_t *node)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(4));

	for (const yaml_node_item_t *item = node->data.sequence.items.start;
		item < node->data.sequence.items.top; item++) {
		if (text.len > 0)
			buf_add_byte(&text, ',');
		buf_add(&text, scalar(yaml_document_get_node(load->document, *item)));
	}
	if (buf_failed(&text) == -ENOMEM)
		return error_no_memory(load->error, "read the settings");
	if (buf_failed(&text))
		return at(load, node,
			error_set(load->error, -E2BIG, "%s: too long a list", row->path));
	return settings_set(
		load->settings, row, buf_str(&text), origin_of(load, node), load->error);
}

static int load_sequence(struct load *load, const struct setting *row, const yaml_node_t *node)
{
	// Empty first: a layer replaces the one below as a whole.
	int r = settings_set(load->settings, row, STR_EMPTY, origin_of(load, node), load->error);

	for (const yaml_node_item_t *item = node->data.sequence.items.start;
		r == 0 && item < node->data.sequence.items.top; item++) {
		const yaml_node_t *value = yaml_document_get_node(load->document, *item);

		if (row->kind == SETTING_TARGETS) {
			r = load_target(load, value);
			continue;
		}
		if (value->type != YAML_SCALAR_NODE)
			return at(load, value, error_set(load->error, -EINVAL, "must be a text"));
		r = settings_add_pattern(load->settings, row, scalar(value), load->error);
		if (r < 0)
			return at(load, value, r);
	}
	return r;
}

static int load_value(struct load *load, const struct setting *row, const yaml_node_t *node)
{
	bool is_list = row->kind == SETTING_SET || row->kind == SETTING_PATTERNS ||
		       row->kind == SETTING_TARGETS;

	if (is_null(node))
		return at(load, node,
			error_set(load->error, -EINVAL,
				"%s has no value: give one or remove the key", row->path));
	if (node->type == YAML_SEQUENCE_NODE && row->kind == SETTING_SET)
		return load_joined(load, row, node);
	if (node->type == YAML_SEQUENCE_NODE && is_list)
		return load_sequence(load, row, node);
	if (node->type != YAML_SCALAR_NODE)
		return at(load, node,
			error_set(load->error, -EINVAL, "%s must be %s", row->path,
				is_list ? "a list" : "a single value"));
	return settings_set(load->settings, row, scalar(node), origin_of(load, node), load->error);
}

static bool is_section(struct str path)
{
	for (size_t i = 0; i < settings_table_count; i++) {
		struct str known = str_of(settings_table[i].path);

		if (known.len > path.len && str_starts(known, path) && known.data[path.len] == '.')
			return true;
	}
	return false;
}

static int load_mapping(struct load *load, const yaml_node_t *node, struct str prefix);

static int load_key(
	struct load *load, const yaml_node_t *key, const yaml_node_t *value, struct str prefix)
{
	char path[PATH_MAX_BYTES];
	struct str name = scalar(key), whole = {.data = path, .len = prefix.len + name.len};
	const struct setting *row;

	if (whole.len + 1 >= sizeof(path) || str_find_byte(name, '.') < name.len)
		return unknown_key(load, key, prefix);
	if (prefix.len > 0)
		memcpy(path, prefix.data, prefix.len);
	if (name.len > 0)
		memcpy(path + prefix.len, name.data, name.len);
	row = setting_by_path(whole);
	if (row)
		return load_value(load, row, value);
	if (!is_section(whole))
		return unknown_key(load, key, prefix);
	path[whole.len++] = '.';
	return load_mapping(load, value, whole);
}

// The depth is that of the table: `prefix` is always the beginning of a known path.
static int load_mapping(struct load *load, const yaml_node_t *node, struct str prefix)
{
	int r;

	if (is_null(node)) // "collect:" with everything below commented out
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return at(load, node,
			error_set(load->error, -EINVAL,
				"%s%.*s must be a mapping of keys to values",
				prefix.len ? "" : "the file",
				STR_ARG(str_head(prefix, prefix.len ? prefix.len - 1 : 0))));
	r = check_duplicates(load, node);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		r == 0 && pair < node->data.mapping.pairs.top; pair++)
		r = load_key(load, yaml_document_get_node(load->document, pair->key),
			yaml_document_get_node(load->document, pair->value), prefix);
	return r;
}

static int parser_error(const yaml_parser_t *parser, const char *name, struct error *error)
{
	// libyaml's composer fails without a word when it has no memory.
	if (parser->error == YAML_MEMORY_ERROR || !parser->problem)
		return error_no_memory(error, "read the settings");
	if (parser->error == YAML_READER_ERROR)
		return error_set(error, -EINVAL, "%s: no UTF-8 text at byte %zu: %s", name,
			parser->problem_offset, parser->problem);
	return error_set(error, -EINVAL, "%s:%zu:%zu: no valid YAML: %s", name,
		parser->problem_mark.line + 1, parser->problem_mark.column + 1, parser->problem);
}

static int load_document(struct settings *settings, yaml_parser_t *parser, const char *name,
	bool *more, struct error *error)
{
	yaml_document_t document;
	struct load load = {settings, &document, name, error};
	yaml_node_t *root;
	int r = 0;

	if (!yaml_parser_load(parser, &document))
		return parser_error(parser, name, error);
	root = yaml_document_get_root_node(&document);
	if (root && !*more)
		r = load_mapping(&load, root, STR_EMPTY);
	else if (root)
		r = at(&load, root,
			error_set(error, -EINVAL, "a second document: the file must hold one"));
	*more = root != NULL;
	yaml_document_delete(&document);
	return r;
}

static int load_text(
	struct settings *settings, struct str text, const char *name, struct error *error)
{
	yaml_parser_t parser;
	bool more = false;
	int r;

	if (!yaml_parser_initialize(&parser))
		return error_no_memory(error, "read the settings");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.len);
	do
		r = load_document(settings, &parser, name, &more, error);
	while (r == 0 && more);
	yaml_parser_delete(&parser);
	return r;
}

int settings_load_file(struct settings *settings, const char *path, struct error *error)
{
	cleanup(buf_release) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	int r = file_read(path, &text, error);

	if (r < 0)
		return error_wrap(error, "load the settings");
	return load_text(settings, buf_str(&text), name, error);
}
