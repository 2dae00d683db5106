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
#define AD_TIE(INDEX) (v->tape->op[v->x[INDEX].ref.at.node] == &ad__op_constant ? 0 : 0.5)

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)

/* The scalar fast path, then the general one. */
#define RECORD(NAME, ARITY, ...)                                                                   \
    {                                                                                              \
        const ad_var vars[ARITY] = {__VA_ARGS__};                                                  \
        ad_tape *tape = ad__tape_of(ARITY, vars);                                                  \
        if (tape != NULL && tape->count < tape->limit) {                                           \
            ad__args nodes = {{0, 0, 0}};                                                          \
            int scalars = 1;                                                                       \
            for (int i = 0; i < ARITY; i++) {                                                      \
                nodes.at[i] = ad__scalar_node(tape, vars[i]);                                      \
                scalars &= nodes.at[i] != 0;                                                       \
            }                                                                                      \
            if (scalars) {                                                                         \
                const double z = NAME##__value(tape->value, nodes.at);                             \
                return ad__push_scalar(tape, &NAME##__op, nodes, z, site);                         \
            }                                                                                      \
        }                                                                                          \
        return ad__record(&NAME##__op, ARITY, vars, NULL, 0, site);                                \
    }

#define VJP(NAME, ...)                                                                             \
    static void NAME##__vjp(ad__vjp *v)                                                            \
    {                                                                                              \
        const char *site = v->site;                                                                \
        const ad_var z = v->z, g = v->g;                                                           \
        (void)site, (void)z, (void)g;                                                              \
        __VA_ARGS__                                                                                \
    }

#define VALUE_OF(LETTER, INDEX)                                                                    \
    const double LETTER = slot[at[INDEX]].scalar;                                                  \
    (void)LETTER;
#define ARGUMENT(LETTER, INDEX)                                                                    \
    const ad_var LETTER = v->x[INDEX];                                                             \
    (void)LETTER;
#define PARTIAL(INDEX, EXPRESSION)                                                                 \
    if (v->needs[INDEX]) {                                                                         \
        v->dx[INDEX] = EXPRESSION;                                                                 \
    }

#define VALUE_FUNCTION(NAME, ARGUMENTS, EXPRESSION)                                                \
    extern const ad_op NAME##__op;                                                                 \
    extern const ad__kernels NAME##__f64, NAME##__f32;                                             \
    static inline double NAME##__value(const ad__slot *slot, const uint32_t *at)                   \
    {                                                                                              \
        ARGUMENTS return EXPRESSION;                                                               \
    }

#define DESCRIBE(NAME, ARITY, ...)                                                                 \
    static ad_status NAME##__eval(const ad__call *call)                                            \
    {                                                                                              \
        return ad__elementwise_eval(call, NAME##__op.kernels);                                     \
    }                                                                                              \
    const ad_op NAME##__op = {.name = #NAME,                                                       \
                              .arity = ARITY,                                                      \
                              .infer = ad__elementwise_infer,                                      \
                              .eval = NAME##__eval,                                                \
                              .vjp = NAME##__vjp,                                                  \
                              .kernels = {&NAME##__f64, &NAME##__f32},                             \
                              .range = {__VA_ARGS__}};

#define AD_UNARY(NAME, VALUE, DX, XLO, XHI)                                                        \
    VALUE_FUNCTION(NAME, VALUE_OF(x, 0), VALUE)                                                    \
    ad_var NAME##_at(ad_var a, const char *site) RECORD(NAME, 1, a)                                \
        VJP(NAME, ARGUMENT(x, 0) PARTIAL(0, DX)) DESCRIBE(NAME, 1, {XLO, XHI})

#define AD_BINARY(NAME, VALUE, DX, DY, XLO, XHI, YLO, YHI)                                         \
    VALUE_FUNCTION(NAME, VALUE_OF(x, 0) VALUE_OF(y, 1), VALUE)                                     \
    ad_var NAME##_at(ad_var a, ad_var b, const char *site) RECORD(NAME, 2, a, b)                   \
        VJP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, DX) PARTIAL(1, DY))                     \
            DESCRIBE(NAME, 2, {XLO, XHI}, {YLO, YHI})

#define AD_TERNARY(NAME, VALUE, DX, DY, DW, XLO, XHI, YLO, YHI, WLO, WHI)                          \
    VALUE_FUNCTION(NAME, VALUE_OF(x, 0) VALUE_OF(y, 1) VALUE_OF(w, 2), VALUE)                      \
    ad_var NAME##_at(ad_var a, ad_var b, ad_var c, const char *site) RECORD(NAME, 3, a, b, c)      \
        VJP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2) PARTIAL(0, DX) PARTIAL(1, DY)       \
                      PARTIAL(2, DW)) DESCRIBE(NAME, 3, {XLO, XHI}, {YLO, YHI}, {WLO, WHI})

#include "../ops.def"
