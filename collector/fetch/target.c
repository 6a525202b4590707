// SPDX-License-Identifier: Apache-2.0
// Reading a target's address with libcurl's own URL parser, so that what is checked here is what is
// fetched later.
#include "collector/fetch/target.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "collector/bundle/bundle.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#define URL_MAX KIB(4)

static const char *const workload_kinds[] = {
	"pod/",
	"pods/",
	"po/",
	"deploy/",
	"deployment/",
	"sts/",
	"statefulset/",
	"ds/",
	"daemonset/",
};

static bool names_workload(const char *text)
{
	for (size_t i = 0; i < sizeof(workload_kinds) / sizeof(workload_kinds[0]); i++)
		if (str_starts(str_of(text), str_of(workload_kinds[i])))
			return true;
	return false;
}

static void url_free(CURLU **url)
{
	curl_url_cleanup(*url);
}

// A part of the URL, "" when it has none; NULL when there is no memory.
static char *url_part(CURLU *url, CURLUPart part)
{
	char *text = NULL, *copy = NULL;
	CURLUcode code = curl_url_get(url, part, &text, 0);

	if (code != CURLUE_OUT_OF_MEMORY)
		copy = strdup(code == CURLUE_OK ? text : "");
	curl_free(text);
	return copy;
}

struct url_parts {
	char *scheme, *user, *password, *host, *port, *path, *query, *fragment;
};

static void url_parts_release(struct url_parts *parts)
{
	free(parts->scheme);
	free(parts->user);
	free(parts->password);
	free(parts->host);
	free(parts->port);
	free(parts->path);
	free(parts->query);
	free(parts->fragment);
}

static int url_split(CURLU *url, struct url_parts *parts)
{
	*parts = (struct url_parts){
		.scheme = url_part(url, CURLUPART_SCHEME),
		.user = url_part(url, CURLUPART_USER),
		.password = url_part(url, CURLUPART_PASSWORD),
		.host = url_part(url, CURLUPART_HOST),
		.port = url_part(url, CURLUPART_PORT),
		.path = url_part(url, CURLUPART_PATH),
		.query = url_part(url, CURLUPART_QUERY),
		.fragment = url_part(url, CURLUPART_FRAGMENT),
	};
	return parts->scheme && parts->user && parts->password && parts->host && parts->port &&
			       parts->path && parts->query && parts->fragment
		       ? 0
		       : -ENOMEM;
}

// The address as it was given, for a message: without the user information, and not at all when
// there may be a password elsewhere in it.
static const char *without_user(struct buf *named, const char *text)
{
	struct str rest = str_of(text);
	size_t scheme = str_find(rest, STR("://"));
	size_t skip = scheme < rest.len ? scheme + strlen("://") : 0, end, at;

	buf_add(named, str_head(rest, skip));
	rest = str_skip(rest, skip);
	end = strcspn(text + skip, "/?#");
	at = str_find_last_byte(str_head(rest, end), '@');
	buf_add(named, at < end ? str_skip(rest, at + 1) : rest);
	if (buf_failed(named) || strchr(buf_text(named), '@'))
		return "the target";
	return buf_text(named);
}

static int read_url(const char *text, struct url_parts *parts, struct error *error)
{
	cleanup(url_free) CURLU *url = curl_url();
	cleanup(buf_release) struct buf full = BUF_INIT(URL_MAX);
	bool has_scheme = strstr(text, "://") != NULL;
	cleanup(buf_release) struct buf named = BUF_INIT(URL_MAX);
	const char *shown = without_user(&named, text);
	CURLUcode code;

	if (!url)
		return error_no_memory(error, "a target");
	buf_printf(&full, "%s%s", has_scheme ? "" : "http://", text);
	if (buf_failed(&full) == -ENOMEM)
		return error_no_memory(error, "a target");
	if (buf_failed(&full))
		return error_set(
			error, -EINVAL, "a target's address is longer than %zu bytes", URL_MAX);
	code = curl_url_set(url, CURLUPART_URL, buf_text(&full), CURLU_NON_SUPPORT_SCHEME);
	if (code != CURLUE_OK)
		return error_set(error, -EINVAL,
			"%s: %s; write http://HOST:PORT, for example http://localhost:6060", shown,
			curl_url_strerror(code));
	if (url_split(url, parts) < 0)
		return error_no_memory(error, "a target");
	if (strcmp(parts->scheme, "http") != 0 && strcmp(parts->scheme, "https") != 0)
		return error_set(error, -EINVAL, "%s: %s is not spoken here; only http and https",
			shown, parts->scheme);
	if (parts->user[0] || parts->password[0])
		return error_set(error, -EINVAL,
			"a target with a user name or password in its address is not taken: it "
			"would be "
			"seen in process lists; use --bearer-file");
	return 0;
}

static void drop_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
}

// "HOST" alone means pprof's usual port; a URL keeps the port of its scheme.
static const char *port_of(const struct url_parts *parts, bool has_scheme)
{
	if (parts->port[0])
		return parts->port;
	if (!has_scheme)
		return TARGET_PORT;
	return strcmp(parts->scheme, "https") == 0 ? "443" : "80";
}

