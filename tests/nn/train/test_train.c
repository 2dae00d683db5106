/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "progress.h"
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USUAL .cost = nn_softmax_cross_entropy, .optim = nn_adam(.rate = 0.05), .batch = 8

Test(train, learns_to_classify_and_says_how_well)
{
    points p = make_points(1), other = make_points(2);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 40, .validation = 0.2);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    cr_expect_eq(fit.end, NN_END_EPOCHS);
    cr_expect_eq(fit.epochs, 40);
    cr_expect_eq(fit.steps, 40 * 5); /* 40 rows in batches of 8 */
    cr_expect_lt(fit.history[39].train.cost, 0.5 * fit.history[0].train.cost);
    cr_expect_gt(fit.history[39].train.metric, 0.9);
    cr_expect_gt(fit.history[39].validation.metric, 0.5);
    nn_evaluation test =
        nn_evaluate(net, inputs(&other), labels(&other), .cost = nn_softmax_cross_entropy);
    cr_expect_gt(test.metric, 0.7);
    cr_expect_eq(nn_model_type(net), AD_F64);
    nn_fit_result_clear(&fit);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, an_epochs_figures_are_means_over_rows_also_with_a_smaller_last_batch)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy,
                               .optim = nn_sgd(.rate = 1e-300), .batch = 8);
    nn_evaluation all =
        nn_evaluate(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy, .batch = 7);
    cr_assert_eq(fit.epochs, 1, "%s", fit.error.message);
    cr_expect_float_eq(fit.history[0].train.cost, all.cost, 1e-14);
    cr_expect_float_eq(fit.history[0].train.metric, all.metric, 1e-14);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

static void train_bits(uint64_t seed, int in_order, double *out)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 3, .validation = 0.1,
                               .seed = seed, .in_order = in_order);
    out[0] = value(net, "dense1.weight");
    out[1] = fit.history[2].validation.cost;
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, one_seed_gives_the_same_bits_and_another_does_not)
{
    double first[2], second[2], other[2], in_order[2];
    train_bits(1, 0, first);
    train_bits(1, 0, second);
    train_bits(2, 0, other);
    train_bits(1, 1, in_order);
    cr_expect_eq(memcmp(first, second, sizeof first), 0);
    cr_expect_neq(first[0], other[0]);
    cr_expect_neq(first[0], in_order[0]);
}

Test(train, bytes_and_single_precision_train_a_single_precision_net)
{
    unsigned char pixels[4][2][2] = {
        {{255, 0}, {0, 0}}, {{0, 255}, {0, 0}}, {{0, 0}, {255, 0}}, {{0, 0}, {0, 255}}};
    unsigned char classes[4] = {0, 1, 0, 1};
    nn_array x = nn_array_view(NN_U8, AD_SHAPE(4, 2, 2), pixels);
    x.scale = 1.0 / 255;
    nn_model *net = nn_sequential(nn_dense(2));
    nn_fit_result fit =
        nn_fit(net, x, nn_array_view(NN_U8, AD_SHAPE(4), classes), USUAL, .epochs = 100);
    cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    cr_expect_eq(nn_model_type(net), AD_F32);
    cr_expect_eq(fit.history[99].train.metric, 1);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* ---- ends ---- */

static int after_three(const nn_fit_state *state, void *user)
{
    ++*(int *)user;
    cr_expect_eq(nn_optimiser_count(state->optimiser), state->step);
    return state->step == 3;
}

static int after_epoch(const nn_fit_state *state, void *user)
{
    (void)user;
    return state->epoch == 2 && state->history[1].train.cost > 0;
}

static int raise_flag(const nn_fit_state *state, void *user)
{
    *(volatile sig_atomic_t *)user = state->step == 4;
    return 0;
}

Test(train, callbacks_see_every_batch_and_epoch_and_can_end_it)
{
    points p = make_points(1);
    nn_model *net = small_net();
    int calls = 0;
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 5,
                               .on_batch = after_three, .user = &calls);
    cr_expect_eq(fit.end, NN_END_CALLBACK);
    cr_expect_eq(calls, 3);
    cr_expect(fit.steps == 3 && fit.epochs == 0 && fit.best_epoch == 0);
    nn_fit_result_clear(&fit);
    fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 5, .on_epoch = after_epoch);
    cr_expect_eq(fit.end, NN_END_CALLBACK);
    cr_expect_eq(fit.epochs, 2);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, a_raised_flag_ends_it_after_the_step_and_keeps_the_result)
{
    points p = make_points(1);
    nn_model *net = small_net();
    volatile sig_atomic_t flag = 0;
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 5, .stop = &flag,
                               .on_batch = raise_flag, .user = (void *)(uintptr_t)&flag);
    cr_expect_eq(fit.end, NN_END_STOP);
    cr_expect_eq(fit.error.status, AD_OK);
    cr_expect_eq(fit.steps, 4);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, a_target_ends_it_early_and_patience_when_nothing_improves)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 500, .target = 0.9);
    cr_expect_eq(fit.end, NN_END_TARGET);
    cr_expect_geq(fit.history[fit.epochs - 1].train.metric, 0.9);
    cr_expect_lt(fit.epochs, 500);
    nn_fit_result_clear(&fit);
    points noise = make_points(3); /* labels of other rows: validation gets worse and worse */
    fit = nn_fit(net, inputs(&p), labels(&noise), USUAL, .epochs = 500, .patience = 5,
                 .validation = 0.3, .keep_best = 1);
    cr_expect_eq(fit.end, NN_END_PATIENCE);
    cr_expect_eq(fit.epochs, fit.best_epoch + 5);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* A column of numbers that a dense layer can give. */
