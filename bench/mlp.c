/* SPDX-License-Identifier: MIT */
/* One training step of a 784-300-100-10 network, f32, relu, softmax cross-entropy: forward,
 * gradient and update of a batch that lies ready as floats.
 *
 *   mlp.sgd64, mlp.sgd128    gradient descent, batches of 64 and of 128
 *   mlp.adam64               Adam
 *
 * flop_bound is the time of the step's matrix products at the core's peak:
 *
 *   2 rows (2 (784 300 + 300 100 + 100 10) + 300 100 + 100 10)
 *
 * for forward, gradient by the weights, and gradient by the activations but not by the pixels.
 * Further baselines: c_hand, gradient descent by hand on OpenBLAS (hand/mlp.c); pytorch
 * (peers/mlp.py). */
#include "bench.h"
#include "profile.h"
#include "fma.h"
#include "mlp.h"

#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = MLP_IN, MAX_ROWS = MLP_ROWS, PARTS = 6 };

typedef struct trainer {
    nn_model *net;
    nn_optimiser *optimiser;
    ad_fn *step;
    int64_t rows;
    float cost, hand_cost;
    hand_mlp hand;
    float pixels[MAX_ROWS * PIXELS];
    int64_t labels[MAX_ROWS];
} trainer;

/* The step, compiled: it reads the batch and changes the weights where they are. */
static ad_fn *compile(trainer *t)
{
    ad_var w[PARTS], dw[PARTS];
    ad_tape *tape = ad_tape_new();
    nn_params_bind(nn_model_params(t->net), tape, w);
    ad_var x = ad_input_view(tape, AD_F32, AD_SHAPE(t->rows, PIXELS), t->pixels);
    ad_var y = ad_input_view(tape, AD_I64, AD_SHAPE(t->rows), t->labels);
    ad_var cost = nn_softmax_cross_entropy(nn_forward(t->net, x, .params = w), y);
    ad_grad(cost, PARTS, w, dw);
    nn_optimiser_step(t->optimiser, w, dw, 1);
    ad_fn *f = bench_compiled(tape, 0, NULL, 1, &cost);
    if (f == NULL) {
        (void)fprintf(stderr, "mlp: %s\n", ad_tape_message(tape));
        exit(1);
    }
    ad_tape_free(tape);
    return f;
}

static void step(void *context)
{
    trainer *t = context;
    nn_optimiser_advance(t->optimiser, 1);
    ad_fn_run(t->step, NULL, (void *[]){&t->cost});
}

/* Gradient descent by hand, a rate that leaves the weights small. */
static const float hand_rate = 0.01F;

static void by_hand(void *context)
{
    trainer *t = context;
    const cblas *blas = cblas_openblas()->sgemm != NULL ? cblas_openblas() : cblas_plain();
    t->hand_cost = hand_mlp_step(blas, &t->hand, (int)t->rows, t->pixels, t->labels, hand_rate);
}

/* Where a step of gradient g takes a weight w. */
typedef float stepped(float w, float g);

static float descended(float w, float g)
{
    return w - hand_rate * g;
}

/* Adam's first step. */
static float adapted(float w, float g)
{
    return w - 1e-4F * g / (fabsf(g) + 1e-8F);
}

/* Exits unless a first step takes every weight where the gradient by hand says; where it is nearly
 * 0, its sign is rounding. */
static void must_be_a_step(trainer *t, const char *name, stepped *expected)
{
    static float before[PARTS][MLP_IN * MLP_1];
    float *hand[PARTS] = {t->hand.w1, t->hand.b1, t->hand.w2, t->hand.b2, t->hand.w3, t->hand.b3};
    double worst = 0;
    for (int i = 0; i < PARTS; i++) {
        const nn_param *param = nn_params_at(nn_model_params(t->net), i);
        memcpy(before[i], param->data, param->count * sizeof(float));
        memcpy(hand[i], param->data, param->count * sizeof(float));
    }
    nn_params *memory = nn_optimiser_memory(t->optimiser); /* of the step that was recorded */
    for (int i = 0; i < nn_params_count(memory); i++) {
        const nn_param *param = nn_params_at(memory, i);
        memset(param->data, 0, param->count * sizeof(float));
    }
    nn_optimiser_set_count(t->optimiser, 0);
    step(t);
    by_hand(t);
    for (int i = 0; i < PARTS; i++) {
        const nn_param *param = nn_params_at(nn_model_params(t->net), i);
        for (size_t k = 0; k < param->count; k++) {
            float g = (before[i][k] - hand[i][k]) / hand_rate;
            float got = ((const float *)param->data)[k], want = expected(before[i][k], g);
            worst = fabsf(g) > 1e-3F ? fmax(worst, fabs((double)(got - want))) : worst;
        }
    }
    worst = fmax(worst, fabs((double)(t->cost - t->hand_cost)));
    if (!(worst <= 1e-5)) {
        (void)fprintf(stderr, "%s: differs by %g; %s\n", name, worst, ad_fn_message(t->step));
        exit(1);
    }
}

static void measure(const char *name, int64_t rows, nn_optim optim, stepped *expected)
{
    static trainer t;
    ad_rng rng = {.seed = 1};
    t.rows = rows;
    for (int i = 0; i < MAX_ROWS * PIXELS; i++) {
        t.pixels[i] = (float)ad_rng_uniform(&rng);
    }
    for (int i = 0; i < MAX_ROWS; i++) {
        t.labels[i] = ad_rng_below(&rng, 10);
    }
    t.net = nn_sequential(nn_dense(300, .activation = ad_relu),
                          nn_dense(100, .activation = ad_relu), nn_dense(10));
    nn_build(t.net, .input = AD_SHAPE(PIXELS), .type = AD_F32);
    t.optimiser = nn_optimiser_new(optim, nn_model_params(t.net), NULL, NULL);
    t.step = compile(&t);
    must_be_a_step(&t, name, expected);
    double flops = (double)(2 * rows * (2 * (784 * 300 + 300 * 100 + 100 * 10) + 300 * 100 + 1000));
    char command[80];
    (void)snprintf(command, sizeof command, "/usr/bin/python3 bench/peers/mlp.py %s", name);
    const bench_side sides[] = {
        {"ours", .run = step, .context = &t},
        {"flop_bound", .run = fma_f32, .context = &flops},
        {"pytorch", .command = command},
        {"c_hand", .run = cblas_openblas()->sgemm != NULL ? by_hand : NULL, .context = &t}};
    bench_profile(name, t.step, (const void *[]){NULL}, (void *[]){&t.cost});
    bench_case(name, expected == descended ? 4 : 3, sides, NULL);
    ad_fn_free(t.step);
    nn_optimiser_free(t.optimiser);
    nn_model_free(t.net);
}

int main(void)
{
    bench_start();
    measure("mlp.sgd64", 64, nn_sgd(.rate = hand_rate), descended);
    measure("mlp.sgd128", 128, nn_sgd(.rate = hand_rate), descended);
    measure("mlp.adam64", 64, nn_adam(.rate = 1e-4), adapted);
    return bench_finish();
}
