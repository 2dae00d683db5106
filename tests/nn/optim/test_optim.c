/* SPDX-License-Identifier: MIT */
#include "model.h"
#include "optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { STEPS = 5 };

/* f = (w1^2 + 10 w2^2) / 2 from (1, -2); trajectories of PyTorch 1.13, float64. */
typedef struct trajectory {
    const char *name;
    nn_optim optim;
    double w[STEPS + 1][2];
} trajectory;

static void follow(const trajectory *t)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
    nn_params_write(params, "w", 2, t->w[0], NULL);
    ad_error error = {0};
    nn_optimiser *optimiser = nn_optimiser_new(t->optim, params, NULL, &error);
    cr_assert_not_null(optimiser, "%s", error.message);
    ad_tape *tape = ad_tape_new();
    ad_mark mark = ad_tape_mark(tape);
    for (int i = 1; i <= STEPS; i++) {
        ad_var w, dw;
        nn_params_bind(params, tape, &w);
        ad_var scale = ad_constant(tape, AD_F64, AD_SHAPE(2), (double[]){1, 10});
        ad_var f = ad_div(ad_sum(ad_mul(scale, ad_square(w)), AD_ALL), 2);
        ad_grad(f, 1, &w, &dw);
        cr_assert_eq(nn_optimiser_step(optimiser, &w, &dw, 1), AD_OK, "%s", ad_tape_message(tape));
        ad_tape_rewind(tape, mark);
        for (size_t k = 0; k < 2; k++) {
            double got = nn_param_value(nn_params_at(params, 0), k);
            cr_expect_float_eq(got, t->w[i][k], 1e-12, "%s, step %d: w%zu = %.17g, not %.17g",
                               t->name, i, k + 1, got, t->w[i][k]);
        }
    }
    cr_expect_eq(nn_optimiser_count(optimiser), STEPS);
    cr_expect_str_eq(t->optim.rule->name, t->name);
    ad_tape_free(tape);
    nn_optimiser_free(optimiser);
    nn_params_free(params);
}

