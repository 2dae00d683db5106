/* SPDX-License-Identifier: MIT */
/* A function resized to other shapes has the bits of a recording at those shapes, or an error says
 * which operation did not follow. */
#include "fn/replay.h"

#include "nn.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = -1, MOST = 6 }; /* N in a shape: the length that changes */

typedef struct program {
    const char *text;
    int in_count, out_count;
    ad_shape shape[MOST];
    ad_type type[MOST]; /* AD_I64: classes 0 .. 2 */
    void (*build)(ad_tape *tape, const ad_var *in, ad_var *out);
} program;

static void draw(const program *p, int64_t n, uint64_t seed, ad_shape *shapes, void **x)
{
    for (int i = 0; i < p->in_count; i++) {
        shapes[i] = p->shape[i];
        for (int axis = 0; axis < shapes[i].rank; axis++) {
            shapes[i].len[axis] = shapes[i].len[axis] == N ? n : shapes[i].len[axis];
        }
        size_t count = ad_shape_count(&shapes[i]);
        ad_rng rng = {.seed = seed, .stream = (uint64_t)i};
        x[i] = malloc(count * sizeof(double) + 1);
        for (size_t k = 0; k < count; k++) {
            double u = k % 5 == 3 ? -0.0 : 2 * ad_rng_uniform(&rng) - 1;
            if (p->type[i] == AD_F64) {
                ((double *)x[i])[k] = u;
            } else if (p->type[i] == AD_F32) {
                ((float *)x[i])[k] = (float)u;
            } else {
                ((int64_t *)x[i])[k] = (int64_t)(1.5 * (u + 1));
            }
        }
    }
}

static void record(const program *p, ad_tape *tape, const ad_shape *shapes, void *const *x,
                   ad_var *in, ad_var *out)
{
    for (int i = 0; i < p->in_count; i++) {
        in[i] = ad_input_array(tape, p->type[i], shapes[i], x[i]);
    }
    p->build(tape, in, out);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", p->text, ad_tape_message(tape));
}

static ad_fn *recorded_at(const program *p, int64_t n, const ad_fn_options *options)
{
    ad_shape shapes[MOST];
    void *x[MOST];
    ad_var in[MOST], out[MOST];
    ad_tape *tape = ad_tape_new();
    draw(p, n, 1, shapes, x);
    record(p, tape, shapes, x, in, out);
    ad_fn *f = ad_fn_new_with(tape, p->in_count, in, p->out_count, out, options);
    ad_tape_free(tape);
    for (int i = 0; i < p->in_count; i++) {
        free(x[i]);
    }
    return f;
}

/* Compares f resized to n with a recording at n; exact: it is the same program too. */
static void compare(const program *p, const ad_fn *f, int64_t from, int64_t n, int exact)
{
    ad_shape shapes[MOST];
    void *x[MOST], *z[MOST];
    ad_var in[MOST], out[MOST];
    ad_error error;
    draw(p, n, 2, shapes, x);
    ad_fn *g = ad_fn_resized(f, shapes, &error);
    cr_assert(g != NULL, "%s, %d to %d: %s", p->text, (int)from, (int)n, error.message);
    ad_tape *tape = ad_tape_new();
    record(p, tape, shapes, x, in, out);
    for (int i = 0; i < p->out_count; i++) {
        z[i] = malloc(ad_count(out[i]) * sizeof(double) + 1);
    }
    cr_assert_eq(ad_fn_run(g, (const void *const *)x, z), AD_OK, "%s", ad_fn_message(g));
    for (int i = 0; i < p->out_count; i++) {
        cr_expect(test_same_elements(ad_type_of(out[i]), ad_count(out[i]), z[i], ad_data(out[i])),
                  "%s, %d to %d: output %d differs", p->text, (int)from, (int)n, i);
        free(z[i]);
    }
    if (exact) {
        cr_expect(ad_fn_matches(g, tape, p->in_count, in, p->out_count, out),
                  "%s, %d to %d: another program", p->text, (int)from, (int)n);
    }
    for (int i = 0; i < p->in_count; i++) {
        free(x[i]);
    }
    ad_tape_free(tape);
    ad_fn_free(g);
}

