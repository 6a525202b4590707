// SPDX-License-Identifier: Apache-2.0
// Profiles as profile.proto (debug=0), gzip or plain.
//
// The message needs its string table, which stands last, before anything can be read: the body is
// gathered (at most LIMIT_PROFILE_PROTO after decompression) and decoded at the end. One body is
// one snapshot, one sample per sample, in their order:
//  - what is counted: by the names of the sample types. goroutine, goroutineleak, threadcreate: the
//    number; heap: objects and bytes in use; allocs (default sample type alloc_space): objects and
//    bytes ever allocated; block and mutex: events and nanoseconds; of anything else
//    (PROFILE_OTHER) the first two values.
//  - block and mutex have the same types and are told apart by their leaf functions (mutex
//    profiles show the unlocking). An empty one is PROFILE_BLOCK: who asked for it sets
//    snapshot->profile.
//  - frames: inlined calls are unfolded; locations without a symbol leave no frame; offsets are 0.
//  - the state comes from the leaf frames, which belong to the runtime here.
//  - the depth limit of the profiler (32 to Go 1.22, then 128) is taken for reached where the
//    deepest stacks of the profile have just that many frames.
//  - numeric labels become text: "16", with a unit "16 bytes".
//  - wall_ms is the profile's own time. Damage has no place in the input: offset 0, and `line` is
//    the number of the sample, from 1.
#pragma once

#include "runtime/snapshot.h"

struct profile_proto_reader;

struct profile_proto_reader *profile_proto_reader_new(struct stacks *stacks); // NULL: no memory
// 0, -ENOMEM, -EFBIG over the limit, -EBADMSG when it does not decompress.
int profile_proto_reader_feed(struct profile_proto_reader *reader, const void *data, size_t len);
// Adds one snapshot to `list`, or says in `error` what is wrong: -EBADMSG a body that is no profile
// or ends too early, -EFBIG one that is too large. A full table of stacks is no error: what was
// read until then is kept and marked cut.
int profile_proto_reader_finish(
	struct profile_proto_reader *reader, struct snapshot_list *list, struct error *error);
void profile_proto_reader_free(struct profile_proto_reader **reader);
