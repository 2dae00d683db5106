/* SPDX-License-Identifier: MIT */
#include "train.h"

#include "log.h"
#include "train_internal.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* Streams of the seed apart from those of parameters, which count from 0. */
#define STREAM_SHUFFLE UINT64_MAX
#define STREAM_SPLIT (UINT64_MAX - 1)

/* One training. */
typedef struct fit {
    const nn_fit_options *o;
    nn_fit_result *result;
    nn_model *model;
    const nn_array *x, *y;
    const nn_array *vx, *vy; /* x and y themselves if rows of theirs are held out */
    int64_t rows, held;      /* rows trained on, and held out */
    int64_t *order;          /* [rows + held]: rows of x; those held out last */
    int64_t *shuffled;       /* [rows]: the order of this epoch */
    nn__batches batches;
    nn_stepper *stepper;
    nn_params *best;
    double best_cost;
    nn_metric metric;
    nn_fit_state state;
    nn_score sum; /* over the rows of this epoch so far */
    double rate, began, drawn;
    FILE *log;
} fit;

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- getting ready ---- */

static ad_status check_options(const nn_fit_options *o, ad_error *error)
{
    if (o->cost == NULL) {
        return ad_error_set(error, AD_ERR_STATE, "nn_fit: give a cost, as .cost = nn_mse");
    }
    if (o->epochs < 0 || o->batch < 0 || o->patience < 0 || o->threads < 0) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: epochs, batch, patience and threads are not negative");
    }
    if (!(o->validation >= 0 && o->validation < 1)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: validation = %g; it is a part of the rows, in [0, 1)",
                            o->validation);
    }
    if (!(o->l1 >= 0 && o->l2 >= 0 && o->clip >= 0)) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_fit: l1, l2 and clip are not negative");
    }
    if ((o->validation_x == NULL) != (o->validation_y == NULL) ||
        (o->validation_x != NULL && o->validation > 0)) {
        return ad_error_set(error, AD_ERR_STATE,
                            "nn_fit: give validation, or validation_x and validation_y");
    }
    return AD_OK;
}

/* A model that is not built yet takes shape and type from the data. */
static ad_status build(nn_model *model, const nn_array *x, uint64_t seed, ad_error *error)
{
    if (nn_model_status(model) == AD_OK && !nn_model_is_built(model)) {
        int narrow = x->type == NN_F32 || x->type == NN_U8;
        nn_build_of(model, (nn_build_options){.input = nn_array_row_shape(x),
                                              .type = narrow ? AD_F32 : AD_F64,
                                              .seed = seed});
    }
    ad_status status = nn_model_status(model);
    return status == AD_OK ? AD_OK : ad_error_set(error, status, "%s", nn_model_message(model));
}

/* Chooses the rows that are held out. */
static ad_status split(fit *f, ad_error *error)
{
    int64_t all = nn_array_rows(f->x);
    f->vx = f->x;
    f->vy = f->y;
    f->held = (int64_t)floor(f->o->validation * (double)all);
    f->rows = all - f->held;
    if (f->o->validation > 0 && f->held == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: validation = %g of %lld rows is not one row", f->o->validation,
                            (long long)all);
    }
    f->order = nn__resize(&f->result->allocator, NULL, (size_t)all, sizeof *f->order);
    f->shuffled = nn__resize(&f->result->allocator, NULL, (size_t)all, sizeof *f->shuffled);
    if (f->order == NULL || f->shuffled == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_fit: out of memory");
    }
    for (int64_t i = 0; i < all; i++) {
        f->order[i] = i;
    }
    if (f->held > 0) {
        const ad_rng at = {.seed = f->o->seed, .stream = STREAM_SPLIT};
        ad_rng_permutation(at, (size_t)all, f->order);
    }
    if (f->o->validation_x != NULL) {
        f->vx = f->o->validation_x;
        f->vy = f->o->validation_y;
        f->held = -1; /* all of theirs */
    }
    return AD_OK;
}

static ad_status open_log(fit *f, ad_error *error)
{
    if (f->o->log == NULL) {
        return AD_OK;
    }
    f->log = fopen(f->o->log, "w");
    if (f->log == NULL) {
        return ad_error_set(error, AD_ERR_IO, "%s: %s", f->o->log, strerror(errno));
    }
    return nn_log_begin(f->log, error);
}

