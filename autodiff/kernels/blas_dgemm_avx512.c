/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define GEMM ad__dgemm_avx512
#define REAL double
#define VEC __m512d
#define LANES 8
#define MASK __mmask8
#define TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#define ROWS 8
#define VECS 3

#define FIRST(count) ((__mmask8)(0xffu >> (8 - (count))))
#define ZERO() _mm512_setzero_pd()
#define SPREAD(x) _mm512_set1_pd(x)
#define LOAD(p) _mm512_loadu_pd(p)
#define LOAD_MASKED(mask, p) _mm512_maskz_loadu_pd(mask, p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define STORE_MASKED(mask, p, v) _mm512_mask_storeu_pd(p, mask, v)
#define ADD(x, y) _mm512_add_pd(x, y)
#define FMA(x, y, z) _mm512_fmadd_pd(x, y, z)
#define SUM(v) _mm512_reduce_add_pd(v)
#define INTERLEAVE_LOW(v, w)                                                                       \
    _mm512_permutex2var_pd(v, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), w)
#define INTERLEAVE_HIGH(v, w)                                                                      \
    _mm512_permutex2var_pd(v, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), w)

#include "kernels/blas_tile.inc"
#endif
