/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"
#include "ops.h"
#include "reverse.h"
#include "samples.h"
#include "wrong_rules.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ad_var cube(ad_var x)
{
    return ad_mul(x, ad_square(x));
}

/* ---- right rules pass, wrong ones do not ---- */

static const struct {
    const char *name;
    ad_var (*f)(ad_var x);
    double lo, hi;
} functions[] = {
    {"exp", ad_exp, -600, 600},        {"sin", ad_sin, -1e8, 1e8},
    {"tanh", ad_tanh, -8, 8},          {"test_mish", test_mish, -9, 20},
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

Test(check_difference, right_rules_pass_from_1e_minus_8_to_1e8)
{
    for (int k = 0; k < FUNCTIONS; k++) {
        test_bent right = {functions[k].f, 0, 0};
        for (int i = 0; i < POINTS; i++) {
            double x = point_of(k, i);
            ad_report r = test_check_scalar(test_call_bent, &right, x, 2);
            cr_assert(r.passed && r.status == AD_OK, "%s: %s", functions[k].name, r.message);
            cr_assert_eq(r.agreed + r.unresolved, 2);
        }
    }
}

Test(check_difference, a_rule_wrong_by_a_thousandth_is_caught_at_order_1)
{
    for (int k = 0; k < FUNCTIONS; k++) {
        test_bent wrong = {functions[k].f, 1e-3, 0};
        for (int i = 0; i < POINTS; i++) {
            double x = point_of(k, i);
            ad_report r = test_check_scalar(test_call_bent, &wrong, x, 1);
            cr_assert(!r.passed && r.wrong == 1 && r.order == 1, "%s at %g: %s", functions[k].name,
                      x, r.message);
            cr_assert_float_eq(r.got / r.expected, 1.001, 2e-5, "%s", r.message);
            cr_assert_float_eq(r.error, 0.001, 2e-5);
            cr_assert_eq(r.at, x);
        }
    }
}

Test(check_difference, a_rule_wrong_by_a_thousandth_is_caught_at_order_2)
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
            test_bent wrong = {functions[k].f, 0, 1e-3 * second / first / first};
            if (fabs(second) < 1e-8 * size || !(fabs(wrong.q * size) < 1e3)) {
                continue; /* below what differences show, or not to be bent */
            }
            ad_report r = test_check_scalar(test_call_bent, &wrong, x, 2);
            cr_assert(!r.passed && r.wrong == 1 && r.order == 2, "%s at %g: %s", functions[k].name,
                      x, r.message);
            cr_assert_eq(r.agreed, 1, "the first derivative is right: %s", r.message);
            cr_assert_float_eq(r.got / r.expected, 1.001, 1e-4, "%s", r.message);
        }
    }
}

/* ---- no false alarms ---- */

static ad_var record_row(void *user, const ad_var *x)
{
    const ad_op *op = user;
    return ad__record(op, op->arity, x, NULL, 0);
}

static ad_var record_one(void *user, const ad_var *x)
{
    return record_sample(user, x);
}

/* Checks f at random points of some shapes in a type; adds to the numbers of comparisons. */
static void expect_right(const char *name, ad_function *f, const void *user, int count,
                         const ad_shape *shapes, const double (*range)[2], ad_type type,
                         size_t *agreed, size_t *undecided)
{
    enum { MOST = 512 };
    static double wide[3][MOST];
    static float narrow[3][MOST];
    ad_check_input x[3];
    ad_rng rng = {.seed = 5};
    for (int a = 0; a < count; a++) {
        size_t len = ad_shape_count(&shapes[a]);
        cr_assert_leq(len, (size_t)MOST);
        for (size_t i = 0; i < len; i++) {
            double part = ad_rng_uniform(&rng);
            wide[a][i] = range[a][0] * (1 - part) + range[a][1] * part;
            narrow[a][i] = (float)wide[a][i];
        }
        const void *data = type == AD_F64 ? (const void *)wide[a] : (const void *)narrow[a];
        x[a] = (ad_check_input){type, shapes[a], data};
    }
    ad_report r = ad_check(f, (void *)user, count, x, NULL);
    cr_expect(r.passed && r.status == AD_OK, "%s, %s: %s", name, ad_type_name(type), r.message);
    *agreed += r.agreed;
    *undecided += r.unresolved + r.kinks + r.skipped;
}

