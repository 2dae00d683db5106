/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_STRIDED_INTERNAL_H
#define AD_OPS_STRIDED_INTERNAL_H

#include "shape.h"

/* The one loop behind operations that move elements. */

/* The strides of a dense tensor, in elements. */
void ad__dense_strides(const ad_shape *shape, ptrdiff_t *stride);

/* z[i . to] = x[i . from] for every index i of shape, elements of `bytes` (4 or 8) each. Strides
 * are in elements and may be negative, x's also 0. Writes of z are to distinct places outside x. */
void ad__copy_strided(const ad_shape *shape, size_t bytes, const void *x, const ptrdiff_t *from,
                      void *z, const ptrdiff_t *to);

#endif
