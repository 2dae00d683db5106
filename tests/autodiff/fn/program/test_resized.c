/* SPDX-License-Identifier: MIT */
/* A function resized to other shapes has the bits of a recording at those shapes. */
#include "fn/program/resized.h"
#include "fn/replay.h"

#include "nn.h"

#include <criterion/criterion.h>
#include <string.h>

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
        test_resizes(&(resized_program){
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
    test_resizes(&(resized_program){
        "curvature",
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
    ad_jvp(2, y, 1, in, in + 1, out);
    ad_jvp(1, &in[1], 1, in, in + 1, out + 2);
}

Test(resized, directional_derivatives_do)
{
    test_resizes(
        &(resized_program){"directions", 2, 3, {AD_SHAPE(N, 4), AD_SHAPE(N, 4)}, {0}, directions});
}

Test(resized, statistics_over_the_batch_do)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const ad_type t = (ad_type)type;
        test_resizes(&(resized_program){"statistics",
                                        3,
                                        5,
                                        {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)},
                                        {t, t, t},
                                        resized_statistics});
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
    test_resizes(&(resized_program){
        "flattened", 2, 4, {AD_SHAPE(N, 4, 6), AD_SHAPE(24, 5)}, {0}, flattened});
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
    test_resizes(&(resized_program){"empty", 1, 2, {AD_SHAPE(N, 0)}, {0}, empty});
    const resized_program p = {"regrouped", 1, 1, {AD_SHAPE(N, 0)}, {0}, regrouped};
    const ad_shape shape = AD_SHAPE(7, 0);
    ad_error error;
    ad_fn *f = resized_recorded(&p, 3, &(ad_fn_options){.resizable = 1});
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
    test_resizes(
        &(resized_program){"products",
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
    test_resizes(&(resized_program){
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
    test_resizes(&(resized_program){"movement",
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
    test_resizes(&(resized_program){
        "pools", 2, 2, {AD_SHAPE(N, 4, 6), AD_SHAPE(2)}, {AD_F64, AD_I64}, noisy_pools});
}

/* A gradient that nothing reaches, and one of a literal. in: x [n, 2], y [n] */
static void unused(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_grad(ad_sum(in[1], AD_ALL), 2, in, out);
}

Test(resized, gradients_that_are_numbers_have_the_new_shape)
{
    test_resizes(&(resized_program){"unused", 2, 2, {AD_SHAPE(N, 2), AD_SHAPE(N)}, {0}, unused});
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
        ad_var total = nn_mse(nn_forward(net, in[0], .params = vars), in[1]);
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
