/* SPDX-License-Identifier: MIT */
/* What a second thread gains: the same compiled function with two, over itself with one.
 *
 *   threads.step64       a step of gradient descent, 784-300-10 with tanh, 64 rows, f32
 *   threads.step512      1000-1000-100, 512 rows
 *   threads.elementwise  the sum of 1,000,000 f64 of tanh(x) exp(-x^2), and its gradient
 *   threads.map          x sin(x y) and its gradient over 200,000 rows
 *
 * The threads may use every CPU; where there is but one, they share it. */
#include "bench.h"
#include "profile.h"

#include <wengert/autodiff.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { BOTH = 2, MOST = 1000000, ROWS = 200000 };

/* The function with a number of threads, and what it takes and gives. */
typedef struct job {
    ad_fn *f;
    ad_map *map;
    const void *in[2];
    void *out[3];
    float cost;
} job;

static double x[MOST], y[ROWS], results[3][MOST];

static void run(void *context)
{
    job *j = context;
    if (j->f != NULL && ad_fn_run(j->f, j->in, j->out) != AD_OK) {
        (void)fprintf(stderr, "threads: %s\n", ad_fn_message(j->f));
        exit(1);
    }
    if (j->map != NULL) {
        ad_map_run(j->map, ROWS, (ad_column[]){{x, 1}, {y, 1}},
                   (ad_target[]){{results[0], 1}, {results[1], 1}, {results[2], 0}});
    }
}

static void measure(const char *name, job both[BOTH])
{
    if ((both[0].f == NULL && both[0].map == NULL) || (both[1].f == NULL && both[1].map == NULL)) {
        (void)fprintf(stderr, "%s: it cannot be compiled\n", name);
        exit(1);
    }
    bench_case(name, BOTH,
               (bench_side[]){{"ours", .run = run, .context = &both[1]},
                              {"one_thread", .run = run, .context = &both[0]}},
               NULL);
    for (int i = 0; i < BOTH; i++) {
        ad_fn_free(both[i].f);
        ad_map_free(both[i].map);
    }
}

static float *random_numbers(size_t count, double scale)
{
    float *numbers = malloc(count * sizeof *numbers);
    if (numbers == NULL) {
        exit(1);
    }
    ad_rng_fill_normal((ad_rng){.seed = count}, AD_F32, count, numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] *= (float)scale;
    }
    return numbers;
}

/* cost = mean((tanh(x w) v - 1)^2), and w and v moved down its gradient. */
static void measure_step(const char *name, int rows, int in, int hidden, int out)
{
    float *data = random_numbers((size_t)rows * (size_t)in, 1);
    float *w = random_numbers((size_t)in * (size_t)hidden, 0.05);
    float *v = random_numbers((size_t)hidden * (size_t)out, 0.05);
    job both[BOTH] = {{.f = NULL}};
    for (int i = 0; i < BOTH; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var batch = ad_input_array(tape, AD_F32, AD_SHAPE(rows, in), data), slope[2];
        ad_var weight[2] = {ad_input_view(tape, AD_F32, AD_SHAPE(in, hidden), w),
                            ad_input_view(tape, AD_F32, AD_SHAPE(hidden, out), v)};
        ad_var z = ad_matmul(ad_tanh(ad_matmul(batch, weight[0])), weight[1]);
        ad_var cost = ad_mean(ad_square(ad_sub(z, 1)), AD_ALL);
        ad_grad(cost, 2, weight, slope);
        for (int k = 0; k < 2; k++) {
            ad_assign(weight[k], ad_sub(weight[k], ad_mul(1e-4, slope[k])));
        }
        both[i] = (job){.in = {data}, .out = {&both[i].cost}};
        both[i].f = ad_fn_new_with(tape, 1, &batch, 1, &cost, &(ad_fn_options){.threads = 1 + i});
        ad_tape_free(tape);
    }
    measure(name, both);
    free(data);
    free(w);
    free(v);
}

static void measure_elementwise(void)
{
    job both[BOTH] = {{.f = NULL}};
    for (int i = 0; i < BOTH; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(MOST), x), out[2];
        out[0] = ad_sum(ad_mul(ad_tanh(in), ad_exp(ad_neg(ad_square(in)))), AD_ALL);
        ad_grad(out[0], 1, &in, &out[1]);
        both[i] = (job){.in = {x}, .out = {results[0], results[1]}};
        both[i].f = ad_fn_new_with(tape, 1, &in, 2, out, &(ad_fn_options){.threads = 1 + i});
        ad_tape_free(tape);
    }
    measure("threads.elementwise", both);
}

static void measure_map(void)
{
    job both[BOTH] = {{.f = NULL}};
    for (int i = 0; i < BOTH; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var in[2] = {ad_input(tape, 1), ad_input(tape, 2)}, out[3];
        out[0] = ad_mul(in[0], ad_sin(ad_mul(in[0], in[1])));
        ad_grad(out[0], 2, in, out + 1);
        both[i].map = ad_map_new(tape, 2, in, 3, out, &(ad_fn_options){.threads = 1 + i});
        ad_tape_free(tape);
    }
    measure("threads.map", both);
}

int main(void)
{
    cpu_set_t all;
    int is_known = sched_getaffinity(0, sizeof all, &all) == 0;
    bench_start();
    if (is_known) {
        (void)sched_setaffinity(0, sizeof all, &all);
    }
    ad_rng_fill_normal((ad_rng){.seed = 1}, AD_F64, MOST, x);
    ad_rng_fill_normal((ad_rng){.seed = 2}, AD_F64, ROWS, y);
    measure_step("threads.step64", 64, 784, 300, 10);
    measure_step("threads.step512", 512, 1000, 1000, 100);
    measure_elementwise();
    measure_map();
    return bench_finish();
}
