// SPDX-License-Identifier: Apache-2.0
// One line of an exposition.
#include "runtime/metrics_line.h"

static struct str skip_spaces(struct str text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
		text = str_skip(text, 1);
	return text;
}

static bool take_byte(struct str *text, char byte)
{
	*text = skip_spaces(*text);
	if (text->len == 0 || text->data[0] != byte)
		return false;
	*text = str_skip(*text, 1);
	return true;
}

static bool is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == ':';
}

static struct str take_plain_name(struct str *text)
{
	struct str name;
	size_t len = 0;

	while (len < text->len && is_name_byte(text->data[len]))
		len++;
	name = str_head(*text, len);
	*text = str_skip(*text, len);
	return name;
}

// Behind the opening quote; up to the closing one, which is taken as well.
static bool take_quoted(struct str *text, struct str *value)
{
	size_t len = 0;

	while (len < text->len && text->data[len] != '"')
		len += text->data[len] == '\\' ? 2 : 1;
	if (len >= text->len)
		return false;
	*value = str_head(*text, len);
	*text = str_skip(*text, len + 1);
	return true;
}

static bool take_name(struct str *text, struct str *name)
{
	if (take_byte(text, '"'))
		return take_quoted(text, name);
	*name = take_plain_name(text);
	return name->len > 0;
}

// Labels behind the opening brace, with the closing one. A quoted string without a value is the
// metric's name.
static const char *take_labels(struct str *text, struct metrics_sample *sample)
{
	while (!take_byte(text, '}')) {
		struct metrics_label label = {.value = STR_EMPTY};

		if (!take_name(text, &label.name))
			return "label without name";
		if (take_byte(text, '=')) {
			if (!take_byte(text, '"') || !take_quoted(text, &label.value))
				return "label without value";
			if (sample->label_count == METRICS_LABELS_MAX)
				return "too many labels";
			sample->labels[sample->label_count++] = label;
		} else if (sample->name.len == 0) {
			sample->name = label.name;
		} else {
			return "label without value";
		}
		if (!take_byte(text, ',')) {
			if (!take_byte(text, '}'))
				return "labels without end";
			return NULL;
		}
	}
	return NULL;
}

static bool take_number(struct str *text, double *value)
{
	size_t len = 0;
	struct str word;

	*text = skip_spaces(*text);
	while (len < text->len && text->data[len] != ' ' && text->data[len] != '\t')
		len++;
	word = str_head(*text, len);
	*text = skip_spaces(str_skip(*text, len));
	return str_to_double(word, value);
}

// "# {trace_id="x"} 0.5 1700000000.1"
static bool is_exemplar(struct str text)
{
	struct metrics_sample exemplar = {.name = STR("exemplar")};
	double number;

	if (!take_byte(&text, '#') || !take_byte(&text, '{') || take_labels(&text, &exemplar))
		return false;
	if (!take_number(&text, &number))
		return false;
	return text.len == 0 || (take_number(&text, &number) && text.len == 0);
}

const char *metrics_sample_parse(struct str line, struct metrics_sample *sample)
{
	const char *wrong;
	double timestamp;

	sample->label_count = 0;
	line = skip_spaces(line);
	sample->name = take_plain_name(&line);
	if (sample->name.len > 0 && sample->name.data[0] >= '0' && sample->name.data[0] <= '9')
		return "name that begins with a digit";
	if (take_byte(&line, '{')) {
		wrong = take_labels(&line, sample);
		if (wrong)
			return wrong;
	}
	if (sample->name.len == 0)
		return "line without name";
	if (!take_number(&line, &sample->value))
		return "line without value";
	if (line.len > 0 && line.data[0] != '#' && !take_number(&line, &timestamp))
		return "time that is no number";
	if (line.len > 0 && !is_exemplar(line))
		return "text behind the value";
	return NULL;
}

struct str metrics_label_value(const struct metrics_sample *sample, struct str name)
{
	for (uint32_t i = 0; i < sample->label_count; i++)
		if (str_equal(sample->labels[i].name, name))
			return sample->labels[i].value;
	return STR_EMPTY;
}
