// SPDX-License-Identifier: Apache-2.0
// Reading an incident: the law with its figures, four checks, and three repairs.
#include "model/incident.h"

#define SETTLED 3.0 // time constants: e^-3 is 5 %
#define OLD 3.0 // residences: few of a backlog are older

const char *fit_name(enum fit fit)
{
	static const char *const names[] = {
		[FIT_UNKNOWN] = "unknown",
		[FIT_CONSISTENT] = "consistent",
		[FIT_CLOSE] = "close",
		[FIT_CONTRADICTION] = "contradiction",
	};

	return names[fit];
}

// What is told, or else what goroutines and share, and goroutines and requests, imply.
static void find_law(const struct incident *told, struct incident_reading *reading)
{
	reading->law = (struct leak_law){told->lambda, told->mu, told->alpha, told->q0, .start = 0};
	reading->alpha_implied = isnan(told->alpha) && !isnan(reading->alpha_for_goroutines);
	if (reading->alpha_implied)
		reading->law.alpha = reading->alpha_for_goroutines;
	reading->lambda_implied = isnan(told->lambda) && !isnan(reading->leak_per_request);
	if (reading->lambda_implied)
		reading->law.lambda = reading->leak_per_request;
}

static void read_seen(const struct incident *told, struct incident_reading *reading)
{
	reading->share = told->qps / told->q0;
	reading->alpha_for_goroutines = leak_alpha_between(told->goroutines, reading->share);
	reading->growth_per_s = told->goroutines / told->seconds;
	reading->residence_s = told->goroutines / (told->lambda * told->qps);
	reading->bytes_per_goroutine = told->memory_bytes / told->goroutines;
	// With mu the shape of the decay is another.
	reading->requests =
		told->mu > 0 ? NAN
			     : pure_leak_requests_between(told->q0, reading->share, told->seconds);
	reading->mean_qps = reading->requests / told->seconds;
	reading->leak_per_request = told->goroutines / reading->requests;
}

static void read_law(const struct incident *told, struct incident_reading *reading)
{
	const struct leak_law *law = &reading->law;

	reading->first_growth_per_s = law->lambda * law->q0;
	reading->half_goroutines = leak_goroutines_at_share(law, 0.5);
	reading->half_s = leak_seconds_to_share(law, 0.5);
	reading->share_goroutines = leak_goroutines_at_share(law, reading->share);
	reading->share_s = leak_seconds_to_share(law, reading->share);
	reading->share_left = exp(-law->alpha * told->goroutines);
	reading->qps_left = law->q0 * reading->share_left;
	reading->end = leak_after(law, told->seconds);
}

static void read_end(const struct incident *told, struct incident_reading *reading)
{
	bool by_share = !isnan(reading->share);

	reading->end_share = by_share ? reading->share : reading->share_left;
	reading->end_s =
		by_share ? reading->share_s : leak_reaching(&reading->law, told->goroutines).t_s;
	reading->spread = pure_decay_spread(reading->end_share);
}

// Falling from Q0 to the QPS told, at least as many requests as at the latter, at most as at the
// former; while leaked ones end, any number may be gone.
static void read_bounds(const struct incident *told, struct incident_reading *reading)
{
	double least = told->mu > 0 ? NAN : told->lambda * told->qps * told->seconds;

	reading->leaks_min = least;
	reading->leaks_max = told->lambda * told->q0 * told->seconds;
	reading->stack_bytes_min = fmax(told->goroutines, least) * STACK_BYTES_MIN;
}

static enum fit fit_of(double factor, double tolerance)
{
	double off = fmax(factor, 1 / factor);

	if (isnan(factor))
		return FIT_UNKNOWN;
	if (off <= 1 + tolerance)
		return FIT_CONSISTENT;
	return off <= FIT_CLOSE_FACTOR ? FIT_CLOSE : FIT_CONTRADICTION;
}

static struct fit_check check(double told, double computed, double tolerance)
{
	double factor = told / computed;

	return (struct fit_check){fit_of(factor, tolerance), told, computed, factor};
}

// Within [low, high] all is well; either may be NAN. A bound cannot be missed closely.
static struct fit_check check_within(double told, double low, double high, double tolerance)
{
	struct fit_check result;
	double nearest = told;

