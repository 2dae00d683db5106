/* SPDX-License-Identifier: MIT */
/* Checks of right functions, which all pass, and of wrong rules, which are all caught: every row of
 * the catalogue, compositions, and each kind of fault in each of many functions. */
#include "ops.h"
#include "reverse.h"
#include "tape/tape_internal.h"
#include "wrong_rules.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 40, FEW = 8, LARGE = 600 };

static double numbers[LARGE];
static float narrow[LARGE];

/* Different numbers in lo .. hi. */
static const double *between(double lo, double hi)
{
    for (int i = 0; i < LARGE; i++) {
        numbers[i] = lo + (hi - lo) * (0.5 + i * 7 % 61) / 62;
        narrow[i] = (float)numbers[i];
    }
    return numbers;
}

/* ---- right: every row of the catalogue ---- */

static ad_var call_row(void *user, const ad_var *x)
{
    const ad_op *op = user;
    return op->arity == 1   ? ad__record_unary(x[0], NULL, op)
           : op->arity == 2 ? ad__record_binary(x[0], x[1], NULL, op)
                            : ad__record_ternary(x[0], x[1], x[2], NULL, op);
}

static int check_row(const ad_op *op, ad_type type)
{
    static double data[3][5];
    static float data_f32[3][5];
    ad_check_input x[3];
    for (int a = 0; a < op->arity; a++) {
        for (int i = 0; i < 5; i++) {
            double part = (0.37 + i + 0.11 * a) / 5.6;
            data[a][i] = op->range[a][0] + part * (op->range[a][1] - op->range[a][0]);
            data_f32[a][i] = (float)data[a][i];
        }
        const void *at = type == AD_F64 ? (const void *)data[a] : data_f32[a];
        x[a] = (ad_check_input){type, AD_SHAPE(5), at};
    }
    ad_report r = ad_check(call_row, (void *)op, op->arity, x, NULL);
    cr_expect(r.passed && r.wrong == 0 && !r.is_broken, "%s %s: %s", op->name, ad_type_name(type),
              r.message);
    return 1;
}

Test(check_table, every_row_of_the_catalogue_passes, .timeout = 120)
{
    int count = 0;
    for (int i = 0; ad__catalogue[i] != NULL; i++) {
        const ad_op *op = ad__catalogue[i];
        if (op->arity > 0 && op->vjp != NULL) {
            count += check_row(op, AD_F64) + check_row(op, AD_F32);
        }
    }
    cr_expect_gt(count, 100);
}

/* ---- right: compositions, at points where they cancel or have no difference ---- */

static ad_var own_softmax(ad_var x)
{
    ad_var e = ad_exp(ad_sub(x, ad_max(x, AD_ALL)));
    return ad_div(e, ad_sum(e, AD_ALL));
}

static ad_var softmax(ad_var x)
{
    return ad_softmax(x, AD_ALL);
}

static ad_var log_softmax(ad_var x)
{
    return ad_log_softmax(x, AD_ALL);
}

static ad_var logsumexp(ad_var x)
{
    return ad_logsumexp(x, AD_ALL);
}

static ad_var deviation(ad_var x)
{
    return ad_std(x, AD_ALL, 0);
}

static ad_var norm(ad_var x)
{
    return ad_norm(x, AD_ALL);
}

static ad_var product(ad_var x)
{
    return ad_prod(x, AD_ALL);
}

static ad_var outer(ad_var x)
{
    return ad_tanh(ad_matmul(ad_reshape(x, AD_SHAPE(4, 1)), ad_reshape(x, AD_SHAPE(1, 4))));
}

static ad_var running(ad_var x)
{
    return ad_mul(ad_cumsum(x, 0), ad_flip(x, AD_AXES(0)));
}

static ad_var largest(ad_var x)
{
    return ad_max(x, AD_ALL);
}

static ad_var shifted(ad_var x)
{
    return ad_log(ad_add(1e-3, ad_square(x)));
}

static ad_var whole(ad_var x)
{
    return ad_mul(x, ad_stop_gradient(ad_add(0.0, 2.0)));
}

typedef ad_var composition(ad_var x);

static ad_var call(void *user, const ad_var *x)
{
    return (*(composition *const *)user)(x[0]);
}

static const double points[][4] = {
    {0, 20, 1, -3},  {1, 2, 30, -5},    {0, 0, 20, 0},         {0, 0, 40, 0},
    {1, 2, 30, -5},  {-100, 0, 50, 7},  {1e-3, 2e3, -4, 0.1},  {-0.5, 0.25, 8, 1e-8},
    {3, 3, 3, 3.25}, {700, -700, 1, 2}, {1e5, 1e5 + 1, 2, -1}, {0.1, 0.2, 0.3, 0.4}};