Test(optim, follows_the_trajectories_of_pytorch)
{
    const trajectory rows[] = {
        {"sgd",
         nn_sgd(.rate = 0.05),
         {{1, -2},
          {0.95, -1},
          {0.9025, -0.5},
          {0.857375, -0.25},
          {0.81450625, -0.125},
          {0.7737809375, -0.0625}}},
        {"momentum",
         nn_momentum(.rate = 0.05, .momentum = 0.9),
         {{1, -2},
          {0.95, -1},
          {0.8575, 0.4},
          {0.731375, 1.46},
          {0.58129375, 1.684},
          {0.4171559375, 1.0436}}},
        {"nesterov",
         nn_nesterov(.rate = 0.05),
         {{1, -2},
          {0.905, -0.1},
          {0.778525, 0.805},
          {0.631462625, 0.80975},
          {0.474151163125, 0.4070125},
          {0.315942305065625, 0.022274375}}},
        {"adam",
         nn_adam(.rate = 0.1),
         {{1, -2},
          {0.900000001, -1.90000000005},
          {0.8004122297123382, -1.8001664857113877},
          {0.701586274504415, -1.7006233914339461},
          {0.603939062682108, -1.6015048944653312},
          {0.507963661927221, -1.502955780256633}}},
        {"adam", /* AdamW */
         nn_adam(.rate = 0.1, .decay = 0.1),
         {{1, -2},
          {0.890000001, -1.88000000005},
          {0.781571856954161, -1.7614089501813404},
          {0.6751012231892006, -1.6443686829514537},
          {0.5710475992066121, -1.529032710451144},
          {0.4699526596188067, -1.4155664789194458}}},
        {"adam",
         nn_adam(.rate = 0.1, .l2 = 0.1),
         {{1, -2},
          {0.9000000009090909, -1.900000000049505},
          {0.8004122295267844, -1.800166485710387},
          {0.7015862742210722, -1.70062339143243},
          {0.6039390622987693, -1.6015048944632915},
          {0.5079636614430609, -1.5029557802540627}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        follow(&rows[i]);
    }
}

/* One step from w = (4, -8) with gradient (1, 1). */
static void one_step(nn_optim optim, nn_role role, ad_type type, double factor, double *w)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", role, type, AD_SHAPE(2), NULL);
    nn_params_write(params, "w", 2, (double[]){4, -8}, NULL);
    nn_optimiser *optimiser = nn_optimiser_new(optim, params, NULL, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var v, g;
    nn_params_bind(params, tape, &v);
    g = ad_full(tape, type, AD_SHAPE(2), 1);
    cr_assert_eq(nn_optimiser_step(optimiser, &v, &g, factor), AD_OK, "%s", ad_tape_message(tape));
    w[0] = nn_param_value(nn_params_at(params, 0), 0);
    w[1] = nn_param_value(nn_params_at(params, 0), 1);
    ad_tape_free(tape);
    nn_optimiser_free(optimiser);
    nn_params_free(params);
}

Test(optim, decay_pulls_weights_but_not_biases)
{
    double w[2];
    one_step(nn_sgd(.rate = 0.5, .l2 = 0.25), NN_WEIGHT, AD_F64, 1, w);
    cr_expect(w[0] == 4 - 0.5 * 2 && w[1] == -8 - 0.5 * -1);
    one_step(nn_sgd(.rate = 0.5, .l2 = 0.25), NN_BIAS, AD_F64, 1, w);
    cr_expect(w[0] == 3.5 && w[1] == -8.5);
    one_step(nn_sgd(.rate = 0.5, .decay = 0.5), NN_WEIGHT, AD_F64, 1, w);
    cr_expect(w[0] == 2.5 && w[1] == -6.5);
    one_step(nn_sgd(.rate = 0.5, .decay = 0.5), NN_BIAS, AD_F64, 1, w);
    cr_expect(w[0] == 3.5 && w[1] == -8.5);
}

Test(optim, a_factor_scales_the_rate_and_single_precision_works)
{
    double w[2];
    one_step(nn_sgd(.rate = 0.5), NN_WEIGHT, AD_F32, 0.5, w);
    cr_expect(w[0] == 3.75 && w[1] == -8.25);
    one_step(nn_adam(.rate = 0.5), NN_WEIGHT, AD_F32, 0.5, w);
    cr_expect_float_eq(w[0], 3.75, 1e-6);
}

Test(optim, what_a_rule_remembers_has_names)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "dense1.weight", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
    nn_optimiser *optimiser = nn_optimiser_new(nn_adam(.rate = 1), params, NULL, NULL);
    nn_params *memory = nn_optimiser_memory(optimiser);
    cr_expect_eq(nn_params_count(memory), 2);
    cr_expect_not_null(nn_params_find(memory, "adam.mean.dense1.weight"));
    cr_expect_not_null(nn_params_find(memory, "adam.square.dense1.weight"));
    nn_optimiser_set_count(optimiser, 12);
    cr_expect_eq(nn_optimiser_count(optimiser), 12);
    nn_optimiser_free(optimiser);
    nn_optimiser_free(NULL);
    nn_params_free(params);
}

Test(optim, numbers_outside_their_range_are_refused)
{
    nn_params *params = nn_params_new(NULL);
    const nn_optim bad[] = {nn_sgd(.rate = 0),
                            nn_sgd(.rate = -1),
                            nn_sgd(.rate = NAN),
                            nn_sgd(.rate = INFINITY),
                            nn_momentum(.rate = 1, .momentum = 1),
                            nn_adam(.rate = 1, .beta1 = -0.5),
                            nn_adam(.rate = 1, .beta2 = 1.5),
                            nn_adam(.rate = 1, .eps = -1),
                            nn_adam(.rate = 1, .l2 = -1),
                            nn_adam(.rate = 1, .decay = -1)};
    ad_error error;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_null(nn_optimiser_new(bad[i], params, NULL, &error));
        cr_expect_eq(error.status, AD_ERR_DOMAIN, "row %zu", i);
    }
    cr_expect_null(nn_optimiser_new((nn_optim){0}, params, NULL, &error));
    cr_expect_eq(error.status, AD_ERR_STATE);
    nn_params_free(params);
}

