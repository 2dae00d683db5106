/* SPDX-License-Identifier: MIT */
#include "model.h"

#include "layers/layer_internal.h"
#include "layers/model_internal.h"

#include <math.h>
#include <string.h>

enum { PROBES = 10 }; /* rows of numbers that show what an activation gives */

void nn_model_free(nn_model *model)
{
    nn_layer_free(model);
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
    return model == NULL ? "the model is NULL: out of memory, or a layer was"
                         : model->error.message;
}

int nn_model_is_built(const nn_model *model)
{
    return model != NULL && model->root.is_built;
}

nn_params *nn_model_params(const nn_model *model)
{
    return nn_model_is_built(model) ? model->root.params : NULL;
}

int nn_model_depth(const nn_model *model)
{
    return model == NULL ? 0 : model->count > 0 ? model->count : 1;
}

const char *nn_model_layer_name(const nn_model *model, int i)
{
    return i == 0 && nn_layer_count(model) == 0 ? nn_layer_name(model)
                                                : nn_layer_name(nn_layer_part(model, i));
}

ad_shape nn_model_input(const nn_model *model)
{
    return nn_model_is_built(model) ? model->root.built.input : AD_SCALAR;
}

ad_type nn_model_type(const nn_model *model)
{
    return nn_model_is_built(model) ? model->root.built.type : AD_F64;
}

ad_shape nn_model_output(const nn_model *model)
{
    return nn_model_is_built(model) ? model->root.output : AD_SCALAR;
}

int nn__model_gives_parts(const nn_model *model)
{
    return nn_model_is_built(model) && model->root.gives_parts;
}

ad_status nn__model_takes(const nn_model *model, const char *call, const ad_shape *batch,
                          ad_error *error)
{
    const ad_shape *want = &model->root.built.input;
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
        model->root.gives_parts = gives_parts(tape, activation, shape, type, memory);
        status = ad_tape_status(tape);
    }
    nn__free(&model->allocator, memory);
    ad_tape_free(tape);
    return status == AD_ERR_MEMORY ? ad_error_set(&model->error, status, "nn_build: out of memory")
                                   : AD_OK;
}

/* ---- building ---- */

static ad_status check_shapes(nn_model *model, const nn_build_options *o, const ad_shape *inputs)
{
    if (o->type != AD_F64 && o->type != AD_F32) {
        return ad_error_set(&model->error, AD_ERR_TYPE, "nn_build: %s; models are f64 or f32",
                            ad_type_name(o->type));
    }
    if (model->inputs > 1 && o->inputs == NULL) {
        return ad_error_set(&model->error, AD_ERR_STATE,
                            "nn_build: the model has %d inputs; give .inputs, the shape of a row "
                            "of each",
                            model->inputs);
    }
    for (int i = 0; i < model->inputs; i++) {
        if (inputs[i].rank < 0 || inputs[i].rank >= AD_MAX_RANK) {
            return ad_error_set(&model->error, AD_ERR_SHAPE,
                                "nn_build: rows of rank %d; at most %d", inputs[i].rank,
                                AD_MAX_RANK - 1);
        }
    }
    return AD_OK;
}

/* Builds the parts as they are applied, each on what comes before for one row of zeros. */
static ad_status build_on(nn_model *model, ad_tape *tape, const nn_build_options *o,
                          const ad_shape *inputs)
{
    nn_builder builder = {.model = model, .draw = {.rng = {.seed = o->seed}, .numpy = o->numpy}};
    ad_var x[NN__WAYS], y[NN__WAYS];
    nn_pass pass;
    for (int i = 0; i < model->inputs; i++) {
        x[i] = ad_full(tape, o->type, rows_of(&inputs[i], 1), 0);
    }
    if (ad_tape_status(tape) != AD_OK) {
        return ad_error_set(&model->error, ad_tape_status(tape), "%s", ad_tape_message(tape));
    }
    nn__pass_begin(&pass, model, tape, &(nn_forward_options){.training = 0});
    pass.builder = &builder;
    nn__pass_run(&pass, x, y);
    nn__pass_end(&pass);
    if (model->error.status != AD_OK) {
        return model->error.status;
    }
    ad_shape shape = ad_shape_of(y[0]);
    model->root.output = shape_of_row(&shape);
    nn_activation last = model->kind->activation != NULL ? model->kind->activation(model) : NULL;
    return find_parts(model, last, pass.last.z, o->type);
}

