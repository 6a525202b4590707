// SPDX-License-Identifier: Apache-2.0
// Differences of cumulative profiles.
#include "model/contention.h"

#include "model/distribution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 0.95
#define GROWTH_INTERVALS_MIN 4

void contention_release(struct contention *contention)
{
	free(contention->rows);
	free(contention->points);
	*contention = (struct contention){0};
}

static int compare_rows(const struct contention_row *row, const struct observed_contention *seen)
{
	if (row->mutex != seen->mutex)
		return row->mutex < seen->mutex ? -1 : 1;
	if (row->stack->key != seen->stack->key)
		return row->stack->key < seen->stack->key ? -1 : 1;
	return 0;
}

static int find_row(struct contention *contention, const struct observed_contention *seen,
	struct contention_row **found)
{
	uint32_t low = 0, high = contention->row_count;
	struct contention_row *moved;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = compare_rows(&contention->rows[middle], seen);

		if (order == 0) {
			*found = &contention->rows[middle];
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (contention->row_count == contention->row_capacity) {
		uint32_t bigger = contention->row_capacity ? 2 * contention->row_capacity : 32;

		moved = reallocarray(contention->rows, bigger, sizeof(*moved));
		if (!moved)
			return -ENOMEM;
		contention->rows = moved;
		contention->row_capacity = bigger;
	}
	*found = &contention->rows[low];
	memmove(*found + 1, *found, (contention->row_count - low) * sizeof(**found));
	contention->row_count++;
	**found = (struct contention_row){.mutex = seen->mutex, .stack = seen->stack};
	return 0;
}

static double difference(double *raw, double now)
{
	double grown = now >= *raw ? now - *raw : now;

	*raw = now;
	return grown;
}

// Half as many points, each over twice the time.
static void join_points(struct contention *contention)
{
	for (uint32_t i = 0; i < CONTENTION_POINTS_MAX / 2; i++) {
		const struct contention_point *a = &contention->points[2 * i], *b = a + 1;
		double seconds = a->seconds + b->seconds;

		contention->points[i] = (struct contention_point){
			.t_s = b->t_s,
			.seconds = seconds,
			.others = (a->others * a->seconds + b->others * b->seconds) / seconds,
			.locks = (a->locks * a->seconds + b->locks * b->seconds) / seconds,
			.mutex = (a->mutex * a->seconds + b->mutex * b->seconds) / seconds,
		};
	}
	contention->point_count = CONTENTION_POINTS_MAX / 2;
}

static int add_point(struct contention *contention, double t_s, double length_s)
{
	struct contention_point point = {.t_s = t_s, .seconds = length_s};

	if (!contention->points) {
		contention->points = calloc(CONTENTION_POINTS_MAX, sizeof(*contention->points));
		if (!contention->points)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < contention->row_count; i++) {
		const struct contention_row *row = &contention->rows[i];
		enum contention_kind kind = contention_kind_of(row->mutex, row->stack);
		double *sum = row->mutex                ? &point.mutex
			      : kind == CONTENTION_LOCK ? &point.locks
							: &point.others;

		*sum += row->now_delay_ns / 1e9 / length_s;
	}
	if (contention->point_count == CONTENTION_POINTS_MAX)
		join_points(contention);
	contention->points[contention->point_count++] = point;
	return 0;
}

static void close_interval(struct contention *contention, double length_s, double middle_s)
{
	for (uint32_t i = 0; i < contention->row_count; i++) {
		struct contention_row *row = &contention->rows[i];
		double delay_s = row->now_delay_ns / 1e9;

		row->count += row->now_count;
		row->delay_ns += row->now_delay_ns;
		row->count_squares += row->now_count * row->now_count / length_s;
		row->delay_squares += delay_s * delay_s / length_s;
		row->delay_moment += delay_s * middle_s;
	}
	contention->time_moment += length_s * middle_s;
	contention->time_squares += length_s * middle_s * middle_s;
	contention->seconds += length_s;
	contention->intervals++;
}

static void clear_interval(struct contention *contention, bool new_life)
{
	for (uint32_t i = 0; i < contention->row_count; i++) {
		struct contention_row *row = &contention->rows[i];

		row->now_count = row->now_delay_ns = 0;
		if (new_life)
			row->raw_count = row->raw_delay_ns = 0;
	}
}

int contention_add(struct contention *contention, const struct observed_contention *rows,
	uint32_t count, double t_s, bool new_life)
{
	double length_s = t_s - contention->last_t_s;
	bool first = contention->fetches == 0, block = false, mutex = false;
	int r = 0;

	clear_interval(contention, new_life);
	for (uint32_t i = 0; i < count; i++) {
		struct contention_row *row;

		r = find_row(contention, &rows[i], &row);
		if (r < 0)
			return r;
		block |= !rows[i].mutex;
		mutex |= rows[i].mutex;
		row->now_count += difference(&row->raw_count, rows[i].count);
		row->now_delay_ns += difference(&row->raw_delay_ns, rows[i].delay_ns);
	}
	if (first) {
		contention->first_t_s = t_s;
	} else if (!new_life && length_s > 0) {
		close_interval(contention, length_s, t_s - length_s / 2 - contention->first_t_s);
		r = add_point(contention, t_s, length_s);
	}
	contention->last_t_s = t_s;
	contention->fetches++;
	contention->filled += count > 0;
	contention->block_filled += block;
	contention->mutex_filled += mutex;
	return r;
}

// A sum over intervals of a rate that varies between them: mean +- t s / sqrt(n), weighted by
// length.
static struct estimate rate_of(
	const struct contention *contention, double sum, double squares, const char *method)
{
	double n = contention->intervals;
	double rate = sum / contention->seconds;
	double variance, reach;

	if (n < 3)
		return estimate_of(rate, 0, INFINITY, LEVEL, method, contention->intervals);
	variance = fmax(0, (squares - rate * sum) / (n - 1)) / contention->seconds;
	reach = student_t_quantile(1 - (1 - LEVEL) / 2, n - 1) * sqrt(variance);
	return estimate_of(
		rate, fmax(0, rate - reach), rate + reach, LEVEL, method, contention->intervals);
}

static struct estimate mean_wait_of(const struct contention_row *row)
{
	double mean_ms, reach;