Test(check_table, compositions_pass_where_their_terms_cancel, .timeout = 120)
{
    static composition *const functions[] = {own_softmax, softmax, log_softmax, logsumexp,
                                             deviation,   norm,    product,     outer,
                                             running,     largest, shifted,     whole};
    int count = 0;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        for (size_t p = 0; p < sizeof points / sizeof *points; p++, count++) {
            ad_check_input x = {AD_F64, AD_SHAPE(4), points[p]};
            ad_report r = ad_check(call, (void *)&functions[f], 1, &x, NULL);
            int refused = r.status == AD_ERR_DOMAIN; /* its value is not finite there */
            cr_expect(refused || (r.wrong == 0 && !r.is_broken), "function %zu at point %zu: %s", f,
                      p, r.message);
        }
    }
    cr_expect_gt(count, 100);
}

static ad_var power(void *user, const ad_var *x)
{
    (void)user;
    return ad_pow(x[0], x[1]);
}

Test(check_table, a_derivative_beside_which_no_value_is_finite_is_skipped)
{
    const double base = -2, exponent = 3;
    ad_check_input x[] = {{AD_F64, AD_SCALAR, &base}, {AD_F64, AD_SCALAR, &exponent}};
    ad_report r = ad_check(power, NULL, 2, x, &(ad_check_options){.order = 1});
    cr_expect(r.wrong == 0 && r.skipped == 1 && r.agreed == 1, "%s", r.message);
}

static ad_var gelu(void *user, const ad_var *x)
{
    (void)user;
    return ad_gelu(x[0]);
}

Test(check_table, a_derivative_below_the_rounding_of_its_type_is_unresolved)
{
    const float zero_of_slope = -0.75179F;
    ad_check_input x = {AD_F32, AD_SCALAR, &zero_of_slope};
    ad_report r = ad_check(gelu, NULL, 1, &x, &(ad_check_options){.order = 1});
    cr_expect(r.wrong == 0, "%s", r.message);
}

/* ---- wrong: each fault in each function ---- */

/* A fault has the value 0, and a derivative by s that is wrong: d = s - s', s' held fixed. */
typedef ad_var fault(ad_var s, ad_var d);

static ad_var at_one_place(ad_var s, double factor)
{
    double mask[LARGE] = {0};
    mask[ad_count(s) * 2 / 3] = factor;
    return ad_constant(s.tape, AD_F64, ad_shape_of(s), mask);
}

static ad_var thousandth(ad_var s, ad_var d)
{
    (void)s;
    return ad_mul(1e-3, d);
}

static ad_var one_sign(ad_var s, ad_var d)
{
    return ad_mul(at_one_place(s, -2), d);
}

static ad_var one_missing(ad_var s, ad_var d)
{
    return ad_mul(at_one_place(s, -1), d);
}

static ad_var turned(ad_var s, ad_var d)
{
    (void)s;
    return ad_sub(ad_flip(d, AD_AXES(0)), d);
}

static ad_var pooled(ad_var s, ad_var d)
{
    (void)s;
    return ad_sub(ad_mean(d, AD_ALL), d);
}

static ad_var no_factor(ad_var s, ad_var d)
{
    return ad_mul(ad_sub(test_held(s), 1.0), d);
}

static ad_var second(ad_var s, ad_var d)
{
    (void)s;
    return ad_mul(0.05, ad_square(d));
}

static ad_var second_at_one_place(ad_var s, ad_var d)
{
    return ad_mul(at_one_place(s, 1), ad_square(d));
}

static ad_var mixed(ad_var s, ad_var d)
{
    (void)s;
    return ad_mul(d, ad_flip(d, AD_AXES(0)));
}

static const struct {
    const char *name;
    fault *f;
    int order; /* at which it shows */
} faults[] = {{"wrong by 0.1 %", thousandth, 1},
              {"one wrong sign", one_sign, 1},
              {"one missing", one_missing, 1},
              {"in the wrong places", turned, 1},
              {"pooled", pooled, 1},
              {"a factor too much", no_factor, 1},
              {"second order", second, 2},
              {"one second order", second_at_one_place, 2},
              {"mixed second order", mixed, 2}};

typedef struct faulty {
    composition *f;
    fault *fault;
} faulty;

static ad_var call_faulty(void *user, const ad_var *x)
{
    const faulty *w = user;
    ad_var s = w->f(x[0]), d = ad_sub(s, test_held(s));
    return ad_add(s, w->fault(s, d));
}

static ad_var exponential(ad_var x)
{
    return ad_exp(x);
}

static ad_var sine(ad_var x)
{
    return ad_sin(x);
}

static ad_var hyperbolic(ad_var x)
{
    return ad_tanh(x);
}

static ad_var root(ad_var x)
{
    return ad_sqrt(x);
}

static ad_var cube(ad_var x)
{
    return ad_mul(x, ad_square(x));
}

static ad_var weighted(ad_var x)
{
    return ad_mul(x, ad_sum(ad_sin(x), AD_ALL));
}

static ad_var bell(ad_var x)
{
    return ad_exp(ad_neg(ad_square(x)));
}

static ad_var inverse(ad_var x)
{
    return ad_div(1.0, ad_add(x, 1.0));
}

static composition *const smooth[] = {exponential, sine,     hyperbolic, root,
                                      cube,        weighted, bell,       inverse};

