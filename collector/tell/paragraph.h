// SPDX-License-Identifier: Apache-2.0
// Lines of text for a terminal: a label, then words wrapped under one another. Counts its lines.
#pragma once

#include "base/buf.h"

enum ink { INK_PLAIN, INK_BOLD, INK_SOFT, INK_GOOD, INK_WARNING, INK_BAD };

struct paragraph {
	struct buf *out;
	uint32_t columns;
	bool colour;
	uint32_t lines; // written so far
};

// Text in a colour, when colours are on. The text is escaped.
void paragraph_ink(struct paragraph *paragraph, enum ink ink, struct str text);
// "label  text": the label padded to `indent`, the text escaped and wrapped, further lines indented
// as far. A word that is longer than a line is shortened in its middle. Nothing when text is empty.
void paragraph_write(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str text);
// Likewise with `lead` before the text, in `ink`; the text is plain.
void paragraph_lead(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str lead, struct str text);
// paragraph_write on one line: what does not fit is cut at the last "; " or ", " before the edge,
// else in the middle.
void paragraph_line(struct paragraph *paragraph, const char *label, uint32_t indent, enum ink ink,
	struct str text);
void paragraph_end(struct paragraph *paragraph); // a line feed
// Characters that escaped text takes.
uint32_t text_columns(struct str text);
