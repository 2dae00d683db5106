/* SPDX-License-Identifier: MIT */
#include "layers/layer_internal.h"
#include "train/train_internal.h"

#include <math.h>
#include <string.h>

/* ---- the cost as an operation that refuses what is not finite, before anything is updated ---- */

static ad_status finite_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                             ad_error *error)
{
    double *total = user;
    (void)count;
    *total = x[0].type == AD_F64 ? *(const double *)x[0].data : (double)*(const float *)x[0].data;
    memcpy(z->data, x[0].data, ad_type_bytes(x[0].type));
    return isfinite(*total) ? AD_OK : ad_error_set(error, AD_ERR_DOMAIN, "it is %g", *total);
}

static void finite_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)x, (void)z;
    dx[0] = g;
}

static const ad_custom_op checked_cost = {"the cost", NULL, finite_eval, finite_vjp};

/* ---- a step ---- */

static ad_status step_recorded(nn__steps *s, double factor, nn__outcome *outcome, ad_error *error)
{
    const nn_fit_options *o = s->options;
    nn__feed *b = s->feed;
    const nn_params *params = nn_model_params(b->model);
    int n = nn_params_count(params);
    nn__batch batch;
    if (nn__feed_record(b, &batch, error) != AD_OK) {
        return error->status;
    }
    nn_pass pass;
    ad_var a;
    nn__pass_begin(&pass, b->model, b->tape,
                   &(nn_forward_options){.training = 1, .params = b->params});
    nn__pass_run(&pass, &batch.x, &a);
    ad_var costs[2] = {o->cost(a, batch.y)};
    if (nn__check_cost("nn_fit", b, costs[0], error) != AD_OK) {
        nn__pass_drop(&pass);
        return error->status;
    }
    costs[1] = ad_add(costs[0], nn_penalty(params, b->params, o->l1, o->l2));
    costs[1] = ad_custom(&checked_cost, &s->total, 1, &costs[1]);
    nn_params_grad(params, costs[1], b->params, b->grads);
    nn__pass_end(&pass); /* only now, since a step that is refused changes nothing */
    *outcome = (nn__outcome){.cost = ad_value(costs[0]),
                             .metric = NAN,
                             .output = ad_data(a),
                             .type = ad_type_of(a),
                             .shape = ad_shape_of(a)};
    if (ad_tape_status(b->tape) == AD_OK) {
        nn__read_metric(&s->metric, a, batch.y, outcome);
    }
    if (o->clip > 0) {
        nn_clip_norm(n, b->grads, o->clip);
    }
    nn_optimiser_step(s->optimiser, b->params, b->grads, factor);
    ad_status status = nn__tape_error(b->tape, error);
    return status == AD_OK && !o->recorded
               ? nn__compile(&s->compiled, b, &batch, 2, costs, a, o->threads, error)
               : status;
}

/* ---- a compiled step that is taken back, since C would have branched otherwise ---- */

void nn__steps_clear(nn__steps *s)
{
    nn_params_free(s->before[0]);
    nn_params_free(s->before[1]);
    s->before[0] = s->before[1] = NULL;
}

static ad_status keep(nn__steps *s, ad_error *error)
{
    const nn_params *now[] = {nn_model_params(s->feed->model), nn_optimiser_memory(s->optimiser)};
    for (int i = 0; i < 2; i++) {
        if (s->before[i] != NULL) {
            nn_params_assign(s->before[i], now[i], NULL);
            continue;
        }
        s->before[i] = nn_params_copy(now[i], &s->feed->allocator);
        if (s->before[i] == NULL) {
            return ad_error_set(error, AD_ERR_MEMORY, "out of memory for a step to be taken back");
        }
    }
    return AD_OK;
}

static void take_back(nn__steps *s, int64_t count)
{
    nn_params_assign(nn_model_params(s->feed->model), s->before[0], NULL);
    nn_params_assign(nn_optimiser_memory(s->optimiser), s->before[1], NULL);
    nn_optimiser_set_count(s->optimiser, count);
}

ad_status nn__step(nn__steps *s, double factor, int fresh, nn__outcome *outcome, ad_error *error)
{
    s->total = 0;
    if (fresh || !nn__is_settled(&s->compiled, s->feed)) {
        return step_recorded(s, factor, outcome, error);
    }
    int64_t count = nn_optimiser_count(s->optimiser);
    if (s->compiled.is_guarded && keep(s, error) != AD_OK) {
        return error->status;
    }
    nn_optimiser_advance(s->optimiser, factor);
    ad_status status = nn__run_compiled(&s->compiled, s->feed, &s->metric, 2, outcome, error);
    if (status != AD_OK || !nn__has_branched(&s->compiled)) {
        return status;
    }
    take_back(s, count);
    return step_recorded(s, factor, outcome, error);
}
