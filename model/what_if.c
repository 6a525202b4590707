// SPDX-License-Identifier: Apache-2.0
// Answers from the closed forms, with bounds where a figure is missing.
#include "model/what_if.h"

#define SETTLED 3.0 // time constants: e^-3 is 5 %
#define TABLE_TIME_SCALES 10

static struct share_answer answer_share(const struct leak_law *law, double share)
{
	struct leak_point point = leak_reaching(law, leak_goroutines_at_share(law, share));

	return (struct share_answer){
		.share = share,
		.goroutines = point.goroutines,
		.seconds = leak_seconds_to_share(law, share),
		// Without an end the requests decide, and Q0 is not needed.
		.requests = law->mu > 0 ? point.requests : pure_leak_requests_to_share(law, share),
		.mu_that_stops = leak_mu_that_stops(law, share),
	};
}

static void reach(const struct incident *told, const struct incident_reading *reading,
	struct limit_answer *answer)
{
	const struct leak_law *law = &reading->law;
	struct leak_law as_if = *law;

	answer->soonest = isnan(law->alpha);
	if (answer->soonest)
		as_if.alpha = 0;
	answer->at = leak_reaching(&as_if, answer->goroutines);
	if (answer->soonest)
		answer->at.qps = NAN;
	if (!(law->mu > 0))
		answer->at.requests = answer->goroutines / law->lambda;
	answer->at_growth_s = answer->goroutines / reading->growth_per_s;
	as_if.start = told->goroutines;
	answer->left_s = told->goroutines < answer->goroutines
				 ? leak_reaching(&as_if, answer->goroutines).t_s
				 : NAN;
}

static struct limit_answer answer_goroutines(
	const struct incident *told, const struct incident_reading *reading, double goroutines)
{
	struct limit_answer answer = {
		.bytes = NAN, .goroutine_bytes = NAN, .goroutines = goroutines};

	reach(told, reading, &answer);
	return answer;
}

static struct limit_answer answer_memory(const struct incident *told,
	const struct incident_reading *reading, const struct what_if *asked)
{
	struct limit_answer answer = {
		.bytes = asked->limit_bytes, .goroutine_bytes = asked->goroutine_bytes};

	if (isnan(answer.goroutine_bytes))
		answer.goroutine_bytes = reading->bytes_per_goroutine;
	answer.bytes_least = isnan(answer.goroutine_bytes);
	if (answer.bytes_least)
		answer.goroutine_bytes = STACK_BYTES_MIN;
	answer.goroutines = answer.bytes / answer.goroutine_bytes;
	reach(told, reading, &answer);
	return answer;
}

static struct fix_answer answer_fix(const struct incident *told,
	const struct incident_reading *reading, const struct what_if *asked)
{
	struct leak_law fixed = reading->law;
	double share = !isnan(asked->share) ? asked->share : reading->share;

	if (isnan(share))
		share = 0.5;
	fixed.lambda = asked->fixed_lambda;
	return (struct fix_answer){
		.lambda = fixed.lambda,
		.share = share,
		.before_s = leak_seconds_to_share(&reading->law, share),
		.after_s = leak_seconds_to_share(&fixed, share),
		.first_before_per_s = reading->first_growth_per_s,
		.first_after_per_s = fixed.lambda * fixed.q0,
		.end_before = reading->end,
		.end_after = leak_after(&fixed, told->seconds),
	};
}

static struct rest_answer answer_rest(const struct leak_law *law)
{
	struct rest_answer answer = {{NAN, NAN}, NAN, NAN, NAN};

	if (!(law->mu > 0))
		return answer;
	answer.at = leak_equilibrium(law);
	answer.share = answer.at.qps / law->q0;
	answer.settled_s = SETTLED / leak_relaxation_per_s(law);
	answer.life_s = 1 / law->mu;
	return answer;
}

void what_if(const struct incident *told, const struct incident_reading *reading,
	const struct what_if *asked, struct what_if_answers *answers)
{
	*answers = (struct what_if_answers){
		.share = answer_share(&reading->law, asked->share),
		.goroutines = answer_goroutines(told, reading, asked->limit_goroutines),
		.memory = answer_memory(told, reading, asked),
		.fix = answer_fix(told, reading, asked),
		.rest = answer_rest(&reading->law),
	};
}

double what_if_horizon_s(const struct incident *told, const struct incident_reading *reading,
	const struct what_if_answers *answers)
{
	if (!isnan(told->seconds))
		return told->seconds;
	if (isfinite(answers->share.seconds))
		return answers->share.seconds;
	if (isfinite(answers->rest.settled_s))
		return answers->rest.settled_s;
	return TABLE_TIME_SCALES * leak_time_scale_s(&reading->law);
}
