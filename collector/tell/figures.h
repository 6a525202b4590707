// SPDX-License-Identifier: Apache-2.0
// How figures are said to people: counts, rates with their intervals, durations, times, places. One
// wording for the terminal, the HTML page and the postmortem. All append to `out`.
#pragma once

#include "base/buf.h"
#include "model/finding.h"

// The text of `part`, which was put together on the side; its failure becomes that of `out`.
struct str part_str(struct buf *out, const struct buf *part);

void figure_count(struct buf *out, double count); // "18,321"; "-" when NAN
void figure_number(struct buf *out, double value); // three digits: "4.9", "0.041", "1.2e-6"
void figure_share(struct buf *out, double share); // "4.2 %"
void figure_duration(struct buf *out, double seconds); // "17 min"; "never" when INFINITY
void figure_time(struct buf *out, int64_t wall_ms); // "2026-11-21 03:15:51 UTC"; "-" below 0
void figure_bytes(struct buf *out, double bytes); // "512 MiB"

// "4.9 /s (4.7 to 5.1)", digits as the interval allows; the reason in words when there is none.
// `unit` follows the value with a space, and may be "".
void figure_estimate(struct buf *out, const struct estimate *estimate, const char *unit);
// Likewise for seconds: "17 min (13 min to 23 min)", "never".
void figure_estimate_duration(struct buf *out, const struct estimate *estimate);
// "512 to 18,321", "90 to 156 MiB", "0.3 to 12 waiting": a sign's line from end to end.
void figure_sign(struct buf *out, enum sign_kind kind, const struct sign *sign);
// "memory limit of 512 MiB", "10,000 goroutines"
void figure_limit(struct buf *out, const struct limit_forecast *forecast);

// Places. A function without the folders of its package's path ("gateway.(*Conn).serve"), a file
// with its last folder only ("gateway/fanout.go"). Views into the argument.
struct str figure_function(struct str function);
struct str figure_file(struct str file);

// "gateway.(*Gateway).fanout  gateway/fanout.go:88"
void figure_place(struct buf *out, const struct frame *frame);

// Where a finding is: its site, else its stack's; NULL when it is on totals alone.
const struct frame *figure_site(const struct finding *finding);
// The soonest forecast that has a time, NULL when no limit will be reached.
const struct limit_forecast *figure_soonest(const struct limit_forecast *forecast, uint32_t count);
// The name of the most frequent wait: "chan send"; empty when not told.
struct str figure_wait(const struct stacks *stacks, const struct wait_count *waits, uint32_t count);
