// SPDX-License-Identifier: Apache-2.0
// `parkwatch version`: version, build ID, and the libraries that are really loaded.
#include "collector/commands/command.h"
#include "collector/form/version.h"

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <yaml.h>
#include <zlib.h>

static int version_main(struct invocation *invocation)
{
	char build_id[BUILD_ID_MAX];

	parkwatch_build_id(build_id);
	(void)fprintf(invocation->out, "parkwatch %s\n", parkwatch_version());
	if (build_id[0])
		(void)fprintf(invocation->out, "build %s\n", build_id);
	(void)fprintf(invocation->out, "libcurl %s\n%s\njansson %s\nlibyaml %s\nzlib %s\n",
		curl_version_info(CURLVERSION_NOW)->version, OpenSSL_version(OPENSSL_VERSION),
		jansson_version_str(), yaml_get_version_string(), zlibVersion());
	return EXIT_COMPLETE;
}

const struct command version_command = {
	.name = "version",
	.usage = "",
	.summary = "print version, build ID and libraries",
	.examples = "parkwatch version",
	.run = version_main,
};
