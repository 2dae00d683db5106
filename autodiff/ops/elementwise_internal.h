/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_ELEMENTWISE_INTERNAL_H
#define AD_OPS_ELEMENTWISE_INTERNAL_H

#include "../op_internal.h"

/* Shape rule and evaluation shared by every elementwise row: NumPy broadcasting over one type. */

ad_status ad__elementwise_infer(ad__call *call);
ad_status ad__elementwise_eval(const ad__call *call, const ad__kernels *const *kernels);

#endif
