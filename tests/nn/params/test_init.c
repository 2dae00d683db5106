/* SPDX-License-Identifier: MIT */
#include "activations.h"
#include "init.h"
#include "members.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

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
    expect(nn_orthogonal(g), g * g / FAN_OUT, 0);
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

/* ---- every initialiser that init.h declares ---- */

#define MEMBER_VALUES listed
#define INIT(value) {#value, value},
static const double listed[] = {0.25, -1, 3, 1.0 / 3, 0, 2};

typedef struct member {
    const char *text;
    nn_init init;
} member;

/* As many parameters as shapes of 6 elements, of none, and an f32 one. */
static nn_params *several(void)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "wide", NN_WEIGHT, AD_F64, AD_SHAPE(2, 3), NULL);
    nn_params_add(params, "tall", NN_WEIGHT, AD_F64, AD_SHAPE(3, 2), NULL);
    nn_params_add(params, "deep", NN_WEIGHT, AD_F64, AD_SHAPE(2, 1, 3), NULL);
    nn_params_add(params, "narrow", NN_WEIGHT, AD_F32, AD_SHAPE(2, 3), NULL);
    nn_params_add(params, "none", NN_WEIGHT, AD_F64, AD_SHAPE(0, 3), NULL);
    nn_params_add(params, "vector", NN_BIAS, AD_F64, AD_SHAPE(6), NULL);
    nn_params_add(params, "scalar", NN_BIAS, AD_F64, AD_SCALAR, NULL);
    return params;
}

/* From a stream of its own each; some rules refuse some shapes, and a refusal has a text. */
static int fill_all(nn_params *params, const nn_init *init, uint64_t seed, int *draws)
{
    int filled = 0;
    *draws = 0;
    for (int i = 0; i < nn_params_count(params); i++) {
        nn_draw draw = {.rng = {.seed = seed, .stream = i == 3 ? 0 : (uint64_t)i}};
        ad_error error = {0};
        const nn_param *p = nn_params_at(params, i);
        ad_status status = nn_init_fill(init, (nn_fans){2, 3}, &draw, p, &error);
        filled |= (status == AD_OK) << i;
        *draws |= draw.rng.counter > 0;
        cr_expect(status == AD_OK ||
                  (status == error.status && strstr(error.message, p->name) == error.message));
    }
    return filled;
}

Test(init, every_rule_fills_every_shape_it_takes_with_finite_numbers_that_a_stream_decides)
{
    const member rows[] = {NN_EVERY_INIT(INIT)};
    enum { MATRICES = 1 | 2 | 4 | 8 };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const char *text = rows[r].text;
        nn_params *a = several(), *b = several(), *c = several();
        int draws, filled = fill_all(a, &rows[r].init, 7, &draws);
        cr_expect_eq(filled & MATRICES, MATRICES, "%s", text);
        cr_expect_eq(fill_all(b, &rows[r].init, 7, &draws), filled);
        fill_all(c, &rows[r].init, 8, &draws);
        int differs = 0;
        for (int i = 0; i < nn_params_count(a); i++) {
            const nn_param *p = nn_params_at(a, i), *q = nn_params_at(b, i);
            cr_expect_eq(memcmp(p->data, q->data, p->count * ad_type_bytes(p->type)), 0, "%s: %s",
                         text, p->name);
            for (size_t j = 0; j < p->count; j++) {
                cr_expect(isfinite(nn_param_value(p, j)), "%s: %s", text, p->name);
                differs |= nn_param_value(nn_params_at(c, i), j) != nn_param_value(p, j);
            }
        }
        cr_expect_eq(differs, draws, "%s", text);
        for (size_t j = 0; j < 6; j++) { /* the double, rounded */
            cr_expect_eq((float)nn_param_value(nn_params_at(a, 0), j),
                         (float)nn_param_value(nn_params_at(a, 3), j), "%s", text);
        }
        nn_params_free(a);
        nn_params_free(b);
        nn_params_free(c);
    }
}

Test(init, every_rule_refuses_bad_numbers_and_has_an_error_for_each_failed_allocation)
{
    const member rows[] = {NN_EVERY_INIT(INIT)};
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        nn_params *params = small(AD_F64);
        ad_failing_allocator state = {.fail_at = 0};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_draw draw = {.rng = {.seed = 1}, .allocator = &allocator};
        nn_init init = rows[r].init;
        init.count = init.values != NULL ? 4 : 0;
        ad_error error = {0};
        ad_status status = fill(params, init, &draw, &error);
        cr_expect_eq(status, state.requests > 0 ? AD_ERR_MEMORY : AD_OK, "%s", rows[r].text);
        cr_expect_eq(status, error.status);
        state = (ad_failing_allocator){.fail_at = SIZE_MAX};
        if (init.values == NULL) {
            init.a = init.b = NAN;
            status = fill(params, init, &draw, &error);
            for (size_t j = 0; j < 4 && status == AD_OK; j++) { /* one without such numbers */
                cr_expect(isfinite(nn_param_value(nn_params_at(params, 0), j)), "%s", rows[r].text);
            }
            cr_expect(status == AD_OK || status == AD_ERR_DOMAIN, "%s", rows[r].text);
        }
        cr_expect_eq(fill(params, init, NULL, &error), AD_ERR_DOMAIN);
        cr_expect_eq(nn_init_fill(&init, (nn_fans){1, 1}, &draw, NULL, &error), AD_ERR_DOMAIN);
        cr_expect_eq(state.live, 0);
        nn_params_free(params);
    }
    cr_expect_eq(nn_init_fill(NULL, (nn_fans){1, 1}, NULL, NULL, NULL), AD_ERR_DOMAIN);
}

