/* SPDX-License-Identifier: MIT */
/* Parameters, models, optimisers and what trains them. */
#include "api.h"
#include "members.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PARAMS = 64 };

static int current_params; /* the slot drawn in this call, or -1 */

void networks_start(void)
{
    current_params = -1;
}

/* ---- parameters ---- */

void keep_params(nn_params *params, int borrowed)
{
    api_object *o = world_slot(world_keep(API_PARAMS, params));
    if (o != NULL) {
        o->borrowed = borrowed;
    }
}

static nn_params *new_params(void)
{
    nn_params *params = nn_params_new(world_allocator());
    for (int i = 0; i < 2; i++) {
        (void)nn_params_add(params, i == 0 ? "weight" : "a", (nn_role)i, AD_F64,
                            AD_SHAPE(1 + draw_below(3)), NULL);
    }
    keep_params(params, 0);
    return params;
}

nn_params *draw_params(void)
{
    if (draw_below(16) == 0) {
        current_params = -1;
        return NULL;
    }
    current_params = world_find(API_PARAMS);
    if (current_params < 0) {
        current_params = world_slot_of(API_PARAMS, new_params());
    }
    return world_slot(current_params)->at;
}

/* Those that other objects do not own; not too many. */
nn_params *draw_own_params(void)
{
    nn_params *params = draw_params();
    const api_object *o = world_slot(current_params);
    return o != NULL && (o->borrowed || nn_params_count(params) >= MOST_PARAMS) ? NULL : params;
}

const nn_param *draw_param(void)
{
    return nn_params_at(draw_params(), draw_below(3));
}

const char *draw_param_name(void)
{
    const nn_params *params = current_params < 0 ? NULL : world_slot(current_params)->at;
    const nn_param *param = nn_params_at(params, draw_below(3));
    return draw_hostile() || param == NULL ? draw_text() : param->name;
}

ad_var *room_bound(void)
{
    return room_vars(MOST_PARAMS + 1);
}

const ad_var *draw_bound(void)
{
    ad_var *w = room_bound();
    const nn_params *params = current_params < 0 ? NULL : world_slot(current_params)->at;
    if (draw_hostile()) {
        for (int i = 0; i <= MOST_PARAMS; i++) {
            w[i] = i < 4 ? draw_var() : w[3];
        }
    } else {
        (void)nn_params_bind(params, world_slot(tape_slot())->at, w);
    }
    return w;
}

const ad_var *draw_slopes(const ad_var *w)
{
    ad_var *dw = room_bound();
    for (int i = 0; i <= MOST_PARAMS && w[i].tape != NULL; i++) {
        dw[i] = draw_hostile() ? draw_var() : draw_flag() ? w[i] : ad_square(w[i]);
    }
    return dw;
}

/* ---- optimisers ---- */

const nn_rule *draw_rule(void)
{
#define RULE(name) &name,
    static const nn_rule *const rules[] = {NN_EVERY_RULE(RULE)};
#undef RULE
    const int count = (int)(sizeof rules / sizeof rules[0]);
    return draw_hostile() ? NULL : rules[draw_below(count)];
}

nn_optim draw_optim(void)
{
    nn_optim o = nn_optim_of(draw_rule(), 1, (const double[]){0.1, 1});
    if (draw_hostile()) {
        o.rate = draw_number();
        o.l2 = draw_number();
        o.options[draw_below(NN_MAX_RULE_OPTIONS)] = draw_number();
    }
    return o;
}

void keep_optimiser(nn_optimiser *optimiser)
{
    const int params = current_params;
    api_object *o = world_slot(world_keep(API_OPTIMISER, optimiser));
    if (o != NULL) {
        o->other = params;
    }
}

nn_optimiser *draw_optimiser(void)
{
    const int slot = draw_below(16) == 0 ? -1 : world_find(API_OPTIMISER);
    current_params = slot < 0 ? -1 : world_slot(slot)->other;
    world_borrow(current_params);
    return slot < 0 ? NULL : world_slot(slot)->at;
}

/* ---- layers and models ---- */

