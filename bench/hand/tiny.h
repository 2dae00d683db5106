/* SPDX-License-Identifier: MIT */
#ifndef HAND_TINY_H
#define HAND_TINY_H

#include "cblas.h"

/* Small nets in f64, written out by hand: the mean squared error over the samples, which they
 * return, and its gradient by all weights. Weights stand in the order W^1 [in, units], b^1 [units],
 * W^2, .., row-major, and so does the gradient. */

enum { TINY_SAMPLES = 100, TINY_UNITS = 50 };
enum {
    TINY_WEIGHTS = 2 * TINY_UNITS + TINY_UNITS + TINY_UNITS * (TINY_UNITS + 1) + TINY_UNITS + 1
};

/* 1-1-1 sigmoid net of one sample. */
double hand_tiny_1_1_1(const double w[4], double x, double y, double dw[4]);

/* 2-2-1 sigmoid net; x[j] is input j of all samples. */
double hand_tiny_2_2_1(const double w[9], const double x[2][TINY_SAMPLES],
                       const double y[TINY_SAMPLES], double dw[9]);

/* 2-50-50-1 net, tanh in the hidden layers, with the square products by blas. work is scratch. */
typedef struct hand_tiny_work {
    double a1[TINY_SAMPLES][TINY_UNITS], a2[TINY_SAMPLES][TINY_UNITS];
    double d1[TINY_SAMPLES][TINY_UNITS], d2[TINY_SAMPLES][TINY_UNITS];
} hand_tiny_work;

double hand_tiny_2_50_50_1(const cblas *blas, const double w[TINY_WEIGHTS],
                           const double x[2][TINY_SAMPLES], const double y[TINY_SAMPLES],
                           double dw[TINY_WEIGHTS], hand_tiny_work *work);

#endif
