// SPDX-License-Identifier: Apache-2.0
// What a process says about itself on /metrics: sums per candidate while reading, the choice among
// them at the end.
#include "runtime/metrics.h"

#include "base/limits.h"
#include "runtime/lines.h"
#include "runtime/metrics_line.h"
#include "runtime/metrics_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_LIMIT_NONE 0x1p62 // the runtime says "no limit" with the largest int64

// The sum of one metric's series.
struct tally {
	bool seen;
	bool has_status; // some series say how requests ended
	const struct metrics_candidate *candidate; // NULL: configured, or a figure
	double sum;
	double errors; // of `sum`, those that say so
	char name[METRICS_NAME_MAX]; // of the metric that claimed it
};

struct metrics_reader {
	struct lines lines;
	uint64_t bytes, series;
	int result; // the first failure, for good
	char *configured[4]; // requests, request_seconds, errors, in_flight; "" for none
	struct tally by_name[4]; // the same, as configured
	struct tally requests[METRICS_REQUESTS_COUNT];
	struct tally durations[METRICS_DURATIONS_COUNT];
	struct tally in_flight[METRICS_IN_FLIGHT_COUNT];
	struct tally figures[METRICS_FIGURES_COUNT];
	struct metrics metrics; // histograms, version and lines grow here directly
};

enum { BY_REQUESTS, BY_REQUEST_SECONDS, BY_ERRORS, BY_IN_FLIGHT };

static char *copy_name(struct str name)
{
	return strndup(name.len > 0 ? name.data : "", name.len);
}

static bool copy_names(struct metrics_reader *reader, const struct metrics_names *names)
{
	static const struct metrics_names none = {STR_EMPTY, STR_EMPTY, STR_EMPTY, STR_EMPTY};

	if (!names)
		names = &none;
	reader->configured[BY_REQUESTS] = copy_name(names->requests);
	reader->configured[BY_REQUEST_SECONDS] = copy_name(names->request_seconds);
	reader->configured[BY_ERRORS] = copy_name(names->errors);
	reader->configured[BY_IN_FLIGHT] = copy_name(names->in_flight);
	for (size_t i = 0; i < 4; i++)
		if (!reader->configured[i])
			return false;
	return true;
}

static struct histogram *histogram_at(struct metrics *metrics, size_t index)
{
	return (struct histogram *)((char *)metrics + metrics_histograms[index].offset);
}

static double *figure_at(struct metrics *metrics, size_t index)
{
	return (double *)((char *)metrics + metrics_figures[index].offset);
}

static void nothing_said(struct metrics *metrics)
{
	metrics->requests = metrics->request_seconds = metrics->errors = metrics->in_flight = NAN;
	for (size_t i = 0; i < METRICS_FIGURES_COUNT; i++)
		*figure_at(metrics, i) = NAN;
	for (size_t i = 0; i < METRICS_HISTOGRAMS_COUNT; i++)
		histogram_at(metrics, i)->sum = histogram_at(metrics, i)->count = NAN;
}

struct metrics_reader *metrics_reader_new(const struct metrics_names *names)
{
	struct metrics_reader *reader = calloc(1, sizeof *reader);

	if (!reader)
		return NULL;
	reader->lines = LINES_INIT;
	nothing_said(&reader->metrics);
	if (!copy_names(reader, names))
		metrics_reader_free(&reader);
	return reader;
}

void metrics_reader_free(struct metrics_reader **reader)
{
	if (!*reader)
		return;
	for (size_t i = 0; i < 4; i++)
		free((*reader)->configured[i]);
	lines_release(&(*reader)->lines);
	free(*reader);
	*reader = NULL;
}

static void copy_text(char *to, size_t size, struct str from)
{
	from = str_head(from, size - 1);
	memcpy(to, from.data, from.len);
	to[from.len] = '\0';
}

enum outcome { OUTCOME_NOT_SAID, OUTCOME_FINE, OUTCOME_ERROR };

static enum outcome http_outcome(const struct metrics_sample *sample)
{
	static const char *const names[] = {
		"code", "status", "status_code", "http_status_code", "http_response_status_code"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str value = metrics_label_value(sample, str_of(names[i]));

		if (value.len == 3 && value.data[0] >= '1' && value.data[0] <= '5')
			return value.data[0] == '5' ? OUTCOME_ERROR : OUTCOME_FINE;
	}
	return OUTCOME_NOT_SAID;
}

static enum outcome grpc_outcome(const struct metrics_sample *sample)
{
	static const char *const names[] = {
		"grpc_code", "rpc_grpc_status_code", "rpc_response_status_code"};
	static const char *const errors[] = {"Unknown", "DeadlineExceeded", "Unimplemented",
		"Internal", "Unavailable", "DataLoss", "UNKNOWN", "DEADLINE_EXCEEDED",
		"UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "2", "4", "12", "13", "14",
		"15"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str value = metrics_label_value(sample, str_of(names[i]));

		for (size_t j = 0; j < sizeof errors / sizeof *errors; j++)
			if (str_equal(value, str_of(errors[j])))
				return OUTCOME_ERROR;
		if (value.len > 0)
			return OUTCOME_FINE;
	}
	return OUTCOME_NOT_SAID;
}

