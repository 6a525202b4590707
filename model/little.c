// SPDX-License-Identifier: Apache-2.0
// Load columns, and what they explain.
#include "model/little.h"

#include "model/regression.h"

#include <math.h>

#define COLUMNS_MAX 5
#define POINTS_MIN 8
#define RIDGE 0.05
#define FAST_S 300.0
#define SLOW_S 1800.0
#define SURGE_FACTOR 1.7
#define SURGE_FLIGHT_LEAST 10.0 // requests in flight, and
#define SURGE_RATE_LEAST 1.0 // requests per second, above the mean
#define SURGE_MEMORY_S 3600.0
#define SURGE_KNOWN_S 300.0 // of history, before anything can stand out from it
#define SURGE_ADAPTS 0.25 // what lasts becomes usual, only more slowly
#define SURGE_SHARE_S 14400.0
#define SURGE_USUAL 0.5
#define SURGE_TAIL_S 360.0 // what came with it is mature by then, or gone

struct load_rows {
	double x[LITTLE_POINTS_MAX * COLUMNS_MAX];
	double y[LITTLE_POINTS_MAX];
	uint32_t count;
	int columns;
	bool has_little, has_qps;
};

static double interval_qps(const struct series_point *a, const struct series_point *b)
{
	return b->t_s > a->t_s ? (b->requests - a->requests) / (b->t_s - a->t_s) : NAN;
}

static double interval_little(const struct series_point *a, const struct series_point *b)
{
	double completing = b->t_s > a->t_s
				    ? (b->request_seconds - a->request_seconds) / (b->t_s - a->t_s)
				    : NAN;

	return isnan(b->in_flight) ? completing : b->in_flight;
}

static double smooth(double before, double now, double step_s, double over_s)
{
	if (isnan(now))
		return before;
	return isnan(before) ? now : before + (1 - exp(-step_s / over_s)) * (now - before);
}

struct load_now load_init(void)
{
	return (struct load_now){.known = true, .surged_s = INFINITY};
}

static bool stands_out(double now, double mean, double least)
{
	return now > SURGE_FACTOR * mean + least;
}

static void follow_mean(double *mean, double now, double length, double seen_s)
{
	*mean += (now - *mean) * (seen_s > 0 ? -expm1(-length / fmin(seen_s, SURGE_MEMORY_S)) : 1);
}

static void watch_for_surges(struct load_now *load, double step_s, double flight, double rate)
{
	bool out = load->seen_s >= SURGE_KNOWN_S &&
		   (stands_out(flight, load->flight_mean, SURGE_FLIGHT_LEAST) ||
			   stands_out(rate, load->rate_mean, SURGE_RATE_LEAST));
	double length = step_s * (out ? SURGE_ADAPTS : 1);

	load->surged_s = out ? 0 : load->surged_s + step_s;
	if (!isnan(flight))
		follow_mean(&load->flight_mean, flight, length, load->seen_s);
	if (!isnan(rate))
		follow_mean(&load->rate_mean, rate, length, load->seen_s);
	load->seen_s += step_s;
	load->surging_share += ((load->surged_s <= SURGE_TAIL_S) - load->surging_share) *
			       -expm1(-step_s / fmin(load->seen_s, SURGE_SHARE_S));
}

bool load_is_surging(const struct load_now *load)
{
	return load->surged_s <= SURGE_TAIL_S && load->surging_share < SURGE_USUAL;
}

static void fill_columns(struct load_now *load, double little, double qps, double step_s)
{
	bool first = !load->has_qps;

	load->has_little |= !isnan(little);
	load->has_qps |= !isnan(qps);
	load->known = (!load->has_little || !isnan(little)) && (!load->has_qps || !isnan(qps));
	if (isnan(qps) || !load->known)
		return;
	load->fast = first ? qps : smooth(load->fast, qps, step_s, FAST_S);
	load->slow = first ? qps : smooth(load->slow, qps, step_s, SLOW_S);
	load->columns[0] = load->has_little ? little : 0;
	load->columns[1] = load->fast;
	load->columns[2] = load->slow;
}

void little_next(struct load_now *load, const struct series_point *before,
	const struct series_point *point, double handlers)
{
	double little = interval_little(before, point), qps = interval_qps(before, point);
	double step_s = point->t_s - before->t_s;
	double births = step_s > 0 ? (point->births - before->births) / step_s : NAN;

	if (!(step_s > 0))
		return;
	fill_columns(load, little, qps, step_s);
	watch_for_surges(
		load, step_s, isnan(little) ? handlers : little, isnan(qps) ? births : qps);
}

// First index of the window, and the stride that keeps it within LITTLE_POINTS_MAX.
static uint32_t window_start(const struct series *series, uint32_t life, uint32_t *stride)
{
	uint32_t count = series_count(series), first = count;

	while (first > 0 && series_at(series, first - 1)->life == life &&
		series->last.t_s - series_at(series, first - 1)->t_s <= LITTLE_WINDOW_S)
		first--;
	*stride = (count - first) / LITTLE_POINTS_MAX + 1;
	return first;
}

static void add_row(struct load_rows *rows, const struct series_point *point, double little,
	double fast, double slow)
{
	double *row = &rows->x[rows->count * (uint32_t)rows->columns];
	int at = 0;

	row[at++] = 1;
	row[at++] = point->t_s;
	if (rows->has_little)
		row[at++] = little;
	if (rows->has_qps) {
		row[at++] = fast;
		row[at++] = slow;
	}
	rows->y[rows->count++] = point->goroutines;
}

