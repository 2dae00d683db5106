/* SPDX-License-Identifier: MIT */

/* The elementwise rows over numbers. Included once a number type, after math_f64_internal.h or
 * math_f32_internal.h, which name it, and a macro
 *
 *   LOOP(name)      the name of a row's loop over tensors of this type
 *
 * For each row it makes a function on numbers under the operation's own name, which the partials of
 * other rows call, and the loop. */

#include "clones_internal.h"
#include "elementwise_internal.h"
#include "real_internal.h"

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)

/* ---- functions on numbers ---- */

#define AD_UNARY(NAME, VALUE, ...)                                                                 \
    static inline real NAME(real x)                                                                \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#define AD_BINARY(NAME, VALUE, ...)                                                                \
    static inline real NAME(real x, real y)                                                        \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#define AD_TERNARY(NAME, VALUE, ...)                                                               \
    static inline real NAME(real x, real y, real w)                                                \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#include "../ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY

/* ---- loops: one for each way of stepping that occurs often ---- */

#define ROW(...)                                                                                   \
    for (size_t i = 0; i < n; i++) {                                                               \
        z[i] = __VA_ARGS__;                                                                        \
    }

#define AD_UNARY(NAME, ...)                                                                        \
    extern ad__loop LOOP(NAME);                                                                    \
    CLONES FLAT void LOOP(NAME)(size_t n, const void *const *args, const size_t *step,             \
                                void *result)                                                      \
    {                                                                                              \
        const real *restrict x = args[0];                                                          \
        real *restrict z = result;                                                                 \
        if (step[0] == 1) {                                                                        \
            ROW(NAME(x[i]))                                                                        \
        } else {                                                                                   \
            const real z0 = NAME(*x);                                                              \
            ROW(z0)                                                                                \
        }                                                                                          \
    }
#define AD_BINARY(NAME, ...)                                                                       \
    extern ad__loop LOOP(NAME);                                                                    \
    CLONES FLAT void LOOP(NAME)(size_t n, const void *const *args, const size_t *step,             \
                                void *result)                                                      \
    {                                                                                              \
        const real *restrict x = args[0], *restrict y = args[1];                                   \
        const size_t sx = step[0], sy = step[1];                                                   \
        real *restrict z = result;                                                                 \
        if (sx == 1 && sy == 1) {                                                                  \
            ROW(NAME(x[i], y[i]))                                                                  \
        } else if (sx == 1) {                                                                      \
            const real y0 = *y;                                                                    \
            ROW(NAME(x[i], y0))                                                                    \
        } else if (sy == 1) {                                                                      \
            const real x0 = *x;                                                                    \
            ROW(NAME(x0, y[i]))                                                                    \
        } else {                                                                                   \
            const real z0 = NAME(*x, *y);                                                          \
            ROW(z0)                                                                                \
        }                                                                                          \
    }
#define AD_TERNARY(NAME, ...)                                                                      \
    extern ad__loop LOOP(NAME);                                                                    \
    CLONES FLAT void LOOP(NAME)(size_t n, const void *const *args, const size_t *step,             \
                                void *result)                                                      \
    {                                                                                              \
        const real *restrict x = args[0], *restrict y = args[1], *restrict w = args[2];            \
        const size_t sx = step[0], sy = step[1], sw = step[2];                                     \
        real *restrict z = result;                                                                 \
        if (sx == 1 && sy == 1 && sw == 1) {                                                       \
            ROW(NAME(x[i], y[i], w[i]))                                                            \
        } else if (sx == 1 && sy == 1) {                                                           \
            const real w0 = *w;                                                                    \
            ROW(NAME(x[i], y[i], w0))                                                              \
        } else if (sx == 0 && sy == 1 && sw == 1) {                                                \
            const real x0 = *x;                                                                    \
            ROW(NAME(x0, y[i], w[i]))                                                              \
        } else {                                                                                   \
            ROW(NAME(x[i * sx], y[i * sy], w[i * sw]))                                             \
        }                                                                                          \
    }
#include "../ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