/* PyTorch 1.13, float64 */
Test(optim, gradients_are_clipped_by_their_norm_over_all_parameters)
{
    ad_tape *tape = ad_tape_new();
    ad_var dw[] = {ad_constant(tape, AD_F64, AD_SHAPE(2), (double[]){3, 4}),
                   ad_constant(tape, AD_F64, AD_SHAPE(1), (double[]){12})};
    ad_var same[] = {dw[0], dw[1]};
    cr_expect_eq(ad_value(nn_clip_norm(2, dw, 6.5)), 13);
    cr_expect_float_eq(((const double *)ad_data(dw[0]))[0], 1.4999998846153937, 1e-15);
    cr_expect_float_eq(((const double *)ad_data(dw[0]))[1], 1.9999998461538582, 1e-15);
    cr_expect_float_eq(((const double *)ad_data(dw[1]))[0], 5.999999538461575, 1e-15);
    nn_clip_norm(2, same, 14);
    cr_expect_eq(((const double *)ad_data(same[1]))[0], 12);
    ad_tape_free(tape);
}

Test(optim, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(2), NULL);
    for (size_t fail_at = 0; fail_at < 12; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_error error = {0};
        nn_optimiser *optimiser = nn_optimiser_new(nn_adam(.rate = 1), params, &allocator, &error);
        cr_expect_eq(optimiser == NULL, fail_at < state.requests);
        cr_expect_eq(error.status, optimiser == NULL ? AD_ERR_MEMORY : AD_OK);
        nn_optimiser_free(optimiser);
        cr_expect_eq(state.live, 0);
    }
    nn_params_free(params);
}

Test(optim, parameters_added_after_the_optimiser_was_made_are_an_error)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SCALAR, NULL);
    nn_optimiser *optimiser = nn_optimiser_new(nn_adam(.rate = 0.1), params, NULL, NULL);
    nn_params_add(params, "b", NN_BIAS, AD_F64, AD_SCALAR, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var w[2];
    cr_assert_eq(nn_params_bind(params, tape, w), AD_OK);
    cr_expect_eq(nn_optimiser_step(optimiser, w, w, 1), AD_ERR_STATE);
    cr_expect_str_eq(
        ad_tape_message(tape),
        "nn_optimiser_step: the set has 2 parameters, but had 1 when the optimiser was "
        "made; make one for all of them");
    ad_tape_free(tape);
    nn_optimiser_free(optimiser);
    nn_params_free(params);
}

Test(optim, a_norm_is_dead_if_the_gradients_could_not_be_scaled)
{
    int failures = 0;
    for (size_t fail_at = 0; fail_at < 40; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        const ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_var g[2] = {ad_full(tape, AD_F64, AD_SHAPE(100, 100), 1)};
        g[1] = ad_neg(g[0]);
        if (tape != NULL && ad_tape_status(tape) == AD_OK) {
            const ad_var norm = nn_clip_norm(2, g, 2);
            failures += ad_tape_status(tape) != AD_OK;
            cr_expect_eq(ad_is_dead(norm), ad_tape_status(tape) != AD_OK);
            cr_expect_eq(ad_is_dead(g[0]), ad_tape_status(tape) != AD_OK);
            cr_expect_eq(ad_is_dead(g[1]), ad_tape_status(tape) != AD_OK);
        }
        ad_tape_free(tape);
    }
    cr_expect(failures > 0);
}

Test(optim, clipping_needs_a_limit_above_0)
{
    const double limits[] = {0, -1, NAN};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var g = ad_input(tape, 3);
        nn_clip_norm(1, &g, limits[i]);
        cr_expect(ad_is_dead(g));
        cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
        ad_tape_free(tape);
    }
}

Test(optim, an_optimiser_that_could_not_be_made_does_no_harm)
{
    ad_error error = {0};
    nn_optimiser *none = nn_optimiser_new(nn_sgd(.rate = -1), NULL, NULL, &error);
    cr_assert_null(none);
    ad_tape *tape = ad_tape_new();
    ad_var w = ad_input(tape, 1), dw = ad_input(tape, 1);
    nn_optimiser_advance(none, 1);
    nn_optimiser_set_count(none, 3);
    cr_expect_eq(nn_optimiser_count(none), 0);
    cr_expect_null(nn_optimiser_memory(none));
    cr_expect_eq(nn_optimiser_step(none, NULL, NULL, 1), AD_ERR_STATE);
    cr_expect_eq(nn_optimiser_step(none, &w, &dw, 1), AD_ERR_STATE);
    cr_expect_not_null(strstr(ad_tape_message(tape), "the optimiser is NULL"));
    ad_tape_free(tape);
}

