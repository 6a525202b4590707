// SPDX-License-Identifier: Apache-2.0
// Backslash escapes in quoted text, as Go and JSON write them.
#pragma once

#include "base/buf.h"

// A code point as UTF-8; what is none (surrogates, above U+10FFFF) becomes U+FFFD.
void quoted_add_rune(struct buf *out, uint32_t code);

// Take one escape off `text`, which begins behind the backslash, and add what it stands for: \n \t
// \r \b \f \a \v \\ \" \' \/ \xHH (a code point below 256) \uHHHH (also a pair of surrogates)
// \UHHHHHHHH. False when it is none of these; then nothing is taken.
bool quoted_escape(struct str *text, struct buf *out);
// How many bytes an escape of this kind takes behind the backslash; 0 when there is none.
size_t quoted_escape_length(char kind);
