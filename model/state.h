// SPDX-License-Identifier: Apache-2.0
// What the judge remembers, as something that can be put down and taken up again: in another
// process, with another table of stacks, and from there on the same report bit for bit.
//
// Each struct of the memory has one function (model/state_parts.h) that names each of its fields
// once, and that both saves and restores it, so that the two cannot drift apart. It knows no form:
// that is a `struct state_form`, which collector/observe has for JSON.
//
//	static void state_of_pair(struct state_io *io, struct pair *pair)
//	{
//		STATE_FIELD(io, pair, count);		// a number, text, or stack
//		STATE_FIELDS(io, pair, by_age);		// a fixed array of them
//		state_open(io, "inner", STATE_OBJECT);
//		state_of_inner(io, &pair->inner);
//		state_close(io);
//	}
//
// A new field is a new line there, and a higher STATE_VERSION. tests/unit/model_state_test.c fails
// for a field without one.
//
// What comes from a file is outside input: every count, index and order is checked, and the first
// thing that is wrong ends the restoring. A failure is sticky, as in base/buf.h: what follows does
// nothing, counts that are read are 0, and the caller asks once at the end.
#pragma once

#include "model/finding.h"

#define STATE_VERSION 1 // of the fields and their order; another one is not restored
#define STATE_BYTES_MAX MIB(512) // that one target may take when it is restored

// Results of restoring, besides 0 and -ENOMEM.
#define STATE_DAMAGED 1 // io->wrong says where; nothing was taken in
#define STATE_KNOWN 2 // the judge knows as much already

enum state_shape {
	STATE_OBJECT, // fields have names
	STATE_ROW, // fields in their order, without names: what there is many of
};

enum state_order {
	STATE_ASCENDING, // different numbers, each higher than the one before
	STATE_RUNS, // any, of which neighbours are often equal
};

// What a form of writing implements, for one direction. In a list or row `key` is ignored. 0,
// -ENOMEM, or STATE_DAMAGED when what it should read is not there or of another kind.
struct state_form {
	int (*begin)(void *context, const char *key, enum state_shape shape);
	int (*list)(void *context, const char *key, uint32_t *count); // a row of `count` items
	int (*end)(void *context); // damaged: there was more in it
	int (*has)(void *context, const char *key, bool *has); // nothing (null) or something there
	int (*real)(void *context, const char *key, double *value);
	int (*real_single)(void *context, const char *key, float *value);
	int (*integer)(void *context, const char *key, int64_t *value);
	int (*text)(void *context, const char *key, struct str *value); // read: a view
	int (*stack)(void *context, const char *key, const struct stack **stack);
	int (*numbers)(void *context, const char *key, enum state_order order, uint64_t *numbers,
		uint32_t count);
};

struct state_io {
	const struct state_form *form;
	void *context;
	struct stacks *stacks; // of the judge: names and text live there
	bool restoring;
	size_t room; // bytes that restoring may still allocate
	int failed; // 0, -ENOMEM, STATE_DAMAGED
	const char *wrong; // key of what was damaged
};

// `form` is for saving, or for restoring.
struct state_io state_saving(
	const struct state_form *form, void *context, const struct stacks *stacks);
struct state_io state_restoring(
	const struct state_form *form, void *context, struct stacks *stacks);

void state_open(struct state_io *io, const char *key, enum state_shape shape);
void state_close(struct state_io *io);
// Whether something is there: false, and nothing more to visit, for NULL.
bool state_has(struct state_io *io, const char *key, bool has);
// Opens a list of at most `max` items; read: sets *count.
void state_list(struct state_io *io, const char *key, uint32_t *count, uint32_t max);
// The same of an array: gives it, or a zeroed new one (NULL when empty) when restoring.
void *state_items(struct state_io *io, const char *key, void *items, uint32_t *count, uint32_t max,
	size_t size);
void *state_memory(struct state_io *io, size_t count, size_t size); // zeroed; NULL: failed
void state_give_up(struct state_io *io, int failed); // -ENOMEM
// When restoring: what does not hold is damage at `key`.
void state_check(struct state_io *io, bool holds, const char *key);

void state_double(struct state_io *io, const char *key, double *value);
void state_float(struct state_io *io, const char *key, float *value);
void state_u32(struct state_io *io, const char *key, uint32_t *value);
void state_u64(struct state_io *io, const char *key, uint64_t *value);
void state_i64(struct state_io *io, const char *key, int64_t *value);
void state_int(struct state_io *io, const char *key, int *value);
void state_bool(struct state_io *io, const char *key, bool *value);
void state_text(struct state_io *io, const char *key, struct str *value);
void state_stack(struct state_io *io, const char *key, const struct stack **stack); // or NULL
void state_verdict(struct state_io *io, const char *key, enum verdict *verdict);
void state_wait(struct state_io *io, const char *key, uint16_t *state); // runtime/wait.h
void state_numbers(struct state_io *io, const char *key, enum state_order order, uint64_t *numbers,
	uint32_t count);

#define STATE_VALUE(io, key, pointer)                                                              \
	_Generic(*(pointer),                                                                       \
		double: state_double,                                                              \
		float: state_float,                                                                \
		uint32_t: state_u32,                                                               \
		uint64_t: state_u64,                                                               \
		int64_t: state_i64,                                                                \
		int: state_int,                                                                    \
		bool: state_bool,                                                                  \
		struct str: state_text,                                                            \
		const struct stack *: state_stack)(io, key, pointer)

// The field of that name; not for enums, which have functions of their own.
#define STATE_FIELD(io, object, field) STATE_VALUE(io, #field, &(object)->field)

// All elements of an array in the struct.
#define STATE_FIELDS(io, object, field)                                                            \
	do {                                                                                       \
		state_open(io, #field, STATE_ROW);                                                 \
		for (size_t i_ = 0; i_ < sizeof((object)->field) / sizeof((object)->field[0]);     \
			i_++)                                                                      \
			STATE_VALUE(io, #field, &(object)->field[i_]);                             \
		state_close(io);                                                                   \
	} while (0)
