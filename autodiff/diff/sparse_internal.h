/* SPDX-License-Identifier: MIT */
#ifndef AD_DIFF_SPARSE_INTERNAL_H
#define AD_DIFF_SPARSE_INTERNAL_H

#include "diff/linear_internal.h"

/* Patterns of sparse matrices, and colours of their columns. All storage is an arena's; functions
 * return 0 when it has no memory. */

/* Compressed rows without values; columns increase within a row. */
typedef struct ad__pattern {
    size_t rows, cols;
    size_t *start; /* [rows + 1] */
    uint32_t *col; /* [start[rows]] */
} ad__pattern;

/* Which results depend on which variables. */
int ad__pattern_of(const ad__linear *l, ad__arena *arena, ad__pattern *out);

int ad__pattern_transpose(const ad__pattern *p, ad__arena *arena, ad__pattern *out);

/* The entries of p and of its transpose q; both square. */
int ad__pattern_union(const ad__pattern *p, const ad__pattern *q, ad__arena *arena,
                      ad__pattern *out);

#define AD__NO_COLOUR UINT32_MAX

/* Colours for the columns of by_rows, whose transpose is by_cols: columns of one colour share no
 * row. Empty columns get none. Returns the number of colours; work has room for cols entries. */
uint32_t ad__colour_columns(const ad__pattern *by_rows, const ad__pattern *by_cols,
                            uint32_t *colour, uint32_t *work);

/* Colours for the columns of a symmetric pattern such that neighbours differ and every path of four
 * has three colours; then each entry is alone in its row, or its mirror is, among the columns of
 * its colour. Empty columns get none. Sets *colours to their number. */
int ad__colour_star(const ad__pattern *p, ad__arena *arena, uint32_t *colour, uint32_t *colours);

#endif
