/* SPDX-License-Identifier: MIT */
#ifndef NN_METRICS_H
#define NN_METRICS_H

#include "data/array.h"

#include <wengert/autodiff.h>

/* Metrics: figures for people to read, not to differentiate. [everyday] */

/* The mean over the rows of a batch; a the model's output, y the target. NaN if they do not fit. */
typedef double (*nn_metric)(ad_var a, ad_var y);

#ifdef __cplusplus
extern "C" {
#endif

/* The part of the rows that are classified right.
 *
 *   a [n, k], y [n] classes (i64):      the largest of a's row is in place y
 *   a [n, k], y [n, k] probabilities:   the largest of both rows are in the same place
 *   a [n] or [n, 1], y [n] or [n, 1]:   two classes, logits: a > 0 where y > 1/2
 *
 * Of equals the first is the largest. A row with a NaN is wrong. */
AD_API double nn_accuracy(ad_var a, ad_var y);

/* The mean of |a - y|, elements of any shape, as a figure beside another cost. */
AD_API double nn_absolute_error(ad_var a, ad_var y);

/* The place of the largest element of each row of a [n, k]; of equals the first.
 * classes [n]
 * Errors: AD_ERR_SHAPE unless a has rank 2 and k > 0;  AD_ERR_TYPE unless a is f64 or f32. */
AD_API ad_status nn_classes(const nn_array *a, int64_t *classes, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
