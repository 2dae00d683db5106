/* SPDX-License-Identifier: MIT */
#ifndef NN_METRICS_H
#define NN_METRICS_H

#include "array.h"

#include <wengert/autodiff.h>

/* Metrics: figures for people to read, not to differentiate. [everyday]
 *
 * A metric is a function and what is to be known of it, so one's own serves as well:
 *
 *   static double worst(ad_var a, ad_var y) { .. }       a and y have the model's type, f64 or f32;
 *                                                        ad_read gives doubles of both
 *
 *   nn_fit(.., .metric = {.name = "worst error", .function = worst, .better = NN_LOWER}, .target =
 *   0.1)
 *
 * Any function of all outputs and targets will do; it needs memory for all of them. A figure that
 * is made of sums over rows is better said so: then batches are added up as they come, and it is
 * the one of all rows whatever their size.
 *
 *   static void count(ad_var a, ad_var y, double *sums)         of this batch, added to sums:
 *   {                                                           found, missed, taken wrongly
 *       for (size_t i = 0; i < ad_count(a); i++) { .. sums[0]++; .. }
 *   }
 *
 *   static double f1(const double *sums)
 *   {
 *       return 2 * sums[0] / (2 * sums[0] + sums[1] + sums[2]);
 *   }
 *
 *   nn_fit(.., .metric = {.name = "F1", .add = count, .finish = f1, .better = NN_HIGHER, .percent =
 *   1})
 */

enum { NN_MAX_SUMS = 8 };

/* Which end of a metric is the good one. A .target needs to know. */
typedef enum nn_better { NN_UNSAID, NN_HIGHER, NN_LOWER } nn_better;

/* a is the model's output, y the target. There is no metric if both function and add are NULL. */
typedef struct nn_metric {
    const char *name;                              /* "accuracy" */
    double (*function)(ad_var a, ad_var y);        /* of all rows; or, used if there is one, */
    void (*add)(ad_var a, ad_var y, double *sums); /* adds a batch to sums [NN_MAX_SUMS], */
    double (*finish)(const double *sums); /* which make the figure; NULL: sums[0] / sums[1] */
    nn_better better;
    int percent; /* 1: a part, printed as 87.5 % instead of 0.875 */
} nn_metric;

#ifdef __cplusplus
extern "C" {
#endif

/* The figure of these outputs and targets; NaN if there is no metric, or it does not fit them. */
AD_API double nn_metric_value(nn_metric metric, ad_var a, ad_var y);

/* The part of the rows that are classified right; "accuracy", in per cent.
 *
 *   a [n, k], y [n] classes (i64):      the largest of a's row is in place y
 *   a [n, k], y [n, k] probabilities:   the largest of both rows are in the same place
 *   a [n] or [n, 1], y [n] or [n, 1]:   two classes, logits: a > 0 where y > 1/2
 *
 * Of one column, as nn_binary_accuracy of any, nn_fit and nn_evaluate refuse a model that ends in
 * numbers in [0, 1]: they are no logits.
 *
 * Of equals the first is the largest. A row with a NaN is wrong. */
AD_API extern const nn_metric nn_accuracy;

/* The part of the elements that are on the right side, logits a and labels y of one shape: a > 0
 * where y > 1/2; "accuracy", in per cent. Several labels a row are counted one by one. */
AD_API extern const nn_metric nn_binary_accuracy;

/* The mean of |a - y|, elements of any shape, as a figure beside another cost; "absolute error". */
AD_API extern const nn_metric nn_absolute_error;

/* The place of the largest element of each row of a [n, k]; of equals the first.
 * classes [n]
 * Errors: AD_ERR_SHAPE unless a has rank 2 and k > 0;  AD_ERR_TYPE unless a is f64 or f32;
 *         AD_ERR_DOMAIN if there is no data or no room. */
AD_API ad_status nn_classes(const nn_array *a, int64_t *classes, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
