// SPDX-License-Identifier: Apache-2.0
// Settings from the environment: PARKWATCH_BUDGET_STOP=50ms is budget.stop.
#include "base/cleanup.h"
#include "collector/settings/nearest.h"
#include "collector/settings/settings.h"

#include <ctype.h>
#include <string.h>

#define PREFIX "PARKWATCH_"
#define NAME_MAX_BYTES 128

void setting_variable(const struct setting *row, struct buf *out)
{
	buf_add_text(out, PREFIX);
	for (const char *at = row->path; *at; at++)
		buf_add_byte(out, *at == '.' ? '_' : (char)toupper((unsigned char)*at));
}

// Kubernetes gives every container variables for each service of its namespace: a service called
// parkwatch-web makes PARKWATCH_WEB_SERVICE_HOST, PARKWATCH_WEB_PORT_80_TCP_ADDR and so on.
static bool is_service_link(struct str name)
{
	size_t port = str_find(name, STR("_PORT_"));

	if (str_ends(name, STR("_SERVICE_HOST")) || str_ends(name, STR("_PORT")) ||
		str_find(name, STR("_SERVICE_PORT")) < name.len)
		return true;
	port += strlen("_PORT_");
	return port < name.len && isdigit((unsigned char)name.data[port]);
}

static const struct setting *row_of_variable(struct str name, struct nearest *nearest)
{
	cleanup(buf_release) struct buf variable = BUF_INIT(NAME_MAX_BYTES);

	for (size_t i = 0; i < settings_table_count; i++) {
		buf_clear(&variable);
		setting_variable(&settings_table[i], &variable);
		if (str_equal(buf_str(&variable), name))
			return &settings_table[i];
		nearest_try(nearest, buf_str(&variable));
	}
	return NULL;
}

static int load_variable(struct settings *settings, struct str name, struct str value,
	struct buf *warnings, struct error *error)
{
	struct nearest nearest = {.wanted = name};
	const struct setting *row = row_of_variable(name, &nearest);
	struct setting_origin origin = {.kind = ORIGIN_ENVIRONMENT};
	char place[NAME_MAX_BYTES];

	if (!row) {
		if (!is_service_link(name) && !str_equal(name, STR("PARKWATCH_CONFIG")))
			buf_printf(warnings, "%.*s is set, but there is no such setting%s%s\n",
				STR_ARG(str_head(name, 100)),
				nearest.best[0] ? "; nearest known: " : "", nearest.best);
		return 0;
	}
	memcpy(place, name.data, name.len); // as long as a name of the table
	place[name.len] = '\0';
	origin.place = place;
	return settings_set(settings, row, value, origin, error);
}

int settings_load_environment(struct settings *settings, const char *const *environment,
	struct buf *warnings, struct error *error)
{
	for (; *environment; environment++) {
		struct str value = str_of(*environment);
		struct str name = str_cut(&value, '=');
		int r;

		if (str_equal(name, STR("CORO_SAMPLING_RATE")))
			buf_add_text(warnings,
				"CORO_SAMPLING_RATE is accepted and has no effect: snapshots are "
				"complete, because sampling would lose goroutines from one to the "
				"next\n");
		if (!str_starts(name, STR(PREFIX)))
			continue;
		r = load_variable(settings, name, value, warnings, error);
		if (r < 0)
			return r;
	}
	return 0;
}
