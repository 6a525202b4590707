// SPDX-License-Identifier: Apache-2.0
// Telling what was collected: the same functions over the same report as `analyze` uses.
#include "collector/collection/collection_tell.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "collector/tell/evidence.h"
#include "collector/tell/findings_json.h"
#include "collector/tell/html.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/utsname.h>

#define FINDINGS_MAX MIB(512)
#define REPORT_TEXT_MAX MIB(4)

static int add_member(
	struct collection *collection, const char *path, struct buf *text, struct error *error)
{
	int r = buf_failed(text);

	if (r < 0)
		return error_set(error, r, "%s: %s", path, strerror(-r));
	return bundle_add(collection->plan->bundle, path, 0, buf_str(text), NULL, error);
}

static int add_findings(struct collection *collection, const struct told *told, struct error *error)
{
	cleanup(buf_release) struct buf text = BUF_INIT(FINDINGS_MAX);
	struct findings_context context = {
		.stacks = collection->stacks,
		.observations = collection->observations,
		.observation_count = collection->observation_count,
		.evidence = told->evidence,
		.evidence_count = told->evidence_count,
	};
	int r = findings_json(&told->report, &context, &text, error);

	return r < 0 ? r : add_member(collection, "findings.json", &text, error);
}

static int add_report(struct collection *collection, const struct told *told, struct error *error)
{
	cleanup(buf_release) struct buf html = BUF_INIT(HTML_REPORT_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(REPORT_TEXT_MAX);
	struct summary_style style = {0};
	int r;

	html_write(&html, &told->tell);
	r = add_member(collection, "report.html", &html, error);
	if (r < 0)
		return r;
	summary_write(&text, &told->tell, &style);
	return add_member(collection, "report.txt", &text, error);
}

static json_t *clock_json(const struct collection *collection)
{
	char started[CLOCK_TEXT_MAX], ended[CLOCK_TEXT_MAX];

	clock_format(collection->started_wall_ms, started);
	clock_format(clock_wall_ms(), ended);
	return json_pack("{s:s, s:s, s:f}", "started", started, "ended", ended, "elapsed_s",
		round(clock_mono_ms() - collection->started_ms) / 1e3);
}

static json_t *host_json(void)
{
	struct utsname name;

	if (uname(&name) < 0)
		return json_null();
	return json_pack("{s:s%, s:s, s:s}", "name", name.nodename, strlen(name.nodename), "os",
		name.sysname, "machine", name.machine);
}

static json_t *judge_json(const struct judge_parameters *parameters)
{
	return json_pack("{s:f, s:f, s:f, s:f}", "interval_s", parameters->interval_s,
		"memory_limit_bytes", parameters->memory_limit_bytes, "goroutine_limit",
		parameters->goroutine_limit, "share_of_qps", parameters->share_of_qps);
}

static json_t *target_json(const struct collection_target *target)
{
	const struct target *names = target->target;

	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "target",
		names->name, "url", names->base, "metrics",
		target->no_metrics ? json_null() : json_string(names->metrics), "namespace",
		names->namespace, "pod", names->pod, "container", names->container, "ticks",
		(int)target->ticks, "failed", (int)target->failed_ticks, "processes",
		(int)target->lives.last_number, "note",
		target->note[0] ? json_string(target->note) : json_null());
}

static json_t *targets_json(const struct collection *collection)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < collection->target_count && targets; i++) {
		if (json_array_append_new(targets, target_json(&collection->targets[i])) < 0) {
			json_decref(targets);
			return NULL;
		}
	}
	return targets;
}

static json_t *redaction_json(const struct collection *collection)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KIB(64));

	redact_describe(collection->redact, &text);
	return buf_failed(&text) ? NULL : json_stringn(buf_text(&text), text.len);
}

static json_t *ended_by_json(const struct collection *collection)
{
	if (collection->signal > 0)
		return json_pack("{s:i}", "signal", collection->signal);
	return collection->timed_out ? json_string("timeout") : json_null();
}

static json_t *head_json(const struct collection *collection, const char *version)
{
	return json_pack("{s:{s:s, s:s}, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:i, s:i}}", "tool",
		"name", "parkwatch", "version", version, "host", host_json(), "clock",
		clock_json(collection), "settings", settings_json(collection->plan->settings),
		"targets", targets_json(collection), "judge",
		judge_json(&collection->judge_parameters), "redaction", redaction_json(collection),
		"ended_by", ended_by_json(collection), "counts", "artifacts",
		(int)collection->artifact_count, "errors", (int)collection->error_count);
}

int collection_tell(
	struct collection *collection, const char *version, struct told *told, struct error *error)
{
	const struct artifact *artifacts;
	size_t count;
	int r;

	artifacts = bundle_artifacts(collection->plan->bundle, &count);
	if (evidence_of(artifacts, count, &collection->arena, &told->evidence,
		    &told->evidence_count) < 0)
		return error_no_memory(error, "the report");
	r = judge_report(collection->judge, &told->report, error);
	if (r < 0)
		return r;
	told->tell = (struct tell){
		.report = &told->report,
		.stacks = collection->stacks,
		.last = tell_last(&told->report, collection->observations,
			collection->observation_count, &collection->arena),
		.artifacts = told->evidence,
		.artifact_count = (uint32_t)told->evidence_count,
		.version = version,
	};
	if (!told->tell.last)
		return error_no_memory(error, "the report");
	r = add_findings(collection, told, error);
	if (r == 0)
		r = add_report(collection, told, error);
	if (r < 0)
		return r;
	told->head = head_json(collection, version);
	return told->head ? 0 : error_no_memory(error, "the manifest");
}

void told_release(struct told *told)
{
	report_release(&told->report);
	json_decref(told->head);
	*told = TOLD_INIT;
}
