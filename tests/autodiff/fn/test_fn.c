/* SPDX-License-Identifier: MIT */
/* The compiled function computes what the recording does: for every operation of the catalogue, its
 * first and its second derivative, and for programs of many operations. */
#include "fn/replay.h"

#include <criterion/criterion.h>

/* ---- every operation ---- */

static void replays(const replay *r)
{
    test_replay(r, NULL);
}

Test(fn, every_row_replays_with_two_derivatives)
{
    each_row(replays);
}

Test(fn, every_structured_operation_replays_with_two_derivatives)
{
    each_sample(replays);
}

/* ---- programs ---- */

/* A perceptron with two layers, its cost and gradient. in: x [n, 5], W [5, 7], b [7], V [7, 3] */
static void network(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var a = ad_relu(ad_add(ad_matmul(in[0], in[1]), in[2]));
    ad_var z = ad_tanh(ad_matmul(a, in[3]));
    out[0] = ad_mean(ad_square(ad_sub(z, 0.25)), AD_ALL);
    ad_grad(out[0], 3, in + 1, out + 1);
    out[4] = z;
}

Test(fn, a_network_replays_with_its_gradient)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        for (int64_t rows = 1; rows < 400; rows = 3 * rows + 1) {
            const replay r = {"network",
                              4,
                              5,
                              (ad_type)type,
                              {AD_SHAPE(rows, 5), AD_SHAPE(5, 7), AD_SHAPE(7), AD_SHAPE(7, 3)},
                              -1,
                              1,
                              network,
                              NULL};
            test_replay(&r, NULL);
        }
    }
}

/* Layers large enough to be shared between threads. in: x [m, k], W [k, n], b [n] */
static void wide_layer(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var a = ad_softplus(ad_add(ad_matmul(in[0], in[1]), in[2]));
    out[0] = ad_mean(ad_square(a), AD_ALL);
    ad_grad(out[0], 3, in, out + 1);
}

Test(fn, any_number_of_threads_gives_the_same_bits)
{
    const int counts[] = {1, 2, 3, 7};
    const int64_t rows[] = {17, 67, 130, 513}, columns[] = {1, 40, 333};
    for (int i = 0; i < 4 * 4 * 3; i++) {
        const ad_fn_options options = {.threads = counts[i % 4]};
        int64_t m = rows[i / 4 % 4], n = columns[i / 16];
        const replay r = {"wide layer",
                          3,
                          4,
                          i % 2 ? AD_F32 : AD_F64,
                          {AD_SHAPE(m, 70), AD_SHAPE(70, n), AD_SHAPE(n)},
                          -1,
                          1,
                          wide_layer,
                          NULL};
        test_replay(&r, &options);
    }
}

/* A long chain of scalars that tensors interrupt. */
static void mixed_chain(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var s = ad_sum(in[0], AD_ALL), t = in[0];
    for (int i = 0; i < 50; i++) {
        s = ad_sin(ad_mul(s, 0.9));
        t = ad_mul(ad_add(t, s), 0.5);
        if (i % 10 == 9) {
            s = ad_add(s, ad_mean(t, AD_ALL));
        }
    }
    out[0] = s;
    out[1] = t;
    ad_grad(s, 1, in, out + 2);
}

Test(fn, scalars_and_tensors_may_alternate)
{
    const replay r = {"chain", 1, 3, AD_F64, {AD_SHAPE(33)}, -1, 1, mixed_chain, NULL};
    test_replay(&r, NULL);
}

/* Parts of a tensor, read in place, and put back among zeros. in: x [n], y [n - 1, 3], n > 2 */
static void neighbours(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var x = ad_mul(in[0], 1.5);
    ad_var here = ad_slice(x, 0, 0, -1, 1), next = ad_slice(x, 0, 1, AD_END, 1);
    ad_var a = ad_square(ad_sub(next, ad_square(here)));
    out[0] = ad_add(ad_sum(a, AD_ALL), ad_sum(ad_mul(ad_slice(in[1], 0, 1, AD_END, 1), 2), AD_ALL));
    ad_grad(out[0], 2, in, out + 1);
    out[3] = ad_add(x, ad_select(x, 0, 1));
    out[4] = next;
    out[5] = ad_slice(in[0], 0, 1, 3, 1);
    out[6] = ad_add(ad_unslice(next, 0, ad_count(x) > 0 ? (int64_t)ad_count(x) : 0, 0, -1, 1), x);
}

Test(fn, parts_are_read_in_place_and_put_back_among_zeros)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        for (int64_t n = 3; n < 5000; n = 2 * n + 1) {
            const replay r = {
                "neighbours", 2, 7,          (ad_type)type, {AD_SHAPE(n), AD_SHAPE(n - 1, 3)},
                -1,           1, neighbours, NULL};
            test_replay(&r, NULL);
        }
    }
}

