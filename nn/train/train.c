/* SPDX-License-Identifier: MIT */
#include "train.h"

#include "batches.h"
#include "table.h"
#include "log.h"
#include "train/train_internal.h"

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
    nn_table all;               /* what was given to train and hold out of */
    nn_table train, validation; /* the latter empty if no rows are held out */
    nn_batches batches;
    nn__feed feed;
    nn__steps steps;
    nn__compiled scoring;
    nn__tally trained, validated;
    nn_optimiser *optimiser;
    nn_params *best;
    double best_cost;
    nn_metric metric;
    nn_fit_state state;
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
    if (!(o->l1 >= 0 && o->l2 >= 0 && o->clip >= 0 && o->schedule.warmup >= 0) || isinf(o->l1) ||
        isinf(o->l2) || isinf(o->schedule.warmup)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: l1, l2, clip and the schedule's warmup are not negative, and "
                            "but for clip finite");
    }
    if (isnan(o->target) || isnan(o->target_cost)) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_fit: the target is no number");
    }
    nn_metric metric = nn__metric_for(o->metric, o->cost);
    int is_metric = nn__is_metric(&metric);
    if (o->target != 0 && (!is_metric || metric.better == NN_UNSAID)) {
        return ad_error_set(
            error, AD_ERR_STATE, "nn_fit: %s",
            !is_metric
                ? "target is of the metric, and there is none: give one, or .target_cost"
                : "target needs to know which metric is better: .better = NN_HIGHER or NN_LOWER");
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

static int validates(const fit *f)
{
    return f->validation.x.shape.rank > 0;
}

/* Holds rows out of x and y, or takes those that were given. */
static ad_status split(fit *f, nn_array x, nn_array y, ad_error *error)
{
    const nn_fit_options *o = f->o;
    f->all = (nn_table){.x = x, .y = y};
    f->all.x.owned = f->all.y.owned = NULL; /* the caller's */
    f->train = f->all;
    if (o->validation_x != NULL) {
        f->validation = (nn_table){.x = *o->validation_x, .y = *o->validation_y};
        f->validation.x.owned = f->validation.y.owned = NULL;
        return AD_OK;
    }
    if (o->validation == 0) {
        return AD_OK;
    }
    double rows = (double)nn_array_rows(&x), held = round(rows * o->validation);
    if (held < 1 || held >= rows) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_fit: validation = %g of %g rows leaves none for %s", o->validation,
                            rows, held < 1 ? "validation" : "training");
    }
    const nn_split_options options = {.validation = o->validation,
                                      .rng = {.seed = o->seed, .stream = STREAM_SPLIT},
                                      .allocator = &f->result->allocator};
    return nn_table_split(&f->all, &options, &f->train, &f->validation, NULL, error);
}

/* Targets before some are held out, so that texts count them as the caller does. */
static ad_status check_rows(const fit *f, ad_error *error)
{
    const nn_table *held = &f->validation;
    nn_cost cost = f->o->cost;
    ad_status status = nn__check_targets("nn_fit", f->model, cost, &f->all.y, error);
    if (status == AD_OK) {
        status = nn__check_metric("nn_fit", f->model, f->metric, error);
    }
    if (status != AD_OK || f->o->validation_x == NULL) {
        return status;
    }
    const char *call = "nn_fit, validation";
    status = nn__check_data(call, f->model, &held->x, &held->y, error);
    if (status == AD_OK) {
        status = nn__check_same(call, f->model, &f->train, held, error);
    }
    return status == AD_OK ? nn__check_targets(call, f->model, cost, &held->y, error) : status;
}

