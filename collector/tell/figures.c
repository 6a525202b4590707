// SPDX-License-Identifier: Apache-2.0
// Figures in words.
#include "collector/tell/figures.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

struct str part_str(struct buf *out, const struct buf *part)
{
	if (buf_failed(part) < 0 && !out->failed)
		out->failed = buf_failed(part);
	return buf_str(part);
}

void figure_count(struct buf *out, double count)
{
	char text[COUNT_TEXT_MAX];

	if (!isfinite(count)) {
		buf_add_text(out, "-");
		return;
	}
	count_format(count, "", text);
	buf_add_text(out, text);
}

// Decimals that show `digits` significant digits of a value.
static int decimals_for(double value, int digits)
{
	int decimals = digits - 1 - (int)floor(log10(fabs(value)));

	return decimals < 0 ? 0 : decimals;
}

static void add_decimals(struct buf *out, double value, int decimals)
{
	char text[64];
	size_t len;

	if (decimals == 0) {
		figure_count(out, value);
		return;
	}
	len = (size_t)snprintf(text, sizeof(text), "%.*f", decimals, value);
	buf_append(out, text, len < sizeof(text) ? len : sizeof(text) - 1);
}

// "2.4e-5": without the zeros that printf pads an exponent with.
static void add_tiny(struct buf *out, double value)
{
	int exponent = value == 0.0 ? 0 : (int)floor(log10(fabs(value)) + 1e-9);

	if (value == 0.0)
		buf_add_text(out, "0");
	else
		buf_printf(out, "%.1fe%d", value / pow(10, exponent), exponent);
}

void figure_number(struct buf *out, double value)
{
	double size = fabs(value);

	if (isnan(value))
		buf_add_text(out, "-");
	else if (isinf(value))
		buf_add_text(out, value > 0 ? "unlimited" : "-unlimited");
	else if (size == 0.0)
		buf_add_text(out, "0");
	else if (size < 1e-4)
		add_tiny(out, value);
	else if (size < 1000 && size == floor(size))
		buf_printf(out, "%.0f", value);
	else
		add_decimals(out, value, decimals_for(value, 3));
}

void figure_share(struct buf *out, double share)
{
	double percent = 100 * share;

	if (isnan(percent))
		buf_add_text(out, "-");
	else
		buf_printf(out, fabs(percent) < 10 ? "%.1f %%" : "%.0f %%", percent);
}

void figure_duration(struct buf *out, double seconds)
{
	char text[CLOCK_TEXT_MAX];

	if (isnan(seconds)) {
		buf_add_text(out, "-");
	} else if (isinf(seconds) || seconds > 10 * 365.25 * 86400) {
		buf_add_text(out, isinf(seconds) ? "never" : "more than 10 years");
	} else {
		duration_format(fmax(seconds, 0), text);
		buf_add_text(out, text);
	}
}

void figure_time(struct buf *out, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms < 0) {
		buf_add_text(out, "-");
		return;
	}
	clock_format(wall_ms, text);
	buf_printf(out, "%.10s %.8s UTC", text, text + 11);
}

void figure_bytes(struct buf *out, double bytes)
{
	char text[CLOCK_TEXT_MAX];

	if (!(bytes >= 0)) {
		buf_add_text(out, "-");
		return;
	}
	size_format((uint64_t)fmin(bytes, 1e18), text);
	buf_add_text(out, text);
}

// As many decimals as the width of the interval carries: two digits of its half width.
static int interval_decimals(const struct estimate *estimate)
{
	double half = (estimate->high - estimate->low) / 2;
	int decimals;

	if (!isfinite(half) || half <= 0)
		half = fabs(estimate->value) / 10;
	if (half <= 0)
		return 0;
	decimals = decimals_for(half, 2);
	return decimals > 9 ? 9 : decimals;
}

static bool tiny(const struct estimate *estimate)
{
	double high = fabs(estimate->high);

	return (isfinite(high) ? fmax(high, fabs(estimate->value)) : fabs(estimate->value)) < 1e-4;
}

static void add_bound(struct buf *out, const struct estimate *estimate, double bound)
{
	if (isinf(bound))
		buf_add_text(out, bound > 0 ? "no upper bound" : "no lower bound");
	else if (tiny(estimate))
		add_tiny(out, bound);
	else
		add_decimals(out, bound, interval_decimals(estimate));
}

static bool has_interval(const struct estimate *estimate)
{
	return !isnan(estimate->low) && !isnan(estimate->high) && estimate->high > estimate->low;
}

