/* SPDX-License-Identifier: MIT */
#include "function.h"
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- figures of all rows do not depend on the batch ---- */

static ad_var own_sum(ad_var a, ad_var y)
{
    return ad_mul(2, nn_sse(a, y));
}

/* Neither a mean nor a sum over rows. */
static ad_var root(ad_var a, ad_var y)
{
    return ad_sqrt(nn_mse(a, y));
}

/* The last row's weight is its place, so rows must come in their order. */
static ad_var weighted(ad_var a, ad_var y)
{
    int64_t n = ad_shape_of(a).len[0];
    ad_var w = ad_cumsum(ad_full(a.tape, AD_F64, AD_SHAPE(n, 1), 1), 0);
    ad_var d = ad_square(ad_sub(a, ad_reshape(y, AD_SHAPE(n, 1))));
    return ad_div(ad_sum(ad_mul(w, d), AD_ALL), ad_sum(w, AD_ALL));
}

static double worst(ad_var a, ad_var y)
{
    double most = 0;
    for (size_t i = 0; i < ad_count(a); i++) {
        const double *from = ad_data(a), *to = ad_data(y);
        most = fmax(most, fabs(from[i] - to[i]));
    }
    return most;
}

static double count_rows(ad_var a, ad_var y)
{
    (void)y;
    return (double)ad_count(a);
}

enum { MANY = 300 };

/* A model that gives 0 for all rows, and targets 0.01, 0.02, .. */
static nn_model *zeros(const double **x, const double **y)
{
    static double inputs[MANY], targets[MANY];
    for (int i = 0; i < MANY; i++) {
        targets[i] = 0.01 * (i + 1);
    }
    *x = inputs;
    *y = targets;
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_constant(0)));
    nn_build(net, .input = AD_SHAPE(1));
    return net;
}

static const nn_metric metrics[] = {{"worst", worst, NN_LOWER, .percent = 0},
                                    {"rows", count_rows, .adds = NN_SUM},
                                    {"mean rows", count_rows, .adds = NN_AT_ONCE}};
static const double metric_values[] = {3, MANY, MANY};

static const struct {
    nn_cost function;
    double value; /* of sum y^2 = 0.0001 n (n + 1) (2n + 1) / 6, n = 300 */
} costs[] = {{nn_sse, 904.505},
             {nn_mse, 904.505 / MANY},
             {nn_quadratic, 904.505 / MANY / 2},
             {nn_mae, 1.505},
             {own_sum, 2 * 904.505},
             {root, 1.7363803346809323}, /* sqrt(904.505 / 300) */
             {weighted, 4.515}};         /* sum i^3 / sum i / 10^4 = n (n + 1) / 2 / 10^4 */

static const int64_t sizes[] = {0, 1, 7, 10, 256, 299, 300, 1000};

Test(train_score, an_evaluation_does_not_depend_on_the_batch)
{
    const double *x, *y;
    nn_model *net = zeros(&x, &y);
    nn_array inputs = column(MANY, x), targets = column(MANY, y);
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            nn_evaluation e = nn_evaluate(net, inputs, targets, .cost = costs[i].function,
                                          .metric = metrics[i % 3], .batch = sizes[j]);
            cr_assert_eq(e.error.status, AD_OK, "%s", e.error.message);
            cr_expect_float_eq(e.cost, costs[i].value, 1e-12 * costs[i].value,
                               "cost %zu of batch %d is %.15g", i, (int)sizes[j], e.cost);
            cr_expect_float_eq(e.metric, metric_values[i % 3], 1e-12);
        }
    }
    nn_model_free(net);
}

Test(train_score, a_history_does_not_depend_on_the_batch)
{
    const double *x, *y;
    nn_model *net = zeros(&x, &y);
    nn_array inputs = column(MANY, x), targets = column(MANY, y), held = targets;
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            nn_fit_result fit =
                nn_fit(net, inputs, targets, .cost = costs[i].function, .metric = metrics[i % 3],
                       .batch = sizes[j], .optim = nn_sgd(.rate = 1e-300), .epochs = 2,
                       .validation_x = &inputs, .validation_y = &held);
            cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
            for (int k = 0; k < 4; k++) {
                const nn_epoch *epoch = &fit.history[k / 2];
                const nn_score *score = k % 2 == 0 ? &epoch->train : &epoch->validation;
                cr_expect_float_eq(score->cost, costs[i].value, 1e-12 * costs[i].value,
                                   "cost %zu of batch %d is %.15g", i, (int)sizes[j], score->cost);
                cr_expect_float_eq(score->metric, metric_values[i % 3], 1e-12);
            }
            nn_fit_result_clear(&fit);
        }
    }
    nn_model_free(net);
}

