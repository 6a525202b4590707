// SPDX-License-Identifier: Apache-2.0
// One whole, uncompressed profile.proto message to a snapshot (runtime/profile_proto.h says what
// becomes what). Nothing in the message is trusted: every index is looked up within bounds, and the
// memory that decoding takes is capped, since a message of two bytes can decode to a hundred.
#pragma once

#include "runtime/snapshot.h"

// -EBADMSG: no profile; -EFBIG: decoding would need more than LIMIT_PROFILE_MESSAGE; -ENOMEM.
int profile_message_read(struct str message, struct stacks *stacks, struct snapshot **ret_snapshot,
	struct error *error);