/* Recorded at lengths that other axes have too. Where a length becomes 1, a recording may leave
 * sums over it out, which change nothing. */
static void resizes(const program *p)
{
    static const int64_t from[] = {24, 7, 3}, to[] = {1, 2, 3, 5, 7, 24, 31, 100};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        ad_fn *f = recorded_at(p, from[i], &(ad_fn_options){.resizable = 1});
        cr_assert(f != NULL, "%s", p->text);
        for (size_t j = 0; j < sizeof to / sizeof *to; j++) {
            compare(p, f, from[i], to[j], to[j] > 1);
        }
        ad_fn_free(f);
    }
}

/* ---- networks ---- */

/* in: x [n, 5], W [5, 7], b [7], V [7, 3], c [3], classes [n] */
static void classifier(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var a = ad_relu(ad_add(ad_matmul(in[0], in[1]), in[2]));
    ad_var z = ad_add(ad_matmul(a, in[3]), in[4]);
    out[0] = nn_softmax_cross_entropy(z, in[5]);
    ad_grad(out[0], 5, in, out + 1);
}

Test(resized, networks_with_labels_have_the_bits_of_a_recording_at_the_size)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const ad_type t = (ad_type)type;
        resizes(&(program){
            "classifier",
            6,
            6,
            {AD_SHAPE(N, 5), AD_SHAPE(5, 7), AD_SHAPE(7), AD_SHAPE(7, 3), AD_SHAPE(3), AD_SHAPE(N)},
            {t, t, t, t, t, AD_I64},
            classifier});
    }
}

/* The gradient's gradient. in: x [n, 5], W [5, 7], b [7], V [7, 1], y [n] */
static void curvature(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var d[3];
    ad_var a = ad_tanh(ad_add(ad_matmul(in[0], in[1]), in[2]));
    ad_var z = ad_matmul(a, in[3]);
    ad_grad(ad_add(nn_mse(z, in[4]), nn_quadratic(z, in[4])), 3, in + 1, d);
    out[0] = ad_add(ad_sum(ad_square(d[0]), AD_ALL), ad_sum(ad_square(d[2]), AD_ALL));
    ad_grad(out[0], 4, in, out + 1);
}

Test(resized, second_derivatives_do)
{
    resizes(&(program){"curvature",
                       5,
                       5,
                       {AD_SHAPE(N, 5), AD_SHAPE(5, 7), AD_SHAPE(7), AD_SHAPE(7, 1), AD_SHAPE(N)},
                       {0},
                       curvature});
}

/* in: x [n, 4], v [n, 4]. The direction of x's own change, and that of what does not depend on
 * it. */
static void directions(ad_tape *tape, const ad_var *in, ad_var *out)
{
    ad_var y[] = {ad_tanh(in[0]), ad_mean(ad_square(in[0]), AD_AXES(1))};
    (void)tape;
    ad_jvp(1, in, in + 1, 2, y, out);
    ad_jvp(1, in, in + 1, 1, &in[1], out + 2);
}

Test(resized, directional_derivatives_do)
{
    resizes(&(program){"directions", 2, 3, {AD_SHAPE(N, 4), AD_SHAPE(N, 4)}, {0}, directions});
}

/* in: x [n, 7], gain [7], shift [1, 7] */
static void batch_statistics(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var variance = ad_variance(in[0], AD_AXES(0), 0);
    ad_var scaled =
        ad_div(ad_sub(in[0], ad_mean(in[0], AD_AXES(0))), ad_sqrt(ad_add(variance, 1e-5)));
    ad_var z = ad_mul(ad_add(ad_mul(scaled, in[1]), in[2]), in[2]);
    out[0] = ad_add(ad_mean(ad_sin(z), AD_ALL), ad_sum(ad_std(z, AD_KEEP(-1), 1), AD_ALL));
    out[1] = ad_variance(in[0], AD_ALL, 1);
    ad_grad(out[0], 3, in, out + 2);
}

