// SPDX-License-Identifier: Apache-2.0
// Which members of a bundle a finding is proved by: the one rule for `collect`, which writes them,
// and `analyze`, which reads them again.
#pragma once

#include "collector/bundle/manifest.h"
#include "collector/tell/tell.h"

// The goroutine dumps and the goroutineleak, block and mutex profiles among the artifacts, by
// target, then path. The array and its texts are the arena's. 0 or -ENOMEM.
int evidence_of(const struct artifact *artifacts, size_t count, struct arena *arena,
	struct tell_artifact **ret_evidence, size_t *ret_count);