static nn_array slope(double *y)
{
    for (int i = 0; i < ROWS; i++) {
        y[i] = (double)i / ROWS;
    }
    return nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), y);
}

static double unsaid(ad_var a, ad_var y)
{
    return nn_metric_value(nn_absolute_error, a, y);
}

Test(train, a_target_of_an_error_is_reached_from_above_and_so_is_one_of_the_cost)
{
    double y[ROWS];
    nn_array line = slope(y);
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_constant(5)));
    nn_fit_result fit = nn_fit(net, line, line, .cost = nn_mse, .metric = nn_absolute_error,
                               .target = 0.2, .optim = nn_adam(.rate = 0.1), .epochs = 1000);
    cr_expect_eq(fit.end, NN_END_TARGET);
    cr_expect_gt(fit.epochs, 10);
    cr_expect_leq(fit.history[fit.epochs - 1].train.metric, 0.2);
    cr_expect_gt(fit.history[fit.epochs - 2].train.metric, 0.2);
    cr_expect_str_eq(fit.metric.name, "absolute error");
    nn_fit_result_clear(&fit);
    fit = nn_fit(net, line, line, .cost = nn_mse, .target_cost = 1e-3,
                 .optim = nn_adam(.rate = 0.1), .epochs = 1000);
    cr_expect_eq(fit.end, NN_END_TARGET);
    cr_expect_leq(fit.history[fit.epochs - 1].train.cost, 1e-3);
    cr_expect_gt(fit.history[fit.epochs - 2].train.cost, 1e-3);
    nn_fit_result_clear(&fit);
    fit = nn_fit(net, line, line, .cost = nn_mse,
                 .metric = {.name = "r", .function = unsaid, .better = NN_LOWER}, .target = 1,
                 .optim = nn_sgd(.rate = 1e-9), .epochs = 3);
    cr_expect_eq(fit.end, NN_END_TARGET);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, the_best_epoch_can_be_kept)
{
    points p = make_points(1), noise = make_points(3);
    nn_model *net = small_net();
    const nn_array vx = inputs(&p), vy = labels(&noise);
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 20, .keep_best = 1,
                               .validation_x = &vx, .validation_y = &vy);
    nn_evaluation kept = nn_evaluate(net, vx, vy, .cost = nn_softmax_cross_entropy, .batch = 8);
    cr_assert_eq(kept.error.status, AD_OK, "%s", kept.error.message);
    cr_expect_eq(kept.cost, fit.history[fit.best_epoch - 1].validation.cost);
    cr_expect_gt(fit.history[19].validation.cost, kept.cost);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, several_labels_a_row_are_counted_one_by_one)
{
    points p = make_points(1);
    double y[ROWS][FEATURES], w[] = {10, 0, 0, 0, 10, 0, 0, 0, 10};
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < FEATURES; j++) {
            y[i][j] = p.x[i][j] > 0;
        }
    }
    nn_model *net = nn_sequential(nn_dense(FEATURES, .weight = nn_values(9, w)));
    nn_build(net, .input = AD_SHAPE(FEATURES));
    nn_array labels = nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES), y);
    cr_expect_eq(nn_evaluate(net, inputs(&p), labels, .cost = nn_binary_cross_entropy).metric, 1);
    nn_model_free(net);
}

