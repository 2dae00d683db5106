/* SPDX-License-Identifier: MIT */
#include "fn/plan/rematerialise_internal.h"
#include "fn/emitted.h"
#include "fn/replay.h"
#include "fn_show.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ---- checkpoints ---- */

enum { STAGES = 120 };

/* The fewest steps forward that reverse `stages` stages with `checkpoints` beside the one before
 * them, by trying all; cost[l][c]. */
static void fill_least(unsigned cost[STAGES + 1][STAGES + 1])
{
    for (unsigned c = 0; c <= STAGES; c++) {
        cost[0][c] = cost[1][c] = 0;
        for (unsigned l = 2; l <= STAGES; l++) {
            cost[l][c] = l * (l - 1) / 2;
            for (unsigned k = 1; k < l && c > 0; k++) {
                unsigned sum = k + cost[l - k][c - 1] + cost[k][c];
                cost[l][c] = sum < cost[l][c] ? sum : cost[l][c];
            }
        }
    }
}

static unsigned cost_of(uint32_t stages, uint32_t checkpoints)
{
    if (stages < 2 || checkpoints == 0) {
        return stages * (stages - (stages > 0)) / 2;
    }
    uint32_t k = ad__next_checkpoint(stages, checkpoints);
    return k + cost_of(stages - k, checkpoints - 1) + cost_of(k, checkpoints);
}

Test(fn_budget, checkpoints_cost_the_least_that_is_possible)
{
    static unsigned least[STAGES + 1][STAGES + 1];
    fill_least(least);
    for (uint32_t l = 2; l <= STAGES; l++) {
        for (uint32_t c = 1; c <= 12; c++) {
            uint32_t k = ad__next_checkpoint(l, c);
            cr_assert(k >= 1 && k < l);
            cr_expect_eq(cost_of(l, c), least[l][c], "%u stages, %u checkpoints: %u steps, not %u",
                         (unsigned)l, (unsigned)c, cost_of(l, c), least[l][c]);
        }
    }
    cr_expect_eq(ad__next_checkpoint(UINT32_MAX, UINT32_MAX - 1), 1u);
}

/* ---- programs under budgets ---- */

enum { WIDTH = 16, ROWS = 24, LAYERS = 200, ACTIVATION = WIDTH * ROWS * sizeof(double) };

/* tanh(x w) again and again, with the same w, and the gradient by both. */
static void chain(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape;
    ad_var a = in[0];
    for (int i = 0; i < *(const int *)user; i++) {
        a = ad_tanh(ad_matmul(a, in[1]));
    }
    out[0] = ad_mean(ad_square(a), AD_ALL);
    ad_grad(out[0], 2, in, out + 1);
}

/* The same with relu and with the sum of two layers before. */
static void residual(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape;
    ad_var a = in[0];
    for (int i = 0; i < *(const int *)user; i++) {
        a = ad_add(a, ad_mul(0.1, ad_relu(ad_matmul(a, in[1]))));
    }
    out[0] = ad_mean(a, AD_ALL);
    ad_grad(out[0], 2, in, out + 1);
}

/* Elementwise operations alone. */
static void elementwise(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape;
    ad_var a = in[0];
    for (int i = 0; i < *(const int *)user; i++) {
        a = ad_mul(ad_sin(a), ad_add(ad_cos(a), in[0]));
    }
    out[0] = ad_mean(a, AD_ALL);
    ad_grad(out[0], 1, in, out + 1);
}

/* Branches of different length that meet in the end; a second derivative. */
static void curvature(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape;
    ad_var a = in[0], b = in[0], da, dda;
    for (int i = 0; i < *(const int *)user; i++) {
        a = ad_softplus(ad_matmul(a, in[1]));
        b = i % 3 == 0 ? ad_sigmoid(ad_matmul(b, in[1])) : ad_mul(b, a);
    }
    out[0] = ad_mean(ad_mul(a, b), AD_ALL);
    ad_grad(out[0], 1, in, &da);
    ad_grad(ad_sum(ad_square(da), AD_ALL), 1, in + 1, &dda);
    out[1] = da;
    out[2] = dda;
}

static replay program_of(void (*build)(ad_tape *, const ad_var *, ad_var *, void *), int outputs,
                         int *layers)
{
    int of_matrix = build != elementwise;
    return (replay){
        "budget", 1 + of_matrix, outputs, AD_F64, {AD_SHAPE(ROWS, WIDTH), AD_SHAPE(WIDTH, WIDTH)},
        -0.5,     0.5,           build,   layers};
}

