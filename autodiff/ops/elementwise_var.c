/* SPDX-License-Identifier: MIT */
/* The elementwise rows over variables: the function that records each operation, the derivative as
 * further recorded operations, and the descriptor. */
#include "kernels/codes_internal.h"
#include "ops/elementwise_internal.h"
#include "tape/tape_internal.h"

#include "ops.h"

/* The value on the scalar fast path is the row's text over double. */
#include "kernels/math_f64_internal.h"
#include "kernels/real_internal.h"
#undef AD__CALL
#define AD__CALL(f, ...) f##_at(__VA_ARGS__, site)
#define AD_ZERO (ad_literal(0))
#define AD_TIE(INDEX) (v->tape->node[v->x[INDEX].ref.at.node].code == AD__CONSTANT ? 0 : 0.5)

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)

#define VJP(NAME, ...)                                                                             \
    static void NAME##__vjp(ad__vjp *v)                                                            \
    {                                                                                              \
        const char *site = v->tape->here;                                                          \
        const ad_var z = v->z, g = v->g;                                                           \
        (void)site, (void)z, (void)g;                                                              \
        __VA_ARGS__                                                                                \
    }

/* The fast paths, for f64 scalars: of variables alone; of one number beside them whose constant is
 * known; of new numbers. They are functions apart, lest one have to save registers for the next;
 * what fits none is left to record.c. */
