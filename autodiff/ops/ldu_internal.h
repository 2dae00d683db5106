/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_LDU_INTERNAL_H
#define AD_OPS_LDU_INTERNAL_H

#include "tape/op_internal.h"

/* texts: plain */

/* Gaussian elimination with complete pivoting: left A right^T = diag(pivot), where left and right
 * have determinants of 1 or -1, and sign is the product of the two.
 *
 * No pivot is divided by where that matters: of a matrix of rank r the last n - r pivots are 0 (or
 * of the size of rounding errors), and left and right are still well conditioned. So det, its
 * derivatives and the inverse all reduce to those of a diagonal matrix. Always in double.
 *
 * Operations by it have eval and emit apart, as products have: all that they compute is one text
 * but ad__multiply, which the library does by its own products.
 *
 * Source: Golub, Van Loan, Matrix Computations, 4th ed., section 3.4.8. */
typedef struct ad__ldu {
    size_t n;
    double *left, *right; /* [n, n] */
    double *pivot;        /* [n] */
    double *work;         /* [n, n], for use after the elimination too */
    int sign;
} ad__ldu;

/* Puts the matrices of order n into a buffer of so many numbers. */
#define AD__LDU_NUMBERS(n) (3 * (n) * (n) + (n))
void ad__ldu_place(ad__ldu *f, size_t n, double *buffer);

/* The same, with a buffer from the arena. Errors: AD_ERR_MEMORY. */
ad_status ad__ldu_init(ad__ldu *f, size_t n, ad__arena *arena);
size_t ad__ldu_bytes(size_t n); /* that it takes */
double ad__ldu_flops(size_t n); /* of an elimination */

/* Eliminates a [n, n]. */
void ad__ldu_factor(ad__ldu *f, const double *a);

/* z [n, m] = op(x) op(y), x [n, n]; op transposes where the flag is set, and y is stored [m, n]. */
void ad__multiply(size_t n, size_t m, const double *x, int transpose_x, const double *y,
                  int transpose_y, double *z);

/* Whether there is memory for that; ad__ldu_init sees to products of two matrices. */
int ad__can_multiply(size_t n, size_t m);

/* The order of the matrices of a spec. */
static inline size_t ad__order_of(const ad__spec *spec)
{
    return (size_t)spec->shape.len[spec->shape.rank - 1];
}

/* Elements as double, and back. */
void ad__widen(ad_type type, size_t count, const void *x, double *z);
void ad__narrow(ad_type type, size_t count, const double *x, void *z);

/* Writes as C: f for an elimination of order n, and an array a of count times size. */
void ad__put_eliminator(struct ad__emit *e, size_t n, size_t count, size_t size);

/* AD_OK if a spec is of square matrices [..., n, n] of f64 or f32. */
ad_status ad__check_square(const ad__spec *spec, ad_error *error);

#endif
