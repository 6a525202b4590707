// SPDX-License-Identifier: Apache-2.0
// The rules that make one signature out of what different sources print (docs/signatures.md).
// Pure functions over one frame or over the frames of a signature; runtime/stack.c interns.
#pragma once

#include "base/buf.h"
#include "base/digest.h"
#include "runtime/stack.h"

// Whether a frame counts: it has a name with a dot, and is not an unexported function of package
// runtime. `panic` stands for runtime.gopanic and does not count either.
bool signature_shows(struct str function);
// Where the type arguments stand: from the first '[' to the last ']', both included. False when
// there are none, or they are "[...]" already.
bool signature_type_arguments(struct str function, size_t *start, size_t *end);
// The declared function that a function literal, range body, method value or wrapper stands in, as
// its package with the dot and its name: "main." and "f" for "main.f.func1.2", "main.f-range1" and
// "main.f.gowrap1". Of a literal that was inlined elsewhere ("main.init.4.func1.f.func2") it is the
// function it was written in, as Go names it since 1.27.
void signature_declared(struct str function, struct str *package, struct str *name);
// After the last '/', or the last '\' of a Windows path ("C:\...").
struct str signature_file_name(struct str path);
// A goroutine with such a frame is collecting a profile.
bool signature_is_observer(struct str function);
// "X.gowrapN": the wrapper that a go statement with arguments starts.
bool signature_is_go_wrapper(struct str function);

// What one normalised frame adds to the text that is digested: function LF base name of file LF
// and, with lines, line LF; without, the declared function.
void signature_add(struct buf *text, const struct frame *frame, bool lines);
// The key of such a text, by a state that is used again. -EIO when it cannot be digested.
int signature_digest(struct sha256 *state, struct str text, uint64_t *key);
