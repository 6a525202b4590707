// SPDX-License-Identifier: Apache-2.0
// show: the groups as text, JSON and folded stacks.
#include "collector/commands/show.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "collector/form/escape.h"
#include "collector/form/json_text.h"
#include "collector/tell/figures.h"
#include "collector/tell/findings_parts.h"
#include "collector/tell/folded.h"
#include "collector/tell/paragraph.h"

#define INDENT 10
#define TEXT_MAX KIB(256)

static bool has_growth(const struct show *show)
{
	return show->looks > show->targets;
}

// "212 of 18,203 goroutines, in 3 groups"
static void write_head(struct paragraph *p, const struct show *show)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	size_t groups = 0;

	for (size_t i = 0; i < show->group_count; i++)
		groups += show->groups[i].count > 0 || show->groups[i].before > 0;
	figure_count(&text, (double)show->matched);
	if (show->matched != show->total) {
		buf_add_text(&text, " of ");
		figure_count(&text, (double)show->total);
	}
	buf_printf(&text, " goroutine%s in %zu group%s", show->total == 1 ? "" : "s", groups,
		groups == 1 ? "" : "s");
	paragraph_ink(p, INK_BOLD, part_str(p->out, &text));
	paragraph_end(p);
}

static struct str wait_name(const struct show *show, uint16_t state)
{
	return state == STATE_UNKNOWN ? STR("not told") : stacks_state_name(show->stacks, state);
}

static void add_waits(
	struct buf *text, const struct show *show, const struct wait_count *waits, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		buf_add_text(text, i > 0 ? ", " : "");
		buf_add(text, wait_name(show, waits[i].state));
		if (count > 1)
			buf_printf(text, " %u", waits[i].count);
	}
}

static void write_group_head(
	struct paragraph *p, const struct show *show, const struct show_group *group)
{
	cleanup(buf_release) struct buf count = BUF_INIT(64);
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	figure_count(&count, (double)group->count);
	for (size_t i = count.len; i + 2 < INDENT; i++)
		buf_add_byte(p->out, ' ');
	paragraph_ink(p, INK_BOLD, part_str(p->out, &count));
	buf_add_text(p->out, "  ");
	if (has_growth(show)) {
		buf_add_text(&text, group->count >= group->before ? "+" : "");
		figure_count(&text, (double)(group->count - group->before));
		buf_add_text(&text, "  ");
	}
	add_waits(&text, show, group->waits, group->wait_count);
	if (group->minutes_max > 0) {
		buf_add_text(&text, ", up to ");
		figure_duration(&text, 60.0 * group->minutes_max);
	}
	paragraph_ink(p, INK_PLAIN, part_str(p->out, &text));
	paragraph_end(p);
}

static void write_frame(
	struct paragraph *p, const char *before, const struct frame *frame, enum ink ink)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	buf_add_text(&text, before);
	figure_place(&text, frame);
	paragraph_line(p, "", INDENT, ink, part_str(p->out, &text));
}

static void write_frames(struct paragraph *p, const struct show *show, const struct sitter *sitter)
{
	const struct frame *frames = show->filter.user ? sitter->frames : sitter->stack->frames;
	uint32_t count = show->filter.user ? sitter->frame_count : sitter->stack->frame_count;

	for (uint32_t i = 0; i < count; i++) {
		bool own = frame_is_own(&frames[i]);

		if (own || !show->filter.user)
			write_frame(p, "", &frames[i], own ? INK_PLAIN : INK_SOFT);
	}
	if (count == 0)
		paragraph_write(p, "", INDENT, INK_SOFT, STR("(no frames)"));
	if (sitter->created_by->function.len > 0)
		write_frame(p, "started by ", sitter->created_by, INK_SOFT);
}

static void write_labels(struct paragraph *p, const struct show *show, const struct sitter *sitter)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	struct label_set set = stacks_labels(show->stacks, sitter->labels);

	for (uint32_t i = 0; i < set.count; i++) {
		buf_add_text(&text, i > 0 ? ", " : "");
		buf_add(&text, set.labels[i].key);
		buf_add_text(&text, "=");
		buf_add(&text, set.labels[i].value);
	}
	paragraph_write(
		p, "", INDENT, INK_PLAIN, set.count ? part_str(p->out, &text) : STR("(no labels)"));
}

static void write_leaf(struct paragraph *p, const struct show *show, const struct sitter *sitter)
{
	for (uint32_t i = 0; i < sitter->frame_count; i++) {
		if (show->filter.user && !frame_is_own(&sitter->frames[i]))
			continue;
		paragraph_line(p, "", INDENT, INK_PLAIN, sitter->frames[i].function);
		return;
	}
	paragraph_write(p, "", INDENT, INK_SOFT, STR("(no frames)"));
}

static void write_place(struct paragraph *p, const struct show *show, const struct sitter *sitter)
{
	switch (show->by) {
	case GROUP_BY_STACK:
		write_frames(p, show, sitter);
		break;
	case GROUP_BY_CREATOR:
		if (sitter->created_by->function.len > 0)
			write_frame(p, "started by ", sitter->created_by, INK_PLAIN);
		else
			paragraph_write(p, "", INDENT, INK_SOFT, STR("(creator not told)"));
		break;
	case GROUP_BY_LEAF:
		write_leaf(p, show, sitter);
		break;
	case GROUP_BY_LABEL:
		write_labels(p, show, sitter);
		break;
	}
}

