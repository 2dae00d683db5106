/* SPDX-License-Identifier: MIT */
#include "progress.h"
#include "train.h"
#include "nn/training.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static ad_status status_of(nn_fit_result fit, const char *part)
{
    cr_expect_eq(fit.end, NN_END_ERROR);
    cr_expect_not_null(strstr(fit.error.message, part), "'%s' is not in '%s'", part,
                       fit.error.message);
    nn_fit_result_clear(&fit);
    return fit.error.status;
}

static void expect_refused(ad_error error, ad_status status, const char *part)
{
    cr_expect_eq(error.status, status, "%s", error.message);
    cr_expect_not_null(strstr(error.message, part), "'%s' is not in '%s'", part, error.message);
}

#define SGD .optim = nn_sgd(.rate = 0.1)

/* ---- targets in the domain of the cost ---- */

typedef struct bad_targets {
    nn_cost cost;
    nn_type type;
    int64_t outputs, columns; /* 0: y is [rows] */
    double bad;               /* in row 30; all others are good */
    ad_status status;
    const char *text;
} bad_targets;

static const bad_targets targets[] = {
    {nn_binary_cross_entropy, NN_F64, 1, 0, 2, AD_ERR_DOMAIN, "row 30 of the targets has 2"},
    {nn_binary_cross_entropy, NN_F64, 1, 1, -1, AD_ERR_DOMAIN, "row 30 of the targets has -1"},
    {nn_binary_cross_entropy, NN_F64, 1, 1, NAN, AD_ERR_DOMAIN, "row 30 of the targets has nan"},
    {nn_binary_cross_entropy, NN_I64, 1, 0, 2, AD_ERR_DOMAIN, "row 30 of the targets has 2"},
    {nn_binary_cross_entropy, NN_F64, 3, 3, 1.5, AD_ERR_DOMAIN, "has 1.5 at element 0"},
    {nn_softmax_cross_entropy, NN_I64, 3, 0, 3, AD_ERR_INDEX, "the class of row 30 is 3"},
    {nn_softmax_cross_entropy, NN_I64, 3, 1, -1, AD_ERR_INDEX, "the class of row 30 is -1"},
    {nn_softmax_cross_entropy, NN_F64, 3, 3, 1, AD_ERR_DOMAIN, "row 30 of the targets sums to 2"},
    {nn_softmax_cross_entropy, NN_I64, 3, 3, 1, AD_ERR_DOMAIN, "row 30 of the targets sums to 2"},
    {nn_softmax_cross_entropy, NN_F64, 3, 3, NAN, AD_ERR_DOMAIN, "row 30 of the targets has nan"},
    {nn_softmax_cross_entropy, NN_F64, 3, 0, 1, AD_ERR_TYPE, "NN_I64"},
    {nn_softmax_cross_entropy, NN_F64, 3, 1, 1, AD_ERR_TYPE, "NN_I64"},
    {nn_mse, NN_F64, 1, 0, NAN, AD_ERR_DOMAIN, "row 30 of the targets has nan"},
    {nn_mae, NN_F64, 2, 2, INFINITY, AD_ERR_DOMAIN, "has inf at element 0"},
    {nn_sse, NN_F64, 1, 1, -INFINITY, AD_ERR_DOMAIN, "row 30 of the targets has -inf"},
    {nn_quadratic, NN_F64, 1, 1, NAN, AD_ERR_DOMAIN, "row 30 of the targets has nan"},
};

/* Rows of one-hot targets with the last element 1, or of zeros; element 0 of row `bad` is bad. */
static nn_array make_targets(const bad_targets *t, int bad, double *numbers, int64_t *labels)
{
    int64_t columns = t->columns > 0 ? t->columns : 1;
    for (int64_t i = 0; i < ROWS * columns; i++) {
        numbers[i] = columns > 1 && i % columns == columns - 1;
        numbers[i] = i == bad * columns ? t->bad : numbers[i];
        labels[i] = isfinite(numbers[i]) ? (int64_t)numbers[i] : 0;
    }
    return nn_array_view(t->type, t->columns > 0 ? AD_SHAPE(ROWS, t->columns) : AD_SHAPE(ROWS),
                         t->type == NN_I64 ? (const void *)labels : numbers);
}

