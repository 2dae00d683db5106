/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"
#include "ops.h"
#include "reverse.h"
#include "wrong_rules.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- unary functions ---- */

static ad_var bent_mish(ad_var x)
{
    test_bent b = {test_mish, 1e-3, 0};
    return test_call_bent(&b, &x);
}

static ad_var twice_bent_mish(ad_var x)
{
    test_bent b = {test_mish, 0, 1e-3};
    return test_call_bent(&b, &x);
}

Test(check, an_activation_of_the_users_own_passes)
{
    ad_report r = ad_check_unary(test_mish, -20.0, 20.0);
    cr_expect(r.passed && r.status == AD_OK && r.agreed > 100 && r.wrong == 0, "%s", r.message);
    cr_expect_eq(strncmp(r.message, "ad_check_unary: ", 16), 0);
    cr_expect(strstr(r.message, "derivatives agree; the worst, f'"), "%s", r.message);
}

Test(check, a_wrong_activation_is_caught_and_the_worst_point_named)
{
    ad_report r = ad_check_unary(bent_mish, -20.0, 20.0);
    cr_expect(!r.passed && r.status == AD_OK && r.wrong > 40 && r.order == 1, "%s", r.message);
    cr_expect_float_eq(r.error, 1e-3, 1e-5);
    char start[80];
    (void)snprintf(start, sizeof start, "ad_check_unary: f' at %.9g is %.9g by differences", r.at,
                   r.expected);
    cr_expect(strstr(r.message, start) || strstr(r.message, "f' of a tensor"), "%s", r.message);
    r = ad_check_unary(twice_bent_mish, -4.0, 4.0);
    cr_expect(!r.passed && r.wrong > 40 && r.order == 2, "%s", r.message);
    cr_expect(strstr(r.message, "f''"), "%s", r.message);
}

static ad_var scalar_only_right(ad_var x)
{
    return ad_shape_of(x).rank == 0 ? test_mish(x) : bent_mish(x);
}

Test(check, a_rule_that_is_wrong_for_tensors_alone_is_caught)
{
    ad_report r = ad_check_unary(scalar_only_right, -3.0, 3.0);
    cr_expect(!r.passed && r.wrong > 0, "%s", r.message);
    cr_expect(strstr(r.message, "f' of a tensor at"), "%s", r.message);
}

Test(check, values_outside_the_domain_are_reported_with_their_point)
{
    ad_report r = ad_check_unary(ad_log, -1.0, 1.0);
    cr_expect(!r.passed && r.status == AD_ERR_DOMAIN);
    cr_expect_str_eq(r.message, "ad_check_unary: y is nan at x0 = -1; check at a point where the "
                                "function is finite");
    r = ad_check_unary(ad_log, 0.0, 1.0);
    cr_expect(strstr(r.message, "y is -inf at x0 = 0"), "%s", r.message);
    r = ad_check_unary(ad_exp, 2.0, 1.0);
    cr_expect(r.status == AD_ERR_DOMAIN && strstr(r.message, "finite lo <= hi"), "%s", r.message);
    r = ad_check_unary(ad_exp, 0.0, INFINITY);
    cr_expect_eq(r.status, AD_ERR_DOMAIN);
}

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

static ad_var bent_network(void *user, const ad_var *x)
{
    (void)user;
    ad_var w = ad_slice(x[1], 1, 2, 3, 1), d = ad_sub(w, test_held(w));
    ad_var y = network(NULL, x);
    return ad_add(y, ad_mul(1e-2, ad_sum(ad_slice(d, 0, 1, 2, 1), AD_ALL)));
}

Test(check, the_report_names_the_worst_element)
{
    ad_check_input x[4];
    network_inputs(x, AD_F64, (const void *[]){X, W, B});
    ad_report r = ad_check(bent_network, NULL, 4, x, NULL);
    cr_expect(!r.passed && r.status == AD_OK);
    cr_expect_eq(r.wrong, 12, "by W[1, 2] alone: %s", r.message);
    cr_expect(r.order == 1 && r.input == 1 && r.element == 6 && r.of_element < 12);
    cr_expect_eq(r.at, W[6]);
    cr_expect_float_eq(r.got - r.expected, 1e-2, 1e-6);
    char name[80];
    (void)snprintf(name, sizeof name, "ad_check: dy[%zu, %zu]/dx1[1, 2] at 0.2 is ",
                   r.of_element / 4, r.of_element % 4);
    cr_expect_eq(strncmp(r.message, name, strlen(name)), 0, "%s", r.message);
    cr_expect(strstr(r.message, "12 of 540 derivatives are wrong"), "%s", r.message);
}

static ad_var crossed(void *user, const ad_var *x) /* wrong: d2y/dx0[1]dx1 = 3, not 2 */
{
    (void)user;
    ad_var a = ad_select(x[0], 0, 1), b = x[1];
    return ad_add(ad_mul(2.0, ad_mul(a, b)),
                  ad_mul(ad_sub(a, test_held(a)), ad_sub(b, test_held(b))));
}