/* ---- orthogonal ---- */

/* The largest difference of M M' (of M' M, if M is tall) from gain^2 I. */
static double from_orthogonal(const nn_param *p, double gain)
{
    int64_t rows = p->shape.len[0], columns = (int64_t)p->count / rows, worst_len = rows;
    int is_wide = rows <= columns;
    double worst = 0;
    worst_len = is_wide ? rows : columns;
    for (int64_t i = 0; i < worst_len; i++) {
        for (int64_t j = 0; j < worst_len; j++) {
            double sum = i == j ? -gain * gain : 0;
            for (int64_t k = 0; k < (is_wide ? columns : rows); k++) {
                sum += is_wide ? nn_param_value(p, (size_t)(i * columns + k)) *
                                     nn_param_value(p, (size_t)(j * columns + k))
                               : nn_param_value(p, (size_t)(k * columns + i)) *
                                     nn_param_value(p, (size_t)(k * columns + j));
            }
            worst = fmax(worst, fabs(sum));
        }
    }
    return worst;
}

Test(init, an_orthogonal_matrix_keeps_lengths_times_gain)
{
    const ad_shape shapes[] = {AD_SHAPE(1, 1),   AD_SHAPE(5, 5),    AD_SHAPE(300, 300),
                               AD_SHAPE(3, 100), AD_SHAPE(100, 37), AD_SHAPE(4, 3, 5)};
    for (size_t i = 0; i < 2 * sizeof shapes / sizeof shapes[0]; i++) {
        const ad_type type = i % 2 == 0 ? AD_F64 : AD_F32;
        nn_params *params = nn_params_new(NULL);
        nn_params_add(params, "w", NN_WEIGHT, type, shapes[i / 2], NULL);
        const nn_param *p = nn_params_at(params, 0);
        nn_draw draw = {.rng = {.seed = i}};
        nn_init init = nn_orthogonal(1.5);
        cr_assert_eq(nn_init_fill(&init, (nn_fans){0, 0}, &draw, p, NULL), AD_OK);
        cr_expect_lt(from_orthogonal(p, 1.5), type == AD_F64 ? 2e-15 * 1.5 * 1.5 * 4 : 2e-6);
        nn_params_free(params);
    }
}

/* QR in 60 decimals of the first normal numbers of NumPy's seed 0, with the signs of
 * torch.nn.init.orthogonal_: columns times the sign of R's diagonal, of the transposed matrix if it
 * is wide. */
Test(init, an_orthogonal_matrix_is_torchs)
{
    static const double expected[2][12] = {
        {1.1599373219545963, 0.26311990213628994, 0.6435606736806333, 1.4734798897603991,
         1.1940548365302373, -1.1215930745437463, 0.57693287101569113, -0.99167055257068426,
         -0.91565242887676634, -1.5272830419198917, 0.36197086530622319, 0.83544253663879531},
        {1.1628820057962506, -0.95831948634277286, 0.51859096818508343, 1.4772205508635941,
         1.2830841098416055, -0.31504981054157044, 0.62630835597448598, -1.1910376389239099,
         -0.9369757652303774, 0.27067088491022728, -0.12941511439649245, 1.6594828832999535}};
    for (int tall = 0; tall < 2; tall++) {
        ad_mt19937 mt;
        ad_mt19937_init(&mt, 0);
        nn_draw draw = {.numpy = &mt};
        nn_params *params = nn_params_new(NULL);
        ad_shape shape = tall ? AD_SHAPE(4, 3) : AD_SHAPE(3, 4);
        nn_params_add(params, "w", NN_WEIGHT, AD_F64, shape, NULL);
        nn_init init = nn_orthogonal(2);
        cr_assert_eq(nn_init_fill(&init, (nn_fans){0, 0}, &draw, nn_params_at(params, 0), NULL),
                     AD_OK);
        for (size_t i = 0; i < 12; i++) {
            cr_expect_float_eq(nn_param_value(nn_params_at(params, 0), i), expected[tall][i],
                               1e-14);
        }
        nn_params_free(params);
    }
}

Test(init, an_orthogonal_vector_is_refused)
{
    nn_params *params = several();
    nn_draw draw = {.rng = {.seed = 1}};
    nn_init init = nn_orthogonal(1);
    ad_error error = {0};
    const nn_param *p = nn_params_find(params, "vector");
    cr_expect_eq(nn_init_fill(&init, (nn_fans){1, 1}, &draw, p, &error), AD_ERR_SHAPE);
    cr_expect_str_eq(error.message,
                     "vector is [6]; nn_orthogonal is for matrices and higher ranks");
    nn_params_free(params);
}