Test(train_check, targets_outside_the_costs_domain_are_refused_by_row_and_value)
{
    double numbers[ROWS * 3], good_numbers[ROWS * 3];
    int64_t labels[ROWS * 3], good_labels[ROWS * 3];
    points p = make_points(1);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const bad_targets *t = &targets[i];
        nn_array bad = make_targets(t, 30, numbers, labels);
        nn_array good = make_targets(t, -1, good_numbers, good_labels), x = inputs(&p);
        nn_model *net = nn_sequential(nn_dense(t->outputs));
        for (int recorded = 0; recorded < 2; recorded++) {
            nn_fit_result fit = nn_fit(net, x, bad, .cost = t->cost, SGD, .batch = 3, .epochs = 3,
                                       .recorded = recorded, .validation = 0.5);
            cr_expect_eq(fit.steps, 0);
            cr_expect_eq(status_of(fit, t->text), t->status, "case %zu", i);
        }
        expect_refused(nn_evaluate(net, x, bad, .cost = t->cost).error, t->status, t->text);
        if (t->status != AD_ERR_TYPE) {
            nn_fit_result fit = nn_fit(net, x, good, .cost = t->cost, SGD, .epochs = 2,
                                       .validation_x = &x, .validation_y = &bad);
            cr_expect_eq(fit.steps, 0);
            cr_expect_eq(status_of(fit, t->text), t->status, "case %zu", i);
            fit = nn_fit(net, x, good, .cost = t->cost, SGD);
            cr_expect_eq(fit.error.status, AD_OK, "case %zu: %s", i, fit.error.message);
            nn_fit_result_clear(&fit);
        }
        nn_model_free(net);
    }
}

static ad_var wrapped(ad_var a, ad_var y)
{
    return ad_mul(2, nn_binary_cross_entropy(a, y));
}

Test(train_check, a_cost_of_ones_own_that_calls_the_librarys_refuses_them_too)
{
    double numbers[ROWS * 3];
    int64_t labels[ROWS * 3];
    points p = make_points(1);
    nn_array bad = make_targets(&targets[0], 30, numbers, labels);
    nn_model *net = nn_sequential(nn_dense(1));
    cr_expect_eq(status_of(nn_fit(net, inputs(&p), bad, .cost = wrapped, SGD, .batch = 3),
                           "of the targets has 2"),
                 AD_ERR_DOMAIN);
    expect_refused(nn_evaluate(net, inputs(&p), bad, .cost = wrapped, .batch = 4).error,
                   AD_ERR_DOMAIN, "row 30 of the targets has 2");
    nn_model_free(net);
}

Test(train_check, integers_and_bytes_are_one_hot_as_numbers_are)
{
    points p = make_points(1);
    double numbers[ROWS][CLASSES] = {{0}}, w[3];
    int64_t integers[ROWS][CLASSES] = {{0}};
    unsigned char bytes[ROWS][CLASSES] = {{0}};
    for (int i = 0; i < ROWS; i++) {
        numbers[i][p.y[i]] = 1;
        integers[i][p.y[i]] = bytes[i][p.y[i]] = 1;
    }
    const nn_type types[] = {NN_F64, NN_I64, NN_U8};
    const void *const data[] = {numbers, integers, bytes};
    for (int i = 0; i < 3; i++) {
        nn_model *net = small_net();
        nn_fit_result fit =
            nn_fit(net, inputs(&p), nn_array_view(types[i], AD_SHAPE(ROWS, CLASSES), data[i]),
                   .cost = nn_softmax_cross_entropy, .optim = nn_adam(.rate = 0.1), .epochs = 50);
        cr_assert_eq(fit.error.status, AD_OK, "%s", fit.error.message);
        cr_expect_gt(fit.history[49].train.metric, 0.9);
        w[i] = value(net, "dense1.weight");
        nn_fit_result_clear(&fit);
        nn_model_free(net);
    }
    cr_expect(w[0] == w[1] && w[0] == w[2]);
}

