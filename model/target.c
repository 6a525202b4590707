// SPDX-License-Identifier: Apache-2.0
// Remembering a target: time, lives, totals. Its stacks are in model/seen.c.
#include "model/target.h"

#include "model/little.h"
#include "model/seen.h"

#include <errno.h>
#include <stdlib.h>

#define CLOCK_STEP_MS 5000.0 // more than clocks drift apart between two ticks
#define SKIPPED_SHARE 0.005 // lost records beyond this make a dump useless for following

struct target *target_new(struct str name, struct stacks *stacks, double nominal_s)
{
	struct target *target = calloc(1, sizeof(*target));

	if (!target)
		return NULL;
	target->name = name;
	target->stacks = stacks;
	target->nominal_s = nominal_s;
	target->series = series_init();
	target->t_s = target->first_mono_ms = target->last_mono_ms = NAN;
	target->first_wall_ms = target->last_wall_ms = -1;
	target->goroutines_first = target->goroutines_last = -1;
	target->totals = seen_init(NULL);
	target->load = load_init();
	target->stop_sum_ms = target->stop_worst_ms = NAN;
	return target;
}

void target_free(struct target **target)
{
	if (!*target)
		return;
	for (uint32_t i = 0; i < (*target)->life_count; i++)
		life_free(&(*target)->lives[i]);
	for (uint32_t i = 0; i < (*target)->seen_count; i++)
		seen_free(&(*target)->seen[i]);
	seen_release(&(*target)->totals);
	free((*target)->lives);
	free((*target)->seen);
	series_release(&(*target)->series);
	contention_release(&(*target)->contention);
	free(*target);
	*target = NULL;
}

static int keep_text(struct stacks *stacks, struct str *text)
{
	return text->len ? stacks_add_str(stacks, *text, text) : 0;
}

static int keep_process(struct stacks *stacks, struct process *process)
{
	struct str *texts[] = {&process->target, &process->workload, &process->pod_uid,
		&process->container_id, &process->image_digest, &process->go_version};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		r = keep_text(stacks, texts[i]);
	return r;
}

static struct life *find_life(const struct target *target, uint32_t number)
{
	for (uint32_t i = target->life_count; i > 0; i--)
		if (target->lives[i - 1]->process.number == number)
			return target->lives[i - 1];
	return NULL;
}

static int add_life(struct target *target, const struct process *process, struct life **ret_life)
{
	struct life *life;

	if (target->life_count == target->life_capacity) {
		uint32_t bigger = target->life_capacity ? 2 * target->life_capacity : 4;
		struct life **moved = reallocarray(target->lives, bigger, sizeof(struct life *));

		if (!moved)
			return -ENOMEM;
		target->lives = moved;
		target->life_capacity = bigger;
	}
	life = life_new(process, target->life_count);
	if (!life)
		return -ENOMEM;
	target->lives[target->life_count++] = life;
	*ret_life = life;
	return 0;
}

// When the process began, on the target's clock, from its start in Unix time.
static void date_life(struct target *target, struct life *life)
{
	if (isnan(life->process.start_s) || life->first_wall_ms < 0 || isnan(life->first_t_s))
		return;
	life->born_t_s =
		life->first_t_s - ((double)life->first_wall_ms / 1e3 - life->process.start_s);
	if (life->born_t_s > life->first_t_s) // clocks that disagree
		life->born_t_s = NAN;
	(void)target;
}

int target_process(struct target *target, const struct process *process)
{
	struct process kept = *process;
	struct life *life = find_life(target, process->number);
	int r = keep_process(target->stacks, &kept);

	if (r < 0)
		return r;
	if (!life)
		return add_life(target, &kept, &life);
	life->process = kept;
	date_life(target, life);
	return 0;
}

