// SPDX-License-Identifier: Apache-2.0
// The e-CUSUM of leak-model 4.3, step by step.
#include "model/detector.h"

#include "model/distribution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LN10 2.302585092994046
#define LOG_E_LEAST -4.6
#define STEP_SHARES 2.0 // of DETECTOR_SUSPECT_MINUTES, that a step adds at most
#define ROUNDING 1e-9 // so that all shares together are not less than the whole
#define C_MOST (4 * DETECTOR_CONFIRM_LOG10 * LN10) // so that an end is noticed in some minutes
#define RETAINED_APART_S 600.0
#define RETAINED_DEATHS 3.0
#define COUNT_SHARE 0.5 // of the survivors' rate at which a count must rise
#define LEAST_C 0.1 // counts alone end no episode
#define HISTORY_STEPS 5 // before a step can stand out from it
#define FIRST_STEPS 4 // of a life: what comes then came from the beginning

struct detector detector_init(uint32_t steps)
{
	struct detector detector = {.counted_s = NAN,
		.counted = NAN,
		.counted_first = NAN,
		.steps = steps,
		.hint_s = -INFINITY,
		.retained_s = -INFINITY};

	for (int age = 0; age < TRACK_AGES; age++) {
		detector.age[age].born_from_s = NAN;
		detector.age[age].usual_phi = 1;
	}
	return detector;
}

static void end_episode(struct detector_age *age)
{
	free(age->episode);
	age->episode = NULL;
	age->c = age->quick = age->patient = 0;
}

void detector_release(struct detector *detector)
{
	for (int age = 0; age < TRACK_AGES; age++)
		end_episode(&detector->age[age]);
}

// What used to come with such a load, where as much used to leave again: a rising load brings more
// long before more can leave.
static double usual_inflow(const struct detector_age *age, const struct detector_step *step, int i)
{
	if (age->usual_s < DETECTOR_USUAL_LEAST_S ||
		age->usual_outflow < DETECTOR_USUAL_BALANCE * age->usual_inflow)
		return 0;
	if (age->usual_load > 0)
		return age->usual_inflow / age->usual_load * step->born_load[i];
	return age->usual_inflow / age->usual_s * step->born_s[i];
}

// What recent outflow would balance, at the load when the cohort was born.
static double balanced_inflow(
	const struct detector_age *age, const struct detector_step *step, int i)
{
	double floor = DETECTOR_FLOOR_PER_MIN * step->born_s[i] / 60;
	double usual = DETECTOR_USUAL_FACTOR * usual_inflow(age, step, i);
	double deaths;

	if (step->load_memory > 0)
		deaths = age->deaths_memory / step->load_memory * step->born_load[i];
	else
		deaths = age->deaths_memory / fmax(step->time_memory_s, 1) * step->born_s[i];
	return fmax(fmax(floor, usual), DETECTOR_KAPPA * deaths);
}

static void learn_usual(struct detector_age *age, int i, const struct tracked_stack *stack,
	const struct detector_step *step)
{
	double faded = exp(-step->born_s[i] / DETECTOR_USUAL_MEMORY_S);

	double usual = usual_inflow(age, step, i), off = stack->inflow[i] - usual;

	if (age->c > LN10 || step->muted[i])
		return;
	if (usual > 0)
		age->usual_phi += (1 - faded) * (off * off / fmax(usual, 1) - age->usual_phi);
	age->usual_inflow = age->usual_inflow * faded + stack->inflow[i];
	age->usual_outflow = age->usual_outflow * faded + stack->outflow[i];
	age->usual_load = age->usual_load * faded + step->born_load[i];
	age->usual_s = age->usual_s * faded + step->born_s[i];
}

// The evidence is asked of every stack: the more of them, the more by chance.
static double more_stacks(const struct detector_step *step)
{
	return log(fmax(1, step->stack_count / 10.0));
}

static double suspect_need(const struct detector_step *step)
{
	return DETECTOR_SUSPECT_LOG10 * LN10 + more_stacks(step);
}

// ln e of one step: (1 + r / b)^I e^-r with r the excess looked for. Its mean is at most one when
// inflow is at most b, whatever r is (leak-model 4.3, 2). Inflow that is by nature more uneven than
// chance says as much less (phi: quasi-likelihood, McCullagh 1983).
static double log_evidence(double inflow, double balanced, double rise, double phi, double most)
{
	double evidence = inflow * log1p(rise / balanced) - rise;

	return fmin(most, fmax(LOG_E_LEAST, evidence > 0 ? evidence / phi : evidence));
}

