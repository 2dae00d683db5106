/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_ROWS_INTERNAL_H
#define AD_KERNELS_ROWS_INTERNAL_H

#include "kernels/kernel_internal.h"
#include "kernels/levels_internal.h"

#include <stddef.h>

/* The kernels of reductions over rows of elements that lie together, and of scans. They allocate
 * nothing, have no errors, and their bits depend on lengths and elements alone.
 *
 * A reduction writes one element of z for each row; a map writes as many as the row has. Rows are
 * not empty, except for sum, logsumexp and norm. NaN propagates. Numbers: rows, elements of
 * each. */
typedef struct ad__row_kernels {
    ad__kernel *sum, *max, *min;
    ad__kernel *argmax, *argmin;       /* the first place of it, or of the first NaN, as i64 */
    ad__kernel *norm, *logsumexp;      /* f64 and f32 only, as the maps */
    ad__kernel *softmax, *log_softmax; /* of -inf alone: zeros, -inf; +inf takes all */
    ad__kernel *centred, *centred_transposed; /* of weights and numbers */

    /* z[k] = the sum over i < m of x[i][k], k < n, of several matrices: their number, m, n. scratch
     * is for n elements a level of its tree. */
    ad__kernel *sum_columns;

    /* z[i][k] = b[i][k] + a[i][k] z[i - 1][k] for i < m, k < n, from z[-1] = 0; transposed
     * b[i][k] + a[i + 1][k] z[i + 1][k] from z[m] = 0; m > 0; f64 and f32 only. Numbers: how many
     * of these, m, n, whether transposed. */
    ad__kernel *recurrence;
} ad__row_kernels;

/* texts: plain */

/* The tree of sum: more than a leaf divides into two parts, the first of so many elements. */
enum { AD__SUM_LANES = 32, AD__SUM_LEAF = 512 };
static inline size_t ad__sum_half(size_t n)
{
    return (n / 2 + AD__SUM_LANES - 1) / AD__SUM_LANES * AD__SUM_LANES;
}

/* The levels above the leaves of sum_columns, which divides m rows in halves. */
enum { AD__LEAF_ROWS = 64 };
static inline size_t ad__column_levels(size_t m)
{
    size_t levels = 0;
    for (; m > AD__LEAF_ROWS; m -= m / 2) {
        levels++;
    }
    return levels;
}

/* texts: end */

extern const ad__row_kernels AD__EVERY_LEVEL(ad__rows_f64), AD__EVERY_LEVEL(ad__rows_f32),
    AD__EVERY_LEVEL(ad__rows_i64);

#endif
