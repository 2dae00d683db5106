/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "layers/layer_internal.h"

#include <stdio.h>
#include <string.h>

void *nn__layer_new(const nn__layer_kind *kind, size_t bytes, const char *name,
                    const ad_allocator *allocator, const char *site)
{
    ad_allocator own = nn__allocator(allocator);
    nn_layer *layer = nn__resize(&own, NULL, bytes, 1);
    if (layer == NULL) {
        return NULL;
    }
    memset(layer, 0, bytes);
    layer->kind = kind;
    layer->site = site;
    layer->allocator = own;
    if (name != NULL) {
        if (strlen(name) >= sizeof layer->name) {
            ad_error_set(&layer->error, AD_ERR_DOMAIN, "the name %.40s has more than %d letters",
                         name, NN__NAME - 1);
        }
        (void)snprintf(layer->name, sizeof layer->name, "%s", name);
    }
    return layer;
}

void nn_layer_free(nn_layer *layer)
{
    if (layer != NULL && !layer->is_owned) {
        ad_allocator allocator = layer->allocator;
        nn__free(&allocator, layer);
    }
}

ad_status nn__layer_add(const nn_layer *layer, nn__builder *builder, const char *part, nn_role role,
                        ad_shape shape, const nn_init *init, nn_fans fans)
{
    char name[2 * NN__NAME];
    (void)snprintf(name, sizeof name, "%s.%s", layer->name, part);
    ad_status status =
        nn_params_add(builder->params, name, role, builder->type, shape, builder->error);
    if (status != AD_OK) {
        return status;
    }
    const nn_param *param = nn_params_at(builder->params, nn_params_count(builder->params) - 1);
    nn_draw *draw = &builder->draw;
    draw->rng.counter = 0;
    status = nn_init_fill(init, fans, draw, param, builder->error);
    draw->rng.stream++;
    return status;
}
