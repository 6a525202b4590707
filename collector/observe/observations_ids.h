// SPDX-License-Identifier: Apache-2.0
// Lists of goroutine IDs: as text in observations.jsonl ("17,1041+2,5" is 17, 1058, 1059, 1060,
// 1065), and packed in memory as differences.
#pragma once

#include "base/buf.h"

// Ascending, unique IDs as text.
void ids_format(const uint64_t *ids, size_t count, struct buf *out);

// An array of IDs that grows. Zero it to begin.
struct id_list {
	uint64_t *ids;
	size_t count, capacity;
};

// Appends nothing and returns -EINVAL when the text is no such list, not ascending, or longer than
// `max` IDs; -ENOMEM.
int ids_parse(struct str text, size_t max, struct id_list *list);
int id_list_add(struct id_list *list, uint64_t id);
void id_list_release(struct id_list *list);

// Numbers of which neighbours are often equal, as text: runs, separated by commas, each the
// difference to the number before and how often: "7*3,-2,1*2" is 7, 7, 7, 5, 6, 6.
void runs_format(const uint64_t *numbers, size_t count, struct buf *out);
// -EINVAL unless the text is such a list of exactly `count` numbers below 2^53.
int runs_parse(struct str text, uint64_t *numbers, size_t count);

// Packed: LEB128 differences.
void ids_pack(const uint64_t *ids, size_t count, struct buf *packed);
int ids_unpack(struct str packed, struct id_list *list); // 0, -ENOMEM

// What is in b and not in a, both ascending; appended to `list`.
int ids_missing(const struct id_list *a, const struct id_list *b, struct id_list *list);
