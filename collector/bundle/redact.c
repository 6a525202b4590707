// SPDX-License-Identifier: Apache-2.0
// The rules of redaction, and what they do to lists of labels, arguments and URLs.
#include "collector/bundle/redact.h"

#include "base/cleanup.h"
#include "collector/bundle/redact_parts.h"
#include "runtime/quoted.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define IGNORE_CASE "(?i)"
#define KEY_MAX KIB(4)

struct rule {
	char *text;
	regex_t regex;
	bool compiled;
};

struct redact {
	struct rule *rules;
	size_t count;
	bool arguments, urls;
};

void redact_free(struct redact **redact)
{
	struct redact *r = *redact;

	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		if (r->rules[i].compiled)
			regfree(&r->rules[i].regex);
		free(r->rules[i].text);
	}
	free(r->rules);
	free(r);
	*redact = NULL;
}

static int compile(struct rule *rule, const char *text, struct error *error)
{
	bool ignore_case = strncmp(text, IGNORE_CASE, strlen(IGNORE_CASE)) == 0;
	const char *expression = ignore_case ? text + strlen(IGNORE_CASE) : text;
	char why[120];
	int code;

	rule->text = strdup(text);
	if (!rule->text)
		return error_no_memory(error, "a redaction rule");
	code = regcomp(
		&rule->regex, expression, REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0));
	if (code == 0) {
		rule->compiled = true;
		return 0;
	}
	if (code == REG_ESPACE)
		return error_no_memory(error, "a redaction rule");
	(void)regerror(code, &rule->regex, why, sizeof(why));
	return error_set(error, -EINVAL,
		"redaction rule \"%s\" is no POSIX extended regular expression: %s", text, why);
}

struct redact *redact_new(const struct redact_rules *rules, struct error *error)
{
	struct redact *redact = calloc(1, sizeof(*redact));

	if (redact)
		redact->rules = calloc(rules->label_count + 1, sizeof(*redact->rules));
	if (!redact || !redact->rules) {
		free(redact);
		error_no_memory(error, "redaction rules");
		return NULL;
	}
	redact->arguments = rules->arguments;
	redact->urls = !rules->keep_urls;
	for (size_t i = 0; i < rules->label_count; i++) {
		redact->count = i + 1;
		if (compile(&redact->rules[i], rules->labels[i], error) < 0) {
			redact_free(&redact);
			return NULL;
		}
	}
	return redact;
}

bool redact_has_labels(const struct redact *redact)
{
	return redact->count > 0;
}

bool redact_has_arguments(const struct redact *redact)
{
	return redact->arguments;
}

bool redact_has_urls(const struct redact *redact)
{
	return redact->urls;
}

bool redact_label(const struct redact *redact, struct str key)
{
	char text[KEY_MAX];
	struct str head = str_head(key, sizeof(text) - 1);

	memcpy(text, head.data, head.len);
	text[head.len] = '\0';
	// A NUL would end the text for the expression: what is behind it must not hide.
	for (size_t i = 0; i < head.len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	for (size_t i = 0; i < redact->count; i++)
		if (regexec(&redact->rules[i].regex, text, 0, NULL, 0) == 0)
			return true;
	return false;
}

void redact_describe(const struct redact *redact, struct buf *out)
{
	const char *separator = "";

	if (redact->arguments) {
		buf_add_text(out, "arguments");
		separator = ", ";
	}
	if (redact->urls) {
		buf_printf(out, "%surls", separator);
		separator = ", ";
	}
	for (size_t i = 0; i < redact->count; i++) {
		buf_printf(out, "%s%s%s", separator, i > 0 ? "" : "labels ", redact->rules[i].text);
		separator = ", ";
	}
	if (separator[0] == '\0')
		buf_add_text(out, "none");
}

// One key or value: quoted with escapes, or bare up to one of `ends`. False: it has no end.
static bool take_atom(struct str *text, const char *ends, struct str *atom)
{
	size_t len = 0;

	if (text->len > 0 && text->data[0] == '"') {
		for (len = 1; len < text->len && text->data[len] != '"'; len++)
			if (text->data[len] == '\\')
				len++;
		if (len >= text->len)
			return false;
		len++;
	} else {
		while (len < text->len && !strchr(ends, text->data[len]))
			len++;
		if (len == text->len || len == 0)
			return false;
	}
	*atom = str_head(*text, len);
	*text = str_skip(*text, len);
	return true;
}

static bool matches(const struct redact *redact, struct str key)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(KEY_MAX);

	if (key.data[0] != '"')
		return redact_label(redact, key);
	key = str_head(str_skip(key, 1), key.len - 2);
	while (key.len > 0) {
		size_t run = str_find_byte(key, '\\');

		buf_add(&plain, str_head(key, run));
		key = str_skip(key, run);
		if (key.len == 0)
			break;
		key = str_skip(key, 1);
		if (!quoted_escape(&key, &plain))
			buf_add_byte(&plain, '\\');
	}
	// A key that is too long to be looked at could hide anything.
	return buf_failed(&plain) || redact_label(redact, buf_str(&plain));
}

