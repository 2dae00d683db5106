/* SPDX-License-Identifier: MIT */
#ifndef HAND_PROGRAMS_H
#define HAND_PROGRAMS_H

/* Scalar functions with their gradient, by hand. Each returns the value. */

enum { CHAIN_LEN = 1000 };

/* x w^1000, as a chain of products; dxw receives the derivatives by x and by w. */
double hand_chain(double x, double w, double dxw[2]);

/* sum_i (1 - x_i)^2 + 100 (x_{i+1} - x_i^2)^2 */
double hand_rosenbrock(int n, const double *x, double *dx);

/* The product of all x_i. */
double hand_speelpenning(int n, const double *x, double *dx);

#endif
