// SPDX-License-Identifier: Apache-2.0
// Incomplete gamma and beta by series and continued fraction, quantiles by bisection, exact
// intervals on top of them.
#include "model/distribution.h"

#include <math.h>
#include <stddef.h>

#define SERIES_STEPS 100000
#define TINY 1e-300
#define RELATIVE 1e-15

static double gamma_scale(double a, double x)
{
	return exp(-x + a * log(x) - lgamma(a));
}

// Converges fast for x < a + 1.
static double gamma_series(double a, double x)
{
	double term = 1 / a;
	double sum = term;

	for (int i = 1; i < SERIES_STEPS; i++) {
		term *= x / (a + i);
		sum += term;
		if (term < sum * RELATIVE)
			break;
	}
	return sum * gamma_scale(a, x);
}

static double away_from_zero(double value)
{
	return fabs(value) < TINY ? TINY : value;
}

// Lentz's method for the upper tail Q(a, x), x >= a + 1.
static double gamma_fraction(double a, double x)
{
	double b = x + 1 - a;
	double c = 1 / TINY;
	double d = 1 / away_from_zero(b);
	double h = d;

	for (int i = 1; i < SERIES_STEPS; i++) {
		double numerator = -i * (i - a);
		double step;

		b += 2;
		d = 1 / away_from_zero(numerator * d + b);
		c = away_from_zero(b + numerator / c);
		step = d * c;
		h *= step;
		if (fabs(step - 1) < RELATIVE)
			break;
	}
	return h * gamma_scale(a, x);
}

double gamma_p(double a, double x)
{
	if (!(a > 0) || !(x >= 0))
		return NAN;
	if (x == 0)
		return 0;
	if (isinf(x))
		return 1;
	return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

static double beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
	double h = d;

	for (int m = 1; m < SERIES_STEPS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 / away_from_zero(1 + even * d);
		c = away_from_zero(1 + even / c);
		h *= d * c;
		d = 1 / away_from_zero(1 + odd * d);
		c = away_from_zero(1 + odd / c);
		step = d * c;
		h *= step;
		if (fabs(step - 1) < RELATIVE)
			break;
	}
	return h;
}

double beta_i(double a, double b, double x)
{
	double scale;

	if (!(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1))
		return NAN;
	if (x == 0 || x == 1)
		return x;
	scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return scale * beta_fraction(a, b, x) / a;
	return 1 - scale * beta_fraction(b, a, 1 - x) / b;
}

double normal_cdf(double z)
{
	return 0.5 * erfc(-z / sqrt(2));
}

// The root of an increasing function by bisection: slow, sure, and without cases.
typedef double cdf(double x, double a, double b);

static double solve(cdf *function, double a, double b, double p, struct interval within)
{
	for (int i = 0; i < 200 && within.high - within.low > 1e-13 * fabs(within.high); i++) {
		double middle = (within.low + within.high) / 2;

		if (function(middle, a, b) < p)
			within.low = middle;
		else
			within.high = middle;
	}
	return (within.low + within.high) / 2;
}

static double normal_as_cdf(double x, double a, double b)
{
	(void)a, (void)b;
	return normal_cdf(x);
}

double normal_quantile(double p)
{
	if (!(p > 0) || !(p < 1))
		return NAN;
	if (p > 0.5) // the lower tail keeps its digits
		return -normal_quantile(1 - p);
	if (p == 0.5)
		return 0;
	return solve(normal_as_cdf, 0, 0, p, (struct interval){-40, 0});
}

static double chi_square_as_cdf(double x, double degrees, double unused)
{
	(void)unused;
	return gamma_p(degrees / 2, x / 2);
}

double chi_square_cdf(double x, double degrees)
{
	return chi_square_as_cdf(x, degrees, 0);
}

double chi_square_quantile(double p, double degrees)
{
	double high = degrees + 10;

	if (!(p >= 0) || !(p < 1) || !(degrees > 0))
		return NAN;
	while (chi_square_cdf(high, degrees) < p)
		high *= 2;
	return solve(chi_square_as_cdf, degrees, 0, p, (struct interval){0, high});
}

static double student_t_as_cdf(double t, double degrees, double unused)
{
	double tail = beta_i(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;

	(void)unused;
	return t < 0 ? tail : 1 - tail;
}

double student_t_quantile(double p, double degrees)
{
	double high = 10;

	if (!(p > 0) || !(p < 1) || !(degrees > 0))
		return NAN;
	if (p < 0.5)
		return -student_t_quantile(1 - p, degrees);
	if (p == 0.5)
		return 0;
	if (degrees > 1e6)
		return normal_quantile(p);
	while (student_t_as_cdf(high, degrees, 0) < p && high < 1e30)
		high *= 10;
	return solve(student_t_as_cdf, degrees, 0, p, (struct interval){0, high});
}

double poisson_cdf(double count, double mean)
{
	if (count < 0)
		return 0;
	return mean > 0 ? 1 - gamma_p(floor(count) + 1, mean) : 1;
}

double binomial_upper_tail(double successes, double trials, double share)
{
	if (successes <= 0)
		return 1;
	if (successes > trials)
		return 0;
	return beta_i(successes, trials - successes + 1, share);
}

struct interval poisson_interval(double count, double level)
{
	double tail = (1 - level) / 2;

	return (struct interval){
		.low = count > 0 ? chi_square_quantile(tail, 2 * count) / 2 : 0,
		.high = chi_square_quantile(1 - tail, 2 * count + 2) / 2,
	};
}

static double beta_as_cdf(double x, double a, double b)
{
	return beta_i(a, b, x);
}

struct interval binomial_interval(double successes, double trials, double level)
{
	const struct interval unit = {0, 1};
	double tail = (1 - level) / 2;
	double failures = trials - successes;

	return (struct interval){
		.low = successes > 0 ? solve(beta_as_cdf, successes, failures + 1, tail, unit) : 0,
		.high = failures > 0 ? solve(beta_as_cdf, successes + 1, failures, 1 - tail, unit)
				     : 1,
	};
}

struct interval overdispersed_interval(double count, double phi, unsigned n, double level)
{
	struct interval exact = poisson_interval(count, level);
	double spread;

	if (!(phi > 1) || n < 3 || !(count > 0))
		return exact;
	spread = exp(student_t_quantile(1 - (1 - level) / 2, n - 1.0) * sqrt(phi / count));
	return (struct interval){fmin(exact.low, count / spread), fmax(exact.high, count * spread)};
}

struct interval difference_interval(
	double a, struct interval a_interval, double b, struct interval b_interval)
{
	double difference = a - b;

	return (struct interval){
		.low = difference - hypot(a - a_interval.low, b_interval.high - b),
		.high = difference + hypot(a_interval.high - a, b - b_interval.low),
	};
}

double lambert_w(double z)
{
	double w;

	if (!(z >= 0) || isinf(z))
		return z >= 0 ? INFINITY : NAN;
	w = z < M_E ? z / (1 + z) : log(z) - log(log(z));
	for (int i = 0; i < 60; i++) {
		double power = exp(w);
		double step = (w * power - z) / (power * (1 + w));

		w -= step;
		if (fabs(step) <= 1e-16 * fabs(w))
			break;
	}
	return w;
}
