// SPDX-License-Identifier: Apache-2.0
// POSIX extended regular expressions with words for what is wrong with them.
#include "collector/settings/pattern.h"

#include "base/str.h"

#include <errno.h>

int pattern_compile(regex_t *compiled, const char *pattern, struct error *error)
{
	static const struct str ignore_case = STR("(?i)");
	bool ignores = str_starts(str_of(pattern), ignore_case);
	char reason[128];
	int r = regcomp(compiled, pattern + (ignores ? ignore_case.len : 0),
		REG_EXTENDED | REG_NOSUB | (ignores ? REG_ICASE : 0));

	if (r == 0)
		return 0;
	if (r == REG_ESPACE)
		return error_no_memory(error, "compile a regular expression");
	(void)regerror(r, compiled, reason, sizeof(reason));
	return error_set(error, -EINVAL, "\"%.100s\" is no POSIX extended regular expression: %s",
		pattern, reason);
}

int pattern_check(const char *pattern, struct error *error)
{
	regex_t compiled;
	int r = pattern_compile(&compiled, pattern, error);

	if (r == 0)
		regfree(&compiled);
	return r;
}
