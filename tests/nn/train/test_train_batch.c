/* SPDX-License-Identifier: MIT */
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>
#include <math.h>

Test(train_batch, predictions_have_a_row_for_each_of_the_inputs)
{
    const double w[] = {2, 0.5}, b[] = {1, 0};
    nn_model *net = nn_sequential(nn_dense(2, .weight = nn_values(2, w), .bias = nn_values(2, b)));
    nn_build(net, .input = AD_SHAPE(1));
    enum { MANY = 1000 };
    double x[MANY];
    for (int i = 0; i < MANY; i++) {
        x[i] = i;
    }
    nn_array out;
    ad_error error = {0};
    cr_assert_eq(nn_predict(net, column(MANY, x), NULL, &out, &error), AD_OK, "%s", error.message);
    cr_expect(out.type == NN_F64 && out.shape.rank == 2 && out.shape.len[0] == MANY);
    for (int i = 0; i < MANY; i++) {
        const double *row = nn_array_row(&out, i);
        cr_expect(row[0] == 2 * i + 1 && row[1] == 0.5 * i);
    }
    nn_array_clear(&out);
    nn_model_free(net);
}

Test(train_batch, scoring_and_predicting_need_a_model_that_is_built)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_array out;
    ad_error error;
    cr_expect_eq(nn_predict(net, inputs(&p), NULL, &out, &error), AD_ERR_STATE);
    cr_expect_eq(nn_predict(NULL, inputs(&p), NULL, &out, NULL), AD_ERR_MEMORY);
    nn_evaluation e = nn_evaluate(net, inputs(&p), labels(&p), .cost = nn_mse);
    cr_expect_eq(e.error.status, AD_ERR_STATE);
    nn_build(net, .input = AD_SHAPE(FEATURES));
    e = nn_evaluate(net, inputs(&p), labels(&p), .batch = 3);
    cr_expect_eq(e.error.status, AD_ERR_STATE);
    cr_expect(isnan(e.cost));
    nn_model_free(net);
}
