// SPDX-License-Identifier: Apache-2.0
// The judge's memory into JSON. Numbers read back as the same bits: null is NAN, "inf" and "-inf"
// the infinities, -0.0 a zero with its sign.
#include "collector/observe/observations_ids.h"
#include "collector/observe/observations_state.h"

#include <assert.h>
#include <math.h>

static void put_key(struct state_writer *writer, const char *key)
{
	if (!writer->in_row[writer->depth])
		json_put_key(&writer->json, key);
}

static void open_bracket(struct state_writer *writer, const char *key, bool row)
{
	put_key(writer, key);
	json_put_open(&writer->json, row ? '[' : '{');
	assert(writer->depth < STATE_DEPTH_MAX);
	writer->in_row[++writer->depth] = row;
}

static int write_open(void *context, const char *key, enum state_shape shape)
{
	open_bracket(context, key, shape == STATE_ROW);
	return 0;
}

static int write_list(void *context, const char *key, uint32_t *count)
{
	(void)count;
	open_bracket(context, key, true);
	return 0;
}

static int write_close(void *context)
{
	struct state_writer *writer = context;

	json_put_close(&writer->json, writer->in_row[writer->depth--] ? ']' : '}');
	return 0;
}

static int write_has(void *context, const char *key, bool *has)
{
	struct state_writer *writer = context;

	if (*has)
		return 0;
	put_key(writer, key);
	json_put_null(&writer->json);
	return 0;
}

// What json_add_exact cannot say.
static bool put_special(struct state_writer *writer, double value)
{
	if (isinf(value))
		json_put_text(&writer->json, value > 0 ? "inf" : "-inf");
	else if (value == 0 && signbit(value))
		json_put_raw(&writer->json, STR("-0.0"));
	else
		return false;
	return true;
}

static int write_real(void *context, const char *key, double *value)
{
	struct state_writer *writer = context;

	put_key(writer, key);
	if (!put_special(writer, *value))
		json_put_exact(&writer->json, *value);
	return 0;
}

// Nine digits are enough for a float, and half as long.
static int write_single(void *context, const char *key, float *value)
{
	struct state_writer *writer = context;

	put_key(writer, key);
	if (put_special(writer, (double)*value))
		return 0;
	if (!isfinite(*value)) {
		json_put_null(&writer->json);
		return 0;
	}
	json_put_raw(&writer->json, STR_EMPTY);
	buf_printf(writer->json.buf, "%.9g", (double)*value);
	return 0;
}

static int write_integer(void *context, const char *key, int64_t *value)
{
	struct state_writer *writer = context;

	put_key(writer, key);
	json_put_i64(&writer->json, *value);
	return 0;
}

static int write_text(void *context, const char *key, struct str *value)
{
	struct state_writer *writer = context;

	put_key(writer, key);
	json_put_str_or_null(&writer->json, *value);
	return 0;
}

static int write_stack(void *context, const char *key, const struct stack **stack)
{
	struct state_writer *writer = context;
	char text[STACK_KEY_TEXT];

	put_key(writer, key);
	stack_key_text((*stack)->key, text);
	json_put_text(&writer->json, text);
	return writer->describe(writer->context, *stack);
}

// A list needs no escaping.
static int write_numbers(
	void *context, const char *key, enum state_order order, uint64_t *numbers, uint32_t count)
{
	struct state_writer *writer = context;

	put_key(writer, key);
	json_put_raw(&writer->json, STR("\""));
	if (order == STATE_ASCENDING)
		ids_format(numbers, count, writer->json.buf);
	else
		runs_format(numbers, count, writer->json.buf);
	buf_add_byte(writer->json.buf, '"');
	return 0;
}

const struct state_form state_writing = {
	.begin = write_open,
	.list = write_list,
	.end = write_close,
	.has = write_has,
	.real = write_real,
	.real_single = write_single,
	.integer = write_integer,
	.text = write_text,
	.stack = write_stack,
	.numbers = write_numbers,
};
