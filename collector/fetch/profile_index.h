// SPDX-License-Identifier: Apache-2.0
// The page at /debug/pprof/: which profiles a program has and how many records each holds. About
// 1 KB, no stop: the cheapest question there is.
#pragma once

#include "base/str.h"

// The number that stands before `profile` in the page; false when the page does not list it.
bool profile_index_count(struct str page, struct str profile, uint64_t *count);
