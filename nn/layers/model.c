/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "layers/layer_internal.h"
#include "layers/model_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PROBES = 10 }; /* rows of numbers that show what an activation gives */

struct nn_model {
    ad_allocator allocator;
    ad_error error;
    int is_built;
    nn_build_options built; /* as asked for */
    ad_shape output;        /* of a row */
    int gives_parts;
    nn_params *params;
    int count;
    nn_layer *layers; /* a list, first to last */
};

/* ---- life ---- */

/* Keeps the first error, with the name of the layer and the line where it was written. */
static ad_status fail(nn_model *model, const nn_layer *layer, const ad_error *error)
{
    if (model->error.status == AD_OK) {
        const char *site = layer != NULL ? layer->site : NULL;
        ad_error_set(&model->error, error->status, "%s%s%s%s%s%s", layer ? layer->name : "",
                     layer ? ": " : "", error->message, site ? " (" : "", site ? site : "",
                     site ? ")" : "");
    }
    return model->error.status;
}

/* Gives unnamed layers the name of their kind and a number. */
static void name_layers(nn_model *model)
{
    for (nn_layer *layer = model->layers; layer != NULL; layer = layer->next) {
        int number = 1;
        for (const nn_layer *before = model->layers; before != layer; before = before->next) {
            number += before->kind == layer->kind;
        }
        if (layer->name[0] == '\0') {
            (void)snprintf(layer->name, sizeof layer->name, "%s%d", layer->kind->name, number);
        }
        if (layer->error.status != AD_OK) {
            fail(model, layer, &layer->error);
        }
    }
}

static void free_layers(nn_layer *layer)
{
    while (layer != NULL) {
        nn_layer *next = layer->next;
        layer->is_owned = 0;
        nn_layer_free(layer);
        layer = next;
    }
}

nn_model *nn_sequential_in(const ad_allocator *allocator, size_t count, nn_layer *const *layers)
{
    ad_allocator own = nn__allocator(allocator);
    nn_model *model = nn__resize(&own, NULL, 1, sizeof *model);
    nn_layer *first = NULL, **end = &first;
    int complete = model != NULL, shared = 0;
    for (size_t i = 0; i < count; i++) {
        if (layers == NULL || layers[i] == NULL) {
            complete = 0;
        } else if (layers[i]->is_owned) {
            shared = 1;
        } else {
            layers[i]->is_owned = 1;
            *end = layers[i];
            end = &layers[i]->next;
        }
    }
    if (!complete) {
        free_layers(first);
        nn__free(&own, model);
        return NULL;
    }
    *model = (nn_model){.allocator = own, .count = (int)count, .layers = first};
    if (shared) {
        ad_error_set(&model->error, AD_ERR_STATE,
                     "nn_sequential: a layer was given twice; make one for each place");
    }
    name_layers(model);
    return model;
}

void nn_model_free(nn_model *model)
{
    if (model == NULL) {
        return;
    }
    ad_allocator allocator = model->allocator;
    free_layers(model->layers);
    nn_params_free(model->params);
    nn__free(&allocator, model);
}

/* ---- what it is ---- */

static ad_shape shape_of_row(const ad_shape *batch)
{
    ad_shape row = {.rank = batch->rank > 0 ? batch->rank - 1 : 0};
    memcpy(row.len, batch->len + 1, (size_t)row.rank * sizeof row.len[0]);
    return row;
}

static ad_shape rows_of(const ad_shape *row, int64_t count)
{
    ad_shape batch = {.rank = row->rank + 1, .len = {count}};
    memcpy(batch.len + 1, row->len, (size_t)row->rank * sizeof row->len[0]);
    return batch;
}

ad_status nn_model_status(const nn_model *model)
{
    return model == NULL ? AD_ERR_MEMORY : model->error.status;
}

const char *nn_model_message(const nn_model *model)
{
    return model == NULL ? "nn_sequential: out of memory" : model->error.message;
}

int nn_model_is_built(const nn_model *model)
{
    return model != NULL && model->is_built;
}

nn_params *nn_model_params(const nn_model *model)
{
    return nn_model_is_built(model) ? model->params : NULL;
}

int nn_model_depth(const nn_model *model)
{
    return model == NULL ? 0 : model->count;
}

const char *nn_model_layer_name(const nn_model *model, int i)
{
    const nn_layer *layer = model != NULL && i >= 0 ? model->layers : NULL;
    for (; layer != NULL && i > 0; i--) {
        layer = layer->next;
    }
    return layer != NULL ? layer->name : "";
}

ad_shape nn_model_input(const nn_model *model)
{
    return nn_model_is_built(model) ? model->built.input : AD_SCALAR;
}

ad_type nn_model_type(const nn_model *model)
{
    return nn_model_is_built(model) ? model->built.type : AD_F64;
}

ad_shape nn_model_output(const nn_model *model)
{
    return nn_model_is_built(model) ? model->output : AD_SCALAR;
}

