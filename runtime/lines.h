// SPDX-License-Identifier: Apache-2.0
// Lines out of input that comes in pieces of any size.
//
//	struct line line;
//	while ((r = lines_next(&lines, &input, &line)) > 0)
//		...
//	if (lines_last(&lines, &line))		// once, at the end of the input
//		...
//
// A line that lies whole in a piece is given without a copy; only a line cut by the end of a piece
// is held. A line longer than LIMIT_LINE is given as its first LIMIT_LINE bytes, marked.
#pragma once

#include "base/buf.h"
#include "base/limits.h"

struct line {
	struct str text; // without LF or CR LF; valid until the next call
	uint64_t offset; // of its first byte in the input
	uint64_t number; // from 1
	bool too_long; // `text` is only its beginning
	bool unfinished; // the input ended without LF
};

struct lines {
	struct buf held; // the beginning of a line
	uint64_t offset; // of the next line or of what is held
	uint64_t dropped; // bytes of the held line that did not fit
	uint64_t number; // of the last line given
	bool consumed; // `held` was given out and is to be emptied
};

#define LINES_INIT ((struct lines){.held = BUF_INIT(LIMIT_LINE)})

// 1: `line` was taken off `input`; 0: `input` is used up; -ENOMEM.
int lines_next(struct lines *lines, struct str *input, struct line *line);
// What follows the last LF; false when there is nothing.
bool lines_last(struct lines *lines, struct line *line);
void lines_release(struct lines *lines);
