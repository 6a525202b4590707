// SPDX-License-Identifier: Apache-2.0
// Edit distance between short names (insert, delete, replace, swap of neighbours).
#include "collector/settings/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

// Optimal string alignment over three rows.
static unsigned distance(struct str a, struct str b)
{
	unsigned rows[3][NEAREST_NAME_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.len; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3];
		const unsigned *before = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b.len; j++) {
			unsigned differs = a.data[i - 1] != b.data[j - 1];

			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
				a.data[i - 2] == b.data[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return rows[a.len % 3][b.len];
}

void nearest_try(struct nearest *nearest, struct str candidate)
{
	unsigned edits;
	size_t allowed = candidate.len < 6 ? candidate.len / 2 : candidate.len / 3 + 1;

	if (nearest->wanted.len == 0 || nearest->wanted.len > NEAREST_NAME_MAX ||
		candidate.len == 0 || candidate.len > NEAREST_NAME_MAX)
		return;
	edits = distance(nearest->wanted, candidate);
	// A beginning, such as "snap" for "snapshots", is what was meant as well.
	if (nearest->wanted.len >= 3 && str_starts(candidate, nearest->wanted) && edits > 1)
		edits = 1;
	if (edits > allowed || (nearest->best[0] && edits >= nearest->distance))
		return;
	memcpy(nearest->best, candidate.data, candidate.len);
	nearest->best[candidate.len] = '\0';
	nearest->distance = edits;
}
