// SPDX-License-Identifier: Apache-2.0
// The few distributions that intervals need, on libm alone. Accurate to about 1e-10 relative in the
// ranges the model uses (counts up to 1e7). Out-of-range arguments give NAN.
#pragma once

struct interval {
	double low, high;
};

// Regularised incomplete gamma P(a, x), a > 0, x >= 0; and beta I_x(a, b), a, b > 0, 0 <= x <= 1.
double gamma_p(double a, double x);
double beta_i(double a, double b, double x);

double normal_cdf(double z);
double normal_quantile(double p);
double chi_square_cdf(double x, double degrees);
double chi_square_quantile(double p, double degrees);
double student_t_quantile(double p, double degrees); // degrees may be fractional
double poisson_cdf(double count, double mean); // P(X <= count)
double binomial_upper_tail(double successes, double trials, double share); // P(X >= successes)

// Exact interval for the mean of a Poisson count (Garwood 1936).
struct interval poisson_interval(double count, double level);
// Exact interval for a share (Clopper and Pearson 1934); trials > 0.
struct interval binomial_interval(double successes, double trials, double level);
// Interval of a rate in front of an overdispersed count: ln r +- t * sqrt(phi / count), with phi
// the variance of the counts of `n` intervals over their mean, at least 1 (leak-model 4.1). Never
// narrower than the Poisson interval. `phi` is 1 when n < 3.
struct interval overdispersed_interval(double count, double phi, unsigned n, double level);
// Interval of a difference of two independent quantities from their intervals (MOVER).
struct interval difference_interval(
	double a, struct interval a_interval, double b, struct interval b_interval);

// Principal branch of w e^w = z, z >= 0, by Newton; relative error below 1e-12.
double lambert_w(double z);
