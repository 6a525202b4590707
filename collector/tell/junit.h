// SPDX-License-Identifier: Apache-2.0
// Test results as JUnit XML: what CI systems show.
#pragma once

#include "base/buf.h"

struct junit_case {
	struct str class_name;
	struct str name;
	bool failed;
	struct str message; // one line, when failed
	struct str text; // details, when failed
};

void junit_write(struct buf *out, const char *suite, const struct junit_case *cases, size_t count);
