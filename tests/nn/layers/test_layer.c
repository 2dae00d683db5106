/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

Test(layer, one_that_was_given_to_no_model_can_be_freed)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_layer *layer = nn_dense(3, .allocator = &allocator);
    cr_expect_eq(state.live, 1);
    nn_layer_free(layer);
    nn_layer_free(NULL);
    cr_expect_eq(state.live, 0);
}

Test(layer, names_are_copied_and_must_not_be_too_long)
{
    char name[] = "hidden";
    nn_model *net = nn_sequential(nn_dense(3, .name = name));
    name[0] = '?';
    cr_expect_str_eq(nn_model_layer_name(net, 0), "hidden");
    nn_model_free(net);
    net = nn_sequential(nn_dense(3, .name = "a name that has more than 31 letters"));
    cr_expect_eq(nn_model_status(net), AD_ERR_DOMAIN);
    nn_model_free(net);
}

static void sets_nothing(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
{
    (void)pass, (void)parts, (void)x, (void)y;
}

Test(layer, a_graph_that_leaves_an_output_unset_is_told)
{
    nn_model *net = nn_sequential(nn_graph(sets_nothing, 1, 1, nn_dense(2)));
    cr_expect_neq(nn_build(net, .input = AD_SHAPE(2)), AD_OK);
    cr_expect_not_null(strstr(nn_model_message(net), "its function gives a plain number"), "%s",
                       nn_model_message(net));
    nn_model_free(net);
}

Test(layer, a_kind_without_apply_or_layout_is_told)
{
    static const nn_layer_kind idle = {.name = "idle"};
    nn_model *net = nn_layer_new(&idle, NULL, 0, NULL, NULL);
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_ERR_STATE);
    cr_expect_not_null(strstr(nn_model_message(net), "apply"), "%s", nn_model_message(net));
    nn_model_free(net);
}

Test(layer, rows_that_a_model_was_not_built_for_are_refused)
{
    double x[4] = {1, 2, 3, 4};
    nn_model *net = nn_sequential(nn_batch_norm(), nn_dense(1));
    nn_build(net, .input = AD_SHAPE(3));
    ad_tape *tape = ad_tape_new();
    ad_var batch = ad_input_array(tape, AD_F64, AD_SHAPE(4, 1), x);
    cr_expect(ad_is_dead(nn_forward(net, batch, .training = 1)));
    cr_expect_not_null(strstr(ad_tape_message(tape), "rows of [3]"), "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(layer, two_of_one_name_are_an_error)
{
    nn_model *net = nn_sequential(nn_dense(3, .name = "same"), nn_dense(3, .name = "same"));
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_ERR_STATE);
    nn_model_free(net);
}

Test(layer, one_that_a_model_owns_stays_when_it_is_freed)
{
    nn_layer *layer = nn_dense(3);
    nn_model *net = nn_sequential(layer);
    nn_layer_free(layer);
    cr_expect_eq(nn_build(net, .input = AD_SHAPE(2)), AD_OK);
    nn_model_free(net);
}
