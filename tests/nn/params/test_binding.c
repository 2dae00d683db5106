/* SPDX-License-Identifier: MIT */
/* What nn_apply returns can be trained: parameters that are bound again are the same variables. */
#include "model.h"
#include "nn.h"

#include <criterion/criterion.h>

enum { PARAMS = 4 };

static nn_model *net;
static ad_tape *tape;
static ad_var x;

static void start(void)
{
    net = nn_sequential(nn_dense(3, .activation = ad_tanh), nn_dense(1));
    cr_assert_eq(nn_build(net, .input = AD_SHAPE(2), .type = AD_F64, .seed = 3), AD_OK);
    tape = ad_tape_new();
    x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), (double[]){0.5, -1, 2, 0.25});
}

static void stop(void)
{
    ad_tape_free(tape);
    nn_model_free(net);
}

TestSuite(binding, .init = start, .fini = stop);

/* The cost and its gradient by the bias of the last layer: sum of 2 y. */
static void expect_gradient(ad_var y, const ad_var *w)
{
    ad_var dw[PARAMS];
    double values[2], slope = 0;
    ad_var cost = ad_sum(ad_square(y), AD_ALL);
    cr_assert_eq(ad_grad(cost, PARAMS, w, dw), AD_OK, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_read(y, 2, values), AD_OK);
    cr_assert_eq(ad_read(dw[PARAMS - 1], 1, &slope), AD_OK);
    cr_expect_float_eq(slope, 2 * (values[0] + values[1]), 1e-14);
    cr_expect_neq(slope, 0);
}

Test(binding, what_is_applied_before_binding_is_trained)
{
    ad_var w[PARAMS], y = nn_apply(net, x);
    cr_assert_eq(nn_params_bind(nn_model_params(net), tape, w), AD_OK);
    expect_gradient(y, w);
}

Test(binding, what_is_applied_after_binding_is_trained)
{
    ad_var w[PARAMS];
    cr_assert_eq(nn_params_bind(nn_model_params(net), tape, w), AD_OK);
    expect_gradient(nn_apply(net, x), w);
}

Test(binding, a_model_that_is_applied_twice_has_one_set_of_parameters)
{
    ad_var w[PARAMS], first = nn_apply(net, x), second = nn_apply(net, x);
    cr_assert_eq(nn_params_bind(nn_model_params(net), tape, w), AD_OK);
    expect_gradient(first, w);
    expect_gradient(second, w);
}

Test(binding, parameters_are_bound_anew_after_a_rewind)
{
    ad_mark mark = ad_tape_mark(tape);
    for (int step = 0; step < 3; step++) {
        ad_var w[PARAMS], y = nn_apply(net, x);
        cr_assert_eq(nn_params_bind(nn_model_params(net), tape, w), AD_OK);
        expect_gradient(y, w);
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
    }
}
