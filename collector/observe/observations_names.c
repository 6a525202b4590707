// SPDX-License-Identifier: Apache-2.0
// Words of observations.jsonl.
#include "collector/observe/observations.h"

static const char *const sources[] = {
	[OBSERVED_DEBUG2] = "debug2",
	[OBSERVED_DEBUG1] = "debug1",
	[OBSERVED_DEBUG0] = "debug0",
	[OBSERVED_LEAK] = "leak",
	[OBSERVED_LOG] = "log",
	[OBSERVED_METRICS] = "metrics",
};

static const char *const statuses[] = {
	[OBSERVED_OK] = "ok",
	[OBSERVED_CUT] = "cut",
	[OBSERVED_FAILED] = "failed",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *observation_source_name(enum observation_source source)
{
	return sources[source];
}

const char *observation_status_name(enum observation_status status)
{
	return statuses[status];
}

static bool find(const char *const *names, size_t count, struct str text, size_t *index)
{
	for (size_t i = 0; i < count; i++) {
		if (str_equal(str_of(names[i]), text)) {
			*index = i;
			return true;
		}
	}
	return false;
}

bool observation_source_parse(struct str text, enum observation_source *source)
{
	size_t index;

	if (!find(sources, COUNT(sources), text, &index))
		return false;
	*source = (enum observation_source)index;
	return true;
}

bool observation_status_parse(struct str text, enum observation_status *status)
{
	size_t index;

	if (!find(statuses, COUNT(statuses), text, &index))
		return false;
	*status = (enum observation_status)index;
	return true;
}
