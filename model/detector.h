// SPDX-License-Identifier: Apache-2.0
// The detector: e-CUSUM over goroutines that survive, for one stack (leak-model 4.3).
//
// At each maturity age the inflow of a step is compared with what recent outflow would balance at
// the load under which that cohort was born. The evidence against balance multiplies up in C (kept
// as a logarithm), which falls back to zero when inflow pauses; one of its two halves is patient
// with pauses. Verdicts: hint (one step far above its own history), suspect (C >= 10^3 at the
// youngest age), confirmed (C >= 10^6 at any age, for half an hour or more, not slowing down, not
// bounded by its own deaths), cleared.
//
// A step is at least DETECTOR_STEP_S long; shorter ticks are added up by the caller, because the
// error rates were measured for steps of 30 s to 10 min.
#pragma once

#include "model/finding.h"
#include "model/track.h"

#define DETECTOR_STEP_S 30.0
#define DETECTOR_MUTE_S 300.0 // cohorts born this soon after the start of the process do not count
#define DETECTOR_BUCKETS 48
#define SIBLING_FAMILIES 2 // by site, by entry

#define DETECTOR_KAPPA 2.7 // inflow may exceed balance by this factor
#define DETECTOR_FLOOR_PER_MIN 0.5 // b0
#define DETECTOR_LEAST_PER_MIN 3.0 // smallest excess worth looking for
#define DETECTOR_PATIENT_PER_MIN 0.25 // the same for leaks that come in bursts
#define DETECTOR_SILENCE_S 900.0 // and twice the longest silence before: it has ended
#define DETECTOR_PAUSE_S 180.0 // what pauses for longer is not confirmed meanwhile
#define DETECTOR_SMOOTHING 0.3
#define DETECTOR_MEMORY_S 3600.0
#define DETECTOR_SUSPECT_LOG10 3.0
#define DETECTOR_CONFIRM_LOG10 6.0
#define DETECTOR_SUSPECT_MINUTES 3.0 // at least: a minute adds no more than its share of that
#define DETECTOR_SUSPECT_NET 15.0
#define DETECTOR_CONFIRM_NET 30.0
#define DETECTOR_CONFIRM_S 1800.0
#define DETECTOR_CONFIRM_AT_ONCE 2500.0 // net, or five times the baseline
#define DETECTOR_PLATEAU_FACTOR 8.0
#define DETECTOR_HIGH_WATER_FACTOR 1.2 // of earlier lives of the image, to be confirmed
#define DETECTOR_EARLIER_FACTOR 1.5 // of earlier lives of any image, to be suspect
#define DETECTOR_SURGE_S 1500.0 // how long growth must last that came with a surge of load
#define DETECTOR_USUAL_MEMORY_S 14400.0
#define DETECTOR_USUAL_LEAST_S 3600.0 // of history, before it says what is usual
#define DETECTOR_USUAL_FACTOR 1.5 // inflow per request may exceed the usual by this factor
#define DETECTOR_PHI_MOST 16.0
#define DETECTOR_USUAL_BALANCE 0.5 // of the usual inflow that must have left: else it leaked
#define DETECTOR_HINT_COUNT 20.0
#define DETECTOR_HINT_SIGMAS 6.0
#define DETECTOR_HINT_S 600.0 // how long a hint stands
#define DETECTOR_RETAINED_EPISODES 3

// What one step has in common for all stacks of a life.
struct detector_step {
	double t_s, step_s; // end and length
	double load; // requests (or what stands for them) in the step
	double load_memory, time_memory_s; // the same with a memory of DETECTOR_MEMORY_S
	double born_s[TRACK_AGES]; // length of the time in which those that matured were born; 0:
				   // none
	double born_load[TRACK_AGES]; // load in that time
	double born_to_s[TRACK_AGES]; // its end
	bool muted[TRACK_AGES];
	bool blind[TRACK_AGES]; // those that matured were born while nobody looked: no evidence
	bool surging; // requests in flight, or per second, stand far above their last hour
	uint32_t index; // of the step within the life, from 0
	uint32_t stack_count; // stacks watched: more of them need more evidence
};

