/* SPDX-License-Identifier: MIT */
/* Tiny nets in f64: the mean squared error over the samples and its gradient by all weights. Each
 * call waits for the last one's result, as in any use of a gradient.
 *
 *   tiny.1-1-1        sigmoid, one sample, recorded with scalars
 *   tiny.2-2-1        sigmoid, 100 samples
 *   tiny.2-50-50-1    tanh in the hidden layers, 100 samples
 *
 * Baselines: c_hand, the same written out by hand (hand/tiny.c, the last one's products by
 * OpenBLAS); pytorch (peers/nets.py). */
#include "bench.h"
#include "profile.h"
#include "tiny.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 3, MAX_VALUES = 2 * MAX_LAYERS + 2, N = TINY_SAMPLES };

typedef struct net {
    const char *name;
    int layers;
    int64_t units[MAX_LAYERS + 1], samples;
    ad_var (*hidden)(ad_var), (*last)(ad_var);
} net;

typedef struct job {
    const net *net;
    ad_fn *f;
    double in[TINY_WEIGHTS + 3 * N]; /* the weights, x [samples, inputs], y */
    double *w, *x, *y;               /* within in */
    double out[1 + TINY_WEIGHTS];    /* the cost and its gradient */
    double columns[2][N];            /* x transposed, for the hand-written */
    double hand_cost, hand_dw[TINY_WEIGHTS];
    hand_tiny_work work;
} job;

/* ---- ours ---- */

static ad_var same(ad_var x)
{
    return x;
}

static ad_var sigmoid(ad_var x)
{
    return ad_sigmoid(x);
}

static ad_var hyperbolic(ad_var x)
{
    return ad_tanh(x);
}

static const net nets[] = {
    {"tiny.1-1-1", 2, {1, 1, 1}, 1, sigmoid, sigmoid},
    {"tiny.2-2-1", 2, {2, 2, 1}, N, sigmoid, sigmoid},
    {"tiny.2-50-50-1", 3, {2, TINY_UNITS, TINY_UNITS, 1}, N, hyperbolic, same},
};

/* The cost from weights w, W and b of each layer in turn, for inputs x and targets y. */
static ad_var cost(const net *n, const ad_var *w, ad_var x, ad_var y)
{
    ad_var a = x;
    for (int l = 0; l < n->layers; l++) {
        ad_var product = n->samples == 1 ? ad_mul(a, w[2 * l]) : ad_matmul(a, w[2 * l]);
        ad_var z = ad_add(product, w[2 * l + 1]);
        a = l + 1 < n->layers ? n->hidden(z) : n->last(z);
    }
    return ad_mean(ad_square(ad_sub(a, y)), AD_ALL);
}

/* A value of rank 2, a vector if rows is 0, and a scalar where there is one sample. */
static ad_var input(const job *j, ad_tape *tape, int64_t rows, int64_t columns, double *data)
{
    if (j->net->samples == 1) {
        return ad_input(tape, *data);
    }
    ad_shape shape = rows > 0 ? AD_SHAPE(rows, columns) : AD_SHAPE(columns);
    return ad_input_view(tape, AD_F64, shape, data);
}

/* Records the function: in receives the weights, x and y, out the cost and its gradient. Returns
 * the number of weights. */
