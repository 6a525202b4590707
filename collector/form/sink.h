// SPDX-License-Identifier: Apache-2.0
// Where bytes go: what produces them does not know what takes them.
#pragma once

#include "base/error.h"

#include <stddef.h>

struct sink {
	// 0 or a negative errno, which is passed on.
	int (*write)(void *context, const void *data, size_t len, struct error *error);
	void *context;
};
