// SPDX-License-Identifier: Apache-2.0
// Common births, by IDs, by cohorts, by counts.
#include "model/together.h"

#include "model/distribution.h"
#include "model/survivors.h"

#include <math.h>

#define NEIGHBOUR_IDS 4
#define DENSEST 0.5 // share of IDs with a neighbour by chance, above which neighbours tell nothing
#define VARIED 0.3 // variance of the cohorts over their mean, at least
#define PIECES_MIN 4
#define COUNT_PIECES_MIN 6

// Arrivals of two stacks in the same pieces of time.
struct cohorts {
	double a[SURVIVORS_COHORTS], b[SURVIVORS_COHORTS];
	double sum_a, sum_b;
	double time[SURVIVORS_COHORTS], load[SURVIVORS_COHORTS]; // length of each piece
	unsigned pieces;
};

static struct together none(void)
{
	return (struct together){false, NAN};
}

static void sum_up(struct cohorts *cohorts)
{
	cohorts->sum_a = cohorts->sum_b = 0;
	for (unsigned i = 0; i < cohorts->pieces; i++) {
		cohorts->sum_a += cohorts->a[i];
		cohorts->sum_b += cohorts->b[i];
	}
}

// Variance over mean of one stack's cohorts about what the length of each expects: 1 by chance, 0
// for a clock.
static double variation(const double *counts, double sum, const double *length, unsigned pieces)
{
	double whole = 0, squares = 0;

	for (unsigned i = 0; i < pieces; i++)
		whole += length[i];
	for (unsigned i = 0; i < pieces && whole > 0; i++) {
		double expected = sum * length[i] / whole;

		squares += (counts[i] - expected) * (counts[i] - expected);
	}
	return squares / (pieces - 1) / (sum / pieces);
}

// About the time as well as about the load: every tenth request is a clock, too.
static bool both_vary(const struct cohorts *cohorts)
{
	const double *counts[] = {cohorts->a, cohorts->b},
		     sums[] = {cohorts->sum_a, cohorts->sum_b};
	double whole_load = 0;

	for (unsigned i = 0; i < cohorts->pieces; i++)
		whole_load += cohorts->load[i];
	for (int i = 0; i < 2; i++)
		if (variation(counts[i], sums[i], cohorts->time, cohorts->pieces) < VARIED ||
			(whole_load > 0 && variation(counts[i], sums[i], cohorts->load,
						   cohorts->pieces) < VARIED))
			return false;
	return true;
}

// Chance that independent arrivals stay so close to their ratio: what is left of the difference,
// over the variance that both have by chance, is about chi-square.
static double p_independent(const struct cohorts *cohorts)
{
	double ratio = cohorts->sum_a / cohorts->sum_b, off = 0, chance = 0;

	for (unsigned i = 0; i < cohorts->pieces; i++) {
		double apart = cohorts->a[i] - ratio * cohorts->b[i];

		off += apart * apart;
		chance += fabs(cohorts->a[i]) + ratio * ratio * fabs(cohorts->b[i]);
	}
	return chi_square_cdf(off / chance * cohorts->pieces, cohorts->pieces - 1);
}

static struct together by_cohorts(struct cohorts *cohorts, unsigned pieces_min, bool related)
{
	struct together together = none();
	double few, many;

	sum_up(cohorts);
	few = fmin(cohorts->sum_a, cohorts->sum_b);
	many = fmax(cohorts->sum_a, cohorts->sum_b);
	if (cohorts->pieces < pieces_min || few < TOGETHER_MIN || many > TOGETHER_RATIO * few)
		return together;
	together.ratio = cohorts->sum_b / cohorts->sum_a;
	together.joined = both_vary(cohorts) &&
			  p_independent(cohorts) < (related ? TOGETHER_RELATED_P : TOGETHER_P);
	return together;
}

static double id_span(const struct tracked_stack *a, const struct tracked_stack *b)
{
	uint64_t low = a->goroutines[0].id, high = a->goroutines[a->count - 1].id;

	if (b->goroutines[0].id < low)
		low = b->goroutines[0].id;
	if (b->goroutines[b->count - 1].id > high)
		high = b->goroutines[b->count - 1].id;
	return (double)(high - low) + 1;
}

