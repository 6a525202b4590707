// SPDX-License-Identifier: Apache-2.0
// verify: is this bundle whole and unchanged?
#include "base/cleanup.h"
#include "collector/bundle/verify.h"
#include "collector/commands/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

static int open_bundle(const char *path, struct error *error)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : error_set(error, -errno, "open %s: %s", path, strerror(errno));
}

static int check_sha256(const char *expected, const struct verified *verified, struct error *error)
{
	if (!expected || strcasecmp(expected, verified->sha256) == 0)
		return 0;
	return error_set(error, -EBADMSG,
		"the bundle is whole in itself, but its SHA-256 is %s, not %s: it is another one",
		verified->sha256, expected);
}

static int verify_main(struct invocation *invocation)
{
	const char *path = invocation->arguments[0];
	const char *expected = option_text(invocation, "sha256");
	struct error error = {0};
	struct verified verified;
	cleanup(close_fd) int fd = -1;
	int r;

	if (expected && strspn(expected, "0123456789abcdefABCDEF") != SHA256_HEX)
		return command_usage(invocation, "--sha256 wants %d hex digits", SHA256_HEX);
	fd = open_bundle(path, &error);
	if (fd < 0)
		return command_fail(invocation, &error);
	r = verify_fd(fd, &verified, &error);
	if (r == 0)
		r = check_sha256(expected, &verified, &error);
	if (r < 0) {
		error_wrap(&error, "%s", path);
		return command_fail(invocation, &error);
	}
	fprintf(invocation->out, "whole: %llu members, %llu bytes, sha256 %s\n",
		(unsigned long long)verified.members, (unsigned long long)verified.size,
		verified.sha256);
	return EXIT_COMPLETE;
}

static const struct command_option options[] = {
	{.name = "sha256",
		.kind = OPTION_TEXT,
		.argument = "HEX",
		.help = "the SHA-256 that the whole file must have, as collect printed it"},
	{.name = NULL},
};

const struct command verify_command = {
	.name = "verify",
	.usage = "BUNDLE",
	.summary = "check that a bundle is whole and unchanged",
	.description =
		"Checks order, headers, digests, padding and end of a bundle, byte for byte, "
		"against its manifest. - is standard input.\n"
		"\n"
		"A bundle can tell that it was damaged, not that it was made anew: for that, "
		"compare with the SHA-256 that collect printed (--sha256).",
	.examples = "parkwatch verify bundle.tar # exit status 0 when every byte is right\n"
		    "parkwatch verify --sha256 9f86d08... bundle.tar # and it is that one",
	.options = options,
	.arguments_min = 1,
	.arguments_max = 1,
	.run = verify_main,
};