Test(resized, statistics_over_the_batch_do)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const ad_type t = (ad_type)type;
        resizes(&(program){"statistics",
                           3,
                           5,
                           {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)},
                           {t, t, t},
                           batch_statistics});
    }
}

/* ---- shapes ---- */

/* in: x [n, 4, 6], w [24, 5] */
static void flattened(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    int64_t n = ad_shape_of(in[0]).len[0];
    ad_var rows = ad_reshape(in[0], AD_SHAPE(n, 24)), z = ad_tanh(ad_matmul(rows, in[1]));
    ad_var tall = ad_reshape(in[0], AD_SHAPE(-1, 6)), flat = ad_reshape(in[0], AD_SHAPE(n * 24));
    ad_var apart = ad_expand_dims(ad_expand_dims(z, 0), -1);
    ad_var back = ad_reshape(ad_reshape(z, AD_SHAPE(-1)), AD_SHAPE(n, -1));
    out[0] = ad_add(ad_sum(ad_mul(z, ad_squeeze(apart, AD_AXES(0, -1))), AD_ALL),
                    ad_mean(ad_square(tall), AD_ALL));
    out[0] = ad_add(out[0], ad_add(ad_norm(flat, AD_ALL), ad_sum(ad_exp(back), AD_ALL)));
    ad_grad(out[0], 2, in, out + 1);
    out[3] = apart;
}

Test(resized, reshapes_follow_the_length)
{
    resizes(&(program){"flattened", 2, 4, {AD_SHAPE(N, 4, 6), AD_SHAPE(24, 5)}, {0}, flattened});
}

/* in: x [n, 0]. Nothing in it, but sums over its axis of length 0 have n elements. */
static void empty(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var wide = ad_reshape(in[0], AD_SHAPE(1, ad_shape_of(in[0]).len[0], 0));
    out[0] = ad_sum(ad_exp(wide), AD_AXES(2));
    out[1] = ad_prod(ad_squeeze(ad_expand_dims(in[0], 1), AD_AXES(1)), AD_AXES(1));
    ad_grad(ad_sum(ad_add(ad_sum(out[0], AD_AXES(0)), 1), AD_ALL), 1, in, out + 2);
}

static void regrouped(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    out[0] = ad_reshape(in[0], AD_SHAPE(0, 24));
}

Test(resized, reshapes_of_no_elements_follow_axis_by_axis)
{
    resizes(&(program){"empty", 1, 2, {AD_SHAPE(N, 0)}, {0}, empty});
    const program p = {"regrouped", 1, 1, {AD_SHAPE(N, 0)}, {0}, regrouped};
    const ad_shape shape = AD_SHAPE(7, 0);
    ad_error error;
    ad_fn *f = recorded_at(&p, 3, &(ad_fn_options){.resizable = 1});
    cr_expect_null(ad_fn_resized(f, &shape, &error));
    cr_expect_eq(error.status, AD_ERR_SHAPE);
    cr_expect_not_null(strstr(error.message, "[3, 0] to [0, 24], and now [7, 0]"), "%s",
                       error.message);
    ad_fn_free(f);
}

/* in: x [n, 3, 4], w [4, 5], v [4], u [n, 3] */
static void products(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var z = ad_tanh(ad_matmul(in[0], in[1]));
    ad_var own = ad_matmul_with(in[0], in[0], 0, 1), vector = ad_matmul(in[0], in[2]);
    ad_var stacked = ad_matmul(ad_expand_dims(in[3], 1), in[0]);
    out[0] = ad_add(ad_sum(z, AD_ALL), ad_sum(ad_sin(own), AD_ALL));
    out[0] = ad_add(out[0],
                    ad_add(ad_sum(ad_square(vector), AD_ALL), ad_sum(ad_square(stacked), AD_ALL)));
    ad_grad(out[0], 4, in, out + 1);
}

Test(resized, products_of_stacks_of_matrices_do)
{
    resizes(&(program){"products",
                       4,
                       5,
                       {AD_SHAPE(N, 3, 4), AD_SHAPE(4, 5), AD_SHAPE(4), AD_SHAPE(N, 3)},
                       {0},
                       products});
}