static void copy_spaces(struct str *text, struct buf *out)
{
	while (text->len > 0 && text->data[0] == ' ') {
		buf_add_byte(out, ' ');
		*text = str_skip(*text, 1);
	}
}

static bool take_byte(struct str *text, const char *allowed, struct buf *out)
{
	if (text->len == 0 || !strchr(allowed, text->data[0]) || text->data[0] == '\0')
		return false;
	buf_add_byte(out, text->data[0]);
	*text = str_skip(*text, 1);
	return true;
}

static bool take_pair(const struct redact *redact, struct str *text, struct buf *out,
	struct redact_counts *counts)
{
	struct str key, value;

	if (!take_atom(text, ":=,}", &key))
		return false;
	buf_add(out, key);
	if (!take_byte(text, ":=", out))
		return false;
	copy_spaces(text, out);
	if (!take_atom(text, ",}", &value))
		return false;
	if (matches(redact, key)) {
		buf_add_text(out, "\"" REDACTED "\"");
		counts->labels++;
	} else {
		buf_add(out, value);
	}
	return true;
}

void redact_label_list(const struct redact *redact, struct str *text, struct buf *out,
	struct redact_counts *counts)
{
	buf_add_byte(out, '{');
	*text = str_skip(*text, 1);
	if (take_byte(text, "}", out))
		return;
	while (take_pair(redact, text, out, counts)) {
		if (take_byte(text, "}", out))
			return;
		if (!take_byte(text, ",", out))
			break;
		copy_spaces(text, out);
		// Metrics allow a comma before the end.
		if (take_byte(text, "}", out))
			return;
	}
	buf_add_text(out, "\"" REDACTED "\"");
	counts->labels++;
	*text = STR_EMPTY;
}

static bool is_argument(char byte)
{
	return byte != '\0' && strchr("0123456789abcdefx, {}._?", byte);
}

void redact_arguments(struct str line, bool whole, struct buf *out, struct redact_counts *counts)
{
	size_t open = str_find_last_byte(line, '(');
	bool closed = line.len > 0 && line.data[line.len - 1] == ')';
	struct str list = str_skip(line, open + 1);
	bool plain = open == line.len || (!closed && whole);

	if (closed && list.len > 0)
		list.len--;
	for (size_t i = 0; i < list.len && !plain; i++)
		plain = !is_argument(list.data[i]);
	if (plain || list.len == 0 || str_equal(list, STR("..."))) {
		buf_add(out, line);
		return;
	}
	buf_add(out, str_head(line, open + 1));
	buf_add_text(out, closed ? "...)" : "");
	counts->arguments++;
}

static bool ends_url(char byte)
{
	return (unsigned char)byte <= ' ' || byte == '"' || byte == '\'' || byte == '<' ||
	       byte == '>' || byte == '`' || byte == '\\';
}

// "?a=1&b=2" with its values taken out; `query` begins behind the '?'.
static bool redact_query(struct str query, struct buf *out)
{
	bool redacted = false;

	while (query.len > 0) {
		size_t end = str_find_byte(query, '&');
		struct str pair = str_head(query, end);
		size_t equals = str_find_byte(pair, '=');

		// A query without '=' is one value.
		buf_add(out, equals < pair.len ? str_head(pair, equals + 1) : STR_EMPTY);
		buf_add_text(out, REDACTED);
		redacted = true;
		if (end < query.len)
			buf_add_byte(out, '&');
		query = str_skip(query, end + 1);
	}
	return redacted;
}

// The URL behind its "://".
static bool redact_url(struct str url, struct buf *out)
{
	size_t host_end = 0, fragment = str_find_byte(url, '#'), query, at;
	struct str tail = str_skip(url, fragment);
	bool redacted = false;

	url = str_head(url, fragment);
	query = str_find_byte(url, '?');
	while (host_end < url.len && url.data[host_end] != '/' && url.data[host_end] != '?')
		host_end++;
	at = str_find_last_byte(str_head(url, host_end), '@');
	if (at < host_end) {
		buf_add_text(out, REDACTED);
		redacted = true;
	} else {
		at = 0;
	}
	buf_add(out, str_skip(str_head(url, query + 1), at));
	if (query < url.len)
		redacted = redact_query(str_skip(url, query + 1), out) || redacted;
	buf_add(out, tail);
	return redacted;
}

void redact_url_text(struct str text, struct buf *out, uint64_t *count)
{
	while (text.len > 0) {
		size_t at = str_find(text, STR("://")), end;

		if (at == text.len)
			break;
		at += 3;
		buf_add(out, str_head(text, at));
		text = str_skip(text, at);
		for (end = 0; end < text.len && !ends_url(text.data[end]);)
			end++;
		if (redact_url(str_head(text, end), out))
			++*count;
		text = str_skip(text, end);
	}
	buf_add(out, text);
}
