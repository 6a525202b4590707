// SPDX-License-Identifier: Apache-2.0
// Models of growth side by side.
#include "model/growth_choice.h"

#include <math.h>

#define SHAPE_GRID 12
#define SHAPE_SHORTEST 50.0 // of the time seen: the shortest theta
#define SHAPE_TOLERANCE 0.02 // of ln theta
#define STEP_PARAMETERS 3 // what the search for a step is worth (leak-model 1.4)
#define STEP_COARSE 32
#define STEP_SIDE 2 // points on either side, at least
#define SMOOTH_POINTS 20 // fewer do not tell load from growth
#define SMOOTH_VARIATION 0.1

// A random walk of K steps bends a line like a recovery of mu T = 2.6 / sqrt(K) does, give or take;
// smaller ones than 4.5 of that are chance.
#define BENT_BY_CHANCE 12.0

// Whether a step of G goes with the requests in it or with its length: standard errors.
#define CLEAR 4.0
#define ABSENT 3.0

const char *growth_kind_name(enum growth_kind kind)
{
	static const char *const names[GROWTH_KINDS] = {
		[GROWTH_NONE] = "none",
		[GROWTH_TIME] = "time",
		[GROWTH_LOAD] = "load",
		[GROWTH_INSEPARABLE] = "load or time",
		[GROWTH_RECOVERING] = "recovering",
		[GROWTH_SATURATING] = "saturating",
		[GROWTH_STEP] = "step",
	};

	return names[kind];
}

struct load_columns {
	bool little, smooth;
};

static void add_load_columns(struct growth_columns *columns, struct load_columns load)
{
	if (load.little)
		growth_columns_add(columns, COLUMN_LITTLE);
	if (load.smooth) {
		growth_columns_add(columns, COLUMN_FAST);
		growth_columns_add(columns, COLUMN_SLOW);
	}
}

static struct growth_columns columns_of(enum growth_kind kind, struct load_columns load)
{
	static const enum growth_column trends[GROWTH_KINDS] = {
		[GROWTH_TIME] = COLUMN_TIME,
		[GROWTH_LOAD] = COLUMN_REQUESTS,
		[GROWTH_RECOVERING] = COLUMN_REQUESTS,
		[GROWTH_SATURATING] = COLUMN_CURVE,
		[GROWTH_STEP] = COLUMN_STEP,
	};
	struct growth_columns columns = {.items = {COLUMN_ONE}, .count = 1};

	if (trends[kind] != COLUMN_ONE)
		growth_columns_add(&columns, trends[kind]);
	if (kind == GROWTH_RECOVERING)
		growth_columns_add(&columns, COLUMN_AREA);
	add_load_columns(&columns, load);
	return columns;
}

bool growth_beats(const struct regression *rich, const struct regression *plain, double least)
{
	double widening = regression_widening(rich);

	if (isinf(rich->aicc))
		return false;
	return isinf(plain->aicc) || plain->aicc - rich->aicc > least * widening * widening;
}

struct search {
	const struct growth_points *points;
	struct growth_columns columns;
};

static double misfit_at(double log_shape, void *context)
{
	struct search *search = context;
	struct regression fit;

	search->columns.shape = exp(log_shape);
	if (growth_columns_fit_once(search->points, &search->columns, &fit) < 0)
		return INFINITY;
	return fit.residual_sum;
}

// Theta on a log grid up to the time seen (a longer one bends nothing), then by golden section
// between the neighbours of the best.
static void search_curve(const struct growth_points *points, struct growth_columns *columns)
{
	double seconds = growth_points_seconds(points);
	double step = log(SHAPE_SHORTEST) / (SHAPE_GRID - 1);
	double first = log(seconds / SHAPE_SHORTEST), least = INFINITY, best = first;
	struct search search = {points, *columns};

	for (int i = 0; i < SHAPE_GRID; i++) {
		double misfit = misfit_at(first + i * step, &search);

		if (misfit < least) {
			least = misfit;
			best = first + i * step;
		}
	}
	columns->shape = exp(golden_section(misfit_at, &search, fmax(first, best - step),
		fmin(log(seconds), best + step), SHAPE_TOLERANCE));
}

static double step_misfit(struct search *search, uint32_t at)
{
	struct regression fit;

	search->columns.shape = search->points->t_s[at] - search->points->t_s[0];
	if (growth_columns_fit_once(search->points, &search->columns, &fit) < 0)
		return INFINITY;
	return fit.residual_sum;
}

static uint32_t best_step(
	struct search *search, uint32_t from, uint32_t to, uint32_t stride, uint32_t best)
{
	double least = step_misfit(search, best);

