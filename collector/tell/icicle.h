// SPDX-License-Identifier: Apache-2.0
// All goroutines as an icicle: the outermost function on top, what it called below, as wide as the
// goroutines in it. Inline SVG of bounded size; names are tooltips as well.
#pragma once

#include "base/buf.h"
#include "runtime/stack.h"

#define ICICLE_STACKS_MAX 400 // add the largest; then call icicle_add_rest

struct icicle;

struct icicle *icicle_new(void); // NULL: no memory
void icicle_free(struct icicle **icicle);

// `leaking`: an open finding holds this stack. The stack must outlive the icicle. 0 or -ENOMEM.
int icicle_add(struct icicle *icicle, const struct stack *stack, uint64_t count, bool leaking);
void icicle_add_rest(struct icicle *icicle, uint64_t stacks, uint64_t count);

// `id` is unique in the page.
void icicle_write(struct buf *out, struct icicle *icicle, const char *id);