static enum outcome sample_outcome(const struct metrics_sample *sample)
{
	enum outcome outcome = grpc_outcome(sample);

	return outcome == OUTCOME_NOT_SAID ? http_outcome(sample) : outcome;
}

// A tally belongs to the first metric that fits.
static void tally_add(struct tally *tally, const struct metrics_sample *sample, double scale)
{
	enum outcome outcome;

	if (!tally->seen)
		copy_text(tally->name, sizeof tally->name, sample->name);
	else if (!str_equal(str_of(tally->name), str_head(sample->name, sizeof tally->name - 1)))
		return;
	tally->seen = true;
	outcome = sample_outcome(sample);
	tally->has_status |= outcome != OUTCOME_NOT_SAID;
	tally->sum += sample->value * scale;
	if (outcome == OUTCOME_ERROR)
		tally->errors += sample->value * scale;
}

static void candidates_add(const struct metrics_candidate *candidates, struct tally *tallies,
	size_t count, const struct metrics_sample *sample)
{
	for (size_t i = 0; i < count; i++)
		if (metrics_candidate_fits(&candidates[i], sample->name)) {
			tallies[i].candidate = &candidates[i];
			tally_add(&tallies[i], sample, candidates[i].scale);
			return;
		}
}

static void figures_add(struct metrics_reader *reader, const struct metrics_sample *sample)
{
	for (size_t i = 0; i < METRICS_FIGURES_COUNT; i++)
		if (str_equal(metrics_figures[i].name, sample->name))
			tally_add(&reader->figures[i], sample, 1);
}

static void configured_add(struct metrics_reader *reader, const struct metrics_sample *sample)
{
	for (size_t i = 0; i < 4; i++)
		if (reader->configured[i][0] != '\0' &&
			str_equal(str_of(reader->configured[i]), sample->name))
			tally_add(&reader->by_name[i], sample, 1);
}

// Buckets are cumulative, so the ones that find no room may be left out; the last one may not.
static void bucket_add(struct histogram *histogram, double upper, double events)
{
	uint32_t at = 0;

	while (at < histogram->bucket_count && histogram->upper[at] < upper)
		at++;
	if (at < histogram->bucket_count && histogram->upper[at] == upper) {
		histogram->cumulative[at] += events;
		return;
	}
	if (histogram->bucket_count == METRICS_HISTOGRAM_BUCKETS) {
		if (at < histogram->bucket_count)
			return;
		at--;
	} else {
		size_t behind = histogram->bucket_count - at;

		memmove(&histogram->upper[at + 1], &histogram->upper[at],
			behind * sizeof *histogram->upper);
		memmove(&histogram->cumulative[at + 1], &histogram->cumulative[at],
			behind * sizeof *histogram->cumulative);
		histogram->bucket_count++;
	}
	histogram->upper[at] = upper;
	histogram->cumulative[at] = events;
}

static void histogram_add(
	struct histogram *histogram, struct str part, const struct metrics_sample *sample)
{
	double upper;

	if (str_equal(part, STR("_bucket"))) {
		if (str_to_double(metrics_label_value(sample, STR("le")), &upper) && !isnan(upper))
			bucket_add(histogram, upper, sample->value);
	} else if (str_equal(part, STR("_sum"))) {
		histogram->sum = (isnan(histogram->sum) ? 0 : histogram->sum) + sample->value;
	} else if (str_equal(part, STR("_count"))) {
		histogram->count = (isnan(histogram->count) ? 0 : histogram->count) + sample->value;
	}
}

static void histograms_add(struct metrics_reader *reader, const struct metrics_sample *sample)
{
	for (size_t i = 0; i < METRICS_HISTOGRAMS_COUNT; i++) {
		struct str name = metrics_histograms[i].name;

		if (str_starts(sample->name, name))
			histogram_add(histogram_at(&reader->metrics, i),
				str_skip(sample->name, name.len), sample);
	}
}

static void sample_add(struct metrics_reader *reader, const struct metrics_sample *sample)
{
	if (str_equal(sample->name, STR("go_info")))
		copy_text(reader->metrics.go_version, sizeof reader->metrics.go_version,
			metrics_label_value(sample, STR("version")));
	if (isnan(sample->value))
		return;
	candidates_add(metrics_requests, reader->requests, METRICS_REQUESTS_COUNT, sample);
	candidates_add(metrics_durations, reader->durations, METRICS_DURATIONS_COUNT, sample);
	candidates_add(metrics_in_flight, reader->in_flight, METRICS_IN_FLIGHT_COUNT, sample);
	configured_add(reader, sample);
	figures_add(reader, sample);
	histograms_add(reader, sample);
}

static void skip_line(struct metrics_reader *reader, const struct line *line, const char *reason)
{
	if (reader->metrics.skipped++ == 0) {
		reader->metrics.first_skipped.line = line->number;
		reader->metrics.first_skipped.reason = reason;
	}
}

