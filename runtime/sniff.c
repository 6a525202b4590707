// SPDX-License-Identifier: Apache-2.0
// What some bytes look like. Marks are looked for from the most to the least certain: first bytes
// that only one format has, then the first line that says anything, then any line of the beginning.
#include "runtime/sniff.h"

#include "runtime/profile_line.h"

#include <string.h>

static struct str without_bom(struct str text)
{
	return str_starts(text, STR("\xef\xbb\xbf")) ? str_skip(text, 3) : text;
}

static struct str skip_blank(struct str text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.data[0]) && text.data[0] != '\0')
		text = str_skip(text, 1);
	return text;
}

static bool holds(struct str text, struct str needle)
{
	return str_find(text, needle) < text.len;
}

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

// `word` in lower case.
static bool starts_caseless(struct str text, struct str word)
{
	if (text.len < word.len)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (lower(text.data[i]) != word.data[i])
			return false;
	return true;
}

static bool is_tar(struct str head)
{
	return head.len >= 262 && memcmp(head.data + 257, "ustar", 5) == 0;
}

static bool is_utf16(struct str head)
{
	return str_starts(head, STR("\xff\xfe")) || str_starts(head, STR("\xfe\xff"));
}

// profile.proto begins with a small message: field 1 (sample type) or 11 (period type), length
// below 32, its fields 1 and 2 as varints.
static bool is_profile_proto(struct str head)
{
	const unsigned char *bytes = (const unsigned char *)head.data;

	return head.len >= 3 && (bytes[0] == 0x0a || bytes[0] == 0x5a) && bytes[1] >= 2 &&
	       bytes[1] < 32 && (bytes[2] == 0x08 || bytes[2] == 0x10);
}

// Text has no control characters but tabs, line ends, form feeds and the escape of colours.
static bool is_binary(struct str head)
{
	size_t odd = 0;

	for (size_t i = 0; i < head.len; i++) {
		unsigned char byte = (unsigned char)head.data[i];

		if (byte == 0)
			return true;
		if (byte < 0x20 && !strchr("\t\n\r\f\x1b", byte))
			odd++;
	}
	return odd > head.len / 32;
}

static bool is_html(struct str text)
{
	static const char *const marks[] = {"<!doctype html", "<html", "<head", "<body", "<title",
		"<script", "<form", "<meta", "<div"};

	while (starts_caseless(text, STR("<!--"))) {
		size_t end = str_find(text, STR("-->"));

		text = skip_blank(str_skip(text, end + 3));
	}
	if (starts_caseless(text, STR("<?xml")))
		return holds(text, STR("<html"));
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (starts_caseless(text, str_of(marks[i])))
			return true;
	return false;
}

// "goroutine 1 [", "goroutine 0 gp=0x...": `text` begins at the word.
static bool is_goroutine_header(struct str text)
{
	size_t digits = 0;

	if (!str_starts(text, STR("goroutine ")))
		return false;
	text = str_skip(text, 10);
	while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
		digits++;
	text = str_skip(text, digits);
	return digits > 0 && (str_starts(text, STR(" [")) || str_starts(text, STR(" gp=")));
}

static bool holds_goroutine_header(struct str text)
{
	size_t at;

	while ((at = str_find(text, STR("goroutine "))) < text.len) {
		text = str_skip(text, at);
		if (is_goroutine_header(text))
			return true;
		text = str_skip(text, 1);
	}
	return false;
}

static bool has_string_type(struct str text, struct str type)
{
	size_t at = str_find(text, STR("\"type\""));
	struct str rest = skip_blank(str_skip(text, at + 6));

	if (at == text.len || !str_starts(rest, STR(":")))
		return false;
	return str_starts(skip_blank(str_skip(rest, 1)), type);
}

// The keys that a line of a log has and an error object of a server seldom.
static bool is_json_log(struct str line)
{
	static const char *const keys[] = {
		"\"log\":", "\"Action\":", "\"msg\":", "\"ts\":", "\"time\":", "\"timestamp\":",
		"\"@timestamp\":", "\"level\":", "\"textPayload\":", "\"MESSAGE\":", "\"stream\":"};
	unsigned found = 0;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		found += holds(line, str_of(keys[i]));
	return holds(line, STR("\"log\":")) || found >= 2;
}

static enum looks sniff_json(struct str text)
{
	struct str rest = text, line = str_cut(&rest, '\n');

	if (holds(text, STR("parkwatch.observations/")) && has_string_type(line, STR("\"header\"")))
		return LOOKS_OBSERVATIONS;
	if (holds(text, STR("\"parkwatch.findings/")))
		return LOOKS_FINDINGS;
	if (holds_goroutine_header(text) || is_json_log(line))
		return LOOKS_LOG;
	return LOOKS_JSON;
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == ':';
}

