/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_ROWS_INTERNAL_H
#define AD_KERNELS_ROWS_INTERNAL_H

#include "kernels/levels_internal.h"

#include <stddef.h>

/* texts: plain */

/* The loops of reductions over one row of n elements that lie together, and of scans. They
 * allocate nothing, have no errors, and their bits depend on n and the elements alone.
 *
 * A reduction writes one element to z; a map writes n, and z overlaps no part of x. Rows are not
 * empty, except for sum, logsumexp and norm. NaN propagates. */
typedef void ad__row_kernel(size_t n, const void *x, void *z);
typedef void ad__two_row_kernel(size_t n, const void *x, const void *y, void *z);

typedef struct ad__row_kernels {
    ad__row_kernel *sum, *max, *min;
    ad__row_kernel *argmax, *argmin;       /* the first place of it, or of the first NaN, as i64 */
    ad__row_kernel *norm, *logsumexp;      /* f64 and f32 only, as the maps */
    ad__row_kernel *softmax, *log_softmax; /* of -inf alone: zeros, -inf; +inf takes all */
    ad__two_row_kernel *centred, *centred_transposed; /* of weights and numbers */

    /* z[k] = the sum over i < m of x[i][k], k < n; buffer is for n elements a level of its tree */
    void (*sum_columns)(size_t m, size_t n, const void *x, void *z, void *buffer);

    /* z[i][k] = b[i][k] + a[i][k] z[i - 1][k] for i < m, k < n, from z[-1] = 0; transposed
     * b[i][k] + a[i + 1][k] z[i + 1][k] from z[m] = 0; m > 0; f64 and f32 only */
    void (*recurrence)(size_t m, size_t n, int transpose, const void *a, const void *b, void *z);
} ad__row_kernels;

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

extern const ad__row_kernels AD__EVERY_LEVEL(ad__rows_f64), AD__EVERY_LEVEL(ad__rows_f32),
    AD__EVERY_LEVEL(ad__rows_i64);

#endif