static void record(const replay *r, ad_tape *tape, ad_var *in, ad_var *out)
{
    for (int i = 0; i < r->in_count; i++) {
        in[i] = ad_full(tape, AD_F64, r->shape[i], 0.1);
        in[i] = ad_input_array(tape, AD_F64, r->shape[i], ad_data(in[i]));
    }
    r->build(tape, in, out, r->user);
}

/* The program as a function, NULL if the limit is refused. */
static ad_fn *compiled(const replay *r, const ad_fn_options *options)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    ad_tape *tape = ad_tape_new();
    record(r, tape, in, out);
    ad_fn *f = ad_fn_new_with(tape, r->in_count, in, r->out_count, out, options);
    cr_assert(f != NULL || ad_tape_status(tape) == AD_ERR_DOMAIN, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    return f;
}

/* What the function's tensors take with a limit, and what it costs; zeros if that is refused. */
static ad_fn_memory memory_of(const replay *r, size_t limit)
{
    ad_fn *f = compiled(r, &(ad_fn_options){.memory = limit});
    ad_fn_memory m = ad_fn_memory_of(f);
    ad_fn_free(f);
    return m;
}

/* The program has the recording's bits at parts of the memory that it takes without a limit, and
 * says beforehand what it takes then. */
static void check_budgets(const replay *r, double least_part)
{
    const ad_fn_memory all = memory_of(r, 0);
    double flops = 0;
    cr_expect_eq(all.rematerialised, 0u);
    for (double part = 1; part >= least_part; part *= 0.8) {
        size_t limit = (size_t)(part * (double)all.tensors);
        const ad_fn_memory m = memory_of(r, limit);
        cr_assert_gt(m.workspace, 0u, "%g of %zu bytes is refused", part, all.tensors);
        cr_expect_leq(m.tensors, limit);
        cr_expect_geq(m.again_flops, 0.9 * flops, "less memory costs less");
        flops = m.again_flops;
        test_replay(r, &(ad_fn_options){.memory = limit});
    }
    cr_expect_gt(flops, 0);
}

Test(fn_budget, a_long_chain_computes_the_same_in_a_fiftieth_of_its_memory)
{
    int layers = LAYERS;
    const replay r = program_of(chain, 3, &layers);
    check_budgets(&r, 0.02);
}

Test(fn_budget, a_residual_net_computes_the_same_in_less_memory)
{
    int layers = 60;
    const replay r = program_of(residual, 3, &layers);
    check_budgets(&r, 0.2);
}

Test(fn_budget, an_elementwise_program_computes_the_same_in_less_memory)
{
    int layers = 100;
    const replay r = program_of(elementwise, 2, &layers);
    check_budgets(&r, 0.2);
}

Test(fn_budget, second_derivatives_are_the_same_in_less_memory)
{
    int layers = 12;
    const replay r = program_of(curvature, 3, &layers);
    check_budgets(&r, 0.6);
}

/* Keeping x w and computing tanh again halves the memory for a hundredth of the work. */
Test(fn_budget, cheap_operations_are_computed_again_first)
{
    int layers = LAYERS;
    const replay r = program_of(chain, 3, &layers);
    const ad_fn_memory all = memory_of(&r, 0), half = memory_of(&r, all.tensors * 11 / 20);
    cr_expect_gt(half.rematerialised, 0u);
    cr_expect_leq(half.again_flops, (double)LAYERS * ROWS * WIDTH);
}

/* With c activations beside the few that a stage needs, a chain costs what binomial checkpoints
 * do. */
Test(fn_budget, the_work_of_a_long_chain_is_near_the_binomial_bound)
{
    int layers = LAYERS;
    const double step = 2.0 * ROWS * WIDTH * WIDTH + ROWS * WIDTH;
    const replay r = program_of(chain, 3, &layers);
    for (uint32_t c = 4; c < 60; c += c / 2) {
        const ad_fn_memory m = memory_of(&r, (c + 7) * (size_t)ACTIVATION);
        double steps = m.again_flops / step;
        double bound = (double)cost_of(LAYERS, c) - (LAYERS - 1); /* the first sweep counts not */
        cr_expect_leq(steps, 1.1 * bound + LAYERS / 4, "%u activations: %g steps, the bound is %g",
                      (unsigned)c, steps, bound);
    }
}

