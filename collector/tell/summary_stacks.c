// SPDX-License-Identifier: Apache-2.0
// The table of stacks in a summary.
#include "collector/tell/summary_stacks.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"

#include <string.h>

#define SCREEN_LINES 40
#define ROWS_LEAST 5
#define COUNT_COLUMNS 8
#define WAIT_COLUMNS 16
#define OLDEST_COLUMNS 6
#define CAUSE_AT (COUNT_COLUMNS + 4)
#define WHERE_AT (COUNT_COLUMNS + 2 + WAIT_COLUMNS + 2 + OLDEST_COLUMNS + 2)

static void add_left(struct buf *out, struct str text, uint32_t columns)
{
	cleanup(buf_release) struct buf cell = BUF_INIT(KIB(256));

	escape_terminal_short(&cell, text, columns);
	buf_add(out, part_str(out, &cell));
	for (uint32_t i = text_columns(part_str(out, &cell)); i < columns; i++)
		buf_add_byte(out, ' ');
}

static void add_right(struct buf *out, const struct buf *text, uint32_t columns)
{
	for (size_t i = text->len; i < columns; i++)
		buf_add_byte(out, ' ');
	buf_add(out, part_str(out, text));
}

static const struct cause *cause_of(const struct tell_group *group)
{
	const struct cause *cause = group->finding ? group->finding->cause : NULL;
	const struct frame *creator = group->created_by.function.len ? &group->created_by : NULL;

	// One alone is what most programs have: its cause would only alarm.
	if (!cause && (group->count < 2 || group->state == STATE_UNKNOWN ||
			      !wait_kind_blocks(state_kind(group->state))))
		return NULL;
	if (!cause)
		cause = cause_find(state_kind(group->state), group->stack, creator);
	return strcmp(cause->id, "unknown") == 0 ? NULL : cause;
}

// The position is kept whole while it can be; the function gives way.
static void add_where(struct buf *out, const struct stack *stack, uint32_t room)
{
	cleanup(buf_release) struct buf position = BUF_INIT(KIB(256));
	const struct frame *site = stack_site(stack);
	uint32_t taken;

	if (!site) {
		buf_add_text(out, "(no frames)");
		return;
	}
	if (site->file.len > 0 && !str_equal(site->file, STR("?"))) {
		buf_add_text(&position, " ");
		escape_terminal_short(&position, str_basename(site->file), room / 2);
		if (site->line > 0)
			buf_printf(&position, ":%u", site->line);
	}
	taken = text_columns(part_str(out, &position));
	escape_terminal_short(
		out, figure_function(site->function), room > taken ? room - taken : 8);
	buf_add(out, part_str(out, &position));
}

// "17m", "5h", "3d": a narrow column
static void add_oldest(struct buf *out, uint32_t minutes)
{
	if (minutes >= 48 * 60)
		buf_printf(out, "%ud", minutes / 1440);
	else if (minutes >= 120)
		buf_printf(out, "%uh", minutes / 60);
	else if (minutes > 0)
		buf_printf(out, "%um", minutes);
}

static void write_row(struct paragraph *p, const struct tell *tell, const struct tell_group *group)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(256));
	uint32_t room = p->columns > WHERE_AT + 20 ? p->columns - WHERE_AT : 20;

	figure_count(&text, (double)group->count);
	add_right(p->out, &text, COUNT_COLUMNS);
	buf_add_text(p->out, "  ");
	add_left(p->out,
		group->state == STATE_UNKNOWN ? STR("-")
					      : stacks_state_name(tell->stacks, group->state),
		WAIT_COLUMNS);
	buf_clear(&text);
	add_oldest(&text, group->minutes_max);
	buf_add_text(p->out, "  ");
	add_right(p->out, &text, OLDEST_COLUMNS);
	buf_add_text(p->out, "  ");
	add_where(p->out, group->stack, room);
	paragraph_end(p);
}

static void write_rows(struct paragraph *p, const struct tell *tell,
	const struct tell_group *groups, size_t count, uint32_t lines_max)
{
	uint32_t begun = p->lines, rows = 0;
	uint64_t rest = 0;

	for (; rows < count; rows++) {
		const struct cause *cause = cause_of(&groups[rows]);

		// Room for the row, its cause, and the line that says what was left out.
		if (p->lines - begun + 1 + (cause != NULL) + (rows + 1 < count) > lines_max)
			break;
		write_row(p, tell, &groups[rows]);
		if (cause)
			paragraph_line(p, "", CAUSE_AT, INK_SOFT, str_of(cause->title));
	}
	for (size_t i = rows; i < count; i++)
		rest += groups[i].count;
	if (rest == 0)
		return;
	{
		cleanup(buf_release) struct buf text = BUF_INIT(256);

		figure_count(&text, (double)rest);
		add_right(p->out, &text, COUNT_COLUMNS);
		buf_printf(
			p->out, "  in %zu more stacks: `parkwatch show` lists them", count - rows);
		paragraph_end(p);
	}
}

void summary_stacks(struct paragraph *p, const struct tell *tell, uint32_t rows_max)
{
	cleanup(free_pointer) struct tell_group *groups = NULL;
	size_t count = 0;
	uint32_t left;
	int r = tell_groups(tell, &groups, &count);

	if (r < 0)
		p->out->failed = p->out->failed ? p->out->failed : r;
	if (r < 0 || count == 0)
		return;
	paragraph_end(p);
	paragraph_ink(p, INK_SOFT,
		STR("   count  waiting in        oldest  where, and what it usually is"));
	paragraph_end(p);
	left = p->lines + ROWS_LEAST < SCREEN_LINES ? SCREEN_LINES - p->lines : ROWS_LEAST;
	write_rows(p, tell, groups, count, rows_max ? 2 * rows_max : left);
}
