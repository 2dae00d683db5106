/* SPDX-License-Identifier: MIT */
#include "fma.h"

#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
enum { CHAINS = 12 }; /* enough for four cycles of latency and two units */

/* The factor comes from volatile memory, and the result goes there, so that the compiler cannot
 * know either. */
#define FMA(name, real)                                                                            \
    typedef real name##_vector __attribute__((vector_size(BYTES)));                                \
    void name(void *context)                                                                       \
    {                                                                                              \
        static volatile real factor = (real)0.999, sink;                                           \
        name##_vector x[CHAINS], y, z;                                                             \
        const int lanes = BYTES / (int)sizeof(real);                                               \
        for (int l = 0; l < lanes; l++) {                                                          \
            y[l] = factor;                                                                         \
            z[l] = 1 - factor;                                                                     \
        }                                                                                          \
        for (int i = 0; i < CHAINS; i++) {                                                         \
            x[i] = y * (real)i;                                                                    \
        }                                                                                          \
        long turns = (long)(*(const double *)context / (2.0 * CHAINS * lanes));                    \
        for (long turn = 0; turn < turns; turn++) {                                                \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++)                              \
            {                                                                                      \
                x[i] = x[i] * y + z;                                                               \
            }                                                                                      \
        }                                                                                          \
        for (int i = 1; i < CHAINS; i++) {                                                         \
            x[0] += x[i];                                                                          \
        }                                                                                          \
        sink = x[0][0];                                                                            \
        (void)sink;                                                                                \
    }

FMA(fma_f32, float)
FMA(fma_f64, double)
