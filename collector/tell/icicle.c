// SPDX-License-Identifier: Apache-2.0
// The icicle: a tree of calls, drawn as boxes.
#include "collector/tell/icicle.h"

#include "base/cleanup.h"
#include "collector/form/escape.h"
#include "collector/tell/figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH 960.0
#define ROW 22.0
#define LETTER 6.7 // mean width of a letter at the style sheet's font size
#define NARROW 8.0 // what is below such a box cannot be read either
#define NARROWEST 1.5 // thinner boxes are left out: nobody could see or hit them

struct node {
	struct frame frame;
	uint64_t count, leaking;
	struct node *children, *next;
};

struct icicle {
	struct arena arena;
	struct node root;
	uint64_t rest_stacks, rest_count;
};

struct icicle *icicle_new(void)
{
	struct icicle *icicle = calloc(1, sizeof(*icicle));

	if (icicle)
		icicle->arena = ARENA_INIT(0);
	return icicle;
}

void icicle_free(struct icicle **icicle)
{
	if (!*icicle)
		return;
	arena_release(&(*icicle)->arena);
	free(*icicle);
	*icicle = NULL;
}

static struct node *child_for(struct icicle *icicle, struct node *parent, const struct frame *frame)
{
	struct node *child;

	for (child = parent->children; child; child = child->next) {
		if (str_equal(child->frame.function, frame->function))
			return child;
	}
	child = arena_alloc(&icicle->arena, sizeof(*child));
	if (!child)
		return NULL;
	child->frame = *frame;
	child->next = parent->children;
	parent->children = child;
	return child;
}

int icicle_add(struct icicle *icicle, const struct stack *stack, uint64_t count, bool leaking)
{
	struct node *node = &icicle->root;

	node->count += count;
	node->leaking += leaking ? count : 0;
	for (uint32_t i = stack->frame_count; i > 0; i--) {
		node = child_for(icicle, node, &stack->frames[i - 1]);
		if (!node)
			return -ENOMEM;
		node->count += count;
		node->leaking += leaking ? count : 0;
	}
	return 0;
}

void icicle_add_rest(struct icicle *icicle, uint64_t stacks, uint64_t count)
{
	icicle->rest_stacks += stacks;
	icicle->rest_count += count;
	icicle->root.count += count;
}

static bool comes_before(const struct node *a, const struct node *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	return str_compare(a->frame.function, b->frame.function) < 0;
}

static struct node *merge_lists(struct node *a, struct node *b)
{
	struct node *head = NULL, **tail = &head;

	while (a && b) {
		struct node **first = comes_before(a, b) ? &a : &b;

		*tail = *first;
		*first = (*first)->next;
		tail = &(*tail)->next;
	}
	*tail = a ? a : b;
	return head;
}

// Merge sort of a list: widest first, so that equal input gives equal bytes.
static struct node *sort_list(struct node *list)
{
	struct node *middle = list, *second;

	if (!list || !list->next)
		return list;
	for (struct node *end = list->next; end && end->next; end = end->next->next)
		middle = middle->next;
	second = middle->next;
	middle->next = NULL;
	return merge_lists(sort_list(list), sort_list(second));
}

static double width_of(const struct icicle *icicle, const struct node *node)
{
	return WIDTH * (double)node->count / (double)icicle->root.count;
}

static unsigned depth_of(const struct icicle *icicle, const struct node *node)
{
	unsigned deepest = 0;

	for (const struct node *child = node->children; child; child = child->next) {
		double width = width_of(icicle, child);
		unsigned depth = width < NARROWEST ? 0
				 : width < NARROW  ? 1
						   : depth_of(icicle, child);

		if (depth > deepest)
			deepest = depth;
	}
	return 1 + deepest;
}