int nn__model_gives_parts(const nn_model *model)
{
    return nn_model_is_built(model) && model->gives_parts;
}

ad_status nn__model_takes(const nn_model *model, const char *call, const ad_shape *batch,
                          ad_error *error)
{
    const ad_shape *want = &model->built.input;
    ad_shape row = shape_of_row(batch);
    if (batch->rank > 0 && ad_shape_count(&row) == ad_shape_count(want) &&
        (row.rank > 0 || want->rank == 0)) {
        return AD_OK;
    }
    char text[160], wanted[160], one[160];
    ad_shape alone = rows_of(want, 1);
    int is_row = ad_shape_equal(batch, want);
    return ad_error_set(error, AD_ERR_SHAPE, "%s: x is %s; the model takes rows of %s%s%s", call,
                        ad_shape_print(batch, text, sizeof text),
                        ad_shape_print(want, wanted, sizeof wanted),
                        is_row            ? ": give one row as "
                        : batch->rank < 2 ? ": give a batch as [rows, ...], one row as "
                                          : "",
                        is_row || batch->rank < 2 ? ad_shape_print(&alone, one, sizeof one) : "");
}

/* ---- what the last activation gives ---- */

/* 1 if all of an activation of numbers of every size, alone and side by side, is in [0, 1]; 0 also
 * if it cannot be applied to them. memory has room for twice the numbers. */
static int gives_parts(ad_tape *tape, nn_activation activation, ad_shape rows, ad_type type,
                       double *memory)
{
    static const double numbers[] = {40, -30, 3, -4, 0.5};
    size_t count = ad_shape_count(&rows), len = count / (size_t)rows.len[0];
    double *out = memory + count;
    for (size_t i = 0; i < count; i++) {
        size_t r = i / len;
        memory[i] = numbers[(r < PROBES / 2 ? r : r + i) % (PROBES / 2)];
    }
    ad_var a = activation(ad_cast(ad_input_view(tape, AD_F64, rows, memory), type));
    size_t made = ad_count(a);
    if (a.tape != tape || made == 0 || made > count || ad_read(a, made, out) != AD_OK) {
        return 0;
    }
    int inside = 1;
    for (size_t i = 0; i < made && inside; i++) {
        inside = out[i] >= 0 && out[i] <= 1;
    }
    return inside;
}

/* x is what the last activation is applied to. */
static ad_status find_parts(nn_model *model, nn_activation activation, ad_var x, ad_type type)
{
    if (activation == NULL) {
        return AD_OK;
    }
    ad_shape shape = ad_shape_of(x);
    shape = shape_of_row(&shape);
    shape = rows_of(&shape, PROBES);
    ad_tape *tape = ad_tape_new_in(&model->allocator);
    double *memory =
        nn__resize(&model->allocator, NULL, 2 * ad_shape_count(&shape) + 1, sizeof *memory);
    ad_status status = AD_ERR_MEMORY;
    if (tape != NULL && memory != NULL) {
        model->gives_parts = gives_parts(tape, activation, shape, type, memory);
        status = ad_tape_status(tape);
    }
    nn__free(&model->allocator, memory);
    ad_tape_free(tape);
    return status == AD_ERR_MEMORY ? ad_error_set(&model->error, status, "nn_build: out of memory")
                                   : AD_OK;
}

/* ---- building ---- */

/* What C code of a layer gives is on the tape of its argument. */
static ad_status check_given(ad_var given, ad_var x, ad_error *error)
{
    if (given.tape == x.tape) {
        return AD_OK;
    }
    return given.tape == NULL
               ? ad_error_set(error, AD_ERR_DOMAIN,
                              "its function gives a plain number; make it of the argument")
               : ad_error_set(error, AD_ERR_FOREIGN,
                              "its function gives a variable of another tape than its argument");
}

/* Builds the layers one by one, each on the output of those before for one row of zeros. */
static ad_status build_layers(nn_model *model, ad_tape *tape, ad_var x, nn__builder *builder)
{
    if (ad_tape_status(tape) != AD_OK) {
        return ad_error_set(&model->error, ad_tape_status(tape), "%s", ad_tape_message(tape));
    }
    nn_activation last = NULL;
    ad_var before = x;
    for (nn_layer *layer = model->layers; layer != NULL; layer = layer->next) {
        layer->first = nn_params_count(model->params);
        if (layer->kind->build != NULL && layer->kind->build(layer, builder, x) != AD_OK) {
            return fail(model, layer, builder->error);
        }
        layer->count = nn_params_count(model->params) - layer->first;
        ad_var w[NN__PARTS], z;
        before = x;
        for (int j = 0; j < layer->count; j++) {
            const nn_param *p = nn_params_at(model->params, layer->first + j);
            w[j] = ad_input_view(tape, p->type, p->shape, p->data);
        }
        x = layer->kind->apply(layer, w, x, &z);
        if (ad_tape_status(tape) != AD_OK) {
            return ad_error_set(&model->error, ad_tape_status(tape), "%s: %s", layer->name,
                                ad_tape_message(tape));
        }
        if (check_given(x, before, builder->error) != AD_OK) {
            return fail(model, layer, builder->error);
        }
        before = layer->count > 0 ? z : before;
        last = layer->kind->activation(layer);
    }
    ad_shape shape = ad_shape_of(x);
    model->output = shape_of_row(&shape);
    return find_parts(model, last, before, builder->type);
}

