/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"
#include "ops.h"
#include "reverse.h"
#include "wrong_rules.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

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

Test(check_identity, rules_of_custom_operations_are_checked)
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
