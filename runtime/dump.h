// SPDX-License-Identifier: Apache-2.0
// Goroutine text: debug=2, runtime.Stack, SIGQUIT, panics, fatal errors, crash dumps, also inside
// logs, Go 1.13 to 1.27.
//
//	struct dump_reader *reader = dump_reader_new(stacks, SOURCE_DEBUG2);
//	while (more)
//		r = dump_reader_feed(reader, data, len);	// pieces of any size
//	r = dump_reader_finish(reader, &list);			// the snapshots, in order
//	dump_reader_free(&reader);
//
// The result does not depend on where the input was cut into pieces. What is held grows with the
// number of different traces plus sizeof(struct goroutine) per goroutine, never with the input.
// SOURCE_DEBUG2: the body of goroutine?debug=2; text around records is damage. SOURCE_LOG: any text
// with dumps in it; prefixes of log systems and JSON-wrapped lines are taken off
// (runtime/unwrap.h).
#pragma once

#include "runtime/snapshot.h"

struct dump_reader;

struct dump_reader *dump_reader_new(struct stacks *stacks, enum source source); // NULL: no memory
// 0, -ENOMEM, or -EFBIG at a limit (what was read until then is kept and marked cut).
int dump_reader_feed(struct dump_reader *reader, const void *data, size_t len);
// Ends the input and hands over the snapshots; `list` must be empty. A list without snapshots means
// that there was no dump in it.
int dump_reader_finish(struct dump_reader *reader, struct snapshot_list *list);
void dump_reader_free(struct dump_reader **reader);

// For tests: read every record line by line, without comparing it with those already read. The
// result is the same.
void dump_reader_use_fast(struct dump_reader *reader, bool use);
