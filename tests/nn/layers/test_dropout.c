/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS = 6, LEN = 50 };

/* What a net of dropout alone makes of rows of ones, in one step; out has room for all. */
static void drop(nn_model *net, int64_t rows, int threads, double *out)
{
    ad_tape *tape = ad_tape_new();
    ad_tape_set_threads(tape, threads);
    ad_var y = nn_forward(net, ad_full(tape, AD_F64, AD_SHAPE(rows, LEN), 1), .training = 1);
    cr_assert_eq(ad_read(y, (size_t)rows * LEN, out), AD_OK, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
}

static nn_model *dropping(double rate, uint64_t seed)
{
    nn_model *net = nn_dropout(rate);
    cr_assert_eq(nn_build(net, .input = AD_SHAPE(LEN), .seed = seed), AD_OK);
    return net;
}

Test(dropout, drops_its_part_and_scales_the_rest)
{
    double out[ROWS * LEN];
    nn_model *net = dropping(0.25, 1);
    int dropped = 0;
    drop(net, ROWS, 1, out);
    for (int i = 0; i < ROWS * LEN; i++) {
        dropped += out[i] == 0;
        cr_expect(out[i] == 0 || out[i] == 1 / 0.75);
    }
    cr_expect(dropped > 45 && dropped < 105, "%d of 300", dropped); /* 75, 4 sigma: 30 */
    nn_model_free(net);
}

Test(dropout, is_the_identity_in_evaluation)
{
    nn_model *net = dropping(0.5, 1);
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2, LEN), 0.1), y = nn_apply(net, x);
    cr_expect_eq(ad_data(y), ad_data(x));
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(dropout, has_a_mask_by_seed_step_and_place_alone)
{
    double first[ROWS * LEN], second[ROWS * LEN], other[ROWS * LEN];
    nn_model *net = dropping(0.5, 1), *same = dropping(0.5, 1), *seed = dropping(0.5, 2);
    drop(net, ROWS, 1, first);
    drop(net, ROWS, 1, second);
    cr_expect_neq(memcmp(first, second, sizeof first), 0); /* the next step */
    drop(same, ROWS - 2, 2, other);                        /* fewer rows, more threads */
    cr_expect_eq(memcmp(first, other, (ROWS - 2) * LEN * sizeof *first), 0);
    drop(same, ROWS, 2, other);
    cr_expect_eq(memcmp(second, other, sizeof second), 0);
    drop(seed, ROWS, 1, other);
    cr_expect_neq(memcmp(first, other, sizeof first), 0);
    nn_model_free(net);
    nn_model_free(same);
    nn_model_free(seed);
}

static void apart(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
{
    y[0] = nn_pass_apply(pass, parts[0], x[0]);
    y[1] = nn_pass_apply(pass, parts[1], x[0]);
    y[2] = nn_pass_apply(pass, parts[0], x[0]);
}

Test(dropout, has_another_mask_in_each_layer_and_at_each_use)
{
    nn_model *net = nn_graph(apart, 1, 3, nn_dropout(0.5), nn_dropout(0.5));
    cr_assert_eq(nn_build(net, .input = AD_SHAPE(LEN)), AD_OK);
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2, LEN), 1), y[3];
    nn_forward_many(net, 1, &x, 3, y, (nn_forward_options){.training = 1});
    for (int i = 0; i < 3; i++) {
        size_t bytes = 2 * LEN * sizeof(double);
        cr_expect_neq(memcmp(ad_data(y[i]), ad_data(y[(i + 1) % 3]), bytes), 0);
    }
    ad_tape_free(tape);
    nn_model_free(net);
}