// A clock of its own for each target, that never falls: the monotonic one, the wall clock across a
// restart of the collector, the nominal interval when a dump carries no time at all.
static double advance_clock(struct target *target, const struct observation *observation)
{
	bool has_mono = !isnan(observation->mono_ms), has_wall = observation->wall_ms >= 0;
	double step = NAN;

	if (isnan(target->t_s)) {
		target->first_mono_ms = observation->mono_ms;
		step = 0;
	} else if (has_mono && observation->mono_ms > target->last_mono_ms) {
		step = (observation->mono_ms - target->last_mono_ms) / 1e3;
	} else if (has_wall && target->last_wall_ms >= 0) {
		step = fmax(0, (double)(observation->wall_ms - target->last_wall_ms) / 1e3);
	} else {
		step = target->nominal_s > 0 ? target->nominal_s : 0;
	}
	target->timeless += !has_mono && !has_wall;
	if (has_mono && has_wall && target->last_wall_ms >= 0 &&
		observation->mono_ms > target->last_mono_ms &&
		fabs((double)(observation->wall_ms - target->last_wall_ms) -
			(observation->mono_ms - target->last_mono_ms)) > CLOCK_STEP_MS)
		target->clock_steps++;
	target->last_mono_ms = has_mono ? observation->mono_ms : target->last_mono_ms;
	if (has_wall) {
		target->last_wall_ms = observation->wall_ms;
		if (target->first_wall_ms < 0)
			target->first_wall_ms = observation->wall_ms;
	}
	return (isnan(target->t_s) ? 0 : target->t_s) + step;
}

static void forget_old_lives(struct target *target)
{
	for (uint32_t i = 0; i + TARGET_LIVES_TRACKED < target->life_count; i++)
		if (target->lives[i] != target->life && target->lives[i]->tracker)
			life_forget_goroutines(target->lives[i]);
}

// The life that this tick belongs to; a number without a process line gets a life without facts.
static int enter_life(struct target *target, const struct observation *observation, bool *is_new)
{
	struct life *life = find_life(target, observation->process);
	int r = 0;

	if (!life) {
		struct process unknown = {.target = target->name,
			.number = observation->process,
			.workload = target->name,
			.start_s = NAN,
			.gomaxprocs = NAN,
			.memory_limit_bytes = NAN,
			.gomemlimit_bytes = NAN};

		r = add_life(target, &unknown, &life);
	}
	if (r < 0)
		return r;
	*is_new = target->life != life;
	target->returns += *is_new && !isnan(life->first_t_s);
	if (*is_new && target->life && isnan(life->first_t_s)) // not one that comes back
		seen_begin_life(target, life);
	target->life = life;
	if (isnan(life->first_t_s)) {
		life->first_t_s = target->t_s;
		life->first_wall_ms = observation->wall_ms;
		date_life(target, life);
	}
	life->last_t_s = target->t_s;
	forget_old_lives(target);
	return 0;
}

static void count_stops(struct target *target, const struct observation *observation)
{
	if (!isnan(observation->stop_sum_ms))
		target->stop_sum_ms = observation->stop_sum_ms +
				      (isnan(target->stop_sum_ms) ? 0 : target->stop_sum_ms);
	if (!isnan(observation->stop_worst_ms))
		target->stop_worst_ms = fmax(observation->stop_worst_ms,
			isnan(target->stop_worst_ms) ? 0 : target->stop_worst_ms);
}

// Every goroutine is listed with its ID, or nearly: what is missing would look dead.
static bool can_follow(const struct observation *observation)
{
	uint64_t listed = 0;

	if (observation->status != OBSERVED_OK || !observation->has_groups ||
		(observation->source != OBSERVED_DEBUG2 && observation->source != OBSERVED_LOG))
		return false;
	for (uint32_t i = 0; i < observation->group_count; i++) {
		if (!observation->groups[i].has_ids)
			return false;
		listed += observation->groups[i].id_count;
	}
	return listed > 0 && (double)observation->skipped <= SKIPPED_SHARE * (double)listed + 2;
}

static struct detector_past past_of_stack(void *context, const struct stack *stack)
{
	const struct seen_stack *seen = target_seen(context, stack);

	return seen ? (struct detector_past){seen->high_water, seen->earlier}
		    : (struct detector_past){0};
}

