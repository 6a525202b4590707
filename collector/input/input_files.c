// SPDX-License-Identifier: Apache-2.0
// Which files an input consists of, in which order, and what their names say about time.
#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/input/input_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_MAX 8
#define FILES_MAX 100000
// Modification times closer than this are those of a copy, not of a collection.
#define MTIME_STEP_MS 1000

void input_files_release(struct input_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->files[i].path);
	free(files->files);
	*files = (struct input_files){0};
}

static bool all_digits(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > 0;
}

// "20261121T031551Z" at the beginning of `text`.
static bool parse_compact(struct str text, int64_t *wall_ms)
{
	struct buf full = BUF_INIT(64);
	bool right;

	if (text.len < 16 || text.data[8] != 'T' || text.data[15] != 'Z' ||
		!all_digits(str_head(text, 8)) || !all_digits(str_head(str_skip(text, 9), 6)))
		return false;
	buf_printf(&full, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text.data, text.data + 4, text.data + 6,
		text.data + 9, text.data + 11, text.data + 13);
	right = clock_parse(buf_str(&full), wall_ms);
	buf_release(&full);
	return right;
}

// The last time in a path: 20261121T031551Z or 2026-11-21T03:15:51Z (or with an offset).
static int64_t time_in_name(struct str path)
{
	int64_t wall_ms = -1, found;

	for (size_t i = 0; i < path.len; i++) {
		struct str rest = str_skip(path, i);
		size_t z = str_find_byte(rest, 'Z');

		if (i > 0 && path.data[i - 1] >= '0' && path.data[i - 1] <= '9')
			continue;
		if (parse_compact(rest, &found))
			wall_ms = found;
		else if (z < rest.len && z >= 19 && z <= 29 &&
			 clock_parse(str_head(rest, z + 1), &found))
			wall_ms = found;
	}
	return wall_ms;
}

static int add_file(struct input_files *files, const char *path, bool explicit,
	const struct stat *status, struct error *error)
{
	struct input_file *file;

	if (files->count == FILES_MAX)
		return error_set(error, -EFBIG, "more than %d files given", FILES_MAX);
	if (files->count == files->capacity) {
		size_t capacity = files->capacity ? 2 * files->capacity : 16;
		struct input_file *list =
			reallocarray(files->files, capacity, sizeof(*files->files));

		if (!list)
			return error_no_memory(error, "the list of files");
		files->files = list;
		files->capacity = capacity;
	}
	file = &files->files[files->count];
	*file = (struct input_file){
		.path = strdup(path), .explicit = explicit, .name_ms = -1, .mtime_ms = -1};
	if (!file->path)
		return error_no_memory(error, "the list of files");
	files->count++;
	file->name_ms = time_in_name(str_of(path));
	if (status && S_ISREG(status->st_mode))
		file->mtime_ms =
			(int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
	return 0;
}

static int by_name(const struct dirent **left, const struct dirent **right)
{
	return strcmp((*left)->d_name, (*right)->d_name);
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool has_manifest(const char *folder)
{
	struct buf path = BUF_INIT(KIB(8));
	struct stat status;
	bool has;

	buf_printf(&path, "%s/%s", folder, MANIFEST_PATH);
	has = !buf_failed(&path) && stat(buf_text(&path), &status) == 0;
	buf_release(&path);
	return has;
}

static int add_path(
	struct input_files *files, const char *path, bool explicit, int depth, struct error *error);

static int add_folder(struct input_files *files, const char *path, int depth, struct error *error)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, not_hidden, by_name);
	int r = 0;

	if (count < 0)
		return error_set(error, -errno, "read the folder %s: %s", path, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct buf full = BUF_INIT(KIB(8));

		buf_printf(&full, "%s/%s", path, entries[i]->d_name);
		if (r == 0)
			r = buf_failed(&full)
				    ? error_set(error, buf_failed(&full), "the list of files: %s",
					      strerror(-buf_failed(&full)))
				    : add_path(files, buf_text(&full), false, depth + 1, error);
		buf_release(&full);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int add_path(
	struct input_files *files, const char *path, bool explicit, int depth, struct error *error)
{
	struct stat status;

	if (strcmp(path, "-") == 0 && explicit)
		return add_file(files, path, true, NULL, error);
	if (stat(path, &status) < 0)
		return error_set(error, -errno, "open %s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode) || has_manifest(path))
		return add_file(files, path, explicit, &status, error);
	if (depth >= FOLDER_DEPTH_MAX)
		return 0;
	return add_folder(files, path, depth, error);
}

int input_files_add(struct input_files *files, const char *path, struct error *error)
{
	size_t before = files->count;
	int r = add_path(files, path, true, 0, error);

	if (r == 0 && files->count == before)
		return error_set(error, -ENODATA, "the folder %s is empty", path);
	return r;
}

static int by_name_time(const void *left, const void *right)
{
	const struct input_file *a = left, *b = right;

	if (a->name_ms != b->name_ms)
		return a->name_ms < b->name_ms ? -1 : 1;
	return strcmp(a->path, b->path);
}

void input_files_settle(struct input_files *files)
{
	files->timed_by_name = files->count > 0;
	// One file alone was written whenever: only differences tell something.
	files->timed_by_mtime = files->count > 1;
	for (size_t i = 0; i < files->count; i++) {
		const struct input_file *file = &files->files[i];

		files->timed_by_name = files->timed_by_name && file->name_ms >= 0;
		files->timed_by_mtime =
			files->timed_by_mtime && file->mtime_ms >= 0 &&
			(i == 0 || file->mtime_ms >= file[-1].mtime_ms + MTIME_STEP_MS);
	}
	if (files->timed_by_name && files->count > 1)
		qsort(files->files, files->count, sizeof(*files->files), by_name_time);
}
