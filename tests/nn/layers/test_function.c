/* SPDX-License-Identifier: MIT */
#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_var twice(ad_var x)
{
    return ad_mul(2, x);
}

Test(function, is_a_layer_without_parameters)
{
    nn_model *net = nn_sequential(nn_function(twice), nn_dense(1, .weight = nn_constant(1)),
                                  nn_function(twice));
    ad_tape *tape = ad_tape_new();
    double x[] = {1, 2};
    ad_var a = nn_apply(net, ad_input_array(tape, AD_F64, AD_SHAPE(1, 2), x));
    cr_expect_eq(ad_value(a), 12, "%s", ad_tape_message(tape));
    cr_expect_eq(nn_params_count(nn_model_params(net)), 2);
    cr_expect_str_eq(nn_model_layer_name(net, 2), "function2");
    ad_tape_free(tape);
    nn_model_free(net);
}

Test(function, none_is_an_error)
{
    nn_model *net = nn_sequential(nn_function(NULL));
    cr_expect_eq(nn_model_status(net), AD_ERR_DOMAIN);
    cr_expect(strstr(nn_model_message(net), "test_function.c:") != NULL);
    nn_model_free(net);
}
