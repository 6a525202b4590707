// SPDX-License-Identifier: Apache-2.0
// Which parkwatch this is.
#pragma once

#define BUILD_ID_MAX 65

const char *parkwatch_version(void); // "0.1.0"
// The linker's build ID as hex digits; "" when the program has none.
void parkwatch_build_id(char out[static BUILD_ID_MAX]);