/* ---- logits and probabilities ---- */

static ad_var own_softmax(ad_var z)
{
    return ad_softmax(z, AD_AXES(-1));
}

static ad_var own_sigmoid(ad_var z)
{
    return ad_div(1, ad_add(1, ad_exp(ad_neg(z))));
}

static nn_layer *ends_in(nn_activation activation)
{
    return nn_dense(CLASSES, .activation = activation);
}

Test(train_check, probabilities_are_no_logits_whatever_makes_them)
{
    const nn_activation makes[] = {nn_softmax, own_softmax, ad_sigmoid, own_sigmoid,
                                   nn_hard_sigmoid};
    const nn_cost costs[] = {nn_softmax_cross_entropy, nn_binary_cross_entropy};
    points p = make_points(1);
    double hot[ROWS][CLASSES] = {{0}};
    for (int i = 0; i < ROWS; i++) {
        hot[i][p.y[i]] = 1;
    }
    nn_array y = nn_array_view(NN_F64, AD_SHAPE(ROWS, CLASSES), hot);
    for (size_t i = 0; i < 2 * sizeof makes / sizeof makes[0]; i++) {
        nn_model *nets[] = {
            nn_sequential(ends_in(makes[i / 2])),
            nn_sequential(nn_dense(CLASSES, .name = "out"), nn_function(makes[i / 2]))};
        for (int j = 0; j < 2; j++) {
            cr_expect_eq(
                status_of(nn_fit(nets[j], inputs(&p), y, .cost = costs[i % 2], SGD), "logits"),
                AD_ERR_STATE, "activation %zu", i / 2);
            expect_refused(nn_evaluate(nets[j], inputs(&p), y, .cost = costs[i % 2]).error,
                           AD_ERR_STATE, j == 0 ? "dense1 gives" : "function1 gives");
            nn_fit_result fit = nn_fit(nets[j], inputs(&p), y, .cost = nn_mse, SGD);
            cr_expect_eq(fit.error.status, AD_OK, "%s", fit.error.message);
            nn_fit_result_clear(&fit);
            nn_model_free(nets[j]);
        }
    }
}

Test(train_check, accuracies_that_read_logits_refuse_what_is_none)
{
    points p = make_points(1);
    double hot[ROWS][CLASSES] = {{0}}, one[ROWS] = {0};
    for (int i = 0; i < ROWS; i++) {
        hot[i][p.y[i]] = 1;
        one[i] = p.y[i] == 0;
    }
    nn_array many = nn_array_view(NN_F64, AD_SHAPE(ROWS, CLASSES), hot);
    nn_array single = nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), one);
    const struct {
        int width;
        nn_activation activation;
        nn_metric metric;
        ad_status status;
    } cases[] = {{1, ad_sigmoid, nn_accuracy, AD_ERR_STATE},
                 {1, ad_sigmoid, nn_binary_accuracy, AD_ERR_STATE},
                 {CLASSES, ad_sigmoid, nn_binary_accuracy, AD_ERR_STATE},
                 {CLASSES, nn_softmax, nn_accuracy, AD_OK},
                 {1, ad_sigmoid, nn_absolute_error, AD_OK},
                 {1, ad_tanh, nn_accuracy, AD_OK},
                 {1, NULL, nn_binary_accuracy, AD_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_array y = cases[i].width == 1 ? single : many;
        nn_model *net = nn_sequential(nn_dense(cases[i].width, .activation = cases[i].activation));
        nn_fit_result fit =
            nn_fit(net, inputs(&p), y, .cost = nn_mse, .metric = cases[i].metric, SGD);
        nn_evaluation seen =
            nn_evaluate(net, inputs(&p), y, .cost = nn_mse, .metric = cases[i].metric);
        cr_expect_eq(fit.error.status, cases[i].status, "case %zu: %s", i, fit.error.message);
        cr_expect_eq(seen.error.status, cases[i].status, "case %zu: %s", i, seen.error.message);
        if (cases[i].status != AD_OK) {
            expect_refused(fit.error, AD_ERR_STATE, "reads logits");
            expect_refused(seen.error, AD_ERR_STATE, "nn_binary_cross_entropy");
        }
        nn_fit_result_clear(&fit);
        nn_model_free(net);
    }
}