// Steady leaks are found quickly by looking for as much as came lately; those that come in bursts
// by looking for little, which makes pauses cheap. A minute adds only a part of what makes a
// suspect, and a step never all of it, so that no single dump decides.
static void add_evidence(
	struct detector_age *age, double inflow, double balanced, double minutes, double need)
{
	double shares = fmin(STEP_SHARES, fmax(0.5, minutes));
	double most = (need + ROUNDING) / DETECTOR_SUSPECT_MINUTES * shares;
	double quick = fmax(fmax(DETECTOR_LEAST_PER_MIN * minutes, balanced / 2), age->ewma / 2);
	double patient = fmax(DETECTOR_PATIENT_PER_MIN * minutes, balanced / 2);
	double phi = fmin(DETECTOR_PHI_MOST, fmax(1, age->usual_phi));

	age->quick = fmin(
		C_MOST, fmax(0, age->quick + log_evidence(inflow, balanced, quick, phi, most)));
	age->patient = fmin(
		C_MOST, fmax(0, age->patient + log_evidence(inflow, balanced, patient, phi, most)));
	age->c = fmax(0, fmax(age->quick, age->patient) - log(2));
}

static void merge_buckets(struct episode *episode)
{
	for (uint32_t i = 0; i < DETECTOR_BUCKETS / 2; i++) {
		const struct detector_bucket *a = &episode->buckets[2 * i], *b = a + 1;

		episode->buckets[i] = (struct detector_bucket){
			a->inflow + b->inflow, a->load + b->load, a->seconds + b->seconds};
	}
	episode->bucket_count = DETECTOR_BUCKETS / 2;
	episode->bucket_steps *= 2;
}

static void fill_bucket(struct episode *episode, double inflow, double load, double seconds)
{
	struct detector_bucket *bucket;

	if (episode->bucket_fill == 0) {
		if (episode->bucket_count == DETECTOR_BUCKETS)
			merge_buckets(episode);
		episode->buckets[episode->bucket_count++] = (struct detector_bucket){0};
	}
	bucket = &episode->buckets[episode->bucket_count - 1];
	bucket->inflow += (float)inflow;
	bucket->load += (float)load;
	bucket->seconds += (float)seconds;
	episode->bucket_fill = (episode->bucket_fill + 1) % episode->bucket_steps;
}

// An episode that begins with the first cohorts is dated to the first dump: all of them count for
// the rate. A later one began somewhere within its first step, which the rate leaves out.
static int begin_episode(struct detector *detector, int i, const struct tracked_stack *stack,
	const struct detector_step *step)
{
	struct detector_age *age = &detector->age[i];
	struct episode *episode = calloc(1, sizeof(*episode));

	if (!episode)
		return -ENOMEM;
	episode->start_s = step->t_s - step->step_s;
	episode->rose_s = INFINITY;
	episode->bucket_steps = 1;
	episode->baseline = fmax(0, (double)stack->stock[i] - stack->inflow[i] + stack->outflow[i]);
	episode->born_from_s = step->born_to_s[i];
	episode->before = age->totals;
	if (step->index <= FIRST_STEPS && age->totals.inflow == stack->inflow[i]) {
		episode->before = (struct detector_totals){0};
		episode->born_from_s = age->born_from_s;
	}
	age->episode = episode;
	return 0;
}

// A silence counts as one before once it is over: it must not prolong itself.
static void note_silence(struct episode *episode, bool silent, double step_s)
{
	if (!silent)
		episode->longest_silence_s = fmax(
			episode->longest_silence_s, fmin(episode->silent_s, DETECTOR_SILENCE_S));
	episode->silent_s = silent ? episode->silent_s + step_s : 0;
}

static bool has_ended(const struct detector_age *age)
{
	const struct episode *episode = age->episode;

	return age->c <= 0 ||
	       (episode && episode->silent_s >=
				   fmax(DETECTOR_SILENCE_S, 2 * episode->longest_silence_s));
}

static void count_step(struct detector_age *age, int i, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past, bool silent)
{
	struct episode *episode = age->episode;

	if (age->c < LN10)
		episode->rose_s = INFINITY;
	else
		episode->rose_s = fmin(episode->rose_s, step->t_s - step->step_s);
	note_silence(episode, silent, step->step_s);
	for (int family = 0; family < SIBLING_FAMILIES; family++)
		episode->siblings_left[family] += past->siblings_left[family];
	episode->inflow += stack->inflow[i];
	episode->outflow += stack->outflow[i];
	episode->exposure_s += (double)stack->stock[i] * step->step_s;
	fill_bucket(episode, stack->inflow[i], step->born_load[i], step->born_s[i]);
}

