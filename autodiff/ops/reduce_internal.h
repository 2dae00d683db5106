/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_REDUCE_INTERNAL_H
#define AD_OPS_REDUCE_INTERNAL_H

#include "tape/launch_internal.h"
#include "kernels/rows_internal.h"

/* What operations over a set of axes share. Their attributes are an ad__reduction. */

/* Axes, checked. */
typedef struct ad__reduction {
    uint32_t mask; /* bit i: axis i is reduced */
    int keep;      /* not 0: reduced axes stay with length 1 */
} ad__reduction;

/* keep of an ad_sum_to whose axes depend on lengths. */
enum { AD__KEEP_TO = 2 };

/* Reads the caller's set. Errors: AD_ERR_SHAPE for an axis outside the shape or named twice. */
ad_status ad__reduction_of(ad_axes axes, const ad_shape *shape, ad__reduction *out,
                           ad_error *error);

/* The result's shape. With keep forced it broadcasts to the argument's. */
ad_shape ad__reduced_shape(const ad_shape *shape, ad__reduction r);

/* The number of elements that go into one of the result's. */
size_t ad__reduced_count(const ad_shape *shape, ad__reduction r);

/* AD_ERR_TYPE for i64. */
ad_status ad__check_float(ad_type type, const ad_shape *shape, ad_error *error);

/* ---- infer: the reduced shape; the argument's; both for f64 and f32 alone ---- */

ad_status ad__reduced_infer(ad__call *call);
ad_status ad__reduced_float_infer(ad__call *call);
ad_status ad__mapped_float_infer(ad__call *call);

/* ---- run: one row kernel over the argument; name and kernel by AD__ROWS(name, type) ---- */

const ad__row_kernels *ad__row_kernels_of(ad_type type);
#define AD__ROWS(name, type) #name, ad__row_kernels_of(type)->name

/* One element of the result from each row. */
void ad__reduce_rows(ad__runner *r, const ad__call *call, const char *name, ad__kernel *kernel);

/* As many elements of the result as the row has, in their places; from the rows of every argument,
 * which are of one shape. */
void ad__map_rows(ad__runner *r, const ad__call *call, const char *name, ad__kernel *kernel);

/* ---- builders and derivatives ---- */

/* Records an operation over a set of axes. */
ad_var ad__reduce(const ad_op *op, ad_var x, ad_axes axes);

/* The axes of a recorded operation again. */
ad_axes ad__axes_of(const ad__vjp *v, int keep);

/* ad_sum_to the shape of like, if that is a variable. */
ad_var ad__sum_to(ad_var x, ad_shape shape, ad_var like);

/* y of the result's shape, with the reduced axes of length 1, so that it broadcasts to x's. */
ad_var ad__kept(const ad__vjp *v, ad_var y);

#endif
