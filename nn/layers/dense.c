/* SPDX-License-Identifier: MIT */
#include "dense.h"

#include "layers/layer_internal.h"

typedef struct dense_layer {
    nn_layer base;
    nn_dense_options options;
} dense_layer;

static int64_t row_len(const ad_shape *shape)
{
    int64_t len = 1;
    for (int i = 1; i < shape->rank; i++) {
        len *= shape->len[i];
    }
    return len;
}

static ad_status dense_build(nn_layer *layer, nn__builder *builder, ad_var x)
{
    const dense_layer *dense = (const dense_layer *)layer;
    const nn_dense_options *o = &dense->options;
    ad_shape shape = ad_shape_of(x);
    if (shape.rank < 2) {
        char text[160];
        return ad_error_set(
            builder->error, AD_ERR_SHAPE,
            "its input is %s; a dense layer takes [rows, features]: give one number "
            "a row as [rows, 1]",
            ad_shape_print(&shape, text, sizeof text));
    }
    int64_t n = row_len(&shape);
    const nn_fans fans = {(double)n, (double)o->units};
    const nn_init own = nn_init_for(o->activation), zero = nn_constant(0);
    ad_status status = nn__layer_add(layer, builder, "weight", NN_WEIGHT, AD_SHAPE(n, o->units),
                                     o->weight.fill != NULL ? &o->weight : &own, fans);
    if (status == AD_OK && !o->no_bias) {
        status = nn__layer_add(layer, builder, "bias", NN_BIAS, AD_SHAPE(o->units),
                               o->bias.fill != NULL ? &o->bias : &zero, fans);
    }
    return status;
}

static ad_var dense_apply(const nn_layer *layer, const ad_var *w, ad_var x, ad_var *z)
{
    const dense_layer *dense = (const dense_layer *)layer;
    ad_shape shape = ad_shape_of(x);
    if (shape.rank > 2) {
        x = ad_reshape(x, AD_SHAPE(shape.len[0], row_len(&shape)));
    }
    *z = ad_matmul(x, w[0]);
    if (!dense->options.no_bias) {
        *z = ad_add(*z, w[1]);
    }
    return dense->options.activation != NULL ? dense->options.activation(*z) : *z;
}

static nn_activation dense_activation(const nn_layer *layer)
{
    return ((const dense_layer *)layer)->options.activation;
}

static const nn__layer_kind dense_kind = {"dense", dense_build, dense_apply, dense_activation};

nn_layer *nn_dense_at(nn_dense_options options, const char *site)
{
    dense_layer *dense =
        nn__layer_new(&dense_kind, sizeof *dense, options.name, options.allocator, site);
    if (dense == NULL) {
        return NULL;
    }
    dense->options = options;
    dense->options.name = NULL; /* copied */
    if (options.units < 1) {
        ad_error_set(&dense->base.error, AD_ERR_DOMAIN, "%lld units; a dense layer has at least 1",
                     (long long)options.units);
    }
    return &dense->base;
}

nn_layer *nn_dense_of(nn_dense_options options)
{
    return nn_dense_at(options, NULL);
}