/* in: x [n, 6], s [1, 6], t [n, 1] */
static void reductions(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var x = ad_mul(ad_add(in[0], in[1]), in[2]);
    ad_var sum =
        ad_add(ad_sum(ad_max(x, AD_AXES(0)), AD_ALL), ad_sum(ad_min(x, AD_AXES(1)), AD_ALL));
    sum = ad_add(sum, ad_sum(ad_logsumexp(x, AD_AXES(0)), AD_ALL));
    sum = ad_add(sum, ad_sum(ad_square(ad_softmax(x, AD_AXES(0))), AD_ALL));
    sum = ad_add(sum, ad_sum(ad_norm(x, AD_AXES(0)), AD_ALL));
    sum = ad_add(sum, ad_sum(ad_prod(x, AD_AXES(0)), AD_ALL));
    sum = ad_add(sum, ad_sum(ad_sin(ad_cumsum(x, 0)), AD_ALL));
    out[0] = ad_add(sum, ad_mul(ad_size(x, AD_ALL), ad_mean(x, AD_ALL)));
    ad_grad(out[0], 3, in, out + 1);
    out[4] = ad_argmax(x, AD_AXES(0));
    ad_grad(ad_sum(ad_mul(in[0], in[1]), AD_ALL), 1, in + 1, out + 5); /* -0 at a length of 1 */
}

Test(resized, reductions_scans_and_broadcasting_do)
{
    resizes(&(program){
        "reductions", 3, 6, {AD_SHAPE(N, 6), AD_SHAPE(1, 6), AD_SHAPE(N, 1)}, {0}, reductions});
}

/* in: x [n, 6], table [3, 6], classes [n] */
static void movement(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    int64_t n = ad_shape_of(in[0]).len[0];
    ad_var x = in[0], taken = ad_take(in[1], in[2], 0);
    ad_var column = ad_reshape(in[2], AD_SHAPE(n, 1));
    ad_var picked = ad_gather(x, column, 1);
    ad_var counts = ad_segment_sum(ad_square(x), in[2], 0, 3);
    ad_var set = ad_scatter(ad_sin(x), column, picked, 1);
    ad_var wide = ad_concat(2, (ad_var[]){set, taken}, 1);
    ad_var padded = ad_pad(ad_flip(wide, AD_AXES(0)), 0, 1, 2, 0.5);
    ad_var parts[2];
    ad_split(padded, 1, 2, NULL, parts);
    ad_var both = ad_stack(2, parts, 0), tiled = ad_tile(ad_repeat(x, 0, 2), 0, 3);
    ad_var later = ad_slice(padded, 0, 1, AD_END, 2), last = ad_select(both, 1, -1);
    out[0] = ad_add(ad_sum(ad_square(both), AD_ALL), ad_sum(ad_sin(tiled), AD_ALL));
    out[0] = ad_add(out[0], ad_add(ad_sum(ad_sin(later), AD_ALL), ad_sum(ad_sin(last), AD_ALL)));
    out[0] = ad_add(out[0], ad_sum(ad_sqrt(ad_add(counts, 1)), AD_ALL));
    ad_grad(out[0], 2, in, out + 1);
    out[3] = tiled;
    out[4] = ad_transpose(ad_broadcast_to(ad_expand_dims(x, 1), AD_SHAPE(n, 2, 6)), AD_ALL);
}

Test(resized, moved_elements_do)
{
    resizes(&(program){"movement",
                       3,
                       5,
                       {AD_SHAPE(N, 6), AD_SHAPE(3, 6), AD_SHAPE(N)},
                       {AD_F64, AD_F64, AD_I64},
                       movement});
}

/* in: images [n, 4, 6], key [2] */
static void noisy_pools(ad_tape *tape, const ad_var *in, ad_var *out)
{
    ad_var z = ad_max_pool(in[0], AD_SHAPE(2, 2), AD_SHAPE(2, 2), AD_SHAPE(0, 0));
    ad_var noise = ad_shaped_like(ad_random_normal(in[1], 0, ad_shape_of(z), AD_F64), z);
    ad_var zero = ad_shaped_like(ad_full(tape, AD_F64, ad_shape_of(z), 0), z);
    ad_var kept = ad_shaped_like(ad_random_bernoulli(in[1], 1, 0.5, ad_shape_of(z), AD_F64), z);
    out[0] = ad_mean(ad_square(ad_add(ad_mul(z, kept), ad_add(noise, zero))), AD_ALL);
    ad_grad(out[0], 1, in, out + 1);
}

