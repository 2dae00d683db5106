/* SPDX-License-Identifier: MIT */
#include "layers/layer_internal.h"

#include <math.h>

static ad_status graph_check(const nn_layer *layer, ad_error *error)
{
    const nn_graph_options *o = layer->options;
    if (o->function == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "graph takes a function; it is NULL");
    }
    if (o->inputs < 1 || o->outputs < 1 || o->inputs > NN__WAYS || o->outputs > NN__WAYS) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_graph takes 1 to %d inputs and outputs, not %d and %d", NN__WAYS,
                            o->inputs, o->outputs);
    }
    return AD_OK;
}

static void graph_counts(const nn_layer *layer, int *inputs, int *outputs)
{
    const nn_graph_options *o = layer->options;
    *inputs = o->inputs;
    *outputs = o->outputs;
}

static void graph_apply(const nn_layer *layer, nn_pass *pass, const ad_var *x, ad_var *y)
{
    const nn_graph_options *o = layer->options;
    nn_activation after = nn__pass_follow(pass, NULL);
    for (int i = 0; i < o->outputs; i++) {
        y[i] = ad_literal(NAN); /* until the function sets it */
    }
    o->function(pass, layer->parts, x, y);
    nn__pass_follow(pass, after);
}

/* Twice the same layer, whose parameters get both gradients. */
static void twice(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
{
    ad_var once = nn_pass_apply(pass, parts[0], x[0]);
    y[0] = ad_mul(once, nn_pass_apply(pass, parts[0], once));
}

static nn_sample graph_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_graph(twice, 1, 1, nn_dense(3)), AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_graph(twice, 1, 1, nn_batch_norm()), AD_SHAPE(2), 0};
    case 2:
        return (nn_sample){nn_graph(twice, 1, 1, nn_dropout(0.5)), AD_SHAPE(4), 0};
    case 3:
        return (nn_sample){nn_graph(twice, 1, 1, nn_dense(3)), AD_SHAPE(2), 1};
    case 4:
        return (nn_sample){nn_graph(NULL, 1, 1, nn_dense(3)), AD_SHAPE(2), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_graph_kind = {.name = "graph",
                                     .options = NN_LAYOUT(nn_graph_options),
                                     .check = graph_check,
                                     .apply_many = graph_apply,
                                     .counts = graph_counts,
                                     .sample = graph_sample};
