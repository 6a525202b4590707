// SPDX-License-Identifier: Apache-2.0
// Reading the index of net/http/pprof, Go 1.5 to 1.27:
//	<tr><td>12</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>
//	<tr><td align=right>12<td><a href="goroutine?debug=1">goroutine</a>
#include "collector/fetch/profile_index.h"

#define COUNT_MAX ((uint64_t)1 << 53)

// The last number between a '>' and a '<' of a row's beginning.
static bool last_number(struct str row, uint64_t *count)
{
	bool found = false;

	while (row.len > 0) {
		struct str text;

		(void)str_cut(&row, '>');
		text = row;
		text.len = str_find_byte(row, '<');
		if (str_to_u64(str_trim(text), COUNT_MAX, count))
			found = true;
	}
	return found;
}

// "goroutine?debug=1" after the quote, not "goroutineleak?debug=1"
static bool names_profile(struct str href, struct str profile)
{
	return str_starts(href, profile) && href.len > profile.len && href.data[profile.len] == '?';
}

bool profile_index_count(struct str page, struct str profile, uint64_t *count)
{
	struct str row = page;
	uint64_t number;

	for (;;) {
		size_t at = str_find(page, STR("href="));

		if (at == page.len)
			return false;
		row.len = (size_t)(page.data + at - row.data);
		page = str_skip(page, at + sizeof("href=") - 1);
		if (names_profile(str_skip(page, 1), profile) && last_number(row, &number)) {
			*count = number;
			return true;
		}
		row = page;
	}
}