/* 1 if something failed. */
static int score_all(const ad_allocator *allocator)
{
    const double *x, *y;
    nn_model *net = zeros(&x, &y);
    nn_array inputs = column(MANY, x), targets = column(MANY, y);
    nn_fit_result fit =
        nn_fit(net, inputs, targets, .cost = root, .metric = metrics[0], .validation = 0.5,
               .batch = 70, .optim = nn_sgd(.rate = 1e-5), .epochs = 2, .allocator = allocator);
    nn_evaluation e = nn_evaluate(net, inputs, targets, .cost = root, .metric = metrics[0],
                                  .allocator = allocator);
    int failed = fit.error.status != AD_OK || e.error.status != AD_OK;
    cr_expect(fit.error.status == AD_OK || fit.error.status == AD_ERR_MEMORY);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return failed;
}

Test(train_score, memory_for_all_rows_that_is_not_there_is_an_error)
{
    size_t requests = 1;
    for (size_t fail_at = 0; fail_at <= requests; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        int failed = score_all(&allocator);
        cr_expect_eq(failed, fail_at < state.requests, "request %zu", fail_at);
        cr_expect_eq(state.live, 0);
        requests = fail_at == 0 ? SIZE_MAX : requests;
        if (!failed) {
            break;
        }
    }
}

/* ---- costs that branch in C ---- */

/* Another program where the batch is far off. */
static ad_var switching(ad_var a, ad_var y)
{
    ad_var d = ad_square(ad_sub(a, ad_reshape(y, ad_shape_of(a)))), m = ad_mean(d, AD_ALL);
    return ad_branch(ad_less(0.8, m)) ? ad_mean(ad_sqrt(ad_add(d, 1e-12)), AD_ALL) : m;
}

static void fit_switching(int way, double *weights, nn_epoch *history)
{
    points p = make_points(4), held = make_points(5);
    double y[ROWS], held_y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        y[i] = p.x[i][0] * p.x[i][1] + p.x[i][2];
        held_y[i] = held.x[i][0];
    }
    nn_array vx = inputs(&held), vy = column(ROWS, held_y);
    nn_model *net = nn_sequential(nn_dense(6, .activation = ad_tanh), nn_dense(1));
    nn_fit_result fit =
        nn_fit(net, inputs(&p), column(ROWS, y), .cost = switching, .epochs = 12, .batch = 4,
               .optim = nn_adam(.rate = 0.02), .recorded = way == 0,
               .native = way == 2 ? "cc" : NULL, .validation_x = &vx, .validation_y = &vy);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    memcpy(weights, nn_params_at(nn_model_params(net), 0)->data, 18 * sizeof *weights);
    memcpy(history, fit.history, 12 * sizeof *history);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_score, a_cost_that_branches_has_the_bits_of_recorded_steps)
{
    double w[3][18];
    nn_epoch history[3][12];
    for (int way = 0; way < 3; way++) { /* recorded, compiled, native */
        fit_switching(way, w[way], history[way]);
    }
    for (int way = 1; way < 3; way++) {
        cr_expect_arr_eq(w[way], w[0], sizeof w[0]);
        for (int i = 0; i < 12; i++) {
            cr_expect_eq(history[way][i].train.cost, history[0][i].train.cost);
            cr_expect_eq(history[way][i].validation.cost, history[0][i].validation.cost);
        }
    }
}

/* A layer that branches: the forward pass of scoring does too. */
static ad_var switching_layer(ad_var x)
{
    return ad_branch(ad_less(0, ad_sum(x, AD_ALL))) ? ad_tanh(x) : ad_mul(2, x);
}

Test(train_score, a_layer_that_branches_is_scored_as_if_all_batches_were_recorded)
{
    points p = make_points(4);
    double y[ROWS] = {0}, cost = 0;
    nn_model *net = nn_sequential(nn_function(switching_layer), nn_dense(1));
    nn_build(net, .input = AD_SHAPE(FEATURES));
    for (int i = 0; i < ROWS / 2; i++) {
        nn_array x = nn_array_view(NN_F64, AD_SHAPE(2, FEATURES), p.x[2 * i]);
        cost += nn_evaluate(net, x, column(2, y), .cost = nn_sse).cost;
    }
    nn_evaluation all = nn_evaluate(net, inputs(&p), column(ROWS, y), .cost = nn_sse, .batch = 2);
    cr_expect_float_eq(all.cost, cost, 1e-12);
    nn_model_free(net);
}
