// SPDX-License-Identifier: Apache-2.0
// Weighted least squares of a few columns, and the robust and one-dimensional searches around it.
#pragma once

#include <stddef.h>

#define REGRESSION_COLUMNS_MAX 6
#define THEIL_SEN_POINTS_MAX 128

struct regression {
	int columns;
	size_t points;
	double coefficient[REGRESSION_COLUMNS_MAX];
	double covariance[REGRESSION_COLUMNS_MAX][REGRESSION_COLUMNS_MAX];
	double residual_sum; // weighted squares
	double residual_variance; // weighted, per degree of freedom
	double autocorrelation; // lag 1 of the weighted residuals, corrected for few points
	double aicc; // INFINITY with too few points
};

// A weighted line of the normal equations is added for each point; nothing is kept of the points
// but what regress() reads from its arrays: row i of `x` starts at x[i * columns]. Weights are
// inverse variances up to a factor; NULL is all ones. 0; -EINVAL with fewer points than columns + 1
// or more than REGRESSION_COLUMNS_MAX columns; -EDOM when the columns depend on one another.
int regress(const double *x, const double *y, const double *weights, size_t points, int columns,
	struct regression *fit);
// The same with `ridge[j]` added to the j-th diagonal of the normal equations, after the columns
// are scaled to length one; NULL is none.
int regress_ridge(const double *x, const double *y, const double *weights, size_t points,
	int columns, const double *ridge, struct regression *fit);
// The same from sums that the caller keeps: `sums` holds the weighted products of the columns (row
// by row, columns * columns, the lower triangle is read), `products` those of each column with y.
// Only coefficients come out. A column that was 0 throughout gets 0.
int regress_sums(const double *sums, const double *products, int columns, const double *ridge,
	double *coefficient);
// AICc with `searched` more parameters, found by trying: a time constant, a point of change.
double regression_aicc(const struct regression *fit, int searched);
// The fitted value of a row.
double regression_at(const struct regression *fit, const double *row);
// Standard error of a coefficient, widened by sqrt((1 + rho) / (1 - rho)) for residuals that
// remember their predecessor (rho at most 0.98).
double regression_error(const struct regression *fit, int column);
double regression_widening(const struct regression *fit);
// Variance inflation of a column of an unweighted fit with an intercept by its other columns; 1 is
// independent. `x` is what was fitted. INFINITY when nothing is left over to tell.
double variance_inflation(const struct regression *fit, const double *x, int column);

// Median of the slopes between all pairs, and of the intercepts; NAN when all x are equal. At most
// THEIL_SEN_POINTS_MAX points: take block minima or every n-th before. low and high: the interval
// of the slope at `level` by Sen 1968 (normal approximation).
struct theil_sen {
	double slope, low, high, intercept;
};
struct theil_sen theil_sen(const double *x, const double *y, size_t points, double level);

// The minimum of a function with one valley within [low, high].
double golden_section(double (*function)(double x, void *context), void *context, double low,
	double high, double tolerance);

double median(double *values, size_t count); // reorders; NAN when there are none