static int read_line(struct metrics_reader *reader, const struct line *line)
{
	struct metrics_sample sample;
	struct str text = str_trim(line->text);
	const char *wrong;

	reader->metrics.lines++;
	if (text.len == 0 || text.data[0] == '#')
		return 0;
	if (reader->series++ == LIMIT_METRIC_SERIES_COUNT)
		return -EFBIG;
	wrong = line->too_long     ? "line that is too long"
		: line->unfinished ? "line that ends in the middle"
				   : metrics_sample_parse(text, &sample);
	if (wrong)
		skip_line(reader, line, wrong);
	else
		sample_add(reader, &sample);
	return 0;
}

int metrics_reader_feed(struct metrics_reader *reader, const void *data, size_t len)
{
	struct str input = {.data = data, .len = len};
	struct line line;
	int r;

	if (reader->result < 0)
		return reader->result;
	reader->bytes += len;
	if (reader->bytes > LIMIT_METRICS)
		return reader->result = -EFBIG;
	while ((r = lines_next(&reader->lines, &input, &line)) > 0) {
		r = read_line(reader, &line);
		if (r < 0)
			break;
	}
	reader->result = r;
	return r;
}

// The first tally that has something, or NULL.
static const struct tally *first_seen(const struct tally *tallies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tallies[i].seen)
			return &tallies[i];
	return NULL;
}

static void set(double *value, char *from, const struct tally *tally)
{
	if (!tally)
		return;
	*value = tally->sum;
	copy_text(from, METRICS_NAME_MAX, str_of(tally->name));
}

static const struct tally *choose(const struct metrics_reader *reader, int configured,
	const struct tally *known, size_t known_count)
{
	if (reader->configured[configured][0] == '\0')
		return first_seen(known, known_count);
	return reader->by_name[configured].seen ? &reader->by_name[configured] : NULL;
}

// Whether two metrics can speak of the same requests, as far as their names tell.
static bool same_protocol(const struct tally *a, const struct tally *b)
{
	return !a->candidate || !b->candidate || a->candidate->protocol == b->candidate->protocol;
}

static const struct tally *choose_duration(
	const struct metrics_reader *reader, const struct tally *requests)
{
	if (reader->configured[BY_REQUEST_SECONDS][0] != '\0')
		return choose(reader, BY_REQUEST_SECONDS, NULL, 0);
	for (size_t i = 0; i < METRICS_DURATIONS_COUNT; i++) {
		const struct tally *duration = &reader->durations[i];

		if (duration->seen && (!requests || same_protocol(requests, duration)))
			return duration;
	}
	return NULL;
}

// The requests themselves, or another known metric of them that says how they ended.
static const struct tally *choose_outcomes(
	const struct metrics_reader *reader, const struct tally *requests)
{
	if (requests && requests->has_status)
		return requests;
	for (size_t i = 0; i < METRICS_REQUESTS_COUNT; i++) {
		const struct tally *known = &reader->requests[i];

		if (known->has_status && requests && same_protocol(requests, known))
			return known;
	}
	return NULL;
}

static void finish_errors(struct metrics_reader *reader, const struct tally *requests)
{
	struct metrics *metrics = &reader->metrics;
	const struct tally *outcomes;

	if (reader->configured[BY_ERRORS][0] != '\0') {
		set(&metrics->errors, metrics->errors_from, choose(reader, BY_ERRORS, NULL, 0));
		return;
	}
	outcomes = choose_outcomes(reader, requests);
	set(&metrics->errors, metrics->errors_from, outcomes);
	if (outcomes)
		metrics->errors = outcomes->errors;
}

static void finish_figures(struct metrics_reader *reader)
{
	for (size_t i = 0; i < METRICS_FIGURES_COUNT; i++) {
		double *value = figure_at(&reader->metrics, i);

		if (reader->figures[i].seen && isnan(*value))
			*value = reader->figures[i].sum;
	}
	if (reader->metrics.memory_limit_bytes >= MEMORY_LIMIT_NONE)
		reader->metrics.memory_limit_bytes = NAN;
}

int metrics_reader_finish(struct metrics_reader *reader, struct metrics *metrics)
{
	struct metrics *result = &reader->metrics;
	const struct tally *requests;
	struct line line;

	if (reader->result == 0 && lines_last(&reader->lines, &line))
		reader->result = read_line(reader, &line);
	if (reader->result < 0)
		return reader->result;
	finish_figures(reader);
	requests = choose(reader, BY_REQUESTS, reader->requests, METRICS_REQUESTS_COUNT);
	set(&result->requests, result->requests_from, requests);
	set(&result->request_seconds, result->request_seconds_from,
		choose_duration(reader, requests));
	set(&result->in_flight, result->in_flight_from,
		choose(reader, BY_IN_FLIGHT, reader->in_flight, METRICS_IN_FLIGHT_COUNT));
	finish_errors(reader, requests);
	*metrics = *result;
	return 0;
}