// "name 1", "name{label="v"} 1"
static bool is_metric_sample(struct str line)
{
	struct str rest = line;
	double value;

	while (rest.len > 0 && is_name_byte(rest.data[0]))
		rest = str_skip(rest, 1);
	if (rest.len == line.len || (line.data[0] >= '0' && line.data[0] <= '9'))
		return false;
	if (str_starts(rest, STR("{"))) {
		size_t end = str_find_last_byte(rest, '}');

		if (end == rest.len || !holds(rest, STR("=\"")))
			return false;
		rest = str_skip(rest, end + 1);
	}
	rest = skip_blank(rest);
	return rest.len > 0 && str_to_double(str_cut(&rest, ' '), &value);
}

static bool is_metrics(struct str text)
{
	struct str line;

	while (str_next_line(&text, &line)) {
		if (str_starts(line, STR("# HELP ")) || str_starts(line, STR("# TYPE ")) ||
			str_starts(line, STR("# UNIT ")) || str_equal(line, STR("# EOF")))
			return true;
		if (line.len > 0 && line.data[0] != '#')
			return is_metric_sample(line);
	}
	return false;
}

static bool is_pprof_report(struct str text)
{
	return (str_starts(text, STR("File: ")) || str_starts(text, STR("Type: ")) ||
		       str_starts(text, STR("Showing "))) &&
	       (holds(text, STR("Showing nodes accounting for")) || holds(text, STR("flat%")));
}

static bool is_python(struct str text)
{
	return holds(text, STR("Traceback (most recent call last)")) ||
	       holds(text, STR("(most recent call first):")) ||
	       (holds(text, STR("  File \"")) && holds(text, STR("\", line ")));
}

static bool is_java(struct str text)
{
	return holds(text, STR("Full thread dump")) ||
	       holds(text, STR("java.lang.Thread.State:")) ||
	       (holds(text, STR("\n\tat ")) && holds(text, STR(".java:")));
}

// Behind other lines: the head of a response, the output of a test.
static bool holds_profile_header(struct str text)
{
	struct profile_header header;
	struct str line;

	while (str_next_line(&text, &line))
		if (profile_header_parse(line, &header))
			return true;
	return false;
}

static enum looks sniff_text(struct str text)
{
	struct profile_header header;
	struct str rest = text, line;

	(void)str_next_line(&rest, &line);
	if (is_goroutine_header(line))
		return LOOKS_DUMP;
	if (profile_header_parse(line, &header))
		return LOOKS_PROFILE_TEXT;
	if (is_html(text))
		return LOOKS_HTML;
	if (line.data[0] == '{' || line.data[0] == '[')
		if (line.data[0] == '{' || line.len == 1 || strchr("{\"]", line.data[1]))
			return sniff_json(text);
	if (is_metrics(text))
		return LOOKS_METRICS;
	if (is_pprof_report(text))
		return LOOKS_PPROF_REPORT;
	if (holds_goroutine_header(text))
		return LOOKS_LOG;
	if (holds_profile_header(text))
		return LOOKS_PROFILE_TEXT;
	if (is_java(text))
		return LOOKS_JAVA;
	if (is_python(text))
		return LOOKS_PYTHON;
	return LOOKS_LOG;
}

enum looks sniff(struct str head)
{
	struct str text;

	if (str_starts(head, STR("\x1f\x8b")))
		return LOOKS_GZIP;
	if (is_tar(head))
		return LOOKS_TAR;
	if (is_utf16(head))
		return LOOKS_UTF16;
	text = skip_blank(without_bom(head));
	if (text.len == 0)
		return LOOKS_EMPTY;
	if (is_profile_proto(head))
		return LOOKS_PROFILE_PROTO;
	if (is_binary(text))
		return LOOKS_BINARY;
	return sniff_text(text);
}

const char *looks_name(enum looks looks)
{
	static const char *const names[] = {
		[LOOKS_DUMP] = "a goroutine dump",
		[LOOKS_LOG] = "text",
		[LOOKS_PROFILE_TEXT] = "a profile as text (debug=1)",
		[LOOKS_PROFILE_PROTO] = "a profile as profile.proto (debug=0)",
		[LOOKS_GZIP] = "gzip",
		[LOOKS_TAR] = "a tar archive",
		[LOOKS_OBSERVATIONS] = "observations.jsonl",
		[LOOKS_FINDINGS] = "findings.json",
		[LOOKS_METRICS] = "Prometheus metrics",
		[LOOKS_EMPTY] = "nothing (an empty body)",
		[LOOKS_HTML] = "an HTML page (a login form?)",
		[LOOKS_JSON] = "JSON (an error message?)",
		[LOOKS_UTF16] = "text in UTF-16 (save it as UTF-8)",
		[LOOKS_JAVA] = "a Java thread dump",
		[LOOKS_PYTHON] = "a Python traceback",
		[LOOKS_PPROF_REPORT] =
			"a report of go tool pprof (give the profile it was made from)",
		[LOOKS_BINARY] = "binary data",
	};

	return (unsigned)looks < sizeof names / sizeof *names ? names[looks] : names[LOOKS_BINARY];
}
