// SPDX-License-Identifier: Apache-2.0
// show: goroutines into groups. What depends on the place alone (does it pass, which group is it)
// is worked out once for each place, so that a dump of many goroutines costs a table look-up each.
#include "collector/commands/show.h"

#include "base/cleanup.h"
#include "base/limits.h"

#include <errno.h>
#include <string.h>

#define FILTERED UINT32_MAX

static void add_frame(struct buf *name, const struct frame *frame, bool line)
{
	buf_add(name, frame->function);
	buf_add_byte(name, '\n');
	if (!line)
		return;
	buf_add(name, frame->file);
	buf_printf(name, ":%u\n", frame->line);
}

static void name_by_stack(struct buf *name, const struct show *show, const struct sitter *sitter)
{
	if (!show->filter.user) {
		buf_printf(name, "%016llx", (unsigned long long)sitter->stack->key);
		return;
	}
	for (uint32_t i = 0; i < sitter->frame_count; i++) {
		if (frame_is_own(&sitter->frames[i]))
			add_frame(name, &sitter->frames[i], true);
	}
}

// What makes two goroutines members of one group.
static void name_group(struct buf *name, const struct show *show, const struct sitter *sitter)
{
	switch (show->by) {
	case GROUP_BY_STACK:
		name_by_stack(name, show, sitter);
		break;
	case GROUP_BY_CREATOR:
		add_frame(name, sitter->created_by, true);
		break;
	case GROUP_BY_LEAF:
		for (uint32_t i = 0; i < sitter->frame_count; i++) {
			if (show->filter.user && !frame_is_own(&sitter->frames[i]))
				continue;
			add_frame(name, &sitter->frames[i], false);
			break;
		}
		break;
	case GROUP_BY_LABEL:
		buf_printf(name, "%u", sitter->labels);
		break;
	}
}

static size_t hash(struct str text)
{
	uint64_t value = 14695981039346656037u; // FNV-1a

	for (size_t i = 0; i < text.len; i++)
		value = (value ^ (unsigned char)text.data[i]) * 1099511628211u;
	return (size_t)(value ^ (value >> 32));
}

static int grow_table(struct show *show)
{
	size_t size = show->table_size ? 2 * show->table_size : 256;
	uint32_t *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < show->group_count; i++) {
		size_t at = hash(show->names[i]) & (size - 1);

		while (table[at])
			at = (at + 1) & (size - 1);
		table[at] = (uint32_t)i + 1;
	}
	free(show->table);
	show->table = table;
	show->table_size = size;
	return 0;
}

static int grow_groups(struct show *show)
{
	size_t capacity = show->group_capacity ? 2 * show->group_capacity : 64;
	struct show_group *groups = reallocarray(show->groups, capacity, sizeof(*groups));
	struct str *names;

	if (!groups)
		return -ENOMEM;
	show->groups = groups;
	names = reallocarray(show->names, capacity, sizeof(*names));
	if (!names)
		return -ENOMEM;
	show->names = names;
	show->group_capacity = capacity;
	return 0;
}

static int new_group(struct show *show, struct str name, const struct sitter *sitter)
{
	if (show->group_count == show->group_capacity && grow_groups(show) < 0)
		return -ENOMEM;
	show->names[show->group_count] = arena_str(&show->arena, name);
	if (!show->names[show->group_count].data)
		return -ENOMEM;
	show->groups[show->group_count] = (struct show_group){.example = *sitter};
	show->group_count++;
	return 0;
}

static int find_group(struct show *show, const struct sitter *sitter, uint32_t *ret_group)
{
	cleanup(buf_release) struct buf name = BUF_INIT(MIB(1));
	size_t at;

	name_group(&name, show, sitter);
	if (buf_failed(&name) < 0)
		return buf_failed(&name);
	if (2 * (show->group_count + 1) > show->table_size && grow_table(show) < 0)
		return -ENOMEM;
	at = hash(buf_str(&name)) & (show->table_size - 1);
	for (; show->table[at]; at = (at + 1) & (show->table_size - 1)) {
		*ret_group = show->table[at] - 1;
		if (str_equal(show->names[*ret_group], buf_str(&name)))
			return 0;
	}
	if (new_group(show, buf_str(&name), sitter) < 0)
		return -ENOMEM;
	*ret_group = (uint32_t)show->group_count - 1;
	show->table[at] = *ret_group + 1;
	return 0;
}

