// SPDX-License-Identifier: Apache-2.0
// Applying lines of changes to the IDs that are known.
#include "collector/observe/observations_chain.h"

#include "base/cleanup.h"
#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BROKEN 1

void chain_break(struct chain *chain)
{
	for (uint32_t i = 0; i < chain->count; i++)
		free(chain->links[i].packed);
	free(chain->links);
	*chain = (struct chain){0};
}

// b without a; both ascending. BROKEN when a holds what b does not.
static int subtract(const struct id_list *a, const struct id_list *b, struct id_list *rest)
{
	size_t before = rest->count;
	int r = ids_missing(a, b, rest);

	if (r < 0)
		return r;
	return b->count - (rest->count - before) == a->count ? 0 : BROKEN;
}

// Both, which must not share an ID.
static int unite(const struct id_list *a, const struct id_list *b, struct id_list *both)
{
	size_t i = 0, j = 0;

	while (i < a->count || j < b->count) {
		uint64_t id;

		if (j == b->count || (i < a->count && a->ids[i] < b->ids[j]))
			id = a->ids[i++];
		else if (i == a->count || b->ids[j] < a->ids[i])
			id = b->ids[j++];
		else
			return BROKEN;
		if (id_list_add(both, id) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int parse(struct str text, struct id_list *list)
{
	int r = text.data ? ids_parse(text, LIMIT_GOROUTINES_COUNT, list) : -EINVAL;

	return r == -EINVAL ? BROKEN : r;
}

static int change(const struct chain_link *link, const struct chain_step *step, struct id_list *now)
{
	cleanup(id_list_release) struct id_list before = {0}, born = {0}, gone = {0}, stayed = {0};
	int r = link ? ids_unpack((struct str){link->packed, link->len}, &before) : 0;

	if (r == 0)
		r = parse(step->born, &born);
	if (r == 0)
		r = parse(step->gone, &gone);
	if (r == 0)
		r = subtract(&gone, &before, &stayed);
	return r ? r : unite(&stayed, &born, now);
}

static int enter(struct observed_group *group, const struct id_list *now, struct arena *arena)
{
	uint64_t *ids;

	if (now->count != group->count)
		return BROKEN;
	ids = arena_array(arena, now->count + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	if (now->count > 0)
		memcpy(ids, now->ids, now->count * sizeof(*ids));
	group->ids = ids;
	group->id_count = group->count;
	group->has_ids = true;
	return 0;
}

int chain_apply(const struct chain *chain, struct chain_step *steps, uint32_t count, bool key,
	struct arena *arena)
{
	uint32_t k = 0;
	int r = key || chain->whole ? 0 : BROKEN;

	for (uint32_t i = 0; i < count && r == 0; i++) {
		cleanup(id_list_release) struct id_list now = {0};
		const struct chain_link *link = NULL;
		uint64_t stack = steps[i].group.stack->key;

		if (!key) {
			// Every stack that had goroutines must be listed.
			if (k < chain->count && chain->links[k].stack->key < stack)
				return BROKEN;
			if (k < chain->count && chain->links[k].stack->key == stack)
				link = &chain->links[k++];
		}
		r = key ? parse(steps[i].ids, &now) : change(link, &steps[i], &now);
		if (r == 0)
			r = enter(&steps[i].group, &now, arena);
	}
	if (r == 0 && !key && k < chain->count)
		return BROKEN;
	return r;
}

int chain_renew(
	struct chain *chain, const struct observed_group *groups, uint32_t count, uint32_t process)
{
	chain_break(chain);
	chain->links = calloc((size_t)count + 1, sizeof(*chain->links));
	if (!chain->links)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct buf packed = BUF_INIT(LIMIT_OBSERVATION_LINE);
		struct chain_link *link = &chain->links[i];

		ids_pack(groups[i].ids, groups[i].id_count, &packed);
		link->stack = groups[i].stack;
		link->len = packed.len;
		link->packed = buf_take(&packed);
		chain->count = i + 1;
		if (!link->packed && groups[i].id_count > 0) {
			buf_release(&packed);
			chain_break(chain);
			return -ENOMEM;
		}
	}
	chain->whole = true;
	chain->process = process;
	return 0;
}
