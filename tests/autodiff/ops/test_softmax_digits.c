/* SPDX-License-Identifier: MIT */
/* Derivatives of ops/softmax.c where one term dominates, against exact ones from the textbook's
 * formulas. */
#include "autodiff.h"
#include "exact.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MOST = 6 };

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
    exact_stop();
}

TestSuite(softmax_digits, .init = start, .fini = stop);

/* ---- one row of numbers x with a cotangent g of f(x) and a cotangent c of its gradient ---- */

typedef struct row {
    ad_type type;
    int n, top; /* top: of the largest x */
    double x[MOST], g[MOST], c[MOST];
    exact z[MOST];          /* softmax(x) */
    exact G[MOST], C[MOST]; /* g and c less their means with weights z */
    exact total;            /* of g */
} row;

static double number(exact x)
{
    return mpfr_get_d(x, MPFR_RNDN);
}

static double size(exact x)
{
    return fabs(number(x));
}

/* The sum of z_i a_i. */
static exact mean_of(const row *r, const exact *a)
{
    exact sum = exact_of(0);
    for (int i = 0; i < r->n; i++) {
        sum = exact_add(sum, exact_mul(r->z[i], a[i]));
    }
    return sum;
}

static void centre(const row *r, const double *x, exact *out)
{
    for (int i = 0; i < r->n; i++) {
        out[i] = exact_of(x[i]);
    }
    exact mean = mean_of(r, out);
    for (int i = 0; i < r->n; i++) {
        out[i] = exact_sub(out[i], mean);
    }
}

static void prepare(row *r)
{
    exact sum = exact_of(0);
    r->total = exact_of(0);
    r->top = 0;
    for (int i = 0; i < r->n; i++) {
        r->z[i] = EXACT(exp, exact_of(r->x[i]));
        sum = exact_add(sum, r->z[i]);
        r->total = exact_add(r->total, exact_of(r->g[i]));
        r->top = r->x[i] > r->x[r->top] ? i : r->top;
    }
    for (int i = 0; i < r->n; i++) {
        r->z[i] = exact_div(r->z[i], sum);
    }
    centre(r, r->g, r->G);
    centre(r, r->c, r->C);
}

/* |a_i - a_t|, exact; or of a times numbers, which rounds both. */
static double distance(const row *r, const double *a, int i, int is_product)
{
    const double from = a[r->top];
    return i == r->top ? 0 : is_product ? fabs(a[i]) + fabs(from) : fabs(a[i] - from);
}

/* z_i (|a_i - a_t| + the mean of |a - a_t|): the terms of softmax's derivative of a. */
static double terms_of(const row *r, const double *a, int i, int is_product)
{
    double sum = distance(r, a, i, is_product);
    for (int k = 0; k < r->n; k++) {
        sum += number(r->z[k]) * distance(r, a, k, is_product);
    }
    return number(r->z[i]) * sum;
}

/* ---- comparison ---- */

/* Fails unless got is within so many roundings of its terms. */
static void expect_digits(const row *r, const char *what, int i, exact truth, double got,
                          double terms, double roundings)
{
    const double eps = r->type == AD_F64 ? 0x1p-53 : 0x1p-24;
    const double least = r->type == AD_F64 ? 0x1p-1010 : 0x1p-114;
    const double error = size(exact_sub(truth, exact_of(got)));
    cr_expect(error <= roundings * eps * fmax(terms, least),
              "%s[%d], %s: %.17g for %.17g, terms of %.3g", what, i, ad_type_name(r->type), got,
              number(truth), terms);
}

static ad_var numbers(const row *r, double *x)
{
    ad_var v = ad_input_array(tape, AD_F64, AD_SHAPE(r->n), x);
    v = r->type == AD_F64 ? v : ad_cast(v, AD_F32);
    cr_assert_eq(ad_read(v, (size_t)r->n, x), AD_OK); /* rounded for f32 */
    return v;
}

/* The gradient of sum(g f(x)), and of sum(c times it). */
typedef struct derivatives {
    double first[MOST], second[MOST];
} derivatives;

static derivatives derivatives_of(ad_var z, ad_var x, ad_var g, ad_var c)
{
    derivatives d;
    ad_var dx, ddx;
    ad_vjp(1, &z, 1, &x, &g, &dx);
    ad_vjp(1, &dx, 1, &x, &c, &ddx);
    cr_assert_eq(ad_read(dx, ad_count(dx), d.first), AD_OK, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_read(ddx, ad_count(ddx), d.second), AD_OK, "%s", ad_tape_message(tape));
    return d;
}

/* First z_i G_i, then z_i (C_i G_i - the mean of C G), where a common part of c is rounded too. */
static void check_softmax(const row *r, const derivatives *d)
{
    exact product[MOST];
    double common = 0, spread[MOST], mean = 0;
    for (int i = 0; i < r->n; i++) {
        product[i] = exact_mul(r->C[i], r->G[i]);
        common = fmax(common, fabs(r->c[i]));
        spread[i] = size(r->G[i]);
        mean += number(r->z[i]) * spread[i];
    }
    for (int i = 0; i < r->n; i++) {
        exact first = exact_mul(r->z[i], r->G[i]);
        exact second = exact_mul(r->z[i], exact_sub(product[i], mean_of(r, product)));
        const double terms = number(r->z[i]) * common * (spread[i] + mean);
        expect_digits(r, "softmax'", i, first, d->first[i], terms_of(r, r->g, i, 0), 16);
        expect_digits(r, "softmax''", i, second, d->second[i], terms, 32);
    }
}

