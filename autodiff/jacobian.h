/* SPDX-License-Identifier: MIT */
#ifndef AD_JACOBIAN_H
#define AD_JACOBIAN_H

#include "tape.h"

/* Whole Jacobians and Hessians, dense. [everyday]
 *
 * Rows are the elements of the results, in order; columns are the elements of the variables. Where
 * few entries differ from zero, sparse.h needs far fewer products. */

#ifdef __cplusplus
extern "C" {
#endif

/* The Jacobian of several results by several variables as plain numbers.
 *
 *   out[r, c] = d (element r of y[0], y[1], ...) / d (element c of x[0], x[1], ...)
 *
 * out is row-major and holds as many doubles as y has elements times x has elements. The tape is as
 * before. Takes min(rows, columns) products, by rows or by columns; where variables, results and
 * all between them are f64 scalars these are numeric sweeps, up to eight at a time; fewer rows
 * than columns have the bits of ad_grad. A y[j] that is a plain number has a row of zeros.
 *
 * Errors: the tape's; AD_ERR_TYPE if an x[i] or y[j] is an integer tensor; AD_ERR_STALE,
 * AD_ERR_FOREIGN; AD_ERR_STATE as for ad_grad; AD_ERR_DOMAIN if every y[j], or an x[i], is a plain
 * number, a count is negative, or an array NULL; AD_ERR_MEMORY. out then holds NaN for every pair
 * of elements of arguments that are not dead. */
AD_API ad_status ad_jacobian_values(int results, const ad_var *y, int count, const ad_var *x,
                                    double *out);

/* The Hessian of a scalar as plain numbers: out[r, c] = d2y/dx_r dx_c over the elements of x[0],
 * x[1], ...; n * n doubles for n elements. Errors: those of ad_grad; out then holds NaN, as
 * above. */
AD_API ad_status ad_hessian_values(ad_var y, int count, const ad_var *x, double *out);

/* The Jacobian of one tensor by another as a variable, which can be differentiated again.
 *
 *   J[.., ..] = dy[..] / dx[..]        y [m, n], x [p]  ->  J [m, n, p]
 *
 * Errors: as for ad_jacobian_values; AD_ERR_SHAPE if the ranks of y and x add up to more than
 * AD_MAX_RANK. *jacobian is then dead. */
AD_API ad_status ad_jacobian(ad_var y, ad_var x, ad_var *jacobian);

/* The Hessian of a scalar by a tensor as a variable: x [p, q] -> H [p, q, p, q]. Errors: those of
 * ad_grad and ad_jacobian. */
AD_API ad_status ad_hessian(ad_var y, ad_var x, ad_var *hessian);

#ifdef __cplusplus
}
#endif

#endif
