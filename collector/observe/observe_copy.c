// SPDX-License-Identifier: Apache-2.0
// Copies of observations that outlive what they were read from.
#include "collector/observe/observe.h"

#include <errno.h>
#include <string.h>

static int copy_text(struct arena *arena, struct str *text)
{
	if (text->len == 0) {
		*text = STR_EMPTY;
		return 0;
	}
	*text = arena_str(arena, *text);
	return text->data ? 0 : -ENOMEM;
}

// A copy of `count` items of `size` bytes; NULL is a failure also for none.
static void *copy_array(struct arena *arena, const void *from, size_t count, size_t size)
{
	void *to = arena_array(arena, count + 1, size);

	if (to && count > 0)
		memcpy(to, from, count * size);
	return to;
}

static int copy_labels(struct observed_group *group, struct arena *arena)
{
	struct label_count *labels =
		copy_array(arena, group->labels, group->label_count, sizeof(*labels));
	int r = labels ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < group->label_count && r == 0; i++) {
		r = copy_text(arena, &labels[i].key);
		if (r == 0)
			r = copy_text(arena, &labels[i].value);
	}
	group->labels = labels;
	return r;
}

static int copy_group(struct observed_group *group, bool with_ids, struct arena *arena)
{
	int r;

	group->waits = copy_array(arena, group->waits, group->wait_count, sizeof(*group->waits));
	if (!group->waits)
		return -ENOMEM;
	if (with_ids && group->has_ids) {
		group->ids = copy_array(arena, group->ids, group->id_count, sizeof(*group->ids));
		if (!group->ids)
			return -ENOMEM;
	} else {
		group->has_ids = false;
		group->ids = NULL;
		group->id_count = 0;
	}
	r = copy_text(arena, &group->created_by.function);
	if (r == 0)
		r = copy_text(arena, &group->created_by.file);
	return r < 0 ? r : copy_labels(group, arena);
}

int observation_copy(const struct observation *observation, bool with_ids, struct arena *arena,
	struct observation *copy)
{
	struct str *const texts[] = {&copy->target, &copy->error, &copy->goroutines_from,
		&copy->stop_method, &copy->requests_from};
	struct observed_group *groups;
	int r = 0;

	*copy = *observation;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = copy_text(arena, texts[i]);
	groups = copy_array(arena, observation->groups, observation->group_count, sizeof(*groups));
	copy->contention = copy_array(arena, observation->contention, observation->contention_count,
		sizeof(*copy->contention));
	if (!groups || !copy->contention)
		return -ENOMEM;
	for (uint32_t i = 0; i < observation->group_count && r == 0; i++)
		r = copy_group(&groups[i], with_ids, arena);
	copy->groups = groups;
	return r;
}

int process_copy(const struct process *process, struct arena *arena, struct process *copy)
{
	struct str *const texts[] = {&copy->target, &copy->workload, &copy->pod_uid,
		&copy->container_id, &copy->image_digest, &copy->go_version};
	int r = 0;

	*copy = *process;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = copy_text(arena, texts[i]);
	return r;
}
