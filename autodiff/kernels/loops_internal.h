/* SPDX-License-Identifier: MIT */

/* The elementwise rows over tensors: a loop a row, and the table of the loops by the rows' numbers.
 * Included once a number type, after math_f64_internal.h or math_f32_internal.h and a macro
 *
 *   LOOPS           the name of the table */

#include "kernels/codes_internal.h"

#include "kernels/numeric_internal.h"

/* A loop is made of what needs no branch. Where sin and cos would, since their argument is far from
 * 0, that is noted, and all elements are computed one by one. */
static inline real real_sin_noting(real x, int k, real_word *far)
{
    *far |= fabs(x) < real_sin_reach ? 0U : 1U;
    return real_sin_within(x, k);
}
#define real_sin(x) real_sin_noting(x, 0, far)
#define real_cos(x) real_sin_noting(x, 1, far)

#define AD_UNARY(NAME, VALUE, ...)                                                                 \
    static inline real NAME##__noting(real x, real_word *far)                                      \
    {                                                                                              \
        (void)far;                                                                                 \
        return VALUE;                                                                              \
    }
#define AD_BINARY(NAME, VALUE, ...)                                                                \
    static inline real NAME##__noting(real x, real y, real_word *far)                              \
    {                                                                                              \
        (void)far;                                                                                 \
        return VALUE;                                                                              \
    }
#define AD_TERNARY(NAME, VALUE, ...)                                                               \
    static inline real NAME##__noting(real x, real y, real w, real_word *far)                      \
    {                                                                                              \
        (void)far;                                                                                 \
        return VALUE;                                                                              \
    }
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY

/* ---- loops: one for each way of stepping that occurs often ---- */

/* No element depends on another one, so z may be an argument itself: an element of it is written
 * after it was read. What is `far` is known before the first is written. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif
#define EACH(...)                                                                                  \
    INDEPENDENT for (size_t i = 0; i < n; i++)                                                     \
    {                                                                                              \
        z[i] = __VA_ARGS__;                                                                        \
    }
#define ROW(NAME, ...)                                                                             \
    {                                                                                              \
        real_word far = 0;                                                                         \
        for (size_t i = 0; i < n; i++) {                                                           \
            (void)NAME##__noting(__VA_ARGS__, &far);                                               \
        }                                                                                          \
        if (far) {                                                                                 \
            EACH(NAME(__VA_ARGS__))                                                                \
        } else {                                                                                   \
            EACH(NAME##__noting(__VA_ARGS__, &far))                                                \
        }                                                                                          \
    }

/* Every inline function is to be inlined, or there are no vectors. */
#if defined(__GNUC__)
#define FLAT __attribute__((flatten))
#else
#define FLAT
#endif
#define LOOP(NAME)                                                                                 \
    FLAT static void NAME##__loop(size_t n, const void *const *args, const size_t *step,           \
                                  void *result)

#define AD_UNARY(NAME, ...)                                                                        \
    LOOP(NAME)                                                                                     \
    {                                                                                              \
        const real *x = args[0];                                                                   \
        real *z = result;                                                                          \
        if (step[0] == 1) {                                                                        \
            ROW(NAME, x[i])                                                                        \
        } else {                                                                                   \
            const real z0 = NAME(*x);                                                              \
            EACH(z0)                                                                               \
        }                                                                                          \
    }
#define AD_BINARY(NAME, ...)                                                                       \
    LOOP(NAME)                                                                                     \
    {                                                                                              \
        const real *x = args[0], *y = args[1];                                                     \
        const size_t sx = step[0], sy = step[1];                                                   \
        real *z = result;                                                                          \
        if (sx == 1 && sy == 1) {                                                                  \
            ROW(NAME, x[i], y[i])                                                                  \
        } else if (sx == 1) {                                                                      \
            const real y0 = *y;                                                                    \
            ROW(NAME, x[i], y0)                                                                    \
        } else if (sy == 1) {                                                                      \
            const real x0 = *x;                                                                    \
            ROW(NAME, x0, y[i])                                                                    \
        } else {                                                                                   \
            const real z0 = NAME(*x, *y);                                                          \
            EACH(z0)                                                                               \
        }                                                                                          \
    }
#define AD_TERNARY(NAME, ...)                                                                      \
    LOOP(NAME)                                                                                     \
    {                                                                                              \
        const real *x = args[0], *y = args[1], *w = args[2];                                       \
        const size_t sx = step[0], sy = step[1], sw = step[2];                                     \
        real *z = result;                                                                          \
        if (sx == 1 && sy == 1 && sw == 1) {                                                       \
            ROW(NAME, x[i], y[i], w[i])                                                            \
        } else if (sx == 1 && sy == 1) {                                                           \
            const real w0 = *w;                                                                    \
            ROW(NAME, x[i], y[i], w0)                                                              \
        } else if (sx == 0 && sy == 1 && sw == 1) {                                                \
            const real x0 = *x;                                                                    \
            ROW(NAME, x0, y[i], w[i])                                                              \
        } else {                                                                                   \
            ROW(NAME, x[i * sx], y[i * sy], w[i * sw])                                             \
        }                                                                                          \
    }
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY

#define AD_UNARY(NAME, ...) [NAME##__code] = NAME##__loop,
#define AD_BINARY(NAME, ...) [NAME##__code] = NAME##__loop,
#define AD_TERNARY(NAME, ...) [NAME##__code] = NAME##__loop,

extern const ad__loop_table LOOPS;
const ad__loop_table LOOPS = {{
#include "ops/ops.def"
}};
