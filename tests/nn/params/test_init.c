/* SPDX-License-Identifier: MIT */
#include "init.h"

#include <criterion/criterion.h>
#include <math.h>

enum { FAN_IN = 200, FAN_OUT = 300, COUNT = FAN_IN * FAN_OUT };

typedef struct moments {
    double mean, variance, lo, hi;
} moments;

static moments moments_of(nn_init init)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(FAN_IN, FAN_OUT), NULL);
    const nn_param *p = nn_params_at(params, 0);
    nn_draw draw = {.rng = {.seed = 3}};
    cr_assert_eq(nn_init_fill(&init, (nn_fans){FAN_IN, FAN_OUT}, &draw, p, NULL), AD_OK);
    moments m = {0, 0, INFINITY, -INFINITY};
    for (size_t i = 0; i < COUNT; i++) {
        double value = nn_param_value(p, i);
        m.mean += value / COUNT;
        m.variance += value * value / COUNT;
        m.lo = fmin(m.lo, value);
        m.hi = fmax(m.hi, value);
    }
    m.variance -= m.mean * m.mean;
    nn_params_free(params);
    return m;
}

static void expect(nn_init init, double variance, double bound)
{
    moments m = moments_of(init);
    cr_expect_float_eq(m.mean, 0, 5 * sqrt(variance / COUNT));
    cr_expect_float_eq(m.variance / variance, 1, 0.03);
    if (bound > 0) {
        cr_expect(m.hi < bound && m.hi > 0.99 * bound);
        cr_expect(m.lo >= -bound && m.lo < -0.99 * bound);
    } else {
        cr_expect_gt(m.hi, 3.5 * sqrt(variance));
    }
}

Test(init, the_families_have_the_variance_and_the_bounds_of_their_papers)
{
    const double g = 1.5, sum = FAN_IN + FAN_OUT, in = FAN_IN;
    expect(nn_glorot_uniform(g), g * g * 2 / sum, g * sqrt(6 / sum));
    expect(nn_glorot_normal(g), g * g * 2 / sum, 0);
    expect(nn_he_uniform(g), g * g / in, g * sqrt(3 / in));
    expect(nn_he_normal(g), g * g / in, 0);
    expect(nn_lecun_uniform(), 1 / in, sqrt(3 / in));
    expect(nn_lecun_normal(), 1 / in, 0);
    expect(nn_uniform(-2, 2), 4.0 / 3, 2);
    expect(nn_normal(0, 0.3), 0.09, 0);
}

static nn_params *small(ad_type type)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, type, AD_SHAPE(2, 2), NULL);
    return params;
}

static ad_status fill(nn_params *params, nn_init init, nn_draw *draw, ad_error *error)
{
    return nn_init_fill(&init, (nn_fans){2, 2}, draw, nn_params_at(params, 0), error);
}

Test(init, numpys_generator_gives_numpys_numbers)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_draw draw = {.numpy = &mt};
    nn_params *params = small(AD_F64);
    cr_assert_eq(fill(params, nn_normal(0, 1), &draw, NULL), AD_OK);
    cr_expect_eq(nn_param_value(nn_params_at(params, 0), 0), 1.764052345967664);
    cr_expect_eq(nn_param_value(nn_params_at(params, 0), 1), 0.4001572083672233);
    nn_params_free(params);
}

Test(init, constants_and_given_values_arrive)
{
    nn_draw draw = {.rng = {.seed = 1}};
    nn_params *params = small(AD_F32);
    cr_expect_eq(fill(params, nn_constant(0.5), &draw, NULL), AD_OK);
    cr_expect_eq(nn_param_value(nn_params_at(params, 0), 3), 0.5);
    const double values[] = {1, 2, 3, 4};
    cr_expect_eq(fill(params, nn_values(4, values), &draw, NULL), AD_OK);
    cr_expect_eq(nn_param_value(nn_params_at(params, 0), 2), 3);
    ad_error e = {0};
    cr_expect_eq(fill(params, nn_values(3, values), &draw, &e), AD_ERR_SHAPE);
    cr_expect_str_eq(e.message, "w is [2, 2]: it needs 4 values, not 3");
    nn_params_free(params);
}

Test(init, single_precision_is_the_double_rounded)
{
    nn_params *narrow = small(AD_F32), *wide = small(AD_F64);
    nn_draw a = {.rng = {.seed = 5}}, b = a;
    fill(narrow, nn_he_normal(1), &a, NULL);
    fill(wide, nn_he_normal(1), &b, NULL);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq((float)nn_param_value(nn_params_at(wide, 0), i),
                     (float)nn_param_value(nn_params_at(narrow, 0), i));
    }
    nn_params_free(narrow);
    nn_params_free(wide);
}

Test(init, numbers_that_are_not_finite_are_refused)
{
    nn_draw draw = {.rng = {.seed = 1}};
    nn_params *params = small(AD_F64);
    ad_error e = {0};
    cr_expect_eq(fill(params, nn_normal(0, NAN), &draw, &e), AD_ERR_DOMAIN);
    cr_expect_eq(fill(params, nn_constant(INFINITY), &draw, &e), AD_ERR_DOMAIN);
    nn_params_free(params);
}

Test(init, a_number_too_large_for_f32_and_a_missing_list_are_refused)
{
    nn_draw draw = {.rng = {.seed = 1}};
    nn_params *narrow = small(AD_F32), *wide = small(AD_F64);
    ad_error e = {0};
    cr_expect_eq(fill(narrow, nn_constant(1e300), &draw, &e), AD_ERR_DOMAIN);
    cr_expect_eq(fill(wide, nn_constant(1e300), &draw, &e), AD_OK);
    cr_expect_eq(fill(wide, nn_values(nn_params_len(wide), NULL), &draw, &e), AD_ERR_DOMAIN);
    nn_params_free(narrow);
    nn_params_free(wide);
}
