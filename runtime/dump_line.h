// SPDX-License-Identifier: Apache-2.0
// The lines of goroutine text, one at a time: what each kind says. Pure functions; views point into
// the line. The grammar is that of runtime/traceback.go, Go 1.13 to 1.27, and what older ones
// print.
#pragma once

#include "base/buf.h"
#include "runtime/stack.h"

struct dump_header {
	uint64_t id;
	uint64_t bubble;
	uint32_t minutes;
	uint16_t flags; // enum goroutine_flag
	struct str status; // without "(leaked)" and "(scan)"
	struct str labels; // what stands between '{' and '}', not decoded
};

// "goroutine 7 [chan send, 3 minutes]:", with everything that can stand in it. The line begins with
// it and holds nothing else.
bool dump_header_parse(struct str line, struct dump_header *header);
// The same behind other text on the line: `start` is where it begins.
bool dump_header_find(struct str line, size_t *start, struct dump_header *header);

// "main.f(0x1, ...)": false when there are no arguments.
bool dump_function_parse(struct str line, struct str *function);
// Whether a name can be one of Go's: no blanks outside of type arguments.
bool dump_function_is_plausible(struct str function);

struct dump_position {
	struct str file; // empty when only the program counter is said
	uint32_t line, offset;
	bool pc_only; // "pc=0x..." behind it: a frame of C
};

// "\t/path/file.go:12 +0x1d fp=0x... sp=0x... pc=0x...", also with blanks for the tab.
bool dump_position_parse(struct str line, struct dump_position *position);

// "created by main.f in goroutine 7"; parent is 0 when not said.
bool dump_creator_parse(struct str line, struct str *function, uint64_t *parent);
// "...additional frames elided..." (UINT32_MAX) and "...23 frames elided...".
bool dump_elided_parse(struct str line, uint32_t *elided);
// "[originating from goroutine 7]:"
bool dump_ancestor_parse(struct str line, uint64_t *id);
bool dump_is_unavailable(struct str line);
// What the unwinder prints between frames when it finds something odd, hexadecimal dumps included.
bool dump_is_diagnostic(struct str line);

// The labels of a header, decoded; at most `max` of them, more are left out. The decoded text is in
// `text`, which is cleared first. False when they are malformed; buf_failed(text) says whether
// there was no memory.
bool dump_labels_parse(
	struct str encoded, struct label *labels, uint32_t max, uint32_t *count, struct buf *text);
