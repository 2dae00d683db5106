/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_MATMUL_INTERNAL_H
#define AD_OPS_MATMUL_INTERNAL_H

#include "kernels/blas_internal.h"
#include "tape/op_internal.h"

/* Writes a product as C, with the library's order of sums: of `rows` rows, a text; NULL: all. */
void ad__put_gemm(struct ad__emit *e, ad_type type, const ad__gemm *s, const char *rows,
                  const char *x, const char *y, const char *z);

#endif
