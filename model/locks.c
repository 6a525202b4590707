// SPDX-License-Identifier: Apache-2.0
// Joining stacks to rows of contention.
#include "model/locks.h"

#include <math.h>

static bool is_lock(enum wait_kind wait)
{
	return wait == WAIT_MUTEX || wait == WAIT_RWMUTEX_READ || wait == WAIT_RWMUTEX_WRITE;
}

bool waits_for_lock(const struct seen_stack *seen)
{
	enum wait_kind wait =
		seen->wait_count > 0 ? state_kind(seen->waits[0].state) : WAIT_UNKNOWN;

	if (is_lock(wait))
		return true;
	return seen->stack && (wait == WAIT_SEMAPHORE || wait == WAIT_UNKNOWN) &&
	       contention_kind_of(false, seen->stack) == CONTENTION_LOCK;
}

// "main.(*ledger)" of "main.(*ledger).post", "main" of "main.post".
static struct str owner_of(struct str function)
{
	size_t at = function.len;

	while (at > 0 && function.data[at - 1] != '.' && function.data[at - 1] != '/')
		at--;
	return str_head(function, at);
}

enum closeness { APART, SAME_PACKAGE, SAME_OWNER, SAME_FUNCTION };

static enum closeness closeness_of(const struct stack *a, const struct stack *b)
{
	const struct frame *x = stack_site(a), *y = stack_site(b);

	if (!x || !y)
		return APART;
	if (str_equal(x->function, y->function))
		return SAME_FUNCTION;
	if (str_equal(owner_of(x->function), owner_of(y->function)))
		return str_find_byte(owner_of(x->function), '(') < owner_of(x->function).len
			       ? SAME_OWNER
			       : SAME_PACKAGE;
	return str_equal(function_package(x->function), function_package(y->function))
		       ? SAME_PACKAGE
		       : APART;
}

static bool same_line(const struct stack *a, const struct stack *b)
{
	const struct frame *x = stack_site(a), *y = stack_site(b);

	return a == b || (x && y && x->line == y->line && str_equal(x->function, y->function));
}

static const struct contention_row *find_waits(
	const struct contention *contention, const struct seen_stack *seen)
{
	const struct contention_row *found = NULL;

	for (uint32_t i = 0; i < contention->row_count; i++) {
		const struct contention_row *row = &contention->rows[i];

		if (row->mutex || contention_kind_of(false, row->stack) != CONTENTION_LOCK ||
			!same_line(row->stack, seen->stack))
			continue;
		if (row->stack == seen->stack)
			return row;
		if (!found || row->delay_ns > found->delay_ns)
			found = row;
	}
	return found;
}

static const struct contention_row *find_holder(const struct contention *contention,
	const struct seen_stack *seen, enum closeness *ret_closeness)
{
	const struct contention_row *found = NULL;
	enum closeness best = APART;

	for (uint32_t i = 0; i < contention->row_count; i++) {
		const struct contention_row *row = &contention->rows[i];
		enum closeness here;

		if (!row->mutex || !(row->delay_ns > 0))
			continue;
		here = closeness_of(row->stack, seen->stack);
		if (here > best || (here == best && found && row->delay_ns > found->delay_ns)) {
			best = here;
			found = row;
		}
	}
	*ret_closeness = best;
	return found;
}

bool lock_queue_of(
	const struct target *target, const struct seen_stack *seen, struct lock_queue *queue)
{
	const struct contention *contention = &target->contention;
	const struct contention_row *row;
	enum closeness closeness;
	double over_s = contention->last_t_s - contention->first_t_s;

	*queue = (struct lock_queue){.waiters_first = NAN, .waiters_now = NAN};
	queue->waits = find_waits(contention, seen);
	queue->holder = find_holder(contention, seen, &closeness);
	queue->holder_is_sure = closeness >= SAME_OWNER;
	row = queue->waits ? queue->waits : queue->holder_is_sure ? queue->holder : NULL;
	if (!row)
		return false;
	queue->growth = contention_growth_of(contention, row);
	queue->waiters_now = contention_waiters_now(contention, row);
	if (estimate_known(&queue->growth))
		queue->waiters_first = queue->waiters_now - queue->growth.value * over_s;
	queue->mean_wait_ms = row->count > 0 ? row->delay_ns / 1e6 / row->count : (double)NAN;
	return true;
}

bool lock_queue_grows(const struct lock_queue *queue, double waiting_now)
{
	double rise = queue->waiters_now - fmax(0, queue->waiters_first);
	double mean = (queue->waiters_now + fmax(0, queue->waiters_first)) / 2;

	return estimate_known(&queue->growth) && queue->growth.low > 0 &&
	       rise >= fmax(LOCKS_RISE_LEAST, LOCKS_RISE_SHARE * mean) &&
	       queue->waiters_now >= LOCKS_EXPLAINED * waiting_now;
}
