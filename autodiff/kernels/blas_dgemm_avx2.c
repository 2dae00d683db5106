/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define GEMM ad__dgemm_avx2
#define REAL double
#define VEC __m256d
#define LANES 4
#define MASK __m256i
#define TARGET __attribute__((target("avx2,fma")))
#define ROWS 6
#define VECS 2

TARGET static inline __m256i first(int64_t count)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}

TARGET static inline double sum_of(__m256d v)
{
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

TARGET static inline __m256d interleave(__m256d v, __m256d w, int high)
{
    __m256d low_halves = _mm256_unpacklo_pd(v, w), high_halves = _mm256_unpackhi_pd(v, w);
    return high ? _mm256_permute2f128_pd(low_halves, high_halves, 0x31)
                : _mm256_permute2f128_pd(low_halves, high_halves, 0x20);
}

#define FIRST(count) first(count)
#define ZERO() _mm256_setzero_pd()
#define SPREAD(x) _mm256_set1_pd(x)
#define LOAD(p) _mm256_loadu_pd(p)
#define LOAD_MASKED(mask, p) _mm256_maskload_pd(p, mask)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define STORE_MASKED(mask, p, v) _mm256_maskstore_pd(p, mask, v)
#define ADD(x, y) _mm256_add_pd(x, y)
#define FMA(x, y, z) _mm256_fmadd_pd(x, y, z)
#define SUM(v) sum_of(v)
#define INTERLEAVE_LOW(v, w) interleave(v, w, 0)
#define INTERLEAVE_HIGH(v, w) interleave(v, w, 1)

#include "kernels/blas_tile.inc"
#endif
