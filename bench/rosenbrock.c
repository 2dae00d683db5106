/* SPDX-License-Identifier: MIT */
/* Scalar programs on the tape: the Rosenbrock chain
 *
 *   f(x) = sum_i (1 - x_i)^2 + 100 (x_{i+1} - x_i^2)^2,      i = 0 .. n - 2
 *
 * of n = 100,000: eight operations a term, 800,000 in all. `scalar.record` records it,
 * `scalar.reverse` sweeps it back into the gradient. Baselines: c_primal, the plain function in C;
 * adolc, the same two steps by ADOL-C. */
#include "bench.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 100000 };

typedef struct chain {
    ad_tape *tape;
    ad_mark start;
    ad_var x[N], f;
    double point[N], gradient[N], primal;
} chain;

static void primal(void *context)
{
    chain *c = context;
    const double *x = c->point;
    double f = 0;
    for (size_t i = 0; i + 1 < N; i++) {
        double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
        f += a * a + 100 * (b * b);
    }
    c->primal = f;
}

static void record(void *context)
{
    chain *c = context;
    ad_tape_rewind(c->tape, c->start);
    for (size_t i = 0; i < N; i++) {
        c->x[i] = ad_input(c->tape, c->point[i]);
    }
    ad_var f = ad_literal(0);
    for (size_t i = 0; i + 1 < N; i++) {
        ad_var a = ad_square(ad_sub(1, c->x[i]));
        ad_var b = ad_square(ad_sub(c->x[i + 1], ad_square(c->x[i])));
        f = ad_add(f, ad_add(a, ad_mul(100, b)));
    }
    c->f = f;
}

static void reverse(void *context)
{
    chain *c = context;
    ad_grad_values(c->f, N, c->x, c->gradient);
}

/* The gradient by hand, to be sure that what is timed is right. */
static double worst_error(const chain *c)
{
    double worst = 0;
    for (size_t i = 0; i < N; i++) {
        const double *x = c->point;
        double g = 0;
        if (i + 1 < N) {
            g += -2 * (1 - x[i]) - 400 * x[i] * (x[i + 1] - x[i] * x[i]);
        }
        if (i > 0) {
            g += 200 * (x[i] - x[i - 1] * x[i - 1]);
        }
        worst = fmax(worst, fabs(g - c->gradient[i]) / fmax(1, fabs(g)));
    }
    return worst;
}

int main(void)
{
    bench_start();
    chain *c = malloc(sizeof *c);
    if (c == NULL) {
        return 1;
    }
    c->tape = ad_tape_new();
    c->start = ad_tape_mark(c->tape);
    for (size_t i = 0; i < N; i++) {
        c->point[i] = 0.5 + 0.001 * (double)(i % 1000);
    }
    record(c);
    reverse(c);
    primal(c);
    if (ad_tape_status(c->tape) != AD_OK || worst_error(c) > 1e-12 ||
        fabs(ad_value(c->f) - c->primal) > 1e-9 * c->primal) {
        fprintf(stderr, "scalar: %s, error %g\n", ad_tape_message(c->tape), worst_error(c));
        return 1;
    }
    double us[3];
    bench_case(
        "scalar.record", 3,
        (bench_side[]){
            {"ours", .run = record, .context = c},
            {"c_primal", .run = primal, .context = c},
            {"adolc", .command = "$WENGERT_BUILD/bench/peers/programs_adolc rosenbrock trace"}},
        us);
    printf("  %.2f ns an operation\n", us[0] * 1e3 / (8.0 * N));
    bench_case(
        "scalar.reverse", 3,
        (bench_side[]){
            {"ours", .run = reverse, .context = c},
            {"c_primal", .run = primal, .context = c},
            {"adolc", .command = "$WENGERT_BUILD/bench/peers/programs_adolc rosenbrock sweep"}},
        us);
    printf("  %.2f ns an operation\n", us[0] * 1e3 / (8.0 * N));
    ad_tape_free(c->tape);
    free(c);
    return bench_finish();
}