static ad_status prepare(fit *f, ad_error *error)
{
    const nn_fit_options *o = f->o;
    const ad_allocator *allocator = &f->result->allocator;
    ad_status status = check_options(o, error);
    if (status == AD_OK) {
        status = nn__check_rows("nn_fit", f->x, f->y, error);
    }
    if (status == AD_OK && o->validation_x != NULL) {
        status = nn__check_rows("nn_fit, validation", o->validation_x, o->validation_y, error);
    }
    if (status == AD_OK) {
        status = build(f->model, f->x, o->seed, error);
    }
    if (status == AD_OK) {
        status = split(f, error);
    }
    if (status != AD_OK) {
        return status;
    }
    int64_t size = o->batch > 0 && o->batch < f->rows ? o->batch : f->rows;
    status = nn__batches_init(&f->batches, f->model, f->x, f->y, size, allocator, error);
    if (status != AD_OK) {
        return status;
    }
    ad_tape_set_threads(f->batches.tape, o->threads > 0 ? o->threads : 1);
    const nn_params *params = nn_model_params(f->model);
    f->stepper = nn_stepper_new(o->optim, params, allocator, error);
    if (f->stepper == NULL) {
        return error->status;
    }
    int epochs = o->epochs > 0 ? o->epochs : 1;
    f->best = o->keep_best ? nn_params_copy(params, allocator) : NULL;
    f->result->history = nn__resize(allocator, NULL, (size_t)epochs, sizeof(nn_epoch));
    if (f->result->history == NULL || (o->keep_best && f->best == NULL)) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_fit: out of memory");
    }
    f->metric = nn__metric_for(o->metric, o->cost);
    f->state = (nn_fit_state){.model = f->model,
                              .metric = f->metric == nn_accuracy ? "accuracy" : "metric",
                              .epochs = epochs,
                              .batches = (f->rows + size - 1) / size,
                              .history = f->result->history};
    f->best_cost = INFINITY;
    return open_log(f, error);
}

static void finish(fit *f)
{
    const ad_allocator *allocator = &f->result->allocator;
    if (f->batches.size > 0) {
        nn__batches_clear(&f->batches);
    }
    nn_stepper_free(f->stepper);
    nn_params_free(f->best);
    nn__free(allocator, f->order);
    nn__free(allocator, f->shuffled);
    if (f->log != NULL && fclose(f->log) != 0 && f->result->error.status == AD_OK) {
        ad_error_set(&f->result->error, AD_ERR_IO, "%s: %s", f->o->log, strerror(errno));
    }
}

/* ---- callbacks and ends ---- */

/* Tells everybody where training is; 1 if one of them wants to end it. */
static int report(fit *f, nn_moment moment)
{
    nn_fit_state *s = &f->state;
    double done = (double)s->step, all = (double)s->batches * s->epochs;
    s->moment = moment;
    s->seconds = now() - f->began;
    s->left = done > 0 ? s->seconds * (all - done) / done : NAN;
    /* a terminal is not drawn more often than the eye can follow */
    if (f->o->progress != NULL && (moment != NN_AFTER_BATCH || s->seconds - f->drawn > 0.1)) {
        f->drawn = s->seconds;
        f->o->progress(s, f->o->progress_to != NULL ? f->o->progress_to : stderr);
    }
    nn_callback callback = moment == NN_AFTER_BATCH   ? f->o->on_batch
                           : moment == NN_AFTER_EPOCH ? f->o->on_epoch
                                                      : NULL;
    return callback != NULL && callback(s, f->o->user) != 0;
}

/* ---- steps and epochs ---- */

static ad_status step(fit *f, int64_t first, int64_t count)
{
    const nn_fit_options *o = f->o;
    nn__batches *b = &f->batches;
    nn_fit_state *s = &f->state;
    ad_error *error = &f->result->error;
    const nn_params *params = nn_model_params(f->model);
    int n = nn_params_count(params);
    nn__batch batch;
    ad_status status =
        nn__batches_load(b, f->x, f->y, count, f->shuffled + first, &batch, error);
    if (status != AD_OK) {
        return status;
    }
    ad_var a = nn_forward(f->model, b->params, batch.x, NULL);
    ad_var cost = o->cost(a, batch.y);
    ad_var all = ad_add(cost, nn_penalty(params, b->params, o->l1, o->l2));
    ad_grad(all, n, b->params, b->grads);
    s->last.cost = ad_value(cost);
    if (ad_tape_status(b->tape) == AD_OK && !isfinite(ad_value(all))) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: the cost is %g in epoch %d, batch %lld; lower the rate, or "
                            "look for such numbers in the data",
                            ad_value(all), s->epoch + 1, (long long)s->batch + 1);
    }
    s->last.metric = f->metric != NULL ? f->metric(a, batch.y) : NAN;
    if (o->clip > 0) {
        nn_clip_norm(n, b->grads, o->clip);
    }
    double epoch = s->epoch + (double)s->batch / (double)s->batches;
    double factor = nn_schedule_at(&o->schedule, epoch, s->epochs);
    f->rate = o->optim.options.rate * factor;
    nn_step(f->stepper, b->params, b->grads, factor);
    return nn__tape_error(b->tape, error);
}

