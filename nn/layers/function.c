/* SPDX-License-Identifier: MIT */
#include "layers.h"

static nn_activation function_activation(const nn_layer *layer)
{
    return ((const nn_function_options *)nn_layer_options(layer))->function;
}

static ad_status function_check(const nn_layer *layer, ad_error *error)
{
    return function_activation(layer) != NULL
               ? AD_OK
               : ad_error_set(error, AD_ERR_DOMAIN, "nn_function needs a function");
}

static ad_var function_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    nn_pass_trace(pass, x);
    return function_activation(layer)(x);
}

static nn_sample function_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_function(ad_tanh), AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_function(nn_softmax), AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_function(NULL), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_function_kind = {.name = "function",
                                        .options = NN_LAYOUT(nn_function_options),
                                        .check = function_check,
                                        .apply = function_apply,
                                        .activation = function_activation,
                                        .place = NN_ACTIVATES,
                                        .sample = function_sample};
