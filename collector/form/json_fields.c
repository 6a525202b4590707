// SPDX-License-Identifier: Apache-2.0
// Reading fields of a JSON object.
#include "collector/form/json_fields.h"

#include "base/clock.h"
#include "collector/form/json_text.h"

#include <math.h>

static const json_t *get(struct json_fields *fields, const char *key)
{
	const json_t *value = json_object_get(fields->object, key);

	return json_is_null(value) ? NULL : value;
}

static void note_wrong(struct json_fields *fields, const char *key)
{
	if (!fields->wrong)
		fields->wrong = key;
}

struct str json_view(const json_t *string)
{
	return (struct str){json_string_value(string), json_string_length(string)};
}

struct str json_field_str(struct json_fields *fields, const char *key)
{
	const json_t *value = get(fields, key);

	if (json_is_string(value))
		return json_view(value);
	if (value)
		note_wrong(fields, key);
	return STR_EMPTY;
}

double json_field_number(struct json_fields *fields, const char *key)
{
	const json_t *value = get(fields, key);

	if (json_is_number(value))
		return json_number_value(value);
	if (value)
		note_wrong(fields, key);
	return NAN;
}

int64_t json_field_count(struct json_fields *fields, const char *key)
{
	const json_t *value = get(fields, key);
	double number = json_number_value(value);

	// Whole numbers may come as 12.0 or 1e3 from other writers.
	if (json_is_number(value) && number >= 0 && number <= JSON_INTEGER_MAX &&
		floor(number) == number)
		return (int64_t)number;
	if (value)
		note_wrong(fields, key);
	return -1;
}

uint32_t json_field_u32(struct json_fields *fields, const char *key)
{
	int64_t count = json_field_count(fields, key);

	if (count > UINT32_MAX) {
		note_wrong(fields, key);
		return 0;
	}
	return count < 0 ? 0 : (uint32_t)count;
}

bool json_field_bool(struct json_fields *fields, const char *key)
{
	const json_t *value = get(fields, key);

	if (value && !json_is_boolean(value))
		note_wrong(fields, key);
	return json_is_true(value);
}

const json_t *json_field(struct json_fields *fields, const char *key, json_type type)
{
	const json_t *value = get(fields, key);

	if (value && json_typeof(value) != type) {
		note_wrong(fields, key);
		return NULL;
	}
	return value;
}

int64_t json_field_time(struct json_fields *fields, const char *key)
{
	struct str text = json_field_str(fields, key);
	int64_t wall_ms = -1;

	if (text.len > 0 && !clock_parse(text, &wall_ms))
		note_wrong(fields, key);
	return wall_ms < 0 ? -1 : wall_ms;
}
