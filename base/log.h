// SPDX-License-Identifier: Apache-2.0
// One line per event on standard error, as logfmt or JSON. Only collector/ logs; the other rooms
// return errors. Values are escaped for the sink: control characters never reach a terminal.
//
//	log_event(LOG_WARN, "fetch failed", "target", "shop/gateway", "error", error.text, NULL);
#pragma once

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_configure(enum log_level least, bool json);
// Pairs of key and value (both `const char *`), closed by NULL.
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));
