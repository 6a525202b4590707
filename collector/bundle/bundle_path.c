// SPDX-License-Identifier: Apache-2.0
// Names that targets chose, as parts of paths.
#include "base/digest.h"
#include "collector/bundle/bundle.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MARK_LEN 9 // "~" and eight digits

static bool is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static bool is_dots(struct str name)
{
	return name.len == 0 || str_equal(name, STR(".")) || str_equal(name, STR(".."));
}

int bundle_path_component(struct str name, size_t max, char out[static BUNDLE_COMPONENT_MAX])
{
	bool changed = is_dots(name) || name.len > max;
	char digest[SHA256_HEX + 1];
	size_t len = 0;
	int r;

	assert(max > MARK_LEN && max < BUNDLE_COMPONENT_MAX);
	for (size_t i = 0; i < name.len && len < max; i++) {
		out[len++] = is_plain(name.data[i]) ? name.data[i] : '_';
		changed = changed || !is_plain(name.data[i]);
	}
	out[len] = '\0';
	if (!changed)
		return 0;
	r = sha256_hex_of(name, digest);
	if (r < 0)
		return r;
	if (len > max - MARK_LEN)
		len = max - MARK_LEN;
	(void)snprintf(out + len, MARK_LEN + 1, "~%.8s", digest);
	return 0;
}
