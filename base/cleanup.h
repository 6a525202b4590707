// SPDX-License-Identifier: Apache-2.0
// Scoped ownership: what a function holds goes away when it returns, unless it is handed over.
//
//	cleanup(buf_release) struct buf text = BUF_INIT(4096);
//	cleanup(close_fd) int fd = open(...);
//	cleanup(free_pointer) char *copy = strdup(...);
//	return steal(&copy);		// handed to the caller
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define cleanup(function) __attribute__((cleanup(function)))

// Take the pointer out of its variable, so that its cleanup finds NULL.
#define steal(pointer)                                                                             \
	({                                                                                         \
		__auto_type stolen_ = *(pointer);                                                  \
		*(pointer) = NULL;                                                                 \
		stolen_;                                                                           \
	})

static inline void free_pointer(void *variable)
{
	void **pointer = variable;

	free(*pointer);
	*pointer = NULL;
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
