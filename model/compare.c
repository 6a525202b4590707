// SPDX-License-Identifier: Apache-2.0
// Before and after.
#include "model/compare.h"

#include "base/clock.h"

#include "model/distribution.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.95

static const char *const change_names[] = {
	[CHANGE_NEW] = "new",
	[CHANGE_WORSE] = "worse",
	[CHANGE_SAME] = "same",
	[CHANGE_BETTER] = "better",
	[CHANGE_FIXED] = "fixed",
};

const char *change_name(enum change change)
{
	return change_names[change];
}

void comparison_release(struct comparison *comparison)
{
	arena_release(&comparison->arena);
	*comparison = (struct comparison){0};
}

// Either side of a row, before sides are joined.
struct side {
	const struct stack *stack;
	int64_t count;
	bool after;
};

static int by_line_free_key(const void *x, const void *y)
{
	const struct side *a = x, *b = y;

	if (a->stack->line_free_key != b->stack->line_free_key)
		return a->stack->line_free_key < b->stack->line_free_key ? -1 : 1;
	if (a->after != b->after) // the later side names the row
		return a->after ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->stack->key < b->stack->key ? -1 : a->stack->key > b->stack->key;
}

static struct str name_of(const struct stack *stack)
{
	const struct frame *site = stack_site(stack);

	return site ? site->function : STR_EMPTY;
}

static int by_growth(const void *x, const void *y)
{
	const struct stack_change *a = x, *b = y;
	int order;

	if (a->growth != b->growth)
		return a->growth > b->growth ? -1 : 1;
	order = str_compare(name_of(a->stack), name_of(b->stack));
	if (order)
		return order;
	return a->stack->key < b->stack->key ? -1 : a->stack->key > b->stack->key;
}

static void gather(const struct counted_stack *rows, uint32_t count, bool after, struct side *sides,
	uint32_t *side_count, int64_t *total)
{
	for (uint32_t i = 0; i < count; i++) {
		if (rows[i].stack->observer)
			continue;
		sides[(*side_count)++] = (struct side){rows[i].stack, rows[i].count, after};
		*total += rows[i].count;
	}
}

static enum change change_of(int64_t before, int64_t after)
{
	if (before == 0 && after > 0)
		return CHANGE_NEW;
	if (before > 0 && after == 0)
		return CHANGE_FIXED;
	if (before == after)
		return CHANGE_SAME;
	return after > before ? CHANGE_WORSE : CHANGE_BETTER;
}

static void join_sides(const struct side *sides, uint32_t count, struct comparison *comparison)
{
	for (uint32_t i = 0; i < count; i++) {
		struct stack_change *row =
			comparison->stack_count ? &comparison->stacks[comparison->stack_count - 1]
						: NULL;

		if (!row || row->stack->line_free_key != sides[i].stack->line_free_key) {
			row = &comparison->stacks[comparison->stack_count++];
			row->stack = sides[i].stack;
		}
		if (sides[i].after)
			row->after += sides[i].count;
		else
			row->before += sides[i].count;
		row->growth = row->after - row->before;
		row->change = change_of(row->before, row->after);
	}
}

int compare_counts(const struct counted_stack *before, uint32_t before_count,
	const struct counted_stack *after, uint32_t after_count, struct comparison *comparison,
	struct error *error)
{
	size_t most = (size_t)before_count + after_count;
	struct side *sides = calloc(most + 1, sizeof(*sides));
	uint32_t count = 0;

	comparison->stacks = arena_array(&comparison->arena, most + 1, sizeof(*comparison->stacks));
	if (!sides || !comparison->stacks) {
		free(sides);
		return error_no_memory(error, "comparing stacks");
	}
	gather(before, before_count, false, sides, &count, &comparison->goroutines_before);
	gather(after, after_count, true, sides, &count, &comparison->goroutines_after);
	qsort(sides, count, sizeof(*sides), by_line_free_key);
	join_sides(sides, count, comparison);
	free(sides);
	qsort(comparison->stacks, comparison->stack_count, sizeof(*comparison->stacks), by_growth);
	return 0;
}

static const struct finding *find(const struct report *report, uint64_t id)
{
	for (uint32_t i = 0; i < report->finding_count; i++)
		if (report->findings[i].id == id)
			return &report->findings[i];
	return NULL;
}

static bool grows(const struct finding *finding)
{
	return finding && finding->open && finding->verdict != VERDICT_NONE &&
	       finding->verdict != VERDICT_UNDECIDABLE;
}

// Enough was seen afterwards to have shown the same rate: at least three expected and none found.
static bool would_have_shown(const struct finding *before, const struct report *after)
{
	double seconds = (double)(after->last_wall_ms - after->first_wall_ms) / 1e3;

	if (after->first_wall_ms < 0 || !estimate_known(&before->rate_per_s))
		return after->ticks > 0 && !after->short_collection;
	return before->rate_per_s.low * seconds >= 3;
}

