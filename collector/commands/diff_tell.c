// SPDX-License-Identifier: Apache-2.0
// diff: the comparison as text, JSON and JUnit.
#include "collector/commands/diff.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/form/json_text.h"
#include "collector/tell/answer.h"
#include "collector/tell/figures.h"
#include "collector/tell/findings_parts.h"
#include "collector/tell/junit.h"
#include "collector/tell/paragraph.h"

#include <errno.h>

#define ROWS_MAX 20
#define CASES_MAX 500
#define TEXT_MAX KIB(256)
#define INDENT 9

static int64_t total_growth(const struct difference *difference)
{
	return difference->comparison->goroutines_after - difference->comparison->goroutines_before;
}

bool diff_passes(const struct difference *difference)
{
	return !difference->gated || total_growth(difference) <= difference->max_growth;
}

static void add_signed(struct buf *text, int64_t growth)
{
	buf_add_text(text, growth > 0 ? "+" : "");
	figure_count(text, (double)growth);
}

static void add_place(struct buf *text, const struct stack *stack)
{
	const struct frame *site = stack_site(stack);

	if (!site) {
		buf_add_text(text, "(no frames)");
		return;
	}
	figure_place(text, site);
}

// "12 before, 18 after: 6 more, at most 5 allowed"
static void add_total(struct buf *text, const struct difference *difference)
{
	const struct comparison *comparison = difference->comparison;
	int64_t growth = total_growth(difference);

	figure_count(text, (double)comparison->goroutines_before);
	buf_add_text(text, " goroutines before, ");
	figure_count(text, (double)comparison->goroutines_after);
	buf_add_text(text, " after: ");
	if (growth == 0)
		buf_add_text(text, "as many");
	else
		figure_count(text, (double)(growth > 0 ? growth : -growth));
	buf_add_text(text, growth > 0 ? " more" : growth < 0 ? " fewer" : "");
	if (difference->gated) {
		buf_add_text(text, ", ");
		figure_count(text, (double)difference->max_growth);
		buf_add_text(text, " more allowed");
	}
}

static enum ink change_ink(enum change change)
{
	switch (change) {
	case CHANGE_NEW:
	case CHANGE_WORSE:
		return INK_BAD;
	case CHANGE_BETTER:
	case CHANGE_FIXED:
		return INK_GOOD;
	case CHANGE_SAME:
		break;
	}
	return INK_PLAIN;
}

static const char *stack_word(const struct stack_change *change)
{
	switch (change->change) {
	case CHANGE_NEW:
		return "new";
	case CHANGE_WORSE:
		return "grown";
	case CHANGE_BETTER:
		return "fewer";
	case CHANGE_FIXED:
		return "gone";
	case CHANGE_SAME:
		break;
	}
	return "same";
}

static void write_stack(struct paragraph *p, const struct stack_change *change)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	const char *word = stack_word(change);

	paragraph_ink(p, change_ink(change->change), str_of(word));
	for (size_t i = str_of(word).len; i < INDENT; i++)
		buf_add_byte(p->out, ' ');
	add_signed(&text, change->growth);
	for (size_t i = text.len; i < 8; i++)
		buf_add_byte(p->out, ' ');
	buf_add(p->out, part_str(p->out, &text));
	buf_clear(&text);
	figure_count(&text, (double)change->before);
	buf_add_text(&text, " to ");
	figure_count(&text, (double)change->after);
	buf_add_text(&text, ":  ");
	add_place(&text, change->stack);
	paragraph_line(p, "", 2, INK_PLAIN, part_str(p->out, &text));
}

static void write_stacks(struct paragraph *p, const struct comparison *comparison)
{
	uint32_t shown = 0, left = 0, same = 0;

	for (uint32_t i = 0; i < comparison->stack_count; i++) {
		if (comparison->stacks[i].growth == 0) {
			same++;
		} else if (shown == ROWS_MAX) {
			left++;
		} else {
			if (shown++ == 0)
				paragraph_end(p);
			write_stack(p, &comparison->stacks[i]);
		}
	}
	if (left > 0) {
		buf_printf(p->out, "and %u more stacks that changed: --format json has them all",
			left);
		paragraph_end(p);
	}
	if (same > 0) {
		buf_printf(p->out, "%u stack%s as before", same, same == 1 ? "" : "s");
		paragraph_end(p);
	}
}