Test(resized, shapes_said_to_be_a_variables_do)
{
    resizes(
        &(program){"pools", 2, 2, {AD_SHAPE(N, 4, 6), AD_SHAPE(2)}, {AD_F64, AD_I64}, noisy_pools});
}

/* A gradient that nothing reaches, and one of a literal. in: x [n, 2], y [n] */
static void unused(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_grad(ad_sum(in[1], AD_ALL), 2, in, out);
}

Test(resized, gradients_that_are_numbers_have_the_new_shape)
{
    resizes(&(program){"unused", 2, 2, {AD_SHAPE(N, 2), AD_SHAPE(N)}, {0}, unused});
}

/* ---- every operation, to its own shapes ---- */

static void replays(const replay *r)
{
    test_replay(r, &(ad_fn_options){.resizable = 1});
}

Test(resized, every_row_and_structured_operation_goes_through_a_resizable_function)
{
    each_row(replays);
    each_sample(replays);
}

/* ---- state ---- */

/* Three steps of Adam, of sizes 12, 5 and 12, on views. */
static void train(int resized, double *w, double *cost)
{
    static const int64_t sizes[] = {12, 5, 12};
    ad_error error;
    nn_model *net = nn_sequential(nn_dense(5, .activation = ad_tanh), nn_dense(1));
    nn_build(net, .input = AD_SHAPE(12), .seed = 3);
    nn_optimiser *optimiser =
        nn_optimiser_new(nn_adam(.rate = 0.1), nn_model_params(net), NULL, &error);
    ad_fn *f = NULL, *g = NULL;
    for (int step = 0; step < 3; step++) {
        const ad_shape shapes[] = {AD_SHAPE(sizes[step], 12), AD_SHAPE(sizes[step], 1)};
        double x[12 * 12], y[12];
        ad_rng_fill_uniform((ad_rng){.seed = (uint64_t)step}, AD_F64, 12 * 12, x);
        ad_rng_fill_uniform((ad_rng){.seed = 7}, AD_F64, 12, y);
        if (step > 0 && resized) {
            f = f != NULL ? f : g;
            ad_fn *h = step == 1 ? ad_fn_resized(f, shapes, &error) : NULL;
            nn_optimiser_advance(optimiser, 1);
            ad_status status =
                ad_fn_run(h != NULL ? h : f, (const void *[]){x, y}, (void *[]){&cost[step]});
            cr_assert_eq(status, AD_OK, "%s", step == 1 ? error.message : "");
            cr_assert(step != 1 || h != NULL);
            ad_fn_free(h);
            continue;
        }
        ad_tape *tape = ad_tape_new();
        ad_var vars[4], grads[4];
        nn_params_bind(nn_model_params(net), tape, vars);
        ad_var in[] = {ad_input_array(tape, AD_F64, shapes[0], x),
                       ad_input_array(tape, AD_F64, shapes[1], y)};
        ad_var total = nn_mse(nn_forward(net, vars, in[0], NULL), in[1]);
        cost[step] = ad_value(total);
        ad_grad(total, 4, vars, grads);
        nn_optimiser_step(optimiser, vars, grads, 1);
        cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
        if (resized) {
            g = ad_fn_new_with(tape, 2, in, 1, &total, &(ad_fn_options){.resizable = 1});
        }
        ad_tape_free(tape);
    }
    const nn_param *first = nn_params_at(nn_model_params(net), 0);
    memcpy(w, first->data, 60 * sizeof *w);
    ad_fn_free(f);
    nn_optimiser_free(optimiser);
    nn_model_free(net);
}

