/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_ROWS_INTERNAL_H
#define AD_OPS_ROWS_INTERNAL_H

#include <stddef.h>

/* The loops of reductions over one row of n elements that lie together. They allocate nothing, have
 * no errors, and their bits depend on n and the elements alone.
 *
 * A reduction writes one element to z; a map writes n, and z overlaps no part of x. Rows are not
 * empty, except for sum, logsumexp and norm. NaN propagates. */
typedef void ad__row_kernel(size_t n, const void *x, void *z);

typedef struct ad__row_kernels {
    ad__row_kernel *sum, *max, *min;
    ad__row_kernel *argmax, *argmin;       /* the first place of it, or of the first NaN, as i64 */
    ad__row_kernel *norm, *logsumexp;      /* f64 and f32 only, as the maps */
    ad__row_kernel *softmax, *log_softmax; /* of -inf alone: zeros, -inf; +inf takes all */

    /* z[k] = the sum over i < m of x[i][k], k < n; room is for n elements a level of its tree */
    void (*sum_columns)(size_t m, size_t n, const void *x, void *z, void *room);
} ad__row_kernels;

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

extern const ad__row_kernels ad__rows_f64, ad__rows_f32, ad__rows_i64;

#endif