static int step_age(struct detector *detector, int i, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past)
{
	struct detector_age *age = &detector->age[i];
	double inflow = stack->inflow[i];
	double faded = exp(-step->step_s / DETECTOR_MEMORY_S);
	double balanced;
	int r = 0;

	age->deaths_memory = age->deaths_memory * faded + stack->outflow[i];
	if (!(step->born_s[i] > 0) || step->blind[i])
		return 0;
	if (isnan(age->born_from_s))
		age->born_from_s = step->born_to_s[i] - step->born_s[i];
	age->totals.inflow += inflow;
	age->totals.outflow += stack->outflow[i];
	age->totals.seconds += step->born_s[i];
	age->totals.load += step->born_load[i];
	balanced = balanced_inflow(age, step, i);
	add_evidence(age, inflow, balanced, step->born_s[i] / 60, suspect_need(step) + log(2));
	age->ewma += DETECTOR_SMOOTHING * (inflow - age->ewma);
	learn_usual(age, i, stack, step);
	if (step->muted[i]) {
		end_episode(age);
		return 0;
	}
	if (age->c <= 0)
		return 0; // the caller looks at the episode before it ends
	if (!age->episode)
		r = begin_episode(detector, i, stack, step);
	if (r == 0)
		count_step(age, i, stack, step, past, inflow <= balanced);
	return r;
}

// More at this site, not more of them in this stack: what is renewed by another way has left the
// stack of the old way.
static double net_of(const struct episode *episode)
{
	return episode->inflow - episode->outflow -
	       fmax(0, fmax(episode->siblings_left[0], episode->siblings_left[1]));
}

// Growth that its own deaths would soon bound is no leak.
static bool plateau_is_far(
	const struct episode *episode, double inflow, double seconds, double stock)
{
	double deaths_low = poisson_interval(episode->outflow, 0.95).low;
	double mu_low = deaths_low / fmax(episode->exposure_s, 1);
	double rate = inflow / fmax(seconds, 1);

	return rate >= DETECTOR_PLATEAU_FACTOR * mu_low * stock;
}

static struct detector_bucket third(const struct episode *episode, bool last)
{
	struct detector_bucket sum = {0};
	uint32_t n = episode->bucket_count / 3;

	for (uint32_t i = 0; i < n; i++) {
		const struct detector_bucket *bucket =
			&episode->buckets[last ? episode->bucket_count - 1 - i : i];

		sum.inflow += bucket->inflow;
		sum.load += bucket->load;
		sum.seconds += bucket->seconds;
	}
	return sum;
}

static bool is_slowing_down(const struct episode *episode)
{
	struct detector_bucket first = third(episode, false), last = third(episode, true);

	if (episode->bucket_count < 3)
		return false;
	if ((double)last.inflow * first.seconds >= 0.5 * (double)first.inflow * last.seconds)
		return false;
	return (double)last.inflow * first.load < 0.5 * (double)first.inflow * last.load ||
	       !(last.load > 0);
}

static double episode_seconds(const struct detector_age *age)
{
	return age->totals.seconds - age->episode->before.seconds;
}

// Growth that came with a surge of load goes with it: it must outlast what a surge lasts.
static bool outlasts_surge(const struct episode *episode, const struct detector_step *step)
{
	return !step->surging || step->t_s - episode->rose_s >= DETECTOR_SURGE_S;
}

static bool is_suspect(const struct detector *detector, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past)
{
	const struct detector_age *age = &detector->age[0];
	const struct episode *episode = age->episode;

	return episode && age->c >= suspect_need(step) && !has_ended(age) &&
	       net_of(episode) >= DETECTOR_SUSPECT_NET && outlasts_surge(episode, step) &&
	       stack->stock[0] > DETECTOR_EARLIER_FACTOR * past->earlier &&
	       plateau_is_far(episode, episode->inflow, episode_seconds(age), stack->stock[0]);
}

static bool lasted_or_huge(const struct episode *episode, const struct detector_step *step)
{
	double net = net_of(episode);

	return step->t_s - episode->rose_s >= DETECTOR_CONFIRM_S ||
	       (!step->surging && net > fmax(DETECTOR_CONFIRM_AT_ONCE, 5 * episode->baseline));
}

static double confirm_need(const struct detector_step *step)
{
	return DETECTOR_CONFIRM_LOG10 * LN10 + log(TRACK_AGES) + more_stacks(step);
}

static bool has_evidence(const struct detector_age *age, const struct detector_step *step)
{
	return age->episode && age->c >= confirm_need(step) &&
	       net_of(age->episode) >= DETECTOR_CONFIRM_NET;
}

