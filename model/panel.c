// SPDX-License-Identifier: Apache-2.0
// A table of replicas and times, with both means taken out.
#include "model/panel.h"

#include "model/decay.h"
#include "model/distribution.h"
#include "model/growth_choice.h"

#include <math.h>

#define LEVEL 0.95
#define TIMES_MIN 8
#define SWEEPS 30 // of taking out means in turn; cells may be missing

struct panel {
	uint32_t members, times;
	double from_ms, step_ms;
	double log_qps[PANEL_MEMBERS_MAX][PANEL_TIMES_MAX]; // NAN: missing
	double leaked[PANEL_MEMBERS_MAX][PANEL_TIMES_MAX];
};

// The time in which all members were seen, cut evenly.
static bool lay_out(struct panel *panel, const struct series *const *members, uint32_t count)
{
	double from = -INFINITY, to = INFINITY;
	uint32_t least = PANEL_TIMES_MAX + 1;

	panel->members = count < PANEL_MEMBERS_MAX ? count : PANEL_MEMBERS_MAX;
	for (uint32_t i = 0; i < panel->members; i++) {
		uint32_t points = series_count(members[i]);

		if (points < 2 || isnan(members[i]->last.requests))
			return false;
		from = fmax(from, series_at(members[i], 0)->mono_ms);
		to = fmin(to, members[i]->last.mono_ms);
		least = points < least ? points : least;
	}
	panel->times = least - 1;
	panel->from_ms = from;
	panel->step_ms = (to - from) / panel->times;
	return panel->members > 1 && panel->times >= TIMES_MIN && panel->step_ms > 0;
}

struct moment {
	double requests;
	uint32_t life;
};

// Between the two points around it, when they are of one life. `from` is where to look first.
static bool moment_at(const struct series *series, double ms, uint32_t *from, struct moment *moment)
{
	const struct series_point *a, *b;
	double part;

	while (*from + 2 < series_count(series) && series_at(series, *from + 1)->mono_ms <= ms)
		(*from)++;
	a = series_at(series, *from);
	b = series_at(series, *from + 1);
	if (a->life != b->life || !(b->mono_ms > a->mono_ms))
		return false;
	part = (ms - a->mono_ms) / (b->mono_ms - a->mono_ms);
	*moment = (struct moment){a->requests + part * (b->requests - a->requests), a->life};
	return !isnan(moment->requests);
}

// The line of one life, at the times that lie in it.
static void fill_life(struct panel *panel, const struct series *series, uint32_t member,
	uint32_t life, const struct moment *middles)
{
	struct growth_points points;
	struct growth_model line;

	growth_points_gather(series, life, &points);
	if (points.count < GROWTH_POINTS_MIN || !points.has_requests)
		return;
	growth_line(&points, GROWTH_LOAD, &line);
	if (isinf(line.fit.aicc))
		return;
	for (uint32_t i = 0; i < panel->times; i++)
		if (middles[i].life == life)
			panel->leaked[member][i] =
				line.fit.coefficient[0] +
				line.fit.coefficient[1] * (middles[i].requests - points.n[0]);
}

static void fill_member(struct panel *panel, const struct series *series, uint32_t member)
{
	struct moment edges[PANEL_TIMES_MAX + 1], middles[PANEL_TIMES_MAX];
	bool known[PANEL_TIMES_MAX + 1];
	uint32_t from = 0;

	for (uint32_t i = 0; i <= panel->times; i++)
		known[i] = moment_at(series, panel->from_ms + i * panel->step_ms, &from, &edges[i]);
	for (uint32_t i = 0; i < panel->times; i++) {
		bool whole = known[i] && known[i + 1] && edges[i].life == edges[i + 1].life;
		double done = whole ? edges[i + 1].requests - edges[i].requests : NAN;

		panel->log_qps[member][i] = done > 0 ? log(done) : NAN;
		panel->leaked[member][i] = NAN;
		middles[i] = (struct moment){0, UINT32_MAX};
		if (whole)
			middles[i] = (struct moment){
				(edges[i].requests + edges[i + 1].requests) / 2, edges[i].life};
	}
	for (uint32_t life = 0; life <= series->last.life; life++)
		fill_life(panel, series, member, life, middles);
}

static bool has_cell(const struct panel *panel, uint32_t member, uint32_t time)
{
	return !isnan(panel->log_qps[member][time]) && !isnan(panel->leaked[member][time]);
}