	if (!(row->count > 0))
		return estimate_none("no event in this time");
	mean_ms = row->delay_ns / 1e6 / row->count;
	// Waits are about exponential, so their deviation is about their mean.
	reach = exp(1.96 / sqrt(row->count));
	return estimate_of(mean_ms, mean_ms / reach, mean_ms * reach, LEVEL,
		"delay over events, exponential waits", (uint32_t)fmin(row->count, UINT32_MAX));
}

// Of the weighted line of waiters on time: sums of squares about the means.
struct line {
	double xx, xy, yy, mean_x, mean_y;
};

static struct line line_of(const struct contention *contention, const struct contention_row *row)
{
	double weight = contention->seconds, delay_s = row->delay_ns / 1e9;

	return (struct line){
		.xx = contention->time_squares -
		      contention->time_moment * contention->time_moment / weight,
		.xy = row->delay_moment - contention->time_moment * delay_s / weight,
		.yy = row->delay_squares - delay_s * delay_s / weight,
		.mean_x = contention->time_moment / weight,
		.mean_y = delay_s / weight,
	};
}

struct estimate contention_growth_of(
	const struct contention *contention, const struct contention_row *row)
{
	double n = contention->intervals, slope, left, reach;
	struct line line;

	if (n < GROWTH_INTERVALS_MIN)
		return estimate_none("needs %d snapshots of the profile", GROWTH_INTERVALS_MIN + 1);
	line = line_of(contention, row);
	if (!(line.xx > 0))
		return estimate_none("the snapshots carry no times");
	slope = line.xy / line.xx;
	left = fmax(0, line.yy - slope * line.xy) / (n - 2);
	reach = student_t_quantile(1 - (1 - LEVEL) / 2, n - 2) * sqrt(left / line.xx);
	return estimate_of(slope, slope - reach, slope + reach, LEVEL, "line through the intervals",
		contention->intervals);
}

double contention_waiters_now(const struct contention *contention, const struct contention_row *row)
{
	struct estimate growth = contention_growth_of(contention, row);
	struct line line;

	if (!(contention->seconds > 0))
		return NAN;
	line = line_of(contention, row);
	if (!estimate_known(&growth))
		return line.mean_y;
	return fmax(0, line.mean_y + growth.value * (contention->last_t_s - contention->first_t_s -
							    line.mean_x));
}

enum contention_kind contention_kind_of(bool mutex, const struct stack *stack)
{
	static const struct str locks[] = {STR("sync.(*Mutex)."), STR("sync.(*RWMutex)."),
		STR("sync.(*rlocker)."), STR("internal/sync.(*Mutex).")};
	struct str innermost;

	if (mutex)
		return CONTENTION_LOCK;
	innermost = stack->frame_count > 0 ? stack->frames[0].function : STR_EMPTY;
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
		if (str_starts(innermost, locks[i]))
			return CONTENTION_LOCK;
	if (str_starts(innermost, STR("sync.(*WaitGroup).")))
		return CONTENTION_WAITGROUP;
	return str_equal(innermost, STR("sync.(*Cond).Wait")) ? CONTENTION_COND
							      : CONTENTION_CHANNEL;
}

struct contention_rate contention_rate_of(
	const struct contention *contention, const struct contention_row *row)
{
	struct contention_rate rate = {.mutex = row->mutex,
		.kind = contention_kind_of(row->mutex, row->stack),
		.stack = row->stack};

	if (!(contention->seconds > 0)) {
		rate.events_per_s = rate.mean_wait_ms = rate.waiters =
			estimate_none("one snapshot: the profile counts since process start");
		return rate;
	}
	rate.events_per_s =
		rate_of(contention, row->count, row->count_squares, "difference of profiles");
	rate.mean_wait_ms = mean_wait_of(row);
	rate.waiters = rate_of(
		contention, row->delay_ns / 1e9, row->delay_squares, "difference of profiles");
	return rate;
}
