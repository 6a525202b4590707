// SPDX-License-Identifier: Apache-2.0
// gzip as a stream, both ways.
//
//	struct gzip *gzip = gzip_new(GZIP_PACK, 0, sink);	// or GZIP_UNPACK with a maximum
//	r = gzip_feed(gzip, data, len, error);			// pieces of any size
//	r = gzip_finish(gzip, error);
//	gzip_free(&gzip);
#pragma once

#include "base/str.h"
#include "collector/form/sink.h"

enum gzip_way {
	GZIP_PACK, // one member without name or time: the same input gives the same bytes
	GZIP_UNPACK, // one or more members
};

struct gzip;

// `max` bounds what goes to the sink; 0 is no limit. NULL: no memory.
struct gzip *gzip_new(enum gzip_way way, uint64_t max, struct sink sink);
// -EBADMSG: no gzip, or damaged (what came before has reached the sink); -EFBIG at the maximum.
int gzip_feed(struct gzip *gzip, const void *data, size_t len, struct error *error);
int gzip_finish(struct gzip *gzip, struct error *error); // -EBADMSG when it ends in the middle
void gzip_free(struct gzip **gzip);

bool gzip_begins(struct str head); // looks like gzip
