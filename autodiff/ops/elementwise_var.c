/* SPDX-License-Identifier: MIT */
/* The elementwise rows over variables: the function that records each operation, the derivative as
 * further recorded operations, and the descriptor. */
#include "elementwise_internal.h"
#include "../tape_internal.h"

#include "ops.h"

#include <math.h>

/* The value on the scalar fast path is the row's text over double. Derivatives are recorded at the
 * line of the operation they belong to. */
#define real double
#define REAL(c) (c)
#include "real.h"
#undef AD_HERE
#define AD_HERE site
#define AD_ZERO (ad_literal(0))

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)

#define SCALAR(x, i) const double x = tape->value[node[i]].scalar;

#define RECORD(name, count, list, value, ...)                                                      \
    {                                                                                              \
        const ad_var vars[count] = {list};                                                         \
        ad_tape *tape = ad__tape_of(count, vars);                                                  \
        if (tape != NULL && tape->count < tape->limit) {                                           \
            uint32_t node[3] = {0, 0, 0};                                                          \
            int scalars = 1;                                                                       \
            for (int i = 0; i < (count); i++) {                                                    \
                node[i] = ad__scalar_node(tape, vars[i]);                                          \
                scalars &= node[i] != 0;                                                           \
            }                                                                                      \
            if (scalars) {                                                                         \
                __VA_ARGS__                                                                        \
                ad__args args = {{node[0], node[1], node[2]}};                                     \
                return ad__push_scalar(tape, &name##__op, args, value, site);                      \
            }                                                                                      \
        }                                                                                          \
        return ad__record(&name##__op, count, vars, NULL, 0, site);                                \
    }

#define LIST(...) __VA_ARGS__

#define DESCRIBE(name, count, ...)                                                                 \
    static ad_status name##__eval(const ad__call *call)                                            \
    {                                                                                              \
        return ad__elementwise_eval(call, name##__op.kernels);                                     \
    }                                                                                              \
    const ad_op name##__op = {.name = #name,                                                       \
                              .arity = count,                                                      \
                              .infer = ad__elementwise_infer,                                      \
                              .eval = name##__eval,                                                \
                              .vjp = name##__vjp,                                                  \
                              .kernels = {&name##__f64, &name##__f32},                             \
                              .range = {__VA_ARGS__}};

#define VJP(name, ...)                                                                             \
    static void name##__vjp(ad__vjp *v)                                                            \
    {                                                                                              \
        const char *site = v->site;                                                                \
        const ad_var z = v->z, g = v->g;                                                           \
        (void)site, (void)z, (void)g;                                                              \
        __VA_ARGS__                                                                                \
    }

#define ARGUMENT(x, i)                                                                             \
    const ad_var x = v->x[i];                                                                      \
    (void)x;
#define PARTIAL(i, dx)                                                                             \
    if (v->needs[i]) {                                                                             \
        v->dx[i] = dx;                                                                             \
    }

#define AD_UNARY(name, value, dx, xlo, xhi)                                                        \
    extern const ad_op name##__op;                                                                 \
    extern const ad__kernels name##__f64, name##__f32;                                             \
    ad_var name##_at(ad_var a, const char *site)                                                   \
    RECORD(name, 1, LIST(a), value, SCALAR(x, 0))                                                  \
    VJP(name, ARGUMENT(x, 0) PARTIAL(0, dx))                                                       \
    DESCRIBE(name, 1, {xlo, xhi})

#define AD_BINARY(name, value, dx, dy, xlo, xhi, ylo, yhi)                                         \
    extern const ad_op name##__op;                                                                 \
    extern const ad__kernels name##__f64, name##__f32;                                             \
    ad_var name##_at(ad_var a, ad_var b, const char *site)                                         \
    RECORD(name, 2, LIST(a, b), value, SCALAR(x, 0) SCALAR(y, 1))                                  \
    VJP(name, ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, dx) PARTIAL(1, dy))                         \
    DESCRIBE(name, 2, {xlo, xhi}, {ylo, yhi})

#define AD_TERNARY(name, value, dx, dy, dw, xlo, xhi, ylo, yhi, wlo, whi)                          \
    extern const ad_op name##__op;                                                                 \
    extern const ad__kernels name##__f64, name##__f32;                                             \
    ad_var name##_at(ad_var a, ad_var b, ad_var c, const char *site)                               \
    RECORD(name, 3, LIST(a, b, c), value, SCALAR(x, 0) SCALAR(y, 1) SCALAR(w, 2))                  \
    VJP(name, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2)                                         \
        PARTIAL(0, dx) PARTIAL(1, dy) PARTIAL(2, dw))                                              \
    DESCRIBE(name, 3, {xlo, xhi}, {ylo, yhi}, {wlo, whi})

#include "../ops.def"
