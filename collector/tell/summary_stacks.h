// SPDX-License-Identifier: Apache-2.0
// The table of stacks in a summary: how many, what they wait for, for how long, where.
#pragma once

#include "collector/tell/paragraph.h"
#include "collector/tell/tell.h"

// `rows_max` 0: as many as fit the screen that the paragraph has begun.
void summary_stacks(struct paragraph *paragraph, const struct tell *tell, uint32_t rows_max);
