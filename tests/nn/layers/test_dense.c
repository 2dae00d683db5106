/* SPDX-License-Identifier: MIT */
#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

Test(dense, computes_x_W_plus_b_under_its_activation)
{
    const double w[] = {1, 2, 3, 4, 5, 6}, b[] = {0.5, -100, 0.25};
    nn_model *net = nn_sequential(
        nn_dense(3, .activation = ad_relu, .weight = nn_values(6, w), .bias = nn_values(3, b)));
    ad_tape *tape = ad_tape_new();
    const double x[] = {1, 10, 2, 20};
    ad_var a = nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), x));
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    const double expected[] = {41.5, 0, 63.25, 82.5, 4, 126.25};
    const double *got = ad_data(a);
    for (int i = 0; i < 6; i++) {
        cr_expect_eq(got[i], expected[i]);
    }
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(dense, has_weights_in_by_out_and_a_bias_that_can_be_left_out)
{
    nn_model *net = nn_sequential(nn_dense(3), nn_dense(2, .no_bias = 1, .name = "last"));
    nn_build(net, .input = AD_SHAPE(5), .type = AD_F32);
    nn_params *params = nn_model_params(net);
    cr_assert_eq(nn_params_count(params), 3);
    const nn_param *w = nn_params_find(params, "dense1.weight");
    cr_assert_not_null(w);
    cr_expect(w->shape.rank == 2 && w->shape.len[0] == 5 && w->shape.len[1] == 3);
    cr_expect_eq(w->role, NN_WEIGHT);
    cr_expect_eq(w->type, AD_F32);
    cr_expect_eq(nn_params_find(params, "dense1.bias")->role, NN_BIAS);
    cr_expect_not_null(nn_params_find(params, "last.weight"));
    cr_expect_null(nn_params_find(params, "last.bias"));
    nn_model_free(net);
}

Test(dense, flattens_rows_of_any_rank)
{
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_constant(1)));
    ad_tape *tape = ad_tape_new();
    double images[2][2][3] = {{{1, 2, 3}, {4, 5, 6}}, {{7, 8, 9}, {10, 11, 12}}};
    ad_var a = nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(2, 2, 3), images));
    cr_assert_eq(ad_count(a), 2, "%s", ad_tape_message(tape));
    cr_expect_eq(((const double *)ad_data(a))[0], 21);
    cr_expect_eq(((const double *)ad_data(a))[1], 57);
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(dense, a_wrong_input_is_an_error_that_says_what_the_model_takes)
{
    nn_model *net = nn_sequential(nn_dense(3));
    nn_build(net, .input = AD_SHAPE(5));
    ad_tape *tape = ad_tape_new();
    double x[8] = {0};
    cr_expect(ad_is_dead(nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(2, 4), x))));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
    cr_expect(strstr(ad_tape_message(tape), "[2, 4]") != NULL);
    cr_expect(strstr(ad_tape_message(tape), "rows of [5]") != NULL, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(dense, wants_units_and_an_axis_of_features)
{
    nn_model *net = nn_sequential(nn_dense(4), nn_dense(0));
    cr_expect_eq(nn_model_status(net), AD_ERR_DOMAIN);
    cr_expect(strstr(nn_model_message(net), "dense2: 0 units") != NULL, "%s",
              nn_model_message(net));
    nn_model_free(net);
    net = nn_sequential(nn_dense(4));
    cr_expect_eq(nn_build(net, .input = AD_SCALAR), AD_ERR_SHAPE);
    cr_expect(strstr(nn_model_message(net), "[rows, 1]") != NULL, "%s", nn_model_message(net));
    nn_model_free(net);
}
