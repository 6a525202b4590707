// SPDX-License-Identifier: Apache-2.0
// What a finding says in words: where to look, what it usually is, what to do, what is missing.
#pragma once

#include "model/assess.h"

// Whether the stack has a frame of a package that is not the standard library's.
bool has_own_code(const struct stack *stack);
// Fills site, cause, because, advice and missing. 0 or -ENOMEM.
int finding_fill_text(
	const struct assessment *assessment, struct arena *arena, struct finding *finding);
