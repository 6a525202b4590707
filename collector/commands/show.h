// SPDX-License-Identifier: Apache-2.0
// Who sits where: goroutines that pass a filter, in groups. The command is in show.c; this is for
// its parts.
//
//	struct show show = {.filter = ..., .by = GROUP_BY_STACK};
//	r = show_input(&show, &input, error);
//	show_sort(&show, SORT_BY_COUNT);
//	show_text(out, &show, &style);
//	show_release(&show);
#pragma once

#include "base/buf.h"
#include "collector/input/input.h"

#include <regex.h>

#define SHOW_IDS_MAX 8 // shown of a group
#define SHOW_WAITS_MAX 6 // different waits counted in a group; the rest is summed

enum group_by { GROUP_BY_STACK, GROUP_BY_CREATOR, GROUP_BY_LEAF, GROUP_BY_LABEL };
enum sort_by { SORT_BY_COUNT, SORT_BY_GROWTH, SORT_BY_AGE };

// One goroutine, or several of which nothing more is known.
struct sitter {
	const struct stack *stack;
	const struct frame *frames; // as printed, innermost first
	uint32_t frame_count;
	const struct frame *created_by; // function.len == 0: not told
	uint32_t place; // dense number of frames and creator together
	uint32_t labels; // index in the table of stacks; 0: none
	uint16_t state;
	uint32_t minutes;
	uint64_t id; // 0: not told
	int64_t count;
};

struct show_filter {
	struct str waits[16]; // none: all
	uint32_t wait_count;
	const regex_t *function, *created_by; // NULL: all
	double min_age_s;
	const uint64_t *ids; // none: all
	uint32_t id_count;
	const struct label *labels; // all of them must be there
	uint32_t label_count;
	bool user; // own code only: neither the standard library nor the runtime
};

struct show_group {
	struct sitter example; // the first that was met
	int64_t count; // at the last look
	int64_t before; // at the first look
	uint32_t minutes_max;
	struct wait_count waits[SHOW_WAITS_MAX];
	uint32_t wait_count;
	uint64_t ids[SHOW_IDS_MAX];
	uint32_t id_count;
};

struct show {
	struct show_filter filter;
	enum group_by by;
	const struct stacks *stacks; // set by show_input
	struct show_group *groups;
	size_t group_count, group_capacity;
	int64_t matched, total; // goroutines of the last look
	uint32_t looks, targets; // how many snapshots were compared
	uint32_t *places; // group of each place + 1; 0: not seen, UINT32_MAX: filtered out
	size_t place_capacity;
	uint32_t *table; // groups by name, open addressing
	size_t table_size;
	struct arena arena;
	struct str *names; // of the groups
	struct wait_count
		all_waits[SHOW_WAITS_MAX]; // of everything, for a filter that finds nothing
	uint32_t all_wait_count;
};

struct show_style {
	bool colour;
	uint32_t columns; // 0: 80
	uint32_t top; // groups
};

// The first and the last look of each target, filtered and grouped. -ENODATA with a message when
// the filter asks for what the input does not hold (IDs, labels).
int show_input(struct show *show, const struct input *input, struct error *error);
// Counts one; `last`: of the last look, else of the first. 0 or -ENOMEM.
int show_add(struct show *show, const struct sitter *sitter, bool last);
void show_sort(struct show *show, enum sort_by by);
void show_release(struct show *show);

// show_filter.c
bool show_passes(
	const struct show_filter *filter, const struct stacks *stacks, const struct sitter *sitter);
// What does not depend on the single goroutine: frames and creator.
bool show_place_passes(const struct show_filter *filter, const struct sitter *sitter);
bool frame_is_own(const struct frame *frame); // neither standard library nor runtime

// show_tell.c
void show_text(struct buf *out, const struct show *show, const struct show_style *style);
void show_json(struct buf *out, const struct show *show, uint32_t top);
void show_folded(struct buf *out, const struct show *show);
