/* SPDX-License-Identifier: MIT */
#include "train.h"
#include "training.h"

#include <criterion/criterion.h>
#include <math.h>

/* Reads a part of the batch, or of the parameters, by a view of its own, which no compiled step can
 * take: each batch is recorded. */

static const nn_model *read_by_cost;

static ad_var reads_targets(ad_var a, ad_var y)
{
    double *first = (double *)ad_data(y);
    ad_var part = ad_input_view(a.tape, AD_F64, AD_SHAPE(1), first);
    return ad_add(nn_mse(a, y), ad_mul(0.5, ad_sum(part, AD_ALL)));
}

static ad_var reads_weights(ad_var a, ad_var y)
{
    double *weights = nn_params_at(nn_model_params(read_by_cost), 0)->data;
    ad_var part = ad_input_view(a.tape, AD_F64, AD_SHAPE(1), weights + 1);
    return ad_add(nn_mse(a, y), ad_stop_gradient(ad_sum(part, AD_ALL)));
}

Test(train_compiled, a_step_that_cannot_be_compiled_is_recorded_and_no_error)
{
    static const nn_cost costs[] = {reads_targets, reads_weights};
    points p = make_points(1);
    double y[ROWS], weight[2];
    for (int i = 0; i < ROWS; i++) {
        y[i] = p.x[i][0];
    }
    for (int i = 0; i < 2; i++) {
        for (int recorded = 0; recorded < 2; recorded++) {
            nn_model *net = nn_sequential(nn_dense(1));
            read_by_cost = net;
            nn_fit_result fit = nn_fit(net, inputs(&p), column(ROWS, y), .cost = costs[i],
                                       .optim = nn_sgd(.rate = 0.01), .batch = 8, .epochs = 5,
                                       .validation = 0.3, .recorded = recorded);
            cr_expect_eq(fit.error.status, AD_OK, "%s", fit.error.message);
            cr_expect(fit.end == NN_END_EPOCHS && fit.epochs == 5);
            weight[recorded] = value(net, "dense1.weight");
            nn_evaluation e = nn_evaluate(net, inputs(&p), column(ROWS, y), .cost = costs[i]);
            cr_expect_eq(e.error.status, AD_OK, "%s", e.error.message);
            cr_expect(isfinite(e.cost));
            nn_fit_result_clear(&fit);
            nn_model_free(net);
        }
        cr_expect_eq(weight[0], weight[1]);
    }
}