static int follow(struct target *target, const struct observation *observation)
{
	int r = life_observe(target->life, observation, &target->series.last,
		load_is_surging(&target->load), past_of_stack, target);

	target->has_ids = true;
	if (r == -EFBIG) // at a limit: what was followed is forgotten, the next dump begins anew
		return 0;
	return r < 0 ? r : seen_take_verdicts(target);
}

static int read_groups(struct target *target, const struct observation *observation)
{
	int r;

	if (!observation->has_groups)
		return 0;
	r = seen_count_groups(target, observation);
	target->has_groups = true;
	if (r < 0 || observation->status != OBSERVED_OK)
		return r;
	if (can_follow(observation)) {
		r = follow(target, observation);
		return r < 0 ? r : seen_ratchet(target, false);
	}
	target->life->counts_since_dump++;
	return seen_ratchet(target, true);
}

static double count_handlers(const struct observation *observation)
{
	double handlers = 0;

	for (uint32_t i = 0; i < observation->group_count; i++)
		if (stack_is_handler(observation->groups[i].stack) &&
			!stack_is_idle_connection(observation->groups[i].stack))
			handlers += observation->groups[i].count;
	return observation->has_groups ? handlers : NAN;
}

static void note_load(struct target *target, const struct series_point *before,
	const struct observation *observation)
{
	if (before->life == target->life->index && !isnan(before->t_s))
		little_next(&target->load, before, &target->series.last,
			isnan(observation->in_flight) ? count_handlers(observation) : NAN);
}

static int note_requests(struct target *target, const struct observation *observation)
{
	if (isnan(observation->requests))
		return 0;
	target->has_requests = true;
	if (observation->requests_from.len == 0 ||
		str_equal(observation->requests_from, target->requests_from))
		return 0;
	return stacks_add_str(target->stacks, observation->requests_from, &target->requests_from);
}

// The runtime's own profile is a proof, and no tick: it has no totals and only the leaked.
static int take_proof(struct target *target, const struct observation *observation)
{
	bool new_life;
	int r;

	target->t_s = advance_clock(target, observation);
	if (observation->status == OBSERVED_FAILED || !observation->has_groups)
		return 0;
	target->leak_profiles++;
	r = enter_life(target, observation, &new_life);
	return r < 0 ? r : seen_mark_leaked(target, observation);
}

int target_observe(struct target *target, const struct observation *observation)
{
	struct series_point before = target->series.last;
	bool new_life;
	int r;

	target->next_seq = observation->seq + 1;
	if (observation->source == OBSERVED_LEAK)
		return take_proof(target, observation);
	target->ticks++;
	target->skipped += observation->skipped;
	target->t_s = advance_clock(target, observation);
	if (observation->status == OBSERVED_FAILED) {
		target->missed++;
		return 0;
	}
	target->cut += observation->status == OBSERVED_CUT;
	count_stops(target, observation);
	r = enter_life(target, observation, &new_life);
	if (r == 0)
		r = series_add(
			&target->series, observation, target->t_s, target->life->index, new_life);
	if (r < 0)
		return r;
	if (!isnan(target->series.last.goroutines)) {
		target->goroutines_last = (int64_t)target->series.last.goroutines;
		if (target->goroutines_first < 0)
			target->goroutines_first = target->goroutines_last;
	}
	r = note_requests(target, observation);
	if (r < 0)
		return r;
	note_load(target, &before, observation);
	r = read_groups(target, observation);
	if (r == 0 && observation->has_contention)
		r = contention_add(&target->contention, observation->contention,
			observation->contention_count, target->t_s, new_life);
	return r < 0 ? r : seen_ratchet_totals(target, !target->has_groups);
}

int64_t target_wall_ms(const struct target *target, double t_s)
{
	const struct series_point *near = NULL;

	for (uint32_t i = 0; i < series_count(&target->series); i++) {
		const struct series_point *point = series_at(&target->series, i);

		if (point->wall_ms >= 0 &&
			(!near || fabs(point->t_s - t_s) <= fabs(near->t_s - t_s)))
			near = point;
	}
	return near ? near->wall_ms + (int64_t)round((t_s - near->t_s) * 1e3) : -1;
}
