/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_MATMUL_INTERNAL_H
#define AD_OPS_MATMUL_INTERNAL_H

#include "../blas_internal.h"
#include "../op_internal.h"

/* The product that a call of ad_matmul_with on two matrices of rank 2 is. */
ad__gemm ad__matmul_gemm(const ad__call *call);

#endif
