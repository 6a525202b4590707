// SPDX-License-Identifier: Apache-2.0
// Numbers with intervals.
#include "model/estimate.h"

#include <stdarg.h>
#include <stdio.h>

struct estimate estimate_none(const char *format, ...)
{
	struct estimate estimate = {
		.value = NAN, .low = NAN, .high = NAN, .from_ms = NAN, .to_ms = NAN};
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(estimate.why, sizeof(estimate.why), format, arguments);
	va_end(arguments);
	return estimate;
}

struct estimate estimate_of(
	double value, double low, double high, double level, const char *method, uint32_t n)
{
	return (struct estimate){.value = value,
		.low = low,
		.high = high,
		.level = level,
		.method = method,
		.n = n,
		.from_ms = NAN,
		.to_ms = NAN};
}