typedef double table[PANEL_MEMBERS_MAX][PANEL_TIMES_MAX];

static void take_out_rows(const struct panel *panel, table cells)
{
	for (uint32_t i = 0; i < panel->members; i++) {
		double sum = 0, n = 0;

		for (uint32_t t = 0; t < panel->times; t++)
			if (has_cell(panel, i, t))
				sum += cells[i][t], n++;
		for (uint32_t t = 0; t < panel->times; t++)
			cells[i][t] -= n > 0 ? sum / n : 0;
	}
}

static void take_out_times(const struct panel *panel, table cells)
{
	for (uint32_t t = 0; t < panel->times; t++) {
		double sum = 0, n = 0;

		for (uint32_t i = 0; i < panel->members; i++)
			if (has_cell(panel, i, t))
				sum += cells[i][t], n++;
		for (uint32_t i = 0; i < panel->members; i++)
			cells[i][t] -= n > 0 ? sum / n : 0;
	}
}

struct slope {
	double value, error, freedom;
};

// Least squares on what is left, widened for residuals that remember within a replica.
static struct slope slope_of(const struct panel *panel, table x, table y)
{
	double xx = 0, xy = 0, squares = 0, products = 0, cells = 0, rho;
	struct slope slope;

	for (uint32_t i = 0; i < panel->members; i++)
		for (uint32_t t = 0; t < panel->times; t++)
			if (has_cell(panel, i, t))
				xx += x[i][t] * x[i][t], xy += x[i][t] * y[i][t], cells++;
	slope.value = xy / xx;
	slope.freedom = cells - panel->members - panel->times;
	for (uint32_t i = 0; i < panel->members; i++) {
		double before = 0;

		for (uint32_t t = 0; t < panel->times; t++) {
			double off = y[i][t] - slope.value * x[i][t];

			if (!has_cell(panel, i, t))
				continue;
			squares += off * off;
			products += off * before;
			before = off;
		}
	}
	rho = products / squares;
	rho = fmax(0, fmin(0.98, rho + (1 + 4 * rho) / panel->times));
	slope.error = sqrt(squares / slope.freedom / xx * (1 + rho) / (1 - rho));
	return slope;
}

static double spread_of_leak(const struct panel *panel)
{
	double least = INFINITY, most = -INFINITY;

	for (uint32_t i = 0; i < panel->members; i++)
		for (uint32_t t = 0; t < panel->times; t++)
			if (has_cell(panel, i, t)) {
				least = fmin(least, panel->leaked[i][t]);
				most = fmax(most, panel->leaked[i][t]);
			}
	return most - least;
}

static struct estimate conclude(const struct panel *panel, const struct slope *slope)
{
	double alpha = -slope->value, reach;

	if (!(slope->freedom > 0) || !isfinite(alpha))
		return estimate_none("the replicas were not seen together for long enough");
	reach = slope->error * student_t_quantile(1 - (1 - LEVEL) / 2, slope->freedom);
	if (!(alpha > 0) || !(reach <= DECAY_ALPHA_WIDEST * alpha))
		return estimate_none("alpha not identified by the replicas: they leak alike, or "
				     "their shares do not respond");
	if (!(-expm1(-alpha * spread_of_leak(panel)) >= DECAY_SHARE_MIN))
		return estimate_none("no replica has lost a tenth of its throughput by the leak");
	return estimate_of(alpha, alpha - reach, alpha + reach, LEVEL,
		"replicas of one workload against each other", panel->members * panel->times);
}

struct estimate panel_alpha(const struct series *const *members, uint32_t count)
{
	struct panel panel;
	struct slope slope;
	table x, y;

	if (!lay_out(&panel, members, count))
		return estimate_none("needs two replicas with requests, seen at the same time");
	for (uint32_t i = 0; i < panel.members; i++)
		fill_member(&panel, members[i], i);
	for (uint32_t i = 0; i < panel.members; i++)
		for (uint32_t t = 0; t < panel.times; t++) {
			x[i][t] = panel.leaked[i][t];
			y[i][t] = panel.log_qps[i][t];
		}
	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		take_out_rows(&panel, x);
		take_out_rows(&panel, y);
		take_out_times(&panel, x);
		take_out_times(&panel, y);
	}
	slope = slope_of(&panel, x, y);
	return conclude(&panel, &slope);
}
