/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "ops.h"
#include "reverse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- functions with wrong rules ----
 *
 * With s' = s held fixed, s + p (s - s') + q (s - s')^2 / 2 has the value of s, its first
 * derivative times 1 + p, and, where p = 0, its second derivative plus q ds/dx^2. */

static ad_var held(ad_var s)
{
    return ad_constant(s.tape, ad_type_of(s), ad_shape_of(s), ad_data(s));
}

typedef struct bent {
    ad_var (*f)(ad_var x);
    double p, q;
} bent;

static ad_var call_bent(void *user, const ad_var *x)
{
    const bent *b = user;
    ad_var s = b->f(x[0]), d = ad_sub(s, held(s));
    return ad_add(s, ad_add(ad_mul(b->p, d), ad_mul(b->q / 2, ad_square(d))));
}

static ad_var mish(ad_var x)
{
    return ad_mul(x, ad_tanh(ad_softplus(x)));
}

static ad_var cube(ad_var x)
{
    return ad_mul(x, ad_square(x));
}

static ad_var bent_mish(ad_var x)
{
    bent b = {mish, 1e-3, 0};
    return call_bent(&b, &x);
}

static ad_var twice_bent_mish(ad_var x)
{
    bent b = {mish, 0, 1e-3};
    return call_bent(&b, &x);
}

static ad_report check_scalar(ad_function *f, void *user, double x, int order)
{
    ad_check_input input = {AD_F64, AD_SCALAR, &x};
    return ad_check(f, user, 1, &input, &(ad_check_options){.order = order});
}

/* ---- right rules pass, wrong ones do not ---- */

static const struct {
    const char *name;
    ad_var (*f)(ad_var x);
    double lo, hi;
} functions[] = {
    {"exp", ad_exp, -600, 600},        {"sin", ad_sin, -1e8, 1e8},
    {"tanh", ad_tanh, -8, 8},          {"mish", mish, -9, 20},
    {"log", ad_log, 1e-8, 1e8},        {"sqrt", ad_sqrt, 1e-8, 1e8},
    {"1/x", ad_reciprocal, 1e-8, 1e8}, {"cube", cube, 1e-8, 1e8},
    {"atan", ad_atan, 1e-8, 1e3},      {"erf", ad_erf, -4, 4},
    {"gelu", ad_gelu, -5, 8},          {"sigmoid", ad_sigmoid, -20, 20},
};
enum { FUNCTIONS = sizeof functions / sizeof functions[0], POINTS = 60 };

/* Even points, and for ranges of positive numbers every other one even in the exponent. */
static double point_of(int function, int i)
{
    double lo = functions[function].lo, hi = functions[function].hi, t = (i + 0.5) / POINTS;
    return lo > 0 && i % 2 ? lo * pow(hi / lo, t) : lo + (hi - lo) * t;
}

Test(check, right_rules_pass_from_1e_minus_8_to_1e8)
{
    for (int k = 0; k < FUNCTIONS; k++) {
        bent right = {functions[k].f, 0, 0};
        for (int i = 0; i < POINTS; i++) {
            double x = point_of(k, i);
            ad_report r = check_scalar(call_bent, &right, x, 2);
            cr_assert(r.passed && r.status == AD_OK, "%s: %s", functions[k].name, r.message);
            cr_assert_eq(r.agreed + r.unresolved, 2);
        }
    }
}

Test(check, a_rule_wrong_by_a_thousandth_is_caught_at_order_1)
{
    for (int k = 0; k < FUNCTIONS; k++) {
        bent wrong = {functions[k].f, 1e-3, 0};
        for (int i = 0; i < POINTS; i++) {
            double x = point_of(k, i);
            ad_report r = check_scalar(call_bent, &wrong, x, 1);
            cr_assert(!r.passed && r.wrong == 1 && r.order == 1, "%s at %g: %s", functions[k].name,
                      x, r.message);
            cr_assert_float_eq(r.got / r.expected, 1.001, 2e-5, "%s", r.message);
            cr_assert_float_eq(r.error, 0.001, 2e-5);
            cr_assert_eq(r.at, x);
        }
    }
}

Test(check, a_rule_wrong_by_a_thousandth_is_caught_at_order_2)
{
    for (int k = 0; k < FUNCTIONS; k++) {
        for (int i = 0; i < POINTS; i++) {
            double x = point_of(k, i);
            ad_tape *tape = ad_tape_new();
            ad_var v = ad_input(tape, x), d, d2;
            cr_assert_eq(ad_grad(functions[k].f(v), 1, &v, &d), AD_OK);
            cr_assert_eq(ad_grad(d, 1, &v, &d2), AD_OK);
            double first = ad_value(d), second = ad_value(d2);
            ad_tape_free(tape);
            double size = fabs(functions[k].f(ad_literal(x)).ref.literal) + fabs(first);
            bent wrong = {functions[k].f, 0, 1e-3 * second / first / first};
            if (fabs(second) < 1e-8 * size || !(fabs(wrong.q * size) < 1e3)) {
                continue; /* below what differences show, or not to be bent */
            }
            ad_report r = check_scalar(call_bent, &wrong, x, 2);
            cr_assert(!r.passed && r.wrong == 1 && r.order == 2, "%s at %g: %s", functions[k].name,
                      x, r.message);
            cr_assert_eq(r.agreed, 1, "the first derivative is right: %s", r.message);
            cr_assert_float_eq(r.got / r.expected, 1.001, 1e-4, "%s", r.message);
        }
    }
}

/* ---- operations of the user's own ---- */

static ad_status cube_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                           ad_error *error)
{
    (void)user, (void)count, (void)error;
    for (size_t i = 0; i < z->count; i++) {
        double v = ((const double *)x->data)[i];
        ((double *)z->data)[i] = v * v * v;
    }
    return AD_OK;
}

