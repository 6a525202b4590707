// SPDX-License-Identifier: Apache-2.0
// What was read, as the tellers want it.
#pragma once

#include "collector/input/input.h"
#include "collector/tell/tell.h"

// Judges and fills both. `tell` points into the report and the input; report_release() it in any
// case.
int input_tell(struct input *input, struct report *report, struct tell *tell, struct error *error);
