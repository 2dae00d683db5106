/* SPDX-License-Identifier: MIT */
#ifndef NN_TRAIN_TRAIN_INTERNAL_H
#define NN_TRAIN_TRAIN_INTERNAL_H

#include "costs/costs_internal.h"
#include "table.h"
#include "common/memory_internal.h"
#include "train.h"

enum { NN__USUAL_BATCH = 256 }; /* rows at a time where nothing is learnt */

/* What feeds batches to a model: rows are gathered into two buffers and recorded, with the
 * parameters, on one tape that is rewound to its beginning for each. After the largest batch was
 * there once, another one allocates nothing. */
typedef struct nn__feed {
    ad_allocator allocator;
    nn_model *model;
    ad_tape *tape;
    ad_mark begin;
    int64_t size; /* rows at most */
    void *x, *y;
    ad_type x_type, y_type;
    ad_shape x_shape, y_shape; /* of the gathered rows */
    ad_var *params, *grads;    /* one each a parameter */
    const char *native;        /* the compiler of compiled steps, or NULL */
} nn__feed;

/* One batch on the tape. */
typedef struct nn__batch {
    ad_var x, y;
} nn__batch;

/* Buffers for batches of size rows of x and, unless it is NULL, y.
 * Errors: as nn_fit. *feed is to be cleared in any case. */
ad_status nn__feed_init(nn__feed *feed, nn_model *model, const nn_array *x, const nn_array *y,
                        int64_t size, const ad_allocator *allocator, ad_error *error);
void nn__feed_clear(nn__feed *feed);

/* Gathers count rows into the buffers, those of the indices, or the first ones if rows is NULL. y
 * may be NULL. */
ad_status nn__feed_gather(nn__feed *feed, const nn_array *x, const nn_array *y, int64_t count,
                          const int64_t *rows, ad_error *error);

/* Gathers the rows from first on, as many as fit and there are: *count. y may be NULL. */
ad_status nn__feed_slice(nn__feed *feed, const nn_array *x, const nn_array *y, int64_t first,
                         int64_t *count, ad_error *error);

/* Begins the tape anew with what was gathered; with the parameters too. y is a literal if none was
 * gathered. */
ad_status nn__feed_view(nn__feed *feed, nn__batch *batch, ad_error *error);
ad_status nn__feed_record(nn__feed *feed, nn__batch *batch, ad_error *error);

/* A function of the batch that was recorded, compiled once it has been the same several times. Its
 * outputs are one or two costs and what the model made of x, which the metric reads. The smaller
 * batch at the end has the same function, resized; what a full batch's recording shows holds for
 * both. */
typedef struct nn__compiled {
    ad_fn *f, *last;
    ad_shape last_shape; /* of the model's result for the smaller batch */
    int has_no_last; /* f cannot be resized to it, or gives another program than its recording */
    int is_guarded;  /* C may have branched: see nn__has_branched */
    int same;        /* recordings in a row that were this program */
    int changes;     /* times that the recording was another one */
    void *output;    /* room for the model's result, */
    ad_type type;    /* its type and shape, */
    ad_shape shape;
    ad_type cost_type; /* and that of the costs */
} nn__compiled;

void nn__compiled_clear(nn__compiled *c, const nn__feed *feed);

/* After a recording: compiles it, or sees whether it is what was compiled; of a smaller batch, once
 * the function is settled, resizes that and sees whether it is the recording. If programs keep
 * changing, or cannot be compiled or resized, there is no function, and such batches are recorded.
 * Errors: AD_ERR_MEMORY. */
ad_status nn__compile(nn__compiled *c, nn__feed *feed, const nn__batch *batch, int count,
                      const ad_var *costs, ad_var a, int threads, ad_error *error);

/* Whether a function may stand for the recording of what was gathered. */
int nn__is_settled(const nn__compiled *c, const nn__feed *feed);

/* What a batch gave. */
typedef struct nn__outcome {
    double cost, metric;
    const void *output; /* of the model; until the next batch */
    ad_type type;
    ad_shape shape;
    double sums[NN_MAX_SUMS]; /* of the metric */
} nn__outcome;

/* Sets the metric, if there is one, and its sums. */
void nn__read_metric(const nn_metric *metric, ad_var a, ad_var y, nn__outcome *outcome);

/* Runs that on what was gathered, count costs, and reads the metric. */
ad_status nn__run_compiled(nn__compiled *c, nn__feed *feed, const nn_metric *metric, int count,
                           nn__outcome *outcome, ad_error *error);

/* Whether C would have recorded another program for the batch that was just run: then what it gave
 * is to be forgotten, and the batch recorded. */
int nn__has_branched(const nn__compiled *c);

