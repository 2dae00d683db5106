/* SPDX-License-Identifier: MIT */
#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

Test(model, names_layers_by_kind_and_number)
{
    nn_model *net = nn_sequential(nn_dense(3), nn_function(ad_tanh), nn_dense(2));
    cr_expect_eq(nn_model_depth(net), 3);
    cr_expect_str_eq(nn_model_layer_name(net, 0), "dense1");
    cr_expect_str_eq(nn_model_layer_name(net, 1), "function1");
    cr_expect_str_eq(nn_model_layer_name(net, 2), "dense2");
    cr_expect_str_eq(nn_model_layer_name(net, 3), "");
    cr_expect_str_eq(nn_model_layer_name(net, -1), "");
    nn_model_free(net);
    nn_model_free(NULL);
}

Test(model, is_built_once_with_shapes_that_follow_from_the_input)
{
    nn_model *net = nn_sequential(nn_dense(3), nn_dense(2));
    cr_expect_not(nn_model_is_built(net));
    cr_expect_null(nn_model_params(net));
    cr_assert_eq(nn_build(net, .input = AD_SHAPE(4), .type = AD_F32, .seed = 1), AD_OK);
    cr_expect(nn_model_is_built(net));
    cr_expect_eq(nn_model_type(net), AD_F32);
    cr_expect_eq(nn_model_input(net).len[0], 4);
    cr_expect_eq(nn_params_len(nn_model_params(net)), 4 * 3 + 3 + 3 * 2 + 2);
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(4)), AD_ERR_STATE);
    nn_model_free(net);
}

Test(model, one_seed_gives_the_same_parameters_and_another_gives_others)
{
    nn_model *net[3];
    for (int i = 0; i < 3; i++) {
        net[i] = nn_sequential(nn_dense(3), nn_dense(3));
        nn_build(net[i], .input = AD_SHAPE(3), .seed = i == 2 ? 2 : 1);
    }
    const nn_param *a = nn_params_at(nn_model_params(net[0]), 0);
    cr_expect_eq(memcmp(a->data, nn_params_at(nn_model_params(net[1]), 0)->data, 72), 0);
    cr_expect_neq(memcmp(a->data, nn_params_at(nn_model_params(net[2]), 0)->data, 72), 0);
    cr_expect_neq(memcmp(a->data, nn_params_at(nn_model_params(net[0]), 2)->data, 72), 0);
    for (int i = 0; i < 3; i++) {
        nn_model_free(net[i]);
    }
}

Test(model, numpys_generator_fills_parameters_in_their_order)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_model *net =
        nn_sequential(nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01)),
                      nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01)));
    nn_build(net, .input = AD_SHAPE(1), .numpy = &mt);
    nn_params *params = nn_model_params(net);
    cr_expect_eq(nn_param_value(nn_params_find(params, "dense1.weight"), 0), 1.764052345967664);
    cr_expect_eq(nn_param_value(nn_params_find(params, "dense1.bias"), 0), 0.01);
    cr_expect_eq(nn_param_value(nn_params_find(params, "dense2.weight"), 0), 0.4001572083672233);
    nn_model_free(net);
}

Test(model, a_trace_holds_z_and_a_of_every_layer)
{
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_constant(2), .activation = ad_square),
                                  nn_dense(1, .weight = nn_constant(3), .bias = nn_constant(1)));
    nn_build(net, .input = AD_SHAPE(1));
    ad_tape *tape = ad_tape_new();
    ad_var params[4];
    nn_trace trace[2];
    nn_params_bind(nn_model_params(net), tape, params);
    double x = 5;
    ad_var a = nn_forward(net, ad_input_array(tape, AD_F64, AD_SHAPE(1, 1), &x), .params = params,
                          .trace = trace);
    cr_expect_eq(ad_value(trace[0].z), 10);
    cr_expect_eq(ad_value(trace[0].a), 100);
    cr_expect_eq(ad_value(trace[1].z), 301);
    cr_expect_eq(ad_value(a), 301);
    ad_tape_free(tape);
    nn_model_free(net);
}