static void write_ids(struct paragraph *p, const struct show_group *group)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	if (group->id_count == 0)
		return;
	buf_add_text(&text, group->count == 1 ? "goroutine " : "goroutines ");
	for (uint32_t i = 0; i < group->id_count; i++)
		buf_printf(&text, "%s%llu", i > 0 ? ", " : "", (unsigned long long)group->ids[i]);
	if (group->count > group->id_count)
		buf_add_text(&text, ", ...");
	paragraph_write(p, "", INDENT, INK_SOFT, part_str(p->out, &text));
}

static void write_nothing(struct paragraph *p, const struct show *show)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	buf_add_text(&text, "They wait in: ");
	add_waits(&text, show, show->all_waits, show->all_wait_count);
	if (show->all_wait_count > 0)
		paragraph_write(p, "", 0, INK_PLAIN, part_str(p->out, &text));
}

void show_text(struct buf *out, const struct show *show, const struct show_style *style)
{
	struct paragraph p = {
		.out = out,
		.columns = style->columns ? style->columns : 80,
		.colour = style->colour,
	};
	size_t shown = show->group_count < style->top ? show->group_count : style->top;

	write_head(&p, show);
	if (show->matched == 0 && show->group_count == 0)
		write_nothing(&p, show);
	for (size_t i = 0; i < shown; i++) {
		paragraph_end(&p);
		write_group_head(&p, show, &show->groups[i]);
		write_place(&p, show, &show->groups[i].example);
		write_ids(&p, &show->groups[i]);
	}
	if (shown < show->group_count) {
		int64_t rest = 0;

		for (size_t i = shown; i < show->group_count; i++)
			rest += show->groups[i].count;
		buf_printf(out, "\n%zu more groups with ", show->group_count - shown);
		figure_count(out, (double)rest);
		buf_add_text(out, " goroutines: --top N\n");
	}
}

static void json_waits(
	struct json_writer *json, const struct show *show, const struct show_group *group)
{
	json_put_key(json, "waits");
	json_put_open(json, '{');
	for (uint32_t i = 0; i < group->wait_count; i++) {
		if (group->waits[i].state == STATE_UNKNOWN)
			continue;
		json_put_key_str(json, stacks_state_name(show->stacks, group->waits[i].state));
		json_put_u64(json, group->waits[i].count);
	}
	json_put_close(json, '}');
}

static void json_place(
	struct json_writer *json, const struct show *show, const struct sitter *sitter)
{
	struct label_set labels = stacks_labels(show->stacks, sitter->labels);
	char key[STACK_KEY_TEXT];

	stack_key_text(sitter->stack->key, key);
	json_put_key(json, "stack");
	json_put_text(json, key);
	json_put_key(json, "frames");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < sitter->stack->frame_count; i++)
		put_frame(json, &sitter->stack->frames[i]);
	json_put_close(json, ']');
	json_put_key(json, "created_by");
	if (sitter->created_by->function.len > 0)
		put_frame(json, sitter->created_by);
	else
		json_put_null(json);
	json_put_key(json, "labels");
	json_put_open(json, '{');
	for (uint32_t i = 0; i < labels.count; i++) {
		json_put_key_str(json, labels.labels[i].key);
		json_put_str(json, labels.labels[i].value);
	}
	json_put_close(json, '}');
}

static void json_group(
	struct json_writer *json, const struct show *show, const struct show_group *group)
{
	json_put_open(json, '{');
	json_put_key(json, "count");
	json_put_i64(json, group->count);
	json_put_key(json, "growth");
	if (has_growth(show))
		json_put_i64(json, group->count - group->before);
	else
		json_put_null(json);
	json_put_key(json, "minutes_max");
	json_put_u64(json, group->minutes_max);
	json_waits(json, show, group);
	json_place(json, show, &group->example);
	json_put_key(json, "ids");
	json_put_open(json, '[');
	for (uint32_t i = 0; i < group->id_count; i++)
		json_put_u64(json, group->ids[i]);
	json_put_close(json, ']');
	json_put_close(json, '}');
}

void show_json(struct buf *out, const struct show *show, uint32_t top)
{
	static const char *const names[] = {
		[GROUP_BY_STACK] = "stack",
		[GROUP_BY_CREATOR] = "creator",
		[GROUP_BY_LEAF] = "leaf",
		[GROUP_BY_LABEL] = "label",
	};
	struct json_writer json = JSON_WRITER_INIT(out);

	json_put_open(&json, '{');
	json_put_key(&json, "schema");
	json_put_text(&json, "parkwatch.show/1");
	json_put_key(&json, "goroutines");
	json_put_i64(&json, show->total);
	json_put_key(&json, "matched");
	json_put_i64(&json, show->matched);
	json_put_key(&json, "group_by");
	json_put_text(&json, names[show->by]);
	json_put_key(&json, "group_count");
	json_put_u64(&json, show->group_count);
	json_put_key(&json, "groups");
	json_put_open(&json, '[');
	for (size_t i = 0; i < show->group_count && i < top; i++)
		json_group(&json, show, &show->groups[i]);
	json_put_close(&json, ']');
	json_put_close(&json, '}');
	buf_add_byte(out, '\n');
}

void show_folded(struct buf *out, const struct show *show)
{
	for (size_t i = 0; i < show->group_count; i++) {
		if (show->groups[i].count > 0)
			folded_stack(out, show->groups[i].example.stack,
				(uint64_t)show->groups[i].count);
	}
}
