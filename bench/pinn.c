/* SPDX-License-Identifier: MIT */
/* pinn: a physics-informed net in f64. The loss
 *
 *   mean over x of (u''(x) + u(x))^2
 *
 * of a 1-32-32-1 net u with tanh in the hidden layers, 100 points x, and its gradient by the
 * weights. u'' is the derivative along a tangent of 1, taken twice. Each call waits for the last
 * one's result.
 *
 * Baselines: c_hand, the same by hand (hand/pinn.c); pytorch (peers/nets.py). */
#include "bench.h"
#include "profile.h"
#include "pinn.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

enum { N = PINN_POINTS, U = PINN_UNITS, PARTS = 6 };

typedef struct job {
    ad_fn *f;
    double in[PINN_WEIGHTS + N];  /* the weights, x */
    double *w, *x;                /* within in */
    double out[1 + PINN_WEIGHTS]; /* the loss and its gradient */
    double hand_loss, hand_dw[PINN_WEIGHTS];
    hand_pinn_work work;
} job;

static ad_var network(const ad_var w[PARTS], ad_var x)
{
    ad_var a1 = ad_tanh(ad_add(ad_matmul(x, w[0]), w[1]));
    ad_var a2 = ad_tanh(ad_add(ad_matmul(a1, w[2]), w[3]));
    return ad_add(ad_matmul(a2, w[4]), w[5]);
}

static ad_var loss(const ad_var w[PARTS], ad_var x)
{
    ad_var one = ad_literal(1), u = network(w, x), u1, u2;
    ad_jvp(1, &u, 1, &x, &one, &u1);
    ad_jvp(1, &u1, 1, &x, &one, &u2);
    return ad_mean(ad_square(ad_add(u2, u)), AD_ALL);
}

/* Records the function: in receives the weights and x, out the loss and its gradient. */
static void record(job *j, ad_tape *tape, ad_var in[PARTS + 1], ad_var out[PARTS + 1])
{
    const ad_shape shapes[PARTS] = {AD_SHAPE(1, U), AD_SHAPE(U),    AD_SHAPE(U, U),
                                    AD_SHAPE(U),    AD_SHAPE(U, 1), AD_SHAPE(1)};
    double *w = j->w;
    for (int i = 0; i < PARTS; i++) {
        in[i] = ad_input_view(tape, AD_F64, shapes[i], w);
        w += ad_count(in[i]);
    }
    in[PARTS] = ad_input_view(tape, AD_F64, AD_SHAPE(N, 1), j->x);
    out[0] = loss(in, in[PARTS]);
    ad_grad(out[0], PARTS, in, out + 1);
}

/* A step too small to see, on which the next call depends. */
static void step(job *j, const double *dw)
{
    j->w[0] -= 1e-12 * dw[0];
}

static void run(void *context)
{
    job *j = context;
    ad_fn_eval(j->f, j->in, j->out);
    step(j, j->out + 1);
}

/* 0, and why, if that fails. */
static int compile(job *j)
{
    ad_var in[PARTS + 1], out[PARTS + 1];
    ad_tape *tape = ad_tape_new();
    record(j, tape, in, out);
    j->f = bench_compiled(tape, PARTS + 1, in, PARTS + 1, out);
    if (j->f == NULL) {
        (void)fprintf(stderr, "pinn: %s\n", ad_tape_message(tape));
    }
    ad_tape_free(tape);
    return j->f != NULL;
}

static void hand(void *context)
{
    job *j = context;
    j->hand_loss = hand_pinn(j->w, j->x, j->hand_dw, &j->work);
    step(j, j->hand_dw);
}

static void fill(job *j)
{
    ad_rng rng = {.seed = 1};
    for (int i = 0; i < PINN_WEIGHTS; i++) {
        j->w[i] = 0.4 * ad_rng_normal(&rng);
    }
    for (int i = 0; i < N; i++) {
        j->x[i] = 2.0 * i / (N - 1) - 1;
    }
}

static double difference(const job *j)
{
    double worst = fabs(j->out[0] - j->hand_loss), largest = j->out[0];
    for (int i = 0; i < PINN_WEIGHTS; i++) {
        worst = fmax(worst, fabs(j->out[1 + i] - j->hand_dw[i]));
        largest = fmax(largest, fabs(j->out[1 + i]));
    }
    return worst / largest;
}

int main(void)
{
    static job j;
    bench_start();
    j.w = j.in;
    j.x = j.w + PINN_WEIGHTS;
    fill(&j);
    if (!compile(&j)) {
        return 1;
    }
    run(&j);
    fill(&j);
    hand(&j);
    if (!(difference(&j) <= 1e-12)) {
        (void)fprintf(stderr, "pinn: differs by %g; %s\n", difference(&j), ad_fn_message(j.f));
        return 1;
    }
    bench_profile_eval("pinn", j.f, j.in, j.out);
    bench_case("pinn", 3,
               (bench_side[]){{"ours", .run = run, .context = &j},
                              {"c_hand", .run = hand, .context = &j},
                              {"pytorch", .command = "/usr/bin/python3 bench/peers/nets.py pinn"}},
               NULL);
    ad_fn_free(j.f);
    return bench_finish();
}
