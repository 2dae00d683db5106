/* SPDX-License-Identifier: MIT */
/* deep.50x256: one step of gradient descent of 50 dense layers of 256 units, relu between them,
 * mean squared error, 256 rows, f32; its time and the memory it needs beside weights and data.
 *
 * flop_bound is the time of its products at the core's peak: 2 256^3 three times a layer, but for
 * the gradient by the data. Baseline: pytorch (peers/nets.py), whose memory is the most that a step
 * holds at once. */
#include "bench.h"
#include "profile.h"
#include "fma.h"

#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 50, UNITS = 256, ROWS = 256, PARTS = 2 * LAYERS };
static const double rate = 1e-4;

typedef struct trainer {
    nn_model *net;
    nn_optimiser *optimiser;
    ad_fn *step;
    float cost;
    float x[ROWS * UNITS], y[ROWS * UNITS];
} trainer;

static nn_model *network(void)
{
    nn_layer *layers[LAYERS];
    for (int l = 0; l < LAYERS; l++) {
        layers[l] = nn_dense(UNITS, .activation = l + 1 < LAYERS ? ad_relu : NULL);
    }
    return nn_sequential_in(NULL, LAYERS, layers);
}

/* The step, compiled: it reads the batch and changes the weights where they are. */
static ad_fn *compile(trainer *t)
{
    ad_var w[PARTS], dw[PARTS];
    ad_tape *tape = ad_tape_new();
    nn_params_bind(nn_model_params(t->net), tape, w);
    ad_var x = ad_input_view(tape, AD_F32, AD_SHAPE(ROWS, UNITS), t->x);
    ad_var y = ad_input_view(tape, AD_F32, AD_SHAPE(ROWS, UNITS), t->y);
    ad_var cost = nn_mse(nn_forward(t->net, x, .params = w), y);
    ad_grad(cost, PARTS, w, dw);
    nn_optimiser_step(t->optimiser, w, dw, 1);
    ad_fn *f = bench_compiled(tape, 0, NULL, 1, &cost);
    if (f == NULL) {
        (void)fprintf(stderr, "deep: %s\n", ad_tape_message(tape));
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

/* Exits unless the first step lowers the cost as its length says: by rate |g|^2, |step|^2 / rate,
 * as the rate is small. */
static void must_be_a_step(trainer *t)
{
    const nn_params *params = nn_model_params(t->net);
    static float before[PARTS][UNITS * UNITS];
    double squares = 0;
    for (int i = 0; i < PARTS; i++) {
        const nn_param *param = nn_params_at(params, i);
        memcpy(before[i], param->data, param->count * sizeof(float));
    }
    step(t);
    double first = t->cost;
    for (int i = 0; i < PARTS; i++) {
        const nn_param *param = nn_params_at(params, i);
        for (size_t k = 0; k < param->count; k++) {
            double moved = (double)((const float *)param->data)[k] - (double)before[i][k];
            squares += moved * moved;
        }
    }
    step(t);
    double expected = squares / rate, got = first - t->cost;
    if (!(fabs(got - expected) <= 0.1 * expected)) {
        (void)fprintf(stderr, "deep: the cost fell from %g by %g, not %g; %s\n", first, got,
                      expected, ad_fn_message(t->step));
        exit(1);
    }
}

int main(void)
{
    static trainer t;
    bench_start();
    ad_rng rng = {.seed = 1};
    ad_rng_fill_normal(rng, AD_F32, ROWS * UNITS, t.x);
    rng.stream = 1;
    ad_rng_fill_normal(rng, AD_F32, ROWS * UNITS, t.y);
    t.net = network();
    nn_build(t.net, .input = AD_SHAPE(UNITS), .type = AD_F32);
    t.optimiser = nn_optimiser_new(nn_sgd(.rate = rate), nn_model_params(t.net), NULL, NULL);
    t.step = compile(&t);
    if (t.step == NULL) {
        return 1;
    }
    must_be_a_step(&t);
    double flops = 2.0 * ROWS * UNITS * UNITS * (3 * LAYERS - 1);
    const char *peer = "/usr/bin/python3 bench/peers/nets.py deep.50x256";
    bench_profile("deep.50x256", t.step, (const void *[]){NULL}, (void *[]){&t.cost});
    bench_case("deep.50x256", 3,
               (bench_side[]){{"ours", .run = step, .context = &t},
                              {"flop_bound", .run = fma_f32, .context = &flops},
                              {"pytorch", .command = peer}},
               NULL);
    double mib = (double)ad_fn_workspace_bytes(t.step) / (1 << 20);
    bench_row_mib("deep.50x256.memory", mib, "pytorch",
                  bench_command("/usr/bin/python3 bench/peers/nets.py deep.50x256.memory"));
    bench_row_mib("deep.50x256.memory", mib, "limit", 13);
    ad_fn_free(t.step);
    nn_optimiser_free(t.optimiser);
    nn_model_free(t.net);
    return bench_finish();
}
