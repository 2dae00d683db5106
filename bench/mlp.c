/* SPDX-License-Identifier: MIT */
/* A 784-300-100-10 network, f32, relu, softmax cross-entropy, gradient descent in batches of 64,
 * beside the same recipe in PyTorch (peers/mlp.py), one thread each.
 *
 *   mlp.sgd64     one step: rows gathered, forward, gradient, update
 *   mnist.to98    training with momentum and a cosine schedule, from the first step until 98 % of
 *                 MNIST's test set are read right, scored after each epoch; WENGERT_MNIST is
 *                 the folder that examples/data/fetch_mnist.sh names */
#include "bench.h"

#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 6400, PIXELS = 784, BATCH = 64, EPOCHS = 10 };

#define CHECK_STATUS(status, text)                                                                 \
    if ((status) != AD_OK) {                                                                       \
        (void)fprintf(stderr, "mlp: %s\n", text);                                                  \
        exit(1);                                                                                   \
    }

/* ---- one step ---- */

typedef struct trainer {
    nn_array x, y;
    nn_model *net;
    nn_stepper *stepper;
    ad_tape *tape;
    ad_mark begin;
    ad_rng rng;
    float batch[BATCH * PIXELS];
    int64_t labels[BATCH];
} trainer;

static void step(void *context)
{
    trainer *t = context;
    int64_t rows[BATCH];
    ad_var w[6], dw[6];
    ad_rng_fill_below(t->rng, ROWS, BATCH, rows);
    t->rng.counter += BATCH;
    ad_tape_rewind(t->tape, t->begin);
    nn_array_gather(&t->x, BATCH, rows, AD_F32, t->batch, NULL);
    nn_array_gather(&t->y, BATCH, rows, AD_I64, t->labels, NULL);
    nn_params_bind(nn_model_params(t->net), t->tape, w);
    ad_var x = ad_input_view(t->tape, AD_F32, AD_SHAPE(BATCH, PIXELS), t->batch);
    ad_var y = ad_input_view(t->tape, AD_I64, AD_SHAPE(BATCH), t->labels);
    ad_var cost = nn_softmax_cross_entropy(nn_forward(t->net, w, x, NULL), y);
    ad_grad(cost, 6, w, dw);
    nn_step(t->stepper, w, dw, 1);
}

static nn_model *mlp(void)
{
    return nn_sequential(nn_dense(300, .activation = ad_relu), nn_dense(100, .activation = ad_relu),
                         nn_dense(10));
}

static void bench_step(void)
{
    static trainer t;
    unsigned char *pixels = malloc((size_t)ROWS * PIXELS), labels[ROWS];
    ad_rng rng = {.seed = 1};
    for (int i = 0; pixels != NULL && i < ROWS * PIXELS; i++) {
        pixels[i] = (unsigned char)ad_rng_below(&rng, 256);
    }
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (unsigned char)ad_rng_below(&rng, 10);
    }
    t.x = nn_array_view(NN_U8, AD_SHAPE(ROWS, PIXELS), pixels);
    t.x.scale = 1.0 / 255;
    t.y = nn_array_view(NN_U8, AD_SHAPE(ROWS), labels);
    t.net = mlp();
    nn_build(t.net, .input = AD_SHAPE(PIXELS), .type = AD_F32);
    CHECK_STATUS(nn_model_status(t.net), nn_model_message(t.net));
    t.stepper = nn_stepper_new(nn_sgd(.rate = 0.01), nn_model_params(t.net), NULL, NULL);
    t.tape = ad_tape_new();
    t.begin = ad_tape_mark(t.tape);
    step(&t);
    CHECK_STATUS(ad_tape_status(t.tape), ad_tape_message(t.tape));
    bench_case("mlp.sgd64", 2,
               (bench_side[]){{"ours", .run = step, .context = &t},
                              {"pytorch", .command = "/usr/bin/python3 bench/peers/mlp.py step"}},
               NULL);
    ad_tape_free(t.tape);
    nn_stepper_free(t.stepper);
    nn_model_free(t.net);
    free(pixels);
}

/* ---- time to 98 % ---- */

static nn_array read_file(const char *folder, const char *name, double scale)
{
    char path[1024];
    ad_error error;
    nn_array array;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    ad_status status = nn_read_idx(path, &(nn_idx_options){.scale = scale}, &array, &error);
    CHECK_STATUS(status, error.message);
    return array;
}

static void bench_mnist(const char *folder)
{
    nn_array x = read_file(folder, "train-images-idx3-ubyte", 1.0 / 255);
    nn_array y = read_file(folder, "train-labels-idx1-ubyte", 1);
    nn_array test_x = read_file(folder, "t10k-images-idx3-ubyte", 1.0 / 255);
    nn_array test_y = read_file(folder, "t10k-labels-idx1-ubyte", 1);
    nn_model *net = mlp();
    nn_fit_result fit =
        nn_fit(net, x, y, .cost = nn_softmax_cross_entropy, .optim = nn_momentum(.rate = 0.05),
               .epochs = EPOCHS, .batch = BATCH, .validation_x = &test_x, .validation_y = &test_y,
               .target = 0.98, .seed = 1, .schedule = nn_cosine(0));
    CHECK_STATUS(fit.error.status, fit.error.message);
    printf("mnist: %.2f %% after %d epochs, %.2f s\n",
           100 * fit.history[fit.epochs - 1].validation.metric, fit.epochs, fit.seconds);
    char command[1200];
    (void)snprintf(command, sizeof command, "/usr/bin/python3 bench/peers/mlp.py to98 '%s'",
                   folder);
    double ours = fit.end == NN_END_TARGET ? fit.seconds * 1e6 : NAN;
    bench_row("mnist.to98", ours, "pytorch", bench_command(command));
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    nn_array_clear(&x);
    nn_array_clear(&y);
    nn_array_clear(&test_x);
    nn_array_clear(&test_y);
}

int main(void)
{
    bench_start();
    bench_step();
    const char *folder = getenv("WENGERT_MNIST");
    if (folder == NULL || folder[0] == '\0') {
        puts("mnist.to98: skipped; WENGERT_MNIST is to be the folder with its files");
    } else {
        bench_mnist(folder);
    }
    return bench_finish();
}
