// SPDX-License-Identifier: Apache-2.0
// Goroutine text: whatever the input, reading it line by line in one piece and reading it with the
// fast way in pieces of any size give the same.
//
// The first byte chooses the source ('l': a log, else debug=2), the second the size of the pieces.
#include "tests/dump_summary.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static struct buf read_it(struct str text, enum source source, size_t piece, bool vary, bool fast)
{
	struct buf out = BUF_INIT(MIB(256));

	if (read_and_summarize(text, source, piece, vary, fast, true, &out) < 0)
		abort();
	return out;
}

static void compare(const struct buf *expected, struct buf found, const char *how)
{
	if (!str_equal(buf_str(expected), buf_str(&found))) {
		fprintf(stderr, "line by line:\n%s\n%s:\n%s\n", buf_text(expected), how,
			buf_text(&found));
		abort();
	}
	buf_release(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {.data = (const char *)data + 2, .len = size - 2};
	enum source source;
	struct buf exact;

	if (size < 2)
		return 0;
	source = data[0] == 'l' ? SOURCE_LOG : SOURCE_DEBUG2;
	exact = read_it(text, source, text.len + 1, false, false);
	compare(&exact, read_it(text, source, 1 + data[1], data[0] & 1, true), "in pieces");
	compare(&exact, read_it(text, source, text.len + 1, false, true), "in one piece");
	buf_release(&exact);
	return 0;
}
