/* SPDX-License-Identifier: MIT */
#ifndef AD_REVERSE_H
#define AD_REVERSE_H

#include "tape.h"

/* Reverse-mode differentiation. [everyday]
 *
 * The reverse transform reads the tape backward and appends the gradient to it as ordinary
 * operations, so gradients are variables like any other: they can be read, used in further
 * functions, and differentiated again.
 *
 * Cost: a gradient takes a small constant times the operations between the first of its variables
 * and its result, whatever the number of variables. Variables that y does not depend on get zeros
 * of their shape.
 *
 * A y, or an x, that is a plain number is an error for every call that differentiates: a value read
 * by ad_value, or a branch in C that took a number, has lost what it depends on, and zeros would
 * hide that. (Among several results numbers may stand: their derivatives are 0.) Where a sum may
 * rightly end without a variable in it, let it begin with ad_input(tape, 0).
 *
 * So is an x that is a view (ad_input_view) of memory of which y has something from another view: a
 * part of it, or all in another shape or type. The derivative by x would lack that.
 *
 * The error is kept on the tape of the variables, or else of the results. After one, gradients are
 * dead handles, NaN if no argument is on a tape, and numbers are NaN.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* The gradient of a scalar: dx[i] = dy/dx[i], in x[i]'s shape.
 *
 *   ad_var dy[2];
 *   ad_grad(y, AD_LIST(x, w), dy);
 *
 * Errors: the tape's; AD_ERR_SHAPE if y is not a scalar (sum it, or use ad_vjp); AD_ERR_TYPE if an
 * x[i] is an integer tensor; AD_ERR_STALE, AD_ERR_FOREIGN; AD_ERR_STATE if an ad_assign has changed
 * a value that the gradient needs, or y has something from another view of x[i]'s memory;
 * AD_ERR_DOMAIN if y or an x[i] is a plain number, count is negative, or an array NULL;
 * AD_ERR_MEMORY, also for variables of a NULL tape. */
AD_API ad_status ad_grad(ad_var y, int count, const ad_var *x, ad_var *dx);

/* The vector-Jacobian product of several results: dx[i] = sum_j <g[j], dy[j]/dx[i]>, where g[j] has
 * y[j]'s shape (a literal g[j] stands for a tensor of that value). Errors as for ad_grad, and
 * AD_ERR_SHAPE if a g[j] does not have y[j]'s type and shape. */
AD_API ad_status ad_vjp(int results, const ad_var *y, int count, const ad_var *x, const ad_var *g,
                        ad_var *dx);

/* The gradient of a scalar as plain numbers: out receives the elements of dy/dx[0], then those of
 * dy/dx[1], and so on, as doubles; the tape is as before. Faster than ad_grad, and in less memory:
 * a function of f64 scalars is swept numerically, without recording, and what tensors need to
 * record is forgotten as soon as it has been added up. The bits are those of ad_grad, the sign of a
 * zero apart.
 *
 * Errors: those of ad_grad. out then holds NaN for every element of an x[i] that is not dead. */
AD_API ad_status ad_grad_values(ad_var y, int count, const ad_var *x, double *out);

#ifdef __cplusplus
}
#endif

#endif
