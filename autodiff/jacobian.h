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
 * before. Takes min(rows, columns) products, by rows or by columns; where the function is made of
 * f64 scalars these are numeric sweeps, eight at a time.
 *
 * Errors: the tape's; AD_ERR_TYPE if an x[i] or y[j] is an integer tensor; AD_ERR_STALE,
 * AD_ERR_FOREIGN; AD_ERR_DOMAIN if no x[i] is on a tape. out is then unspecified. */
AD_API ad_status ad_jacobian_values(int results, const ad_var *y, int count, const ad_var *x,
                                    double *out);

/* The Hessian of a scalar as plain numbers: out[r, c] = d2y/dx_r dx_c over the elements of x[0],
 * x[1], ...; n * n doubles for n elements. Errors: those of ad_grad. */
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