Test(resized, a_step_of_training_assigns_the_same_bits)
{
    double w[2][60], cost[2][3];
    for (int resized = 0; resized < 2; resized++) {
        train(resized, w[resized], cost[resized]);
    }
    cr_expect_arr_eq(w[0], w[1], sizeof w[0]);
    cr_expect_arr_eq(cost[0], cost[1], sizeof cost[0]);
}

/* ---- errors ---- */

/* Expects the resizing to fail with texts in its message. in: one input [12, 4] */
static void fails(void (*build)(ad_tape *, const ad_var *, ad_var *), ad_shape shape,
                  ad_status status, const char *text, const char *also)
{
    const program p = {"error", 1, 1, {AD_SHAPE(12, 4)}, {AD_F64}, build};
    ad_fn *f = recorded_at(&p, 0, &(ad_fn_options){.resizable = 1});
    ad_error error;
    cr_assert(f != NULL);
    cr_expect(ad_fn_resized(f, &shape, &error) == NULL, "%s", text);
    cr_expect_eq(error.status, status, "%s", error.message);
    cr_expect(strstr(error.message, text) != NULL, "%s", error.message);
    cr_expect(strstr(error.message, also) != NULL, "%s", error.message);
    cr_expect(ad_fn_resized(f, &shape, NULL) == NULL);
    ad_fn_free(f);
}

static void plain(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    out[0] = ad_sum(in[0], AD_AXES(1));
}

static void constant_rows(ad_tape *tape, const ad_var *in, ad_var *out)
{
    static const double ones[48] = {1};
    out[0] = ad_add(in[0], ad_constant(tape, AD_F64, AD_SHAPE(12, 4), ones));
}

static void fixed_full(ad_tape *tape, const ad_var *in, ad_var *out)
{
    out[0] = ad_mul(ad_full(tape, AD_F64, AD_SHAPE(12, 4), 2), in[0]);
}

static void unclear_reshape(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    out[0] = ad_reshape(ad_reshape(in[0], AD_SHAPE(-1)), AD_SHAPE(6, 8));
}

static void halves(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var part[2];
    ad_split(in[0], 0, 2, NULL, part);
    out[0] = ad_add(part[0], part[1]);
}

static void joined_rows(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var both = ad_concat(2, (ad_var[]){in[0], ad_sin(in[0])}, 0);
    ad_grad(ad_sum(ad_square(both), AD_ALL), 1, in, out);
}

static void stored(ad_tape *tape, const ad_var *in, ad_var *out)
{
    static double memory[48];
    out[0] = ad_assign(ad_input_view(tape, AD_F64, AD_SHAPE(12, 4), memory), ad_sin(in[0]));
}