#define PATH(NAME, TAPE, WHERE, VALUES, VALUE, A, B, C, OTHERWISE)                                 \
    {                                                                                              \
        ad_tape *tape = TAPE;                                                                      \
        if (tape != NULL && WHERE && tape->count < tape->limit) {                                  \
            VALUES return ad__push_scalar(tape, NAME##__code, A, B, C, VALUE, site);               \
        }                                                                                          \
        return OTHERWISE;                                                                          \
    }
#define APART static __attribute__((noinline)) ad_var
#define FITS(VAR) ad__is_scalar(tape, VAR)
#define MAY_BE(VAR) (VAR.tape == NULL || FITS(VAR))
#define OF(LETTER, NODE, VAR)                                                                      \
    const uint32_t NODE = VAR.ref.at.node;                                                         \
    const double LETTER = tape->value[NODE].scalar;                                                \
    (void)LETTER;
#define KNOWN(VAR) ad__constant_is_known(tape, VAR.ref.literal)
#define OF_KNOWN(LETTER, NODE, VAR)                                                                \
    const double LETTER = VAR.ref.literal;                                                         \
    const uint32_t NODE = tape->constant[ad__constant_place(LETTER)].node;                         \
    (void)LETTER;
#define OF_EITHER(LETTER, NODE, VAR)                                                               \
    const uint32_t NODE =                                                                          \
        VAR.tape == NULL ? ad__constant_node(tape, VAR.ref.literal, site) : VAR.ref.at.node;       \
    const double LETTER = tape->value[NODE].scalar;                                                \
    (void)LETTER;

#define ARGUMENT(LETTER, INDEX)                                                                    \
    const ad_var LETTER = v->x[INDEX];                                                             \
    (void)LETTER;
#define PARTIAL(INDEX, EXPRESSION)                                                                 \
    if (v->needs[INDEX]) {                                                                         \
        v->dx[INDEX] = EXPRESSION;                                                                 \
    }

#define LOOP(NAME, TYPE)                                                                           \
    static void NAME##__##TYPE(size_t n, const void *const *x, const size_t *step, void *z)        \
    {                                                                                              \
        ad__loops_of(TYPE)[NAME##__code](n, x, step, z);                                           \
    }

#define DESCRIBE(NAME, ARITY, TEXT, TRAITS, ...)                                                   \
    static ad_status NAME##__eval(const ad__call *call)                                            \
    {                                                                                              \
        return ad__elementwise_eval(call, NAME##__op.loop);                                        \
    }                                                                                              \
    LOOP(NAME, AD_F64)                                                                             \
    LOOP(NAME, AD_F32)                                                                             \
    const ad_op NAME##__op = {.name = #NAME,                                                       \
                              .arity = ARITY,                                                      \
                              .code = NAME##__code,                                                \
                              .infer = ad__elementwise_infer,                                      \
                              .eval = NAME##__eval,                                                \
                              .vjp = NAME##__vjp,                                                  \
                              .text = TEXT,                                                        \
                              .loop = {NAME##__AD_F64, NAME##__AD_F32},                            \
                              .range = {__VA_ARGS__},                                              \
                              .traits = TRAITS};

/* Traits end a row, and may be left out. The text is the row's own, before macros. */
#define AD_UNARY(NAME, VALUE, DX, ...) UNARY(NAME, #VALUE, VALUE, DX, __VA_ARGS__, 0, 0)
#define AD_BINARY(NAME, VALUE, DX, DY, ...) BINARY(NAME, #VALUE, VALUE, DX, DY, __VA_ARGS__, 0, 0)
#define AD_TERNARY(NAME, VALUE, DX, DY, DW, ...)                                                   \
    TERNARY(NAME, #VALUE, VALUE, DX, DY, DW, __VA_ARGS__, 0, 0)

/* clang-format off */
#define UNARY(NAME, TEXT, VALUE, DX, XLO, XHI, TRAITS, ...)                                        \
    extern const ad_op NAME##__op;                                                                 \
    ad_var NAME##_at(ad_var a, const char *site)                                                   \
    PATH(NAME, a.tape, FITS(a), OF(x, i, a), VALUE, i, 0, 0,                                       \
         ad__record_unary(a, site, &NAME##__op))                                                   \
    VJP(NAME, ARGUMENT(x, 0) PARTIAL(0, DX))                                                       \
    DESCRIBE(NAME, 1, TEXT, TRAITS, {XLO, XHI})

#define BINARY(NAME, TEXT, VALUE, DX, DY, XLO, XHI, YLO, YHI, TRAITS, ...)                         \
    extern const ad_op NAME##__op;                                                                 \
    APART NAME##__numbers(ad_var a, ad_var b, const char *site)                                    \
    PATH(NAME, a.tape ? a.tape : b.tape, MAY_BE(a) && MAY_BE(b),                                   \
         OF_EITHER(x, i, a) OF_EITHER(y, j, b), VALUE, i, j, 0,                                    \
         ad__record_binary(a, b, site, &NAME##__op))                                               \
    APART NAME##__left(ad_var a, ad_var b, const char *site)                                       \
    PATH(NAME, b.tape, FITS(b) && KNOWN(a), OF_KNOWN(x, i, a) OF(y, j, b), VALUE, i, j, 0,         \
         NAME##__numbers(a, b, site))                                                              \
    APART NAME##__right(ad_var a, ad_var b, const char *site)                                      \
    PATH(NAME, a.tape, FITS(a) && KNOWN(b), OF(x, i, a) OF_KNOWN(y, j, b), VALUE, i, j, 0,         \
         NAME##__numbers(a, b, site))                                                              \
    ad_var NAME##_at(ad_var a, ad_var b, const char *site)                                         \
    PATH(NAME, a.tape, FITS(a) && FITS(b), OF(x, i, a) OF(y, j, b), VALUE, i, j, 0,                \
         a.tape == NULL   ? NAME##__left(a, b, site)                                               \
         : b.tape == NULL ? NAME##__right(a, b, site)                                              \
                          : ad__record_binary(a, b, site, &NAME##__op))                            \
    VJP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, DX) PARTIAL(1, DY))                         \
    DESCRIBE(NAME, 2, TEXT, TRAITS, {XLO, XHI}, {YLO, YHI})

#define TERNARY(NAME, TEXT, VALUE, DX, DY, DW, XLO, XHI, YLO, YHI, WLO, WHI, TRAITS, ...)          \
    extern const ad_op NAME##__op;                                                                 \
    APART NAME##__numbers(ad_var a, ad_var b, ad_var c, const char *site)                          \
    PATH(NAME, a.tape ? a.tape : b.tape ? b.tape : c.tape, MAY_BE(a) && MAY_BE(b) && MAY_BE(c),    \
         OF_EITHER(x, i, a) OF_EITHER(y, j, b) OF_EITHER(w, k, c), VALUE, i, j, k,                 \
         ad__record_ternary(a, b, c, site, &NAME##__op))                                           \
    ad_var NAME##_at(ad_var a, ad_var b, ad_var c, const char *site)                               \
    PATH(NAME, a.tape, FITS(a) && FITS(b) && FITS(c), OF(x, i, a) OF(y, j, b) OF(w, k, c), VALUE,  \
         i, j, k, NAME##__numbers(a, b, c, site))                                                  \
    VJP(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2)                                         \
              PARTIAL(0, DX) PARTIAL(1, DY) PARTIAL(2, DW))                                        \
    DESCRIBE(NAME, 3, TEXT, TRAITS, {XLO, XHI}, {YLO, YHI}, {WLO, WHI})
/* clang-format on */

#include "ops/ops.def"
