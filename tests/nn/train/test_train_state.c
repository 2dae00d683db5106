/* SPDX-License-Identifier: MIT */
/* Layers with state and random keys while they are trained by nn_fit. */
#include "nn/training.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST = 200 };

static nn_model *net_of(nn_activation activation)
{
    return nn_sequential(nn_dropout(0.1), nn_dense(8), nn_batch_norm(), nn_function(activation),
                         nn_residual(nn_dense(8, .activation = ad_tanh), nn_dropout(0.25)),
                         nn_dense(CLASSES));
}

/* All numbers of a model: parameters, running statistics and keys. */
static size_t numbers_of(const nn_model *net, double *out)
{
    size_t count = 0;
    const nn_params *params = nn_model_params(net);
    for (int i = 0; i < nn_params_count(params); i++) {
        const nn_param *p = nn_params_at(params, i);
        for (size_t k = 0; k < p->count; k++) {
            cr_assert_lt(count, MOST);
            out[count++] = nn_param_value(p, k);
        }
    }
    return count;
}

/* A training that ends with one smaller batch an epoch; what the model is then. */
static size_t train(nn_fit_options o, nn_activation activation, double *numbers, double *cost)
{
    points p = make_points(1);
    nn_model *net = net_of(activation);
    o.cost = nn_softmax_cross_entropy;
    o.optim = nn_adam(.rate = 0.05);
    o.epochs = 4;
    o.batch = 8; /* 45 rows: 5 and a smaller one */
    o.validation = 0.1;
    o.l2 = 1e-3;
    o.clip = 1;
    nn_fit_result fit = nn_fit_of(net, inputs(&p), labels(&p), o);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    *cost = fit.history[fit.epochs - 1].validation.cost;
    size_t count = numbers_of(net, numbers);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return count;
}

/* C that branches: what nn_fit has compiled is guarded, and steps are taken back. */
static ad_var branching(ad_var x)
{
    return ad_branch(ad_sub(ad_sum(ad_square(x), AD_ALL), 60)) ? ad_tanh(x) : ad_sin(x);
}

Test(train_state, fits_of_one_seed_are_equal_however_they_run)
{
    const nn_activation activations[] = {ad_relu, branching};
    const nn_fit_options ways[] = {
        {.seed = 1}, {.seed = 1}, {.seed = 1, .threads = 2}, {.seed = 1, .recorded = 1}};
    for (int a = 0; a < 2; a++) {
        double first[MOST], other[MOST], cost, costs;
        size_t count = train(ways[0], activations[a], first, &cost);
        for (int i = 1; i < 4; i++) {
            train(ways[i], activations[a], other, &costs);
            cr_expect_eq(memcmp(first, other, count * sizeof *first), 0, "way %d of %d", i, a);
            cr_expect_eq(cost, costs);
        }
        train((nn_fit_options){.seed = 2}, activations[a], other, &costs);
        cr_expect_neq(memcmp(first, other, count * sizeof *first), 0);
    }
}

