/* SPDX-License-Identifier: MIT */
#ifndef AD_DIFF_FORWARD_INTERNAL_H
#define AD_DIFF_FORWARD_INTERNAL_H

#include "diff/reverse_internal.h"

/* Records w[i] = sum_j (dy[j]/dx[i])' u[j] and makes the u[j], so that the derivative of <w, v> by
 * u is the product J v. Several v can use one such transpose. ad__reverse_begin has checked the
 * arguments. */
ad_status ad__transpose(const ad__reverse *r, int count, const ad_var *x, int results,
                        const ad_var *y, ad_var *u, ad_var *w);

#endif
