/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#include <string.h>

/* For any CPU with vectors of 16 bytes: the compiler's own vector type. */
typedef float four __attribute__((vector_size(16)));

#define GEMM ad__sgemm_portable
#define REAL float
#define VEC four
#define LANES 4
#define MASK int /* lanes in use, from the first */
#define TARGET
#define ROWS 6
#define VECS 2

static inline four load(float const *p, int count)
{
    four v = {0};
    for (int i = 0; i < count; i++) {
        v[i] = p[i];
    }
    return v;
}

static inline void store(float *p, int count, four v)
{
    for (int i = 0; i < count; i++) {
        p[i] = v[i];
    }
}

#define FIRST(count) ((int)(count))
#define ZERO() ((four){0})
#define SPREAD(x) ((four){x, x, x, x})
#define LOAD(p) load(p, LANES)
#define LOAD_MASKED(mask, p) load(p, mask)
#define STORE(p, v) store(p, LANES, v)
#define STORE_MASKED(mask, p, v) store(p, mask, v)
#define ADD(x, y) ((x) + (y))
#define FMA(x, y, z) ((x) * (y) + (z))
#define SUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))
#define INTERLEAVE_LOW(v, w) __builtin_shufflevector(v, w, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(v, w) __builtin_shufflevector(v, w, 2, 6, 3, 7)

#include "kernels/blas_tile.inc"
