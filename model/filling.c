// SPDX-License-Identifier: Apache-2.0
// Where a slowing growth will end.
#include "model/filling.h"

#include <math.h>

#define STARTED_SHARE 0.1 // of the size now: where its growth began
#define WITHIN_A_TENTH 2.303 // time constants until a tenth of the way is left

static double count_at(const struct seen_stack *seen, double t_s)
{
	double count = 0;

	for (uint32_t i = 0; i < seen->point_count && (double)seen->points[i].t_s <= t_s + 1e-3;
		i++)
		count = seen->points[i].count;
	return count;
}

static double growth_start_s(const struct target *target, const struct seen_stack *seen)
{
	double start_s = target->life->first_t_s;

	for (uint32_t i = 0; i < seen->point_count; i++)
		if ((double)seen->points[i].t_s >= target->life->first_t_s - 1e-3 &&
			seen->points[i].count <= STARTED_SHARE * (double)seen->count_last)
			start_s = seen->points[i].t_s;
	return start_s;
}

// Thirds of the growth shrink by one factor when it tends to a size exponentially.
static void find_end(
	const struct target *target, const struct seen_stack *seen, struct filling *filling)
{
	double now = (double)seen->count_last, start_s = growth_start_s(target, seen);
	double third_s = (target->life->last_t_s - start_s) / 3, constant_s, rate;

	filling->came_first = count_at(seen, start_s + third_s) - count_at(seen, start_s);
	filling->came_last = now - count_at(seen, start_s + 2 * third_s);
	if (!(third_s > 0) || !(filling->came_first > filling->came_last))
		return;
	filling->ends_near = now;
	filling->wait_s = third_s;
	if (filling->came_last >= 1) {
		constant_s = 2 * third_s / log(filling->came_first / filling->came_last);
		rate = filling->came_last / third_s * exp(-third_s / 2 / constant_s);
		filling->ends_near = now + rate * constant_s;
		filling->wait_s = WITHIN_A_TENTH * constant_s;
	}
	filling->decides = FILLING_ABOVE * filling->ends_near;
}

// The life before did not end in the middle of a growth, as that of a leak would.
static bool levelled_before(const struct target *target, const struct seen_stack *seen)
{
	const struct life *before =
		target->life->index > 0 ? target->lives[target->life->index - 1] : NULL;
	double late_s, last;

	if (!before || !(before->last_t_s > before->first_t_s))
		return false;
	late_s = before->last_t_s - (before->last_t_s - before->first_t_s) / 3;
	last = count_at(seen, before->last_t_s);
	return last - count_at(seen, late_s) <= FILLING_LEVEL_SHARE * seen->high_water;
}

static bool is_below_before(const struct target *target, const struct seen_stack *seen)
{
	return seen->high_water >= 1 &&
	       (double)seen->count_last <= DETECTOR_HIGH_WATER_FACTOR * seen->high_water &&
	       levelled_before(target, seen);
}

static void find_wait(
	const struct target *target, const struct seen_stack *seen, struct filling *filling)
{
	double seconds = target->life->last_t_s - target->life->first_t_s;
	double rate = (double)seen->count_last / seconds;

	filling->before = seen->high_water;
	filling->decides = DETECTOR_HIGH_WATER_FACTOR * seen->high_water;
	filling->wait_s = fmax(0, filling->decides - (double)seen->count_last) / rate;
}

bool filling_of(const struct target *target, const struct seen_stack *seen, bool slowing,
	struct filling *filling)
{
	*filling = (struct filling){.ends_near = NAN, .wait_s = NAN, .decides = NAN};
	if (is_below_before(target, seen)) {
		find_wait(target, seen, filling);
		return true;
	}
	if (slowing)
		find_end(target, seen, filling);
	return slowing;
}