static void cube_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)count, (void)z;
    dx[0] = ad_mul(g, ad_mul(*(const double *)user, ad_square(x[0])));
}

/* Right at order 1, but its own derivative is missing: at order 2 it is wrong. */
static void frozen_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)z;
    dx[0] = ad_mul(g, ad_mul(3.0, ad_stop_gradient(ad_square(x[0]))));
}

/* Right for a cotangent of 1 alone. */
static void nonlinear_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)z;
    dx[0] = ad_mul(ad_square(g), ad_mul(3.0, ad_square(x[0])));
}

/* Right, but no variable of its cotangent. */
static void deaf_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)z;
    dx[0] = ad_mul(ad_stop_gradient(g), ad_mul(3.0, ad_square(x[0])));
}

static double factor;

static ad_var call_factor(void *user, const ad_var *x)
{
    return ad_custom(user, &factor, 1, x);
}

Test(check, rules_of_custom_operations_are_checked)
{
    const double at[] = {0.5, -1.25, 1e-8, 30};
    ad_check_input x = {AD_F64, AD_SHAPE(4), at};
    const struct {
        void (*vjp)(void *, int, const ad_var *, ad_var, ad_var, ad_var *);
        const char *says;
    } rows[] = {
        {cube_vjp, "derivatives agree"},
        {frozen_vjp, "but 0 on the tape"},
        {nonlinear_vjp, "not linear in its cotangent"},
        {deaf_vjp, "<u, J v> differs from <J'u, v>"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_custom_op op = {.name = "cube", .eval = cube_eval, .vjp = rows[i].vjp};
        factor = 3;
        ad_report r = ad_check(call_factor, &op, 1, &x, NULL);
        cr_expect_eq(r.passed, i == 0, "%s", r.message);
        cr_expect(strstr(r.message, rows[i].says), "%s", r.message);
        cr_expect_eq(r.is_broken, i >= 2);
    }
    ad_custom_op op = {.name = "cube", .eval = cube_eval, .vjp = cube_vjp};
    factor = 3.003;
    ad_report r = ad_check(call_factor, &op, 1, &x, NULL);
    cr_expect(!r.passed && r.wrong == 4 && r.order == 1, "%s", r.message);
}

/* ---- unary functions ---- */

Test(check, an_activation_of_the_users_own_passes)
{
    ad_report r = ad_check_unary(mish, -20.0, 20.0);
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
    return ad_shape_of(x).rank == 0 ? mish(x) : bent_mish(x);
}

Test(check, a_rule_that_is_wrong_for_tensors_alone_is_caught)
{
    ad_report r = ad_check_unary(scalar_only_right, -3.0, 3.0);
    cr_expect(!r.passed && r.wrong > 0, "%s", r.message);
    cr_expect(strstr(r.message, "f' of a tensor at"), "%s", r.message);
}

static ad_var kinked(ad_var x) /* kinks at 0, 0.25 and 1e-6 */
{
    ad_var beside = ad_relu(ad_sub(x, 1e-6));
    return ad_add(ad_add(ad_abs(ad_sub(x, 0.25)), ad_mul(1000.0, ad_relu(x))), beside);
}

static ad_var offset_kink(ad_var x)
{
    return ad_add(ad_abs(x), 1e6);
}

Test(check, kinks_are_recognised)
{
    ad_var (*const right[])(ad_var) = {kinked, ad_relu, ad_abs, ad_selu, offset_kink, ad_floor};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        ad_report r = ad_check_unary(right[i], -1.0, 1.0);
        cr_expect(r.passed && r.wrong == 0, "function %zu: %s", i, r.message);
    }
    ad_report r = ad_check_unary(ad_relu, -1.0, 1.0);
    cr_expect(r.kinks >= 1, "%s", r.message);
}

static ad_var leaning(void *user, const ad_var *x)
{
    return ad_add(ad_abs(x[0]), ad_mul(*(const double *)user, ad_sub(x[0], held(x[0]))));
}

