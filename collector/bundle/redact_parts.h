// SPDX-License-Identifier: Apache-2.0
// Parts of redaction that the filter puts together: one line, one list of labels, one profile.
#pragma once

#include "collector/bundle/redact.h"

#define REDACTED "<redacted>"

// What stands between '{' and '}', both taken: pairs of key and value, quoted or bare, with ':' or
// '=' between them. `text` begins at the '{'; what was understood is taken off it and written,
// values of matching keys replaced. Where the list is damaged its rest, up to the end of `text`,
// is replaced: better too much than a secret.
void redact_label_list(const struct redact *redact, struct str *text, struct buf *out,
	struct redact_counts *counts);

// "main.f(0xc000, {0x1, 0x2})" to "main.f(...)"; `whole` is false for a line that ends in the
// middle. The line without its line feed.
void redact_arguments(struct str line, bool whole, struct buf *out, struct redact_counts *counts);

// A whole, uncompressed profile.proto. Returns 0 when nothing in it had to go (then nothing is
// written), 1 when `out` has the new message, -EBADMSG when it is none, -ENOMEM.
int redact_profile(const struct redact *redact, struct str message, struct buf *out,
	struct redact_counts *counts);