static ad_var average(ad_var x)
{
    return ad_mean(x, AD_AXES(1));
}

static ad_var odd(ad_var x)
{
    return ad_is_dead(x) ? x : ad_input(x.tape, 0.5); /* no batch at all */
}

Test(train_check, other_activations_may_end_a_model_before_a_cost_of_logits)
{
    const nn_activation makes[] = {NULL,      nn_identity,    ad_tanh,     ad_relu,
                                   nn_relu6,  ad_exp,         nn_softsign, nn_mish,
                                   ad_square, ad_log_sigmoid, nn_hard_tanh};
    points p = make_points(1);
    for (size_t i = 0; i < sizeof makes / sizeof makes[0]; i++) {
        nn_model *net = nn_sequential(ends_in(makes[i]));
        nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy,
                                   .optim = nn_sgd(.rate = 1e-3));
        cr_expect_eq(fit.error.status, AD_OK, "%zu: %s", i, fit.error.message);
        nn_fit_result_clear(&fit);
        nn_model_free(net);
    }
    nn_model *pool = nn_sequential(nn_dense(5), nn_function(average));
    double y[ROWS] = {0};
    nn_fit_result fit = nn_fit(pool, inputs(&p), column(ROWS, y), .cost = nn_binary_cross_entropy,
                               .optim = nn_sgd(.rate = 1e-3));
    cr_expect_eq(fit.error.status, AD_OK, "%s", fit.error.message);
    nn_fit_result_clear(&fit);
    nn_model_free(pool);
    nn_model *none = nn_sequential(nn_dense(1, .activation = odd));
    cr_expect_eq(nn_build(none, .input = AD_SHAPE(2)), AD_OK, "%s", nn_model_message(none));
    nn_model_free(none);
}

/* ---- arrays that do not fit ---- */

Test(train_check, held_out_rows_of_another_shape_are_refused_before_anything_runs)
{
    static double wide[ROWS * 400], y[ROWS * 400];
    static int64_t integers[ROWS];
    points p = make_points(1);
    const nn_array x = inputs(&p), t = nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), y);
    const nn_array held_x[] = {nn_array_view(NN_F64, AD_SHAPE(ROWS, 400), wide),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), wide),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS), wide),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES, 1), wide),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS - 1, FEATURES), wide),
                               nn_array_view(NN_F64, AD_SHAPE(0, FEATURES), wide),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES), NULL)};
    const nn_array held_y[] = {nn_array_view(NN_F64, AD_SHAPE(ROWS, 400), y),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS, 0), y),
                               nn_array_view(NN_F64, AD_SHAPE(ROWS), y),
                               nn_array_view(NN_F64, AD_SCALAR, y),
                               nn_array_view(NN_I64, AD_SHAPE(ROWS, 1), integers),
                               nn_array_view((nn_type)77, AD_SHAPE(ROWS, 1), y)};
    const ad_status of_x[] = {AD_ERR_SHAPE, AD_ERR_SHAPE, AD_ERR_SHAPE, AD_ERR_SHAPE,
                              AD_ERR_SHAPE, AD_ERR_SHAPE, AD_ERR_DOMAIN};
    const ad_status of_y[] = {AD_ERR_SHAPE, AD_ERR_SHAPE, AD_ERR_SHAPE,
                              AD_ERR_SHAPE, AD_ERR_TYPE,  AD_ERR_TYPE};
    nn_model *net = nn_sequential(nn_dense(1));
    for (int i = 0; i < 7; i++) {
        nn_fit_result fit =
            nn_fit(net, x, t, .cost = nn_mse, SGD, .validation_x = &held_x[i], .validation_y = &t);
        cr_expect_eq(fit.steps, 0);
        cr_expect_eq(status_of(fit, "nn_fit, validation"), of_x[i], "x %d", i);
    }
    for (int i = 0; i < 6; i++) {
        nn_fit_result fit =
            nn_fit(net, x, t, .cost = nn_mse, SGD, .validation_x = &x, .validation_y = &held_y[i]);
        cr_expect_eq(fit.steps, 0);
        cr_expect_eq(status_of(fit, "nn_fit, validation"), of_y[i], "y %d", i);
    }
    nn_model_free(net);
}