/* First g_i - z_i sum g = g_i (1 - z_i) - z_i (the sum of the others), then -(sum g) z_i C_i. */
static void check_log_softmax(const row *r, const derivatives *d)
{
    double sizes = 0;
    for (int i = 0; i < r->n; i++) {
        sizes += fabs(r->g[i]);
    }
    for (int i = 0; i < r->n; i++) {
        exact rest = exact_sub(exact_of(1), r->z[i]);
        exact first = exact_sub(exact_of(r->g[i]), exact_mul(r->z[i], r->total));
        exact second = exact_mul(r->total, exact_mul(r->z[i], r->C[i]));
        const double terms =
            number(rest) * fabs(r->g[i]) + number(r->z[i]) * (sizes - fabs(r->g[i]));
        expect_digits(r, "log_softmax'", i, first, d->first[i], terms, 16);
        expect_digits(r, "log_softmax''", i, EXACT(neg, second), d->second[i],
                      sizes * terms_of(r, r->c, i, 1), 16);
    }
}

/* sum g is only one number, G: G z_i, and G z_i C_i. */
static void check_logsumexp(const row *r, const derivatives *d)
{
    for (int i = 0; i < r->n; i++) {
        exact first = exact_mul(exact_of(r->g[0]), r->z[i]), second = exact_mul(first, r->C[i]);
        expect_digits(r, "logsumexp'", i, first, d->first[i], size(first), 8);
        expect_digits(r, "logsumexp''", i, second, d->second[i],
                      fabs(r->g[0]) * terms_of(r, r->c, i, 1), 16);
    }
}

static void check(row *r)
{
    ad_var x = numbers(r, r->x), g = numbers(r, r->g), c = numbers(r, r->c);
    exact_start(2500);
    prepare(r);
    derivatives d = derivatives_of(ad_softmax(x, AD_ALL), x, g, c);
    check_softmax(r, &d);
    d = derivatives_of(ad_log_softmax(x, AD_ALL), x, g, c);
    check_log_softmax(r, &d);
    d = derivatives_of(ad_logsumexp(x, AD_ALL), x, ad_select(g, 0, 0), c);
    check_logsumexp(r, &d);
}

/* Differences of such numbers are exact: rounding x_i - x_t is the condition of e^(x_i - x_t). */
static double on_grid(double x)
{
    return rint(x * 256) / 256;
}

/* Random numbers, with a large common part too, or zeros but for one. */
static void draw(ad_rng *rng, int n, double *x)
{
    const int64_t way = ad_rng_below(rng, 3), one = ad_rng_below(rng, n);
    const double common = way == 0 ? 100 * ad_rng_normal(rng) : 0;
    for (int i = 0; i < n; i++) {
        x[i] = way == 1 ? (double)(i == one) : common + ad_rng_normal(rng);
    }
}

Test(softmax_digits, derivatives_of_orders_1_and_2_err_by_a_few_roundings_of_their_terms)
{
    const double scales[] = {0.1, 1, 10, 40, 300};
    ad_rng rng = {.seed = 11};
    ad_mark mark = ad_tape_mark(tape);
    for (int k = 0; k < 1000; k++) {
        row r = {.type = k % 2 ? AD_F32 : AD_F64, .n = 2 + (int)ad_rng_below(&rng, MOST - 1)};
        for (int i = 0; i < r.n; i++) {
            r.x[i] = on_grid(scales[k % 5] * ad_rng_normal(&rng));
        }
        draw(&rng, r.n, r.g);
        draw(&rng, r.n, r.c);
        check(&r);
        ad_tape_rewind(tape, mark);
    }
}

/* The derivative of softmax[1] by x[1], and of -log_softmax[1], at (0, k), 50 digits. */
Test(softmax_digits, of_a_dominant_class_are_those_of_sigmoid)
{
    const double rows[][3] = {{10, 4.5395807735951671e-5, -4.5397868702434395e-5},
                              {20, 2.0611536139418493e-9, -2.0611536181902036e-9},
                              {30, 9.3576229688384233e-14, -9.357622968839299e-14},
                              {40, 4.248354255291589e-18, -4.248354255291589e-18},
                              {700, 9.8596765437597709e-305, -9.8596765437597709e-305}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const double at[] = {0, rows[k][0]};
        ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), at), dx, dl;
        ad_grad(ad_select(ad_softmax(x, AD_ALL), 0, 1), 1, &x, &dx);
        ad_grad(ad_neg(ad_select(ad_log_softmax(x, AD_ALL), 0, 1)), 1, &x, &dl);
        test_expect_near(dx, AD_SHAPE(2), (double[]){-rows[k][1], rows[k][1]}, 4);
        test_expect_near(dl, AD_SHAPE(2), (double[]){-rows[k][2], rows[k][2]}, 4);
    }
}

/* -z_i z_j and z_i (1 - z_i), of any size. */
Test(softmax_digits, of_logsumexp_the_hessian_is_right_element_by_element)
{
    row r = {.type = AD_F64, .n = MOST, .g = {1}};
    ad_rng rng = {.seed = 3};
    for (int i = 0; i < r.n; i++) {
        r.x[i] = on_grid(100 * ad_rng_normal(&rng));
    }
    ad_var x = numbers(&r, r.x), dx, ddx;
    exact_start(2500);
    prepare(&r);
    ad_grad(ad_logsumexp(x, AD_ALL), 1, &x, &dx);
    for (int i = 0; i < r.n; i++) {
        double got[MOST];
        ad_grad(ad_select(dx, 0, i), 1, &x, &ddx);
        cr_assert_eq(ad_read(ddx, MOST, got), AD_OK);
        for (int j = 0; j < r.n; j++) {
            exact z = i == j ? exact_sub(exact_of(1), r.z[i]) : EXACT(neg, r.z[j]);
            exact truth = exact_mul(r.z[i], z);
            expect_digits(&r, "hessian", i * r.n + j, truth, got[j], size(truth), 8);
        }
    }
}
