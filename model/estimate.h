// SPDX-License-Identifier: Apache-2.0
// A number with its interval and where it came from, or the reason why there is none.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct estimate {
	double value; // NAN: none, see why
	double low, high; // of the interval at `level`; either may be INFINITY
	double level; // 0.95
	const char *method; // static text: "survivors", "least squares on requests"
	uint32_t n; // observations behind it
	double from_ms, to_ms; // wall clock window; NAN when it has none
	char why[160]; // when value is NAN: "QPS has fallen by 4 %: alpha not identified"
};

// No value, for a reason. `format` as printf.
struct estimate estimate_none(const char *format, ...) __attribute__((format(printf, 1, 2)));
struct estimate estimate_of(
	double value, double low, double high, double level, const char *method, uint32_t n);
static inline bool estimate_known(const struct estimate *estimate)
{
	return !isnan(estimate->value);
}