static bool is_confirmed_at(const struct detector *detector, int i,
	const struct tracked_stack *stack, const struct detector_step *step,
	const struct detector_past *past)
{
	const struct detector_age *age = &detector->age[i];
	const struct episode *episode = age->episode;

	return has_evidence(age, step) && !has_ended(age) &&
	       episode->silent_s <= DETECTOR_PAUSE_S && lasted_or_huge(episode, step) &&
	       !is_slowing_down(episode) &&
	       plateau_is_far(episode, episode->inflow, episode_seconds(age), stack->stock[i]) &&
	       stack->stock[i] > DETECTOR_HIGH_WATER_FACTOR * past->high_water;
}

// Bursty leaks: several suspect episodes, each of which left behind what it brought.
static void note_retained(struct detector *detector, const struct detector_step *step)
{
	const struct episode *episode = detector->age[0].episode;

	if (detector->verdict != VERDICT_SUSPECT || !episode)
		return;
	if (episode->outflow + detector->retained_deaths >= RETAINED_DEATHS)
		detector->retained = 0, detector->retained_deaths = 0;
	else if (step->t_s - detector->retained_s >= RETAINED_APART_S)
		detector->retained++, detector->retained_s = step->t_s;
}

static void look_for_hint(struct detector *detector, const struct tracked_stack *stack,
	const struct detector_step *step)
{
	double inflow = stack->inflow[0];
	double balanced = balanced_inflow(&detector->age[0], step, 0);
	double sigma = sqrt(fmax(fmax(detector->variance, detector->mean), 1));
	double off = inflow - detector->mean;

	if (!(step->born_s[0] > 0) || step->muted[0])
		return;
	if (detector->steps >= HISTORY_STEPS && inflow >= DETECTOR_HINT_COUNT &&
		off > DETECTOR_HINT_SIGMAS * sigma &&
		inflow > balanced + DETECTOR_HINT_SIGMAS * sqrt(balanced))
		detector->hint_s = step->t_s;
	detector->steps++;
	detector->mean += 0.1 * off;
	detector->variance = 0.9 * (detector->variance + 0.1 * off * off);
}

static enum verdict decide(struct detector *detector, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past)
{
	for (int i = 0; i < TRACK_AGES; i++)
		if (is_confirmed_at(detector, i, stack, step, past)) {
			if (detector->verdict != VERDICT_CONFIRMED)
				detector->decided_age = i;
			return VERDICT_CONFIRMED;
		}
	if (detector->verdict == VERDICT_CONFIRMED) // until its evidence is gone
		return has_ended(&detector->age[detector->decided_age]) ? VERDICT_CLEARED
									: VERDICT_CONFIRMED;
	if (is_suspect(detector, stack, step, past)) {
		detector->decided_age = 0;
		return detector->retained >= DETECTOR_RETAINED_EPISODES - 1 ? VERDICT_CONFIRMED
									    : VERDICT_SUSPECT;
	}
	if (detector->verdict == VERDICT_SUSPECT)
		return has_ended(&detector->age[0]) ? VERDICT_CLEARED : VERDICT_SUSPECT;
	if (step->t_s - detector->hint_s < DETECTOR_HINT_S)
		return VERDICT_HINT;
	return detector->verdict == VERDICT_CLEARED ? VERDICT_CLEARED : VERDICT_NONE;
}

int detector_step(struct detector *detector, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past)
{
	int r = 0;

	detector->counted_s = step->t_s;
	detector->counted = detector->counted_first = stack->count;
	look_for_hint(detector, stack, step);
	for (int i = 0; i < TRACK_AGES; i++) {
		int failed = step_age(detector, i, stack, step, past);

		r = r < 0 ? r : failed;
	}
	if (detector->retained > 0)
		detector->retained_deaths += stack->outflow[0];
	if (has_ended(&detector->age[0]))
		note_retained(detector, step);
	detector->verdict = decide(detector, stack, step, past);
	for (int i = 0; i < TRACK_AGES; i++)
		if (has_ended(&detector->age[i]))
			end_episode(&detector->age[i]);
	return r;
}

// Evidence of a count that rose or not, at most a decade a minute as from survivors.
static double log_evidence_of_count(double rise, double expected, double minutes)
{
	double most = LN10 * fmin(3, minutes);

	return rise >= COUNT_SHARE * expected ? most : fmax(LOG_E_LEAST, -2 * most);
}