static void draw_name(struct buf *out, struct str name, double x, double y, double width)
{
	size_t letters = width < 30 ? 0 : (size_t)((width - 8) / LETTER);
	bool cut = name.len > letters;

	if (letters < 3)
		return;
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\">", x + 4, y + 15);
	// Cut before a letter of several bytes, not inside.
	name = str_head(name, cut ? letters - 1 : letters);
	while (cut && name.len > 0 && ((unsigned char)name.data[name.len - 1] & 0x80))
		name.len--;
	escape_html(out, name);
	buf_add_text(out, cut ? "…</text>" : "</text>");
}

static void draw_box(struct buf *out, const char *class, double x, double y, double width)
{
	buf_printf(out,
		"<g class=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
		class, x, y, width > 1 ? width - 0.6 : width, ROW - 1);
}

static const char *box_class(const struct node *node)
{
	if (node->leaking > 0)
		return 2 * node->leaking > node->count ? "leaking" : "part";
	return package_is_standard(function_package(node->frame.function)) ? "standard" : "own";
}

static void draw_title(struct buf *out, const struct icicle *icicle, const struct node *node)
{
	buf_add_text(out, "<title>");
	escape_html(out, node->frame.function);
	buf_add_text(out, " · ");
	figure_count(out, (double)node->count);
	buf_add_text(out, " goroutines (");
	figure_share(out, (double)node->count / (double)icicle->root.count);
	buf_add_text(out, ")");
	if (node->leaking > 0) {
		buf_add_text(out, ", ");
		figure_count(out, (double)node->leaking);
		buf_add_text(out, " of them in findings");
	}
	buf_add_text(out, "</title>");
}

static void draw_node(
	struct buf *out, const struct icicle *icicle, struct node *node, double x, double y)
{
	double width = width_of(icicle, node);

	if (width < NARROWEST)
		return;
	draw_box(out, box_class(node), x, y, width);
	draw_title(out, icicle, node);
	draw_name(out, figure_function(node->frame.function), x, y, width);
	buf_add_text(out, "</g>\n");
	if (width < NARROW)
		return;
	node->children = sort_list(node->children);
	for (struct node *child = node->children; child; child = child->next) {
		draw_node(out, icicle, child, x, y + ROW);
		x += width_of(icicle, child);
	}
}

static void draw_root(struct buf *out, const struct icicle *icicle)
{
	cleanup(buf_release) struct buf text = BUF_INIT(64);

	figure_count(&text, (double)icicle->root.count);
	buf_add_text(&text, " goroutines");
	draw_box(out, "root", 0, 0, WIDTH);
	draw_name(out, part_str(out, &text), 0, 0, WIDTH);
	buf_add_text(out, "</g>\n");
}

static void draw_rest(struct buf *out, const struct icicle *icicle, double x)
{
	double width = WIDTH * (double)icicle->rest_count / (double)icicle->root.count;
	char text[64];

	if (width < NARROWEST)
		return;
	snprintf(
		text, sizeof(text), "%llu smaller stacks", (unsigned long long)icicle->rest_stacks);
	draw_box(out, "standard", x, ROW, width);
	draw_name(out, str_of(text), x, ROW, width);
	buf_add_text(out, "</g>\n");
}

void icicle_write(struct buf *out, struct icicle *icicle, const char *id)
{
	double x = 0;

	if (icicle->root.count == 0)
		return;
	buf_printf(out,
		"<svg class=\"icicle\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\"><title id=\"%s-t\">Goroutines by stack</title>"
		"<desc id=\"%s-d\">Outermost function on top; the width of a box is the number of "
		"goroutines in it.</desc>\n",
		WIDTH, ROW * depth_of(icicle, &icicle->root), id, id, id, id);
	draw_root(out, icicle);
	icicle->root.children = sort_list(icicle->root.children);
	for (struct node *child = icicle->root.children; child; child = child->next) {
		draw_node(out, icicle, child, x, ROW);
		x += width_of(icicle, child);
	}
	draw_rest(out, icicle, x);
	buf_add_text(out, "</svg>\n");
}
