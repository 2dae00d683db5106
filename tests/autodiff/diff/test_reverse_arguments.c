/* SPDX-License-Identifier: MIT */
/* What every call that differentiates says of arguments that nothing can be differentiated by, and
 * what it leaves. */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(reverse_arguments, .init = start, .fini = stop);

/* A call that differentiates: returns its status and how many of the numbers, or variables, that it
 * leaves are NaN, or dead. */
typedef struct outcome {
    ad_status status;
    int bad, count;
} outcome;

static outcome of_numbers(ad_status status, const double *out, int count)
{
    int bad = 0;
    for (int i = 0; i < count; i++) {
        bad += isnan(out[i]) != 0;
    }
    return (outcome){status, bad, count};
}

static outcome of_variables(ad_status status, const ad_var *out, int count)
{
    int bad = 0;
    for (int i = 0; i < count; i++) {
        bad += out[i].tape != NULL ? ad_is_dead(out[i]) : isnan(out[i].ref.literal) != 0;
    }
    return (outcome){status, bad, count};
}

enum { MOST = 3 };

static outcome grad(ad_var y, int count, const ad_var *x)
{
    ad_var dx[MOST] = {0};
    ad_status status = ad_grad(y, count, x, dx);
    return of_variables(status, dx, count > 0 ? count : 0);
}

static outcome vjp(ad_var y, int count, const ad_var *x)
{
    ad_var dx[MOST] = {0}, g = ad_literal(1);
    ad_status status = ad_vjp(1, &y, count, x, &g, dx);
    return of_variables(status, dx, count > 0 ? count : 0);
}

static const ad_var ones[MOST] = {{.ref.literal = 1}, {.ref.literal = 1}, {.ref.literal = 1}};

static outcome jvp(ad_var y, int count, const ad_var *x)
{
    ad_var dy = {0};
    ad_status status = ad_jvp(1, &y, count, x, ones, &dy);
    return of_variables(status, &dy, 1);
}

static outcome hvp(ad_var y, int count, const ad_var *x)
{
    ad_var hv[MOST] = {0};
    ad_status status = ad_hvp(y, count, x, ones, hv);
    return of_variables(status, hv, count > 0 ? count : 0);
}

static outcome grad_values(ad_var y, int count, const ad_var *x)
{
    double out[MOST] = {0};
    ad_status status = ad_grad_values(y, count, x, out);
    return of_numbers(status, out, count > 0 ? count : 0);
}

static outcome jacobian_values(ad_var y, int count, const ad_var *x)
{
    double out[MOST] = {0};
    ad_status status = ad_jacobian_values(1, &y, count, x, out);
    return of_numbers(status, out, count > 0 ? count : 0);
}

static outcome hessian_values(ad_var y, int count, const ad_var *x)
{
    double out[MOST * MOST] = {0};
    ad_status status = ad_hessian_values(y, count, x, out);
    return of_numbers(status, out, count > 0 ? count * count : 0);
}

/* These are of one variable: the others of the calls above are left out. */
static outcome jacobian(ad_var y, int count, const ad_var *x)
{
    ad_var out = {0};
    ad_status status = ad_jacobian(y, x[count > 1], &out);
    return of_variables(status, &out, 1);
}

static outcome hessian(ad_var y, int count, const ad_var *x)
{
    ad_var out = {0};
    ad_status status = ad_hessian(y, x[count > 1], &out);
    return of_variables(status, &out, 1);
}

static outcome sparse_jacobian(ad_var y, int count, const ad_var *x)
{
    ad_sparse *out = (ad_sparse *)(void *)tape;
    ad_status status = ad_sparse_jacobian(1, &y, count, x, &out);
    return (outcome){status, out == NULL, 1};
}

static outcome sparse_hessian(ad_var y, int count, const ad_var *x)
{
    ad_sparse *out = (ad_sparse *)(void *)tape;
    ad_status status = ad_sparse_hessian(y, count, x, &out);
    return (outcome){status, out == NULL, 1};
}

