/* SPDX-License-Identifier: MIT */
#ifndef NN_COSTS_H
#define NN_COSTS_H

#include "metrics.h"
#include "params.h"

#include <wengert/autodiff.h>

/* Costs: how far a model's output for a batch is from what it should be, one number. [everyday]
 *
 * A cost is a function of two variables, so one's own serves as well:
 *
 *   static ad_var half(ad_var a, ad_var y) { return ad_mul(0.5, nn_mse(a, y)); }
 *
 * nn_fit and nn_evaluate report the cost of all rows whatever the batch: nn_sse adds up over
 * batches, the others below are means over rows, and one's own is taken of all rows at once, with
 * what the model made of them.
 *
 * a is the output, [n, ...] for n rows; y the target. Unless said otherwise y has a's shape, where
 * [n] and [n, 1] are taken for the same, and integer targets are converted to a's type. Any other
 * difference in shape is an error: nothing is broadcast.
 *
 * The cross-entropies take logits, and have the sigmoid or softmax in them: their model ends
 * without one. They look at the targets while they are recorded; nn_fit and nn_evaluate look at all
 * targets before the first step, those of the other costs too, which are finite.
 *
 * Errors: AD_ERR_SHAPE, AD_ERR_TYPE; the tape keeps them. */

typedef ad_var (*nn_cost)(ad_var a, ad_var y);

#ifdef __cplusplus
extern "C" {
#endif

/* Mean squared error: C = 1/N sum (a - y)^2 over all N elements. */
AD_API ad_var nn_mse(ad_var a, ad_var y);

/* Mean absolute error: C = 1/N sum |a - y| over all N elements. */
AD_API ad_var nn_mae(ad_var a, ad_var y);

/* The sum of squares: C = sum (a - y)^2. */
AD_API ad_var nn_sse(ad_var a, ad_var y);

/* The lecture's quadratic cost: C = 1/n sum_rows 1/2 |a - y|^2, so that dC/da = (a - y)/n. */
AD_API ad_var nn_quadratic(ad_var a, ad_var y);

/* Binary cross-entropy of logits a, y in [0, 1] the probability of class 1:
 *
 *   C = -1/N sum (y log s(a) + (1 - y) log(1 - s(a))) = 1/N sum (softplus(a) - y a)
 *
 * s is the sigmoid. The second form neither overflows nor cancels, for logits of any size.
 * Errors: AD_ERR_DOMAIN if a target is not in [0, 1]. */
AD_API ad_var nn_binary_cross_entropy(ad_var a, ad_var y);

/* Cross-entropy of the softmax of logits a [n, k]:
 *
 *   C = 1/n sum_i (log sum_j e^(a_ij) - a_i,y_i)              y [n] classes 0 to k - 1, i64
 *   C = -1/n sum_i sum_j y_ij log softmax(a_i)_j              y [n, k] probabilities or one-hot
 *
 * Integers [n, k] are one-hot too, unless k = 1. Probabilities may sum to 1 but for 0.01.
 * Errors: AD_ERR_INDEX if a class is not in 0 to k - 1;  AD_ERR_DOMAIN if a row is no
 *         probabilities;  AD_ERR_TYPE if class numbers are no integers. */
AD_API ad_var nn_softmax_cross_entropy(ad_var a, ad_var y);

/* The penalty that pulls weights to 0; biases are free.
 *
 *   P = l1 sum |w| + l2 sum w^2      over the parameters with role NN_WEIGHT
 *
 * vars holds params' variables, as bound. A literal 0 if both factors are 0, NaN if
 * vars is NULL. */
AD_API ad_var nn_penalty(const nn_params *params, const ad_var *vars, double l1, double l2);

#ifdef __cplusplus
}
#endif

#endif
