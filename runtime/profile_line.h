// SPDX-License-Identifier: Apache-2.0
// The lines that profiles in text form (debug=1) are made of. Pure functions over one line; what
// belongs together is the reader's business (runtime/profile_text.c).
#pragma once

#include "base/buf.h"
#include "runtime/snapshot.h"

enum row_form {
	ROW_COUNT, // "3 @ 0x4375f6 0x40619b"
	ROW_CONTENTION, // "11052 2 @ 0x4375f6": cycles, events
	ROW_HEAP, // "1: 2048 [3: 4096] @ 0x4375f6": in use and ever, objects and bytes
};

struct profile_header {
	enum profile profile;
	enum row_form form;
	bool has_total;
	uint64_t total; // goroutines, threads; objects in use
	int64_t heap_rate; // bytes allocated per sample, on average; 0 when not said
};

// "goroutine profile: total 8", "heap profile: 3: 4096 [10: 8192] @ heap/1048576",
// "--- contention:", "--- mutex:".
bool profile_header_parse(struct str line, struct profile_header *header);

struct profile_row {
	int64_t count;
	int64_t value; // cycles, bytes in use; 0 with ROW_COUNT
	uint32_t address_count;
	uint64_t last_address, second_last_address; // 0 without any
};
bool profile_row_parse(struct str line, enum row_form form, struct profile_row *row);

struct profile_frame {
	struct frame frame; // views into the line; function.len == 0: the address has no name
	uint64_t address;
};
// "#\t0x4b5289\tmain.(*G[...]).wait+0x29\tmain.go:5", any run of tabs or spaces between columns.
// NULL, or what is wrong with it.
const char *profile_frame_parse(struct str line, struct profile_frame *frame);

// Take one Go string literal in double quotes off `text` and append what it means to `out`.
bool profile_quoted_take(struct str *text, struct buf *out);
