// SPDX-License-Identifier: Apache-2.0
// One fuzz target: aborts when what it holds for every input does not hold for this one.
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