const nn_layer_kind *draw_layer_kind(void)
{
    static const nn_layer_kind *const kinds[] = {
        &nn_dense_kind,      &nn_function_kind, &nn_dropout_kind,
        &nn_layer_norm_kind, &nn_concat_kind,   &nn_batch_norm_kind,
        &nn_sequential_kind, &nn_residual_kind, &nn_sum_kind};
    return draw_hostile() ? NULL : kinds[draw_below((int)(sizeof kinds / sizeof kinds[0]))];
}

const void *draw_layer_options(const nn_layer_kind *kind)
{
    const char *name = draw_below(4) == 0 ? draw_text() : NULL;
    const ad_allocator *allocator = draw_allocator();
    if (kind == &nn_dense_kind) {
        nn_dense_options *o = room(sizeof *o);
        *o = (nn_dense_options){.units = draw_hostile() ? draw_integer() : 1 + draw_below(3),
                                .activation = draw_flag() ? draw_activation() : NULL,
                                .weight = draw_init(),
                                .bias = draw_init(),
                                .no_bias = draw_flag(),
                                .name = name,
                                .allocator = allocator};
        return o;
    }
    if (kind == &nn_function_kind) {
        nn_function_options *o = room(sizeof *o);
        *o = (nn_function_options){draw_hostile() ? NULL : draw_activation(), name, allocator};
        return o;
    }
    if (kind == &nn_dropout_kind) {
        nn_dropout_options *o = room(sizeof *o);
        *o = (nn_dropout_options){draw_part(), name, allocator};
        return o;
    }
    if (kind == &nn_layer_norm_kind) {
        nn_layer_norm_options *o = room(sizeof *o);
        *o = (nn_layer_norm_options){.axes = draw_below(3), .eps = draw_part(), .name = name};
        return o;
    }
    if (kind == &nn_batch_norm_kind) {
        nn_batch_norm_options *o = room(sizeof *o);
        *o = (nn_batch_norm_options){
            .axis = draw_below(4) - 1, .momentum = draw_part(), .allocator = allocator};
        return o;
    }
    if (kind == &nn_concat_kind) {
        nn_concat_options *o = room(sizeof *o);
        *o = (nn_concat_options){draw_below(4) - 1, name, allocator};
        return o;
    }
    return NULL;
}

/* One that is looked at, and stays whose it is. */
nn_layer *draw_layer(void)
{
    const int slot = world_find(API_LAYER);
    return slot < 0 ? NULL : world_slot(slot)->at;
}

nn_forward_options draw_forward_options(const nn_model *model)
{
    return (nn_forward_options){.training = draw_flag(),
                                .params = draw_flag() ? draw_model_vars(model) : NULL,
                                .trace = room_trace(model)};
}

nn_layer *const *draw_layers(size_t count)
{
    nn_layer **layers = room(count * sizeof *layers);
    for (size_t i = 0; i < count; i++) {
        layers[i] = world_take(API_LAYER);
        if (layers[i] == NULL && !draw_hostile()) {
            layers[i] = nn_dense(1 + draw_below(3));
        }
    }
    return layers;
}

nn_model *draw_model(void)
{
    const int slot = draw_below(16) == 0 ? -1 : world_find(API_MODEL);
    if (slot < 0 && draw_below(4) != 0) {
        nn_layer *layers[] = {nn_dense(2, .activation = (ad_tanh)), nn_dense(1 + draw_below(2))};
        nn_model *model = nn_sequential_in(world_allocator(), 2, layers);
        (void)world_keep(API_MODEL, model);
        return model;
    }
    return slot < 0 ? NULL : world_slot(slot)->at;
}

const ad_var *draw_model_vars(const nn_model *model)
{
    ad_var *w = room_vars(nn_params_count(nn_model_params(model)));
    (void)nn_params_bind(nn_model_params(model), world_slot(tape_slot())->at, w);
    return w;
}

nn_trace *room_trace(const nn_model *model)
{
    return draw_flag() ? NULL : room((size_t)nn_model_depth(model) * sizeof(nn_trace));
}