ad_status nn_build_of(nn_model *model, nn_build_options options)
{
    if (nn_model_status(model) != AD_OK) {
        return nn_model_status(model);
    }
    if (model->model != NULL) {
        return AD_ERR_STATE;
    }
    const ad_shape *inputs = options.inputs != NULL ? options.inputs : &options.input;
    if (check_shapes(model, &options, inputs) != AD_OK) {
        return model->error.status;
    }
    options.input = inputs[0];
    model->root.built = options;
    ad_tape *tape = ad_tape_new_in(&model->allocator);
    model->root.params = nn_params_new(&model->allocator);
    if (tape == NULL || model->root.params == NULL) {
        ad_tape_free(tape);
        return ad_error_set(&model->error, AD_ERR_MEMORY, "nn_build: out of memory");
    }
    model->root.is_built = build_on(model, tape, &options, inputs) == AD_OK;
    ad_tape_free(tape);
    return model->error.status;
}

/* ---- recording ---- */

static ad_status dead(ad_tape *tape, ad_status status, const char *call, const char *message,
                      int count, ad_var *y)
{
    ad_tape_fail(tape, status, call, NULL, "%s", message);
    for (int i = 0; i < count && y != NULL; i++) {
        y[i] = ad_input(tape, 0); /* dead, since the tape has failed */
    }
    return status;
}

static ad_status forward(const char *call, nn_model *model, int count, const ad_var *x, int results,
                         ad_var *y, const nn_forward_options *o)
{
    ad_tape *tape = x[0].tape;
    if (nn_model_status(model) != AD_OK) {
        return dead(tape, nn_model_status(model), call, nn_model_message(model), results, y);
    }
    if (!model->root.is_built) {
        return dead(tape, AD_ERR_STATE, call, "the model is not built; see nn_build", results, y);
    }
    if (count != model->inputs || results != model->outputs) {
        ad_error error;
        ad_error_set(&error, AD_ERR_DOMAIN,
                     "the model has %d inputs and %d outputs, not %d and %d: see nn_forward_many",
                     model->inputs, model->outputs, count, results);
        return dead(tape, error.status, call, error.message, results, y);
    }
    ad_error error;
    ad_shape shape = ad_shape_of(x[0]);
    if (ad_tape_status(tape) == AD_OK && nn__model_takes(model, call, &shape, &error) != AD_OK) {
        return dead(tape, error.status, call, strchr(error.message, ':') + 2, results, y);
    }
    nn_pass pass;
    nn__pass_begin(&pass, model, tape, o);
    nn__pass_run(&pass, x, y);
    nn__pass_end(&pass);
    return ad_tape_status(tape);
}

ad_status nn_forward_many(nn_model *model, int count, const ad_var *x, int results, ad_var *y,
                          nn_forward_options options)
{
    if (count < 1 || x == NULL || results < 1 || y == NULL || x[0].tape == NULL) {
        return AD_ERR_DOMAIN;
    }
    return forward("nn_forward_many", model, count, x, results, y, &options);
}

ad_var nn_forward_of(nn_model *model, ad_var x, nn_forward_options options)
{
    ad_var y = x;
    if (x.tape == NULL) {
        return ad_literal(NAN);
    }
    forward("nn_forward", model, 1, &x, 1, &y, &options);
    return y;
}

/* An f64 or f32 batch tells the shape and type of the model. */
static void build_from(nn_model *model, ad_var x)
{
    ad_shape shape = ad_shape_of(x);
    nn_build_of(model, (nn_build_options){.input = shape_of_row(&shape), .type = ad_type_of(x)});
}

ad_var nn_apply(nn_model *model, ad_var x)
{
    ad_var y = x;
    if (x.tape == NULL || ad_tape_status(x.tape) != AD_OK || ad_is_dead(x)) {
        return x;
    }
    if (nn_model_status(model) == AD_OK && model->model == NULL) {
        build_from(model, x);
    }
    forward("nn_apply", model, 1, &x, 1, &y, &(nn_forward_options){.training = 0});
    return y;
}