static void check_faults(size_t count, size_t most, size_t functions, int *tried)
{
    for (size_t f = 0; f < functions; f++) {
        for (size_t k = 0; k < sizeof faults / sizeof *faults; k++, ++*tried) {
            faulty w = {smooth[f], faults[k].f};
            ad_check_input x = {AD_F64, AD_SHAPE((int64_t)count), between(0.3, 1.7)};
            ad_report r = ad_check(call_faulty, &w, 1, &x,
                                   &(ad_check_options){.most = most, .order = faults[k].order});
            cr_expect(r.status == AD_OK && !r.passed && r.wrong > 0 && r.order == faults[k].order,
                      "%zu elements, function %zu, %s: %s", count, f, faults[k].name, r.message);
        }
    }
}

Test(check_table, every_fault_is_caught_in_every_function, .timeout = 120)
{
    int tried = 0;
    check_faults(N, N, sizeof smooth / sizeof *smooth, &tried);
    cr_expect_geq(tried, 60);
}

Test(check_table, every_fault_is_caught_where_few_elements_are_looked_at, .timeout = 120)
{
    int tried = 0;
    check_faults(N, FEW, sizeof smooth / sizeof *smooth, &tried);
    cr_expect_geq(tried, 60);
}

/* Each place of a tensor that is sampled, at order 1 and 2. */
Test(check_table, one_wrong_element_of_600_is_caught, .timeout = 120)
{
    for (int k = 0; k < 2; k++) {
        faulty w = {sine, k == 0 ? one_sign : second_at_one_place};
        ad_check_input x = {AD_F64, AD_SHAPE(LARGE), between(0.3, 1.7)};
        ad_report r = ad_check(call_faulty, &w, 1, &x, &(ad_check_options){.order = k + 1});
        cr_expect(!r.passed && r.wrong > 0, "%s", r.message);
        cr_expect(r.elements == LARGE && r.elements_seen == 256 && r.directions == 2);
    }
}

Test(check_table, a_pass_of_some_elements_says_of_how_many)
{
    composition *f = sine;
    ad_check_input x = {AD_F64, AD_SHAPE(LARGE), between(0.3, 1.7)};
    ad_report r = ad_check(call, (void *)&f, 1, &x, &(ad_check_options){.order = 1});
    cr_expect(r.passed, "%s", r.message);
    cr_expect(strstr(r.message, "256 of 600 input elements"), "%s", r.message);
    x = (ad_check_input){AD_F32, AD_SHAPE(LARGE), narrow};
    r = ad_check(call, (void *)&f, 1, &x, &(ad_check_options){.order = 1});
    cr_expect(r.passed && r.elements == LARGE, "%s", r.message);
}

/* ---- functions that are not elementwise ---- */

static ad_var leaky_by_value(ad_var z)
{
    return ad_value(z) > 0 ? z : ad_mul(0.01, z);
}

static ad_var centred(ad_var z)
{
    return ad_sub(z, ad_mean(z, AD_ALL));
}

static ad_var total(ad_var z)
{
    return ad_sum(ad_square(z), AD_ALL);
}

Test(check_table, an_activation_that_is_not_elementwise_fails_with_that_reason)
{
    static composition *const functions[] = {leaky_by_value, centred, total};
    for (int i = 0; i < 3; i++) {
        ad_report r = ad_check_unary(functions[i], -5, 5);
        cr_expect(!r.passed && r.is_broken && r.status == AD_OK, "%d: %s", i, r.message);
        cr_expect(strstr(r.message, "not elementwise"), "%s", r.message);
    }
    ad_report r = ad_check_unary(leaky_by_value, -5, 5);
    cr_expect(strstr(r.message, "ad_value"), "%s", r.message);
}

/* ---- nothing to differentiate ---- */

static ad_var cast(void *user, const ad_var *x)
{
    (void)user;
    return ad_cast(x[0], AD_F64);
}

Test(check_table, without_real_inputs_there_is_nothing_to_compare)
{
    const int64_t index[3] = {1, 2, 3};
    ad_check_input x = {AD_I64, AD_SHAPE(3), index};
    ad_report r = ad_check(cast, NULL, 1, &x, NULL);
    cr_expect(r.status == AD_OK && r.passed, "%s", r.message);
    cr_expect(strstr(r.message, "there are no derivatives to compare"), "%s", r.message);
    r = ad_check(NULL, NULL, 1, &x, NULL);
    cr_expect(r.status == AD_ERR_DOMAIN && !r.passed && *r.message != '\0');
    r = ad_check(cast, NULL, 1, NULL, NULL);
    cr_expect(r.status == AD_ERR_DOMAIN && !r.passed && *r.message != '\0');
    r = ad_check(cast, NULL, 0, &x, NULL);
    cr_expect(r.status == AD_ERR_DOMAIN && !r.passed && *r.message != '\0');
    r = ad_check(cast, NULL, -1, &x, NULL);
    cr_expect(r.status == AD_ERR_DOMAIN && !r.passed && *r.message != '\0');
    r = ad_check_unary(NULL, 0, 1);
    cr_expect(r.status == AD_ERR_DOMAIN && !r.passed && *r.message != '\0');
}
