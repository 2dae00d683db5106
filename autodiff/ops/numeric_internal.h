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
#include "../tape_internal.h"
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
#define AD_TIE(INDEX) (s->op[at[INDEX]] == &ad__op_constant ? 0 : 0.5)

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
    CLONES static void NAME##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
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
    CLONES static void NAME##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
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
    CLONES static void NAME##__loop(size_t n, const void *const *args, const size_t *step,         \
                                    void *result)                                                  \
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

/* ---- numeric reverse sweep: adds g dz/dx to the adjoint of x ---- */

#if SWEEPS
#define SWEEP(NAME, ...)                                                                           \
    static void NAME##__sweep(const ad__sweep *s, uint32_t node)                                   \
    {                                                                                              \
        const uint32_t *at = s->args[node].at;                                                     \
        const real z = s->value[node].scalar, g = s->adjoint[node];                                \
        (void)z, (void)g;                                                                          \
        __VA_ARGS__                                                                                \
    }                                                                                              \
    const ad__kernels KERNELS(NAME) = {NAME##__loop, NAME##__sweep};

#define ARGUMENT(LETTER, INDEX)                                                                    \
    const real LETTER = s->value[at[INDEX]].scalar;                                                \
    (void)LETTER;
#define PARTIAL(INDEX, EXPRESSION) s->adjoint[at[INDEX]] += EXPRESSION;

#define AD_UNARY(NAME, VALUE, DX, ...) SWEEP(NAME, ARGUMENT(x, 0) PARTIAL(0, DX))
#define AD_BINARY(NAME, VALUE, DX, DY, ...)                                                        \
    SWEEP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, DX) PARTIAL(1, DY))
#define AD_TERNARY(NAME, VALUE, DX, DY, DW, ...)                                                   \
    SWEEP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2) PARTIAL(0, DX) PARTIAL(1, DY)         \
                    PARTIAL(2, DW))
#else
#define AD_UNARY(NAME, ...) const ad__kernels KERNELS(NAME) = {NAME##__loop, NULL};
#define AD_BINARY(NAME, ...) const ad__kernels KERNELS(NAME) = {NAME##__loop, NULL};
#define AD_TERNARY(NAME, ...) const ad__kernels KERNELS(NAME) = {NAME##__loop, NULL};
#endif
#include "../ops.def"