/* The result takes over the bytes of its argument, and some elements are far from 0. */
static void far_sine(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var x = ad_cumsum(ad_mul(in[0], ad_exp(ad_mul(in[0], 60))), 0);
    out[0] = ad_sum(ad_sin(x), AD_ALL);
    ad_grad(out[0], 1, in, out + 1);
}

Test(fn, a_sine_may_be_computed_in_the_place_of_its_argument)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const replay r = {"sine", 1, 2, (ad_type)type, {AD_SHAPE(3000)}, -1, 1, far_sine, NULL};
        test_replay(&r, NULL);
    }
}

/* ---- state ---- */

Test(fn, assignments_happen_at_the_end_and_each_call_goes_on_from_the_last)
{
    double w[2][3] = {{1, 2, 3}, {1, 2, 3}}, v[2][3] = {{4, 5, 6}, {4, 5, 6}}, count[2] = {0, 0};
    ad_fn *f = NULL;
    for (int k = 0; k < 2; k++) {
        for (int step = 0; step < 4; step++) {
            if (k == 1 && f != NULL) {
                cr_assert_eq(ad_fn_run(f, NULL, NULL), AD_OK);
                continue;
            }
            ad_tape *tape = ad_tape_new();
            ad_var vw = ad_input_view(tape, AD_F64, AD_SHAPE(3), w[k]);
            ad_var vv = ad_input_view(tape, AD_F64, AD_SHAPE(3), v[k]);
            ad_var vn = ad_input_view(tape, AD_F64, AD_SCALAR, &count[k]);
            ad_var next = ad_add(ad_mul(vw, 0.5), vv);
            ad_assign(vv, vw); /* v takes the old w */
            ad_assign(vw, next);
            ad_assign(vn, ad_add(vn, ad_sum(vw, AD_ALL))); /* of the new w */
            if (k == 1) {
                f = ad_fn_new(tape, 0, NULL, 0, NULL);
                cr_assert_not_null(f, "%s", ad_tape_message(tape));
            }
            ad_tape_free(tape);
        }
    }
    cr_expect_arr_eq(w[0], w[1], sizeof w[0]);
    cr_expect_arr_eq(v[0], v[1], sizeof v[0]);
    cr_expect_eq(count[0], count[1]);
    ad_fn_free(f);
}

Test(fn, views_may_exchange_their_contents)
{
    double a[4] = {1, 2, 3, 4}, b[4] = {5, 6, 7, 8};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(4), a);
    ad_var y = ad_input_view(tape, AD_F64, AD_SHAPE(4), b), old = ad_mul(x, 1);
    ad_assign(x, y);
    ad_assign(y, old);
    ad_fn *f = ad_fn_new(tape, 0, NULL, 0, NULL);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_expect_eq(a[0], 5);
    cr_assert_eq(ad_fn_run(f, NULL, NULL), AD_OK);
    cr_expect_eq(a[0], 1);
    cr_expect_eq(b[3], 8);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- mistakes ---- */

Test(fn, arrays_that_are_null_are_an_error_where_something_is_in_them)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_square(x), one = ad_full(tape, AD_F64, AD_SHAPE(2), 1);
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &y), *constant = ad_fn_new(tape, 0, NULL, 1, &one);
    double in = 3, out[2] = {0};
    cr_expect_eq(ad_fn_run(f, NULL, (void *[]){out}), AD_ERR_DOMAIN);
    cr_expect_str_eq(ad_fn_message(f), "the array of inputs or outputs is NULL");
    cr_expect_eq(ad_fn_run(f, (const void *[]){&in}, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_eval(f, NULL, out), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_eval(f, &in, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_eval(f, &in, out), AD_OK);
    cr_expect_eq(out[0], 9);
    cr_expect_eq(ad_fn_run(constant, NULL, (void *[]){out}), AD_OK);
    ad_fn_free(f);
    ad_fn_free(constant);
    ad_tape_free(tape);
}

Test(fn, a_function_that_could_not_be_made_does_nothing)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1);
    double number = 3;
    ad_error error;
    ad_fn *f = ad_fn_new(tape, 1, &x, -1, NULL);
    cr_expect_null(f);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_fn_run(f, (const void *[]){&number}, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_eval(f, &number, &number), AD_ERR_DOMAIN);
    cr_expect_str_not_empty(ad_fn_message(f));
    cr_expect_eq(ad_fn_matches(f, tape, 1, &x, 1, &x), 0);
    cr_expect_eq(ad_fn_is_native(f), 0);
    cr_expect_eq(ad_fn_emit_c(f, "f.c", "f"), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    cr_expect_null(ad_fn_resized(f, &(ad_shape){0}, &error));
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect_eq(ad_fn_workspace_bytes(f), 0);
    ad_workspace *w = ad_workspace_new(f, NULL);
    cr_expect_null(w);
    cr_expect_eq(ad_fn_run_in(f, w, NULL, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_eval_in(f, w, &number, &number), AD_ERR_DOMAIN);
    cr_expect_str_empty(ad_workspace_message(w));
    cr_expect_eq(number, 3);
    ad_fn_free(f);
    ad_tape_free(tape);
}