Test(train_check, rows_that_do_not_fit_the_model_name_it_and_say_what_to_do)
{
    points p = make_points(1);
    double y[ROWS] = {0};
    nn_model *net = nn_sequential(nn_dense(1));
    nn_build(net, .input = AD_SHAPE(4));
    nn_array x = inputs(&p), one = nn_array_view(NN_F64, AD_SHAPE(4), p.x), out;
    ad_error error = {0};
    cr_expect_eq(nn_predict(net, one, NULL, &out, &error), AD_ERR_SHAPE);
    cr_expect_str_eq(error.message,
                     "nn_predict: x is [4]; the model takes rows of [4]: give one row as [1, 4]");
    cr_expect_eq(nn_predict(net, x, NULL, &out, &error), AD_ERR_SHAPE);
    cr_expect_str_eq(error.message, "nn_predict: x is [50, 3]; the model takes rows of [4]");
    expect_refused(nn_evaluate(net, x, column(ROWS, y), .cost = nn_mse).error, AD_ERR_SHAPE,
                   "nn_evaluate: x is [50, 3]; the model takes rows of [4]");
    cr_expect_eq(status_of(nn_fit(net, x, column(ROWS, y), .cost = nn_mse, SGD),
                           "nn_fit: x is [50, 3]; the model takes rows of [4]"),
                 AD_ERR_SHAPE);
    cr_expect_eq(nn_model_status(net), AD_OK);
    one.shape = AD_SHAPE(1, 2, 2);
    cr_expect_eq(nn_predict(net, one, NULL, &out, &error), AD_OK, "%s", error.message);
    nn_array_clear(&out);
    nn_array none = {0};
    cr_expect_neq(nn_predict(net, none, NULL, &out, &error), AD_OK);
    cr_expect_neq(nn_evaluate(net, none, none, .cost = nn_mse).error.status, AD_OK);
    nn_model_free(net);
}

/* ---- numbers that are not finite ---- */

Test(train_check, a_nan_is_the_same_error_wherever_it_is)
{
    points p = make_points(1);
    nn_array x = inputs(&p);
    for (int row = 0; row < ROWS; row++) {
        double kept = p.x[row][1];
        char text[32];
        p.x[row][1] = row % 2 ? NAN : -NAN;
        snprintf(text, sizeof text, "row %d of x has nan", row);
        nn_model *net = small_net();
        nn_fit_result fit = nn_fit(net, x, labels(&p), .cost = nn_softmax_cross_entropy, SGD,
                                   .epochs = 10, .validation = 0.2, .keep_best = 1, .patience = 5);
        cr_expect_not_null(strstr(fit.error.message, "the cost is nan"), "%s", fit.error.message);
        cr_expect_not_null(strstr(fit.error.message, ": leave out such rows, or fill them in"));
        cr_expect_eq(status_of(fit, text), AD_ERR_DOMAIN);
        cr_expect(isfinite(value(net, "dense1.weight")));
        nn_evaluation e = nn_evaluate(net, x, labels(&p), .cost = nn_softmax_cross_entropy);
        expect_refused(e.error, AD_ERR_DOMAIN, text);
        cr_expect(isnan(e.cost) && isnan(e.metric));
        p.x[row][1] = kept;
        nn_model_free(net);
    }
    x.offset = INFINITY; /* as it is gathered */
    nn_model *net = small_net();
    cr_expect_eq(status_of(nn_fit(net, x, labels(&p), .cost = nn_softmax_cross_entropy, SGD),
                           "row 0 of x has inf"),
                 AD_ERR_DOMAIN);
    nn_model_free(net);
}