/* The training rows in this epoch's order. */
static void shuffle(fit *f)
{
    int in_order = f->o->in_order || f->state.batches == 1;
    const ad_rng at = {.seed = f->o->seed,
                       .stream = STREAM_SHUFFLE,
                       .counter = (uint64_t)f->state.epoch * (uint64_t)f->rows};
    if (!in_order) {
        ad_rng_permutation(at, (size_t)f->rows, f->shuffled);
    }
    for (int64_t i = 0; i < f->rows; i++) {
        f->shuffled[i] = f->order[in_order ? i : f->shuffled[i]];
    }
}

/* 1 if training ends here. */
static int run_batches(fit *f)
{
    nn_fit_state *s = &f->state;
    shuffle(f);
    f->sum = (nn_score){0, 0};
    s->batch = 0;
    for (int64_t first = 0; first < f->rows; first += f->batches.size) {
        int64_t left = f->rows - first, count = left < f->batches.size ? left : f->batches.size;
        if (step(f, first, count) != AD_OK) {
            f->result->end = NN_END_ERROR;
            return 1;
        }
        f->sum.cost += (double)count * s->last.cost;
        f->sum.metric += (double)count * s->last.metric;
        double seen = (double)(first + count);
        s->mean = (nn_score){f->sum.cost / seen, f->sum.metric / seen};
        s->batch++;
        s->step++;
        if (report(f, NN_AFTER_BATCH)) {
            f->result->end = NN_END_CALLBACK;
            return 1;
        }
        if (f->o->stop != NULL && *f->o->stop != 0) {
            f->result->end = NN_END_STOP;
            return 1;
        }
    }
    return 0;
}

/* Scores the held-out rows and enters the epoch in the history. */
static ad_status end_epoch(fit *f)
{
    ad_error *error = &f->result->error;
    nn_epoch *entry = &f->result->history[f->state.epoch];
    *entry = (nn_epoch){f->state.mean, {NAN, NAN}, f->rate, 0};
    if (f->held != 0) {
        int all = f->held < 0;
        ad_status status = nn__score(&f->batches, f->vx, f->vy,
                                     all ? nn_array_rows(f->vx) : f->held,
                                     all ? NULL : f->order + f->rows, f->o->cost, f->metric,
                                     &entry->validation, error);
        if (status != AD_OK) {
            return status;
        }
    }
    entry->seconds = now() - f->began;
    f->result->epochs = ++f->state.epoch;
    double cost = f->held != 0 ? entry->validation.cost : entry->train.cost;
    if (cost < f->best_cost) {
        f->best_cost = cost;
        f->result->best_epoch = f->state.epoch;
        if (f->best != NULL) {
            nn_params_assign(f->best, nn_model_params(f->model), NULL);
        }
    }
    return f->log != NULL ? nn_log_epoch(f->log, f->state.epoch, entry, error) : AD_OK;
}

/* 1 if training ends with the epoch that is entered last. */
static int is_over(fit *f)
{
    const nn_epoch *entry = &f->result->history[f->state.epoch - 1];
    double metric = f->held != 0 ? entry->validation.metric : entry->train.metric;
    if (report(f, NN_AFTER_EPOCH)) {
        f->result->end = NN_END_CALLBACK;
    } else if (f->o->target > 0 && metric >= f->o->target) {
        f->result->end = NN_END_TARGET;
    } else if (f->o->patience > 0 &&
               f->state.epoch - f->result->best_epoch >= f->o->patience) {
        f->result->end = NN_END_PATIENCE;
    } else {
        return 0;
    }
    return 1;
}

static void run(fit *f)
{
    f->began = now();
    f->result->end = NN_END_EPOCHS;
    while (f->state.epoch < f->state.epochs && !run_batches(f)) {
        if (end_epoch(f) != AD_OK) {
            f->result->end = NN_END_ERROR;
            break;
        }
        if (is_over(f)) {
            break;
        }
    }
    if (f->best != NULL && f->result->best_epoch > 0) {
        nn_params_assign(nn_model_params(f->model), f->best, NULL);
    }
    report(f, NN_AT_END);
    f->result->steps = f->state.step;
    f->result->seconds = now() - f->began;
}

nn_fit_result nn_fit_of(nn_model *model, nn_array x, nn_array y, nn_fit_options options)
{
    nn_fit_result result = {.end = NN_END_ERROR, .allocator = nn__allocator(options.allocator)};
    fit f = {.o = &options, .result = &result, .model = model, .x = &x, .y = &y};
    if (prepare(&f, &result.error) == AD_OK) {
        run(&f);
    }
    finish(&f);
    return result;
}

void nn_fit_result_clear(nn_fit_result *result)
{
    nn__free(&result->allocator, result->history);
    result->history = NULL;
    result->epochs = 0;
}
