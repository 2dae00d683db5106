/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define GEMM ad__sgemm_avx512
#define REAL float
#define VEC __m512
#define LANES 16
#define MASK __mmask16
#define TARGET __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl")))
#define ROWS 8
#define VECS 3

#define FIRST(count) ((__mmask16)(0xffffu >> (16 - (count))))
#define ZERO() _mm512_setzero_ps()
#define SPREAD(x) _mm512_set1_ps(x)
#define LOAD(p) _mm512_loadu_ps(p)
#define LOAD_MASKED(mask, p) _mm512_maskz_loadu_ps(mask, p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define STORE_MASKED(mask, p, v) _mm512_mask_storeu_ps(p, mask, v)
#define ADD(x, y) _mm512_add_ps(x, y)
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)
#define SUM(v) _mm512_reduce_add_ps(v)
#define INTERLEAVE_LOW(v, w)                                                                       \
    _mm512_permutex2var_ps(                                                                        \
        v, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), w)
#define INTERLEAVE_HIGH(v, w)                                                                      \
    _mm512_permutex2var_ps(                                                                        \
        v, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), w)

#include "kernels/blas_tile.inc"
#endif