Test(check, wrong_mixed_derivatives_name_both_variables)
{
    const double a[] = {1.0, 2.0}, b = 3.0;
    ad_check_input x[] = {{AD_F64, AD_SHAPE(2), a}, {AD_F64, AD_SCALAR, &b}};
    ad_report r = ad_check(crossed, NULL, 2, x, NULL);
    cr_expect(!r.passed && r.wrong == 2 && r.order == 2, "%s", r.message);
    cr_expect(strstr(r.message, "d2y/dx1dx0[1]") || strstr(r.message, "d2y/dx0[1]dx1"), "%s",
              r.message);
    cr_expect(r.got == 3 && fabs(r.expected - 2) < 1e-6);
}

/* Only some elements of large tensors are looked at; the weighted sum has all results. */
/* ---- functions that fail ---- */

static ad_var twofold(void *user, const ad_var *x)
{
    (void)user;
    return ad_concat(2, (ad_var[]){ad_sin(x[0]), ad_exp(x[0])}, 0);
}

static ad_var mismatched(void *user, const ad_var *x)
{
    (void)user;
    return ad_add(x[0], ad_full(x[0].tape, AD_F64, AD_SHAPE(7), 1.0));
}

static ad_var stateful(void *user, const ad_var *x)
{
    double *state = user;
    *state += 1;
    return ad_mul(x[0], *state);
}

static ad_var foreign(void *user, const ad_var *x)
{
    (void)x;
    return *(ad_var *)user;
}

static ad_var whole(void *user, const ad_var *x)
{
    (void)user;
    return x[3];
}

static ad_var growing(void *user, const ad_var *x)
{
    (void)user;
    return ad_value(ad_sum(x[0], AD_ALL)) > 1.75 ? ad_concat(2, (ad_var[]){x[0], x[0]}, 0) : x[0];
}

Test(check, failures_of_the_function_are_in_the_report)
{
    const double five[5] = {0.35, 0.35, 0.35, 0.35, 0.35};
    ad_check_input x = {AD_F64, AD_SHAPE(5), five}, all[4];
    ad_report r = ad_check(mismatched, NULL, 1, &x, NULL);
    cr_expect(!r.passed && r.status == AD_ERR_SHAPE);
    cr_expect(strstr(r.message, "ad_add: ") && strstr(r.message, "[5]") &&
                  strstr(r.message, "test_check.c"),
              "%s", r.message);
    r = ad_check(stateful, &(double){0}, 1, &x, NULL);
    cr_expect(r.status == AD_ERR_STATE && strstr(r.message, "different values"), "%s", r.message);
    ad_tape *tape = ad_tape_new();
    ad_var far = ad_input(tape, 1.0);
    cr_expect_eq(ad_check(foreign, &far, 1, &x, NULL).status, AD_ERR_FOREIGN);
    ad_tape_free(tape);
    network_inputs(all, AD_F64, (const void *[]){X, W, B});
    cr_expect_eq(ad_check(whole, NULL, 4, all, NULL).status, AD_ERR_TYPE);
    r = ad_check(growing, NULL, 1, &x, NULL);
    cr_expect(r.status == AD_ERR_STATE && strstr(r.message, "[5] at one point and [10] next"), "%s",
              r.message);
    x.data = NULL;
    r = ad_check(twofold, NULL, 1, &x, NULL);
    cr_expect(r.status == AD_ERR_DOMAIN && strstr(r.message, "input 0 has no data"), "%s",
              r.message);
}

Test(check, every_failed_allocation_is_reported_and_leaks_nothing)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        static double data[600];
        ad_check_input x = {AD_F64, AD_SHAPE(600), data};
        ad_check_options options = {.most = 30, .allocator = &allocator};
        ad_report r = ad_check(twofold, NULL, 1, &x, &options);
        if (n == 0) {
            cr_expect_str_eq(r.message, "ad_check: out of memory");
        }
        cr_assert_eq(state.live, 0);
        if (state.requests <= n) {
            break;
        }
        cr_assert_eq(r.status, AD_ERR_MEMORY, "request %zu: %s", n, r.message);
        cr_assert_not(r.passed);
    }
}

static ad_var squared_root(void *user, const ad_var *x)
{
    (void)user;
    return ad_square(ad_sqrt(x[0]));
}

static ad_var squared_root_alone(ad_var x)
{
    return squared_root(NULL, &x);
}

Test(check, slopes_that_the_gradient_drops_at_the_point_are_counted)
{
    const double point[] = {0, 4, 0};
    ad_report r =
        ad_check(squared_root, NULL, 1, &(ad_check_input){AD_F64, AD_SHAPE(3), point}, NULL);
    cr_expect_eq(r.status, AD_OK, "%s", r.message);
    cr_expect_eq(r.dropped, 2);
    cr_expect_str_eq(r.dropped_op, "ad_div");
    cr_expect(strstr(r.dropped_site, "test_check.c:"));
    cr_expect(strstr(r.message, "; 2 infinite slopes were dropped for a cotangent of exactly 0, "
                                "the first from ad_div ("),
              "%s", r.message);
    r = ad_check(squared_root, NULL, 1, &(ad_check_input){AD_F64, AD_SHAPE(1), point + 1}, NULL);
    cr_expect(r.passed && r.dropped == 0 && r.dropped_site == NULL, "%s", r.message);
    r = ad_check_unary(squared_root_alone, 0, 4);
    cr_expect(r.dropped > 0 && strstr(r.message, "infinite slopes were dropped"), "%s", r.message);
}
