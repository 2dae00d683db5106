/* SPDX-License-Identifier: MIT */
#include "members.h"
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

static void add_rows(ad_var a, ad_var y, double *sums)
{
    sums[0] += count_rows(a, y);
}

static double first(const double *sums)
{
    return sums[0];
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

static const nn_metric metrics[] = {{.name = "worst", .function = worst, .better = NN_LOWER},
                                    {.name = "rows", .add = add_rows, .finish = first},
                                    {.name = "all rows", .function = count_rows}};
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

/* ---- metrics of one's own that are made of sums ---- */

/* 2 TP / (2 TP + FP + FN) of a > 0.5 against y > 0.5. */
static void add_f1(ad_var a, ad_var y, double *sums)
{
    const double *got = ad_data(a), *wanted = ad_data(y);
    for (size_t i = 0; i < ad_count(a); i++) {
        int is = got[i] > 0.5, should = wanted[i] > 0.5;
        sums[0] += is && should;
        sums[1] += is != should;
    }
}

static double f1(const double *sums)
{
    return 2 * sums[0] / (2 * sums[0] + sums[1]);
}

/* 1 - sum (y - a)^2 / sum (y - mean y)^2 */
static void add_r2(ad_var a, ad_var y, double *sums)
{
    const double *got = ad_data(a), *wanted = ad_data(y);
    for (size_t i = 0; i < ad_count(a); i++) {
        sums[0] += 1;
        sums[1] += wanted[i];
        sums[2] += wanted[i] * wanted[i];
        sums[3] += (wanted[i] - got[i]) * (wanted[i] - got[i]);
    }
}

static double r2(const double *sums)
{
    return 1 - sums[3] / (sums[2] - sums[1] * sums[1] / sums[0]);
}

/* The model gives x: 0.02 i against 0.01 (i + 1). */
Test(train_score, f1_and_r2_of_ones_own_are_those_of_all_rows)
{
    static double x[MANY];
    const double *none, *y;
    nn_model *zero = zeros(&none, &y), *net = nn_sequential(nn_dense(1, .weight = nn_constant(1)));
    double counts[2] = {0}, mean = 0.01 * (MANY + 1) / 2, within = 0, left = 0;
    for (int i = 0; i < MANY; i++) {
        x[i] = 0.02 * (MANY - 1 - i);
        within += (y[i] - mean) * (y[i] - mean);
        left += (y[i] - x[i]) * (y[i] - x[i]);
        counts[0] += x[i] > 0.5 && y[i] > 0.5;
        counts[1] += (x[i] > 0.5) != (y[i] > 0.5);
    }
    nn_build(net, .input = AD_SHAPE(1));
    const struct {
        nn_metric metric;
        double expected;
    } rows[] = {
        {{.name = "F1", .add = add_f1, .finish = f1, .better = NN_HIGHER, .percent = 1},
         f1(counts)},
        {{.name = "R2", .add = add_r2, .finish = r2, .better = NN_HIGHER}, 1 - left / within}};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        nn_array inputs = column(MANY, x), targets = column(MANY, y);
        nn_evaluation e = nn_evaluate(net, inputs, targets, .cost = nn_mse,
                                      .metric = rows[i % 2].metric, .batch = sizes[i / 2]);
        cr_assert_eq(e.error.status, AD_OK, "%s", e.error.message);
        cr_expect_float_eq(e.metric, rows[i % 2].expected, 1e-11);
        nn_fit_result fit =
            nn_fit(net, inputs, targets, .cost = nn_mse, .optim = nn_sgd(.rate = 1e-300),
                   .metric = rows[i % 2].metric, .batch = sizes[i / 2], .target = -100);
        cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
        cr_expect_float_eq(fit.history[0].train.metric, rows[i % 2].expected, 1e-11);
        cr_expect_eq(fit.end, NN_END_TARGET);
        nn_fit_result_clear(&fit);
    }
    nn_model_free(net);
    nn_model_free(zero);
}

/* ---- every metric that metrics.h declares ---- */

static ad_var rows_of(ad_var x, int64_t first, int64_t stop)
{
    return ad_slice(x, 0, first, stop, 1);
}

Test(train_score, every_metric_is_of_all_rows_in_both_types_and_nan_of_what_does_not_fit)
{
#define METRIC(name) name,
    const nn_metric every[] = {NN_EVERY_METRIC(METRIC)};
#undef METRIC
    for (size_t m = 0; m < 2 * sizeof every / sizeof every[0]; m++) {
        const nn_metric *metric = &every[m / 2];
        ad_type type = m % 2 == 0 ? AD_F64 : AD_F32;
        ad_tape *tape = ad_tape_new();
        ad_var key = ad_constant(tape, AD_I64, AD_SHAPE(2), (int64_t[]){7, 0});
        ad_var a = ad_sub(ad_random_uniform(key, 3, AD_SHAPE(20, 1), type), 0.5);
        ad_var y = ad_greater(ad_random_uniform(key, 4, AD_SHAPE(20, 1), type), 0.5);
        double all = nn_metric_value(*metric, a, y), sums[NN_MAX_SUMS] = {0};
        cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
        cr_expect(metric->name != NULL && metric->better != NN_UNSAID);
        cr_expect(isfinite(all) && (!metric->percent || (all >= 0 && all <= 1)), "%s",
                  metric->name);
        if (metric->add != NULL) {
            metric->add(rows_of(a, 0, 3), rows_of(y, 0, 3), sums);
            metric->add(rows_of(a, 3, 20), rows_of(y, 3, 20), sums);
            double parts = metric->finish != NULL ? metric->finish(sums) : sums[0] / sums[1];
            cr_expect_float_eq(parts, all, 1e-14, "%s", metric->name);
        }
        cr_expect(isnan(nn_metric_value(*metric, a, rows_of(y, 0, 7))), "%s", metric->name);
        cr_expect(isnan(nn_metric_value(*metric, ad_literal(1), ad_literal(1))), "%s",
                  metric->name);
        ad_tape_free(tape);
    }
    cr_expect(isnan(nn_metric_value((nn_metric){.name = "none"}, ad_literal(1), ad_literal(1))));
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
