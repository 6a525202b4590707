// SPDX-License-Identifier: Apache-2.0
// Fuzz target: a bundle from anywhere. What verifies can be opened, and each member of it read.
#include "tests/fuzz/fuzz.h"

#include "base/limits.h"
#include "collector/bundle/bundle.h"
#include "collector/bundle/verify.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int ignore(void *context, const void *data, size_t len, struct error *error)
{
	(void)context;
	(void)data;
	(void)len;
	(void)error;
	return 0;
}

static void open_and_read(const uint8_t *data, size_t size, bool whole)
{
	struct error error = {0};
	struct bundle_file file;
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (bundle_open_fd(&file, fd, "bundle", &error) < 0) {
		assert(!whole && error.text[0]);
		return;
	}
	for (size_t i = 0; i < file.manifest.artifact_count; i++) {
		const struct artifact *artifact = &file.manifest.artifacts[i];
		int r = bundle_read(&file, artifact, MIB(4), (struct sink){ignore, NULL}, &error);

		assert(r == 0 || error.text[0]);
	}
	bundle_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verified verified;
	struct error error = {0};
	int r = verify_memory((struct str){(const char *)data, size}, &verified, &error);

	assert(r == 0 || (r == -EBADMSG && error.text[0]));
	open_and_read(data, size, r == 0);
	return 0;
}