/* ---- layers in several places ---- */

Test(model, a_layer_given_twice_has_its_parameters_once_and_is_freed_once)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_layer *layer = nn_dense(2, .weight = nn_constant(3), .allocator = &allocator);
    nn_model *net = nn_sequential_in(&allocator, 2, (nn_layer *[]){layer, layer});
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_OK, "%s", nn_model_message(net));
    cr_expect_eq(nn_params_count(nn_model_params(net)), 2);
    ad_tape *tape = ad_tape_new();
    ad_var a = nn_apply(net, ad_full(tape, AD_F64, AD_SHAPE(1, 2), 1)), dw;
    ad_var w =
        ad_input_view(tape, AD_F64, AD_SHAPE(2, 2), nn_params_at(nn_model_params(net), 0)->data);
    cr_expect_eq(ad_grad(ad_sum(a, AD_ALL), 1, &w, &dw), AD_OK, "%s", ad_tape_message(tape));
    double slope[4];
    ad_read(dw, 4, slope);
    cr_expect_eq(slope[0], 6 + 6); /* once by each place */
    ad_tape_free(tape);
    nn_layer_free(layer);
    nn_model_free(net);
    cr_expect_eq(state.live, 0);
}

Test(model, names_are_paths)
{
    nn_model *net =
        nn_sequential(nn_dense(3), nn_named("block1", nn_residual(nn_batch_norm(), nn_dense(3))),
                      nn_residual(nn_sequential(nn_dense(3, .name = "last"))));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_OK, "%s", nn_model_message(net));
    static const char *const names[] = {"dense1.weight",
                                        "dense1.bias",
                                        "block1.batch_norm1.gain",
                                        "block1.batch_norm1.bias",
                                        "block1.batch_norm1.mean",
                                        "block1.batch_norm1.var",
                                        "block1.dense1.weight",
                                        "block1.dense1.bias",
                                        "residual2.sequential1.last.weight",
                                        "residual2.sequential1.last.bias"};
    cr_assert_eq(nn_params_count(nn_model_params(net)), 10);
    for (int i = 0; i < 10; i++) {
        cr_expect_str_eq(nn_params_at(nn_model_params(net), i)->name, names[i]);
    }
    nn_model_free(net);
}

Test(model, a_layer_of_two_models_is_built_with_the_first_alone_and_freed_with_the_last)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_layer *layer = nn_dense(2, .allocator = &allocator);
    nn_model *first = nn_sequential_in(&allocator, 1, &layer);
    nn_model *second = nn_sequential_in(&allocator, 1, &layer);
    nn_model *third = nn_sequential_in(&allocator, 1, &layer);
    cr_expect_eq(nn_build(first, .input = AD_SHAPE(2)), AD_OK);
    cr_expect_eq(nn_build(second, .input = AD_SHAPE(2)), AD_ERR_STATE);
    cr_expect_not_null(strstr(nn_model_message(second), "part of another model"), "%s",
                       nn_model_message(second));
    nn_model_free(first);
    nn_model_free(second);
    cr_expect_eq(nn_build(third, .input = AD_SHAPE(2)), AD_OK, "%s", nn_model_message(third));
    cr_expect_neq(state.live, 0);
    nn_model_free(third);
    cr_expect_eq(state.live, 0);
}

Test(model, any_layer_is_a_model)
{
    nn_model *net = nn_dense(2, .weight = nn_constant(1));
    ad_tape *tape = ad_tape_new();
    nn_trace trace;
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(3)), AD_OK);
    cr_expect_eq(nn_model_depth(net), 1);
    cr_expect_not_null(nn_params_find(nn_model_params(net), "weight"));
    ad_var a = nn_forward(net, ad_full(tape, AD_F64, AD_SHAPE(1, 3), 1), .trace = &trace);
    cr_expect_eq(ad_count(a), 2);
    cr_expect_eq(ad_data(trace.a), ad_data(a));
    ad_tape_free(tape);
    nn_model_free(net);
}

