// SPDX-License-Identifier: Apache-2.0
// The line that tells a waiting person where a collection stands.
#pragma once

#include "base/buf.h"
#include "collector/collection/collection.h"

// "snapshot 3 of 12 · localhost:6060 · 1,234 goroutines (+56) · 35 s left", or for many targets
// "snapshots 96 of 600 · 200 targets, 3 failing · 12 s left". One line, no newline, at most about
// 120 characters; names are escaped for a terminal.
void progress_write(struct buf *out, const struct collection *collection, double now_ms);