ad_status nn_build_of(nn_model *model, nn_build_options options)
{
    if (nn_model_status(model) != AD_OK) {
        return nn_model_status(model);
    }
    ad_error error = {.status = AD_OK};
    if (model->is_built) {
        return AD_ERR_STATE;
    }
    if (options.type != AD_F64 && options.type != AD_F32) {
        return ad_error_set(&model->error, AD_ERR_TYPE, "nn_build: %s; models are f64 or f32",
                            ad_type_name(options.type));
    }
    if (options.input.rank < 0 || options.input.rank >= AD_MAX_RANK) {
        return ad_error_set(&model->error, AD_ERR_SHAPE, "nn_build: rows of rank %d; at most %d",
                            options.input.rank, AD_MAX_RANK - 1);
    }
    ad_shape rows = rows_of(&options.input, 1);
    ad_tape *tape = ad_tape_new_in(&model->allocator);
    model->params = nn_params_new(&model->allocator);
    if (tape == NULL || model->params == NULL) {
        ad_tape_free(tape);
        return ad_error_set(&model->error, AD_ERR_MEMORY, "nn_build: out of memory");
    }
    nn__builder builder = {.params = model->params,
                           .type = options.type,
                           .draw = {.rng = {.seed = options.seed},
                                    .numpy = options.numpy,
                                    .allocator = &model->allocator},
                           .error = &error};
    ad_var x = ad_full(tape, options.type, rows, 0);
    if (build_layers(model, tape, x, &builder) == AD_OK) {
        model->is_built = 1;
        model->built = options;
    }
    ad_tape_free(tape);
    return model->error.status;
}

/* ---- recording ---- */

static ad_var dead(ad_tape *tape, ad_status status, const char *origin, const char *message)
{
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    ad_tape_fail(tape, status, origin, NULL, "%s", message);
    return ad_input(tape, 0); /* dead, since the tape has failed */
}

ad_var nn_forward(const nn_model *model, const ad_var *params, ad_var x, nn_trace *trace)
{
    if (nn_model_status(model) != AD_OK) {
        return dead(x.tape, nn_model_status(model), "nn_forward", nn_model_message(model));
    }
    if (!model->is_built) {
        return dead(x.tape, AD_ERR_STATE, "nn_forward", "the model is not built; see nn_build");
    }
    if (params == NULL && nn_params_count(model->params) > 0) {
        return dead(x.tape, AD_ERR_DOMAIN, "nn_forward",
                    "params is NULL; bind the model's with nn_params_bind, or use nn_apply");
    }
    for (const nn_layer *layer = model->layers; layer != NULL; layer = layer->next) {
        ad_error error;
        const char *before = ad_tape_set_site(x.tape, layer->site);
        ad_var z, given = layer->kind->apply(layer, params + layer->first, x, &z);
        if (x.tape != NULL && check_given(given, x, &error) != AD_OK) {
            ad_tape_fail(x.tape, error.status, layer->name, layer->site, "%s", error.message);
            given = ad_input(x.tape, 0); /* dead, since the tape has failed */
        }
        ad_tape_set_site(x.tape, before);
        x = given;
        if (trace != NULL) {
            *trace++ = (nn_trace){z, x};
        }
    }
    return x;
}

/* An f64 or f32 batch tells the shape and type of the model. */
static void build_from(nn_model *model, ad_var x)
{
    ad_shape shape = ad_shape_of(x);
    nn_build_of(model, (nn_build_options){.input = shape_of_row(&shape), .type = ad_type_of(x)});
}

ad_var nn_apply(nn_model *model, ad_var x)
{
    if (x.tape == NULL || ad_tape_status(x.tape) != AD_OK || ad_is_dead(x)) {
        return x;
    }
    if (nn_model_status(model) == AD_OK && !model->is_built) {
        build_from(model, x);
    }
    if (nn_model_status(model) != AD_OK) {
        return dead(x.tape, nn_model_status(model), "nn_apply", nn_model_message(model));
    }
    size_t count = (size_t)nn_params_count(model->params);
    ad_var *params = nn__resize(&model->allocator, NULL, count + 1, sizeof *params);
    if (params == NULL) {
        return dead(x.tape, AD_ERR_MEMORY, "nn_apply", "out of memory");
    }
    nn_params_bind(model->params, x.tape, params);
    x = nn_forward(model, params, x, NULL);
    nn__free(&model->allocator, params);
    return x;
}