	for (uint32_t at = from; at <= to; at += stride) {
		double misfit = step_misfit(search, at);

		if (misfit < least) {
			least = misfit;
			best = at;
		}
	}
	return best;
}

// Over the points, coarse and then fine.
static void search_step(const struct growth_points *points, struct growth_columns *columns)
{
	struct search search = {points, *columns};
	uint32_t first = STEP_SIDE, last = points->count - STEP_SIDE;
	uint32_t stride = (last - first) / STEP_COARSE + 1;
	uint32_t best = best_step(&search, first, last, stride, first);
	uint32_t from = best > first + stride ? best - stride : first;

	if (stride > 1)
		best = best_step(
			&search, from, best + stride < last ? best + stride : last, 1, best);
	columns->shape = points->t_s[best] - points->t_s[0];
}

// A bend must be growth that slows down, by more than a random walk of as many steps would. A step
// must go up.
static bool applies(
	const struct growth_points *points, enum growth_kind kind, const struct growth_model *model)
{
	double seconds = growth_points_seconds(points), rise = model->fit.coefficient[1];

	switch (kind) {
	case GROWTH_RECOVERING:
		rise *= growth_points_requests(points);
		return rise > 0 &&
		       model->fit.coefficient[2] * seconds > BENT_BY_CHANCE / sqrt(fmax(1, rise));
	case GROWTH_SATURATING:
		return rise > 0 &&
		       seconds / model->columns.shape > BENT_BY_CHANCE / sqrt(fmax(1, rise));
	case GROWTH_STEP:
		return rise > 0;
	default:
		return true;
	}
}

static void fit_model(const struct growth_points *points, enum growth_kind kind,
	struct load_columns load, struct growth_model *model)
{
	int searched = kind == GROWTH_STEP ? STEP_PARAMETERS : kind == GROWTH_SATURATING;
	bool by_requests = kind == GROWTH_LOAD || kind == GROWTH_RECOVERING;

	model->columns = columns_of(kind, load);
	model->fit.aicc = INFINITY;
	if (by_requests && !points->has_requests)
		return;
	if (kind == GROWTH_SATURATING)
		search_curve(points, &model->columns);
	if (kind == GROWTH_STEP)
		search_step(points, &model->columns);
	if (growth_columns_fit(points, &model->columns, &model->fit) < 0)
		return;
	model->fit.aicc =
		applies(points, kind, model) ? regression_aicc(&model->fit, searched) : INFINITY;
}

// A walk's levels mislead where its steps do not: does a step go with the requests in it, or with
// its length?
static enum growth_kind by_steps(const struct growth_points *points)
{
	double x[GROWTH_POINTS_MAX * 2], y[GROWTH_POINTS_MAX];
	struct regression fit;
	double of_time, of_load;

	for (uint32_t i = 1; i < points->count; i++) {
		x[2 * (i - 1)] = points->t_s[i] - points->t_s[i - 1];
		x[2 * (i - 1) + 1] = points->n[i] - points->n[i - 1];
		y[i - 1] = points->g[i] - points->g[i - 1];
	}
	if (regress(x, y, NULL, points->count - 1, 2, &fit) < 0)
		return GROWTH_INSEPARABLE;
	of_time = fit.coefficient[0] / sqrt(fit.covariance[0][0]);
	of_load = fit.coefficient[1] / sqrt(fit.covariance[1][1]);
	if (of_load > CLEAR && of_time < ABSENT)
		return GROWTH_LOAD;
	return of_time > CLEAR && of_load < ABSENT ? GROWTH_TIME : GROWTH_INSEPARABLE;
}

static enum growth_kind choose_driver(
	const struct growth_points *points, const struct growth_choice *choice)
{
	const struct regression *none = &choice->models[GROWTH_NONE].fit;
	const struct regression *time = &choice->models[GROWTH_TIME].fit;
	const struct regression *load = &choice->models[GROWTH_LOAD].fit;
	const struct regression *recovering = &choice->models[GROWTH_RECOVERING].fit;

	if (growth_beats(recovering, load, GROWTH_AICC_KEEP))
		load = recovering; // it grows with the load as well
	if (!growth_beats(time->aicc < load->aicc ? time : load, none, GROWTH_AICC_NONE))
		return GROWTH_NONE;
	if (isinf(load->aicc))
		return GROWTH_TIME;
	if (!(choice->load_variation > GROWTH_QPS_CV))
		return GROWTH_INSEPARABLE;
	if (growth_beats(load, time, GROWTH_AICC_KEEP))
		return GROWTH_LOAD;
	if (growth_beats(time, load, GROWTH_AICC_KEEP))
		return GROWTH_TIME;
	return by_steps(points);
}

