// SPDX-License-Identifier: Apache-2.0
// A target: where one Go process answers, and what it is called.
//
// A target is named on the command line as `http[s]://HOST:PORT[/debug/pprof]`; `HOST:PORT` alone
// is short for http, `HOST` alone for port 6060. Pods and workloads (`pod/NAME`, `deploy/NAME`, -n,
// -l, -A) are reached through the Kubernetes API, which this build does not speak: target_parse
// says how to reach them instead.
#pragma once

#include "base/error.h"
#include "base/str.h"

#define TARGET_PORT "6060"
#define TARGET_PATH "/debug/pprof"

struct target {
	char *name; // "localhost:6060": in observations, findings and messages; no user information
	char *base; // "http://localhost:6060/debug/pprof", without a '/' at the end
	char *metrics; // "http://localhost:6060/metrics"
	bool metrics_asked; // given by the user: a failure is told; else it is only tried
	// The folder of the target in a bundle: targets/<namespace>/<pod>/<container>.
	char *namespace; // "_" for a fixed address: no Kubernetes name has one
	char *pod; // "localhost-6060" for a fixed address
	char *container; // "_" for a fixed address: no Kubernetes name has one
};

// Reads `text` into `target`, which target_release frees. `metrics` is the URL of the metrics, or
// NULL or "": /metrics at the same origin is tried. `name` is what it is called in reports, or NULL
// or "": host and port. -EINVAL says what is wrong and what to write instead;
// -ENOTSUP: a pod or workload.
int target_parse(struct target *target, const char *text, const char *metrics, const char *name,
	struct error *error);
void target_release(struct target *target);

// The same address, whatever it was written like.
bool target_same(const struct target *a, const struct target *b);

// BASE/goroutine?debug=2 and the like; the caller frees it; NULL: no memory.
char *target_url(const struct target *target, const char *profile, const char *query);