void figure_estimate(struct buf *out, const struct estimate *estimate, const char *unit)
{
	if (!estimate_known(estimate)) {
		buf_add_text(out, estimate->why[0] ? estimate->why : "not known");
		return;
	}
	add_bound(out, estimate, estimate->value);
	if (*unit)
		buf_printf(out, " %s", unit);
	if (!has_interval(estimate))
		return;
	buf_add_text(out, " (");
	add_bound(out, estimate, estimate->low);
	buf_add_text(out, " to ");
	add_bound(out, estimate, estimate->high);
	buf_add_text(out, ")");
}

// "17 to 25 min", "50 s to 2 min"
static void add_duration_range(struct buf *out, double low, double high)
{
	cleanup(buf_release) struct buf from = BUF_INIT(64), to = BUF_INIT(64);
	struct str unit, other;

	figure_duration(&from, low);
	figure_duration(&to, high);
	unit = str_skip(buf_str(&from), str_find_byte(buf_str(&from), ' '));
	other = str_skip(buf_str(&to), str_find_byte(buf_str(&to), ' '));
	if (unit.len > 0 && str_equal(unit, other) && str_find_last_byte(unit, ' ') == 0)
		buf_truncate(&from, from.len - unit.len);
	buf_add(out, part_str(out, &from));
	buf_add_text(out, " to ");
	buf_add(out, part_str(out, &to));
}

void figure_estimate_duration(struct buf *out, const struct estimate *estimate)
{
	if (!estimate_known(estimate)) {
		buf_add_text(out, estimate->why[0] ? estimate->why : "not known");
		return;
	}
	figure_duration(out, estimate->value);
	if (isinf(estimate->value) || !has_interval(estimate))
		return;
	buf_add_text(out, " (");
	add_duration_range(out, estimate->low, estimate->high);
	buf_add_text(out, ")");
}

void figure_sign(struct buf *out, enum sign_kind kind, const struct sign *sign)
{
	void (*figure)(struct buf *, double) = kind == SIGN_GOROUTINES ? figure_count
					       : kind == SIGN_HEAP     ? figure_bytes
								       : figure_number;

	figure(out, sign->first);
	buf_add_text(out, " to ");
	figure(out, sign->last);
	buf_add_text(out, kind >= SIGN_BLOCK ? " waiting" : "");
}

void figure_limit(struct buf *out, const struct limit_forecast *forecast)
{
	if (strcmp(forecast->limit, "memory") == 0) {
		bool by_go = forecast->from && strcmp(forecast->from, "GOMEMLIMIT") == 0;

		buf_add_text(out, by_go ? "GOMEMLIMIT of " : "memory limit of ");
		figure_bytes(out, forecast->at);
	} else {
		buf_add_text(out, "limit of ");
		figure_count(out, forecast->at);
		buf_printf(out, " %s", forecast->limit);
	}
}

struct str figure_function(struct str function)
{
	// A '/' behind '(' or '[' belongs to a receiver or a type argument.
	size_t end = str_find_byte(function, '(');
	size_t bracket = str_find_byte(function, '[');
	struct str head = str_head(function, bracket < end ? bracket : end);
	size_t slash = str_find_last_byte(head, '/');

	return slash < head.len ? str_skip(function, slash + 1) : function;
}

struct str figure_file(struct str file)
{
	size_t last = str_find_last_byte(file, '/');
	size_t before;

	if (last == file.len || last == 0)
		return file;
	before = str_find_last_byte(str_head(file, last), '/');
	return before < last ? str_skip(file, before + 1) : file;
}

void figure_place(struct buf *out, const struct frame *frame)
{
	buf_add(out, figure_function(frame->function));
	if (frame->file.len == 0)
		return;
	buf_add_text(out, "  ");
	buf_add(out, figure_file(frame->file));
	if (frame->line > 0)
		buf_printf(out, ":%u", frame->line);
}

const struct frame *figure_site(const struct finding *finding)
{
	if (finding->site.function.len > 0)
		return &finding->site;
	return finding->stack ? stack_site(finding->stack) : NULL;
}

const struct limit_forecast *figure_soonest(const struct limit_forecast *forecast, uint32_t count)
{
	const struct limit_forecast *soonest = NULL;

	for (uint32_t i = 0; i < count; i++) {
		const struct estimate *seconds = &forecast[i].seconds;

		if (!estimate_known(seconds) || isinf(seconds->value))
			continue;
		if (!soonest || seconds->value < soonest->seconds.value)
			soonest = &forecast[i];
	}
	return soonest;
}

struct str figure_wait(const struct stacks *stacks, const struct wait_count *waits, uint32_t count)
{
	const struct wait_count *most = NULL;

	for (uint32_t i = 0; i < count; i++) {
		if (waits[i].state != STATE_UNKNOWN && (!most || waits[i].count > most->count))
			most = &waits[i];
	}
	return most ? stacks_state_name(stacks, most->state) : STR_EMPTY;
}