static double net_by_count(const struct detector *detector, double count)
{
	const struct episode *episode = detector->age[0].episode;

	return net_of(episode) + count - detector->counted_first;
}

static bool is_suspect_by_count(const struct detector *detector, const struct detector_step *last,
	double count, bool surging, const struct detector_past *past)
{
	return !surging && detector->age[0].c >= suspect_need(last) &&
	       net_by_count(detector, count) >= DETECTOR_SUSPECT_NET &&
	       count > DETECTOR_EARLIER_FACTOR * past->earlier;
}

static bool is_confirmed_by_count(const struct detector *detector, const struct detector_step *last,
	double t_s, double count, bool surging, const struct detector_past *past)
{
	const struct detector_age *age = &detector->age[0];
	bool huge = net_by_count(detector, count) >
		    fmax(DETECTOR_CONFIRM_AT_ONCE, 5 * age->episode->baseline);

	return age->c >= confirm_need(last) &&
	       net_by_count(detector, count) >= DETECTOR_CONFIRM_NET &&
	       count > DETECTOR_HIGH_WATER_FACTOR * past->high_water &&
	       (t_s - age->episode->rose_s >= DETECTOR_CONFIRM_S || (huge && !surging));
}

// Survivors per second. The step in which an episode began counts only where there is no other.
static double episode_rate(const struct detector_age *age, const struct detector_step *last)
{
	const struct detector_totals *all = &age->totals, *before = &age->episode->before;

	if (!(all->seconds > before->seconds))
		return age->episode->inflow / fmax(1, last->step_s);
	return (all->inflow - before->inflow - (all->outflow - before->outflow)) /
	       (all->seconds - before->seconds);
}

enum verdict detector_count(struct detector *detector, const struct detector_step *last, double t_s,
	double count, bool surging, const struct detector_past *past)
{
	struct detector_age *age = &detector->age[0];
	double passed_s = t_s - detector->counted_s, rise = count - detector->counted, rate;

	if (!age->episode || detector->verdict == VERDICT_CONFIRMED || !(passed_s > 0))
		return detector->verdict;
	rate = episode_rate(age, last);
	detector->counted_s = t_s;
	detector->counted = count;
	age->c += log_evidence_of_count(rise, rate * passed_s, passed_s / 60);
	age->c = age->quick = age->patient = fmin(C_MOST, fmax(LEAST_C, age->c));
	if (is_confirmed_by_count(detector, last, t_s, count, surging, past))
		detector->verdict = VERDICT_CONFIRMED;
	else if (is_suspect_by_count(detector, last, count, surging, past))
		detector->verdict = VERDICT_SUSPECT;
	return detector->verdict;
}

// Variance of the buckets' counts over what their length, or their load, lets expect.
static double dispersion(const struct episode *episode, bool by_load)
{
	double inflow = 0, exposure = 0, squares = 0;

	for (uint32_t i = 0; i < episode->bucket_count; i++) {
		inflow += episode->buckets[i].inflow;
		exposure += by_load ? episode->buckets[i].load : episode->buckets[i].seconds;
	}
	for (uint32_t i = 0; inflow > 0 && exposure > 0 && i < episode->bucket_count; i++) {
		const struct detector_bucket *bucket = &episode->buckets[i];
		double expected = inflow * (by_load ? bucket->load : bucket->seconds) / exposure;
		double off = bucket->inflow - expected;

		squares += off * off / fmax(expected, 0.5);
	}
	return episode->bucket_count > 1 ? squares / (episode->bucket_count - 1) : 1;
}

bool detector_window(const struct detector *detector, const struct detector_step *last,
	struct survivor_window *window)
{
	const struct detector_age *age = &detector->age[detector->decided_age];
	const struct episode *episode = age->episode;
	struct detector_totals before = {0};
	double from_s = age->born_from_s;

	if (episode) {
		before = episode->before;
		from_s = episode->born_from_s;
	}
	*window = (struct survivor_window){
		.age = detector->decided_age,
		.arrived = age->totals.inflow - before.inflow,
		.left = age->totals.outflow - before.outflow,
		.seconds = age->totals.seconds - before.seconds,
		.load = age->totals.load - before.load,
		.from_s = from_s,
		.to_s = last->born_to_s[detector->decided_age],
		.phi = episode ? dispersion(episode, false) : 1,
		.phi_load = episode ? dispersion(episode, true) : 1,
		.intervals = episode ? episode->bucket_count : 0,
	};
	return window->seconds > 0;
}

bool detector_is_slowing(const struct detector *detector)
{
	const struct episode *episode = detector->age[detector->decided_age].episode;

	return episode && is_slowing_down(episode);
}
