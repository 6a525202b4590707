// SPDX-License-Identifier: Apache-2.0
// Profiles as text (debug=1): goroutine, goroutineleak, threadcreate, heap, block, mutex.
//
// Same calling sequence as runtime/dump.h; one snapshot per profile header.
#pragma once

#include "runtime/snapshot.h"

struct profile_text_reader;

struct profile_text_reader *profile_text_reader_new(struct stacks *stacks);
int profile_text_reader_feed(struct profile_text_reader *reader, const void *data, size_t len);
int profile_text_reader_finish(struct profile_text_reader *reader, struct snapshot_list *list);
void profile_text_reader_free(struct profile_text_reader **reader);
