/* SPDX-License-Identifier: MIT */
#include "costs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ad_var matrix(ad_tape *tape, int64_t rows, int64_t columns, const double *data)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(rows, columns), data);
}

Test(costs, have_the_value_of_their_equation)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = matrix(tape, 2, 2, (double[]){1, 2, 3, 4});
    ad_var y = matrix(tape, 2, 2, (double[]){1, 0, 6, 3});
    cr_expect_eq(ad_value(nn_mse(a, y)), (0 + 4 + 9 + 1) / 4.0);
    cr_expect_eq(ad_value(nn_mae(a, y)), (0 + 2 + 3 + 1) / 4.0);
    cr_expect_eq(ad_value(nn_sse(a, y)), 14);
    cr_expect_eq(ad_value(nn_quadratic(a, y)), 14 / 2.0 / 2);
    ad_tape_free(tape);
}

Test(costs, a_column_and_a_list_are_the_same_and_integers_are_converted)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = matrix(tape, 3, 1, (double[]){1, 2, 3});
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(3), (double[]){1, 0, 5});
    ad_var labels = ad_input_array(tape, AD_I64, AD_SHAPE(3), (int64_t[]){1, 0, 5});
    cr_expect_eq(ad_value(nn_sse(a, y)), 8, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_value(nn_sse(a, labels)), 8, "%s", ad_tape_message(tape));
    ad_var flat = ad_reshape(a, AD_SHAPE(3));
    cr_expect_eq(ad_value(nn_sse(flat, labels)), 8);
    cr_expect_eq(ad_value(nn_sse(flat, ad_reshape(y, AD_SHAPE(3, 1)))), 8);
    ad_tape_free(tape);
}

Test(costs, nothing_is_broadcast_by_mistake)
{
    nn_cost costs[] = {nn_mse, nn_mae, nn_sse, nn_quadratic, nn_binary_cross_entropy};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var a = matrix(tape, 2, 3, (double[]){1, 2, 3, 4, 5, 6});
        ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(3), (double[]){1, 2, 3});
        cr_expect(ad_is_dead(costs[i](a, y)));
        cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
        cr_expect(strstr(ad_tape_message(tape),
                         "the output is [2, 3], the target [3]; they must be the same: the last "
                         "layer has as many units as a target has numbers") != NULL,
                  "%s", ad_tape_message(tape));
        ad_tape_free(tape);
    }
}

Test(costs, binary_cross_entropy_is_exact_for_logits_of_any_size)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = ad_input_array(tape, AD_F64, AD_SHAPE(4), (double[]){1000, -1000, 1000, 0.5});
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(4), (double[]){1, 0, 0, 0.25});
    ad_var cost = nn_binary_cross_entropy(a, y), da;
    double p = 1 / (1 + exp(-0.5)), last = -(0.25 * log(p) + 0.75 * log(1 - p));
    cr_expect_float_eq(ad_value(cost), (1000 + last) / 4, 1e-12);
    ad_grad(cost, 1, &a, &da);
    const double expected[] = {0, 0, 0.25, (p - 0.25) / 4};
    for (int i = 0; i < 4; i++) {
        cr_expect_float_eq(((const double *)ad_data(da))[i], expected[i], 1e-16);
    }
    ad_tape_free(tape);
}

/* PyTorch 1.13, float64 */
static const double logits[] = {1000, 0, -1000, 1, 2, 3};
static const double expected_grad[] = {
    0, 0, 0, 0.04501528658519022, -0.37763576447260117, 0.3326204778874109};

static void expect_softmax(ad_var y)
{
    ad_var a = matrix(y.tape, 2, 3, logits), da;
    ad_var cost = nn_softmax_cross_entropy(a, y);
    cr_assert_eq(ad_grad(cost, 1, &a, &da), AD_OK, "%s", ad_tape_message(y.tape));
    cr_expect_float_eq(ad_value(cost), 0.7038029822221902, 1e-15);
    for (int i = 0; i < 6; i++) {
        cr_expect_float_eq(((const double *)ad_data(da))[i], expected_grad[i], 1e-15);
    }
}

Test(costs, softmax_cross_entropy_is_stable_and_takes_classes_or_probabilities)
{
    ad_tape *tape = ad_tape_new();
    expect_softmax(ad_input_array(tape, AD_I64, AD_SHAPE(2), (int64_t[]){0, 1}));
    expect_softmax(ad_input_array(tape, AD_I64, AD_SHAPE(2, 1), (int64_t[]){0, 1}));
    expect_softmax(matrix(tape, 2, 3, (double[]){1, 0, 0, 0, 1, 0}));
    ad_tape_free(tape);
}

Test(costs, softmax_cross_entropy_refuses_classes_that_do_not_exist_and_wrong_shapes)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = matrix(tape, 2, 3, logits);
    nn_softmax_cross_entropy(a, ad_input_array(tape, AD_I64, AD_SHAPE(2), (int64_t[]){0, 3}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_INDEX, "%s", ad_tape_message(tape));
    ad_tape_clear_error(tape);
    nn_softmax_cross_entropy(ad_reshape(a, AD_SHAPE(6)), a);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE, "%s", ad_tape_message(tape));
    ad_tape_clear_error(tape);
    nn_softmax_cross_entropy(a, ad_input_array(tape, AD_I64, AD_SHAPE(3), (int64_t[]){0, 1, 1}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
}

Test(costs, the_penalty_is_of_weights_and_not_of_biases)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
    nn_params_add(params, "b", NN_BIAS, AD_F64, AD_SHAPE(1), NULL);
    nn_params_write(params, "w", 2, (double[]){-3, 2}, NULL);
    nn_params_write(params, "b", 1, (double[]){100}, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var vars[2];
    nn_params_bind(params, tape, vars);
    cr_expect_eq(ad_value(nn_penalty(params, vars, 2, 0)), 10);
    cr_expect_eq(ad_value(nn_penalty(params, vars, 0, 3)), 39);
    cr_expect_eq(ad_value(nn_penalty(params, vars, 2, 3)), 49);
    cr_expect_eq(ad_value(nn_penalty(params, vars, 0, 0)), 0);
    ad_tape_free(tape);
    nn_params_free(params);
}

Test(costs, negative_classes_are_refused_and_not_counted_from_the_end)
{
    const double a[4] = {1, 2, 3, 4};
    const int64_t y[2] = {1, -1};
    ad_tape *tape = ad_tape_new();
    ad_var classes = ad_input_array(tape, AD_I64, AD_SHAPE(2), y);
    cr_expect(ad_is_dead(nn_softmax_cross_entropy(matrix(tape, 2, 2, a), classes)));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_INDEX);
    cr_expect_str_eq(ad_tape_message(tape),
                     "nn_softmax_cross_entropy: the class of row 1 is -1; the output has 2, "
                     "numbered from 0");
    ad_tape_free(tape);
}