static const struct {
    const char *name;
    outcome (*call)(ad_var y, int count, const ad_var *x);
    int is_of_one; /* without a count */
} calls[] = {
    {"ad_grad", grad, 0},
    {"ad_vjp", vjp, 0},
    {"ad_jvp", jvp, 0},
    {"ad_hvp", hvp, 0},
    {"ad_grad_values", grad_values, 0},
    {"ad_jacobian_values", jacobian_values, 0},
    {"ad_hessian_values", hessian_values, 0},
    {"ad_jacobian", jacobian, 1},
    {"ad_hessian", hessian, 1},
    {"ad_sparse_jacobian", sparse_jacobian, 0},
    {"ad_sparse_hessian", sparse_hessian, 0},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* Every call fails so, says so in its own name, and leaves nothing that could pass for a result. */
static void expect_all(ad_status status, const char *text, ad_var y, int count, const ad_var *x)
{
    for (int i = 0; i < CALLS; i++) {
        if (calls[i].is_of_one && count < 0) {
            continue;
        }
        outcome o = calls[i].call(y, count, x);
        cr_expect_eq(o.status, status, "%s: %s", calls[i].name, ad_status_name(o.status));
        cr_expect_eq(o.bad, o.count, "%s leaves %d of %d", calls[i].name, o.bad, o.count);
        if (text != NULL) {
            char begin[100];
            (void)snprintf(begin, sizeof begin, "%s: %s", calls[i].name, text);
            cr_expect_eq(ad_tape_status(tape), status);
            cr_expect(strncmp(ad_tape_message(tape), begin, strlen(begin)) == 0, "%s, not %s",
                      ad_tape_message(tape), begin);
        }
        ad_tape_clear_error(tape);
    }
}

Test(reverse_arguments, a_result_that_is_a_plain_number_depends_on_nothing)
{
    ad_var x[] = {ad_input(tape, 2), ad_input(tape, 3)};
    expect_all(AD_ERR_DOMAIN, "y is the plain number 3, which depends on nothing", ad_literal(3), 2,
               x);
}

/* The error is on the tape of y: a program that asks it once, at its end, finds it. */
Test(reverse_arguments, a_plain_number_is_no_variable)
{
    ad_var l = ad_literal(3), x = ad_input(tape, 2), y = ad_square(x);
    for (int i = 0; i < CALLS; i++) {
        outcome o = calls[i].call(y, 1, &l);
        cr_expect_eq(o.status, AD_ERR_DOMAIN, "%s", calls[i].name);
        cr_expect_eq(o.bad, o.count, "%s", calls[i].name);
        cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN, "%s", calls[i].name);
        cr_expect(strstr(ad_tape_message(tape), "x[0] is the plain number 3"), "%s",
                  ad_tape_message(tape));
        ad_tape_clear_error(tape);
    }
    for (int i = 0; i < CALLS; i++) {
        outcome o = calls[i].call(y, 2, (ad_var[]){x, l});
        cr_expect_eq(o.status, AD_ERR_DOMAIN, "%s", calls[i].name);
        cr_expect_eq(o.bad, o.count, "%s", calls[i].name);
        ad_tape_clear_error(tape);
    }
    expect_all(AD_ERR_DOMAIN, NULL, ad_literal(2), 1, &l);
}

static void expect_failed(ad_status status, const char *text)
{
    cr_expect_eq(status, AD_ERR_DOMAIN, "%s", text);
    cr_expect(strncmp(ad_tape_message(tape), text, strlen(text)) == 0, "%s, not %s",
              ad_tape_message(tape), text);
    ad_tape_clear_error(tape);
}

Test(reverse_arguments, counts_are_not_negative_and_arrays_not_null)
{
    ad_var x = ad_input(tape, 2), y = ad_square(x), d = {0};
    double out = 0;
    expect_all(AD_ERR_DOMAIN, "1 results and -1 variables", y, -1, &x);
    expect_failed(ad_grad(y, 1, NULL, &d), "ad_grad: x is NULL");
    expect_failed(ad_grad(y, 1, &x, NULL), "ad_grad: dx is NULL");
    expect_failed(ad_vjp(1, NULL, 1, &x, &x, &d), "ad_vjp: y is NULL");
    expect_failed(ad_vjp(1, &y, 1, &x, NULL, &d), "ad_vjp: g is NULL");
    expect_failed(ad_vjp(-2, &y, 1, &x, &x, &d), "ad_vjp: -2 results and 1 variables");
    expect_failed(ad_jvp(1, &y, 1, &x, NULL, &d), "ad_jvp: v is NULL");
    expect_failed(ad_jvp(1, &y, 1, &x, &x, NULL), "ad_jvp: dy is NULL");
    expect_failed(ad_hvp(y, 1, &x, NULL, &d), "ad_hvp: v is NULL");
    expect_failed(ad_hvp(y, 1, &x, &x, NULL), "ad_hvp: hv is NULL");
    expect_failed(ad_grad_values(y, 1, &x, NULL), "ad_grad_values: out is NULL");
    expect_failed(ad_jacobian_values(1, &y, 1, &x, NULL), "ad_jacobian_values: out is NULL");
    expect_failed(ad_jacobian_values(1, NULL, 1, &x, &out), "ad_jacobian_values: y is NULL");
    expect_failed(ad_hessian_values(y, 1, &x, NULL), "ad_hessian_values: out is NULL");
    expect_failed(ad_jacobian(y, x, NULL), "ad_jacobian: jacobian is NULL");
    expect_failed(ad_hessian(y, x, NULL), "ad_hessian: hessian is NULL");
}

