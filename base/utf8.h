// SPDX-License-Identifier: Apache-2.0
// UTF-8 read strictly, and the characters that change how a line is shown without being seen.
#pragma once

#include "base/str.h"

// Take one character off `text` (not empty): its code point, or -1 and one byte taken when the
// bytes are no UTF-8 (overlong forms, surrogates and code points above U+10FFFF are none).
int32_t utf8_next(struct str *text);

// True for what must not reach a terminal or a log as it is: C0 and C1 controls, DEL, the line and
// paragraph separators, and the bidirectional controls that make text read otherwise than it runs.
bool utf8_is_hidden(int32_t code);
