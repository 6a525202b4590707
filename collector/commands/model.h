// SPDX-License-Identifier: Apache-2.0
// The calculator, told: what follows from a few figures, whether they fit together, what would
// repair them, and what if. The command is in model_command.c; the mathematics in model/.
#pragma once

#include "base/buf.h"
#include "collector/tell/paragraph.h"
#include "model/what_if.h"

struct calculation {
	struct incident told;
	double tolerance; // share
	struct what_if asked;
	bool fix_asked; // also when it is a share of a lambda that is not known
	uint32_t rows; // of the table of the decay; 0: none
	struct incident_reading reading;
	struct what_if_answers answers;
	double horizon_s; // of the table
};

// A figure that was not told, and what it would be good for.
struct missing_figure {
	const char *flag; // "--alpha"
	const char *use;
};

// The index-th that is missing; false behind the last one.
bool model_missing(const struct calculation *calculation, size_t index, struct missing_figure *ret);
// The law at row `row` of `calculation->rows`; row 0 is the beginning.
struct leak_point model_row(const struct calculation *calculation, uint32_t row);

void model_text(
	struct buf *out, const struct calculation *calculation, bool colour, uint32_t columns);
void model_json(struct buf *out, const struct calculation *calculation);

// Parts of the text; each writes nothing when there is nothing to say.
void model_text_headline(struct paragraph *p, const struct calculation *calculation);
void model_text_checks(struct paragraph *p, const struct calculation *calculation);
void model_text_repairs(struct paragraph *p, const struct calculation *calculation);
void model_text_answers(struct paragraph *p, const struct calculation *calculation);

// A sentence with figures in it: {c} a count, {n} three digits, {x} a factor, {t} as told, {s}
// a share, {d} a duration, {D} the same with four digits or its seconds, {b} bytes. `values` are
// taken in order, and there must be as many as `format` asks for.
void model_say(struct buf *out, const char *format, const double *values, size_t count);
#define SAY(out, format, ...)                                                                      \
	model_say(out, format, (const double[]){__VA_ARGS__},                                      \
		sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
// A labelled paragraph of one such sentence.
void model_line(struct paragraph *p, const char *label, const char *format, const double *values,
	size_t count);
#define LINE(p, label, format, ...)                                                                \
	model_line(p, label, format, (const double[]){__VA_ARGS__},                                \
		sizeof((const double[]){__VA_ARGS__}) / sizeof(double))
void model_heading(struct paragraph *p, const char *text);

#define MODEL_LABEL 11 // columns of "goroutines "
#define MODEL_TEXT_MAX 4096
