/* SPDX-License-Identifier: MIT */
/* Layers of layers: one after the other, around, and side by side. */
#include "layers/layer_internal.h"

/* ---- one after the other ---- */

/* What the result of part i goes into; after is what follows the last one. */
static nn_activation follows(const nn_layer *layer, int i, nn_activation after)
{
    for (i++; i < layer->count; i++) {
        const nn_layer_kind *kind = layer->parts[i]->kind;
        if (kind->place != NN_BETWEEN) {
            return kind->place == NN_ACTIVATES ? kind->activation(layer->parts[i]) : NULL;
        }
    }
    return after;
}

static ad_var chain(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    nn_activation after = nn__pass_follow(pass, NULL);
    for (int i = 0; i < layer->count; i++) {
        nn__pass_follow(pass, follows(layer, i, after));
        x = nn_pass_apply(pass, layer->parts[i], x);
        nn_pass_trace(pass, pass->last.z);
    }
    nn__pass_follow(pass, after);
    return x;
}

static nn_activation last_activation(const nn_layer *layer)
{
    const nn_layer *last = nn_layer_part(layer, layer->count - 1);
    return last != NULL && last->kind->activation != NULL ? last->kind->activation(last) : NULL;
}

static nn_sample sequential_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_sequential(nn_dense(3), nn_batch_norm(), nn_function(ad_tanh),
                                         nn_dropout(0.5), nn_dense(2)),
                           AD_SHAPE(4), 0};
    case 1:
        return (nn_sample){
            nn_sequential(nn_layer_norm(), nn_sequential(nn_dense(2, .activation = ad_sigmoid))),
            AD_SHAPE(3), 0};
    case 2:
        return (nn_sample){nn_sequential(nn_layer_norm(), nn_dense(0)), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_sequential_kind = {.name = "sequential",
                                          .options = NN_LAYOUT(nn_sequential_options),
                                          .apply = chain,
                                          .activation = last_activation,
                                          .sample = sequential_sample};

nn_layer *nn_sequential_in(const ad_allocator *allocator, size_t count, nn_layer *const *layers)
{
    return nn_layer_new(&nn_sequential_kind, &(nn_sequential_options){.allocator = allocator},
                        count, layers, NULL);
}

/* ---- around ---- */

static ad_var residual_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    ad_var f = chain(layer, pass, x);
    ad_shape shape = ad_shape_of(x), given = ad_shape_of(f);
    if (!ad_is_dead(f) && !ad_shape_equal(&shape, &given)) {
        char text[160], other[160];
        ad_tape_fail(pass->tape, AD_ERR_SHAPE, layer->name, layer->site,
                     "x is %s and its layers make %s of it; a residual block keeps the shape",
                     ad_shape_print(&shape, text, sizeof text),
                     ad_shape_print(&given, other, sizeof other));
    }
    ad_var y = ad_add(x, f);
    nn_pass_trace(pass, y);
    return y;
}

static nn_sample residual_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_residual(nn_dense(4, .activation = ad_tanh), nn_dense(3)),
                           AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_residual(nn_batch_norm(), nn_dense(2)), AD_SHAPE(2), 0};
    case 2:
        return (nn_sample){nn_residual(nn_dense(1)), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_residual_kind = {
    .name = "residual", .apply = residual_apply, .sample = residual_sample};

/* ---- side by side ---- */

static ad_status branches_check(const nn_layer *layer, ad_error *error)
{
    return layer->count > 0 ? AD_OK
                            : ad_error_set(error, AD_ERR_DOMAIN, "give it one branch or more");
}

static ad_var sum_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    nn_activation after = nn__pass_follow(pass, NULL);
    ad_var y = nn_pass_apply(pass, layer->parts[0], x);
    ad_shape shape = ad_shape_of(y);
    for (int i = 1; i < layer->count; i++) {
        ad_var next = nn_pass_apply(pass, layer->parts[i], x);
        ad_shape given = ad_shape_of(next);
        if (!ad_is_dead(next) && !ad_shape_equal(&shape, &given)) {
            char text[160], other[160];
            ad_tape_fail(pass->tape, AD_ERR_SHAPE, layer->name, layer->site,
                         "branches 0 and %d make %s and %s; a sum is of one shape", i,
                         ad_shape_print(&shape, text, sizeof text),
                         ad_shape_print(&given, other, sizeof other));
        }
        y = ad_add(y, next);
    }
    nn__pass_follow(pass, after);
    return y;
}

static nn_sample sum_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_sum(nn_dense(2), nn_dense(2)), AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_sum(nn_dense(2), nn_dense(1)), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_sum_kind = {
    .name = "sum", .check = branches_check, .apply = sum_apply, .sample = sum_sample};

static ad_var concat_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    nn_activation after = nn__pass_follow(pass, NULL);
    ad_var y = nn_pass_apply(pass, layer->parts[0], x);
    int axis = ((const nn_concat_options *)layer->options)->axis;
    for (int i = 1; i < layer->count; i++) {
        y = ad_concat(2, ((ad_var[]){y, nn_pass_apply(pass, layer->parts[i], x)}), axis);
    }
    nn__pass_follow(pass, after);
    return y;
}

static nn_sample concat_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_concat(1, nn_dense(2), nn_function(ad_sin)), AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_concat(-1, nn_layer_norm(), nn_dropout(0.5), nn_layer_norm()),
                           AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_concat(5, nn_dense(2), nn_dense(2)), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_concat_kind = {.name = "concat",
                                      .options = NN_LAYOUT(nn_concat_options),
                                      .check = branches_check,
                                      .apply = concat_apply,
                                      .sample = concat_sample};
