// SPDX-License-Identifier: Apache-2.0
// What log systems put around the lines of a dump, taken off again.
//
// Two kinds, also one inside the other:
//  - a prefix on every line: times, hosts, units, streams, levels, containers. It is learned from
//    the header of a goroutine ("... stderr F goroutine 1 [running]:"): what stands before it is
//    the prefix, in which times may differ from line to line. Lines without it belong to others.
//    Does the line behind a header have no prefix, the text before it was only glued to it.
//  - quoted text in JSON or logfmt: a line per message ({"log":"...\n"}, go test's "Output") or a
//    whole dump in one string. The string that holds a header tells under which key to go on.
//
// Only a line at a time is held, also of a message that is longer than LIMIT_LINE.
#pragma once

#include "base/buf.h"
#include "base/limits.h"

// Where the lines go, free of what was around them. Each returns 0 or a negative errno.
struct unwrap_sink {
	void *context;
	int (*line)(void *context, struct str line);
	int (*long_line)(void *context); // one above LIMIT_LINE
	int (*end)(void *context); // a message of several lines ended: what it held ends as well
};

#define UNWRAP_PREFIX_MAX 256
#define UNWRAP_KEY_MAX 32
#define UNWRAP_DEPTH_COUNT 2 // quoted text inside of quoted text

struct unwrap_quoted {
	enum { QUOTED_OUTSIDE, QUOTED_INSIDE, QUOTED_ESCAPE } state;
	struct str key; // in `last`
	char last[UNWRAP_KEY_MAX]; // the last word or string, which may be a key
	size_t last_len;
	bool is_value;
	bool long_line; // the line in `text` is longer than what is held
	uint32_t lines; // of this value
	char escape[12]; // behind the backslash
	size_t escape_len, escape_want;
	struct buf text; // the line being decoded
};

struct unwrap {
	struct unwrap_sink sink;
	char prefix[UNWRAP_PREFIX_MAX];
	size_t prefix_len; // 0: none
	bool confirmed; // a second line had it
	char key[UNWRAP_KEY_MAX];
	size_t key_len; // 0: no quoted text
	struct unwrap_quoted quoted[UNWRAP_DEPTH_COUNT];
	struct buf held; // a line that goes on in the next message with the same key
	int64_t wall_ms; // of the physical line that was read last, -1: it says none
	bool long_quoted; // a long line is being read as quoted text
};

void unwrap_start(struct unwrap *unwrap, struct unwrap_sink sink);
void unwrap_release(struct unwrap *unwrap);
// A physical line.
int unwrap_line(struct unwrap *unwrap, struct str line);
// A line longer than LIMIT_LINE, in pieces: its first LIMIT_LINE bytes, then the rest.
int unwrap_long_begin(struct unwrap *unwrap, struct str head);
int unwrap_long_more(struct unwrap *unwrap, struct str more);
// The end of the input: gives out what is held.
int unwrap_end(struct unwrap *unwrap);

// Whether lines now come through as they are: no prefix, no quoted text.
bool unwrap_is_plain(const struct unwrap *unwrap);

// Whether `line` begins with the prefix, times aside; `content` is what follows.
bool unwrap_prefix_match(struct str prefix, struct str line, struct str *content);
