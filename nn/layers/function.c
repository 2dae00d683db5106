/* SPDX-License-Identifier: MIT */
#include "function.h"

#include "layers/layer_internal.h"

typedef struct function_layer {
    nn_layer base;
    nn_activation function;
} function_layer;

static ad_var function_apply(const nn_layer *layer, const ad_var *w, ad_var x, ad_var *z)
{
    (void)w;
    *z = ((const function_layer *)layer)->function(x);
    return *z;
}

static nn_activation function_activation(const nn_layer *layer)
{
    return ((const function_layer *)layer)->function;
}

static const nn__layer_kind function_kind = {"function", NULL, function_apply, function_activation};

nn_layer *nn_function_at(nn_function_options options, const char *site)
{
    function_layer *layer =
        nn__layer_new(&function_kind, sizeof *layer, options.name, options.allocator, site);
    if (layer == NULL) {
        return NULL;
    }
    layer->function = options.function;
    if (options.function == NULL) {
        ad_error_set(&layer->base.error, AD_ERR_DOMAIN, "nn_function needs a function");
    }
    return &layer->base;
}

nn_layer *nn_function_of(nn_function_options options)
{
    return nn_function_at(options, NULL);
}
