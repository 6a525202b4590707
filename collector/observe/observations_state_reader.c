// SPDX-License-Identifier: Apache-2.0
// The judge's memory out of JSON that anybody may have written.
#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/json_fields.h"
#include "collector/observe/observations_ids.h"
#include "collector/observe/observations_state.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct state_reader state_reader_at(
	const json_t *object, const char *key, struct stack_lookup lookup)
{
	struct state_reader reader = {.lookup = lookup};

	reader.open[0].value = json_object_get(object, key);
	return reader;
}

// The next item of a row, the named one of an object; NULL: not there.
static const json_t *peek(const struct state_reader *reader, const char *key)
{
	const json_t *open = reader->open[reader->depth].value;

	return json_is_array(open) ? json_array_get(open, reader->open[reader->depth].next)
				   : json_object_get(open, key);
}

static const json_t *take(struct state_reader *reader, const char *key)
{
	const json_t *value = peek(reader, key);

	reader->open[reader->depth].next++;
	return value;
}

static int enter(struct state_reader *reader, const char *key, json_type type)
{
	const json_t *value = take(reader, key);

	if (!value || json_typeof(value) != type || reader->depth == STATE_DEPTH_MAX)
		return STATE_DAMAGED;
	reader->depth++;
	reader->open[reader->depth].value = value;
	reader->open[reader->depth].next = 0;
	return 0;
}

static int read_open(void *context, const char *key, enum state_shape shape)
{
	return enter(context, key, shape == STATE_ROW ? JSON_ARRAY : JSON_OBJECT);
}

static int read_list(void *context, const char *key, uint32_t *count)
{
	struct state_reader *reader = context;
	int r = enter(reader, key, JSON_ARRAY);
	size_t size = r == 0 ? json_array_size(reader->open[reader->depth].value) : 0;

	*count = (uint32_t)size;
	return size > UINT32_MAX ? STATE_DAMAGED : r;
}

static int read_close(void *context)
{
	struct state_reader *reader = context;
	const json_t *value = reader->open[reader->depth].value;
	size_t taken = reader->open[reader->depth].next;

	reader->depth--;
	return json_is_array(value) && taken < json_array_size(value) ? STATE_DAMAGED : 0;
}

static int read_has(void *context, const char *key, bool *has)
{
	struct state_reader *reader = context;
	const json_t *value = peek(reader, key);

	*has = value && !json_is_null(value);
	if (!*has)
		reader->open[reader->depth].next++;
	return value ? 0 : STATE_DAMAGED;
}

static int read_real(void *context, const char *key, double *value)
{
	const json_t *item = take(context, key);

	if (json_is_number(item))
		*value = json_number_value(item);
	else if (json_is_null(item))
		*value = NAN;
	else if (json_is_string(item) && str_equal(json_view(item), STR("inf")))
		*value = INFINITY;
	else if (json_is_string(item) && str_equal(json_view(item), STR("-inf")))
		*value = -INFINITY;
	else
		return STATE_DAMAGED;
	return 0;
}

static int read_single(void *context, const char *key, float *value)
{
	double wide = 0;
	int r = read_real(context, key, &wide);

	*value = (float)wide;
	return r;
}

static int read_integer(void *context, const char *key, int64_t *value)
{
	const json_t *item = take(context, key);

	if (!json_is_integer(item))
		return STATE_DAMAGED;
	*value = json_integer_value(item);
	return 0;
}

static int read_text(void *context, const char *key, struct str *value)
{
	const json_t *item = take(context, key);

	*value = json_is_string(item) ? json_view(item) : STR_EMPTY;
	return json_is_string(item) || json_is_null(item) ? 0 : STATE_DAMAGED;
}

static int read_stack(void *context, const char *key, const struct stack **stack)
{
	struct state_reader *reader = context;
	const json_t *item = take(reader, key);
	uint64_t number;

	if (!json_is_string(item) || !stack_key_parse(json_view(item), &number))
		return STATE_DAMAGED;
	*stack = reader->lookup.find(reader->lookup.context, number);
	return *stack ? 0 : -ENOMEM;
}

static int read_ids(struct str text, uint64_t *ids, uint32_t count)
{
	cleanup(id_list_release) struct id_list list = {0};
	int r = ids_parse(text, count, &list);

	if (r == 0 && list.count == count && count > 0)
		memcpy(ids, list.ids, count * sizeof(*ids));
	if (r == 0 && list.count != count)
		return -EINVAL;
	return r;
}

static int read_numbers(
	void *context, const char *key, enum state_order order, uint64_t *numbers, uint32_t count)
{
	const json_t *item = take(context, key);
	int r;

	if (!json_is_string(item))
		return STATE_DAMAGED;
	r = order == STATE_ASCENDING ? read_ids(json_view(item), numbers, count)
				     : runs_parse(json_view(item), numbers, count);
	return r == -EINVAL ? STATE_DAMAGED : r;
}

const struct state_form state_reading = {
	.begin = read_open,
	.list = read_list,
	.end = read_close,
	.has = read_has,
	.real = read_real,
	.real_single = read_single,
	.integer = read_integer,
	.text = read_text,
	.stack = read_stack,
	.numbers = read_numbers,
};