// The least AICc of the kinds from `from` to `to`.
static enum growth_kind least_of(
	const struct growth_choice *choice, enum growth_kind from, enum growth_kind to)
{
	enum growth_kind best = from;

	for (enum growth_kind kind = from; kind <= to; kind++)
		if (kind != GROWTH_INSEPARABLE &&
			choice->models[kind].fit.aicc < choice->models[best].fit.aicc)
			best = kind;
	return best;
}

// A bend must beat the best line, and nothing.
static enum growth_kind choose_kind(const struct growth_choice *choice)
{
	enum growth_kind line = least_of(choice, GROWTH_TIME, GROWTH_LOAD);
	enum growth_kind bent = least_of(choice, GROWTH_RECOVERING, GROWTH_STEP);
	const struct regression *fit = &choice->models[bent].fit;

	if (growth_beats(fit, &choice->models[line].fit, GROWTH_AICC_KEEP) &&
		growth_beats(fit, &choice->models[GROWTH_NONE].fit, GROWTH_AICC_NONE))
		return bent;
	return choice->driver;
}

static void choose_with(
	const struct growth_points *points, struct load_columns load, struct growth_choice *choice)
{
	for (enum growth_kind kind = GROWTH_NONE; kind < GROWTH_KINDS; kind++)
		if (kind != GROWTH_INSEPARABLE)
			fit_model(points, kind, load, &choice->models[kind]);
	choice->driver = choose_driver(points, choice);
	choice->kind = choose_kind(choice);
}

// What stands behind the answer.
static const struct growth_model *chosen_model(const struct growth_choice *choice)
{
	if (choice->kind == GROWTH_INSEPARABLE)
		return &choice->models[least_of(choice, GROWTH_TIME, GROWTH_LOAD)];
	return &choice->models[choice->kind];
}

// Chance or proportion: which of the two the data speak for on these columns.
static double power_of(struct growth_points *points, const struct growth_columns *columns)
{
	struct regression by_chance, in_proportion;

	points->power = 1;
	(void)growth_columns_fit(points, columns, &by_chance);
	points->power = 2;
	(void)growth_columns_fit(points, columns, &in_proportion);
	return by_chance.aicc < in_proportion.aicc ? 1 : 2;
}

static void choose_power(
	struct growth_points *points, enum growth_kind kind, struct load_columns load)
{
	const struct growth_columns columns = columns_of(kind, load);

	points->power = power_of(points, &columns);
}

static bool little_explains(const struct growth_points *points)
{
	struct growth_model plain, loaded;

	if (!points->has_little)
		return false;
	fit_model(points, GROWTH_NONE, (struct load_columns){0}, &plain);
	fit_model(points, GROWTH_NONE, (struct load_columns){.little = true}, &loaded);
	return loaded.fit.aicc + GROWTH_AICC_KEEP < plain.fit.aicc && loaded.fit.coefficient[1] > 0;
}

// Connections and what else follows the load with a delay: kept when the chosen model gains by it
// as much as growth must, and more load holds more.
static void try_smoothed_load(
	const struct growth_points *points, struct load_columns load, struct growth_choice *choice)
{
	const struct growth_model *plain = chosen_model(choice), *loaded;
	struct growth_choice other = {.load_variation = choice->load_variation};
	int last;

	if (points->count < SMOOTH_POINTS || !(choice->load_variation > SMOOTH_VARIATION))
		return;
	load.smooth = true;
	choose_with(points, load, &other);
	loaded = chosen_model(&other);
	last = loaded->columns.count - 1;
	if (growth_beats(&loaded->fit, &plain->fit, GROWTH_AICC_NONE) &&
		loaded->fit.coefficient[last] + loaded->fit.coefficient[last - 1] > 0)
		*choice = other;
}

void growth_choose(struct growth_points *points, struct growth_choice *choice)
{
	struct load_columns load = {.little = false};
	enum growth_kind richest = points->has_requests ? GROWTH_LOAD : GROWTH_TIME;

	*choice = (struct growth_choice){.load_variation = NAN};
	if (points->has_requests)
		choice->load_variation = growth_points_load_variation(points);
	choose_power(points, richest, (struct load_columns){.little = points->has_little});
	load.little = little_explains(points);
	choose_with(points, load, choice);
	try_smoothed_load(points, load, choice);
}

void growth_line(struct growth_points *points, enum growth_kind kind, struct growth_model *model)
{
	choose_power(points, kind, (struct load_columns){0});
	fit_model(points, kind, (struct load_columns){0}, model);
}
