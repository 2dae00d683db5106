/* SPDX-License-Identifier: MIT */
/* The Rosenbrock chain
 *
 *   f(x) = sum_i (1 - x_i)^2 + 100 (x_{i+1} - x_i^2)^2,      i = 0 .. n - 2
 *
 * of n = 100,000: eight operations a term, 800,000 in all.
 *
 *   scalar.record            recorded, a scalar an operation
 *   scalar.reverse           that swept back into the gradient
 *   rosenbrock.fn            value and gradient, recorded once, with x as one tensor
 *   rosenbrock.fn.scalars    the same from the scalars
 *
 * Baselines: c_primal, the plain function in C; c_hand, with its gradient by hand
 * (hand/programs.c); adolc, the same steps by ADOL-C. */
#include "bench.h"
#include "profile.h"
#include "programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 100000 };
#define ADOLC(what) "$WENGERT_BUILD/bench/peers/programs_adolc rosenbrock " what

typedef struct chain {
    ad_tape *tape;
    ad_mark start;
    ad_var x[N], f;
    double point[N], gradient[N], primal;
    ad_fn *fn;
    double out[1 + N]; /* of fn: value and gradient */
    double hand, hand_gradient[N];
} chain;

/* ---- recorded each time, and without */

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

static void hand(void *context)
{
    chain *c = context;
    c->hand = hand_rosenbrock(N, c->point, c->hand_gradient);
}

/* ---- recorded once */

static void run(void *context)
{
    chain *c = context;
    ad_fn_eval(c->fn, c->point, c->out);
}

static ad_fn *compile_tensors(chain *c)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(N), c->point), out[2];
    ad_var here = ad_slice(x, 0, 0, -1, 1), next = ad_slice(x, 0, 1, AD_END, 1);
    ad_var a = ad_square(ad_sub(1, here)), b = ad_square(ad_sub(next, ad_square(here)));
    out[0] = ad_sum(ad_add(a, ad_mul(100, b)), AD_ALL);
    ad_grad(out[0], 1, &x, &out[1]);
    ad_fn *fn = bench_compiled(tape, 1, &x, 2, out);
    ad_tape_free(tape);
    return fn;
}

static ad_fn *compile_scalars(chain *c)
{
    static ad_var out[1 + N];
    record(c);
    out[0] = c->f;
    ad_grad(c->f, N, c->x, out + 1);
    return bench_compiled(c->tape, N, c->x, 1 + N, out);
}

/* ---- cases */

/* Exits unless value and gradient are those by hand. */
static void must_agree(const chain *c, const char *name, double value, const double *gradient)
{
    double worst = fabs(value / c->hand - 1);
    for (size_t i = 0; i < N; i++) {
        double g = c->hand_gradient[i];
        worst = fmax(worst, fabs(g - gradient[i]) / fmax(1, fabs(g)));
    }
    if (!(worst <= 1e-9)) {
        (void)fprintf(stderr, "%s: differs by %g; %s\n", name, worst, ad_tape_message(c->tape));
        exit(1);
    }
}

static void measure_recording(chain *c)
{
    double us[3];
    record(c);
    reverse(c);
    must_agree(c, "scalar.record", ad_value(c->f), c->gradient);
    must_agree(c, "c_primal", c->primal, c->gradient);
    bench_case("scalar.record", 3,
               (bench_side[]){{"ours", .run = record, .context = c},
                              {"c_primal", .run = primal, .context = c},
                              {"adolc", .command = ADOLC("trace")}},
               us);
    printf("  %.2f ns an operation\n", us[0] * 1e3 / (8.0 * N));
    bench_case("scalar.reverse", 3,
               (bench_side[]){{"ours", .run = reverse, .context = c},
                              {"c_primal", .run = primal, .context = c},
                              {"adolc", .command = ADOLC("sweep")}},
               us);
    printf("  %.2f ns an operation\n", us[0] * 1e3 / (8.0 * N));
}

static void measure_compiled(chain *c, const char *name, ad_fn *(*compile)(chain *))
{
    c->fn = compile(c);
    if (c->fn != NULL) {
        run(c);
    }
    must_agree(c, name, c->out[0], c->out + 1);
    bench_profile_eval(name, c->fn, c->point, c->out);
    bench_case(name, 4,
               (bench_side[]){{"ours", .run = run, .context = c},
                              {"c_primal", .run = primal, .context = c},
                              {"c_hand", .run = hand, .context = c},
                              {"adolc", .command = ADOLC("replay")}},
               NULL);
    ad_fn_free(c->fn);
}

int main(void)
{
    bench_start();
    chain *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return 1;
    }
    c->tape = ad_tape_new();
    c->start = ad_tape_mark(c->tape);
    for (size_t i = 0; i < N; i++) {
        c->point[i] = 0.5 + 0.001 * (double)(i % 1000);
    }
    hand(c);
    primal(c);
    measure_recording(c);
    measure_compiled(c, "rosenbrock.fn", compile_tensors);
    measure_compiled(c, "rosenbrock.fn.scalars", compile_scalars);
    ad_tape_free(c->tape);
    free(c);
    return bench_finish();
}