Test(check_difference, every_operation_of_the_catalogue_passes_at_both_orders_in_both_types)
{
    const ad_shape shapes[] = {AD_SHAPE(3, 4), AD_SHAPE(4), AD_SHAPE(3, 1)};
    const ad_type types[] = {AD_F64, AD_F32};
    size_t agreed = 0, undecided = 0;
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int t = 0; t < 2; t++) {
            if ((*op)->arity > 0) {
                expect_right((*op)->name, record_row, *op, (*op)->arity, shapes, (*op)->range,
                             types[t], &agreed, &undecided);
            }
        }
    }
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        for (int t = 0; t < 2; t++) {
            const ad__sample *s = &o->own;
            const double range[3][2] = {{s->lo, s->hi}, {s->lo, s->hi}, {s->lo, s->hi}};
            expect_right(o->name, record_one, s, s->count, s->shape, range, types[t], &agreed,
                         &undecided);
        }
    }
    cr_expect(agreed > 100000 && undecided < agreed / 100, "%zu agree, %zu do not say", agreed,
              undecided);
}

/* ---- kinks and noise ---- */

static ad_var kinked(ad_var x) /* kinks at 0, 0.25 and 1e-6 */
{
    ad_var beside = ad_relu(ad_sub(x, 1e-6));
    return ad_add(ad_add(ad_abs(ad_sub(x, 0.25)), ad_mul(1000.0, ad_relu(x))), beside);
}

static ad_var offset_kink(ad_var x)
{
    return ad_add(ad_abs(x), 1e6);
}

Test(check_difference, kinks_are_recognised)
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
    return ad_add(ad_abs(x[0]), ad_mul(*(const double *)user, ad_sub(x[0], test_held(x[0]))));
}

Test(check_difference, at_a_kink_only_slopes_between_those_of_its_sides_are_accepted)
{
    double inside = 0.7, outside = 1.01;
    ad_report r = test_check_scalar(leaning, &inside, 0.0, 1);
    cr_expect(r.passed && r.kinks == 1, "%s", r.message);
    r = test_check_scalar(leaning, &outside, 0.0, 1);
    cr_expect(!r.passed && r.wrong == 1 && r.got == 1.01, "%s", r.message);
    for (double x = 1e-9; x < 0.5; x *= 7) { /* beside a kink there is one slope alone */
        double half = -0.5, none = 0;
        r = test_check_scalar(leaning, &half, x, 1);
        cr_expect(!r.passed && r.wrong == 1, "at %g: %s", x, r.message);
        cr_expect_float_eq(r.expected, 1, 1e-3);
        r = test_check_scalar(leaning, &none, x, 1);
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

Test(check_difference, fast_functions_and_noisy_ones_are_no_false_alarms)
{
    ad_report r = ad_check_unary(hasty, -1.0, 1.0);
    cr_expect(r.passed && r.agreed > 100, "%s", r.message);
    r = ad_check_unary(noisy, -1.0, 1.0);
    cr_expect(r.passed && r.agreed > 100, "%s", r.message);
    for (int i = 0; i < 20; i++) { /* so coarse that small steps change nothing */
        test_bent coarse = {noisiest, 0, 0};
        r = test_check_scalar(test_call_bent, &coarse, 0.1 * i - 1.05, 1);
        cr_expect_eq(r.wrong, 0, "%s", r.message);
    }
    test_bent b = {noisy, 1e-3, 0};
    r = test_check_scalar(test_call_bent, &b, 0.3, 2);
    cr_expect(!r.passed && r.wrong >= 1, "%s", r.message);
}

Test(check_difference, ends_of_a_domain_count_as_skipped)
{
    ad_report r = ad_check_unary(ad_sqrt, 0.0, 4.0);
    cr_expect(r.passed && r.skipped > 0, "%s", r.message);
    r = ad_check_unary(ad_asin, -1.0, 1.0);
    cr_expect(r.passed && r.skipped > 0, "%s", r.message);
}

static ad_var spoiled(void *user, const ad_var *x) /* value x; derivative 1 plus something of 1/0 */
{
    ad_var zero = ad_sub(x[0], test_held(x[0]));
    ad_var none = ad_mul(ad_sqrt(zero), *(const double *)user);
    return ad_add(x[0], none);
}

Test(check_difference, infinite_and_undefined_derivatives_of_smooth_functions_are_wrong)
{
    ad_report r = test_check_scalar(spoiled, &(double){1}, 2.0, 1);
    cr_expect(!r.passed && r.wrong == 1 && r.got == INFINITY && r.error == INFINITY, "%s",
              r.message);
    cr_expect(strstr(r.message, "is 1 by differences, but inf on the tape"), "%s", r.message);
}
