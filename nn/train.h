/* SPDX-License-Identifier: MIT */
#ifndef NN_TRAIN_H
#define NN_TRAIN_H

#include "costs.h"
#include "array.h"
#include "history.h"
#include "metrics.h"
#include "model.h"
#include "optim.h"
#include "schedule.h"

#include <signal.h>

/* Training, scoring and using a model. [everyday]
 *
 *   nn_fit_result fit = nn_fit(net, train.x, train.y, .cost = nn_softmax_cross_entropy,
 *                              .optim = nn_adam(.rate = 1e-3), .epochs = 10, .batch = 64,
 *                              .validation = 0.1, .progress = nn_progress_terminal);
 *   if (fit.error.status != AD_OK) {
 *       puts(fit.error.message);
 *   }
 *   nn_evaluation test = nn_evaluate(net, test.x, test.y, .cost = nn_softmax_cross_entropy);
 *   nn_fit_result_clear(&fit);
 *
 * x is [rows, ...], y [rows, ...] or [rows]. If the model is not built yet, x's rows give its input
 * shape, and x's type its own: f32 for f32 and bytes, f64 for all else. Mini-batches are gathered
 * in the model's type; targets that are integers (i64, or bytes without a scale) stay integers.
 *
 * A step is recorded on a tape until it has been the same program three times; then it is compiled
 * (fn.h) and runs many times faster, with the same bits. The first step of each epoch is recorded
 * again, and a program that has changed is compiled anew. The smaller batch at the end of an epoch
 * runs the same function, resized, unless its own recording is another program: one with a number
 * that C took from the batch's shape. So C code of layers and costs, which runs while a step is
 * recorded, is not called for every batch. If it branches by ad_branch, a batch for which it would
 * branch otherwise is recorded (ad_fn_guard); if it branches on other values, or changes numbers
 * that are on no tape, between the steps of one epoch, say .recorded = 1.
 *
 * One data set, model, seed and build of the library give the same result, bit for bit. */

typedef struct nn_fit_options {
    nn_cost cost;         /* must be given */
    nn_optim optim;       /* must be given */
    int epochs;           /* 0 means 1 */
    int64_t batch;        /* rows a step; 0: all of them. The last batch may be smaller */
    int in_order;         /* 1: rows are not shuffled */
    uint64_t seed;        /* of the shuffling, the choice of validation rows and nn_build */
    nn_schedule schedule; /* factor on the rate; none: 1 */
    double l1, l2;        /* nn_penalty, added to the cost */
    double clip;          /* nn_clip_norm before each step; 0: none */

    nn_metric metric;  /* none: the accuracy of cross-entropies, else nothing */
    double validation; /* part of the rows, chosen at random, held out; in [0, 1) */
    const nn_array *validation_x, *validation_y; /* or rows of their own */

    double target; /* ends training when the metric (validation's if there is one) is as good */
    double target_cost; /* ends it when the cost (validation's if any) is no higher */
    int patience;  /* ends it after so many epochs without a lower cost (validation's if any) */
    int keep_best; /* 1: leaves the model as it was after the epoch with the lowest such cost; after
                    * an error in the first one, as it was at the beginning */
    const volatile sig_atomic_t *stop; /* ends it after the step in which *stop is not 0 */

    nn_callback on_batch, on_epoch;
    void *user; /* theirs */
    nn_progress progress;
    FILE *progress_to; /* NULL: stderr */
    const char *log;   /* path of a CSV file with a line an epoch; see log.h */

    int recorded; /* 1: every step is recorded anew, none runs as a compiled function; see above */
    const char *native; /* a C compiler, such as "cc", for compiled steps; see ad_fn_is_native */
    int threads;        /* that large products may use; 0 means 1. Results do not depend on it */
    const ad_allocator *allocator;
} nn_fit_options;

typedef enum nn_end {
    NN_END_EPOCHS,   /* all epochs are done */
    NN_END_TARGET,   /* .target or .target_cost */
    NN_END_PATIENCE, /* .patience */
    NN_END_CALLBACK, /* a callback asked for it */
    NN_END_STOP,     /* .stop */
    NN_END_ERROR     /* see error */
} nn_end;

typedef struct nn_fit_result {
    ad_error error;
    nn_end end;
    int epochs;     /* finished: entries in history */
    int best_epoch; /* the one with the lowest cost, from 1; 0 if none was finished */
    int64_t steps;
    double seconds;
    nn_metric metric;  /* of the history; neither function nor add if there is none */
    nn_epoch *history; /* owned */
    ad_allocator allocator;
} nn_fit_result;

#define nn_fit(model, x, y, ...) nn_fit_of(model, x, y, NN_OPTIONS(nn_fit_options, __VA_ARGS__))

typedef struct nn_evaluate_options {
    nn_cost cost;     /* must be given */
    nn_metric metric; /* as for nn_fit */
    int64_t batch;    /* rows at a time; 0 means 256 */
    const ad_allocator *allocator;
} nn_evaluate_options;

typedef struct nn_evaluation {
    ad_error error;
    double cost, metric; /* NaN after an error */
} nn_evaluation;

#define nn_evaluate(model, x, y, ...)                                                              \
    nn_evaluate_of(model, x, y, NN_OPTIONS(nn_evaluate_options, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* Trains. The model keeps what it has learnt whatever ends the training; after an error it is as
 * the last finished step left it.
 *
 * Errors: the model's;  AD_ERR_STATE if cost or optim is missing, or the model gives probabilities
 *         and the cost or the metric takes logits;  AD_ERR_SHAPE if x and y differ in rows, have
 *         none, or do not fit model and cost, or rows of validation are others than those of
 *         training;
 *         AD_ERR_TYPE if validation's targets are labels and training's are not, or the reverse;
 *         AD_ERR_DOMAIN if an option is outside its range, a target outside the cost's domain, or
 *         the cost became infinite or NaN: lower the rate;  AD_ERR_IO from the log; AD_ERR_MEMORY.
 * Owns:   the history, until nn_fit_result_clear; x and y are borrowed during the call. */
AD_API nn_fit_result nn_fit_of(nn_model *model, nn_array x, nn_array y, nn_fit_options options);
AD_API void nn_fit_result_clear(nn_fit_result *result);

/* The cost and the metric of all rows, which do not depend on the batch. Errors: as nn_fit;
 * AD_ERR_STATE if the model is not built. */
AD_API nn_evaluation nn_evaluate_of(nn_model *model, nn_array x, nn_array y,
                                    nn_evaluate_options options);

/* The model's output for every row, in its own type: *out [rows, ...].
 * Errors: the model's; AD_ERR_STATE if it is not built; AD_ERR_SHAPE; AD_ERR_MEMORY.
 * Owns:   *out owns its data; end it with nn_array_clear. Empty after an error. */
AD_API ad_status nn_predict(nn_model *model, nn_array x, const ad_allocator *allocator,
                            nn_array *out, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
