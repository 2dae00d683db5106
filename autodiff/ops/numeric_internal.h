/* SPDX-License-Identifier: MIT */

/* The elementwise rows over numbers. Included once with `real` double and once with float, after
 * the including file has set
 *
 *   real            the number type       REAL(c)   a constant of that type
 *   KERNELS(name)   the name of a row's kernels for this type
 *   SCALARS         1 for the type whose scalars have a fast path, else 0
 *
 * For each row it makes a function on numbers under the operation's own name, which the partials of
 * other rows call; the loop over tensors; and, for
 * scalars, the value and the step of a numeric reverse sweep. */

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
#define AD_TIE(INDEX) (nodes[arg[INDEX]].op == &ad__op_constant ? 0 : 0.5)

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

/* ---- scalars; the sweep adds g dz/dx to the adjoint of x ---- */

#if SCALARS
#define SCALAR(NAME, CALL, ...)                                                                    \
    static double NAME##__scalar(const ad__slot *value, const uint32_t *arg)                       \
    {                                                                                              \
        return CALL;                                                                               \
    }                                                                                              \
    static void NAME##__sweep(const ad__node *nodes, uint32_t node, const ad__slot *value,         \
                              double *adjoint)                                                     \
    {                                                                                              \
        const uint32_t *arg = nodes[node].arg;                                                     \
        const double z = value[node].scalar, g = adjoint[node];                                    \
        (void)z, (void)g;                                                                          \
        __VA_ARGS__                                                                                \
    }                                                                                              \
    const ad__kernels KERNELS(NAME) = {NAME##__loop, NAME##__scalar, NAME##__sweep};

#define VALUE_OF(INDEX) value[arg[INDEX]].scalar
#define ARGUMENT(LETTER, INDEX)                                                                    \
    const double LETTER = VALUE_OF(INDEX);                                                         \
    (void)LETTER;
#define PARTIAL(INDEX, EXPRESSION) adjoint[arg[INDEX]] += EXPRESSION;

#define AD_UNARY(NAME, VALUE, DX, ...)                                                             \
    SCALAR(NAME, NAME(VALUE_OF(0)), ARGUMENT(x, 0) PARTIAL(0, DX))
#define AD_BINARY(NAME, VALUE, DX, DY, ...)                                                        \
    SCALAR(NAME, NAME(VALUE_OF(0), VALUE_OF(1)),                                                   \
           ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, DX) PARTIAL(1, DY))
#define AD_TERNARY(NAME, VALUE, DX, DY, DW, ...)                                                   \
    SCALAR(NAME, NAME(VALUE_OF(0), VALUE_OF(1), VALUE_OF(2)),                                      \
           ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2) PARTIAL(0, DX) PARTIAL(1, DY)              \
               PARTIAL(2, DW))
#else
#define AD_UNARY(NAME, ...) const ad__kernels KERNELS(NAME) = {.loop = NAME##__loop};
#define AD_BINARY(NAME, ...) const ad__kernels KERNELS(NAME) = {.loop = NAME##__loop};
#define AD_TERNARY(NAME, ...) const ad__kernels KERNELS(NAME) = {.loop = NAME##__loop};
#endif
#include "../ops.def"
