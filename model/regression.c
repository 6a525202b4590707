// SPDX-License-Identifier: Apache-2.0
// Least squares by Cholesky of the normal equations with scaled columns: for up to six columns of
// known magnitude that is exact enough, and short.
#include "model/regression.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef double square[REGRESSION_COLUMNS_MAX][REGRESSION_COLUMNS_MAX];

struct normal {
	square matrix;
	double right[REGRESSION_COLUMNS_MAX];
	double scale[REGRESSION_COLUMNS_MAX]; // length of each weighted column
};

static double weight_of(const double *weights, size_t i)
{
	return weights ? weights[i] : 1;
}

static int column_scales(
	const double *x, const double *weights, size_t points, int columns, double *scale)
{
	for (int j = 0; j < columns; j++) {
		scale[j] = 0;
		for (size_t i = 0; i < points; i++)
			scale[j] += weight_of(weights, i) * x[i * (size_t)columns + (size_t)j] *
				    x[i * (size_t)columns + (size_t)j];
		scale[j] = sqrt(scale[j]);
		if (!(scale[j] > 0) || isinf(scale[j]))
			return -EDOM;
	}
	return 0;
}

static void add_point(
	struct normal *normal, const double *row, double y, double weight, int columns)
{
	for (int j = 0; j < columns; j++) {
		double xj = row[j] / normal->scale[j];

		normal->right[j] += weight * xj * y;
		for (int k = 0; k <= j; k++)
			normal->matrix[j][k] += weight * xj * row[k] / normal->scale[k];
	}
}

// In place, lower triangle. A pivot that lost all its digits means dependent columns.
static int cholesky(square matrix, int columns)
{
	for (int j = 0; j < columns; j++) {
		double pivot = matrix[j][j];

		for (int k = 0; k < j; k++)
			pivot -= matrix[j][k] * matrix[j][k];
		if (!(pivot > 1e-11))
			return -EDOM;
		matrix[j][j] = sqrt(pivot);
		for (int i = j + 1; i < columns; i++) {
			double sum = matrix[i][j];

			for (int k = 0; k < j; k++)
				sum -= matrix[i][k] * matrix[j][k];
			matrix[i][j] = sum / matrix[j][j];
		}
	}
	return 0;
}

static void cholesky_solve(square lower, double *right, int columns)
{
	for (int i = 0; i < columns; i++) {
		for (int k = 0; k < i; k++)
			right[i] -= lower[i][k] * right[k];
		right[i] /= lower[i][i];
	}
	for (int i = columns - 1; i >= 0; i--) {
		for (int k = i + 1; k < columns; k++)
			right[i] -= lower[k][i] * right[k];
		right[i] /= lower[i][i];
	}
}

static void fill_covariance(
	square lower, const double *scale, double variance, struct regression *fit)
{
	for (int j = 0; j < fit->columns; j++) {
		double unit[REGRESSION_COLUMNS_MAX] = {0};

		unit[j] = 1;
		cholesky_solve(lower, unit, fit->columns);
		for (int k = 0; k < fit->columns; k++)
			fit->covariance[j][k] = variance * unit[k] / (scale[j] * scale[k]);
	}
}

double regression_at(const struct regression *fit, const double *row)
{
	double sum = 0;

	for (int j = 0; j < fit->columns; j++)
		sum += fit->coefficient[j] * row[j];
	return sum;
}

// Residual sum, and its correlation with itself one step on. The estimate is biased towards
// (1 + 4 rho) / n below the truth; that much is given back.
static void fill_residuals(
	const double *x, const double *y, const double *weights, struct regression *fit)
{
	double before = 0, products = 0, sum = 0;

	for (size_t i = 0; i < fit->points; i++) {
		double residual = sqrt(weight_of(weights, i)) *
				  (y[i] - regression_at(fit, &x[i * (size_t)fit->columns]));

		sum += residual * residual;
		products += residual * before;
		before = residual;
	}
	fit->residual_sum = sum;
	fit->autocorrelation = sum > 0 ? products / sum : 0;
	fit->autocorrelation += (1 + 4 * fit->autocorrelation) / (double)fit->points;
	fit->autocorrelation = fmax(0, fmin(0.98, fit->autocorrelation));
}

// What `parameters` cost (Hurvich and Tsai 1989).
static double penalty(size_t points, int parameters)
{
	double n = (double)points, k = parameters;

	return n - k - 1 > 0 ? 2 * k + 2 * k * (k + 1) / (n - k - 1) : INFINITY;
}

// With the weights as inverse variances: fits with different weights compare. The variance is a
// parameter too.
static double aicc_of(double residual_sum, const double *weights, size_t points, int columns)
{
	double n = (double)points, logs = 0;

	for (size_t i = 0; weights && i < points; i++)
		logs += log(weights[i]);
	return n * log(fmax(residual_sum, 1e-300) / n) - logs + penalty(points, columns + 1);
}

double regression_aicc(const struct regression *fit, int searched)
{
	if (isinf(fit->aicc))
		return INFINITY;
	return fit->aicc - penalty(fit->points, fit->columns + 1) +
	       penalty(fit->points, fit->columns + 1 + searched);
}

