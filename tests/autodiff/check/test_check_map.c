/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"
#include "ops.h"
#include "reverse.h"
#include "wrong_rules.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- several tensors ---- */

static ad_var network(void *user, const ad_var *x) /* x [3, 2], W [2, 4], b [4], labels */
{
    (void)user;
    ad_var a = ad_tanh(ad_add(ad_matmul(x[0], x[1]), x[2]));
    return ad_mul(a, ad_exp(ad_sum(ad_square(a), AD_KEEP(1))));
}

static const double X[] = {0.5, -1.0, 0.25, 2.0, -0.75, 0.1}, B[] = {0.1, -0.2, 0.3, 1e-8};
static const double W[] = {0.3, -0.4, 0.9, 0.05, -1.2, 0.6, 0.2, -0.1};
static const int64_t LABELS[] = {2, 0, 1};

static void network_inputs(ad_check_input *x, ad_type type, const void *const *data)
{
    x[0] = (ad_check_input){type, AD_SHAPE(3, 2), data[0]};
    x[1] = (ad_check_input){type, AD_SHAPE(2, 4), data[1]};
    x[2] = (ad_check_input){type, AD_SHAPE(4), data[2]};
    x[3] = (ad_check_input){AD_I64, AD_SHAPE(3), LABELS};
}

Test(check_map, all_derivatives_of_a_function_of_tensors_are_compared)
{
    ad_check_input x[4];
    network_inputs(x, AD_F64, (const void *[]){X, W, B});
    ad_report r = ad_check(network, NULL, 4, x, NULL);
    cr_expect(r.passed, "%s", r.message);
    cr_expect_eq(r.agreed + r.unresolved, 12 * 18 + 18 * 18);
    cr_expect_lt(r.error, 1e-6);
    r = ad_check(network, NULL, 4, x, &(ad_check_options){.order = 1});
    cr_expect(r.passed && r.order == 1, "%s", r.message);
    cr_expect_eq(r.agreed + r.unresolved, 12 * 18);
}

Test(check_map, f32_functions_are_compared_with_differences_in_f64)
{
    float narrow[3][8];
    for (int i = 0; i < 8; i++) {
        narrow[0][i] = (float)X[i % 6];
        narrow[1][i] = (float)W[i];
        narrow[2][i] = (float)B[i % 4];
    }
    ad_check_input x[4];
    network_inputs(x, AD_F32, (const void *[]){narrow[0], narrow[1], narrow[2]});
    ad_report r = ad_check(network, NULL, 4, x, NULL);
    cr_expect(r.passed, "%s", r.message);
    cr_expect_gt(r.agreed, 500);
    cr_expect(r.error > 1e-9 && r.error < 1e-4, "%s", r.message);
}

static ad_var only_f32(void *user, const ad_var *x)
{
    const float one = 1;
    ad_var c = ad_constant(x[0].tape, AD_F32, AD_SCALAR, &one), s = ad_sin(ad_add(x[0], c));
    ad_var d = ad_sub(s, test_held(s));
    return ad_add(s, ad_mul(*(const double *)user, d));
}

Test(check_map, f32_functions_that_do_not_take_f64_are_compared_with_their_own_differences)
{
    const float at[] = {0.25F, -1.5F, 3.0F};
    ad_check_input x = {AD_F32, AD_SHAPE(3), at};
    double right = 0, wrong = 0.01;
    ad_check_options first = {.order = 1};
    ad_report r = ad_check(only_f32, &right, 1, &x, &first);
    cr_expect(r.passed && r.wrong == 0, "%s", r.message);
    r = ad_check(only_f32, &wrong, 1, &x, &first);
    cr_expect(!r.passed && r.wrong > 0, "%s", r.message);
}

static ad_var one_in_many(void *user, const ad_var *x)
{
    (void)user;
    ad_var s = ad_mul(x[0], x[0]), last = ad_slice(s, 0, 990, 991, 1);
    return ad_concat(2, (ad_var[]){ad_sin(x[0]), ad_add(last, ad_sub(last, test_held(last)))}, 0);
}

Test(check_map, large_tensors_are_sampled_evenly)
{
    static double data[1000];
    for (int i = 0; i < 1000; i++) {
        data[i] = 0.001 * i - 0.3;
    }
    ad_check_input x = {AD_F64, AD_SHAPE(1000), data};
    ad_check_options few = {.order = 1, .most = 20};
    ad_report r = ad_check(one_in_many, NULL, 1, &x, &few);
    cr_expect_eq(r.agreed + r.wrong, (20 + 2) * 21);
    cr_expect(!r.passed && r.input == -1 && r.of_element == SIZE_MAX, "%s", r.message);
    cr_expect(r.elements == 1000 && r.elements_seen == 20 && r.directions == 2);
    cr_expect(strstr(r.message, "20 of 1000 input elements were looked at one by one, and all of "
                                "them together"),
              "%s", r.message);
    few.most = 1001;
    r = ad_check(one_in_many, NULL, 1, &x, &few);
    cr_expect(!r.passed && r.wrong == 1 && r.element == 990 && r.of_element == 1000, "%s",
              r.message);
    few = (ad_check_options){.order = 1, .most = 1000}; /* the last result is not sampled alone */
    r = ad_check(one_in_many, NULL, 1, &x, &few);
    cr_expect(!r.passed && r.wrong == 1 && r.element == 990, "%s", r.message);
    cr_expect(strstr(r.message, "d(weighted sum of y)/dx0[990]"), "%s", r.message);
}

static ad_var empty(void *user, const ad_var *x)
{
    (void)user;
    return ad_exp(x[0]);
}

Test(check_map, nothing_to_compare_is_no_failure)
{
    ad_check_input x = {AD_F64, AD_SHAPE(0, 3), NULL};
    ad_report r = ad_check(empty, NULL, 1, &x, NULL);
    cr_expect(r.passed && r.status == AD_OK, "%s", r.message);
    cr_expect_str_eq(r.message, "ad_check: there are no derivatives to compare");
}

static ad_var constant(void *user, const ad_var *x)
{
    (void)user, (void)x;
    return ad_literal(4.0);
}

Test(check_map, a_constant_function_has_zero_derivatives)
{
    ad_report r = test_check_scalar(constant, NULL, 1.0, 2);
    cr_expect(r.passed && r.agreed == 2 && r.got == 0, "%s", r.message);
}