static void meet(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
{
    ad_var left = nn_pass_apply(pass, parts[0], x[0]), right = nn_pass_apply(pass, parts[0], x[1]);
    y[0] = nn_pass_apply(pass, parts[1], ad_sub(left, right));
    y[1] = left;
}

Test(model, has_several_inputs_and_outputs)
{
    nn_model *net = nn_graph(meet, 2, 2, nn_dense(3, .activation = ad_tanh), nn_dense(1));
    ad_tape *tape = ad_tape_new();
    ad_var x[2] = {ad_full(tape, AD_F64, AD_SHAPE(4, 2), 1),
                   ad_full(tape, AD_F64, AD_SHAPE(4, 2), 2)},
           y[2];
    cr_expect_eq(nn_forward_many(net, 2, x, 2, y, (nn_forward_options){.training = 0}),
                 AD_ERR_STATE);
    ad_tape_clear_error(tape);
    const ad_shape rows[] = {AD_SHAPE(2), AD_SHAPE(2)};
    cr_expect_eq(nn_build(net, .inputs = rows), AD_OK, "%s", nn_model_message(net));
    cr_expect_eq(nn_params_count(nn_model_params(net)), 4);
    cr_expect_eq(nn_forward_many(net, 2, x, 2, y, (nn_forward_options){.training = 1}), AD_OK);
    cr_expect_eq(ad_count(y[0]), 4);
    cr_expect_eq(ad_count(y[1]), 12);
    cr_expect(ad_is_dead(nn_apply(net, x[0])));
    cr_expect_not_null(strstr(ad_tape_message(tape), "2 inputs and 2 outputs"), "%s",
                       ad_tape_message(tape));
    ad_tape_free(tape);
    nn_model_free(net);
    net = nn_graph(meet, 2, 2, nn_dense(3), nn_dense(1));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_ERR_STATE);
    nn_model_free(net);
}

static void too_few(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
{
    y[0] = nn_pass_apply(pass, parts[0], x[0]);
    if (nn_pass_is_training(pass)) {
        y[0] = nn_pass_apply(pass, parts[1], y[0]);
    }
}

Test(model, a_part_that_was_not_there_while_it_was_built_is_named)
{
    nn_model *net = nn_graph(too_few, 1, 1, nn_dense(2), nn_dense(2));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_OK);
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(1, 2), 1);
    cr_expect(ad_is_dead(nn_forward(net, x, .training = 1)));
    cr_expect_not_null(strstr(ad_tape_message(tape), "dense2 was not applied while"), "%s",
                       ad_tape_message(tape));
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(model, weights_suit_the_activation_that_follows_behind_a_norm)
{
    nn_model *nets[] = {
        nn_sequential(nn_dense(30, .activation = ad_relu)),
        nn_sequential(nn_dense(30), nn_function(ad_relu)),
        nn_sequential(nn_dense(30), nn_batch_norm(), nn_dropout(0.5), nn_function(ad_relu)),
        nn_sequential(nn_sequential(nn_dense(30), nn_layer_norm()), nn_function(ad_relu)),
        nn_sequential(nn_dense(30), nn_dense(1), nn_function(ad_relu))};
    double first[5];
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(nn_build(nets[i], .input = AD_SHAPE(20), .seed = 1), AD_OK);
        first[i] = nn_param_value(nn_params_at(nn_model_params(nets[i]), 0), 0);
        nn_model_free(nets[i]);
    }
    for (int i = 1; i < 4; i++) {
        cr_expect_eq(first[i], first[0], "net %d", i);
    }
    cr_expect_neq(first[4], first[0]);
}

Test(model, the_first_error_stays_and_every_call_reports_it)
{
    nn_model *net = nn_sequential(nn_dense(-1));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_ERR_DOMAIN);
    ad_tape *tape = ad_tape_new();
    double x[2] = {0};
    cr_expect(ad_is_dead(nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(1, 2), x))));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
    ad_tape_free(tape);
    nn_model_free(net);
    cr_expect_eq(nn_model_status(NULL), AD_ERR_MEMORY);
    cr_expect_eq(nn_build(NULL, .input = AD_SHAPE(2)), AD_ERR_MEMORY);
    cr_expect_not(nn_model_is_built(NULL));
}

