// SPDX-License-Identifier: Apache-2.0
// Regular expressions of users: POSIX extended, "(?i)" in front ignores case.
#pragma once

#include "base/error.h"

#include <regex.h>

// Made for yes-or-no questions (REG_NOSUB). On success release it by regfree().
int pattern_compile(regex_t *compiled, const char *pattern, struct error *error);
// The same without keeping it.
int pattern_check(const char *pattern, struct error *error);
