/* SPDX-License-Identifier: MIT */
#ifndef AD_FORWARD_H
#define AD_FORWARD_H

#include "tape.h"

/* Products with a Jacobian or a Hessian, as variables. [everyday]
 *
 * The directional derivative of results y along a tangent v, and the curvature of a scalar along
 * it, without the matrix: each costs a small constant times the function. Operations need no rule
 * for them: v -> J v is the derivative of the linear map u -> J' u, which ad_vjp records.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* The Jacobian-vector product: dy[j] = sum_i dy[j]/dx[i] v[i], in y[j]'s shape.
 *
 *   ad_jvp(1, &y, AD_LIST(x, w), (ad_var[]){vx, vw}, &dy);
 *
 * v[i] has x[i]'s type and shape; a literal v[i] stands for a tensor of that value. The dy[j] are
 * variables like any other: they can be differentiated by x, w and v.
 *
 * Errors: the tape's; AD_ERR_SHAPE if a v[i] does not have x[i]'s type and shape; AD_ERR_TYPE if an
 * x[i] or y[j] is an integer tensor; AD_ERR_STALE, AD_ERR_FOREIGN; AD_ERR_STATE as for ad_grad;
 * AD_ERR_DOMAIN if every y[j], or an x[i], is a plain number, a count is negative, or an array
 * NULL; AD_ERR_MEMORY. dy then holds dead handles. */
AD_API ad_status ad_jvp(int results, const ad_var *y, int count, const ad_var *x, const ad_var *v,
                        ad_var *dy);

/* The Hessian-vector product of a scalar: hv[i] = sum_k d2y/dx[i]dx[k] v[k], in x[i]'s shape.
 *
 * Errors: those of ad_grad, and AD_ERR_SHAPE if a v[i] does not have x[i]'s type and shape. */
AD_API ad_status ad_hvp(ad_var y, int count, const ad_var *x, const ad_var *v, ad_var *hv);

#ifdef __cplusplus
}
#endif

#endif