int regress_ridge(const double *x, const double *y, const double *weights, size_t points,
	int columns, const double *ridge, struct regression *fit)
{
	struct normal normal = {0};
	int r;

	if (columns < 1 || columns > REGRESSION_COLUMNS_MAX || points < (size_t)columns + 1)
		return -EINVAL;
	*fit = (struct regression){.columns = columns, .points = points};
	r = column_scales(x, weights, points, columns, normal.scale);
	if (r < 0)
		return r;
	for (size_t i = 0; i < points; i++)
		add_point(&normal, &x[i * (size_t)columns], y[i], weight_of(weights, i), columns);
	for (int j = 0; ridge && j < columns; j++)
		normal.matrix[j][j] += ridge[j];
	r = cholesky(normal.matrix, columns);
	if (r < 0)
		return r;
	cholesky_solve(normal.matrix, normal.right, columns);
	for (int j = 0; j < columns; j++)
		fit->coefficient[j] = normal.right[j] / normal.scale[j];
	fill_residuals(x, y, weights, fit);
	fit->residual_variance = fit->residual_sum / (double)(points - (size_t)columns);
	fill_covariance(normal.matrix, normal.scale, fit->residual_variance, fit);
	fit->aicc = aicc_of(fit->residual_sum, weights, points, columns);
	return 0;
}

int regress_sums(const double *sums, const double *products, int columns, const double *ridge,
	double *coefficient)
{
	struct normal normal = {0};
	int r;

	if (columns < 1 || columns > REGRESSION_COLUMNS_MAX)
		return -EINVAL;
	for (int j = 0; j < columns; j++) {
		double length = sqrt(sums[j * columns + j]);

		normal.scale[j] = length > 0 ? length : 1;
		normal.right[j] = products[j] / normal.scale[j];
		for (int k = 0; k < j; k++)
			normal.matrix[j][k] =
				sums[j * columns + k] / (normal.scale[j] * normal.scale[k]);
		normal.matrix[j][j] = 1 + (ridge ? ridge[j] : 0);
	}
	r = cholesky(normal.matrix, columns);
	if (r < 0)
		return r;
	cholesky_solve(normal.matrix, normal.right, columns);
	for (int j = 0; j < columns; j++)
		coefficient[j] = normal.right[j] / normal.scale[j];
	return 0;
}

int regress(const double *x, const double *y, const double *weights, size_t points, int columns,
	struct regression *fit)
{
	return regress_ridge(x, y, weights, points, columns, NULL, fit);
}

double regression_widening(const struct regression *fit)
{
	return sqrt((1 + fit->autocorrelation) / (1 - fit->autocorrelation));
}

double regression_error(const struct regression *fit, int column)
{
	return sqrt(fit->covariance[column][column]) * regression_widening(fit);
}

double variance_inflation(const struct regression *fit, const double *x, int column)
{
	double mean = 0, squares = 0;

	for (size_t i = 0; i < fit->points; i++)
		mean += x[i * (size_t)fit->columns + (size_t)column] / (double)fit->points;
	for (size_t i = 0; i < fit->points; i++) {
		double off = x[i * (size_t)fit->columns + (size_t)column] - mean;

		squares += off * off;
	}
	return fit->residual_variance > 0
		       ? fit->covariance[column][column] / fit->residual_variance * squares
		       : INFINITY;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
	if (count == 0)
		return NAN;
	qsort(values, count, sizeof(*values), compare_doubles);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

// z of the two-sided level, for the three levels in use.
static double two_sided(double level)
{
	return level >= 0.99 ? 2.5758 : level >= 0.95 ? 1.95996 : 1.64485;
}

static void sen_bounds(
	const double *slopes, size_t pairs, size_t points, double level, struct theil_sen *result)
{
	double n = (double)points;
	double reach = two_sided(level) * sqrt(n * (n - 1) * (2 * n + 5) / 18);
	double low = ((double)pairs - reach) / 2;
	double high = ((double)pairs + reach) / 2;

	result->low = low < 0 ? -INFINITY : slopes[(size_t)low];
	result->high = high >= (double)pairs ? INFINITY : slopes[(size_t)high];
}

struct theil_sen theil_sen(const double *x, const double *y, size_t points, double level)
{
	struct theil_sen result = {NAN, NAN, NAN, NAN};
	double values[THEIL_SEN_POINTS_MAX * (THEIL_SEN_POINTS_MAX - 1) / 2];
	size_t pairs = 0;

	if (points < 2 || points > THEIL_SEN_POINTS_MAX)
		return result;
	for (size_t i = 0; i < points; i++)
		for (size_t j = i + 1; j < points; j++)
			if (x[j] != x[i])
				values[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
	if (pairs > 0) {
		result.slope = median(values, pairs);
		sen_bounds(values, pairs, points, level, &result);
		for (size_t i = 0; i < points && i < pairs; i++)
			values[i] = y[i] - result.slope * x[i];
		result.intercept = median(values, points < pairs ? points : pairs);
	}
	return result;
}

double golden_section(double (*function)(double x, void *context), void *context, double low,
	double high, double tolerance)
{
	const double ratio = (sqrt(5) - 1) / 2;
	double a = high - ratio * (high - low);
	double b = low + ratio * (high - low);
	double at_a = function(a, context);
	double at_b = function(b, context);

	while (high - low > tolerance) {
		bool left = at_a < at_b;

		if (left) {
			high = b, b = a, at_b = at_a;
			a = high - ratio * (high - low);
			at_a = function(a, context);
		} else {
			low = a, a = b, at_a = at_b;
			b = low + ratio * (high - low);
			at_b = function(b, context);
		}
	}
	return (low + high) / 2;
}