/* A cost is one real number on the batch's tape. Errors: AD_ERR_DOMAIN if it is a plain number,
 * AD_ERR_FOREIGN, AD_ERR_SHAPE, AD_ERR_TYPE, and those of the tape. */
ad_status nn__check_cost(const char *call, const nn__feed *feed, ad_var cost, ad_error *error);

/* Makes the cost and metric of all rows from those of batches. */
typedef struct nn__tally {
    const ad_allocator *allocator;
    nn_cost cost;
    nn_metric metric;
    nn__adds cost_adds;
    int64_t rows, seen; /* in all, and until now */
    nn_score sum;
    double metric_sums[NN_MAX_SUMS];
    int keeps; /* what the model makes of the rows, since something is read at once */
    void *outputs, *targets;
    ad_type type;
    ad_shape shape; /* of the outputs */
} nn__tally;

/* For batches of at most size rows out of so many. */
nn__tally nn__tally_of(nn_cost cost, nn_metric metric, int64_t rows, int64_t size,
                       const ad_allocator *allocator);
void nn__tally_clear(nn__tally *tally);

/* Begins anew; adds a batch of count rows, those of the indices or, if rows is NULL, the ones that
 * follow; tells the figures so far: of costs and metrics that are read at once, means. */
void nn__tally_begin(nn__tally *tally);
ad_status nn__tally_add(nn__tally *tally, const nn__outcome *outcome, int64_t count,
                        const int64_t *rows, ad_error *error);
nn_score nn__tally_so_far(const nn__tally *tally);

/* The figures of all rows, whose targets are y. Errors: those of the cost; AD_ERR_MEMORY. */
ad_status nn__tally_end(nn__tally *tally, const char *call, nn__feed *feed, const nn_array *y,
                        nn_score *score, ad_error *error);

/* What a step of training needs. */
typedef struct nn__steps {
    const nn_fit_options *options;
    nn__feed *feed;
    nn_optimiser *optimiser;
    nn_metric metric;
    nn__compiled compiled; /* the step */
    nn_params *before[2];  /* parameters and the optimiser's memory, for a step to be taken back */
    double total;          /* the last cost with its penalties */
} nn__steps;

void nn__steps_clear(nn__steps *s);

/* One step on what was gathered: forward, gradient, update. fresh: it is to be recorded, whatever
 * was compiled. Errors: as nn_fit; AD_ERR_DOMAIN, with no parameter changed, if the total is not
 * finite. */
ad_status nn__step(nn__steps *s, double factor, int fresh, nn__outcome *outcome, ad_error *error);

/* The tape's error, if it has one, as *error. */
ad_status nn__tape_error(const ad_tape *tape, ad_error *error);

/* Scores all rows, batch by batch in their order; c is kept from one scoring to the next. */
ad_status nn__score(const char *call, nn__feed *feed, nn__compiled *c, nn__tally *tally,
                    const nn_array *x, const nn_array *y, nn_score *score, ad_error *error);

/* metric, or the cost's own if it has no function. */
nn_metric nn__metric_for(nn_metric metric, nn_cost cost);

/* The type in which targets are gathered: labels stay integers. */
ad_type nn__target_type(const nn_array *y, ad_type model);

/* ---- what enters from outside; texts begin with call ---- */

/* Errors: the model's; AD_ERR_STATE if it is not built. */
ad_status nn__check_built(const char *call, const nn_model *model, ad_error *error);

/* Arrays have rows, types and data, x and y as many rows, those of x fit the model if it is built.
 * y may be NULL.
 * Errors: AD_ERR_SHAPE, AD_ERR_TYPE, AD_ERR_DOMAIN. */
ad_status nn__check_data(const char *call, const nn_model *model, const nn_array *x,
                         const nn_array *y, ad_error *error);

/* Errors: AD_ERR_STATE if the built model gives what the cost does not take; what the cost says of
 * the targets. */
ad_status nn__check_targets(const char *call, const nn_model *model, nn_cost cost,
                            const nn_array *y, ad_error *error);

/* Errors: AD_ERR_STATE if the metric reads logits and the model gives numbers in [0, 1]. */
ad_status nn__check_metric(const char *call, const nn_model *model, nn_metric metric,
                           ad_error *error);

/* Errors: AD_ERR_SHAPE, AD_ERR_TYPE unless other's rows can be gathered where train's are. */
ad_status nn__check_same(const char *call, const nn_model *model, const nn_table *train,
                         const nn_table *other, ad_error *error);

/* Sets AD_ERR_DOMAIN, with what may be the reason. where: " in epoch 1", or "". */
ad_status nn__not_finite(const char *call, const char *where, double cost, const nn_array *x,
                         const nn_array *y, ad_error *error);

#endif
