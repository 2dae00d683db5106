/* SPDX-License-Identifier: MIT */
#ifndef AD_SPARSE_H
#define AD_SPARSE_H

#include "tape.h"

/* Sparse Jacobians and Hessians of scalar programs. [extending]
 *
 * Which entries can differ from zero is read off the tape; columns (or rows) that share no entry
 * then travel together in one product. A tridiagonal matrix of any size takes three.
 *
 *   ad_sparse *h;
 *   if (ad_sparse_hessian(y, n, x, &h) == AD_OK) {
 *       for (int64_t r = 0; r < h->rows; r++) {
 *           for (int64_t k = h->row_start[r]; k < h->row_start[r + 1]; k++) {
 *               printf("H[%d, %d] = %g\n", (int)r, (int)h->col[k], h->value[k]);
 *           }
 *       }
 *       ... rewind, record y at another point, ad_sparse_update(h, 1, &y, n, x) ...
 *       ad_sparse_free(h);
 *   }
 *
 * Time and memory for the first time are linear in the operations and the entries, but for the
 * factor of the number of products; those of an arrow, one variable that meets all others, are two
 * wherever it stands.
 *
 * Source: Gebremedhin, Manne, Pothen 2005, "What color is your Jacobian?": greedy distance-2
 * colouring of columns or rows, greedy star colouring, the largest degrees first, and direct
 * recovery of Hessians. */

/* A matrix in compressed rows. To be read only; the arrays belong to it. */
typedef struct ad_sparse {
    int64_t rows, cols;
    int64_t count;            /* of entries */
    const int64_t *row_start; /* [rows + 1]: row r has entries row_start[r] to row_start[r + 1] */
    const int64_t *col;       /* [count], increasing within a row */
    const double *value;      /* [count] */
    int64_t products;         /* that one evaluation takes */
} ad_sparse;

#ifdef __cplusplus
extern "C" {
#endif

/* The Jacobian of scalars y[r] by scalars x[c]; the tape is as before.
 *
 * Errors: the tape's; AD_ERR_UNSUPPORTED if an x[c], a y[r] or the result of an operation between
 * them is not an f64 scalar, or such an operation not elementwise: use ad_jacobian_values;
 * AD_ERR_TYPE for integers; AD_ERR_STALE, AD_ERR_FOREIGN; AD_ERR_STATE as for ad_grad;
 * AD_ERR_DOMAIN if every y[r], or an x[c], is a plain number, a count is negative, or an array
 * NULL; AD_ERR_MEMORY. *out is then NULL.
 * Owns: the caller, until ad_sparse_free; memory comes from the tape's allocator. */
AD_API ad_status ad_sparse_jacobian(int results, const ad_var *y, int count, const ad_var *x,
                                    ad_sparse **out);

/* The Hessian of a scalar by scalars x[c], with both of its triangles. Errors, Owns: as above. */
AD_API ad_status ad_sparse_hessian(ad_var y, int count, const ad_var *x, ad_sparse **out);

/* The same matrix for a new recording, usually at another point: pattern and colours are kept where
 * the program has the same structure, and found anew where it took another branch. A Hessian has
 * one result. Errors: as above, and AD_ERR_DOMAIN if the matrix is NULL; its values are then NaN,
 * and without memory it is empty. */
AD_API ad_status ad_sparse_update(ad_sparse *matrix, int results, const ad_var *y, int count,
                                  const ad_var *x);

/* NULL is fine. */
AD_API void ad_sparse_free(ad_sparse *matrix);

#ifdef __cplusplus
}
#endif

#endif
