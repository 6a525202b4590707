// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over files and folders of files: the corpus as a regression test, with any
// compiler.
#include "tests/fuzz/fuzz.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int run_file(const char *path)
{
	cleanup(buf_release) struct buf data = BUF_INIT(LIMIT_BODY);
	struct error error = {0};

	if (file_read(path, &data, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&data), data.len);
	return 0;
}

static int run_folder(const char *path, DIR *folder)
{
	const struct dirent *entry;
	int failed = 0, files = 0;

	while ((entry = readdir(folder))) {
		cleanup(buf_release) struct buf name = BUF_INIT(KIB(8));

		if (entry->d_name[0] == '.')
			continue;
		buf_printf(&name, "%s/%s", path, entry->d_name);
		failed |= run_file(buf_text(&name));
		files++;
	}
	printf("%s: %d files\n", path, files);
	return failed || files == 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		failed |= folder ? run_folder(argv[i], folder) : run_file(argv[i]);
		if (folder)
			closedir(folder);
	}
	return failed;
}