static int grow_places(struct show *show, uint32_t place)
{
	size_t capacity = show->place_capacity ? show->place_capacity : 256;
	uint32_t *places;

	while (capacity <= place)
		capacity *= 2;
	places = reallocarray(show->places, capacity, sizeof(*places));
	if (!places)
		return -ENOMEM;
	memset(places + show->place_capacity, 0,
		(capacity - show->place_capacity) * sizeof(*places));
	show->places = places;
	show->place_capacity = capacity;
	return 0;
}

// The group of a sitter's place, or FILTERED. Groups by label depend on more than the place.
static int group_of(struct show *show, const struct sitter *sitter, uint32_t *ret_group)
{
	int r;

	if (sitter->place >= show->place_capacity && grow_places(show, sitter->place) < 0)
		return -ENOMEM;
	if (show->places[sitter->place] == FILTERED) {
		*ret_group = FILTERED;
		return 0;
	}
	if (show->places[sitter->place] > 0 && show->by != GROUP_BY_LABEL) {
		*ret_group = show->places[sitter->place] - 1;
		return 0;
	}
	if (!show_place_passes(&show->filter, sitter)) {
		show->places[sitter->place] = *ret_group = FILTERED;
		return 0;
	}
	r = find_group(show, sitter, ret_group);
	if (r == 0)
		show->places[sitter->place] = *ret_group + 1;
	return r;
}

static void count_wait(
	struct wait_count *waits, uint32_t *wait_count, uint16_t state, int64_t count)
{
	uint32_t i = 0;

	while (i < *wait_count && waits[i].state != state)
		i++;
	if (i == SHOW_WAITS_MAX)
		return;
	if (i == *wait_count)
		waits[(*wait_count)++] = (struct wait_count){.state = state};
	waits[i].count += (uint32_t)count;
}

static void count_in(struct show *show, struct show_group *group, const struct sitter *sitter)
{
	group->count += sitter->count;
	show->matched += sitter->count;
	if (sitter->minutes > group->minutes_max)
		group->minutes_max = sitter->minutes;
	count_wait(group->waits, &group->wait_count, sitter->state, sitter->count);
	if (sitter->id != 0 && group->id_count < SHOW_IDS_MAX)
		group->ids[group->id_count++] = sitter->id;
}

int show_add(struct show *show, const struct sitter *sitter, bool last)
{
	uint32_t group = FILTERED;
	int r;

	if (last) {
		show->total += sitter->count;
		count_wait(show->all_waits, &show->all_wait_count, sitter->state, sitter->count);
	}
	if (!show_passes(&show->filter, show->stacks, sitter))
		return 0;
	r = group_of(show, sitter, &group);
	if (r < 0 || group == FILTERED)
		return r;
	if (last)
		count_in(show, &show->groups[group], sitter);
	else
		show->groups[group].before += sitter->count;
	return 0;
}

static int by_count(const struct show_group *a, const struct show_group *b)
{
	return a->count > b->count ? -1 : a->count < b->count;
}

static int compare_count(const void *left, const void *right)
{
	const struct show_group *a = left, *b = right;
	int order = by_count(a, b);

	return order ? order : a->example.stack->key < b->example.stack->key ? -1 : 1;
}

static int compare_growth(const void *left, const void *right)
{
	const struct show_group *a = left, *b = right;
	int64_t growth_a = a->count - a->before, growth_b = b->count - b->before;

	if (growth_a != growth_b)
		return growth_a > growth_b ? -1 : 1;
	return compare_count(left, right);
}

static int compare_age(const void *left, const void *right)
{
	const struct show_group *a = left, *b = right;

	if (a->minutes_max != b->minutes_max)
		return a->minutes_max > b->minutes_max ? -1 : 1;
	return compare_count(left, right);
}

void show_sort(struct show *show, enum sort_by by)
{
	static int (*const orders[])(const void *, const void *) = {
		[SORT_BY_COUNT] = compare_count,
		[SORT_BY_GROWTH] = compare_growth,
		[SORT_BY_AGE] = compare_age,
	};

	// From here on groups are no longer found by name or by place.
	if (show->group_count > 1)
		qsort(show->groups, show->group_count, sizeof(*show->groups), orders[by]);
}

void show_release(struct show *show)
{
	free(show->groups);
	free(show->names);
	free(show->places);
	free(show->table);
	arena_release(&show->arena);
	*show = (struct show){0};
}