static int record(job *j, ad_tape *tape, ad_var in[MAX_VALUES], ad_var out[MAX_VALUES])
{
    const net *n = j->net;
    double *data = j->w;
    int count = 0;
    for (int l = 0; l < n->layers; l++) {
        in[count++] = input(j, tape, n->units[l], n->units[l + 1], data);
        data += n->units[l] * n->units[l + 1];
        in[count++] = input(j, tape, 0, n->units[l + 1], data);
        data += n->units[l + 1];
    }
    in[count] = input(j, tape, n->samples, n->units[0], j->x);
    in[count + 1] = input(j, tape, n->samples, 1, j->y);
    out[0] = cost(n, in, in[count], in[count + 1]);
    ad_grad(out[0], count, in, out + 1);
    return count;
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

static void compile(job *j)
{
    ad_var in[MAX_VALUES], out[MAX_VALUES];
    ad_tape *tape = ad_tape_new();
    int count = record(j, tape, in, out);
    j->f = bench_compiled(tape, count + 2, in, count + 1, out);
    if (j->f == NULL) {
        (void)fprintf(stderr, "%s: %s\n", j->net->name, ad_tape_message(tape));
        exit(1);
    }
    ad_tape_free(tape);
}

/* ---- by hand ---- */

static void hand_1_1_1(void *context)
{
    job *j = context;
    j->hand_cost = hand_tiny_1_1_1(j->w, j->x[0], j->y[0], j->hand_dw);
    step(j, j->hand_dw);
}

static void hand_2_2_1(void *context)
{
    job *j = context;
    j->hand_cost = hand_tiny_2_2_1(j->w, (const double(*)[N])j->columns, j->y, j->hand_dw);
    step(j, j->hand_dw);
}

static void hand_2_50_50_1(void *context)
{
    job *j = context;
    const cblas *blas = cblas_openblas()->dgemm != NULL ? cblas_openblas() : cblas_plain();
    j->hand_cost =
        hand_tiny_2_50_50_1(blas, j->w, (const double(*)[N])j->columns, j->y, j->hand_dw, &j->work);
    step(j, j->hand_dw);
}

/* ---- cases ---- */

static int weights(const net *n)
{
    int64_t count = 0;
    for (int l = 0; l < n->layers; l++) {
        count += (n->units[l] + 1) * n->units[l + 1];
    }
    return (int)count;
}

static void fill(job *j)
{
    const net *n = j->net;
    ad_rng rng = {.seed = 1};
    for (int i = 0; i < weights(n); i++) {
        j->w[i] = 0.3 * ad_rng_normal(&rng);
    }
    for (int64_t i = 0; i < n->samples; i++) {
        j->y[i] = ad_rng_uniform(&rng);
        for (int64_t k = 0; k < n->units[0]; k++) {
            j->columns[k][i] = j->x[i * n->units[0] + k] = ad_rng_normal(&rng);
        }
    }
}

/* Exits unless both gave the same. */
static void must_agree(const job *j)
{
    double worst = fabs(j->out[0] - j->hand_cost), largest = 0;
    for (int i = 0; i < weights(j->net); i++) {
        worst = fmax(worst, fabs(j->out[1 + i] - j->hand_dw[i]));
        largest = fmax(largest, fabs(j->out[1 + i]));
    }
    if (!(worst <= 1e-12 * largest)) {
        (void)fprintf(stderr, "%s: differs by %g of %g; %s\n", j->net->name, worst, largest,
                      ad_fn_message(j->f));
        exit(1);
    }
}

static void measure(const net *n, void (*hand)(void *), int is_baseline)
{
    static job j;
    memset(&j, 0, sizeof j);
    j.net = n;
    j.w = j.in;
    j.x = j.w + weights(n);
    j.y = j.x + n->samples * n->units[0];
    fill(&j);
    compile(&j);
    run(&j);
    fill(&j);
    hand(&j);
    must_agree(&j);
    char command[80];
    (void)snprintf(command, sizeof command, "/usr/bin/python3 bench/peers/nets.py %s", n->name);
    bench_profile_eval(n->name, j.f, j.in, j.out);
    bench_case(n->name, 3,
               (bench_side[]){{"ours", .run = run, .context = &j},
                              {"c_hand", .run = is_baseline ? hand : NULL, .context = &j},
                              {"pytorch", .command = command}},
               NULL);
    ad_fn_free(j.f);
}

int main(void)
{
    bench_start();
    measure(&nets[0], hand_1_1_1, 1);
    measure(&nets[1], hand_2_2_1, 1);
    measure(&nets[2], hand_2_50_50_1, cblas_openblas()->dgemm != NULL);
    return bench_finish();
}
