/* SPDX-License-Identifier: MIT */
/* The lecture notes' programs as trainings; figures of the notes' own programs, NumPy, float64. */
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>

Test(train_notes, the_perceptron_reaches_the_cost_of_the_notes)
{
    nn_model *net = perceptron();
    nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 0.01), .epochs = 40);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    cr_expect_float_eq(fit.history[0].train.cost, 1.1914020487796488, 1e-15);
    cr_expect_float_eq(fit.history[2].train.cost, 0.5654194087104233, 1e-15);
    nn_evaluation after =
        nn_evaluate(net, column(1, &four), column(1, &nine), .cost = nn_quadratic);
    cr_expect_float_eq(after.cost, 4.0022640019432767e-07, 1e-20);
    cr_expect_float_eq(value(net, "dense1.weight"), 2.127049693610915, 1e-14);
    cr_expect_float_eq(value(net, "dense1.bias"), 0.4909065452780356, 1e-14);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_notes, penalties_end_where_they_do_in_the_notes)
{
    const struct {
        double l1, l2, w, b, cost;
    } rows[] = {{0.001, 0, 2.1248519021193055, 0.5003570974051293, 2.7681660900188778e-08},
                {0.01, 0, 2.103177161634827, 0.5849384122842161, 2.7681660899770815e-06},
                {0.1, 0, 1.8864297567905368, 1.430751561073148, 0.000276816608996496},
                {1, 0, -0.00023577538162318848, 8.979085178029225, 0.00023888440980622498},
                {0, 0.001, 2.117042270412055, 0.5308346562719197, 4.96269065884183e-07},
                {0, 0.01, 2.027356673831604, 0.8810321431214421, 4.551688188204396e-05},
                {0, 0.1, 1.3211026912368995, 3.6533771150852483, 0.0019351739354037344},
                {0, 1, 0.02768898242692158, 8.876132318753733, 8.595901420474084e-05}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nn_model *net = perceptron();
        nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                                   .optim = nn_sgd(.rate = 0.01), .epochs = 4000, .l1 = rows[i].l1,
                                   .l2 = rows[i].l2);
        nn_evaluation after =
            nn_evaluate(net, column(1, &four), column(1, &nine), .cost = nn_quadratic);
        cr_expect_float_eq(value(net, "dense1.weight"), rows[i].w, 1e-12);
        cr_expect_float_eq(value(net, "dense1.bias"), rows[i].b, 1e-12);
        cr_expect_float_eq(after.cost, rows[i].cost, 1e-9 * rows[i].cost);
        nn_fit_result_clear(&fit);
        nn_model_free(net);
    }
}

Test(train_notes, one_hidden_node_follows_the_notes)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_model *net = nn_sequential(
        nn_dense(1, .activation = ad_sigmoid, .weight = nn_normal(0, 1), .bias = nn_constant(0.01)),
        nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01)));
    nn_build(net, .input = AD_SHAPE(1), .numpy = &mt);
    nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 0.1), .epochs = 50);
    cr_expect_float_eq(fit.history[0].train.cost, 36.895630743854284, 1e-13);
    cr_expect_float_eq(fit.history[1].train.cost, 23.62323174842504, 1e-13);
    cr_expect_float_eq(fit.history[49].train.cost, 1.1937160456525954e-08, 1e-20);
    cr_expect_float_eq(value(net, "dense1.weight"), 1.7958106323280063, 1e-13);
    cr_expect_float_eq(value(net, "dense2.bias"), 4.3083697751422845, 1e-13);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* x0^2 + 3 x0 x1 + x1^2 + 5 on 100 points, ten sigmoid nodes; cost is half the mean square. */
Test(train_notes, the_extended_program_follows_the_notes)
{
    enum { POINTS = 100 };
    double x[POINTS][2], y[POINTS];
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    for (int i = 0; i < POINTS; i++) {
        x[i][0] = ad_mt19937_uniform(&mt);
        x[i][1] = ad_mt19937_uniform(&mt);
        y[i] = x[i][0] * x[i][0] + 3 * x[i][0] * x[i][1] + x[i][1] * x[i][1] + 5;
    }
    nn_model *net =
        nn_sequential(nn_dense(10, .activation = ad_sigmoid, .weight = nn_normal(0, 1),
                               .bias = nn_constant(0.01)),
                      nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01)));
    nn_build(net, .input = AD_SHAPE(2), .numpy = &mt);
    nn_fit_result fit =
        nn_fit(net, nn_array_view(NN_F64, AD_SHAPE(POINTS, 2), x), column(POINTS, y),
               .cost = nn_quadratic, .optim = nn_sgd(.rate = 0.1), .epochs = 10001);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    const struct {
        int step;
        double mse;
    } rows[] = {{0, 117.28425106234478},       {1, 37.50972746083179},
                {10, 0.7494074236987102},      {100, 0.34541108183708097},
                {1000, 0.06704311394653142},   {5000, 0.017103396105246662},
                {10000, 0.0007272837669172269}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double mse = 2 * fit.history[rows[i].step].train.cost;
        cr_expect_float_eq(mse / rows[i].mse, 1, 1e-10, "step %d: %.17g", rows[i].step, mse);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}
