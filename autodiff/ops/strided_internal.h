/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_STRIDED_INTERNAL_H
#define AD_OPS_STRIDED_INTERNAL_H

#include "tape/launch_internal.h"

/* The one loop behind operations that move elements. */

/* The strides of a dense tensor, in elements. */
void ad__dense_strides(const ad_shape *shape, ptrdiff_t *stride);

/* z[i . to] = x[i . from] for every index i of shape, elements of one type. Strides are in elements
 * and may be negative, x's also 0. Writes of z are to distinct places outside x. */
void ad__launch_copy(ad__runner *r, const ad_shape *shape, ad__region x, const ptrdiff_t *from,
                     ad__region z, const ptrdiff_t *to);

/* The same with both of them dense. */
void ad__launch_dense_copy(ad__runner *r, size_t count, ad__region x, ad__region z);

/* z[i] = value for i < count. */
void ad__launch_fill(ad__runner *r, size_t count, double value, ad__region z);

#endif
