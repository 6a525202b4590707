// SPDX-License-Identifier: Apache-2.0
// Order, places and sums of a bundle.
#include "collector/bundle/bundle_form.h"

#include "base/digest.h"

static const char *const first_paths[] = {
	"report.html", "report.txt", "findings.json", "observations.jsonl.gz"};

#define FIRST_COUNT (sizeof(first_paths) / sizeof(first_paths[0]))

static size_t rank(struct str path)
{
	for (size_t i = 0; i < FIRST_COUNT; i++)
		if (str_equal(path, str_of(first_paths[i])))
			return i;
	return str_equal(path, STR("errors.jsonl")) ? FIRST_COUNT + 1 : FIRST_COUNT;
}

int bundle_path_compare(struct str a, struct str b)
{
	size_t rank_a = rank(a), rank_b = rank(b);

	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	return str_compare(a, b);
}

static bool component_is_clean(struct str part)
{
	return part.len > 0 && !str_equal(part, STR(".")) && !str_equal(part, STR(".."));
}

bool bundle_path_is_clean(struct str path)
{
	if (str_equal(path, STR(MANIFEST_PATH)) || str_equal(path, STR(SUMS_PATH)))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] <= ' ' || path.data[i] > '~' || path.data[i] == '\\')
			return false;
	if (path.len == 0 || path.data[path.len - 1] == '/')
		return false;
	while (path.len > 0)
		if (!component_is_clean(str_cut(&path, '/')))
			return false;
	return true;
}

uint64_t bundle_place(struct artifact *artifacts, size_t count, uint64_t manifest_size)
{
	uint64_t at = TAR_BLOCK + tar_padded(manifest_size);

	for (size_t i = 0; i < count; i++) {
		artifacts[i].offset = at + TAR_BLOCK;
		at += TAR_BLOCK + tar_padded(artifacts[i].size);
	}
	return at;
}

int bundle_sums(const char *manifest_sha256, const struct artifact *artifacts, size_t count,
	struct buf *out)
{
	char own[SHA256_HEX + 1];
	int r;

	buf_printf(out, "%s  %s\n", manifest_sha256, MANIFEST_PATH);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s  %.*s\n", artifacts[i].sha256, STR_ARG(artifacts[i].path));
	if (buf_failed(out))
		return buf_failed(out);
	r = sha256_hex_of(buf_str(out), own);
	if (r < 0)
		return r;
	buf_printf(out, "# sha256 of the lines above: %s\n", own);
	return buf_failed(out);
}
