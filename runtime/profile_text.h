// SPDX-License-Identifier: Apache-2.0
// Profiles as text (debug=1): goroutine, goroutineleak, threadcreate, heap, block, mutex.
//
//	struct profile_text_reader *reader = profile_text_reader_new(stacks);
//	while (more)
//		r = profile_text_reader_feed(reader, data, len);	// pieces of any size
//	r = profile_text_reader_finish(reader, &list);
//	profile_text_reader_free(&reader);
//
// One snapshot per profile header, one sample per row, in the order of the rows; text before the
// first header and after a complete profile is passed over. What the forms do not say alike:
//  - heap rows are scaled from the sample to the whole by the rate in the header, as profile.proto
//    has them already; `total` stays as printed. "allocs" prints the same text as "heap": who asked
//    for it sets snapshot->profile.
//  - delays are nanoseconds; without cycles/second they stay cycles, and snapshot->cycles_per_s is
//    zero.
//  - the text hides the runtime's own frames, so the state is told by the innermost visible one
//    (sync.runtime_SemacquireMutex, time.Sleep, internal/poll.runtime_pollWait, ...) and is
//    STATE_UNKNOWN where that is the program's own: a channel operation looks like any other line.
//  - addresses without a name leave no frame.
// A contention profile of a program in C++ is read as PROFILE_OTHER.
#pragma once

#include "runtime/snapshot.h"

struct profile_text_reader;

struct profile_text_reader *profile_text_reader_new(struct stacks *stacks); // NULL: no memory
// 0, -ENOMEM, or -EFBIG at a limit (what was read until then is kept and marked cut).
int profile_text_reader_feed(struct profile_text_reader *reader, const void *data, size_t len);
// Ends the input and hands over the snapshots; `list` must be empty. A list without snapshots means
// that there was no profile in it. When a feed failed otherwise than at a limit: that failure.
int profile_text_reader_finish(struct profile_text_reader *reader, struct snapshot_list *list);
void profile_text_reader_free(struct profile_text_reader **reader);
