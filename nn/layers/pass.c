/* SPDX-License-Identifier: MIT */
/* How layers are applied: for values, for training, and once with zeros to be built. */
#include "layers/layer_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 64 }; /* parts in parts */

/* ---- errors ---- */

static const char *name_of(const nn_pass *pass)
{
    return pass->builder != NULL ? pass->builder->path
           : pass->layer != NULL ? nn_layer_name(pass->layer)
                                 : "";
}

/* The tape fails, so that what follows does nothing; while a model is built, it keeps the text. */
static void refuse(nn_pass *pass, const nn_layer *layer, const ad_error *error)
{
    const char *name = name_of(pass);
    if (pass->builder != NULL) {
        nn__model_fail(pass->model, name, layer, error);
    }
    ad_tape_fail(pass->tape, error->status, name[0] != '\0' ? name : "nn_forward",
                 layer != NULL ? layer->site : NULL, "%s", error->message);
}

static ad_var dead(const nn_pass *pass)
{
    return ad_input(pass->tape, 0); /* dead, since the tape has failed */
}

/* What C code of a layer gives is on the tape of the pass. */
static ad_var check_given(nn_pass *pass, const nn_layer *layer, ad_var given)
{
    ad_error error;
    if (given.tape == pass->tape) {
        return given;
    }
    if (given.tape == NULL) {
        ad_error_set(&error, AD_ERR_DOMAIN,
                     "its function gives a plain number; make it of the argument");
    } else {
        ad_error_set(&error, AD_ERR_FOREIGN,
                     "its function gives a variable of another tape than its argument");
    }
    refuse(pass, layer, &error);
    return dead(pass);
}

/* ---- a part ---- */

/* Makes the layer a part of the model that is built, under its path. */
static void build(nn_pass *pass, nn_layer *layer, ad_var x)
{
    nn_builder *builder = pass->builder;
    const nn_params *params = pass->model->root.params;
    layer->model = pass->model;
    layer->first = nn_params_count(params);
    builder->layer = layer;
    if (layer->kind->build != NULL) {
        layer->kind->build(layer, builder, x);
    }
    layer->params = nn_params_count(params) - layer->first;
}

static int is_of_model(nn_pass *pass, const nn_layer *layer)
{
    ad_error error;
    if (layer->model == pass->model || (layer->model == NULL && pass->builder != NULL)) {
        return 1;
    }
    ad_error_set(&error, AD_ERR_STATE,
                 pass->builder != NULL ? "%s%s is a part of another model, which is built"
                                       : "%s%s was not applied while the model was built",
                 "layer ", layer->name);
    refuse(pass, layer, &error);
    return 0;
}

static void record(nn_pass *pass, nn_layer *layer, const ad_var *x, ad_var *y)
{
    const nn_layer_kind *kind = layer->kind;
    if (pass->builder != NULL && layer->model == NULL) {
        build(pass, layer, x[0]);
        if (pass->model->error.status != AD_OK) {
            refuse(pass, layer, &pass->model->error);
        }
    }
    for (int i = 0; i < layer->outputs; i++) {
        y[i] = x[0];
    }
    if (kind->apply_many != NULL) {
        kind->apply_many(layer, pass, x, y);
    } else if (kind->apply != NULL) {
        y[0] = kind->apply(layer, pass, x[0]);
    }
    for (int i = 0; i < layer->outputs; i++) {
        y[i] = check_given(pass, layer, y[i]);
    }
    if (pass->builder != NULL && ad_tape_status(pass->tape) != AD_OK) {
        ad_error error;
        ad_error_set(&error, ad_tape_status(pass->tape), "%s", ad_tape_message(pass->tape));
        nn__model_fail(pass->model, name_of(pass), NULL, &error);
    }
}

/* The layer is the pass's for as long as it is applied; its own parts are a level deeper. */
static void apply(nn_pass *pass, nn_layer *layer, const ad_var *x, ad_var *y)
{
    const nn_layer *before = pass->layer;
    nn_builder *builder = pass->builder;
    size_t end = builder != NULL ? strlen(builder->path) : 0;
    if (builder != NULL && layer != pass->model) {
        (void)snprintf(builder->path + end, sizeof builder->path - end, "%s%s", end > 0 ? "." : "",
                       layer->name);
    }
    ad_var said = pass->said;
    int had_said = pass->has_said;
    pass->layer = layer;
    pass->has_said = 0;
    pass->depth++;
    const char *site = ad_tape_set_site(pass->tape, layer->site);
    record(pass, layer, x, y);
    ad_tape_set_site(pass->tape, site);
    pass->depth--;
    pass->layer = before;
    pass->last = (nn_trace){pass->has_said ? pass->said : y[0], y[0]};
    pass->said = said;
    pass->has_said = had_said;
    if (builder != NULL) {
        builder->path[end] = '\0';
        builder->layer = before;
    }
    int is_entry = pass->depth == 1 || (pass->depth == 0 && layer->count == 0);
    if (pass->trace != NULL && is_entry && pass->traced < nn_model_depth(pass->model)) {
        pass->trace[pass->traced++] = pass->last;
    }
}

/* A layer that applies itself would never end. */
static int is_too_deep(nn_pass *pass, const nn_layer *layer)
{
    ad_error error;
    if (pass->depth < DEEPEST) {
        return 0;
    }
    ad_error_set(&error, AD_ERR_STATE, "parts are %d deep; does it apply itself?", DEEPEST);
    refuse(pass, layer, &error);
    return 1;
}

