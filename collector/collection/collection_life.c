// SPDX-License-Identifier: Apache-2.0
// Telling lives of a process apart by its start, CPU time, IDs and contention.
#include "collector/collection/collection_life.h"

#include <math.h>
#include <string.h>

#define START_SLACK_S 1.0
// IDs are handed out in batches of 16 per P: the largest one seen can step back by a batch each.
#define ID_BATCH 16.0
#define UNKNOWN_PROCS 64.0

static bool fell(double before, double now)
{
	return !isnan(before) && !isnan(now) && now < before;
}

static bool ids_fell(const struct life *life, const struct life_signs *signs)
{
	double procs = signs->gomaxprocs >= 1  ? signs->gomaxprocs
		       : life->gomaxprocs >= 1 ? life->gomaxprocs
					       : UNKNOWN_PROCS;

	if (life->max_id == 0 || signs->max_id == 0)
		return false;
	return (double)signs->max_id + ID_BATCH * procs < (double)life->max_id;
}

static bool same_start(double a, double b)
{
	return !isnan(a) && !isnan(b) && fabs(a - b) < START_SLACK_S;
}

// A life with this start that answered before, or NULL.
static struct life *find_start(struct lives *lives, double start_s)
{
	for (uint32_t i = 0; i < lives->count; i++)
		if (same_start(lives->known[i].start_s, start_s))
			return &lives->known[i];
	return NULL;
}

static struct life *begin_life(struct lives *lives)
{
	struct life *life;

	if (lives->count == LIVES_MAX) {
		memmove(lives->known, lives->known + 1, (LIVES_MAX - 1) * sizeof(*lives->known));
		lives->count--;
	}
	life = &lives->known[lives->count];
	*life = (struct life){
		.number = ++lives->last_number, .start_s = NAN, .cpu_s = NAN, .contention = NAN};
	lives->current = lives->count++;
	return life;
}

// It was started between the last answer and this one: a young process has no CPU time or IDs to
// fall.
static bool started_since(const struct life *life, const struct life_signs *signs)
{
	return life->seen_s > 0 && signs->now_s > 0 && signs->start_s > life->seen_s &&
	       signs->start_s <= signs->now_s + START_SLACK_S;
}

static void remember(
	struct life *life, const struct life_signs *signs, const struct life_verdict *verdict)
{
	if (!verdict->metrics_stale && !isnan(signs->start_s))
		life->start_s = signs->start_s;
	if (!verdict->metrics_stale && !isnan(signs->cpu_s))
		life->cpu_s = signs->cpu_s;
	if (signs->gomaxprocs >= 1)
		life->gomaxprocs = signs->gomaxprocs;
	if (signs->max_id > 0)
		life->max_id = signs->max_id;
	if (!verdict->contention_stale && !isnan(signs->contention))
		life->contention = signs->contention;
	life->seen_s = signs->now_s;
}

// The start is known and has moved: another life, unless only the clock was set.
static struct life *after_moved_start(
	struct lives *lives, struct life *current, const struct life_signs *signs)
{
	struct life *earlier = find_start(lives, signs->start_s);
	bool tells =
		!isnan(current->cpu_s) && !isnan(signs->cpu_s) && !started_since(current, signs);

	if (earlier) {
		lives->current = (uint32_t)(earlier - lives->known);
		return earlier;
	}
	if (tells && !fell(current->cpu_s, signs->cpu_s) && !ids_fell(current, signs))
		return current;
	return begin_life(lives);
}

struct life_verdict lives_identify(struct lives *lives, const struct life_signs *signs)
{
	struct life_verdict verdict = {0};
	uint32_t last = lives->last_number;
	struct life *life;

	if (lives->count == 0) {
		life = begin_life(lives);
	} else {
		life = &lives->known[lives->current];
		if (!isnan(signs->start_s) && !isnan(life->start_s) &&
			!same_start(signs->start_s, life->start_s)) {
			life = after_moved_start(lives, life, signs);
		} else if (ids_fell(life, signs)) {
			verdict.metrics_stale = !isnan(life->start_s) && !isnan(signs->start_s);
			life = begin_life(lives);
		} else if (fell(life->contention, signs->contention)) {
			// With IDs or a start the next round tells; without, this is the only sign.
			verdict.contention_stale = signs->max_id > 0 || !isnan(signs->start_s);
			if (!verdict.contention_stale)
				life = begin_life(lives);
		}
	}
	remember(life, signs, &verdict);
	verdict.number = life->number;
	verdict.is_new = lives->last_number != last;
	return verdict;
}
