// SPDX-License-Identifier: Apache-2.0
// Addresses of targets: what is taken, what it becomes, and what is refused with a reason.
#include "collector/fetch/target.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void addresses_are_completed(void **state)
{
	static const struct {
		const char *text, *base, *metrics, *name, *pod;
	} rows[] = {
		{"http://localhost:6060", "http://localhost:6060/debug/pprof",
			"http://localhost:6060/metrics", "localhost:6060", "localhost-6060"},
		{"localhost:6060", "http://localhost:6060/debug/pprof",
			"http://localhost:6060/metrics", "localhost:6060", "localhost-6060"},
		{"gateway", "http://gateway:6060/debug/pprof", "http://gateway:6060/metrics",
			"gateway:6060", "gateway-6060"},
		{"http://gateway", "http://gateway:80/debug/pprof", "http://gateway:80/metrics",
			"gateway:80", "gateway-80"},
		{"https://10.0.0.7:8443/debug/pprof/", "https://10.0.0.7:8443/debug/pprof",
			"https://10.0.0.7:8443/metrics", "10.0.0.7:8443", "10.0.0.7-8443"},
		{"http://localhost:6060/internal/pprof", "http://localhost:6060/internal/pprof",
			"http://localhost:6060/metrics", "localhost:6060/internal/pprof",
			"localhost-6060-internal-pprof"},
		{"http://[::1]:6060", "http://[::1]:6060/debug/pprof", "http://[::1]:6060/metrics",
			"[::1]:6060", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target target = {0};
		struct error error = {0};

		if (target_parse(&target, rows[i].text, NULL, NULL, &error) < 0)
			fail_msg("%s: %s", rows[i].text, error.text);
		assert_string_equal(target.base, rows[i].base);
		assert_string_equal(target.metrics, rows[i].metrics);
		assert_string_equal(target.name, rows[i].name);
		if (rows[i].pod)
			assert_string_equal(target.pod, rows[i].pod);
		assert_string_equal(target.namespace, "_");
		assert_false(target.metrics_asked);
		target_release(&target);
	}
}

static void wrong_addresses_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *says;
		int code;
	} rows[] = {
		{"pod/gateway-7f", "port-forward", -ENOTSUP},
		{"deploy/gateway", "port-forward", -ENOTSUP},
		{"ftp://localhost:21", "http", -EINVAL},
		{"file:///etc/passwd", "http", -EINVAL},
		{"http://", "http://HOST:PORT", -EINVAL},
		{"http://localhost:99999", "http://HOST:PORT", -EINVAL},
		{"http://user:hunter2@localhost:6060", "bearer-file", -EINVAL},
		{"http://localhost:6060/debug/pprof?seconds=5", "leave out", -EINVAL},
		{"http://localhost:6060/debug/pprof/goroutine?debug=2",
			"http://localhost:6060/debug/pprof/goroutine?debug=2: write "
			"http://HOST:PORT",
			-EINVAL},
		{"http://user:hunter2@localhost:99999/x", "http://localhost:99999/x: ", -EINVAL},
		{"http://user:hunter2@host:99999/x@y", "the target: ", -EINVAL},
		{"http://local host:6060", "blanks", -EINVAL},
		{"http://localhost:6060/\x1b[31m", "control", -EINVAL},
		{"", "empty", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct target target = {0};
		struct error error = {0};
		int r = target_parse(&target, rows[i].text, NULL, NULL, &error);

		if (r != rows[i].code || !strstr(error.text, rows[i].says))
			fail_msg("\"%s\": %d, %s", rows[i].text, r, error.text);
		assert_null(strstr(error.text, "hunter2"));
		assert_null(target.name);
	}
}

static void a_metrics_address_of_its_own_is_used(void **state)
{
	struct target target = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(target_parse(&target, "localhost:6060", "http://localhost:8080/stats",
				 "gw", &error),
		0);
	assert_string_equal(target.metrics, "http://localhost:8080/stats");
	assert_true(target.metrics_asked);
	assert_string_equal(target.name, "gw");
	assert_string_equal(target.pod, "gw");
	target_release(&target);
	assert_int_equal(
		target_parse(&target, "localhost:6060", "gopher://x/", NULL, &error), -EINVAL);
}

static void the_same_address_is_seen_as_such(void **state)
{
	struct target a = {0}, b = {0};
	struct error error = {0};

	(void)state;
	assert_int_equal(target_parse(&a, "localhost:6060", NULL, NULL, &error), 0);
	assert_int_equal(
		target_parse(&b, "http://localhost:6060/debug/pprof/", NULL, "other", &error), 0);
	assert_true(target_same(&a, &b));
	target_release(&a);
	target_release(&b);
}

static void urls_of_profiles_are_below_the_base(void **state)
{
	struct target target = {0};
	struct error error = {0};
	char *url;

	(void)state;
	assert_int_equal(target_parse(&target, "localhost:6060", NULL, NULL, &error), 0);
	url = target_url(&target, "goroutine", "debug=2");
	assert_string_equal(url, "http://localhost:6060/debug/pprof/goroutine?debug=2");
	free(url);
	url = target_url(&target, "", "");
	assert_string_equal(url, "http://localhost:6060/debug/pprof/");
	free(url);
	target_release(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_completed),
		cmocka_unit_test(wrong_addresses_are_refused_with_a_reason),
		cmocka_unit_test(a_metrics_address_of_its_own_is_used),
		cmocka_unit_test(the_same_address_is_seen_as_such),
		cmocka_unit_test(urls_of_profiles_are_below_the_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