static const struct finding *later(const struct finding_change *change)
{
	return change->after ? change->after : change->before;
}

static void write_finding(struct paragraph *p, const struct finding_change *change)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	struct str word = str_of(change_name(change->change));

	paragraph_ink(p, change_ink(change->change), word);
	for (size_t i = word.len; i < INDENT; i++)
		buf_add_byte(p->out, ' ');
	finding_where(&text, later(change));
	paragraph_ink(p, INK_BOLD, part_str(p->out, &text));
	paragraph_end(p);
	paragraph_write(p, "", INDENT, INK_PLAIN, change->because);
}

void diff_text(struct buf *out, const struct difference *difference, bool colour, uint32_t columns)
{
	const struct comparison *comparison = difference->comparison;
	struct paragraph p = {.out = out, .columns = columns ? columns : 80, .colour = colour};
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	enum ink ink = !difference->gated ? INK_BOLD : diff_passes(difference) ? INK_GOOD : INK_BAD;

	if (difference->gated)
		buf_add_text(&text, diff_passes(difference) ? "passed: " : "failed: ");
	add_total(&text, difference);
	paragraph_write(&p, "", 0, ink, part_str(p.out, &text));
	if (comparison->finding_count > 0)
		paragraph_end(&p);
	for (uint32_t i = 0; i < comparison->finding_count; i++)
		write_finding(&p, &comparison->findings[i]);
	write_stacks(&p, comparison);
}

static void json_stack(struct json_writer *json, const struct stack_change *change)
{
	char key[STACK_KEY_TEXT];

	stack_key_text(change->stack->key, key);
	json_put_open(json, '{');
	json_put_key(json, "stack");
	json_put_text(json, key);
	json_put_key(json, "change");
	json_put_text(json, stack_word(change));
	json_put_key(json, "before");
	json_put_i64(json, change->before);
	json_put_key(json, "after");
	json_put_i64(json, change->after);
	json_put_key(json, "growth");
	json_put_i64(json, change->growth);
	json_put_key(json, "site");
	put_frame(json, stack_site(change->stack));
	json_put_close(json, '}');
}

static void json_estimate(struct json_writer *json, const struct estimate *estimate)
{
	json_put_open(json, '{');
	json_put_key(json, "value");
	json_put_rounded(json, estimate->value);
	if (estimate_known(estimate)) {
		json_put_key(json, "low");
		json_put_rounded(json, estimate->low);
		json_put_key(json, "high");
		json_put_rounded(json, estimate->high);
	} else {
		json_put_key(json, "why");
		json_put_text(json, estimate->why);
	}
	json_put_close(json, '}');
}

static void json_finding(struct json_writer *json, const struct finding_change *change)
{
	const struct finding *finding = later(change);
	char id[STACK_KEY_TEXT];

	stack_key_text(finding->id, id);
	json_put_open(json, '{');
	json_put_key(json, "id");
	json_put_text(json, id);
	json_put_key(json, "change");
	json_put_text(json, change_name(change->change));
	json_put_key(json, "workload");
	json_put_str(json, finding->workload);
	json_put_key(json, "site");
	put_frame(json, figure_site(finding));
	json_put_key(json, "rate_change_per_s");
	json_estimate(json, &change->rate_change_per_s);
	json_put_key(json, "because");
	json_put_str(json, change->because);
	json_put_close(json, '}');
}

void diff_json(struct buf *out, const struct difference *difference)
{
	const struct comparison *comparison = difference->comparison;
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "schema");
	json_put_text(&json, "parkwatch.diff/1");
	json_put_key(&json, "goroutines_before");
	json_put_i64(&json, comparison->goroutines_before);
	json_put_key(&json, "goroutines_after");
	json_put_i64(&json, comparison->goroutines_after);
	json_put_key(&json, "growth");
	json_put_i64(&json, total_growth(difference));
	json_put_key(&json, "max_growth");
	if (difference->gated)
		json_put_i64(&json, difference->max_growth);
	else
		json_put_null(&json);
	json_put_key(&json, "passed");
	json_put_bool(&json, diff_passes(difference));
	json_put_key(&json, "stacks");
	json_put_open(&json, '[');
	for (uint32_t i = 0; i < comparison->stack_count; i++)
		json_stack(&json, &comparison->stacks[i]);
	json_put_close(&json, ']');
	json_put_key(&json, "findings");
	json_put_open(&json, '[');
	for (uint32_t i = 0; i < comparison->finding_count; i++)
		json_finding(&json, &comparison->findings[i]);
	json_put_close(&json, ']');
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}