nn_build_options draw_build_options(void)
{
    return (nn_build_options){.input = draw_flag() ? AD_SHAPE(2) : draw_shape(),
                              .type = draw_type(),
                              .seed = draw_bits(),
                              .numpy = draw_below(4) == 0 ? draw_mt19937() : NULL};
}

nn_draw *draw_draw(void)
{
    nn_draw *draw = room(sizeof *draw);
    *draw = (nn_draw){draw_rng(), draw_flag() ? draw_mt19937() : NULL, draw_allocator()};
    return draw;
}

nn_fans draw_fans(void)
{
    return (nn_fans){draw_number(), draw_number()};
}

/* ---- training ---- */

nn_fit_options draw_fit_options(void)
{
    static volatile sig_atomic_t stop;
    stop = draw_below(8) == 0;
    nn_fit_options o = {.cost = draw_cost(),
                        .optim = draw_optim(),
                        .epochs = draw_below(4),
                        .batch = draw_below(4),
                        .in_order = draw_flag(),
                        .seed = draw_bits(),
                        .schedule = draw_flag() ? draw_schedule() : (nn_schedule){0},
                        .metric = draw_metric(),
                        .validation = draw_flag() ? 0.5 : 0,
                        .patience = draw_below(2),
                        .keep_best = draw_flag(),
                        .stop = draw_flag() ? &stop : NULL,
                        .on_batch = draw_callback(),
                        .on_epoch = draw_callback(),
                        .progress = draw_progress(),
                        .progress_to = draw_file(),
                        .log = draw_below(16) == 0 ? draw_path() : NULL,
                        .recorded = draw_flag(),
                        .native = draw_below(500) == 0 ? "cc" : NULL,
                        .threads = draw_below(2),
                        .allocator = draw_allocator()};
    if (draw_below(4) == 0) {
        nn_array *x = room(sizeof *x), *y = room(sizeof *y);
        *x = draw_rows(2);
        *y = draw_rows(2);
        o.validation = 0;
        o.validation_x = draw_below(8) == 0 ? NULL : x;
        o.validation_y = draw_below(8) == 0 ? NULL : y;
    }
    if (draw_hostile()) {
        o.epochs = -draw_below(2);
        o.batch = draw_integer();
        o.l1 = draw_number();
        o.l2 = draw_number();
        o.clip = draw_number();
        o.validation = draw_number();
        o.target = draw_number();
        o.target_cost = draw_number();
        o.patience = -draw_below(2);
    }
    return o;
}

nn_evaluate_options draw_evaluate_options(void)
{
    return (nn_evaluate_options){draw_cost(), draw_metric(), draw_length(), draw_allocator()};
}

void keep_fit(nn_fit_result result)
{
    got_error(&result.error);
    nn_fit_result *at = world_make(API_FIT, sizeof *at);
    *at = result;
}

nn_fit_result *draw_fit(void)
{
    return world_empty(API_FIT);
}

const nn_epoch *draw_history(int count)
{
    nn_epoch *history = room((size_t)(count < 0 ? 0 : count) * sizeof *history);
    for (int i = 0; i < count; i++) {
        history[i] = (nn_epoch){
            {draw_number(), draw_number()}, {draw_number(), NAN}, draw_number(), draw_number()};
    }
    return history;
}

const nn_fit_state *draw_fit_state(void)
{
    nn_fit_state *state = room(sizeof *state);
    const int epochs = 1 + draw_below(3), epoch = draw_below(epochs + 1);
    *state = (nn_fit_state){.moment = (nn_moment)draw_below(3),
                            .model = draw_model(),
                            .metric = draw_metric(),
                            .epoch = epoch,
                            .epochs = epochs,
                            .batch = draw_length(),
                            .batches = draw_length(),
                            .step = draw_length(),
                            .last = {draw_number(), draw_number()},
                            .mean = {draw_number(), draw_number()},
                            .seconds = draw_number(),
                            .left = draw_number(),
                            .history = draw_history(epoch)};
    if (state->epoch == 0 && state->moment == NN_AFTER_EPOCH) {
        state->moment = NN_AFTER_BATCH;
    }
    return state;
}
