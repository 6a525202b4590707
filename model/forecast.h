// SPDX-License-Identifier: Apache-2.0
// How long until a limit is reached, in seconds and in requests, with what "never" means said.
#pragma once

#include "model/estimate.h"
#include "model/series.h"

// Bytes of resident memory per goroutine, by Theil-Sen of RSS on G over a life.
struct estimate bytes_per_goroutine(const struct series *series, uint32_t life);

// Until `room` (with its interval) is filled at `rate` per second or per request. A rate whose
// interval reaches zero gives INFINITY as the high end; a rate of zero or less is never.
struct estimate until_filled(struct estimate room, const struct estimate *rate, const char *method);