	if (isnan(low) && isnan(high))
		nearest = NAN;
	else if (told < low)
		nearest = low;
	else if (told > high)
		nearest = high;
	result = check(told, nearest, tolerance);
	if (result.fit == FIT_CLOSE)
		result.fit = FIT_CONTRADICTION;
	return result;
}

static void read_checks(
	const struct incident *told, double tolerance, struct incident_reading *reading)
{
	const struct fit_check *all[] = {&reading->time, &reading->rest, &reading->decay,
		&reading->growth, &reading->memory};

	// What was implied by a figure cannot check it.
	if (told->mu > 0 && !isnan(told->qps))
		reading->rest = check(told->qps, reading->end.qps, tolerance);
	else if (told->mu > 0)
		reading->rest = check(told->goroutines, reading->end.goroutines, tolerance);
	else if (!reading->lambda_implied)
		reading->time = check(told->seconds, reading->end_s, tolerance);
	if (!reading->alpha_implied)
		reading->decay = check(told->goroutines, reading->share_goroutines, tolerance);
	reading->growth =
		check_within(told->goroutines, reading->leaks_min, reading->leaks_max, tolerance);
	reading->memory =
		check_within(told->memory_bytes, reading->stack_bytes_min, INFINITY, tolerance);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->fit > reading->fit)
			reading->fit = all[i]->fit;
}

static void repair_lambda(const struct incident *told, struct incident_reading *reading)
{
	struct lambda_repair *repair = &reading->lambda;

	repair->lambda = leak_lambda_for(&reading->law, reading->end_share, told->seconds);
	repair->factor = told->lambda / repair->lambda;
	repair->lambda_counted = reading->leak_per_request;
	repair->possible = isfinite(repair->factor) && repair->factor > 0;
}

// The law sees lambda and Q0 as a product only, so the same factor may be in Q0.
static void repair_replicas(const struct incident *told, struct incident_reading *reading)
{
	double factor = reading->lambda.factor;
	struct replica_repair *repair = &reading->replicas;

	repair->summed = factor > 1;
	repair->replicas = repair->summed ? factor : 1 / factor;
	repair->possible = reading->lambda.possible && round(repair->replicas) >= 2;
	repair->q0 = told->q0 / factor;
	repair->goroutines = leak_goroutines_at_share(&reading->law, reading->end_share);
}

// 1.1: of G(t) = ln(1 + x t/T) times a constant, x = 1/f - 1, what was there `age` before T.
static double older_in_leak(double share, double age, double seconds)
{
	double x = 1 / share - 1;

	return log1p(x * (1 - age / seconds)) / log1p(x);
}

static void read_ages(const struct incident *told, struct incident_reading *reading)
{
	struct backlog_repair *repair = &reading->backlog;
	double age = 60 * ceil(OLD * repair->residence_s / 60);

	repair->age_s = repair->older_in_leak = repair->older_in_backlog = NAN;
	if (!(age < told->seconds))
		return;
	repair->age_s = age;
	repair->older_in_leak = older_in_leak(reading->share, age, told->seconds);
	repair->older_in_backlog = exp(-age / repair->residence_s);
}

// 3.1: Little's law; and 1.1 for how soon the balance is reached. A balance that takes as long as
// the story is none, and with mu told it is that which counts.
static void repair_backlog(const struct incident *told, struct incident_reading *reading)
{
	struct backlog_repair *repair = &reading->backlog;

	repair->residence_s = reading->residence_s;
	repair->residence_at_share_s = reading->share_goroutines / (told->lambda * told->qps);
	repair->mu = 1 / repair->residence_s;
	repair->settled_s = SETTLED / (repair->mu * (1 + reading->law.alpha * told->goroutines));
	repair->possible =
		reading->lambda.factor > 1 && !(told->mu > 0) && repair->settled_s < told->seconds;
	read_ages(told, reading);
}

void incident_read(const struct incident *told, double tolerance, struct incident_reading *reading)
{
	*reading = (struct incident_reading){0};
	read_seen(told, reading);
	find_law(told, reading);
	read_law(told, reading);
	read_end(told, reading);
	read_bounds(told, reading);
	read_checks(told, tolerance, reading);
	if (reading->time.fit != FIT_CONTRADICTION && reading->rest.fit != FIT_CONTRADICTION)
		return;
	repair_lambda(told, reading);
	repair_replicas(told, reading);
	repair_backlog(told, reading);
}
