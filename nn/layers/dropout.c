/* SPDX-License-Identifier: MIT */
#include "layers.h"

static double rate_of(const nn_layer *layer)
{
    return ((const nn_dropout_options *)nn_layer_options(layer))->rate;
}

static ad_status dropout_check(const nn_layer *layer, ad_error *error)
{
    double rate = rate_of(layer);
    return rate >= 0 && rate < 1
               ? AD_OK
               : ad_error_set(error, AD_ERR_DOMAIN,
                              "rate = %g; dropout takes the part that is dropped, in [0, 1)", rate);
}

static void dropout_build(const nn_layer *layer, nn_builder *builder, ad_var x)
{
    (void)x;
    if (rate_of(layer) > 0) {
        nn_builder_key(builder);
    }
}

static ad_var dropout_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    double kept = 1 - rate_of(layer);
    if (!nn_pass_is_training(pass) || kept == 1) {
        return x;
    }
    ad_var mask = ad_random_bernoulli(nn_pass_key(pass), 0, kept, ad_shape_of(x), ad_type_of(x));
    return ad_mul(x, ad_div(mask, kept));
}

static nn_sample dropout_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_dropout(0.5), AD_SHAPE(4), 0};
    case 1:
        return (nn_sample){nn_dropout(0.25), AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_dropout(0), AD_SHAPE(3), 0};
    case 3:
        return (nn_sample){nn_dropout(1), AD_SHAPE(3), 1};
    case 4:
        return (nn_sample){nn_dropout(-0.5), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_dropout_kind = {.name = "dropout",
                                       .options = NN_LAYOUT(nn_dropout_options),
                                       .check = dropout_check,
                                       .build = dropout_build,
                                       .apply = dropout_apply,
                                       .place = NN_BETWEEN,
                                       .sample = dropout_sample};