void nn_pass_apply_many(nn_pass *pass, nn_layer *layer, const ad_var *x, ad_var *y)
{
    ad_error error;
    if (pass == NULL || x == NULL || y == NULL) {
        return;
    }
    if (layer == NULL) {
        ad_error_set(&error, AD_ERR_STATE, "there is no such part to apply");
        refuse(pass, pass->layer, &error);
        y[0] = dead(pass);
    } else if (is_too_deep(pass, layer) || !is_of_model(pass, layer)) {
        for (int i = 0; i < layer->outputs; i++) {
            y[i] = dead(pass);
        }
    } else {
        apply(pass, layer, x, y);
    }
}

ad_var nn_pass_apply(nn_pass *pass, nn_layer *layer, ad_var x)
{
    ad_var y = x;
    if (pass != NULL && layer != NULL && (layer->inputs != 1 || layer->outputs != 1)) {
        ad_error error;
        ad_error_set(&error, AD_ERR_STATE,
                     "%s has %d inputs and %d outputs: use nn_pass_apply_many", layer->name,
                     layer->inputs, layer->outputs);
        refuse(pass, layer, &error);
        return dead(pass);
    }
    nn_pass_apply_many(pass, layer, &x, &y);
    return y;
}

nn_activation nn__pass_follow(nn_pass *pass, nn_activation activation)
{
    nn_activation before = NULL;
    if (pass->builder != NULL) {
        before = pass->builder->follows;
        pass->builder->follows = activation;
    }
    return before;
}

/* ---- parameters and state ---- */

/* The place in the model's set, or -1 after an error. */
static int find(nn_pass *pass, const char *part)
{
    const nn_layer *layer = pass->layer;
    const nn_params *params = pass->model->root.params;
    for (int i = 0; layer != NULL && part != NULL && i < layer->params; i++) {
        const char *name = nn_params_at(params, layer->first + i)->name;
        const char *dot = strrchr(name, '.');
        if (strcmp(dot != NULL ? dot + 1 : name, part) == 0) {
            return layer->first + i;
        }
    }
    ad_error error;
    ad_error_set(&error, AD_ERR_STATE, "it has no parameter %s; its build must add it",
                 part != NULL ? part : "without a name");
    refuse(pass, layer, &error);
    return -1;
}

/* The variable of parameter i, as it was when the pass began. */
static ad_var bound(const nn_pass *pass, int i)
{
    const nn_param *p = nn_params_at(pass->model->root.params, i);
    return pass->w != NULL ? pass->w[i] : ad_input_view(pass->tape, p->type, p->shape, p->data);
}

ad_var nn_pass_param(nn_pass *pass, const char *part)
{
    int i = pass != NULL ? find(pass, part) : -1;
    if (i < 0) {
        return pass != NULL ? dead(pass) : ad_literal(NAN);
    }
    if (nn_params_at(pass->model->root.params, i)->role != NN_STATE) {
        return bound(pass, i);
    }
    if (pass->changes != NULL && pass->changes[i].is_changed) {
        return pass->changes[i].value;
    }
    /* a value of its own, which stays when the memory is assigned to */
    return pass->training ? ad_stop_gradient(bound(pass, i)) : bound(pass, i);
}

void nn_pass_assign(nn_pass *pass, const char *part, ad_var value)
{
    int i = pass != NULL ? find(pass, part) : -1;
    if (i < 0) {
        return;
    }
    ad_error error;
    if (!pass->training || nn_params_at(pass->model->root.params, i)->role != NN_STATE) {
        ad_error_set(&error, AD_ERR_STATE,
                     pass->training ? "it assigns %s, which is no state: declare it with NN_STATE"
                                    : "it assigns %s where nothing is trained: ask "
                                      "nn_pass_is_training first",
                     part);
        refuse(pass, pass->layer, &error);
    } else if (pass->changes != NULL) {
        pass->changes[i] = (nn__change){ad_stop_gradient(value), 1};
    }
}

int nn_pass_is_training(const nn_pass *pass)
{
    return pass != NULL && pass->training;
}

ad_var nn_pass_key(nn_pass *pass)
{
    ad_var key = nn_pass_param(pass, "key");
    if (nn_pass_is_training(pass) && !ad_is_dead(key)) {
        nn_pass_assign(pass, "key", ad_random_next(key));
    }
    return key;
}

void nn_pass_trace(nn_pass *pass, ad_var z)
{
    if (pass != NULL) {
        pass->said = z;
        pass->has_said = 1;
    }
}

/* ---- a whole pass ---- */

void nn__pass_begin(nn_pass *pass, nn_model *model, ad_tape *tape,
                    const nn_forward_options *options)
{
    *pass = (nn_pass){.model = model,
                      .tape = tape,
                      .w = options->params,
                      .training = options->training,
                      .trace = options->trace};
    size_t count = (size_t)nn_params_count(model->root.params);
    if (pass->training && model->root.has_state) {
        pass->changes = nn__resize(&model->allocator, NULL, count, sizeof *pass->changes);
        if (pass->changes == NULL) {
            ad_tape_fail(tape, AD_ERR_MEMORY, "nn_forward", NULL, "out of memory");
        } else {
            memset(pass->changes, 0, count * sizeof *pass->changes);
        }
    }
}

void nn__pass_run(nn_pass *pass, const ad_var *x, ad_var *y)
{
    nn_pass_apply_many(pass, pass->model, x, y);
}

void nn__pass_end(nn_pass *pass)
{
    int count = pass->changes != NULL ? nn_params_count(pass->model->root.params) : 0;
    for (int i = 0; i < count; i++) {
        if (pass->changes[i].is_changed) {
            ad_assign(bound(pass, i), pass->changes[i].value);
        }
    }
    nn__pass_drop(pass);
}

void nn__pass_drop(nn_pass *pass)
{
    nn__free(&pass->model->allocator, pass->changes);
    pass->changes = NULL;
}
