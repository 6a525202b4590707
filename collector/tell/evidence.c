// SPDX-License-Identifier: Apache-2.0
// Choosing and ordering the artifacts that findings point to.
#include "collector/tell/evidence.h"

#include <errno.h>
#include <stdlib.h>

static const char *const kinds[] = {"goroutine", "goroutineleak", "block", "mutex"};

static bool proves(const struct artifact *artifact)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (artifact->target.len > 0 && str_equal(artifact->kind, str_of(kinds[i])))
			return true;
	return false;
}

static int by_target_and_path(const void *a, const void *b)
{
	const struct tell_artifact *left = a, *right = b;
	int order = str_compare(left->target, right->target);

	return order != 0 ? order : str_compare(left->path, right->path);
}

int evidence_of(const struct artifact *artifacts, size_t count, struct arena *arena,
	struct tell_artifact **ret_evidence, size_t *ret_count)
{
	struct tell_artifact *evidence = arena_array(arena, count + 1, sizeof(*evidence));
	size_t used = 0;

	if (!evidence)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct tell_artifact *item = &evidence[used];

		if (!proves(&artifacts[i]))
			continue;
		item->target = arena_str(arena, artifacts[i].target);
		item->path = arena_str(arena, artifacts[i].path);
		item->sha256 = arena_str(arena, str_of(artifacts[i].sha256));
		if (!item->target.data || !item->path.data || !item->sha256.data)
			return -ENOMEM;
		used++;
	}
	qsort(evidence, used, sizeof(*evidence), by_target_and_path);
	*ret_evidence = evidence;
	*ret_count = used;
	return 0;
}
