// SPDX-License-Identifier: Apache-2.0
// Which life of a target was seen: pods restart between two fetches, and two processes can answer
// behind one address. Counters, IDs and contention of different lives must never be compared.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIVES_MAX 16

struct life {
	uint32_t number; // from 1
	double start_s; // Unix time; NAN
	double cpu_s; // NAN
	double gomaxprocs; // 0: not known
	uint64_t max_id; // 0: not known
	double contention; // sum of all events of its block and mutex profiles; NAN
	double seen_s; // Unix time at which it answered last; 0: not known
};

struct lives {
	struct life known[LIVES_MAX]; // the oldest gives way
	uint32_t count;
	uint32_t last_number;
	uint32_t current; // index in known
};

// What one round says about who answered. Unknown: NAN and 0.
struct life_signs {
	double start_s, cpu_s, gomaxprocs;
	uint64_t max_id;
	double contention;
	double now_s; // Unix time of the answer; 0: not known
};

struct life_verdict {
	uint32_t number;
	bool is_new;
	bool metrics_stale; // the metrics are an earlier life's: it ended after they were fetched
	bool contention_stale; // block and mutex are a later life's
};

// Tells which life answered, and remembers its signs. A process is a new one when its start moved
// into the time since the last answer, or moved while its CPU time or IDs began again (a step of
// the clock alone is none); or, without a known start, when its IDs or its contention began again.
struct life_verdict lives_identify(struct lives *lives, const struct life_signs *signs);