/* ---- options ---- */

Test(train, a_schedule_scales_the_rate_and_clipping_bounds_the_step)
{
    nn_model *net = perceptron();
    double before = value(net, "dense1.weight");
    nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 0.5), .clip = 0.25, .epochs = 2,
                               .schedule = nn_step_decay(1, 0.5));
    cr_expect_eq(fit.history[0].rate, 0.5);
    cr_expect_eq(fit.history[1].rate, 0.25);
    cr_expect_leq(fabs(value(net, "dense1.weight") - before), 0.75 * 0.25);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train, progress_and_log_are_written_where_they_should)
{
    points p = make_points(1);
    nn_model *net = small_net();
    char path[] = "/tmp/wengert_train_XXXXXX", text[4000] = "", log[4000] = "";
    close(mkstemp(path));
    FILE *to = fmemopen(text, sizeof text, "w");
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 3, .log = path,
                               .progress = nn_progress_lines, .progress_to = to);
    fclose(to);
    cr_expect_not_null(strstr(text, "epoch 3/3"), "%s", text);
    cr_expect_not_null(strstr(text, "accuracy"), "%s", text);
    FILE *from = fopen(path, "r");
    log[fread(log, 1, sizeof log - 1, from)] = '\0';
    fclose(from);
    int lines = 0;
    for (const char *c = log; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    cr_expect_eq(lines, 4);
    unlink(path);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* ---- mistakes ---- */

static ad_status status_of(nn_fit_result fit, const char *part)
{
    cr_expect_eq(fit.end, NN_END_ERROR);
    cr_expect_not_null(strstr(fit.error.message, part), "'%s' is not in '%s'", part,
                       fit.error.message);
    nn_fit_result_clear(&fit);
    return fit.error.status;
}

static ad_var without_mean(ad_var a, ad_var y)
{
    (void)y;
    return ad_square(a);
}

static ad_var plain_number(ad_var a, ad_var y)
{
    (void)a, (void)y;
    return ad_literal(1);
}

static ad_var whole_number(ad_var a, ad_var y)
{
    (void)a;
    return ad_sum(y, AD_ALL);
}

static ad_tape *elsewhere;

static ad_var on_another_tape(ad_var a, ad_var y)
{
    (void)a, (void)y;
    return ad_input(elsewhere, 1);
}

#define TRY(...) nn_fit(net, inputs(&p), labels(&p), __VA_ARGS__)

Test(train, mistakes_are_errors_that_say_what_to_do)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_array short_y = nn_array_view(NN_I64, AD_SHAPE(ROWS - 1), p.y), vx = inputs(&p);
    const nn_cost ce = nn_softmax_cross_entropy;
    const nn_optim sgd = nn_sgd(.rate = 0.1);
    cr_expect_eq(status_of(TRY(.optim = sgd), "give a cost"), AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce), "no optimiser"), AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = nn_sgd(.rate = 0)), "rate"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .epochs = -1), "epochs"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .validation = 1), "validation"),
                 AD_ERR_DOMAIN);
    cr_expect_eq(
        status_of(TRY(.cost = ce, .optim = sgd, .validation = 1e-3), "leaves none for validation"),
        AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .validation_x = &vx), "validation_y"),
                 AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .l1 = -1), "l1"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .l2 = INFINITY), "l2"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .target = NAN), "target"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .target_cost = NAN), "target"),
                 AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = nn_mse, .optim = sgd, .target = 1), ".target_cost"),
                 AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce, .metric = {.name = "r", .function = unsaid},
                               .optim = sgd, .target = 1),
                           "NN_HIGHER or NN_LOWER"),
                 AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .schedule = nn_cosine(-1)), "warmup"),
                 AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = without_mean, .optim = sgd), "take the mean"), AD_ERR_SHAPE);
    cr_expect_eq(status_of(TRY(.cost = plain_number, .optim = sgd), "plain number"), AD_ERR_DOMAIN);
    cr_expect_eq(
        status_of(TRY(.cost = whole_number, .optim = sgd), "nn_fit: the cost of a batch is i64"),
        AD_ERR_TYPE);
    elsewhere = ad_tape_new();
    cr_expect_eq(status_of(TRY(.cost = on_another_tape, .optim = sgd), "is on another tape"),
                 AD_ERR_FOREIGN);
    ad_tape_free(elsewhere);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .log = "/no/such/log"), "/no/such/log"),
                 AD_ERR_IO);
    cr_expect_eq(status_of(TRY(.cost = nn_mse, .optim = sgd), "the output is [50, 3]"),
                 AD_ERR_SHAPE);
    cr_expect_eq(status_of(nn_fit(net, inputs(&p), short_y, .cost = ce, .optim = sgd), "49"),
                 AD_ERR_SHAPE);
    cr_expect_eq(
        status_of(nn_fit(NULL, inputs(&p), labels(&p), .cost = ce, .optim = sgd), "out of memory"),
        AD_ERR_MEMORY);
    nn_model_free(net);
}

