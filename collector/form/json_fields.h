// SPDX-License-Identifier: Apache-2.0
// Reading fields of a JSON object that somebody else wrote: absent and null are "unknown", a value
// of the wrong kind is remembered in `wrong` and read as unknown.
#pragma once

#include "base/str.h"

#include <jansson.h>

struct json_fields {
	const json_t *object;
	const char *wrong; // key of the first field of a wrong kind; NULL: none
};

struct str json_field_str(struct json_fields *fields, const char *key); // "" when unknown
double json_field_number(struct json_fields *fields, const char *key); // NAN
int64_t json_field_count(struct json_fields *fields, const char *key); // -1; no negative ones
uint32_t json_field_u32(struct json_fields *fields, const char *key); // 0
bool json_field_bool(struct json_fields *fields, const char *key); // false
// A value of JSON_OBJECT or JSON_ARRAY; NULL when unknown.
const json_t *json_field(struct json_fields *fields, const char *key, json_type type);
int64_t json_field_time(struct json_fields *fields, const char *key); // wall ms; -1
struct str json_view(const json_t *string);