Test(train_check, divergence_in_the_first_epoch_leaves_the_beginning_if_the_best_is_kept)
{
    points p = make_points(1);
    double y[ROWS];
    for (int i = 0; i < ROWS; i++) {
        y[i] = p.x[i][0];
    }
    nn_model *net = nn_sequential(nn_dense(1));
    nn_build(net, .input = AD_SHAPE(FEATURES));
    double before = value(net, "dense1.weight");
    nn_fit_result fit = nn_fit(net, inputs(&p), column(ROWS, y), .cost = nn_mse, .batch = 1,
                               .optim = nn_sgd(.rate = 1e30), .epochs = 9, .keep_best = 1);
    cr_expect_eq(status_of(fit, "lower the rate"), AD_ERR_DOMAIN);
    cr_expect_eq(value(net, "dense1.weight"), before);
    nn_model_free(net);
}

Test(train_check, a_second_build_is_an_error_that_leaves_the_model_as_it_is)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_array out;
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy, SGD);
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(FEATURES)), AD_ERR_STATE);
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(7), .type = AD_F32), AD_ERR_STATE);
    cr_expect_eq(nn_model_status(net), AD_OK);
    cr_expect_eq(nn_predict(net, inputs(&p), NULL, &out, NULL), AD_OK);
    nn_array_clear(&out);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}

Test(train_check, nothing_at_all_is_an_error_and_no_crash)
{
    points p = make_points(1);
    nn_model *net = small_net();
    nn_build(net, .input = AD_SHAPE(FEATURES));
    const nn_array none = {0};
    ad_error error;
    cr_expect_eq(nn_predict(net, inputs(&p), NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_classes(NULL, NULL, NULL), AD_ERR_DOMAIN);
    nn_array empty = nn_array_view(NN_F64, AD_SHAPE(3, 2), NULL);
    cr_expect_eq(nn_classes(&empty, p.y, NULL), AD_ERR_DOMAIN);
    nn_fit_result_clear(NULL);
    nn_fit_result_clear(&(nn_fit_result){0});
    cr_expect_eq(nn_fit(net, none, none, .cost = nn_mse, SGD).end, NN_END_ERROR);
    cr_expect_null(nn_sequential_in(NULL, 2, NULL));
    cr_expect_null(nn_activation_named(NULL));
    cr_expect(isnan(ad_value(nn_clip_norm(1, NULL, 1))));
    cr_expect(isnan(ad_value(nn_penalty(nn_model_params(net), NULL, 1, 1))));
    ad_tape *tape = ad_tape_new();
    cr_expect_eq(nn_params_bind(nn_model_params(net), tape, NULL), AD_ERR_DOMAIN);
    ad_tape_free(tape);
    nn_model_free(net);
}

/* Looked at one by one, so many rows would take weeks. */
Test(train_check, any_number_of_rows_without_elements_is_no_work)
{
    const nn_array none = nn_array_view(NN_F64, AD_SHAPE(1LL << 45, 0), "");
    static const nn_cost costs[] = {nn_mse, nn_binary_cross_entropy};
    for (int i = 0; i < 2; i++) {
        nn_model *net = nn_sequential(nn_dense(1));
        nn_build(net, .input = AD_SHAPE(0));
        expect_refused(nn_evaluate(net, none, none, .cost = costs[i]).error, AD_ERR_SHAPE,
                       "the output is [256, 1], the target [256, 0]");
        cr_expect_eq(status_of(nn_fit(net, none, none, .cost = costs[i], SGD),
                               "out of memory for the order of 35184372088832 rows"),
                     AD_ERR_MEMORY);
        nn_model_free(net);
    }
}

Test(train_check, a_training_that_went_well_leaves_errno_alone)
{
    points p = make_points(1);
    nn_model *net = small_net();
    FILE *to = tmpfile(); /* is no terminal, which the progress asks */
    errno = 77;
    nn_fit_result fit = nn_fit(net, inputs(&p), labels(&p), .cost = nn_softmax_cross_entropy, SGD,
                               .progress = nn_progress_terminal, .progress_to = to);
    cr_expect_eq(errno, 77);
    fclose(to);
    nn_fit_result_clear(&fit);
    nn_model_free(net);
}
