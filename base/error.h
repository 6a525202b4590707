// SPDX-License-Identifier: Apache-2.0
// What went wrong, in words a person can act on.
//
// Every function that can fail for a reason worth telling takes a `struct error *` last. It is
// filled where the knowledge is (what was tried, on what, what happened, what to do), given context
// on the way up, and untouched on success. It owns no memory and never fails itself.
//
//	static int load(const char *path, struct error *error)
//	{
//		...
//		if (fd < 0)
//			return error_set(error, -errno, "open %s: %s", path, strerror(errno));
//
//	r = load(path, error);
//	if (r < 0)
//		return error_wrap(error, "read the settings");
//
// Results: 0 is success; a negative errno is passed on unchanged; a positive value is a documented
// condition that the direct caller handles and never passes on.
#pragma once

#define ERROR_TEXT_MAX 480

struct error {
	int code; // negative errno; 0 while nothing is wrong
	char text[ERROR_TEXT_MAX]; // one line, no newline; cut with "..." when too long
};

// Fill `error` (which may be NULL) and return `code`, which must be negative.
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Put "context: " before the text; returns the code that is in `error` (-EIO when NULL or empty).
int error_wrap(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The usual words for a failed allocation; returns -ENOMEM.
int error_no_memory(struct error *error, const char *what);
