// SPDX-License-Identifier: Apache-2.0
// Two clocks: the monotonic one for deadlines and differences, the wall clock for people.
#pragma once

#include "base/str.h"

#define CLOCK_TEXT_MAX 32

double clock_mono_ms(void); // milliseconds since some fixed point
int64_t clock_wall_ms(void); // milliseconds since 1970-01-01 UTC

// "2026-11-21T03:15:51.123Z"
void clock_format(int64_t wall_ms, char out[static CLOCK_TEXT_MAX]);
// "20261121T031551Z", for names of files
void clock_format_compact(int64_t wall_ms, char out[static CLOCK_TEXT_MAX]);
// RFC 3339 with Z or an offset, 0 to 9 decimals; false when it is none.
bool clock_parse(struct str text, int64_t *wall_ms);

// "10s", "1h30m", "250ms", "7d"; false when malformed, negative or above 10 years.
bool duration_parse(struct str text, double *seconds);
// "8.4 s", "17 min", "2 h 05 min", "3.1 d": for people, three significant digits at most.
void duration_format(double seconds, char out[static CLOCK_TEXT_MAX]);
// "64Mi", "1Gi", "512k", "4096"; false when malformed or above 2^53.
bool size_parse(struct str text, uint64_t *bytes);
#define COUNT_TEXT_MAX 64
// "17,800 goroutines", "1 goroutine"; `noun` may be "": "17,800". Rounded to whole numbers.
void count_format(double count, const char *noun, char out[static COUNT_TEXT_MAX]);
// "64 MiB", "1.5 GiB", "312 B"
void size_format(uint64_t bytes, char out[static CLOCK_TEXT_MAX]);
