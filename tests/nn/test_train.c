/* SPDX-License-Identifier: MIT */
#include "layers/dense.h"
#include "log.h"
#include "progress.h"
#include "train.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the lecture notes' programs: figures of the notes' own, NumPy, float64 ---- */

static nn_array column(int64_t rows, const double *data)
{
    return nn_array_view(NN_F64, AD_SHAPE(rows, 1), data);
}

static const double four = 4, nine = 9;

/* a = w x + b from NumPy's first two normal numbers; x = 4, y = 9. */
static nn_model *perceptron(void)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_normal(0, 1)));
    nn_build(net, .input = AD_SHAPE(1), .numpy = &mt);
    return net;
}

static double value(const nn_model *net, const char *name)
{
    return nn_param_value(nn_params_find(nn_model_params(net), name), 0);
}

Test(train, the_perceptron_reaches_the_cost_of_the_notes)
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

Test(train, penalties_end_where_they_do_in_the_notes)
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
        nn_fit_result fit =
            nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
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

Test(train, one_hidden_node_follows_the_notes)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_model *net = nn_sequential(nn_dense(1, .activation = ad_sigmoid, .weight = nn_normal(0, 1),
                                           .bias = nn_constant(0.01)),
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
Test(train, the_extended_program_follows_the_notes)
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
    } rows[] = {{0, 117.28425106234478},    {1, 37.50972746083179},     {10, 0.7494074236987102},
                {100, 0.34541108183708097}, {1000, 0.06704311394653142}, {5000, 0.017103396105246662},
                {10000, 0.0007272837669172269}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double mse = 2 * fit.history[rows[i].step].train.cost;
        cr_expect_float_eq(mse / rows[i].mse, 1, 1e-10, "step %d: %.17g", rows[i].step, mse);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

/* ---- a small classification, for everything else ---- */

enum { ROWS = 50, FEATURES = 3, CLASSES = 3 };

typedef struct points {
    double x[ROWS][FEATURES];
    int64_t y[ROWS];
} points;

/* The class is the place of the largest feature. */
static points make_points(uint64_t seed)
{
    points p;
    ad_rng rng = {.seed = seed};
    for (int i = 0; i < ROWS; i++) {
        p.y[i] = 0;
        for (int j = 0; j < FEATURES; j++) {
            p.x[i][j] = ad_rng_normal(&rng);
            p.y[i] = p.x[i][j] > p.x[i][p.y[i]] ? j : p.y[i];
        }
    }
    return p;
}

static nn_array inputs(const points *p)
{
    return nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES), p->x);
}

static nn_array labels(const points *p)
{
    return nn_array_view(NN_I64, AD_SHAPE(ROWS), p->y);
}

static nn_model *small_net(void)
{
    return nn_sequential(nn_dense(8, .activation = ad_tanh), nn_dense(CLASSES));
}

#define USUAL .cost = nn_softmax_cross_entropy, .optim = nn_adam(.rate = 0.05), .batch = 8

Test(train, learns_to_classify_and_says_how_well)
{
    points p = make_points(1), other = make_points(2);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 40,
                               .validation = 0.2);
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

static void train_bits(uint64_t seed, int in_order, double *out)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 3,
                               .validation = 0.1, .seed = seed, .in_order = in_order);
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
    unsigned char pixels[4][2][2] = {{{255, 0}, {0, 0}}, {{0, 255}, {0, 0}},
                                     {{0, 0}, {255, 0}}, {{0, 0}, {0, 255}}};
    unsigned char classes[4] = {0, 1, 0, 1};
    nn_array x = nn_array_view(NN_U8, AD_SHAPE(4, 2, 2), pixels);
    x.scale = 1.0 / 255;
    nn_model *net = nn_sequential(nn_dense(2));
    nn_fit_result fit = nn_fit(net, x, nn_array_view(NN_U8, AD_SHAPE(4), classes), USUAL,
                               .epochs = 100);
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
    nn_fit_result fit =
        nn_fit(net, inputs(&p), labels(&p), USUAL, .epochs = 500, .target = 0.9);
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

/* ---- options ---- */

Test(train, a_schedule_scales_the_rate_and_clipping_bounds_the_step)
{
    nn_model *net = perceptron();
    double before = value(net, "dense1.weight");
    nn_fit_result fit = nn_fit(net, column(1, &four), column(1, &nine), .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 0.5), .clip = 0.25, .epochs = 2,
                               .schedule = nn_step_decay(.every = 1, .by = 0.5));
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

Test(train, predictions_have_a_row_for_each_of_the_inputs)
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

/* ---- mistakes ---- */

static ad_status status_of(nn_fit_result fit, const char *part)
{
    cr_expect_eq(fit.end, NN_END_ERROR);
    cr_expect_not_null(strstr(fit.error.message, part), "'%s' is not in '%s'", part,
                       fit.error.message);
    nn_fit_result_clear(&fit);
    return fit.error.status;
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
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .validation = 1e-3), "not one row"),
                 AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .validation_x = &vx), "validation_y"),
                 AD_ERR_STATE);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .l1 = -1), "l1"), AD_ERR_DOMAIN);
    cr_expect_eq(status_of(TRY(.cost = ce, .optim = sgd, .log = "/no/such/log"), "/no/such/log"),
                 AD_ERR_IO);
    cr_expect_eq(status_of(TRY(.cost = nn_mse, .optim = sgd), "the output is [50, 3]"),
                 AD_ERR_SHAPE);
    cr_expect_eq(status_of(nn_fit(net, inputs(&p), short_y, .cost = ce, .optim = sgd), "49"),
                 AD_ERR_SHAPE);
    cr_expect_eq(status_of(nn_fit(NULL, inputs(&p), labels(&p), .cost = ce, .optim = sgd),
                           "out of memory"),
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

Test(train, scoring_and_predicting_need_a_model_that_is_built)
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

/* ---- memory ---- */

Test(train, a_step_allocates_nothing_after_the_first_epoch)
{
    points p = make_points(1);
    size_t requests[2];
    for (int i = 0; i < 2; i++) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_model *net = small_net();
        nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), USUAL, .validation = 0.1,
                                   .epochs = i == 0 ? 1 : 20, .allocator = &allocator);
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
    nn_fit_result fit = nn_fit(net, inputs(p), labels(p), USUAL, .epochs = 2, .validation = 0.2,
                               .clip = 1, .l1 = 1e-3, .l2 = 1e-3, .keep_best = 1,
                               .allocator = allocator);
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
