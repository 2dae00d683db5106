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
 * for forward, gradient by the weights, and gradient by the activations but not by the pixels. */
#include "bench.h"
#include "fma.h"

#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIXELS = 784, MAX_ROWS = 128 };

typedef struct trainer {
    nn_model *net;
    nn_stepper *stepper;
    ad_fn *step;
    int64_t rows;
    float cost;
    float pixels[MAX_ROWS * PIXELS];
    int64_t labels[MAX_ROWS];
} trainer;

/* The step, compiled: it reads the batch and changes the weights where they are. */
static ad_fn *compile(trainer *t)
{
    ad_var w[6], dw[6];
    ad_tape *tape = ad_tape_new();
    nn_params_bind(nn_model_params(t->net), tape, w);
    ad_var x = ad_input_view(tape, AD_F32, AD_SHAPE(t->rows, PIXELS), t->pixels);
    ad_var y = ad_input_view(tape, AD_I64, AD_SHAPE(t->rows), t->labels);
    ad_var cost = nn_softmax_cross_entropy(nn_forward(t->net, w, x, NULL), y);
    ad_grad(cost, 6, w, dw);
    nn_step(t->stepper, w, dw, 1);
    ad_fn *f = ad_fn_new(tape, 0, NULL, 1, &cost);
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
    ad_fn_run(t->step, NULL, (void *[]){&t->cost});
}

/* Learning one batch by heart is proof enough that a step is one. */
static void must_learn(trainer *t, const char *name)
{
    step(t);
    double first = t->cost;
    for (int i = 0; i < 100; i++) {
        step(t);
    }
    if (fabs(first - log(10)) > 1.5 || !(t->cost < 0.9 * first)) {
        (void)fprintf(stderr, "%s: cost %g, then %g; %s\n", name, first, (double)t->cost,
                      ad_fn_message(t->step));
        exit(1);
    }
}

static void measure(const char *name, int64_t rows, nn_optim optim)
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
    t.stepper = nn_stepper_new(optim, nn_model_params(t.net), NULL, NULL);
    t.step = compile(&t);
    must_learn(&t, name);
    double flops = (double)(2 * rows * (2 * (784 * 300 + 300 * 100 + 100 * 10) + 300 * 100 + 1000));
    char command[80];
    (void)snprintf(command, sizeof command, "/usr/bin/python3 bench/peers/mlp.py %s", name);
    bench_case(name, 3,
               (bench_side[]){{"ours", .run = step, .context = &t},
                              {"flop_bound", .run = fma_f32, .context = &flops},
                              {"pytorch", .command = command}},
               NULL);
    ad_fn_free(t.step);
    nn_stepper_free(t.stepper);
    nn_model_free(t.net);
}

int main(void)
{
    bench_start();
    measure("mlp.sgd64", 64, nn_sgd(.rate = 0.01));
    measure("mlp.sgd128", 128, nn_sgd(.rate = 0.01));
    measure("mlp.adam64", 64, nn_adam(.rate = 1e-4));
    return bench_finish();
}