/* The order of the rows in every epoch. */
static ad_status start_batches(fit *f, ad_error *error)
{
    int64_t rows = nn_array_rows(&f->train.x), asked = f->o->batch;
    int64_t size = asked > 0 && asked < rows ? asked : rows;
    const nn_batches_options options = {.rng = {.seed = f->o->seed, .stream = STREAM_SHUFFLE},
                                        .keep_order = f->o->in_order || size == rows,
                                        .allocator = &f->result->allocator};
    ad_status status = nn_batches_init(&f->batches, rows, size, &options, error);
    if (status == AD_OK) {
        status = nn__feed_init(&f->feed, f->model, &f->train.x, &f->train.y, size,
                               options.allocator, error);
    }
    return status;
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

/* What is kept beside the model: the optimiser's memory, the history, the best parameters. */
static ad_status make_memory(fit *f, ad_error *error)
{
    const nn_fit_options *o = f->o;
    const ad_allocator *allocator = &f->result->allocator;
    const nn_params *params = nn_model_params(f->model);
    f->optimiser = nn_optimiser_new(o->optim, params, allocator, error);
    if (f->optimiser == NULL) {
        return error->status;
    }
    int epochs = o->epochs > 0 ? o->epochs : 1;
    f->best = o->keep_best ? nn_params_copy(params, allocator) : NULL;
    f->result->history = nn__resize(allocator, NULL, (size_t)epochs, sizeof(nn_epoch));
    if (f->result->history == NULL || (o->keep_best && f->best == NULL)) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_fit: out of memory");
    }
    f->best_cost = INFINITY;
    int64_t size = f->feed.size;
    f->trained = nn__tally_of(o->cost, f->metric, nn_array_rows(&f->train.x), size, allocator);
    if (validates(f)) {
        f->validated =
            nn__tally_of(o->cost, f->metric, nn_array_rows(&f->validation.x), size, allocator);
    }
    f->steps =
        (nn__steps){.options = o, .feed = &f->feed, .optimiser = f->optimiser, .metric = f->metric};
    f->state = (nn_fit_state){.model = f->model,
                              .optimiser = f->optimiser,
                              .metric = f->metric,
                              .epochs = epochs,
                              .batches = nn_batches_count(&f->batches),
                              .history = f->result->history};
    return AD_OK;
}

static ad_status prepare(fit *f, nn_array x, nn_array y, ad_error *error)
{
    ad_status status = check_options(f->o, error);
    if (status == AD_OK) {
        status = nn__check_data("nn_fit", f->model, &x, &y, error);
    }
    if (status == AD_OK) {
        status = build(f->model, &x, f->o->seed, error);
    }
    if (status == AD_OK) {
        status = split(f, x, y, error);
    }
    if (status == AD_OK) {
        status = check_rows(f, error);
    }
    if (status == AD_OK) {
        status = start_batches(f, error);
    }
    if (status == AD_OK) {
        status = make_memory(f, error);
    }
    if (status == AD_OK) {
        ad_tape_set_threads(f->feed.tape, f->o->threads > 0 ? f->o->threads : 1);
        f->feed.native = f->o->native;
        status = open_log(f, error);
    }
    return status;
}

