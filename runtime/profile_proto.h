// SPDX-License-Identifier: Apache-2.0
// Profiles as profile.proto (debug=0), gzip or plain.
//
// The message needs its string table, which stands last, before anything can be read: the body is
// gathered (at most LIMIT_PROFILE_PROTO after decompression) and decoded at the end.
#pragma once

#include "runtime/snapshot.h"

struct profile_proto_reader;

struct profile_proto_reader *profile_proto_reader_new(struct stacks *stacks);
int profile_proto_reader_feed(struct profile_proto_reader *reader, const void *data, size_t len);
// `error` says what is wrong with a body that is no profile (-EBADMSG).
int profile_proto_reader_finish(struct profile_proto_reader *reader, struct snapshot_list *list,
	struct error *error);
void profile_proto_reader_free(struct profile_proto_reader **reader);