Test(train, a_cost_that_is_no_number_ends_it_and_says_where)
{
    nn_model *net = perceptron();
    nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 10), .epochs = 1000);
    cr_expect_eq(fit.end, NN_END_ERROR);
    cr_expect_eq(fit.error.status, AD_ERR_DOMAIN);
    cr_expect_not_null(strstr(fit.error.message, "lower the rate"), "%s", fit.error.message);
    cr_expect_gt(fit.epochs, 0);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* ---- memory ---- */

Test(train, more_steps_an_epoch_allocate_no_more)
{
    points p = make_points(1);
    size_t requests[2];
    for (int i = 0; i < 2; i++) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_model *net = small_net();
        nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy,
                                   .optim = nn_adam(.rate = 0.01), .epochs = 20,
                                   .batch = i == 0 ? 9 : 3, .allocator = &allocator);
        requests[i] = state.requests;
        nn_fit_result_clear(&fit);
        nn_model_free(net);
        cr_expect_eq(state.live, 0);
    }
    cr_expect_eq(requests[0], requests[1]);
}

/* A whole training; 1 if something failed. */
static int whole_training(const ad_allocator *allocator, const points *p)
{
    nn_layer *layers[] = {nn_dense(4, .activation = ad_tanh, .allocator = allocator),
                          nn_dense(CLASSES, .allocator = allocator)};
    nn_model *net = nn_sequential_in(allocator, 2, layers);
    nn_fit_result fit =
        nn_fit(net, inputs(p), labels(p), USUAL, .epochs = 2, .validation = 0.2, .clip = 1,
               .l1 = 1e-3, .l2 = 1e-3, .keep_best = 1, .allocator = allocator);
    nn_array out = {.type = NN_F64};
    nn_evaluation e = nn_evaluate(net, inputs(p), labels(p), .cost = nn_softmax_cross_entropy,
                                  .allocator = allocator);
    ad_status predicted = nn_predict(net, inputs(p), allocator, &out, NULL);
    cr_expect(fit.error.status == AD_OK || fit.error.status == AD_ERR_MEMORY, "%s",
              fit.error.message);
    cr_expect_eq(fit.error.status == AD_OK, fit.end == NN_END_EPOCHS);
    int failed = fit.error.status != AD_OK || e.error.status != AD_OK || predicted != AD_OK;
    nn_array_clear(&out);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return failed;
}

Test(train, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    points p = make_points(1);
    for (int forever = 0; forever < 2; forever++) {
        size_t requests = 1;
        for (size_t fail_at = 0; fail_at <= requests; fail_at++) {
            ad_failing_allocator state = {.fail_at = fail_at, .fail_forever = forever};
            ad_allocator allocator = ad_allocator_failing(&state);
            int failed = whole_training(&allocator, &p);
            cr_expect_eq(failed, fail_at < state.requests, "request %zu of %zu", fail_at,
                         state.requests);
            cr_expect_eq(state.live, 0, "%zu blocks lost when request %zu fails", state.live,
                         fail_at);
            requests = fail_at == 0 ? SIZE_MAX : requests;
            if (!failed) {
                break;
            }
        }
    }
}
