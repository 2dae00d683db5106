/* SPDX-License-Identifier: MIT */
#include "layers.h"

static int64_t row_len(ad_shape shape)
{
    int64_t len = 1;
    for (int i = 1; i < shape.rank; i++) {
        len *= shape.len[i];
    }
    return len;
}

static ad_status dense_check(const nn_layer *layer, ad_error *error)
{
    const nn_dense_options *o = nn_layer_options(layer);
    return o->units >= 1
               ? AD_OK
               : ad_error_set(error, AD_ERR_DOMAIN, "%lld units; a dense layer has at least 1",
                              (long long)o->units);
}

static void dense_build(const nn_layer *layer, nn_builder *builder, ad_var x)
{
    const nn_dense_options *o = nn_layer_options(layer);
    ad_shape shape = ad_shape_of(x);
    if (shape.rank < 2) {
        char text[160];
        nn_builder_fail(builder, AD_ERR_SHAPE,
                        "its input is %s; a dense layer takes [rows, features]: give one number "
                        "a row as [rows, 1]",
                        ad_shape_print(&shape, text, sizeof text));
        return;
    }
    int64_t n = row_len(shape);
    const nn_fans fans = {(double)n, (double)o->units};
    nn_activation next = o->activation != NULL ? o->activation : nn_builder_activation(builder);
    nn_builder_add(builder, "weight", NN_WEIGHT, AD_SHAPE(n, o->units),
                   nn_init_or(o->weight, nn_init_for(next)), fans);
    if (!o->no_bias) {
        nn_builder_add(builder, "bias", NN_BIAS, AD_SHAPE(o->units),
                       nn_init_or(o->bias, nn_constant(0)), fans);
    }
}

static ad_var dense_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    const nn_dense_options *o = nn_layer_options(layer);
    ad_shape shape = ad_shape_of(x);
    if (shape.rank > 2) {
        x = ad_reshape(x, AD_SHAPE(shape.len[0], row_len(shape)));
    }
    ad_var z = ad_matmul(x, nn_pass_param(pass, "weight"));
    if (!o->no_bias) {
        z = ad_add(z, nn_pass_param(pass, "bias"));
    }
    nn_pass_trace(pass, z);
    return o->activation != NULL ? o->activation(z) : z;
}

static nn_activation dense_activation(const nn_layer *layer)
{
    return ((const nn_dense_options *)nn_layer_options(layer))->activation;
}

static nn_sample dense_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_dense(3, .activation = ad_tanh), AD_SHAPE(4), 0};
    case 1:
        return (nn_sample){nn_dense(2, .no_bias = 1), AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_dense(1, .bias = nn_constant(0.5)), AD_SHAPE(1), 0};
    case 3:
        return (nn_sample){nn_dense(2), AD_SCALAR, 1};
    case 4:
        return (nn_sample){nn_dense(0), AD_SHAPE(2), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_dense_kind = {.name = "dense",
                                     .options = NN_LAYOUT(nn_dense_options),
                                     .check = dense_check,
                                     .build = dense_build,
                                     .apply = dense_apply,
                                     .activation = dense_activation,
                                     .sample = dense_sample};