Test(train_state, a_key_counts_the_steps_and_statistics_follow_the_data)
{
    points p = make_points(1);
    nn_model *net = net_of(ad_relu);
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy,
                               .optim = nn_sgd(.rate = 0.1), .epochs = 6, .batch = 7);
    const nn_params *params = nn_model_params(net);
    const nn_param *key = nn_params_find(params, "dropout1.key");
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    cr_expect_eq(nn_param_value(key, 1), (double)fit.steps);
    cr_expect_eq(nn_param_value(nn_params_find(params, "residual1.dropout1.key"), 1),
                 (double)fit.steps);
    cr_expect_neq(nn_param_value(key, 0),
                  nn_param_value(nn_params_find(params, "residual1.dropout1.key"), 0));
    for (size_t k = 0; k < 8; k++) {
        double var = nn_param_value(nn_params_find(params, "batch_norm1.var"), k);
        cr_expect(var > 0 && var != 1);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_state, scores_and_predictions_are_those_of_evaluation_and_change_nothing)
{
    points p = make_points(1);
    nn_model *net = net_of(ad_relu);
    double before[MOST], after[MOST];
    nn_array x = inputs(&p), y = labels(&p), one, all;
    nn_fit_result fit =
        nn_fit(net, x, y, .cost = nn_softmax_cross_entropy, .optim = nn_adam(.rate = 0.05),
               .epochs = 5, .batch = 8, .validation_x = &x, .validation_y = &y);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    size_t count = numbers_of(net, before);
    nn_evaluation scored = nn_evaluate(net, x, y, .cost = nn_softmax_cross_entropy, .batch = 7);
    cr_expect_float_eq(scored.cost, fit.history[4].validation.cost, 1e-12);
    cr_assert_eq(nn_predict(net, x, NULL, &all, NULL), AD_OK);
    nn_array first = nn_array_view(NN_F64, AD_SHAPE(1, FEATURES), p.x);
    cr_assert_eq(nn_predict(net, first, NULL, &one, NULL), AD_OK);
    for (int k = 0; k < CLASSES; k++) { /* a row by itself gives what it gives among others */
        cr_expect_float_eq(((const double *)one.data)[k], ((const double *)all.data)[k], 1e-13);
    }
    numbers_of(net, after);
    cr_expect_eq(memcmp(before, after, count * sizeof *before), 0);
    nn_array_clear(&one);
    nn_array_clear(&all);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_state, the_best_model_comes_back_with_its_statistics)
{
    points p = make_points(1);
    nn_model *net = net_of(ad_relu);
    nn_array x = inputs(&p), y = labels(&p);
    nn_fit_result fit =
        nn_fit(net, x, y, .cost = nn_softmax_cross_entropy, .optim = nn_sgd(.rate = 3), .epochs = 8,
               .batch = 8, .validation_x = &x, .validation_y = &y, .keep_best = 1);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    nn_evaluation scored = nn_evaluate(net, x, y, .cost = nn_softmax_cross_entropy);
    cr_expect_float_eq(scored.cost, fit.history[fit.best_epoch - 1].validation.cost, 1e-12);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

static ad_var bursts(ad_var a, ad_var y)
{
    return ad_mul(nn_softmax_cross_entropy(a, y), INFINITY);
}

Test(train_state, a_step_that_is_refused_changes_no_state)
{
    points p = make_points(1);
    nn_model *net = net_of(ad_relu);
    double before[MOST], after[MOST];
    nn_build(net, .input = AD_SHAPE(FEATURES));
    size_t count = numbers_of(net, before);
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = bursts,
                               .optim = nn_sgd(.rate = 0.1), .batch = 8);
    cr_expect_eq(fit.error.status, AD_ERR_DOMAIN);
    numbers_of(net, after);
    cr_expect_eq(memcmp(before, after, count * sizeof *before), 0);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_state, a_loop_by_hand_trains_state_too)
{
    points p = make_points(1);
    nn_model *net = net_of(ad_relu);
    nn_build(net, .input = AD_SHAPE(FEATURES), .seed = 1);
    nn_params *params = nn_model_params(net);
    nn_optimiser *adam = nn_optimiser_new(nn_adam(.rate = 0.02), params, NULL, NULL);
    ad_tape *tape = ad_tape_new();
    ad_mark mark = ad_tape_mark(tape);
    double first = 0, cost = 0;
    for (int i = 0; i < 60; i++) {
        ad_tape_rewind(tape, mark);
        ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(ROWS, FEATURES), p.x);
        ad_var y = ad_input_view(tape, AD_I64, AD_SHAPE(ROWS), p.y);
        ad_var c = nn_softmax_cross_entropy(nn_forward(net, x, .training = 1), y);
        cr_assert_eq(nn_minimise(adam, c), AD_OK, "%s", ad_tape_message(tape));
        cost = ad_value(c);
        first = i == 0 ? cost : first;
    }
    cr_expect_lt(cost, first / 2);
    cr_expect_eq(nn_param_value(nn_params_find(params, "dropout1.key"), 1), 60);
    ad_tape_free(tape);
    nn_optimiser_free(adam);
    nn_model_free(net);
}
