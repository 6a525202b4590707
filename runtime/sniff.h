// SPDX-License-Identifier: Apache-2.0
// What some bytes look like, from their beginning: which reader to take, or what to tell a person
// who got a login page instead of a dump.
#pragma once

#include "base/str.h"

enum looks {
	LOOKS_DUMP, // goroutine text from its first line
	LOOKS_LOG, // text that may hold dumps, prefixed or JSON-wrapped or not
	LOOKS_PROFILE_TEXT,
	LOOKS_PROFILE_PROTO,
	LOOKS_GZIP, // decompress and look again
	LOOKS_TAR, // a bundle
	LOOKS_OBSERVATIONS,
	LOOKS_FINDINGS, // findings.json
	LOOKS_METRICS,
	LOOKS_EMPTY,
	LOOKS_HTML, // also a login page
	LOOKS_JSON, // an error object or anything else
	LOOKS_UTF16,
	LOOKS_JAVA, // a Java thread dump
	LOOKS_PYTHON, // a Python traceback or thread dump
	LOOKS_PPROF_REPORT, // text of `go tool pprof -top`
	LOOKS_BINARY,
};

#define SNIFF_BYTES 4096 // enough to decide

enum looks sniff(struct str head);
// "an HTML page (a login form?)", for messages.
const char *looks_name(enum looks looks);
