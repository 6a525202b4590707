// SPDX-License-Identifier: Apache-2.0
// Fields of the judge's memory on their way out and back, with every range checked.
#include "model/state.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>

struct state_io state_saving(
	const struct state_form *form, void *context, const struct stacks *stacks)
{
	// Saving only reads the table.
	return (struct state_io){
		.form = form, .context = context, .stacks = (struct stacks *)stacks};
}

struct state_io state_restoring(const struct state_form *form, void *context, struct stacks *stacks)
{
	return (struct state_io){.form = form,
		.context = context,
		.stacks = stacks,
		.restoring = true,
		.room = STATE_BYTES_MAX};
}

// The first failure counts; 0 is none.
static void fail(struct state_io *io, int failed, const char *key)
{
	if (io->failed || failed == 0)
		return;
	io->failed = failed;
	io->wrong = key ? key : "a list";
}

void state_give_up(struct state_io *io, int failed)
{
	fail(io, failed, NULL);
}

void state_check(struct state_io *io, bool holds, const char *key)
{
	if (io->restoring && !holds)
		fail(io, STATE_DAMAGED, key);
}

void state_open(struct state_io *io, const char *key, enum state_shape shape)
{
	if (!io->failed)
		fail(io, io->form->begin(io->context, key, shape), key);
}

void state_close(struct state_io *io)
{
	if (!io->failed)
		fail(io, io->form->end(io->context), "more than there should be");
}

bool state_has(struct state_io *io, const char *key, bool has)
{
	if (!io->failed)
		fail(io, io->form->has(io->context, key, &has), key);
	return has && !io->failed;
}

void state_list(struct state_io *io, const char *key, uint32_t *count, uint32_t max)
{
	if (!io->failed)
		fail(io, io->form->list(io->context, key, count), key);
	state_check(io, io->failed || *count <= max, key);
	if (io->failed && io->restoring)
		*count = 0;
}

void *state_memory(struct state_io *io, size_t count, size_t size)
{
	void *memory = NULL;

	if (io->failed)
		return NULL;
	if (count > io->room / size) {
		fail(io, STATE_DAMAGED, "more than this version takes in");
		return NULL;
	}
	io->room -= count * size;
	memory = calloc(count ? count : 1, size);
	if (!memory)
		fail(io, -ENOMEM, NULL);
	return memory;
}

void *state_items(struct state_io *io, const char *key, void *items, uint32_t *count, uint32_t max,
	size_t size)
{
	state_list(io, key, count, max);
	if (!io->restoring)
		return items;
	items = *count > 0 ? state_memory(io, *count, size) : NULL;
	if (!items)
		*count = 0;
	return items;
}

void state_double(struct state_io *io, const char *key, double *value)
{
	if (!io->failed)
		fail(io, io->form->real(io->context, key, value), key);
}

void state_float(struct state_io *io, const char *key, float *value)
{
	if (!io->failed)
		fail(io, io->form->real_single(io->context, key, value), key);
}

// What is read must lie between the two.
static int64_t integer(
	struct state_io *io, const char *key, int64_t value, int64_t least, int64_t most)
{
	if (!io->failed)
		fail(io, io->form->integer(io->context, key, &value), key);
	state_check(io, value >= least && value <= most, key);
	return io->failed ? least : value;
}

void state_u32(struct state_io *io, const char *key, uint32_t *value)
{
	int64_t number = integer(io, key, *value, 0, UINT32_MAX);

	if (io->restoring)
		*value = (uint32_t)number;
}

void state_u64(struct state_io *io, const char *key, uint64_t *value)
{
	int64_t number =
		integer(io, key, *value < INT64_MAX ? (int64_t)*value : INT64_MAX, 0, INT64_MAX);

	if (io->restoring)
		*value = (uint64_t)number;
}

void state_i64(struct state_io *io, const char *key, int64_t *value)
{
	int64_t number = integer(io, key, *value, INT64_MIN, INT64_MAX);

	if (io->restoring)
		*value = number;
}

void state_int(struct state_io *io, const char *key, int *value)
{
	int64_t number = integer(io, key, *value, INT32_MIN, INT32_MAX);

	if (io->restoring)
		*value = (int)number;
}

void state_bool(struct state_io *io, const char *key, bool *value)
{
	int64_t number = integer(io, key, *value, 0, 1);

	if (io->restoring)
		*value = number == 1;
}

static struct str text(struct state_io *io, const char *key, struct str value)
{
	if (!io->failed)
		fail(io, io->form->text(io->context, key, &value), key);
	return io->failed ? STR_EMPTY : value;
}

void state_text(struct state_io *io, const char *key, struct str *value)
{
	struct str view = text(io, key, *value);
	int r = 0;

	if (!io->restoring)
		return;
	*value = STR_EMPTY;
	if (view.len > 0)
		r = stacks_add_str(io->stacks, view, value);
	fail(io, r < 0 && r != -ENOMEM ? STATE_DAMAGED : r, key);
}

void state_stack(struct state_io *io, const char *key, const struct stack **stack)
{
	if (state_has(io, key, *stack != NULL))
		fail(io, io->form->stack(io->context, key, stack), key);
	else if (io->restoring)
		*stack = NULL;
}

// By name, so that a further verdict shifts none.
void state_verdict(struct state_io *io, const char *key, enum verdict *verdict)
{
	struct str name = text(io, key, str_of(verdict_name(*verdict)));

	if (io->restoring && !io->failed)
		state_check(io, verdict_parse(name, verdict), key);
}

void state_wait(struct state_io *io, const char *key, uint16_t *state)
{
	struct str name = text(io, key, stacks_state_name(io->stacks, *state));
	int r;

	if (!io->restoring || io->failed)
		return;
	r = stacks_add_state(io->stacks, name, state);
	fail(io, r < 0 && r != -ENOMEM ? STATE_DAMAGED : r, key);
}

void state_numbers(struct state_io *io, const char *key, enum state_order order, uint64_t *numbers,
	uint32_t count)
{
	if (!io->failed)
		fail(io, io->form->numbers(io->context, key, order, numbers, count), key);
}
