/* SPDX-License-Identifier: MIT */

/* The elementwise rows over numbers. Included once with `real` double and once with float, after
 * the including file has set
 *
 *   real            the number type       REAL(c)   a constant of that type
 *   KERNELS(name)   the name of a row's kernels for this type
 *   SWEEPS          1 if the numeric reverse sweep is wanted, else 0
 *
 * For each row it makes a function on numbers under the operation's own name, which the partials of
 * other rows call; the loop over tensors; and the step of a numeric reverse sweep. */

#include "elementwise_internal.h"
#include "real.h"

/* Plain loops that the compiler turns into vectors, for baseline x86-64 and two later levels, the
 * best of which is picked when the library is loaded; too early for sanitizers. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)
#define AD_ZERO 0

/* ---- functions on numbers ---- */

#define AD_UNARY(name, value, ...)                                                                 \
    static inline real name(real x)                                                                \
    {                                                                                              \
        return value;                                                                              \
    }
#define AD_BINARY(name, value, ...)                                                                \
    static inline real name(real x, real y)                                                        \
    {                                                                                              \
        return value;                                                                              \
    }
#define AD_TERNARY(name, value, ...)                                                               \
    static inline real name(real x, real y, real w)                                                \
    {                                                                                              \
        return value;                                                                              \
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

#define AD_UNARY(name, ...)                                                                        \
    CLONES static void name##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
    {                                                                                              \
        const real *restrict x = args[0];                                                          \
        real *restrict z = result;                                                                 \
        if (step[0] == 1) {                                                                        \
            ROW(name(x[i]))                                                                        \
        } else {                                                                                   \
            const real z0 = name(*x);                                                              \
            ROW(z0)                                                                                \
        }                                                                                          \
    }
#define AD_BINARY(name, ...)                                                                       \
    CLONES static void name##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
    {                                                                                              \
        const real *restrict x = args[0], *restrict y = args[1];                                   \
        const size_t sx = step[0], sy = step[1];                                                   \
        real *restrict z = result;                                                                 \
        if (sx == 1 && sy == 1) {                                                                  \
            ROW(name(x[i], y[i]))                                                                  \
        } else if (sx == 1) {                                                                      \
            const real y0 = *y;                                                                    \
            ROW(name(x[i], y0))                                                                    \
        } else if (sy == 1) {                                                                      \
            const real x0 = *x;                                                                    \
            ROW(name(x0, y[i]))                                                                    \
        } else {                                                                                   \
            const real z0 = name(*x, *y);                                                          \
            ROW(z0)                                                                                \
        }                                                                                          \
    }
#define AD_TERNARY(name, ...)                                                                      \
    CLONES static void name##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
    {                                                                                              \
        const real *restrict x = args[0], *restrict y = args[1], *restrict w = args[2];            \
        const size_t sx = step[0], sy = step[1], sw = step[2];                                     \
        real *restrict z = result;                                                                 \
        if (sx == 1 && sy == 1 && sw == 1) {                                                       \
            ROW(name(x[i], y[i], w[i]))                                                            \
        } else if (sx == 1 && sy == 1) {                                                           \
            const real w0 = *w;                                                                    \
            ROW(name(x[i], y[i], w0))                                                              \
        } else if (sx == 0 && sy == 1 && sw == 1) {                                                \
            const real x0 = *x;                                                                    \
            ROW(name(x0, y[i], w[i]))                                                              \
        } else {                                                                                   \
            ROW(name(x[i * sx], y[i * sy], w[i * sw]))                                             \
        }                                                                                          \
    }
#include "../ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY

/* ---- numeric reverse sweep: adds g dz/dx to the adjoint of x ---- */

#if SWEEPS
#define SWEEP(name, count, body)                                                                   \
    static void name##__sweep(const ad__sweep *s, uint32_t node)                                   \
    {                                                                                              \
        const uint32_t *at = s->args[node].at;                                                     \
        const real z = s->value[node].scalar, g = s->adjoint[node];                                \
        (void)z, (void)g;                                                                          \
        body                                                                                       \
    }                                                                                              \
    const ad__kernels KERNELS(name) = {name##__loop, name##__sweep};

#define ARGUMENT(x, i)                                                                             \
    const real x = s->value[at[i]].scalar;                                                         \
    (void)x;

#define AD_UNARY(name, value, dx, ...)                                                             \
    SWEEP(name, 1, ARGUMENT(x, 0) s->adjoint[at[0]] += dx;)
#define AD_BINARY(name, value, dx, dy, ...)                                                        \
    SWEEP(name, 2, ARGUMENT(x, 0) ARGUMENT(y, 1) s->adjoint[at[0]] += dx; s->adjoint[at[1]] += dy;)
#define AD_TERNARY(name, value, dx, dy, dw, ...)                                                   \
    SWEEP(name, 3, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2) s->adjoint[at[0]] += dx;           \
          s->adjoint[at[1]] += dy; s->adjoint[at[2]] += dw;)
#else
#define AD_UNARY(name, ...) const ad__kernels KERNELS(name) = {name##__loop, NULL};
#define AD_BINARY(name, ...) const ad__kernels KERNELS(name) = {name##__loop, NULL};
#define AD_TERNARY(name, ...) const ad__kernels KERNELS(name) = {name##__loop, NULL};
#endif
#include "../ops.def"
