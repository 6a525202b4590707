// SPDX-License-Identifier: Apache-2.0
// Counts along the axis of IDs, tested for evenness.
#include "model/id_axis.h"

#include "model/distribution.h"

#define LEVEL 0.95
#define EVEN_P 0.001
#define PER_PART 4 // expected in a part, so that chi-square holds
#define PARTS_MIN 4
#define EARLY_SHARE 0.5

struct axis {
	double counts[ID_AXIS_PARTS];
	int parts, first; // first: where the stack begins to exist
	double sum;
};

// Twenty parts, fewer when the goroutines are few; the newest holds work in progress and is left
// out.
static struct axis lay_out(
	const struct tracked_goroutine *goroutines, uint32_t count, uint64_t max_id)
{
	struct axis axis = {.parts = ID_AXIS_PARTS};

	while (axis.parts > PARTS_MIN + 1 && count < (uint32_t)(PER_PART * axis.parts))
		axis.parts--;
	for (uint32_t i = 0; i < count; i++) {
		double place = (double)goroutines[i].id / ((double)max_id + 1) * axis.parts;

		if (place < axis.parts)
			axis.counts[(int)place]++;
	}
	axis.parts--;
	for (int i = 0; i < axis.parts; i++)
		axis.sum += axis.counts[i];
	return axis;
}

// A leak may begin long after the process: leading parts with next to nothing are skipped. The part
// in which it began is only partly covered, and goes with them.
static void skip_leading(struct axis *axis)
{
	double skipped = 0;

	while (axis->first < axis->parts - PARTS_MIN &&
		skipped + axis->counts[axis->first] <= 0.02 * axis->sum)
		skipped += axis->counts[axis->first++];
	if (axis->first > 0 && axis->first < axis->parts - PARTS_MIN)
		skipped += axis->counts[axis->first++];
	axis->sum -= skipped;
}

static double evenness(const struct axis *axis)
{
	int used = axis->parts - axis->first;
	double expected = axis->sum / used, squares = 0;

	for (int i = axis->first; i < axis->parts; i++)
		squares += (axis->counts[i] - expected) * (axis->counts[i] - expected) / expected;
	return 1 - chi_square_cdf(squares, used - 1);
}

struct id_axis id_axis_of(
	const struct tracked_goroutine *goroutines, uint32_t count, uint64_t max_id)
{
	struct id_axis result = {.p_value = NAN, .per_birth = estimate_none("too few goroutines")};
	struct axis axis;
	struct interval interval;

	if (count < ID_AXIS_COUNT_MIN || max_id < count)
		return result;
	axis = lay_out(goroutines, count, max_id);
	if (axis.sum < 0.5 * count) {
		result.shape = ID_SHAPE_LATE;
		return result;
	}
	if (axis.counts[0] > EARLY_SHARE * axis.sum) {
		result.shape = ID_SHAPE_EARLY;
		return result;
	}
	skip_leading(&axis);
	if (axis.sum < ID_AXIS_COUNT_MIN)
		return result;
	result.p_value = evenness(&axis);
	result.shape = result.p_value >= EVEN_P ? ID_SHAPE_EVEN : ID_SHAPE_UNEVEN;
	result.count = (uint32_t)axis.sum;
	result.births = (double)max_id * (axis.parts - axis.first) / (axis.parts + 1);
	interval = poisson_interval(axis.sum, LEVEL);
	result.per_birth = estimate_of(axis.sum / result.births, interval.low / result.births,
		interval.high / result.births, LEVEL, "ID axis of one dump", result.count);
	return result;
}
