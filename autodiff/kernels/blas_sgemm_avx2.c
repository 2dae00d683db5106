/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define GEMM ad__sgemm_avx2
#define REAL float
#define VEC __m256
#define LANES 8
#define MASK __m256i
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define VECS 2

TARGET static inline __m256i first(int64_t count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

TARGET static inline float sum_of(__m256 v)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

TARGET static inline __m256 interleave(__m256 v, __m256 w, int high)
{
    __m256 low_halves = _mm256_unpacklo_ps(v, w), high_halves = _mm256_unpackhi_ps(v, w);
    return high ? _mm256_permute2f128_ps(low_halves, high_halves, 0x31)
                : _mm256_permute2f128_ps(low_halves, high_halves, 0x20);
}

#define FIRST(count) first(count)
#define ZERO() _mm256_setzero_ps()
#define SPREAD(x) _mm256_set1_ps(x)
#define LOAD(p) _mm256_loadu_ps(p)
#define LOAD_MASKED(mask, p) _mm256_maskload_ps(p, mask)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define STORE_MASKED(mask, p, v) _mm256_maskstore_ps(p, mask, v)
#define ADD(x, y) _mm256_add_ps(x, y)
#define FMA(x, y, z) _mm256_fmadd_ps(x, y, z)
#define SUM(v) sum_of(v)
#define INTERLEAVE_LOW(v, w) interleave(v, w, 0)
#define INTERLEAVE_HIGH(v, w) interleave(v, w, 1)

#include "kernels/blas_tile.inc"
#endif