static uint32_t count_neighbours(const struct tracked_stack *few, const struct tracked_stack *many)
{
	uint32_t at = 0, near = 0;

	for (uint32_t i = 0; i < few->count; i++) {
		uint64_t id = few->goroutines[i].id;

		while (at < many->count && many->goroutines[at].id + NEIGHBOUR_IDS < id)
			at++;
		near += at < many->count && many->goroutines[at].id <= id + NEIGHBOUR_IDS;
	}
	return near;
}

// Where the many fill the axis of IDs, everybody has them as neighbours.
static bool are_neighbours(const struct tracked_stack *a, const struct tracked_stack *b)
{
	const struct tracked_stack *few = a->count < b->count ? a : b, *many = few == a ? b : a;
	double by_chance, near;

	if (few->count < TOGETHER_MIN || many->count > TOGETHER_RATIO * few->count)
		return false;
	by_chance = 1 - pow(1 - fmin(1, many->count / id_span(a, b)), 2 * NEIGHBOUR_IDS);
	near = count_neighbours(few, many);
	return by_chance < DENSEST && near >= TOGETHER_NEIGHBOURS * few->count &&
	       binomial_upper_tail(near, few->count, by_chance) < TOGETHER_NEIGHBOURS_P;
}

static struct together by_ids(const struct tracker *tracker, const struct tracked_stack *a,
	const struct tracked_stack *b, bool related)
{
	struct cohorts cohorts = {.pieces = 0};
	struct together together = none();

	if (a->count == 0 || b->count == 0)
		return together;
	if (tracker->tick_count > PIECES_MIN) {
		cohorts.pieces = cohorts_of(tracker, a, cohorts.a);
		(void)cohorts_of(tracker, b, cohorts.b);
		cohort_exposure(tracker, cohorts.pieces, false, cohorts.time);
		cohort_exposure(tracker, cohorts.pieces, true, cohorts.load);
		together = by_cohorts(&cohorts, PIECES_MIN, related);
	}
	if (are_neighbours(a, b))
		together.joined = true;
	if (together.joined && isnan(together.ratio))
		together.ratio = (double)b->count / a->count;
	return together;
}

// The count at a time; `*at` is where to look from, since times only grow.
static bool find_count(const struct seen_stack *seen, double t_s, uint32_t *at, double *count)
{
	while (*at < seen->point_count && (double)seen->points[*at].t_s < t_s - 1e-3)
		(*at)++;
	if (*at == seen->point_count || (double)seen->points[*at].t_s > t_s + 1e-3)
		return false;
	*count = seen->points[*at].count;
	return true;
}

// Growth of both between points that both have, in at most SURVIVORS_COHORTS pieces. Falling counts
// are not arrivals.
static bool growth_pieces(const struct target *target, const struct seen_stack *a,
	const struct seen_stack *b, struct cohorts *cohorts)
{
	uint32_t stride = a->point_count / SURVIVORS_COHORTS + 1, taken = 0, at_b = 0;
	double before_a = NAN, before_b = NAN, before_s = NAN, count_b;

	for (uint32_t i = 0; i < a->point_count; i++) {
		double t_s = a->points[i].t_s, count_a = a->points[i].count;

		if (t_s < target->life->first_t_s - 1e-3 || !find_count(b, t_s, &at_b, &count_b) ||
			taken++ % stride != 0)
			continue;
		if (!isnan(before_a) && cohorts->pieces < SURVIVORS_COHORTS) {
			if (count_a < before_a || count_b < before_b)
				return false;
			cohorts->a[cohorts->pieces] = count_a - before_a;
			cohorts->time[cohorts->pieces] = t_s - before_s;
			cohorts->b[cohorts->pieces++] = count_b - before_b;
		}
		before_s = t_s;
		before_a = count_a;
		before_b = count_b;
	}
	return cohorts->pieces > 1;
}

struct together born_together(const struct target *target, const struct seen_stack *a,
	const struct seen_stack *b, bool related)
{
	const struct tracker *tracker = target->life->tracker;
	const struct tracked_stack *x = tracker ? tracker_find(tracker, a->stack) : NULL;
	const struct tracked_stack *y = tracker ? tracker_find(tracker, b->stack) : NULL;
	struct cohorts cohorts = {.pieces = 0};

	if ((double)a->count_last < TOGETHER_MIN || (double)b->count_last < TOGETHER_MIN)
		return none(); // there are many stacks, and each pair is asked for
	if (x && y && target->life->counts_since_dump == 0)
		return by_ids(tracker, x, y, related);
	if (!growth_pieces(target, a, b, &cohorts))
		return none();
	return by_cohorts(&cohorts, COUNT_PIECES_MIN, related);
}
