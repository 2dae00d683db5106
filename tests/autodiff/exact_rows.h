/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXACT_ROWS_H
#define TESTS_EXACT_ROWS_H

#include "exact.h"

/* What an elementwise operation is, and what its derivatives are held to. The rows are in
 * elementwise.def. */
typedef struct exact_row {
    const char *name;
    exact (*value)(exact x, exact y, exact w);

    /* Where points are drawn, beside all magnitudes: uniformly within reach of 0, and at all small
     * distances from near. Or by a function of its own; limit is the largest power of 10. */
    double reach, near;
    void (*draw)(ad_rng *rng, double limit, double x[3]);

    /* In ulp, by order. */
    double most[3];

    /* By order: 1 if a point is allowed `most` times its condition. Such rows are ill conditioned
     * near the zeros of that derivative, and say so. */
    int ill[3];

    /* By order: so many units of the least number too, for products of a subnormal factor. */
    double lost[3];

    /* By order: so many roundings of 1, of 1 + |x| at order 2, too, for sums that cancel. */
    double floor[3];

    /* By order: 1 if what is above the square root of the largest number may be infinite or NaN. */
    int far[3];

    /* By order: 1 if only arguments of moderate size, 1e-3 to 1e3, are held to it, since factors
     * leave the range before their product does. */
    int moderate[3];
} exact_row;

/* NULL if there is none. */
const exact_row *exact_row_of(const char *name);

/* The value (i = j = -1) or its derivative in x[i], or in x[i] and x[j], to 20 digits at least;
 * NULL where it is not a finite number. Lives until the next call.
 *
 * By central differences in numbers of so many bits that nothing of this is lost: with half of the
 * step, in twice as many bits, they have to agree. */
exact exact_derivative(const exact_row *row, const double x[3], int i, int j);

#endif