// The text in the arena; data is NULL when there is no memory.
static struct str keep(struct arena *arena, const struct buf *text)
{
	return buf_failed(text) < 0 ? (struct str){0} : arena_str(arena, buf_str(text));
}

static int gate_case(
	struct junit_case *one, struct arena *arena, const struct difference *difference)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX), grown = BUF_INIT(MIB(4));
	const struct comparison *comparison = difference->comparison;

	add_total(&text, difference);
	for (uint32_t i = 0; i < comparison->stack_count && i < CASES_MAX; i++) {
		if (comparison->stacks[i].growth <= 0)
			continue;
		add_signed(&grown, comparison->stacks[i].growth);
		buf_add_text(&grown, "  ");
		add_place(&grown, comparison->stacks[i].stack);
		buf_add_byte(&grown, '\n');
	}
	*one = (struct junit_case){
		.class_name = STR("parkwatch.diff"),
		.name = STR("goroutines do not grow"),
		.failed = !diff_passes(difference),
		.message = keep(arena, &text),
		.text = keep(arena, &grown),
	};
	return one->message.data && one->text.data ? 0 : -ENOMEM;
}

static int stack_case(struct junit_case *one, struct arena *arena,
	const struct difference *difference, const struct stack_change *change)
{
	cleanup(buf_release) struct buf name = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);

	add_place(&name, change->stack);
	add_signed(&text, change->growth);
	buf_add_text(&text, " goroutines, from ");
	figure_count(&text, (double)change->before);
	buf_add_text(&text, " to ");
	figure_count(&text, (double)change->after);
	*one = (struct junit_case){
		.class_name = STR("parkwatch.diff.stack"),
		.name = keep(arena, &name),
		.failed = !diff_passes(difference) && change->growth > 0,
		.message = keep(arena, &text),
		.text = keep(arena, &text),
	};
	return one->name.data && one->message.data && one->text.data ? 0 : -ENOMEM;
}

static int finding_case(
	struct junit_case *one, struct arena *arena, const struct finding_change *change)
{
	cleanup(buf_release) struct buf name = BUF_INIT(TEXT_MAX), text = BUF_INIT(TEXT_MAX);

	finding_where(&name, later(change));
	buf_printf(&text, "%s: ", change_name(change->change));
	buf_add(&text, change->because);
	*one = (struct junit_case){
		.class_name = STR("parkwatch.diff.finding"),
		.name = keep(arena, &name),
		.failed = change->change == CHANGE_NEW || change->change == CHANGE_WORSE,
		.message = keep(arena, &text),
		.text = keep(arena, &text),
	};
	return one->name.data && one->message.data && one->text.data ? 0 : -ENOMEM;
}

static int make_cases(struct junit_case *cases, size_t *ret_count, struct arena *arena,
	const struct difference *difference)
{
	const struct comparison *comparison = difference->comparison;
	size_t count = 1;
	int r = gate_case(&cases[0], arena, difference);

	for (uint32_t i = 0; i < comparison->finding_count && count < CASES_MAX && r == 0; i++)
		r = finding_case(&cases[count++], arena, &comparison->findings[i]);
	for (uint32_t i = 0; i < comparison->stack_count && count < CASES_MAX && r == 0; i++) {
		if (comparison->stacks[i].growth > 0)
			r = stack_case(&cases[count++], arena, difference, &comparison->stacks[i]);
	}
	*ret_count = count;
	return r;
}

int diff_junit(struct buf *out, const struct difference *difference)
{
	cleanup(arena_release) struct arena arena = ARENA_INIT(0);
	cleanup(free_pointer) struct junit_case *cases = calloc(CASES_MAX, sizeof(*cases));
	size_t count = 0;
	int r;

	if (!cases)
		return -ENOMEM;
	r = make_cases(cases, &count, &arena, difference);
	if (r == 0)
		junit_write(out, "parkwatch diff", cases, count);
	return r;
}