// What a stack had before this life of the process; 0: nothing known.
struct detector_past {
	double high_water; // most goroutines, in earlier lives of the same image
	double earlier; // in earlier lives of any image
	double siblings_left[SIBLING_FAMILIES]; // in this step: mature ones gone, less those come,
						// at other stacks of the same site, of the same
						// entry
};

struct detector_totals {
	double inflow, outflow, seconds, load; // of the birth windows
};

struct detector_bucket {
	float inflow, load, seconds;
};

// A stretch of time in which C stayed above zero.
struct episode {
	double start_s, born_from_s;
	double rose_s; // when the evidence last passed a decade; INFINITY: it is below
	double baseline; // stock when it began
	double siblings_left[SIBLING_FAMILIES]; // what came here came from there
	double inflow, outflow, exposure_s; // exposure: goroutine seconds at risk
	double silent_s, longest_silence_s; // no more came than balance explains
	struct detector_totals before; // totals that the rate leaves out
	uint32_t bucket_count, bucket_steps, bucket_fill;
	struct detector_bucket buckets[DETECTOR_BUCKETS];
};

struct detector_age {
	double c; // ln of the evidence: the better of the two, less ln 2 for having two
	double quick, patient; // for steady leaks, and for those that come in bursts
	double ewma; // of the inflow
	double deaths_memory; // outflow with a memory of DETECTOR_MEMORY_S
	double usual_inflow, usual_outflow, usual_load,
		usual_s; // while there was no evidence,
			 // with a memory of DETECTOR_USUAL_MEMORY_S
	double usual_phi; // variance of the inflow over what is usual; at least 1
	struct detector_totals totals; // since the first dump
	double born_from_s; // where the first birth window began; NAN
	struct episode *episode; // NULL while c is 0
};

struct detector {
	struct detector_age age[TRACK_AGES];
	enum verdict verdict; // none, hint, suspect, confirmed, cleared
	int decided_age; // of the last suspect or confirmed
	double counted_s, counted, counted_first; // last count, and the one at the last dump; NAN
	uint32_t steps;
	double mean, variance; // of the inflow per step at the youngest age
	double hint_s; // when the last hint was seen; -INFINITY
	uint32_t retained; // suspect episodes that ended with what they brought still there
	double retained_s; // when the last one ended
	double retained_deaths;
};

// `steps`: that the life has seen without this stack; its history is that nothing came.
struct detector detector_init(uint32_t steps);
void detector_release(struct detector *detector);
// 0, or -ENOMEM (the evidence of this step is lost, nothing else).
int detector_step(struct detector *detector, const struct tracked_stack *stack,
	const struct detector_step *step, const struct detector_past *past);

// A tick that had counts alone, after the IDs were given up: what survivors have shown goes on as
// long as the count rises by at least half of what they predict, and falls back when it does not.
// Counts neither begin an episode nor end one in a single tick. `count`: goroutines of the stack
// now.
enum verdict detector_count(struct detector *detector, const struct detector_step *last, double t_s,
	double count, bool surging, const struct detector_past *past);

// The survivors behind the verdict, and the time in which they were born.
struct survivor_window {
	int age; // index into track_age_s
	double arrived, left; // matured, and mature ones gone
	double seconds, load;
	double from_s, to_s;
	double phi, phi_load; // variance of the counts of the intervals over what their length, or
			      // load, expects
	unsigned intervals;
};
// Of the episode that decided, or of the whole life when there is none; false: nothing matured.
bool detector_window(const struct detector *detector, const struct detector_step *last,
	struct survivor_window *window);

// Whether the deciding episode loses speed, per second and per request: less than half in its last
// third of what it was in the first.
bool detector_is_slowing(const struct detector *detector);