Test(check, at_a_kink_only_slopes_between_those_of_its_sides_are_accepted)
{
    double inside = 0.7, outside = 1.01;
    ad_report r = check_scalar(leaning, &inside, 0.0, 1);
    cr_expect(r.passed && r.kinks == 1, "%s", r.message);
    r = check_scalar(leaning, &outside, 0.0, 1);
    cr_expect(!r.passed && r.wrong == 1 && r.got == 1.01, "%s", r.message);
    for (double x = 1e-9; x < 0.5; x *= 7) { /* beside a kink there is one slope alone */
        double half = -0.5, none = 0;
        r = check_scalar(leaning, &half, x, 1);
        cr_expect(!r.passed && r.wrong == 1, "at %g: %s", x, r.message);
        cr_expect_float_eq(r.expected, 1, 1e-3);
        r = check_scalar(leaning, &none, x, 1);
        cr_expect(r.passed && r.agreed == 1, "at %g: %s", x, r.message);
    }
}

static ad_var hasty(ad_var x)
{
    return ad_sin(ad_mul(1e8, x));
}

static ad_var noisy(ad_var x)
{
    return ad_sub(ad_add(x, 1e8), 1e8);
}

static ad_var noisiest(ad_var x)
{
    return ad_sub(ad_add(x, 1e13), 1e13);
}

Test(check, fast_functions_and_noisy_ones_are_no_false_alarms)
{
    ad_report r = ad_check_unary(hasty, -1.0, 1.0);
    cr_expect(r.passed && r.agreed > 100, "%s", r.message);
    r = ad_check_unary(noisy, -1.0, 1.0);
    cr_expect(r.passed && r.agreed > 100, "%s", r.message);
    for (int i = 0; i < 20; i++) { /* so coarse that small steps change nothing */
        bent coarse = {noisiest, 0, 0};
        r = check_scalar(call_bent, &coarse, 0.1 * i - 1.05, 1);
        cr_expect_eq(r.wrong, 0, "%s", r.message);
    }
    bent b = {noisy, 1e-3, 0};
    r = check_scalar(call_bent, &b, 0.3, 2);
    cr_expect(!r.passed && r.wrong >= 1, "%s", r.message);
}

Test(check, ends_of_a_domain_count_as_skipped)
{
    ad_report r = ad_check_unary(ad_sqrt, 0.0, 4.0);
    cr_expect(r.passed && r.skipped > 0, "%s", r.message);
    r = ad_check_unary(ad_asin, -1.0, 1.0);
    cr_expect(r.passed && r.skipped > 0, "%s", r.message);
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

static ad_var spoiled(void *user, const ad_var *x) /* value x; derivative 1 plus something of 1/0 */
{
    ad_var zero = ad_sub(x[0], held(x[0]));
    ad_var none = ad_mul(ad_sqrt(zero), *(const double *)user);
    return ad_add(x[0], none);
}

Test(check, infinite_and_undefined_derivatives_of_smooth_functions_are_wrong)
{
    ad_report r = check_scalar(spoiled, &(double){1}, 2.0, 1);
    cr_expect(!r.passed && r.wrong == 1 && r.got == INFINITY && r.error == INFINITY, "%s",
              r.message);
    cr_expect(strstr(r.message, "is 1 by differences, but inf on the tape"), "%s", r.message);
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

Test(check, all_derivatives_of_a_function_of_tensors_are_compared)
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

Test(check, f32_functions_are_compared_with_differences_in_f64)
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
    ad_var d = ad_sub(s, held(s));
    return ad_add(s, ad_mul(*(const double *)user, d));
}

Test(check, f32_functions_that_do_not_take_f64_are_compared_with_their_own_differences)
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

static ad_var bent_network(void *user, const ad_var *x)
{
    (void)user;
    ad_var w = ad_slice(x[1], 1, 2, 3, 1), d = ad_sub(w, held(w));
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
    return ad_add(ad_mul(2.0, ad_mul(a, b)), ad_mul(ad_sub(a, held(a)), ad_sub(b, held(b))));
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
static ad_var one_in_many(void *user, const ad_var *x)
{
    (void)user;
    ad_var s = ad_mul(x[0], x[0]), last = ad_slice(s, 0, 990, 991, 1);
    return ad_concat(2, (ad_var[]){ad_sin(x[0]), ad_add(last, ad_sub(last, held(last)))}, 0);
}

Test(check, large_tensors_are_sampled_evenly)
{
    static double data[1000];
    for (int i = 0; i < 1000; i++) {
        data[i] = 0.001 * i - 0.3;
    }
    ad_check_input x = {AD_F64, AD_SHAPE(1000), data};
    ad_check_options few = {.order = 1, .most = 20};
    ad_report r = ad_check(one_in_many, NULL, 1, &x, &few);
    cr_expect_eq(r.agreed + r.wrong, 20 * 21);
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

Test(check, nothing_to_compare_is_no_failure)
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

Test(check, a_constant_function_has_zero_derivatives)
{
    ad_report r = check_scalar(constant, NULL, 1.0, 2);
    cr_expect(r.passed && r.agreed == 2 && r.got == 0, "%s", r.message);
}

/* ---- functions that fail ---- */

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
    r = ad_check(empty, NULL, 1, &x, NULL);
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
        ad_report r = ad_check(one_in_many, NULL, 1, &x, &options);
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
