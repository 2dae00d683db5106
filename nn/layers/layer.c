/* SPDX-License-Identifier: MIT */
#include "layer.h"

#include "layers/layer_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- life ---- */

/* A layer of another model stays what it is; this one's parts forget a model that ends. */
static void forget_model(nn_layer *layer, const nn_layer *model)
{
    if (layer->model != model) {
        return;
    }
    layer->model = NULL;
    for (int i = 0; i < layer->count; i++) {
        forget_model(layer->parts[i], model);
    }
}

static void release(size_t count, nn_layer *const *parts)
{
    for (size_t i = 0; i < count; i++) {
        if (parts != NULL && parts[i] != NULL && --parts[i]->owners == 0) {
            nn_layer_free(parts[i]);
        }
    }
}

void nn_layer_free(nn_layer *layer)
{
    if (layer == NULL || layer->owners > 0) {
        return;
    }
    ad_allocator allocator = layer->allocator;
    if (layer->root.is_built) {
        forget_model(layer, layer);
    }
    release((size_t)layer->count, layer->parts);
    nn_params_free(layer->root.params);
    nn__free(&allocator, layer);
}

static void set_name(nn_layer *layer, const char *name)
{
    if (strlen(name) >= sizeof layer->name || name[0] == '\0' || strchr(name, '.') != NULL) {
        ad_error_set(&layer->error, AD_ERR_DOMAIN,
                     "the name %.40s is empty, has a dot or more than %d letters", name,
                     NN__NAME - 1);
        return;
    }
    (void)snprintf(layer->name, sizeof layer->name, "%s", name);
}

/* Gives parts without a name that of their kind and a number, and takes their errors over. */
static void take_parts(nn_layer *layer)
{
    for (int i = 0; i < layer->count; i++) {
        nn_layer *part = layer->parts[i];
        int number = 1;
        for (int j = 0; j < i; j++) {
            number += layer->parts[j] != part && layer->parts[j]->kind == part->kind;
        }
        if (part->name[0] == '\0') {
            (void)snprintf(part->name, sizeof part->name, "%.20s%d", part->kind->name, number);
        }
        if (part->error.status != AD_OK) {
            nn__model_fail(layer, part->name, part->count == 0 ? part : NULL, &part->error);
        }
    }
}

static const char *string_at(const void *options, size_t offset)
{
    const char *const *at = (const void *)((const char *)options + offset);
    return *at;
}

static const ad_allocator *allocator_at(const void *options, size_t offset)
{
    const ad_allocator *const *at = (const void *)((const char *)options + offset);
    return *at;
}

/* The layer, its list of parts and its options are one block. */
static nn_layer *make(const nn_layer_kind *kind, const void *options, size_t count,
                      nn_layer *const *parts)
{
    const size_t unit = sizeof(max_align_t);
    size_t bytes = kind->options.bytes, head = (sizeof(nn_layer) + unit - 1) / unit * unit;
    size_t list = (count * sizeof *parts + unit - 1) / unit * unit;
    const ad_allocator *given =
        options != NULL && bytes > 0 ? allocator_at(options, kind->options.allocator) : NULL;
    ad_allocator own = nn__allocator(given);
    char *block = nn__resize(&own, NULL, head + list + bytes, 1);
    if (block == NULL) {
        return NULL;
    }
    memset(block, 0, head + list + bytes);
    nn_layer *layer = (void *)block;
    *layer = (nn_layer){.kind = kind, .allocator = own, .inputs = 1, .outputs = 1};
    layer->parts = (void *)(block + head);
    layer->options = block + head + list;
    layer->count = (int)count;
    if (count > 0) {
        memcpy(layer->parts, parts, count * sizeof *parts);
    }
    if (options != NULL && bytes > 0) {
        memcpy(block + head + list, options, bytes);
    }
    return layer;
}

nn_layer *nn_layer_new(const nn_layer_kind *kind, const void *options, size_t count,
                       nn_layer *const *parts, const char *site)
{
    int complete = kind != NULL && (parts != NULL || count == 0) && count < INT32_MAX;
    for (size_t i = 0; i < count && parts != NULL; i++) {
        complete = complete && parts[i] != NULL;
        if (parts[i] != NULL) {
            parts[i]->owners++;
        }
    }
    nn_layer *layer = complete ? make(kind, options, count, parts) : NULL;
    if (layer == NULL) {
        release(count, parts);
        return NULL;
    }
    layer->site = site;
    const char *name =
        kind->options.bytes > 0 ? string_at(layer->options, kind->options.name) : NULL;
    if (name != NULL) {
        set_name(layer, name);
    }
    take_parts(layer);
    if (layer->error.status == AD_OK && kind->apply == NULL && kind->apply_many == NULL) {
        ad_error_set(&layer->error, AD_ERR_STATE, "its kind has neither apply nor apply_many");
    }
    if (layer->error.status == AD_OK && options != NULL && kind->options.bytes == 0) {
        ad_error_set(&layer->error, AD_ERR_STATE,
                     "its kind does not say how its options lie: .options = NN_LAYOUT(..)");
    }
    if (layer->error.status == AD_OK && kind->check != NULL) {
        kind->check(layer, &layer->error);
    }
    if (layer->error.status == AD_OK && kind->counts != NULL) {
        kind->counts(layer, &layer->inputs, &layer->outputs);
    }
    return layer;
}

