// SPDX-License-Identifier: Apache-2.0
// A postmortem to fill in, as Markdown: impact, timeline, site, evidence, cause, fix, before and
// after. What was measured is written down; what only people know is left as a question.
#pragma once

#include "base/error.h"
#include "collector/tell/tell.h"

// Where sources are read in a browser.
struct source_links {
	const char *url; // "https://host/{file}#L{line}"; NULL: no links
	const char
		*root; // leading part of the paths that is left out of {file}; NULL: only its '/'
};

void postmortem_write(struct buf *out, const struct tell *tell, const struct source_links *links);
// Whether it is http or https and holds {file}.
int source_url_check(const char *source_url, struct error *error);
