// SPDX-License-Identifier: Apache-2.0
// Where a collection stands, in one line.
#include "collector/commands/progress.h"

#include "base/clock.h"
#include "collector/form/escape.h"

#include <math.h>

#define NAME_COLUMNS 40

// A bound: rounds that are left, at the interval that each target has now.
static double seconds_left(const struct collection *collection, double now_ms)
{
	double longest = 0;

	for (size_t i = 0; i < collection->target_count; i++) {
		const struct collection_target *target = &collection->targets[i];
		double rounds = (double)collection->rounds - target->rounds;
		double until_next = target->busy ? 0 : fmax(target->next_ms - now_ms, 0) / 1e3;

		if (rounds > 0)
			longest = fmax(longest, until_next + (rounds - 1) * target->interval_s);
	}
	return longest;
}

static void write_one(struct buf *out, const struct collection_target *target)
{
	uint32_t of = target->collection->rounds;
	int64_t grown = target->last_goroutines - target->first_goroutines;
	char goroutines[COUNT_TEXT_MAX];

	count_format((double)target->last_goroutines, "goroutine", goroutines);

	buf_printf(out, "snapshot %u of %u · ", target->rounds < of ? target->rounds + 1 : of, of);
	escape_terminal_short(out, str_of(target->target->name), NAME_COLUMNS);
	if (target->last_goroutines >= 0)
		buf_printf(out, " · %s (%+lld)", goroutines, (long long)grown);
	else if (target->failed_ticks > 0)
		buf_add_text(out, " · failing");
}

static void write_many(struct buf *out, const struct collection *collection)
{
	uint64_t rounds = 0, failing = 0;

	for (size_t i = 0; i < collection->target_count; i++) {
		rounds += collection->targets[i].rounds;
		failing += collection->targets[i].failed_ticks > 0;
	}
	buf_printf(out, "snapshots %llu of %llu · %zu targets", (unsigned long long)rounds,
		(unsigned long long)collection->rounds * collection->target_count,
		collection->target_count);
	if (failing > 0)
		buf_printf(out, ", %llu failing", (unsigned long long)failing);
}

void progress_write(struct buf *out, const struct collection *collection, double now_ms)
{
	char left[CLOCK_TEXT_MAX];

	if (collection->target_count == 1)
		write_one(out, &collection->targets[0]);
	else
		write_many(out, collection);
	duration_format(ceil(seconds_left(collection, now_ms)), left);
	buf_printf(out, " · %s left", left);
}
