/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>

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
