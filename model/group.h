// SPDX-License-Identifier: Apache-2.0
// Groups of assessments that become one finding: the same stack in several targets of a workload,
// and, chained to a leader, the other stacks of the same mistake (model/together.h).
#pragma once

#include "model/findings.h"

struct group {
	struct assessment *first; // a run of the sorted array
	uint32_t count;
	struct group *leader; // of the mistake this group is a part of; NULL: its own
};

// Sets the leaders. A finding is named after its leader: own code before a library's, then what
// says most about the mistake.
void groups_join(struct group *groups, uint32_t count);
// The other stacks of a leader's finding. 0, -ENOMEM.
int group_fill_parts(const struct group *groups, uint32_t count, const struct group *group,
	struct arena *arena, struct finding *finding);

int verdict_urgency(enum verdict verdict); // 0 is the most urgent