Test(optim, a_model_that_is_not_built_has_nothing_to_train)
{
    ad_error error = {0};
    nn_model *net = nn_sequential(nn_dense(1));
    cr_expect_null(nn_optimiser_new(nn_sgd(.rate = 1), nn_model_params(net), NULL, &error));
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect_not_null(strstr(error.message, "nn_build"));
    nn_model_free(net);
}

Test(optim, a_cost_of_other_parameters_is_refused)
{
    double x[2] = {1, 2};
    nn_model *own = nn_sequential(nn_dense(1)), *other = nn_sequential(nn_dense(1));
    nn_build(own, .input = AD_SHAPE(1));
    nn_build(other, .input = AD_SHAPE(1));
    nn_optimiser *o = nn_optimiser_new(nn_sgd(.rate = 0.1), nn_model_params(own), NULL, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var batch = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), x);
    ad_var right = ad_sum(ad_square(nn_forward(own, batch, .training = 1)), AD_ALL);
    cr_expect_eq(nn_minimise(o, right), AD_OK);
    ad_tape_free(tape);
    tape = ad_tape_new();
    batch = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), x);
    ad_var wrong = ad_sum(ad_square(nn_forward(other, batch, .training = 1)), AD_ALL);
    cr_expect_eq(nn_minimise(o, wrong), AD_ERR_STATE);
    cr_expect_not_null(strstr(ad_tape_message(tape), "none of the optimiser's parameters"));
    ad_tape_free(tape);
    nn_optimiser_free(o);
    nn_model_free(own);
    nn_model_free(other);
}

static ad_var forgetful_step(const nn_update *u)
{
    return ad_fma(nn_update_number(u, 0), u->g, u->w);
}

static ad_var narrow_step(const nn_update *u)
{
    u->next[0] = u->g;
    return ad_sum(u->w, AD_ALL);
}

/* What the tape says after a step by a rule with these. */
static void steps_badly(ad_var (*step)(const nn_update *), ad_status status, const char *text)
{
    const nn_rule rule = {.name = "bad", .slots = {{"mean", NULL}}, .step = step};
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(3), NULL);
    nn_optimiser *o = nn_optimiser_new((nn_optim){.rule = &rule, .rate = 1}, params, NULL, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var w;
    nn_params_bind(params, tape, &w);
    cr_expect_eq(nn_optimiser_step(o, &w, &w, 1), status);
    cr_expect_not_null(strstr(ad_tape_message(tape), text), "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    nn_optimiser_free(o);
    nn_params_free(params);
}

Test(optim, a_rule_that_forgets_or_narrows_is_told_what)
{
    steps_badly(forgetful_step, AD_ERR_STATE, "bad has given no new mean of w");
    steps_badly(narrow_step, AD_ERR_SHAPE, "the new value of w by bad is []; it must be [3]");
}

Test(optim, the_count_of_steps_neither_wraps_nor_is_negative)
{
    nn_params *params = nn_params_new(NULL);
    nn_params_add(params, "w", NN_WEIGHT, AD_F64, AD_SHAPE(1), NULL);
    nn_optimiser *optimiser = nn_optimiser_new(nn_adam(.rate = 0.1), params, NULL, NULL);
    nn_optimiser_set_count(optimiser, INT64_MAX);
    nn_optimiser_advance(optimiser, 1);
    cr_expect_eq(nn_optimiser_count(optimiser), INT64_MAX);
    nn_optimiser_set_count(optimiser, -5);
    cr_expect_eq(nn_optimiser_count(optimiser), 0);
    cr_expect_eq(nn_optimiser_step(optimiser, NULL, NULL, 1), AD_ERR_STATE);
    nn_optimiser_free(optimiser);
    nn_params_free(params);
}
