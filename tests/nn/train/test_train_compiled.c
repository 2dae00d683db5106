/* SPDX-License-Identifier: MIT */
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- with the bits of recorded ones ---- */

static int calls;

/* C code that runs when a step is recorded, and that changes what is recorded after five times. */
static ad_var counted_cost(ad_var a, ad_var y)
{
    return ad_mul(nn_softmax_cross_entropy(a, y), ++calls > 5 ? 0.5 : 1.0);
}

static void fit_small(const points *p, int recorded, const char *native, nn_cost cost,
                      nn_fit_result *fit, double *w)
{
    nn_model *net = small_net();
    calls = 0;
    *fit = nn_fit(net, inputs(p), labels(p), .cost = cost, .optim = nn_adam(.rate = 0.01),
                  .epochs = 7, .batch = 8, .validation = 0.4, .clip = 1, .l1 = 1e-3, .l2 = 1e-3,
                  .schedule = nn_cosine(0), .recorded = recorded, .native = native);
    cr_assert_eq(fit->error.status, AD_OK, "%s", fit->error.message);
    const nn_param *first = nn_params_at(nn_model_params(net), 0);
    memcpy(w, first->data, ad_shape_count(&first->shape) * ad_type_bytes(first->type));
    nn_model_free(net);
}

Test(train_compiled, compiled_steps_have_the_bits_of_recorded_ones)
{
    enum { WAYS = 3 };
    points p = make_points(1);
    nn_fit_result fit[WAYS];
    double w[WAYS][64] = {{0}};
    for (int way = 0; way < WAYS; way++) { /* recorded, compiled, native */
        fit_small(&p, way == 0, way == 2 ? "cc" : NULL, nn_softmax_cross_entropy, &fit[way],
                  w[way]);
    }
    for (int way = 1; way < WAYS; way++) {
        cr_expect_arr_eq(w[0], w[way], sizeof w[0]);
        for (int i = 0; i < 7; i++) {
            const nn_epoch *want = &fit[0].history[i], *got = &fit[way].history[i];
            cr_expect_eq(want->train.cost, got->train.cost);
            cr_expect_eq(want->train.metric, got->train.metric);
            cr_expect_eq(want->validation.cost, got->validation.cost);
        }
    }
    for (int way = 0; way < WAYS; way++) {
        nn_fit_result_clear(&fit[way]);
    }
}

Test(train_compiled, c_code_of_a_cost_runs_while_a_step_is_recorded_and_no_more_after)
{
    points p = make_points(1);
    nn_fit_result fit;
    double w[64];
    fit_small(&p, 1, NULL, counted_cost, &fit, w);
    int recorded = calls;
    nn_fit_result_clear(&fit);
    fit_small(&p, 0, NULL, counted_cost, &fit, w);
    cr_expect_lt(calls, recorded);
    cr_expect_gt(calls, 7); /* at least once an epoch, so that the change was seen */
    nn_fit_result_clear(&fit);
}

/* ---- the smaller batch at the end of an epoch ---- */

/* Each has its own C code run while a step is recorded. */
static ad_var following_cost(ad_var a, ad_var y)
{
    calls++;
    return nn_softmax_cross_entropy(a, y);
}

/* Divides by a number that C takes from the shape: the smaller batch's is another one. */
static ad_var dividing_cost(ad_var a, ad_var y)
{
    calls++;
    ad_var p = ad_log_softmax(a, AD_AXES(-1)), hot = ad_one_hot(y, CLASSES, AD_F64);
    return ad_mul(ad_sum(ad_mul(p, hot), AD_ALL), -1.0 / (double)ad_shape_of(a).len[0]);
}

/* Weights and history of 50 rows, 9 of them held out, in batches of 9: 4 full ones and one of 5;
 * the held-out rows in one of 9. Returns how often the cost was recorded. */
static int fit_with_rest(nn_cost cost, int recorded, int64_t batch, double *w, nn_epoch *history)
{
    enum { EPOCHS = 9 };
    points p = make_points(2);
    nn_model *net = small_net();
    calls = 0;
    nn_fit_result fit =
        nn_fit(net, inputs(&p), labels(&p), .cost = cost, .optim = nn_adam(.rate = 0.01),
               .metric = nn_accuracy, .epochs = EPOCHS, .batch = batch, .validation = 0.18,
               .clip = 1, .l2 = 1e-3, .recorded = recorded);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    const nn_param *first = nn_params_at(nn_model_params(net), 0);
    memcpy(w, first->data, ad_shape_count(&first->shape) * sizeof *w);
    memcpy(history, fit.history, EPOCHS * sizeof *history);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return calls;
}

static int with_rest_as_recorded(nn_cost cost, int64_t batch)
{
    double w[2][24];
    nn_epoch history[2][9];
    int recorded = fit_with_rest(cost, 1, batch, w[1], history[1]);
    int run = fit_with_rest(cost, 0, batch, w[0], history[0]);
    cr_expect_arr_eq(w[0], w[1], sizeof w[0]);
    for (int i = 0; i < 9; i++) {
        cr_expect_eq(history[0][i].train.cost, history[1][i].train.cost);
        cr_expect_eq(history[0][i].train.metric, history[1][i].train.metric);
        cr_expect_eq(history[0][i].validation.cost, history[1][i].validation.cost);
        cr_expect_eq(history[0][i].validation.metric, history[1][i].validation.metric);
    }
    cr_expect_lt(run, recorded);
    return run;
}

/* Batches of 9: in each epoch the first step, the cost of all rows and the scoring are recorded; in
 * the first epoch two steps more until the function is settled, and once the rest. Of 4 and 2: the
 * rest is one row. */
Test(train_compiled, a_smaller_last_batch_runs_resized_with_the_bits_of_recorded_ones)
{
    cr_expect_eq(with_rest_as_recorded(following_cost, 9), 9 + 9 + 9 + 2 + 1);
    with_rest_as_recorded(following_cost, 4);
    with_rest_as_recorded(following_cost, 2);
}

Test(train_compiled, the_rest_of_the_held_out_rows_is_scored_resized_with_the_same_bits)
{
    points p = make_points(2), held = make_points(3);
    nn_array x = inputs(&held), y = labels(&held);
    nn_model *net = small_net();
    calls = 0;
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = following_cost,
                               .metric = nn_accuracy, .optim = nn_adam(.rate = 0.01), .epochs = 5,
                               .batch = 7, .validation_x = &x, .validation_y = &y);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    /* each first batch and the costs of all rows; in the first epoch two steps more and the rest */
    cr_expect_eq(calls, 3 * 5 + 2 + 1);
    nn_evaluation e =
        nn_evaluate(net, x, y, .cost = following_cost, .metric = nn_accuracy, .batch = 7);
    cr_expect_eq(fit.history[4].validation.cost, e.cost);
    cr_expect_eq(fit.history[4].validation.metric, e.metric);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_compiled, a_smaller_last_batch_that_is_another_program_stays_recorded)
{
    cr_expect_eq(with_rest_as_recorded(dividing_cost, 9), 9 + 9 + 9 + 2 + 9);
}

/* ---- steps that cannot be ---- */

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