nn_layer *nn_named(const char *name, nn_layer *layer)
{
    if (layer != NULL && name != NULL) {
        set_name(layer, name);
    }
    return layer;
}

/* ---- what it is ---- */

const char *nn_layer_name(const nn_layer *layer)
{
    return layer != NULL ? layer->name : "";
}

const void *nn_layer_options(const nn_layer *layer)
{
    return layer != NULL ? layer->options : NULL;
}

int nn_layer_count(const nn_layer *layer)
{
    return layer != NULL ? layer->count : 0;
}

nn_layer *nn_layer_part(const nn_layer *layer, int i)
{
    return i >= 0 && i < nn_layer_count(layer) ? layer->parts[i] : NULL;
}

/* ---- building ---- */

ad_status nn__model_fail(nn_model *model, const char *name, const nn_layer *layer,
                         const ad_error *error)
{
    if (model->error.status == AD_OK) {
        const char *site = layer != NULL ? layer->site : NULL;
        int is_named = name[0] != '\0';
        ad_error_set(&model->error, error->status, "%s%s%s%s%s%s", name, is_named ? ": " : "",
                     error->message, site ? " (" : "", site ? site : "", site ? ")" : "");
    }
    return model->error.status;
}

static const nn_param *add(nn_builder *builder, const char *part, nn_role role, ad_type type,
                           ad_shape shape)
{
    nn_params *params = builder->model->root.params;
    char name[NN__PATH + NN__NAME];
    ad_error error;
    if (builder->model->error.status != AD_OK) {
        return NULL;
    }
    if (part == NULL || part[0] == '\0' || strchr(part, '.') != NULL || strlen(part) >= NN__NAME) {
        nn_builder_fail(builder, AD_ERR_DOMAIN,
                        "a parameter needs a name of 1 to %d letters and "
                        "no dot",
                        NN__NAME - 1);
        return NULL;
    }
    (void)snprintf(name, sizeof name, "%s%s%s", builder->path, builder->path[0] ? "." : "", part);
    if (nn_params_add(params, name, role, type, shape, &error) != AD_OK) {
        nn__model_fail(builder->model, builder->path, builder->layer, &error);
        return NULL;
    }
    return nn_params_at(params, nn_params_count(params) - 1);
}

void nn_builder_add(nn_builder *builder, const char *part, nn_role role, ad_shape shape,
                    nn_init init, nn_fans fans)
{
    if (builder == NULL) {
        return;
    }
    const nn_param *param = add(builder, part, role, builder->model->root.built.type, shape);
    if (param == NULL) {
        return;
    }
    ad_error error;
    nn_draw *draw = &builder->draw;
    draw->rng.counter = 0;
    draw->allocator = &builder->model->allocator;
    if (nn_init_fill(&init, fans, draw, param, &error) != AD_OK) {
        nn__model_fail(builder->model, builder->path, builder->layer, &error);
    }
    draw->rng.stream++;
    builder->model->root.has_state |= role == NN_STATE;
}

void nn_builder_key(nn_builder *builder)
{
    const nn_param *param =
        builder != NULL ? add(builder, "key", NN_STATE, AD_I64, AD_SHAPE(2)) : NULL;
    if (param == NULL) {
        return;
    }
    /* a place that no parameter's numbers come from: the last ones of the layer's stream */
    ad_rng own = builder->draw.rng;
    own.counter = UINT64_MAX;
    ((int64_t *)param->data)[0] = (int64_t)(ad_rng_bits(&own) >> 1);
    builder->draw.rng.stream++;
    builder->model->root.has_state = 1;
}

void nn_builder_fail(nn_builder *builder, ad_status status, const char *message, ...)
{
    if (builder == NULL) {
        return;
    }
    char text[400];
    va_list args;
    va_start(args, message);
    (void)vsnprintf(text, sizeof text, message, args);
    va_end(args);
    ad_error error;
    ad_error_set(&error, status, "%s", text);
    nn__model_fail(builder->model, builder->path, builder->layer, &error);
}

nn_activation nn_builder_activation(const nn_builder *builder)
{
    return builder != NULL ? builder->follows : NULL;
}