static struct estimate rate_change(const struct finding *before, const struct finding *after)
{
	const struct estimate none = estimate_of(0, 0, 0, LEVEL, "not found", 0);
	const struct estimate *a = after ? &after->rate_per_s : &none;
	const struct estimate *b = before ? &before->rate_per_s : &none;
	struct interval interval;

	if (!estimate_known(a) || !estimate_known(b))
		return estimate_none("a side has no rate");
	interval = difference_interval(a->value, (struct interval){a->low, a->high}, b->value,
		(struct interval){b->low, b->high});
	return estimate_of(
		a->value - b->value, interval.low, interval.high, LEVEL, "difference of rates", 0);
}

static enum change finding_change_of(const struct finding *before, const struct finding *after,
	const struct report *report_after)
{
	bool grew = grows(before), grows_now = grows(after);
	const struct estimate *a = after ? &after->rate_per_s : NULL;
	const struct estimate *b = before ? &before->rate_per_s : NULL;

	if (!before)
		return CHANGE_NEW;
	if (!grows_now)
		return grew && (after || would_have_shown(before, report_after)) ? CHANGE_FIXED
										 : CHANGE_SAME;
	if (!grew)
		return CHANGE_WORSE;
	if (!estimate_known(a) || !estimate_known(b))
		return CHANGE_SAME;
	if (a->low > b->high)
		return CHANGE_WORSE;
	return a->high < b->low ? CHANGE_BETTER : CHANGE_SAME;
}

static void rate_text(const struct finding *finding, char *text, size_t size)
{
	char goroutines[COUNT_TEXT_MAX] = "";

	if (finding)
		count_format((double)finding->goroutines_last, "goroutine", goroutines);
	if (!finding)
		(void)snprintf(text, size, "not found");
	else if (!estimate_known(&finding->rate_per_s))
		(void)snprintf(text, size, "%s, %s", verdict_name(finding->verdict), goroutines);
	else
		(void)snprintf(text, size, "%s at %.3g (%.3g to %.3g) per second",
			verdict_name(finding->verdict), finding->rate_per_s.value,
			finding->rate_per_s.low, finding->rate_per_s.high);
}

static int fill_change(const struct finding *before, const struct finding *after,
	const struct report *report_after, struct comparison *comparison)
{
	struct finding_change *row = &comparison->findings[comparison->finding_count++];
	char was[120], now[120], text[280];
	double minutes = (double)(report_after->last_wall_ms - report_after->first_wall_ms) / 60e3;

	*row = (struct finding_change){
		.change = finding_change_of(before, after, report_after),
		.before = before,
		.after = after,
		.rate_change_per_s = rate_change(before, after),
	};
	rate_text(before, was, sizeof(was));
	rate_text(after, now, sizeof(now));
	if (!after && row->change == CHANGE_SAME)
		(void)snprintf(text, sizeof(text),
			"before: %s; after: not found, but %.3g min are too short to say that it "
			"is gone",
			was, fmax(0, minutes));
	else
		(void)snprintf(text, sizeof(text), "before: %s; after: %s", was, now);
	row->because = arena_str(&comparison->arena, str_of(text));
	return row->because.data ? 0 : -ENOMEM;
}

static double rate_for_order(const struct finding_change *row)
{
	const struct finding *finding = row->after ? row->after : row->before;

	return estimate_known(&finding->rate_per_s) ? finding->rate_per_s.value : 0;
}

static int by_change(const void *x, const void *y)
{
	const struct finding_change *a = x, *b = y;
	uint64_t id_a = a->after ? a->after->id : a->before->id;
	uint64_t id_b = b->after ? b->after->id : b->before->id;

	if (a->change != b->change)
		return (int)a->change - (int)b->change;
	if (rate_for_order(a) != rate_for_order(b))
		return rate_for_order(a) > rate_for_order(b) ? -1 : 1;
	return id_a < id_b ? -1 : id_a > id_b;
}

int compare_reports(const struct report *before, const struct report *after,
	struct comparison *comparison, struct error *error)
{
	size_t most = (size_t)before->finding_count + after->finding_count + 1;
	int r = 0;

	comparison->findings = arena_array(&comparison->arena, most, sizeof(*comparison->findings));
	if (!comparison->findings)
		return error_no_memory(error, "comparing findings");
	for (uint32_t i = 0; r == 0 && i < before->finding_count; i++)
		r = fill_change(&before->findings[i], find(after, before->findings[i].id), after,
			comparison);
	for (uint32_t i = 0; r == 0 && i < after->finding_count; i++)
		if (!find(before, after->findings[i].id))
			r = fill_change(NULL, &after->findings[i], after, comparison);
	if (r < 0)
		return error_no_memory(error, "comparing findings");
	qsort(comparison->findings, comparison->finding_count, sizeof(*comparison->findings),
		by_change);
	return 0;
}
