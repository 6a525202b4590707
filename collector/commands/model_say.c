// SPDX-License-Identifier: Apache-2.0
// model: figures in sentences.
#include "base/cleanup.h"
#include "collector/commands/model.h"
#include "collector/tell/figures.h"

#include <assert.h>
#include <string.h>

#define SECONDS_AS_SUCH 120

// "%.3g" with thousands in groups and without the zeros that printf pads an exponent with.
static void add_digits(struct buf *out, double value, int digits)
{
	char text[32];
	char *exponent;

	if (!isfinite(value)) {
		buf_add_text(out, "-");
		return;
	}
	if (fabs(value) >= 999.5 && fabs(value) < 1e15) {
		figure_count(out, value);
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*g", digits, value);
	exponent = strchr(text, 'e');
	if (!exponent) {
		buf_add_text(out, text);
		return;
	}
	buf_append(out, text, (size_t)(exponent - text));
	buf_add_text(out, exponent[1] == '-' ? "e-" : "e");
	buf_add_text(out, exponent + 2 + strspn(exponent + 2, "0"));
}

// "25.0", "1.08", "0.04"
static void add_factor(struct buf *out, double factor)
{
	if (factor >= 99.95 || factor < 1)
		add_digits(out, factor, 3);
	else
		buf_printf(out, factor >= 9.995 ? "%.1f" : "%.2f", factor);
}

// Seconds as such as long as a person reads them so, with `digits`.
static bool add_short(struct buf *out, double seconds, int digits)
{
	if (!(seconds >= 1 && seconds < SECONDS_AS_SUCH))
		return false;
	buf_printf(out, "%.*g s", digits, seconds);
	return true;
}

static void add_duration(struct buf *out, double seconds)
{
	if (!add_short(out, seconds, 3))
		figure_duration(out, seconds);
}

static void add_exact_duration(struct buf *out, double seconds)
{
	if (add_short(out, seconds, 4))
		return;
	figure_duration(out, seconds);
	if (seconds >= SECONDS_AS_SUCH && isfinite(seconds)) {
		buf_add_text(out, " (");
		figure_count(out, seconds);
		buf_add_text(out, " s)");
	}
}

static void add_figure(struct buf *out, char kind, double value)
{
	switch (kind) {
	case 'c':
		figure_count(out, value);
		return;
	case 'n':
		add_digits(out, value, 3);
		return;
	case 't':
		add_digits(out, value, 6);
		return;
	case 's':
		figure_share(out, value);
		return;
	case 'x':
		add_factor(out, value);
		return;
	case 'd':
		add_duration(out, value);
		return;
	case 'D':
		add_exact_duration(out, value);
		return;
	case 'b':
		figure_bytes(out, value);
		return;
	default:
		assert(false && "no such figure");
	}
}

void model_say(struct buf *out, const char *format, const double *values, size_t count)
{
	size_t taken = 0;

	for (const char *at = format; *at; at++) {
		if (at[0] == '{' && at[1] && at[2] == '}') {
			assert(taken < count);
			add_figure(out, at[1], values[taken++]);
			at += 2;
		} else {
			buf_add_byte(out, *at);
		}
	}
	assert(taken == count);
}

void model_line(struct paragraph *p, const char *label, const char *format, const double *values,
	size_t count)
{
	cleanup(buf_release) struct buf text = BUF_INIT(MODEL_TEXT_MAX);

	model_say(&text, format, values, count);
	paragraph_write(p, label, MODEL_LABEL, INK_PLAIN, part_str(p->out, &text));
}

void model_heading(struct paragraph *p, const char *text)
{
	paragraph_end(p);
	paragraph_write(p, "", 0, INK_BOLD, str_of(text));
}