Test(fn_budget, what_cannot_be_met_is_refused_with_the_least)
{
    int layers = LAYERS;
    const replay r = program_of(chain, 3, &layers);
    ad_var in[2], out[3];
    unsigned long long least = 0;
    ad_tape *tape = ad_tape_new();
    record(&r, tape, in, out);
    cr_expect_null(ad_fn_new_with(tape, 2, in, 3, out, &(ad_fn_options){.memory = 64}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
    cr_expect_eq(sscanf(ad_tape_message(tape),
                        "ad_fn_new: the tensors of a call take %llu bytes at least; options.memory "
                        "is 64",
                        &least),
                 1, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    cr_expect_gt(least, 0u);
    cr_expect_leq(least, 7u * ACTIVATION);
    cr_expect_gt(memory_of(&r, (size_t)least).workspace, 0u);
    cr_expect_eq(memory_of(&r, (size_t)least - 1).workspace, 0u);
}

Test(fn_budget, running_out_of_memory_loses_nothing)
{
    int layers = 12;
    const replay r = program_of(chain, 3, &layers);
    size_t limit = memory_of(&r, 0).tensors * 2 / 3;
    ad_var in[2], out[3];
    ad_tape *tape = ad_tape_new();
    record(&r, tape, in, out);
    ad_fn *f = NULL;
    for (size_t at = 0; f == NULL; at++) {
        ad_failing_allocator state = {.fail_at = at};
        const ad_allocator allocator = ad_allocator_failing(&state);
        f = ad_fn_new_with(tape, 2, in, 3, out,
                           &(ad_fn_options){.memory = limit, .allocator = &allocator});
        cr_expect(f != NULL || ad_tape_status(tape) == AD_ERR_MEMORY, "request %zu: %s", at,
                  ad_tape_message(tape));
        ad_tape_clear_error(tape);
        if (f != NULL) {
            cr_expect_gt(ad_fn_memory_of(f).rematerialised, 0u);
            ad_fn_free(f);
        }
        cr_assert_eq(state.live, 0);
        cr_assert_lt(at, 5000u);
    }
    ad_tape_free(tape);
}

/* ---- other shapes, C ---- */

enum { MANY_ROWS = 4 * ROWS };

/* The value of the chain and its gradient, one after the other. */
typedef struct results {
    double value, slope[WIDTH * WIDTH + MANY_ROWS * WIDTH];
} results;

static void call(ad_fn *f, emitted *e, results *z)
{
    static double x[MANY_ROWS * WIDTH], w[WIDTH * WIDTH];
    for (int i = 0; i < MANY_ROWS * WIDTH; i++) {
        x[i] = (i * 37 % 101 - 50) / 50.0;
        w[i % (WIDTH * WIDTH)] = (i * 7919 % 1000 - 500) / 1500.0;
    }
    const void *in[] = {x, w};
    void *out[] = {&z->value, z->slope + WIDTH * WIDTH, z->slope};
    memset(z, 0, sizeof *z);
    cr_assert_eq(e != NULL ? emitted_run(e, in, out, NULL) : (int)ad_fn_run(f, in, out), 0);
}

Test(fn_budget, a_resized_function_keeps_its_limit)
{
    static const int64_t rows[] = {ROWS / 3, ROWS, ROWS + 9, MANY_ROWS};
    static results z[2];
    int layers = LAYERS;
    const replay r = program_of(chain, 3, &layers);
    const size_t limit = memory_of(&r, 0).tensors / 5;
    ad_fn *all = compiled(&r, &(ad_fn_options){.resizable = 1});
    ad_fn *f = compiled(&r, &(ad_fn_options){.resizable = 1, .memory = limit});
    size_t again = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const ad_shape shapes[] = {AD_SHAPE(rows[i], WIDTH), AD_SHAPE(WIDTH, WIDTH)};
        ad_error error;
        ad_fn *one = ad_fn_resized(f, shapes, &error), *other = ad_fn_resized(all, shapes, NULL);
        cr_assert(one != NULL, "%s", error.message);
        const ad_fn_memory m = ad_fn_memory_of(one);
        cr_expect_leq(m.tensors, limit);
        cr_expect_gt(m.rematerialised, again, "more rows need no more work");
        again = m.rematerialised;
        call(one, NULL, &z[0]);
        call(other, NULL, &z[1]);
        cr_expect_arr_eq(&z[0], &z[1], sizeof z[0], "%d rows differ", (int)rows[i]);
        ad_fn_free(one);
        ad_fn_free(other);
    }
    ad_fn_free(all);
    ad_fn_free(f);
}

Test(fn_budget, a_limit_that_other_shapes_cannot_meet_is_refused_with_the_least)
{
    int layers = LAYERS;
    const replay r = program_of(chain, 3, &layers);
    ad_fn *f = compiled(&r, &(ad_fn_options){.resizable = 1, .memory = (size_t)8 * ACTIVATION});
    unsigned long long least = 0, limit = 0;
    ad_error error;
    cr_expect_null(
        ad_fn_resized(f, (ad_shape[]){AD_SHAPE(MANY_ROWS, WIDTH), AD_SHAPE(WIDTH, WIDTH)}, &error));
    cr_expect_eq(error.status, AD_ERR_DOMAIN);
    cr_expect_eq(sscanf(error.message,
                        "ad_fn_resized: the tensors of a call take %llu bytes at least; "
                        "options.memory is %llu",
                        &least, &limit),
                 2, "%s", error.message);
    cr_expect_eq(limit, (unsigned long long)8 * ACTIVATION);
    cr_expect_gt(least, limit);
    ad_fn_free(f);
}

Test(fn_budget, emitted_c_computes_the_same_in_less_memory)
{
    static results z[3];
    int layers = 20;
    const replay r = program_of(chain, 3, &layers);
    ad_fn *all = compiled(&r, NULL);
    const size_t limit = ad_fn_memory_of(all).tensors / 2;
    ad_fn *f = compiled(&r, &(ad_fn_options){.memory = limit});
    emitted *e = emitted_new(f, 2, 3, 0, NULL, "gcc");
    const char *elements = strstr(emitted_text(e), "    double f64[");
    cr_assert_not_null(elements);
    cr_expect_leq(strtoull(strchr(elements, '[') + 1, NULL, 10), limit / sizeof(double));
    call(f, NULL, &z[0]);
    call(all, NULL, &z[1]);
    call(NULL, e, &z[2]);
    cr_expect_arr_eq(&z[0], &z[1], sizeof z[0]);
    cr_expect_arr_eq(&z[0], &z[2], sizeof z[0]);
    emitted_free(e);
    ad_fn_free(f);
    ad_fn_free(all);
}

/* ---- state ---- */

/* w is read again after its update is known, and still as it was when the call began. */
Test(fn_budget, views_that_are_updated_are_read_as_they_were)
{
    enum { DEEP = 30 };
    static double w[2][DEEP][WIDTH * WIDTH], x[ROWS * WIDTH];
    for (int i = 0; i < ROWS * WIDTH; i++) {
        x[i] = (i * 37 % 101 - 50) / 50.0;
    }
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < DEEP * WIDTH * WIDTH; i++) {
            w[k][i / (WIDTH * WIDTH)][i % (WIDTH * WIDTH)] = (i * 7919 % 1000 - 500) / 1500.0;
        }
        ad_fn *f = NULL;
        for (int step = 0; step < 3; step++) {
            if (f != NULL) {
                cr_assert_eq(ad_fn_run(f, NULL, NULL), AD_OK);
                continue;
            }
            ad_tape *tape = ad_tape_new();
            ad_var v[DEEP], dv[DEEP], a = ad_constant(tape, AD_F64, AD_SHAPE(ROWS, WIDTH), x);
            for (int i = 0; i < DEEP; i++) {
                v[i] = ad_input_view(tape, AD_F64, AD_SHAPE(WIDTH, WIDTH), w[k][i]);
                a = ad_tanh(ad_matmul(a, v[i]));
            }
            ad_grad(ad_mean(ad_square(a), AD_ALL), DEEP, v, dv);
            for (int i = 0; i < DEEP; i++) {
                ad_assign(v[i], ad_sub(v[i], ad_mul(0.1, dv[i])));
            }
            if (k == 1) {
                f = ad_fn_new_with(tape, 0, NULL, 0, NULL,
                                   &(ad_fn_options){.memory = 10 * (size_t)ACTIVATION});
                cr_assert_not_null(f, "%s", ad_tape_message(tape));
            }
            ad_tape_free(tape);
        }
        ad_fn_free(f);
    }
    cr_expect_arr_eq(w[0], w[1], sizeof w[0]);
}
