/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_LOOP_INTERNAL_H
#define AD_KERNELS_LOOP_INTERNAL_H

#include "shape.h"

/* An elementwise row over tensors of one type: z[i] = f(x[0][i step[0]], ...) for i < n, where
 * steps are 0 or 1, and z is an argument of step 1 itself or overlaps none. */
typedef void ad__loop(size_t n, const void *const *x, const size_t *step, void *z);

/* The loops for this CPU by the rows' numbers; type is AD_F64 or AD_F32. */
ad__loop *const *ad__loops_of(ad_type type);

/* Those of every level: what ad__loops_of chooses from. */
ad__loop *const *ad__loops_at(ad_type type, int level);

#endif