static void gather(const struct series *series, uint32_t life, struct load_rows *rows)
{
	uint32_t stride, first = window_start(series, life, &stride);
	double fast = NAN, slow = NAN;

	for (uint32_t i = first + 1; i < series_count(series); i++) {
		const struct series_point *a = series_at(series, i - 1), *b = series_at(series, i);
		double little = interval_little(a, b), qps = interval_qps(a, b);

		fast = smooth(fast, qps, b->t_s - a->t_s, FAST_S);
		slow = smooth(slow, qps, b->t_s - a->t_s, SLOW_S);
		if ((i - first) % stride || isnan(b->goroutines) ||
			(rows->has_little && isnan(little)) || (rows->has_qps && isnan(fast)) ||
			rows->count == LITTLE_POINTS_MAX)
			continue;
		add_row(rows, b, little, fast, slow);
	}
}

static bool columns_of(const struct series *series, struct load_rows *rows)
{
	rows->has_little = !isnan(series->last.in_flight) || !isnan(series->last.request_seconds);
	rows->has_qps = !isnan(series->last.requests);
	rows->columns = 2 + rows->has_little + 2 * rows->has_qps;
	return rows->columns > 2;
}

struct excess little_excess_now(const struct series *series, uint32_t life)
{
	struct excess excess = {.value = series->last.goroutines};
	struct load_rows rows = {0};
	struct regression fit;
	double ridge[COLUMNS_MAX] = {0};

	if (isnan(excess.value) || !columns_of(series, &rows))
		return excess;
	gather(series, life, &rows);
	if (rows.count < POINTS_MIN)
		return excess;
	for (int j = 2; j < rows.columns; j++)
		ridge[j] = RIDGE / sqrt(rows.count);
	if (regress_ridge(rows.x, rows.y, NULL, rows.count, rows.columns, ridge, &fit) < 0)
		return excess;
	excess.has_load = true;
	for (int j = 2; j < rows.columns; j++)
		excess.value -= fmax(0, fit.coefficient[j]) *
				rows.x[(rows.count - 1) * (uint32_t)rows.columns + (uint32_t)j];
	excess.per_request = rows.has_little ? fmax(0, fit.coefficient[2]) : 0;
	return excess;
}

double little_in_flight(const struct series *series, uint32_t life)
{
	uint32_t count = series_count(series), first = 0;
	double sum = 0, seconds = 0;

	while (first < count && series_at(series, first)->life != life)
		first++;
	first += (count - first) * 2 / 3;
	for (uint32_t i = first > 0 ? first : 1; i < count; i++) {
		const struct series_point *a = series_at(series, i - 1), *b = series_at(series, i);
		double little = interval_little(a, b);

		if (a->life != life || isnan(little) || !(b->t_s > a->t_s))
			continue;
		sum += little * (b->t_s - a->t_s);
		seconds += b->t_s - a->t_s;
	}
	return seconds > 0 ? sum / seconds : NAN;
}

static double load_at(const struct series_point *point, bool requests)
{
	return requests ? point->requests : point->births;
}

double little_ramp(const struct series *series, uint32_t life)
{
	bool requests = !isnan(series->last.requests);
	const struct series_point *first = NULL, *middle = NULL, *last = NULL;
	double before, after;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life != life || isnan(load_at(point, requests)))
			continue;
		first = first ? first : point;
		last = point;
	}
	for (uint32_t i = 0; last && i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->life == life && !isnan(load_at(point, requests)) &&
			point->t_s <= (first->t_s + last->t_s) / 2)
			middle = point;
	}
	if (!middle || !(middle->t_s > first->t_s) || !(last->t_s > middle->t_s))
		return NAN;
	before =
		(load_at(middle, requests) - load_at(first, requests)) / (middle->t_s - first->t_s);
	after = (load_at(last, requests) - load_at(middle, requests)) / (last->t_s - middle->t_s);
	return before > 0 ? after / before : NAN;
}

double little_stuck_share(const struct series *series, double from_s, double to_s)
{
	const struct series_point *first = NULL, *last = NULL;
	double stuck, completed;

	for (uint32_t i = 0; i < series_count(series); i++) {
		const struct series_point *point = series_at(series, i);

		if (point->t_s < from_s || point->t_s > to_s || isnan(point->in_flight) ||
			isnan(point->requests))
			continue;
		first = first ? first : point;
		last = point;
	}
	if (!first || last == first)
		return NAN;
	stuck = fmax(0, last->in_flight - first->in_flight);
	completed = last->requests - first->requests;
	return stuck + completed > 0 ? stuck / (stuck + completed) : NAN;
}

bool stack_is_handler(const struct stack *stack)
{
	static const struct str roots[] = {
		STR("net/http.(*conn).serve"),
		STR("net/http.(*http2serverConn).runHandler"),
		STR("golang.org/x/net/http2.(*serverConn).runHandler"),
		STR("google.golang.org/grpc.(*Server).handleStream"),
	};

	for (uint32_t i = 0; stack && i < stack->frame_count; i++)
		for (size_t j = 0; j < sizeof(roots) / sizeof(roots[0]); j++)
			if (str_equal(stack->frames[i].function, roots[j]))
				return true;
	return false;
}

bool stack_is_idle_connection(const struct stack *stack)
{
	const struct frame *site = stack ? stack_site(stack) : NULL;

	return site && stack_is_handler(stack) &&
	       package_is_standard(function_package(site->function));
}
