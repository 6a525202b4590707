// SPDX-License-Identifier: Apache-2.0
// What fits of the total are made from: the points of one life, and the columns that models of
// growth set them against (leak-model 1.4 and 2.1).
#pragma once

#include "model/regression.h"
#include "model/series.h"

#define GROWTH_POINTS_MAX 256
#define GROWTH_POINTS_MIN 6
#define GROWTH_COLUMNS_MAX REGRESSION_COLUMNS_MAX

struct growth_points {
	uint32_t count;
	double t_s[GROWTH_POINTS_MAX], g[GROWTH_POINTS_MAX];
	double n[GROWTH_POINTS_MAX]; // requests, cumulative
	double area[GROWTH_POINTS_MAX]; // integral of G - B, by trapezoids
	double little[GROWTH_POINTS_MAX]; // L, requests in service
	double fast[GROWTH_POINTS_MAX], slow[GROWTH_POINTS_MAX]; // QPS over 5 and 30 minutes
	double base; // B: the first G
	bool has_requests, has_little;
	double power; // variance of the noise goes with this power of G: 1 by chance, 2 in
		      // proportion
};

enum growth_column {
	COLUMN_ONE,
	COLUMN_REQUESTS, // N since the first point
	COLUMN_TIME, // s since the first point
	COLUMN_AREA, // minus the area: its coefficient is mu, per second
	COLUMN_LITTLE,
	COLUMN_FAST,
	COLUMN_SLOW,
	COLUMN_CURVE, // 1 - e^(-t / shape)
	COLUMN_STEP, // 1 from `shape` seconds on
};

struct growth_columns {
	enum growth_column items[GROWTH_COLUMNS_MAX];
	int count;
	double shape; // s; of COLUMN_CURVE and COLUMN_STEP
};

// The life's points that tell goroutines (and requests, where the target tells them), thinned to
// GROWTH_POINTS_MAX. power is 1.
void growth_points_gather(const struct series *series, uint32_t life, struct growth_points *points);
double growth_points_requests(const struct growth_points *points); // first to last
double growth_points_seconds(const struct growth_points *points);
// Variation (standard deviation over mean) of the load between points; NAN when unknown.
double growth_points_load_variation(const struct growth_points *points);

void growth_columns_add(struct growth_columns *columns, enum growth_column column);
// Weighted least squares of G on the columns; the weights, 1 / fitted^power, are renewed twice.
// 0, or the error of regress(); fit->aicc is INFINITY then.
int growth_columns_fit(const struct growth_points *points, const struct growth_columns *columns,
	struct regression *fit);
// The same with the measured G as weights, once: for searches over the shape.
int growth_columns_fit_once(const struct growth_points *points,
	const struct growth_columns *columns, struct regression *fit);
