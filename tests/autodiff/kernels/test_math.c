/* SPDX-License-Identifier: MIT */
/* ops/math_internal.h: the base functions, as the rows that are made of them, at many points
 * against libm in a wider type. */
#include "tape/op_internal.h"
#include "rng.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

extern const ad_op ad_exp__op, ad_expm1__op, ad_tanh__op, ad_log__op, ad_log1p__op, ad_sin__op,
    ad_cos__op;

typedef struct function {
    const ad_op *op;
    long double (*exact)(long double x);
    double most_ulp, lo, hi; /* of x; above 100 an eighth of them in f32 */
} function;

static const function functions[] = {
    {&ad_exp__op, expl, 0.8, -1, 1},           {&ad_exp__op, expl, 0.8, -750, 709.7},
    {&ad_expm1__op, expm1l, 1.3, -1, 1},       {&ad_expm1__op, expm1l, 1.3, -50, 709.7},
    {&ad_tanh__op, tanhl, 1.5, -1, 1},         {&ad_tanh__op, tanhl, 1.5, -30, 30},
    {&ad_log__op, logl, 0.9, 0.5, 2},          {&ad_log__op, logl, 0.9, 0, 1e8},
    {&ad_log1p__op, log1pl, 0.9, -1, 1},       {&ad_log1p__op, log1pl, 0.9, 0, 1e8},
    {&ad_log1p__op, log1pl, 0.9, -1e-9, 1e-9}, {&ad_sin__op, sinl, 0.9, -1, 1},
    {&ad_sin__op, sinl, 0.9, -6e4, 6e4},       {&ad_cos__op, cosl, 0.9, -4, 4},
    {&ad_cos__op, cosl, 0.9, -4e4, 4e4}};

enum { POINTS = 20000 };

static double ulp_error(double z, long double exact, int digits, int least)
{
    int unit = (exact == 0 ? least : ilogbl(exact)) - digits + 1;
    unit = unit < least ? least : unit;
    return (double)fabsl(ldexpl((long double)z - exact, -unit));
}

Test(math, base_functions_are_within_an_ulp_and_a_half)
{
    static double x[POINTS], z[POINTS];
    static float x32[POINTS], z32[POINTS];
    const size_t step = 1;
    ad_rng rng = {.seed = 5};
    for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
        const function *f = &functions[k];
        for (int i = 0; i < POINTS; i++) {
            x[i] = f->lo + (f->hi - f->lo) * ad_rng_uniform(&rng);
            x32[i] = (float)(f->hi > 100 ? x[i] / 8 : x[i]);
        }
        f->op->loop[AD_F64](POINTS, (const void *[]){x}, &step, z);
        f->op->loop[AD_F32](POINTS, (const void *[]){x32}, &step, z32);
        for (int i = 0; i < POINTS; i++) {
            double error = ulp_error(z[i], f->exact((long double)x[i]), DBL_MANT_DIG, -1074);
            cr_assert_lt(error, f->most_ulp, "%s(%a) is off by %g ulp", f->op->name, x[i], error);
            error = ulp_error((double)z32[i], f->exact((long double)x32[i]), FLT_MANT_DIG, -149);
            cr_assert_lt(error, f->most_ulp, "%s(%a), f32, is off by %g ulp", f->op->name,
                         (double)x32[i], error);
        }
    }
}
