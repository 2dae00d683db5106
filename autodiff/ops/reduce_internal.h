/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_REDUCE_INTERNAL_H
#define AD_OPS_REDUCE_INTERNAL_H

#include "../op_internal.h"

/* A reduction's axes, checked, as attributes of the recorded operation. */
typedef struct ad__reduction {
    uint32_t mask; /* bit i: axis i is reduced */
    int keep;      /* reduced axes stay with length 1 */
} ad__reduction;

/* Reads the caller's set for a shape. Errors: AD_ERR_SHAPE for an axis outside it or named twice. */
ad_status ad__reduction_of(ad_axes axes, const ad_shape *shape, ad__reduction *out,
                           ad_error *error);

/* The result's shape. With keep forced it broadcasts to the argument's. */
ad_shape ad__reduced_shape(const ad_shape *shape, ad__reduction r);

/* The argument as outer x reduced x inner, for kernels that reduce the middle. Axis sets that do
 * not lie like this are brought to it by a transposed copy in scratch. */
typedef struct ad__panes {
    size_t outer, reduced, inner;
    const void *x;
} ad__panes;

/* Errors: AD_ERR_MEMORY. */
ad_status ad__panes_of(const ad__call *call, ad__reduction r, ad__panes *out);

/* Records a reduction whose attributes are an ad__reduction. */
ad_var ad__reduce(const ad_op *op, ad_var x, ad_axes axes, const char *site);

#endif
