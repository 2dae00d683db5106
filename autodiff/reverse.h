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
 * Cost: a gradient takes a small constant times the operations of the function, whatever the number
 * of inputs. Variables that y does not depend on get zeros of their shape.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* The gradient of a scalar: dx[i] = dy/dx[i], in x[i]'s shape.
 *
 *   ad_var dy[2];
 *   ad_grad(y, 2, (ad_var[]){x, w}, dy);
 *
 * Errors: the tape's; AD_ERR_SHAPE if y is not a scalar (sum it, or use ad_vjp); AD_ERR_TYPE if an
 * x[i] is an integer tensor; AD_ERR_STALE, AD_ERR_FOREIGN; AD_ERR_STATE if an ad_assign has changed
 * a value that the gradient needs; AD_ERR_DOMAIN if no x[i] is on a tape. dx then holds dead
 * handles. */
AD_API ad_status ad_grad(ad_var y, int count, const ad_var *x, ad_var *dx);

/* The vector-Jacobian product of several results: dx[i] = sum_j <g[j], dy[j]/dx[i]>, where g[j] has
 * y[j]'s shape (a literal g[j] stands for a tensor of that value). Errors as for ad_grad. */
AD_API ad_status ad_vjp(int results, const ad_var *y, const ad_var *g, int count, const ad_var *x,
                        ad_var *dx);

/* The gradient of a scalar as plain numbers: out receives the elements of dy/dx[0], then those of
 * dy/dx[1], and so on, as doubles; the tape is as before. Faster than ad_grad, and in less memory:
 * a function of f64 scalars is swept numerically, without recording, and what tensors need to
 * record is forgotten as soon as it has been added up. The bits are those of ad_grad, the sign of a
 * zero apart. */
AD_API ad_status ad_grad_values(ad_var y, int count, const ad_var *x, double *out);

#ifdef __cplusplus
}
#endif

#endif