Test(model, what_cannot_be_built_or_applied_says_why)
{
    nn_model *net = nn_sequential(nn_dense(1));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(1), .type = AD_I64), AD_ERR_TYPE);
    nn_model_free(net);
    net = nn_sequential(nn_dense(1));
    cr_expect_eq(nn_build(net, .input = {.rank = 8}), AD_ERR_SHAPE);
    nn_model_free(net);
    net = nn_sequential(nn_dense(1));
    ad_tape *tape = ad_tape_new();
    cr_expect(ad_is_dead(nn_forward(net, ad_input(tape, 1), .training = 0)));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STATE);
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(model, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    double x[2] = {1, 2};
    size_t requests = 1;
    for (size_t fail_at = 0; fail_at <= requests; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_layer *layers[] = {nn_dense(3, .allocator = &allocator),
                              nn_function(ad_tanh, .allocator = &allocator),
                              nn_dense(1, .allocator = &allocator)};
        nn_model *net = nn_sequential_in(&allocator, 3, layers);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_var a = nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(1, 2), x));
        int failed = nn_model_status(net) != AD_OK || ad_tape_status(tape) != AD_OK;
        cr_expect_eq(failed, fail_at < state.requests);
        cr_expect_eq(failed, net == NULL || tape == NULL || ad_is_dead(a));
        ad_tape_free(tape);
        nn_model_free(net);
        cr_expect_eq(state.live, 0, "%zu blocks lost when request %zu fails", state.live, fail_at);
        requests = state.requests;
    }
}

Test(model, ranks_that_no_row_has_are_refused)
{
    const int ranks[] = {INT_MAX, 8, -1, INT_MIN};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        nn_model *net = nn_sequential(nn_dense(1));
        cr_expect_eq(nn_build(net, .input = {.rank = ranks[i]}), AD_ERR_SHAPE);
        nn_model_free(net);
    }
}

/* ---- functions of a layer that leave the tape ---- */

static ad_tape *elsewhere;

static ad_var plain(ad_var x)
{
    (void)x;
    return ad_literal(1);
}

static ad_var on_another_tape(ad_var x)
{
    return ad_full(elsewhere, AD_F64, ad_shape_of(x), 1);
}

static int leaves;

static ad_var leaves_later(ad_var x)
{
    return leaves ? plain(x) : ad_tanh(x);
}

Test(model, a_layer_whose_function_leaves_the_tape_is_named)
{
    static const nn_activation functions[] = {plain, on_another_tape};
    static const ad_status statuses[] = {AD_ERR_DOMAIN, AD_ERR_FOREIGN};
    static const char *const texts[] = {"gives a plain number", "a variable of another tape"};
    elsewhere = ad_tape_new();
    for (int i = 0; i < 4; i++) {
        nn_layer *layer = i < 2 ? nn_dense(2, .activation = functions[i], .name = "odd")
                                : nn_function(functions[i - 2], .name = "odd");
        nn_model *net = nn_sequential(layer, nn_dense(1));
        cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), statuses[i % 2]);
        cr_expect_eq(strncmp(nn_model_message(net), "odd: its function ", 18), 0, "%s",
                     nn_model_message(net));
        cr_expect_not_null(strstr(nn_model_message(net), texts[i % 2]));
        cr_expect_not_null(strstr(nn_model_message(net), "test_model.c"));
        nn_model_free(net);
    }
    nn_model *net = nn_sequential(nn_dense(2, .activation = leaves_later), nn_dense(1));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_OK);
    leaves = 1;
    ad_tape *tape = ad_tape_new();
    cr_expect(ad_is_dead(nn_apply(net, ad_full(tape, AD_F64, AD_SHAPE(1, 2), 1))));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
    cr_expect_eq(strncmp(ad_tape_message(tape), "dense1: its function gives a plain", 34), 0, "%s",
                 ad_tape_message(tape));
    ad_tape_free(tape);
    ad_tape_free(elsewhere);
    nn_model_free(net);
}