Test(resized, what_does_not_follow_is_named_with_its_line)
{
    fails(constant_rows, AD_SHAPE(5, 4), AD_ERR_SHAPE, "ad_add", "test_resized.c:");
    fails(constant_rows, AD_SHAPE(1, 4), AD_ERR_SHAPE, "ad_add", "length in common");
    fails(fixed_full, AD_SHAPE(1, 4), AD_ERR_SHAPE, "ad_mul", "ad_shaped_like");
    fails(unclear_reshape, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_reshape", "not clear");
    fails(halves, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_slice", "axis of length 12");
    fails(joined_rows, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_slice", "test_resized.c:");
    fails(stored, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_assign", "[12, 4]");
}

Test(resized, shapes_must_have_the_axes_that_the_function_has)
{
    fails(plain, AD_SHAPE(12), AD_ERR_SHAPE, "input 0 is [12, 4]", "[12]");
    fails(plain, AD_SHAPE(12, 0), AD_ERR_SHAPE, "input 0", "[12, 0]");
    fails(plain, AD_SHAPE(12, -1), AD_ERR_SHAPE, "input 0", "[12, -1]");
    const program one = {"one row", 1, 1, {AD_SHAPE(N, 4)}, {AD_F64}, plain};
    ad_fn *f = recorded_at(&one, 1, &(ad_fn_options){.resizable = 1});
    const ad_shape three = AD_SHAPE(3, 4);
    ad_error error;
    cr_expect(ad_fn_resized(f, &three, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_SHAPE);
    ad_fn_free(f);
}

Test(resized, only_a_function_made_for_it_is_resized)
{
    const program p = {"plain", 1, 1, {AD_SHAPE(N, 4)}, {AD_F64}, plain};
    const ad_shape shape = AD_SHAPE(3, 4);
    ad_error error;
    ad_fn *f = recorded_at(&p, 12, NULL);
    cr_expect(ad_fn_resized(f, &shape, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect(strstr(error.message, "resizable") != NULL, "%s", error.message);
    ad_fn_free(f);
    f = recorded_at(&p, 12, &(ad_fn_options){.resizable = 1});
    ad_fn *g = ad_fn_resized(f, &shape, &error);
    ad_fn_free(f); /* g does not need it */
    cr_assert(g != NULL);
    cr_expect(ad_fn_resized(g, &shape, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_STATE);
    double x[12] = {1, 2, 3, 4}, z[3];
    cr_expect_eq(ad_fn_eval(g, x, z), AD_OK);
    cr_expect_eq(z[0], 10);
    ad_fn_free(g);
}

static void branching(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var sum = ad_sum(in[0], AD_ALL);
    out[0] = ad_branch(ad_above(sum, 0)) ? ad_mean(in[0], AD_ALL) : sum;
}

Test(resized, a_guard_stays_with_the_function_that_was_recorded)
{
    const program p = {"branching", 1, 1, {AD_SHAPE(N, 1)}, {AD_F64}, branching};
    const ad_shape shape = AD_SHAPE(2, 1);
    double up[3] = {1, 2, 4}, down[3] = {-1, -2, -4}, z[2];
    ad_fn *f = recorded_at(&p, 3, &(ad_fn_options){.resizable = 1, .guard = 1});
    ad_fn *g = ad_fn_resized(f, &shape, NULL);
    cr_assert(f != NULL && g != NULL);
    cr_expect_eq(ad_fn_eval(f, up, &z[0]), AD_OK);
    size_t changed = ad_fn_guard(f, 0, NULL);
    cr_expect_eq(ad_fn_eval(f, down, &z[1]), AD_OK);
    cr_expect_eq(changed + ad_fn_guard(f, 0, NULL), 1); /* the drawn numbers took one of them */
    cr_expect_eq(ad_fn_eval(g, up, z), AD_OK);
    cr_expect_eq(ad_fn_guard(g, 0, NULL), 0);
    ad_fn_free(f);
    ad_fn_free(g);
}

/* ---- cost ---- */

Test(resized, a_resizable_function_needs_no_larger_workspace)
{
    const program p = {"statistics",    3, 5, {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)}, {0},
                       batch_statistics};
    ad_fn *f = recorded_at(&p, 64, NULL),
          *g = recorded_at(&p, 64, &(ad_fn_options){.resizable = 1});
    cr_expect_eq(ad_fn_workspace_bytes(f), ad_fn_workspace_bytes(g));
    ad_fn_free(f);
    ad_fn_free(g);
}

/* ---- memory ---- */

Test(resized, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    const program p = {"statistics",    3, 5, {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)}, {0},
                       batch_statistics};
    const ad_shape shapes[] = {AD_SHAPE(5, 7), AD_SHAPE(7), AD_SHAPE(1, 7)};
    int failures = 0;
    for (size_t fail_at = 0; fail_at < 5000; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_error error = {.status = AD_OK};
        ad_fn *f = recorded_at(&p, 12, &(ad_fn_options){.resizable = 1, .allocator = &allocator});
        ad_fn *g = f != NULL ? ad_fn_resized(f, shapes, &error) : NULL;
        cr_expect(f == NULL || (g != NULL) == (error.status == AD_OK));
        cr_expect(error.status == AD_OK || error.status == AD_ERR_MEMORY, "%s", error.message);
        int failed = g == NULL;
        failures += failed;
        ad_fn_free(g);
        ad_fn_free(f);
        cr_expect_eq(state.live, 0, "%zu blocks lost when request %zu fails", state.live, fail_at);
        if (!failed) {
            break;
        }
    }
    cr_expect_gt(failures, 20);
}