Test(reverse_arguments, of_a_null_tape_is_out_of_memory)
{
    ad_var x = ad_input(NULL, 2), y = ad_square(x);
    expect_all(AD_ERR_MEMORY, NULL, y, 1, &x);
    cr_expect_eq(ad_tape_status(tape), AD_OK);
}

Test(reverse_arguments, no_variables_are_no_mistake)
{
    ad_var y = ad_square(ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, 2}))), dy;
    ad_var s = ad_sum(y, AD_ALL);
    double out = 5;
    cr_expect_eq(ad_grad(s, 0, NULL, NULL), AD_OK);
    cr_expect_eq(ad_grad_values(s, 0, NULL, &out), AD_OK);
    cr_expect_eq(ad_jacobian_values(1, &y, 0, NULL, &out), AD_OK);
    cr_expect_eq(ad_hessian_values(s, 0, NULL, &out), AD_OK);
    cr_expect_eq(ad_hvp(s, 0, NULL, NULL, NULL), AD_OK);
    cr_expect_eq(ad_vjp(0, NULL, 0, NULL, NULL, NULL), AD_OK);
    cr_expect_eq(out, 5);
    cr_assert_eq(ad_jvp(1, &y, 0, NULL, NULL, &dy), AD_OK, "%s", ad_tape_message(tape));
    double zeros[2] = {1, 1};
    cr_expect_eq(ad_read(dy, 2, zeros), AD_OK);
    cr_expect(zeros[0] == 0 && zeros[1] == 0);
}

/* Numbers are NaN as far as variables are known: dead ones have no elements. */
Test(reverse_arguments, what_fails_leaves_nan)
{
    ad_tape *other = ad_tape_new();
    const double two[] = {1, 2};
    ad_mark mark = ad_tape_mark(tape);
    ad_var gone = ad_input(tape, 1);
    cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
    ad_var x = ad_input(tape, 2), t = ad_input_array(tape, AD_F64, AD_SHAPE(2), two);
    ad_var y = ad_mul(x, ad_sum(t, AD_ALL)), far = ad_input(other, 1);
    double out[4] = {0, 0, 0, 7};
    cr_expect_eq(ad_grad_values(y, 3, (ad_var[]){x, gone, t}, out), AD_ERR_STALE);
    cr_expect(isnan(out[0]) && isnan(out[1]) && isnan(out[2]) && out[3] == 7);
    ad_tape_clear_error(tape);
    memset(out, 0, sizeof out);
    cr_expect_eq(ad_jacobian_values(2, (ad_var[]){y, far}, 2, (ad_var[]){x, x}, out),
                 AD_ERR_FOREIGN);
    cr_expect(isnan(out[0]) && isnan(out[1]) && isnan(out[2]) && isnan(out[3]));
    memset(out, 0, sizeof out);
    cr_expect_eq(ad_hessian_values(y, 1, &t, out), AD_ERR_FOREIGN, "the first error stays");
    cr_expect(isnan(out[0]) && isnan(out[1]) && isnan(out[2]) && isnan(out[3]));
    ad_tape_clear_error(tape);
    memset(out, 0, sizeof out);
    cr_expect_eq(ad_grad_values(t, 1, &t, out), AD_ERR_SHAPE);
    cr_expect(isnan(out[0]) && isnan(out[1]) && out[2] == 0);
    ad_tape_free(other);
}