static void finish(fit *f)
{
    if (f->feed.size > 0) {
        nn__compiled_clear(&f->steps.compiled, &f->feed);
        nn__steps_clear(&f->steps);
        nn__compiled_clear(&f->scoring, &f->feed);
        nn__feed_clear(&f->feed);
    }
    nn__tally_clear(&f->trained);
    nn__tally_clear(&f->validated);
    nn_batches_clear(&f->batches);
    nn_table_clear(&f->train);
    nn_table_clear(&f->validation);
    nn_optimiser_free(f->optimiser);
    nn_params_free(f->best);
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

static ad_status step(fit *f, int64_t count, const int64_t *rows)
{
    nn__outcome outcome;
    const nn_fit_options *o = f->o;
    nn_fit_state *s = &f->state;
    ad_error *error = &f->result->error;
    double epoch = s->epoch + (double)s->batch / (double)s->batches;
    double factor = nn_schedule_at(&o->schedule, epoch, s->epochs);
    ad_status status = nn__feed_gather(&f->feed, &f->train.x, &f->train.y, count, rows, error);
    f->rate = o->optim.rate * factor;
    if (status == AD_OK) {
        status = nn__step(&f->steps, factor, s->batch == 0, &outcome, error);
    }
    if (status != AD_OK && !isfinite(f->steps.total)) {
        char where[64];
        (void)snprintf(where, sizeof where, " in epoch %d, batch %lld", s->epoch + 1,
                       (long long)s->batch + 1);
        return nn__not_finite("nn_fit", where, f->steps.total, &f->all.x, &f->all.y, error);
    }
    if (status == AD_OK) {
        s->last = (nn_score){outcome.cost, outcome.metric};
        status = nn__tally_add(&f->trained, &outcome, count, rows, error);
    }
    return status;
}

/* 1 if training ends here. */
static int run_batches(fit *f)
{
    nn_fit_state *s = &f->state;
    const int64_t *rows;
    nn_batches_start(&f->batches, s->epoch);
    nn__tally_begin(&f->trained);
    s->batch = 0;
    for (int64_t count; (count = nn_batches_next(&f->batches, &rows)) > 0;) {
        if (step(f, count, rows) != AD_OK) {
            f->result->end = NN_END_ERROR;
            return 1;
        }
        s->mean = nn__tally_so_far(&f->trained);
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
    *entry = (nn_epoch){{NAN, NAN}, {NAN, NAN}, f->rate, 0};
    ad_status status =
        nn__tally_end(&f->trained, "nn_fit", &f->feed, &f->train.y, &entry->train, error);
    if (status == AD_OK && validates(f)) {
        status = nn__score("nn_fit", &f->feed, &f->scoring, &f->validated, &f->validation.x,
                           &f->validation.y, &entry->validation, error);
        if (status == AD_OK && !isfinite(entry->validation.cost)) {
            char where[64];
            (void)snprintf(where, sizeof where, " in epoch %d", f->state.epoch + 1);
            const nn_table *rows = f->o->validation_x != NULL ? &f->validation : &f->all;
            status = nn__not_finite("nn_fit, validation", where, entry->validation.cost, &rows->x,
                                    &rows->y, error);
        }
    }
    if (status != AD_OK) {
        return status;
    }
    f->state.mean = entry->train;
    entry->seconds = now() - f->began;
    f->result->epochs = ++f->state.epoch;
    double cost = validates(f) ? entry->validation.cost : entry->train.cost;
    if (cost < f->best_cost) {
        f->best_cost = cost;
        f->result->best_epoch = f->state.epoch;
        if (f->best != NULL) {
            nn_params_assign(f->best, nn_model_params(f->model), NULL);
        }
    }
    return f->log != NULL ? nn_log_epoch(f->log, f->state.epoch, entry, error) : AD_OK;
}

/* A target of 0 is none. */
static int is_reached(const fit *f, const nn_score *score)
{
    double target = f->o->target, cost = f->o->target_cost;
    return (target != 0 &&
            (f->metric.better == NN_LOWER ? score->metric <= target : score->metric >= target)) ||
           (cost != 0 && score->cost <= cost);
}

/* 1 if training ends with the epoch that is entered last. */
static int is_over(fit *f)
{
    const nn_epoch *entry = &f->result->history[f->state.epoch - 1];
    const nn_score *score = validates(f) ? &entry->validation : &entry->train;
    if (report(f, NN_AFTER_EPOCH)) {
        f->result->end = NN_END_CALLBACK;
    } else if (is_reached(f, score)) {
        f->result->end = NN_END_TARGET;
    } else if (f->o->patience > 0 && f->state.epoch - f->result->best_epoch >= f->o->patience) {
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
    int has_best = f->result->best_epoch > 0 || f->result->end == NN_END_ERROR;
    if (f->best != NULL && has_best) { /* best is at first what there was at the beginning */
        nn_params_assign(nn_model_params(f->model), f->best, NULL);
    }
    report(f, NN_AT_END);
    f->result->steps = f->state.step;
    f->result->seconds = now() - f->began;
}

nn_fit_result nn_fit_of(nn_model *model, nn_array x, nn_array y, nn_fit_options options)
{
    nn_fit_result result = {.end = NN_END_ERROR, .allocator = nn__allocator(options.allocator)};
    fit f = {.o = &options, .result = &result, .model = model};
    int kept = errno;
    result.metric = f.metric = nn__metric_for(options.metric, options.cost);
    if (prepare(&f, x, y, &result.error) == AD_OK) {
        run(&f);
    }
    finish(&f);
    if (result.error.status == AD_OK) {
        errno = kept;
    }
    return result;
}

void nn_fit_result_clear(nn_fit_result *result)
{
    if (result == NULL || result->history == NULL) {
        return;
    }
    nn__free(&result->allocator, result->history);
    result->history = NULL;
    result->epochs = 0;
}