static int printed(char **text, struct buf *buf)
{
	*text = buf_take(buf);
	return *text ? 0 : -ENOMEM;
}

// "localhost:6060", with the path behind it where it is not the usual one.
static int set_name(
	struct target *target, const struct url_parts *parts, const char *port, const char *asked)
{
	struct buf name = BUF_INIT(URL_MAX);
	bool usual = strcmp(parts->path, TARGET_PATH) == 0;

	if (asked && asked[0])
		buf_add_text(&name, asked);
	else
		buf_printf(&name, "%s:%s%s", parts->host, port, usual ? "" : parts->path);
	return printed(&target->name, &name);
}

static int set_folder(struct target *target)
{
	char component[BUNDLE_COMPONENT_MAX];
	cleanup(free_pointer) char *plain = strdup(target->name);
	int r;

	if (!plain)
		return -ENOMEM;
	// The usual punctuation of an address is no reason for a digest in the name.
	for (char *at = plain; *at; at++)
		if (strchr(":/[]", *at))
			*at = '-';
	r = bundle_path_component(str_of(plain), BUNDLE_POD_MAX, component);
	if (r < 0)
		return r;
	target->namespace = strdup("_");
	target->pod = strdup(component);
	target->container = strdup("_");
	return target->namespace && target->pod && target->container ? 0 : -ENOMEM;
}

static int set_metrics(struct target *target, const struct url_parts *parts, const char *port,
	const char *metrics, struct error *error)
{
	struct buf url = BUF_INIT(URL_MAX);
	struct url_parts checked = {0};
	int r = 0;

	target->metrics_asked = metrics && metrics[0];
	if (target->metrics_asked) {
		r = read_url(metrics, &checked, error);
		url_parts_release(&checked);
		if (r < 0)
			return error_wrap(error, "the address of the metrics");
		buf_printf(&url, "%s%s", strstr(metrics, "://") ? "" : "http://", metrics);
	} else {
		buf_printf(&url, "%s://%s:%s/metrics", parts->scheme, parts->host, port);
	}
	return printed(&target->metrics, &url) < 0 ? error_no_memory(error, "a target") : 0;
}

static int fill(struct target *target, struct url_parts *parts, const char *port,
	const char *metrics, const char *name, struct error *error)
{
	struct buf base = BUF_INIT(URL_MAX);

	drop_slashes(parts->path);
	if (!parts->path[0]) {
		free(parts->path);
		parts->path = strdup(TARGET_PATH);
		if (!parts->path)
			return error_no_memory(error, "a target");
	}
	buf_printf(&base, "%s://%s:%s%s", parts->scheme, parts->host, port, parts->path);
	if (printed(&target->base, &base) < 0 || set_name(target, parts, port, name) < 0 ||
		set_folder(target) < 0)
		return error_no_memory(error, "a target");
	return set_metrics(target, parts, port, metrics, error);
}

static int check_no_query(const char *text, const struct url_parts *parts, struct error *error)
{
	cleanup(buf_release) struct buf named = BUF_INIT(URL_MAX);

	if (!parts->query[0] && !parts->fragment[0])
		return 0;
	return error_set(error, -EINVAL,
		"%s: write http://HOST:PORT or http://HOST:PORT" TARGET_PATH
		"; leave out what follows the '?' or '#', parkwatch adds it",
		without_user(&named, text));
}

// Names go into JSON, paths and messages: what cannot be shown there is no address.
static bool is_plain(const char *text)
{
	struct str rest = str_of(text);
	int32_t code;

	while (rest.len > 0) {
		code = utf8_next(&rest);
		if (code <= ' ' || utf8_is_hidden(code))
			return false;
	}
	return text[0] != '\0';
}

int target_parse(struct target *target, const char *text, const char *metrics, const char *name,
	struct error *error)
{
	struct url_parts parts = {0};
	struct target made = {0};
	int r;

	if (names_workload(text))
		return error_set(error, -ENOTSUP,
			"%s: pods and workloads are not looked up through the Kubernetes API; run "
			"\"kubectl port-forward %s 6060\" beside this and collect "
			"http://localhost:6060",
			text, text);
	if (!is_plain(text))
		return error_set(error, -EINVAL,
			"a target's address is empty or holds blanks or control characters");
	r = read_url(text, &parts, error);
	if (r == 0)
		r = check_no_query(text, &parts, error);
	if (r == 0)
		r = fill(&made, &parts, port_of(&parts, strstr(text, "://") != NULL), metrics, name,
			error);
	url_parts_release(&parts);
	if (r < 0) {
		target_release(&made);
		return r;
	}
	*target = made;
	return 0;
}

void target_release(struct target *target)
{
	free(target->name);
	free(target->base);
	free(target->metrics);
	free(target->namespace);
	free(target->pod);
	free(target->container);
	*target = (struct target){0};
}

bool target_same(const struct target *a, const struct target *b)
{
	return strcmp(a->base, b->base) == 0;
}

char *target_url(const struct target *target, const char *profile, const char *query)
{
	struct buf url = BUF_INIT(URL_MAX);

	buf_printf(&url, "%s/%s%s%s", target->base, profile, query[0] ? "?" : "", query);
	return buf_take(&url);
}
